//! Finds the tokens that an answer reports while its bytes pass, without keeping them: whatever the dialect and whether it is streamed.
//!
//! Every dialect names the object that tells them `usage` or `usageMetadata`, in JSON. So the reader waits for such a key that is followed by an
//! object, keeps the bytes from there until the object is whole, and reads it; of several the larger counts are taken, since streams tell the
//! prompt's tokens first and the answer's last. In a text of an answer such a key cannot stand: quotes within JSON's texts are escaped.
//!
//! What this file does not do: look into compressed answers, or into Bedrock's `invoke` streams, whose events are written in base64. What it finds
//! nothing in has a cost that is bounded from above by who reckons it.

use super::usage::{together, tokens};
use crate::model::Tokens;
use serde_json::{Value, json};

/// How the keys begin.
const KEY: &[u8] = b"\"usage";
/// An object that is longer is none of those that are looked for.
const LONGEST: usize = 16 << 10;

/// Reads the usage that an answer reports, piece by piece.
#[derive(Debug, Default)]
pub struct UsageReader {
    /// The end of what came before, which may be the beginning of a key.
    carry: Vec<u8>,
    /// What came since a key began.
    open: Vec<u8>,
    found: Option<Tokens>,
}

/// What stands where a key began.
enum Reading {
    /// It may still become an object.
    Unfinished,
    /// It is none; so many bytes are done with.
    Nothing(usize),
    /// An object, with its length.
    Usage(Option<Tokens>, usize),
}

impl UsageReader {
    /// Takes the next bytes of the answer in; what is known then, where they changed it.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<Tokens> {
        let before = self.found;
        if self.open.is_empty() {
            self.look(bytes);
        } else {
            self.open.extend_from_slice(bytes);
        }
        while !self.open.is_empty() {
            let done = match read(&self.open) {
                Reading::Unfinished if self.open.len() <= LONGEST => break,
                Reading::Unfinished => KEY.len(),
                Reading::Usage(_, length) if length > LONGEST => KEY.len(),
                Reading::Nothing(length) => length,
                Reading::Usage(tokens, length) => {
                    self.found = together(self.found, tokens);
                    length
                }
            };
            let rest = self.open.split_off(done.min(self.open.len()));
            self.open.clear();
            self.carry.clear();
            self.look(&rest);
        }
        self.found.filter(|_| self.found != before)
    }

    /// What the answer has reported so far.
    pub const fn found(&self) -> Option<Tokens> {
        self.found
    }

    /// Looks for the beginning of a key.
    fn look(&mut self, bytes: &[u8]) {
        // A key that lies in what came before alone was looked at then.
        let from = usize::from(self.carry.len() >= KEY.len());
        let joined = bytes.len().min(KEY.len());
        self.carry.extend_from_slice(&bytes[..joined]);
        if let Some(place) = position(&self.carry, from) {
            self.open = self.carry.split_off(place);
            self.open.extend_from_slice(&bytes[joined..]);
        } else if let Some(place) = position(bytes, 1) {
            self.open = bytes[place..].to_vec();
        }
        if bytes.len() >= KEY.len() {
            self.carry.clear();
            self.carry.extend_from_slice(&bytes[bytes.len() - KEY.len()..]);
        }
        self.carry.drain(..self.carry.len().saturating_sub(KEY.len()));
    }
}

/// Where a key begins, from there on.
fn position(bytes: &[u8], mut from: usize) -> Option<usize> {
    while let Some(quote) = bytes.get(from..)?.iter().position(|byte| *byte == b'"') {
        let place = from + quote;
        if bytes[place..].starts_with(KEY) && (place == 0 || bytes[place - 1] != b'\\') {
            return Some(place);
        }
        from = place + 1;
    }
    None
}

/// Reads what begins with a key.
fn read(bytes: &[u8]) -> Reading {
    let Some(end) = bytes[KEY.len()..].iter().position(|byte| *byte == b'"').map(|place| KEY.len() + place) else {
        return if bytes.len() < KEY.len() + 16 { Reading::Unfinished } else { Reading::Nothing(KEY.len()) };
    };
    if !matches!(&bytes[KEY.len()..end], b"" | b"Metadata") {
        return Reading::Nothing(KEY.len());
    }
    let mut rest = bytes[end + 1..].iter().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace());
    match rest.next() {
        None => return Reading::Unfinished,
        Some((_, b':')) => {}
        Some(_) => return Reading::Nothing(end),
    }
    let start = match rest.next() {
        None => return Reading::Unfinished,
        Some((place, b'{')) => end + 1 + place,
        Some(_) => return Reading::Nothing(end),
    };
    let mut values = serde_json::Deserializer::from_slice(&bytes[start..]).into_iter::<Value>();
    match values.next() {
        Some(Ok(usage)) => Reading::Usage(tokens(&json!({"usage": usage})), start + values.byte_offset()),
        Some(Err(error)) if !error.is_eof() => Reading::Nothing(end),
        _ => Reading::Unfinished,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{formats, sample_request};
    use super::super::{ProviderAnswer, ProviderRequest, wire_request};
    use super::*;
    use crate::model::Operation;

    #[test]
    fn what_the_labs_answers_report_is_found_in_every_dialect_however_they_are_cut() {
        for format in formats() {
            let asked = wire_request(format.dialect, &sample_request(format), "k");
            let request = ProviderRequest::parse(format.dialect, format.operation, &asked.body).unwrap();
            let answer = ProviderAnswer::new(format.dialect, &request, "gpt-4o", "1", 0);
            let bytes: Vec<u8> = if format.streamed {
                (0..answer.tokens()).flat_map(|index| answer.token_event(index)).chain(answer.end_events()).collect()
            } else {
                answer.whole().body
            };
            let whole = UsageReader::default().feed(&bytes);
            // Its events are written in base64.
            let is_hidden = format.operation == Operation::Invoke && format.streamed;
            assert_eq!(whole.is_some(), !is_hidden, "{format:?}: {}", String::from_utf8_lossy(&bytes));
            for length in [1, 2, 7, 100] {
                let mut reader = UsageReader::default();
                bytes.chunks(length).for_each(|piece| _ = reader.feed(piece));
                assert_eq!(reader.found(), whole, "{format:?} in pieces of {length}");
            }
            if let Some(tokens) = whole {
                assert!(tokens.input > 0 && (tokens.output > 0 || format.operation == Operation::Embeddings), "{format:?}: {tokens:?}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_it_is_none() {
        let of = |text: &str| UsageReader::default().feed(text.as_bytes()).map(|tokens| (tokens.input, tokens.output));
        assert_eq!(of(r#"{"text": "say \"usage\": {\"input_tokens\": 5}"}"#), None);
        assert_eq!(of(r#"{"usage": null, "usages": {"input_tokens": 5}, "usage": {"input_tokens": 7, "output_tokens": 2}}"#), Some((7, 2)));
        let long = format!(r#"{{"usage": {{"note": "{}", "input_tokens": 7}}}}"#, "x".repeat(20_000));
        let mut reader = UsageReader::default();
        assert!(long.as_bytes().chunks(4096).all(|piece| reader.feed(piece).is_none()), "no more than that is kept of one");
        assert_eq!(of(r#"{"usage": {"input_tokens": 7"#), None);
    }
}
