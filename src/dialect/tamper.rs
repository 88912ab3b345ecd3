//! Answers that go wrong, in each dialect's own bytes: what an event of a stream is to whoever breaks it, and what it becomes.
//!
//! An event is whole, as [`super::EventSplitter`] cuts it out; a whole answer is its JSON body. Where a dialect has no such thing, nothing changes:
//! Bedrock's answers name no model.

use super::eventstream::{MESSAGE_TYPE, first_frame, with_payload};
use super::form::{AnswerFormat, OperationCodec, PartialAnswer};
use super::sent::places;
use super::tongue::{StreamFraming, provider_api};
use super::{ProviderFault, error_answer, error_event, lenient};
use serde_json::{Number, Value};

/// The data of an event: its lines joined; `None` where it has none.
fn data(event: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = places(event, b"data").into_iter().map(|place| &event[place.value]).collect();
    (!lines.is_empty()).then(|| lines.join(&b'\n'))
}

/// The name of an event.
fn name(event: &[u8]) -> Option<&[u8]> {
    places(event, b"event").pop().map(|place| &event[place.value])
}

/// The event with other data, in the place of its first line of it.
fn with_data(event: &[u8], data: &[u8]) -> Vec<u8> {
    let mut whole = event.to_vec();
    let places = places(event, b"data");
    for (number, place) in places.iter().enumerate().rev() {
        match number {
            0 => drop(whole.splice(place.value.clone(), data.iter().copied())),
            _ => drop(whole.drain(place.line.clone())),
        }
    }
    whole
}

fn framing(speech: AnswerFormat) -> StreamFraming {
    provider_api(speech.dialect).framing()
}

/// True where an event carries data, and is no mere sign of life: a comment, or an event named `ping`.
pub fn has_data(speech: AnswerFormat, event: &[u8]) -> bool {
    match framing(speech) {
        StreamFraming::Lines => data(event).is_some() && name(event) != Some(b"ping"),
        StreamFraming::Frames => said(speech, event).is_none_or(|said| said["type"] != "ping"),
    }
}

/// What the event says, as [`OperationCodec::hear`] takes it.
fn said(speech: AnswerFormat, event: &[u8]) -> Option<Value> {
    match framing(speech) {
        StreamFraming::Lines => lenient::value(&data(event)?),
        StreamFraming::Frames => {
            let (frame, _) = first_frame(event).ok()??;
            let name = frame.header(":event-type").filter(|_| frame.header(MESSAGE_TYPE) == Some("event"))?;
            let form = speech.form();
            Some(form.event(name, form.opened(lenient::value(&frame.payload)?)?))
        }
    }
}

/// True where an event says that the stream has come to its end.
pub fn is_terminal(speech: AnswerFormat, event: &[u8]) -> bool {
    let (form, mut heard) = (speech.form(), PartialAnswer::default());
    match said(speech, event) {
        Some(event) => form.hear(&event, &mut heard),
        None => heard.terminal = framing(speech) == StreamFraming::Lines && data(event).is_some_and(|data| form.is_marker(&data)),
    }
    heard.terminal
}

/// What keeps an answer alive and says nothing. JSON takes blank lines before it.
pub fn sign_of_life(speech: AnswerFormat) -> Vec<u8> {
    if speech.streamed { speech.form().sign_of_life() } else { b"\n".to_vec() }
}

/// The error that a provider sends in the middle of an answer; as an event where the answer is a stream.
pub fn error_midway(speech: AnswerFormat, fault: &ProviderFault) -> Vec<u8> {
    if speech.streamed { error_event(speech, fault) } else { error_answer(speech.dialect, fault).body }
}

/// The event as one that cannot be read: broken JSON, or a checksum that does not fit.
pub fn malformed(speech: AnswerFormat, event: &[u8]) -> Vec<u8> {
    if framing(speech) == StreamFraming::Lines {
        return with_data(event, b"{\"oops");
    }
    let mut broken = event.to_vec();
    broken.iter_mut().last().into_iter().for_each(|byte| *byte ^= 1);
    broken
}

/// The piece with what `change` makes of its JSON; `None` where it holds none, or nothing that changes.
fn changed(speech: AnswerFormat, piece: &[u8], change: impl FnOnce(&dyn OperationCodec, &mut Value) -> bool) -> Option<Vec<u8>> {
    let form = speech.form();
    if speech.streamed && framing(speech) == StreamFraming::Frames {
        let mut said = form.opened(lenient::value(&first_frame(piece).ok()??.0.payload)?)?;
        return change(form, &mut said).then(|| with_payload(piece, form.closed(said).to_string().as_bytes()))?;
    }
    let mut said = if speech.streamed { lenient::value(&data(piece)?)? } else { lenient::value(piece)? };
    if !change(form, &mut said) {
        return None;
    }
    let changed = said.to_string().into_bytes();
    Some(if speech.streamed { with_data(piece, &changed) } else { changed })
}

/// Shows every text and number at this path, whose `*` stands for all of a list. True where `each` says so of one.
fn leaves(json: &mut Value, path: &[&str], each: &mut impl FnMut(&mut Value) -> bool) -> bool {
    match (json, path.split_first()) {
        (leaf @ (Value::String(_) | Value::Number(_)), None) => each(leaf),
        (Value::Array(list), Some((&"*", rest))) => list.iter_mut().fold(false, |any, item| leaves(item, rest, each) | any),
        (Value::Object(map), Some((key, rest))) => map.get_mut(*key).is_some_and(|value| leaves(value, rest, each)),
        _ => false,
    }
}

/// The same for all at one of these paths.
fn leaves_at(json: &mut Value, paths: &[&[&str]], mut each: impl FnMut(&mut Value) -> bool) -> bool {
    paths.iter().fold(false, |any, path| leaves(json, path, &mut each) | any)
}

/// The first text at one of these paths, none of which goes through a list.
pub(super) fn first_text(json: &Value, paths: &[&[&str]]) -> Option<String> {
    let at = |path: &&[&str]| path.iter().try_fold(json, |json, key| json.get(*key))?.as_str();
    paths.iter().find_map(at).map(str::to_owned)
}

/// The piece as another model would have sent it; `None` where it names no model.
pub fn with_other_model(speech: AnswerFormat, piece: &[u8]) -> Option<Vec<u8>> {
    changed(speech, piece, |form, json| {
        leaves_at(json, form.model_at(), |model| {
            *model = Value::from("lifeboat-another-model");
            true
        })
    })
}

/// The piece with every letter of its text turned into another one, and every number of a vector into its opposite; `None` where it
/// carries neither.
pub fn with_garbled_text(speech: AnswerFormat, piece: &[u8]) -> Option<Vec<u8>> {
    changed(speech, piece, |form, json| leaves_at(json, form.text_at(), garble))
}

/// True where there was something to garble.
fn garble(leaf: &mut Value) -> bool {
    match leaf {
        Value::String(text) => {
            let any = text.contains(|letter: char| letter.is_ascii_alphabetic());
            *text = text.chars().map(turned).collect();
            any
        }
        Value::Number(number) => match number.as_f64().and_then(|value| Number::from_f64(-value)) {
            Some(opposite) => {
                *number = opposite;
                true
            }
            None => false,
        },
        _ => false,
    }
}

/// A letter thirteen places on, as the dullest of ciphers does it.
const fn turned(letter: char) -> char {
    match letter {
        'a'..='m' | 'A'..='M' => (letter as u8 + 13) as char,
        'n'..='z' | 'N'..='Z' => (letter as u8 - 13) as char,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ask::tests::{ask, speeches};
    use super::super::{AnswerReader, Boundary, EventSplitter, Flaw, ProviderAnswer, ProviderRequest, wire_request};
    use super::*;
    use crate::model::{Dialect, Operation};
    use bytes::Bytes;

    /// An answer in its pieces; a whole one is one piece.
    fn pieces(speech: AnswerFormat) -> Vec<Vec<u8>> {
        let asked = wire_request(speech.dialect, &ask(speech), "k");
        let reply = ProviderAnswer::new(
            speech.dialect,
            &ProviderRequest::parse(speech.dialect, speech.operation, &asked.body).unwrap(),
            "gpt-4o",
            "1",
            0,
        );
        if !speech.streamed {
            return vec![reply.whole().body];
        }
        let (mut events, mut found) = (EventSplitter::after(Boundary::of(speech.dialect)), Vec::new());
        let mut bytes: Bytes = (0..reply.tokens()).flat_map(|place| reply.token_event(place)).chain(reply.end_events()).collect();
        while let Some(event) = events.next(&mut bytes) {
            assert!(event.is_whole);
            found.push(event.bytes.to_vec());
        }
        found
    }

    fn judge(speech: AnswerFormat, bytes: &[u8]) -> Result<(), Flaw> {
        let mut reader = AnswerReader::new(speech.dialect, &ask(speech));
        reader.feed(bytes);
        reader.finish()
    }

    #[test]
    fn one_event_ends_a_stream_and_signs_of_life_say_nothing() {
        for speech in speeches().into_iter().filter(|speech| speech.streamed) {
            let pieces = pieces(speech);
            let terminal: Vec<usize> = (0..pieces.len()).filter(|place| is_terminal(speech, &pieces[*place])).collect();
            // Converse tells its usage behind the marker.
            let is_converse = speech.dialect == Dialect::Bedrock && speech.operation == Operation::Chat;
            let last = pieces.len() - if is_converse { 2 } else { 1 };
            assert_eq!(terminal, [last], "{speech:?}");
            assert!(judge(speech, &pieces[..last].concat()).is_err_and(|flaw| flaw.is_early_end()), "{speech:?}");
            let sign = sign_of_life(speech);
            assert_eq!(has_data(speech, &sign), is_converse || speech.dialect == Dialect::Vertex, "{speech:?}");
            let lively: Vec<u8> = pieces.iter().flat_map(|piece| [piece.clone(), sign.clone()].concat()).collect();
            assert_eq!(judge(speech, &lively), Ok(()), "{speech:?}");
            let mute = pieces.iter().filter(|piece| !has_data(speech, piece)).count();
            let pings = speech.dialect == Dialect::Anthropic || speech.operation == Operation::Invoke;
            assert_eq!(mute, usize::from(pings), "{speech:?}");
        }
        for speech in speeches().into_iter().filter(|speech| !speech.streamed) {
            assert_eq!(judge(speech, &[sign_of_life(speech), pieces(speech).concat()].concat()), Ok(()));
        }
    }

    #[test]
    fn what_goes_wrong_is_what_the_traffic_calls_it() {
        for speech in speeches() {
            let (dialect, streamed) = (speech.dialect, speech.streamed);
            let pieces = pieces(speech);
            let with = |place: usize, piece: Vec<u8>| [pieces[..place].concat(), piece, pieces[place + 1..].concat()].concat();
            if streamed {
                assert_eq!(judge(speech, &with(3, malformed(speech, &pieces[3]))), Err(Flaw::Malformed), "{speech:?}");
                let error = judge(speech, &[pieces[..3].concat(), error_midway(speech, &ProviderFault::ServerError)].concat());
                assert!(matches!(error, Err(Flaw::ErrorEvent(Some(_)))), "{speech:?}: {error:?}");
            } else {
                let error = judge(speech, &error_midway(speech, &ProviderFault::ServerError));
                let is_told = matches!(error, Err(Flaw::ErrorEvent(Some(_))));
                assert!(if dialect == Dialect::Bedrock { error == Err(Flaw::Empty) } else { is_told }, "{speech:?}: {error:?}");
            }
            let each = |change: fn(AnswerFormat, &[u8]) -> Option<Vec<u8>>| {
                let changed: Vec<_> = pieces.iter().map(|piece| change(speech, piece)).collect();
                let count = changed.iter().flatten().count();
                let bytes = changed.into_iter().zip(&pieces).flat_map(|(new, old)| new.unwrap_or_else(|| old.clone())).collect::<Vec<u8>>();
                (count, bytes)
            };
            let (count, garbled) = each(with_garbled_text);
            let (flaw, pieces_of_text) = match speech.operation {
                // Nobody can tell a vector from its opposite.
                Operation::Embeddings => (Ok(()), 1),
                // The text comes once more when it is done: in itself, in its part, in its item, in all of the answer.
                Operation::Responses if streamed => (Err(Flaw::WrongContent), 8 + 4),
                _ => (Err(Flaw::WrongContent), if streamed { 8 } else { 1 }),
            };
            assert_eq!((judge(speech, &garbled), count), (flaw, pieces_of_text), "{speech:?}");
            let (count, other) = each(with_other_model);
            let names_none = dialect == Dialect::Bedrock && speech.operation == Operation::Chat;
            assert_eq!((judge(speech, &other), count > 0), (Ok(()), !names_none), "{speech:?}");
            if dialect != Dialect::Bedrock {
                let text = String::from_utf8_lossy(&other).into_owned();
                assert!(!text.contains("gpt-4o") && text.contains("lifeboat-another-model"), "{speech:?}: {text}");
            }
        }
    }

    #[test]
    fn what_is_no_such_piece_stays_as_it_is() {
        let strange = [&b"data: [DONE]\n\n"[..], b": hello\n\n", b"data: {\"choices\":[]}\n\n", b"", b"data: {oops\n\n", b"data: 5\n\n"];
        for (speech, piece) in speeches().into_iter().flat_map(|speech| strange.map(|piece| (speech, piece))) {
            assert!(with_other_model(speech, piece).is_none() && with_garbled_text(speech, piece).is_none());
            let _ = (malformed(speech, piece), has_data(speech, piece));
        }
        let chat = AnswerFormat { dialect: Dialect::OpenAi, operation: Operation::Chat, streamed: true };
        assert!(is_terminal(chat, b"event: end\r\ndata:[DONE]\r\n\r\n"));
        assert!(is_terminal(chat, b"event: end\rdata: [DONE]\r\r"));
        // JSON over several lines becomes one, and so does what breaks it.
        let several = b"data: {\rdata:  \"model\": \"m\",\rid: 4\rdata: \"a\": \"\\ud83d\"}\r\r";
        assert!(has_data(chat, several) && !has_data(chat, b"event: ping\rdata: {}\r\r"));
        let changed = with_other_model(chat, several).unwrap();
        assert_eq!(String::from_utf8(changed).unwrap(), "data: {\"a\":\"\u{fffd}\",\"model\":\"lifeboat-another-model\"}\rid: 4\r\r");
        assert_eq!(malformed(chat, several), b"data: {\"oops\rid: 4\r\r");
        let event = b"event: x\r\ndata:  {\"model\":\"m\"}  \r\nid: 4\r\n\r\n";
        let changed = with_other_model(chat, event).unwrap();
        assert_eq!(String::from_utf8(changed).unwrap(), "event: x\r\ndata:  {\"model\":\"lifeboat-another-model\"}  \r\nid: 4\r\n\r\n");
    }
}
