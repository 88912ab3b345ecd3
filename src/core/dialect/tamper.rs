//! Answers that go wrong, in each dialect's own bytes: what kind of event a fault meets, and what the fault makes of it.
//!
//! An event is whole, as [`super::EventSplitter`] cuts it out; a whole answer is its JSON body. Where a dialect has no such thing, nothing changes:
//! Bedrock's answers name no model.

use super::answer_format::AnswerFormat;
use super::error_answer::{error_answer, error_event};
use super::eventstream::{MESSAGE_TYPE, first_frame, with_payload};
use super::json_path::leaves_at;
use super::lenient;
use super::operation_codec::OperationCodec;
use super::partial_answer::PartialAnswer;
use super::provider_api::StreamFraming;
use super::provider_error::RefusalReason;
use super::registry::provider_api;
use super::sse::fields;
use super::usage::dearer;
use serde_json::{Number, Value};

/// The data of an event: its lines joined; `None` where it has none.
fn data(event: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = fields(event, b"data").into_iter().map(|field| &event[field.value]).collect();
    (!lines.is_empty()).then(|| lines.join(&b'\n'))
}

/// The name of an event.
fn name(event: &[u8]) -> Option<&[u8]> {
    fields(event, b"event").pop().map(|field| &event[field.value])
}

/// The event with other data, in the place of its first line of data.
fn with_data(event: &[u8], data: &[u8]) -> Vec<u8> {
    let mut whole = event.to_vec();
    let fields = fields(event, b"data");
    for (index, field) in fields.iter().enumerate().rev() {
        match index {
            0 => drop(whole.splice(field.value.clone(), data.iter().copied())),
            _ => drop(whole.drain(field.line.clone())),
        }
    }
    whole
}

fn framing(format: AnswerFormat) -> StreamFraming {
    provider_api(format.dialect).framing()
}

/// True where an event carries data, and is no mere sign of life: a comment, or an event named `ping`.
pub fn has_data(format: AnswerFormat, event: &[u8]) -> bool {
    match framing(format) {
        StreamFraming::Lines => data(event).is_some() && name(event) != Some(b"ping"),
        StreamFraming::Frames => said(format, event).is_none_or(|said| said["type"] != "ping"),
    }
}

/// What the event says, as [`OperationCodec::decode_event`] takes it.
fn said(format: AnswerFormat, event: &[u8]) -> Option<Value> {
    match framing(format) {
        StreamFraming::Lines => lenient::value(&data(event)?),
        StreamFraming::Frames => {
            let (frame, _) = first_frame(event).ok()??;
            let name = frame.header(":event-type").filter(|_| frame.header(MESSAGE_TYPE) == Some("event"))?;
            let codec = format.codec();
            Some(codec.frame_event(name, codec.frame_content(lenient::value(&frame.payload)?)?))
        }
    }
}

/// True where an event says that the stream has come to its end.
pub fn is_terminal(format: AnswerFormat, event: &[u8]) -> bool {
    let (codec, mut partial) = (format.codec(), PartialAnswer::default());
    match said(format, event) {
        Some(event) => codec.decode_event(&event, &mut partial),
        None => partial.terminal = framing(format) == StreamFraming::Lines && data(event).is_some_and(|data| codec.is_end_marker(&data)),
    }
    partial.terminal
}

/// What keeps an answer alive and says nothing. JSON takes blank lines before it.
pub fn sign_of_life(format: AnswerFormat) -> Vec<u8> {
    if format.streamed { format.codec().keep_alive() } else { b"\n".to_vec() }
}

/// The error that a provider sends in the middle of an answer; as an event where the answer is a stream.
pub fn error_midway(format: AnswerFormat, reason: &RefusalReason) -> Vec<u8> {
    if format.streamed { error_event(format, reason) } else { error_answer(format.dialect, reason).body }
}

/// The event as one that cannot be read: broken JSON, or a checksum that does not fit.
pub fn malformed(format: AnswerFormat, event: &[u8]) -> Vec<u8> {
    if framing(format) == StreamFraming::Lines {
        return with_data(event, b"{\"oops");
    }
    let mut broken = event.to_vec();
    broken.iter_mut().last().into_iter().for_each(|byte| *byte ^= 1);
    broken
}

/// The piece with what `change` makes of its JSON; `None` where it holds none, or nothing that changes.
fn changed(format: AnswerFormat, piece: &[u8], change: impl FnOnce(&dyn OperationCodec, &mut Value) -> bool) -> Option<Vec<u8>> {
    let codec = format.codec();
    if format.streamed && framing(format) == StreamFraming::Frames {
        let mut said = codec.frame_content(lenient::value(&first_frame(piece).ok()??.0.payload)?)?;
        return change(codec, &mut said).then(|| with_payload(piece, codec.frame_payload(said).to_string().as_bytes()))?;
    }
    let mut said = if format.streamed { lenient::value(&data(piece)?)? } else { lenient::value(piece)? };
    if !change(codec, &mut said) {
        return None;
    }
    let changed = said.to_string().into_bytes();
    Some(if format.streamed { with_data(piece, &changed) } else { changed })
}

/// The piece as another model would have sent it; `None` where it names no model.
pub fn with_other_model(format: AnswerFormat, piece: &[u8]) -> Option<Vec<u8>> {
    changed(format, piece, |codec, json| {
        leaves_at(json, codec.model_paths(), |model| {
            *model = Value::from("lifeboat-another-model");
            true
        })
    })
}

/// The piece as one that reports so many thousandths of the tokens that were used, and none from a cache where that is lost; `None` where it
/// reports none, or nothing changes.
pub fn with_dearer_usage(format: AnswerFormat, piece: &[u8], thousandths: u64, cache_lost: bool) -> Option<Vec<u8>> {
    changed(format, piece, |_, json| dearer(json, thousandths, cache_lost))
}

/// The piece with every letter of its text turned into another one, and every number of a vector into its opposite; `None` where it
/// carries neither.
pub fn with_garbled_text(format: AnswerFormat, piece: &[u8]) -> Option<Vec<u8>> {
    changed(format, piece, |codec, json| leaves_at(json, codec.text_paths(), garble))
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
    use super::super::samples::{formats, sample_request};
    use super::super::{AnswerReader, Boundary, EventSplitter, Flaw, ProviderAnswer, ProviderRequest, wire_request};
    use super::*;
    use crate::model::{Dialect, Operation};
    use bytes::Bytes;

    /// An answer in its pieces; a whole one is one piece.
    fn pieces(format: AnswerFormat) -> Vec<Vec<u8>> {
        let asked = wire_request(format.dialect, &sample_request(format), "k");
        let reply = ProviderAnswer::new(
            format.dialect,
            &ProviderRequest::parse(format.dialect, format.operation, &asked.body).unwrap(),
            "gpt-4o",
            "1",
            0,
        );
        if !format.streamed {
            return vec![reply.whole().body];
        }
        let (mut events, mut found) = (EventSplitter::after(Boundary::of(format.dialect)), Vec::new());
        let mut bytes: Bytes = (0..reply.tokens()).flat_map(|index| reply.token_event(index)).chain(reply.end_events()).collect();
        while let Some(event) = events.next(&mut bytes) {
            assert!(event.is_whole);
            found.push(event.bytes.to_vec());
        }
        found
    }

    fn judge(format: AnswerFormat, bytes: &[u8]) -> Result<(), Flaw> {
        let mut reader = AnswerReader::new(format.dialect, &sample_request(format));
        reader.feed(bytes);
        reader.finish()
    }

    #[test]
    fn one_event_ends_a_stream_and_signs_of_life_say_nothing() {
        for format in formats().into_iter().filter(|format| format.streamed) {
            let pieces = pieces(format);
            let terminal: Vec<usize> = (0..pieces.len()).filter(|index| is_terminal(format, &pieces[*index])).collect();
            // Converse tells its usage behind the marker.
            let is_converse = format.dialect == Dialect::Bedrock && format.operation == Operation::Chat;
            let last = pieces.len() - if is_converse { 2 } else { 1 };
            assert_eq!(terminal, [last], "{format:?}");
            assert!(judge(format, &pieces[..last].concat()).is_err_and(|flaw| flaw.is_early_end()), "{format:?}");
            let sign = sign_of_life(format);
            assert_eq!(has_data(format, &sign), is_converse || format.dialect == Dialect::Vertex, "{format:?}");
            let lively: Vec<u8> = pieces.iter().flat_map(|piece| [piece.clone(), sign.clone()].concat()).collect();
            assert_eq!(judge(format, &lively), Ok(()), "{format:?}");
            let mute = pieces.iter().filter(|piece| !has_data(format, piece)).count();
            let pings = format.dialect == Dialect::Anthropic || format.operation == Operation::Invoke;
            assert_eq!(mute, usize::from(pings), "{format:?}");
        }
        for format in formats().into_iter().filter(|format| !format.streamed) {
            assert_eq!(judge(format, &[sign_of_life(format), pieces(format).concat()].concat()), Ok(()));
        }
    }

    #[test]
    fn what_goes_wrong_is_what_the_traffic_calls_it() {
        for format in formats() {
            let (dialect, streamed) = (format.dialect, format.streamed);
            let pieces = pieces(format);
            let with = |index: usize, piece: Vec<u8>| [pieces[..index].concat(), piece, pieces[index + 1..].concat()].concat();
            if streamed {
                assert_eq!(judge(format, &with(3, malformed(format, &pieces[3]))), Err(Flaw::Malformed), "{format:?}");
                let error = judge(format, &[pieces[..3].concat(), error_midway(format, &RefusalReason::ServerError)].concat());
                assert!(matches!(error, Err(Flaw::ErrorEvent(Some(_)))), "{format:?}: {error:?}");
            } else {
                let error = judge(format, &error_midway(format, &RefusalReason::ServerError));
                let is_told = matches!(error, Err(Flaw::ErrorEvent(Some(_))));
                assert!(if dialect == Dialect::Bedrock { error == Err(Flaw::Empty) } else { is_told }, "{format:?}: {error:?}");
            }
            let each = |change: fn(AnswerFormat, &[u8]) -> Option<Vec<u8>>| {
                let changed: Vec<_> = pieces.iter().map(|piece| change(format, piece)).collect();
                let count = changed.iter().flatten().count();
                let bytes = changed.into_iter().zip(&pieces).flat_map(|(new, old)| new.unwrap_or_else(|| old.clone())).collect::<Vec<u8>>();
                (count, bytes)
            };
            let (count, garbled) = each(with_garbled_text);
            let (flaw, pieces_of_text) = match format.operation {
                // Nobody can tell a vector from its opposite.
                Operation::Embeddings => (Ok(()), 1),
                // The text comes once more when it is done: in itself, in its part, in its item, in all of the answer.
                Operation::Responses if streamed => (Err(Flaw::WrongContent), 8 + 4),
                _ => (Err(Flaw::WrongContent), if streamed { 8 } else { 1 }),
            };
            assert_eq!((judge(format, &garbled), count), (flaw, pieces_of_text), "{format:?}");
            let (count, other) = each(with_other_model);
            let names_none = dialect == Dialect::Bedrock && format.operation == Operation::Chat;
            assert_eq!((judge(format, &other), count > 0), (Ok(()), !names_none), "{format:?}");
            if dialect != Dialect::Bedrock {
                let text = String::from_utf8_lossy(&other).into_owned();
                assert!(!text.contains("gpt-4o") && text.contains("lifeboat-another-model"), "{format:?}: {text}");
            }
        }
    }

    #[test]
    fn what_is_no_such_piece_stays_as_it_is() {
        let strange = [&b"data: [DONE]\n\n"[..], b": hello\n\n", b"data: {\"choices\":[]}\n\n", b"", b"data: {oops\n\n", b"data: 5\n\n"];
        for (format, piece) in formats().into_iter().flat_map(|format| strange.map(|piece| (format, piece))) {
            assert!(with_other_model(format, piece).is_none() && with_garbled_text(format, piece).is_none());
            let _ = (malformed(format, piece), has_data(format, piece));
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
