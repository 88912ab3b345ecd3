//! Answers that go wrong, in each dialect's own bytes: what an event of a stream is to whoever breaks it, and what it becomes.
//!
//! An event is whole, as [`super::Events`] cuts it out; a whole answer is its JSON body. Where a dialect has no such thing, nothing changes:
//! Bedrock's answers name no model.

use super::eventstream::{MESSAGE_TYPE, first_frame, with_payload};
use super::tongue::{Framing, Heard, Tongue, tongue};
use super::{ProviderFault, error_answer, error_event};
use crate::model::Dialect;
use serde_json::{Value, json};
use std::ops::Range;

/// The place of an event's first field of this name, without the blanks around its value.
fn field(event: &[u8], name: &[u8]) -> Option<Range<usize>> {
    let mut from = 0;
    for line in event.split(|byte| *byte == b'\n') {
        if let Some(value) = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(b":")) {
            let (start, text) = (from + name.len() + 1, value.trim_ascii());
            let start = start + (value.len() - value.trim_ascii_start().len());
            return Some(start..start + text.len());
        }
        from += line.len() + 1;
    }
    None
}

fn data(event: &[u8]) -> Option<Range<usize>> {
    field(event, b"data")
}

/// True where an event carries data, and is no mere sign of life: a comment, or an event named `ping`.
pub fn has_data(dialect: Dialect, event: &[u8]) -> bool {
    match tongue(dialect).framing() {
        Framing::Lines => data(event).is_some() && field(event, b"event").is_none_or(|name| &event[name] != b"ping"),
        Framing::Frames => true,
    }
}

/// What the event says, as [`Tongue::hear`] takes it.
fn said(tongue: &dyn Tongue, event: &[u8]) -> Option<Value> {
    match tongue.framing() {
        Framing::Lines => serde_json::from_slice(&event[data(event)?]).ok(),
        Framing::Frames => {
            let (frame, _) = first_frame(event).ok()??;
            let name = frame.header(":event-type").filter(|_| frame.header(MESSAGE_TYPE) == Some("event"))?;
            Some(json!({name: serde_json::from_slice::<Value>(&frame.payload).ok()?}))
        }
    }
}

/// True where an event says that the stream has come to its end.
pub fn is_terminal(dialect: Dialect, event: &[u8]) -> bool {
    let (tongue, mut heard) = (tongue(dialect), Heard::default());
    match said(tongue, event) {
        Some(event) => tongue.hear(&event, &mut heard),
        None => _ = data(event).is_some_and(|line| tongue.hear_line(&event[line], &mut heard)),
    }
    heard.terminal
}

/// What keeps an answer alive and says nothing. JSON takes blank lines before it.
pub fn sign_of_life(dialect: Dialect, streamed: bool) -> Vec<u8> {
    if streamed { tongue(dialect).sign_of_life() } else { b"\n".to_vec() }
}

/// The error that a provider of this dialect sends in the middle of an answer; as an event where the answer is a stream.
pub fn error_midway(dialect: Dialect, fault: &ProviderFault, streamed: bool) -> Vec<u8> {
    if streamed { error_event(dialect, fault) } else { error_answer(dialect, fault).body }
}

/// The event as one that cannot be read: broken JSON, or a checksum that does not fit.
pub fn malformed(dialect: Dialect, event: &[u8]) -> Vec<u8> {
    let mut broken = event.to_vec();
    match tongue(dialect).framing() {
        Framing::Lines => drop(data(event).map(|data| broken.splice(data, *b"{\"oops"))),
        Framing::Frames => broken.iter_mut().last().into_iter().for_each(|byte| *byte ^= 1),
    }
    broken
}

/// The piece with what `change` makes of its JSON; `None` where it holds none, or nothing that changes.
fn changed(dialect: Dialect, piece: &[u8], streamed: bool, change: impl FnOnce(&mut Value) -> bool) -> Option<Vec<u8>> {
    let is_frame = streamed && tongue(dialect).framing() == Framing::Frames;
    let place = match (streamed, is_frame) {
        (true, false) => data(piece)?,
        _ => 0..piece.len(),
    };
    let frame = if is_frame { Some(first_frame(piece).ok()??.0) } else { None };
    let text = frame.as_ref().map_or(&piece[place.clone()], |frame| &frame.payload);
    let mut json: Value = serde_json::from_slice(text).ok()?;
    if !change(&mut json) {
        return None;
    }
    if is_frame {
        return with_payload(piece, json.to_string().as_bytes());
    }
    let mut whole = piece.to_vec();
    drop(whole.splice(place, json.to_string().into_bytes()));
    Some(whole)
}

/// Shows every text at this path, whose `*` stands for all of a list. True where `each` says so of one.
fn texts(json: &mut Value, path: &[&str], each: &mut impl FnMut(&mut String) -> bool) -> bool {
    match (json, path.split_first()) {
        (Value::String(text), None) => each(text),
        (Value::Array(list), Some((&"*", rest))) => list.iter_mut().fold(false, |any, item| texts(item, rest, each) | any),
        (Value::Object(map), Some((key, rest))) => map.get_mut(*key).is_some_and(|value| texts(value, rest, each)),
        _ => false,
    }
}

/// The same for every text at one of these paths.
fn texts_at(json: &mut Value, paths: &[&[&str]], mut each: impl FnMut(&mut String) -> bool) -> bool {
    paths.iter().fold(false, |any, path| texts(json, path, &mut each) | any)
}

/// The piece as another model would have sent it; `None` where it names no model.
pub fn with_other_model(dialect: Dialect, piece: &[u8], streamed: bool) -> Option<Vec<u8>> {
    changed(dialect, piece, streamed, |json| {
        texts_at(json, tongue(dialect).model_at(), |model| {
            *model = "lifeboat-another-model".to_owned();
            true
        })
    })
}

/// The piece with every letter of its text turned into another one; `None` where it carries no text.
pub fn with_garbled_text(dialect: Dialect, piece: &[u8], streamed: bool) -> Option<Vec<u8>> {
    changed(dialect, piece, streamed, |json| {
        texts_at(json, tongue(dialect).text_at(), |text| {
            let any = text.contains(|letter: char| letter.is_ascii_alphabetic());
            *text = text.chars().map(turned).collect();
            any
        })
    })
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
    use super::super::{AnswerReader, Ask, Boundary, ChatAsk, ChatReply, Events, Flaw, Mark, chat_request};
    use super::*;
    use bytes::Bytes;

    const DIALECTS: [Dialect; 5] = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];

    fn ask(streamed: bool) -> Ask {
        Ask { mark: Mark { drill: 3, id: 99 }, model: "gpt-4o".into(), streamed }
    }

    /// An answer in its pieces; a whole one is one piece.
    fn pieces(dialect: Dialect, streamed: bool) -> Vec<Vec<u8>> {
        let read = ChatAsk::parse(dialect, &chat_request(dialect, &ask(streamed), "k").body).unwrap();
        let reply = ChatReply::new(dialect, &read, "gpt-4o", "1", 0);
        if !streamed {
            return vec![reply.whole().body];
        }
        let (mut events, mut found) = (Events::after(Boundary::of(dialect)), Vec::new());
        let mut bytes: Bytes = (0..reply.tokens()).flat_map(|place| reply.token_event(place)).chain(reply.end_events()).collect();
        while let Some(event) = events.next(&mut bytes) {
            assert!(event.is_whole);
            found.push(event.bytes.to_vec());
        }
        found
    }

    fn judge(dialect: Dialect, streamed: bool, bytes: &[u8]) -> Result<(), Flaw> {
        let mut reader = AnswerReader::new(dialect, &ask(streamed));
        reader.feed(bytes);
        reader.finish()
    }

    #[test]
    fn one_event_ends_a_stream_and_signs_of_life_say_nothing() {
        for dialect in DIALECTS {
            let pieces = pieces(dialect, true);
            let terminal: Vec<usize> = (0..pieces.len()).filter(|place| is_terminal(dialect, &pieces[*place])).collect();
            // Bedrock tells its usage behind the marker.
            let last = pieces.len() - if dialect == Dialect::Bedrock { 2 } else { 1 };
            assert_eq!(terminal, [last], "{dialect}");
            assert_eq!(judge(dialect, true, &pieces[..last].concat()), Err(Flaw::Truncated), "{dialect}");
            let sign = sign_of_life(dialect, true);
            assert_eq!(has_data(dialect, &sign), matches!(dialect, Dialect::Bedrock | Dialect::Vertex), "{dialect}");
            let lively: Vec<u8> = pieces.iter().flat_map(|piece| [piece.clone(), sign.clone()].concat()).collect();
            assert_eq!(judge(dialect, true, &lively), Ok(()), "{dialect}");
            assert_eq!(judge(dialect, false, &[sign_of_life(dialect, false), self::pieces(dialect, false).concat()].concat()), Ok(()));
            let mute = pieces.iter().filter(|piece| !has_data(dialect, piece)).count();
            assert_eq!(mute, usize::from(dialect == Dialect::Anthropic), "{dialect}");
        }
    }

    #[test]
    fn what_goes_wrong_is_what_the_traffic_calls_it() {
        for (dialect, streamed) in DIALECTS.into_iter().flat_map(|dialect| [(dialect, true), (dialect, false)]) {
            let pieces = pieces(dialect, streamed);
            let with = |place: usize, piece: Vec<u8>| [pieces[..place].concat(), piece, pieces[place + 1..].concat()].concat();
            if streamed {
                assert_eq!(judge(dialect, true, &with(2, malformed(dialect, &pieces[2]))), Err(Flaw::Malformed), "{dialect}");
                let error =
                    judge(dialect, true, &[pieces[..3].concat(), error_midway(dialect, &ProviderFault::ServerError, true)].concat());
                assert!(matches!(error, Err(Flaw::ErrorEvent(Some(_)))), "{dialect}: {error:?}");
            } else {
                assert_eq!(
                    judge(dialect, false, &error_midway(dialect, &ProviderFault::ServerError, false)),
                    Err(Flaw::Empty),
                    "{dialect}"
                );
            }
            let each = |change: fn(Dialect, &[u8], bool) -> Option<Vec<u8>>| {
                let changed: Vec<_> = pieces.iter().map(|piece| change(dialect, piece, streamed)).collect();
                let count = changed.iter().flatten().count();
                let bytes = changed.into_iter().zip(&pieces).flat_map(|(new, old)| new.unwrap_or_else(|| old.clone())).collect::<Vec<u8>>();
                (count, bytes)
            };
            let (count, garbled) = each(with_garbled_text);
            assert_eq!((judge(dialect, streamed, &garbled), count), (Err(Flaw::WrongContent), if streamed { 8 } else { 1 }), "{dialect}");
            let (count, other) = each(with_other_model);
            assert_eq!((judge(dialect, streamed, &other), count > 0), (Ok(()), dialect != Dialect::Bedrock), "{dialect}");
            let text = String::from_utf8_lossy(&other).into_owned();
            assert!(!text.contains("gpt-4o") && text.contains("lifeboat-another-model") == (count > 0), "{dialect}: {text}");
        }
    }

    #[test]
    fn what_is_no_such_piece_stays_as_it_is() {
        let strange = [&b"data: [DONE]\n\n"[..], b": hello\n\n", b"data: {\"choices\":[]}\n\n", b"", b"data: {oops\n\n", b"data: 5\n\n"];
        for (dialect, piece) in DIALECTS.into_iter().flat_map(|dialect| strange.map(|piece| (dialect, piece))) {
            for streamed in [true, false] {
                assert!(with_other_model(dialect, piece, streamed).is_none() && with_garbled_text(dialect, piece, streamed).is_none());
            }
            let _ = (malformed(dialect, piece), has_data(dialect, piece));
        }
        assert!(is_terminal(Dialect::OpenAi, b"event: end\r\ndata:[DONE]\r\n\r\n"));
        let event = b"event: x\r\ndata:  {\"model\":\"m\"}  \r\nid: 4\r\n\r\n";
        let changed = with_other_model(Dialect::OpenAi, event, true).unwrap();
        assert_eq!(String::from_utf8(changed).unwrap(), "event: x\r\ndata:  {\"model\":\"lifeboat-another-model\"}  \r\nid: 4\r\n\r\n");
    }
}
