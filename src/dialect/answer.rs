//! An answer as the traffic reads it, piece by piece, and what may be wrong with it.
//!
//! "HTTP 200 and not empty" proves nothing: streams that end early look the same, and some gateways invent a polite end. An
//! answer counts only when the canary is in it whole, the terminal marker came, and the usage was reported.

use super::{Ask, canary, error_code};
use serde_json::Value;

/// The longest answer that is read: far beyond what a canary needs, and a bound on memory.
const LONGEST: usize = 1 << 20;

/// Why an answer with a good status is not service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// It ended early: no terminal marker, or only a beginning of the canary.
    Truncated,
    /// It is not what the dialect allows.
    Malformed,
    /// It holds no text.
    Empty,
    /// Its text is not the canary.
    WrongContent,
    /// It does not say how many tokens it used.
    NoUsage,
    /// The stream carried an error, with this code.
    ErrorEvent(Option<String>),
    /// It is longer than a canary could ever be.
    TooLong,
}

impl Flaw {
    /// The word for it in histories.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Truncated => "no-terminal-marker",
            Self::Malformed => "malformed",
            Self::Empty => "empty",
            Self::WrongContent => "wrong-content",
            Self::NoUsage => "no-usage",
            Self::ErrorEvent(_) => "error-event",
            Self::TooLong => "too-long",
        }
    }
}

/// Reads the body of one answer.
#[derive(Debug)]
pub struct AnswerReader {
    streamed: bool,
    canary: String,
    /// Bytes of a line (or of a whole body) that has not ended yet.
    pending: Vec<u8>,
    read: usize,
    text: String,
    usage: bool,
    terminal: bool,
    flaw: Option<Flaw>,
}

impl AnswerReader {
    /// For the answer to this request.
    pub fn new(ask: &Ask) -> Self {
        Self {
            streamed: ask.streamed,
            canary: canary(ask.mark),
            pending: Vec::new(),
            read: 0,
            text: String::new(),
            usage: false,
            terminal: false,
            flaw: None,
        }
    }

    /// Takes more of the body in. Any division into pieces gives the same result.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.read += bytes.len();
        if self.read > LONGEST {
            self.flaw.get_or_insert(Flaw::TooLong);
            self.pending = Vec::new();
            return;
        }
        let mut rest = bytes;
        while self.streamed {
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { break };
            let (line, after) = rest.split_at(end);
            rest = &after[1..];
            if self.pending.is_empty() {
                self.line(line);
            } else {
                let mut whole = std::mem::take(&mut self.pending);
                whole.extend_from_slice(line);
                self.line(&whole);
            }
        }
        self.pending.extend_from_slice(rest);
    }

    /// True once a token of content was seen: the proof of service in a stream.
    pub const fn has_content(&self) -> bool {
        !self.text.is_empty()
    }

    /// True where more of the body cannot mend it.
    pub const fn is_hopeless(&self) -> bool {
        matches!(self.flaw, Some(Flaw::TooLong | Flaw::ErrorEvent(_) | Flaw::Malformed))
    }

    /// The judgement at the end of the body.
    ///
    /// # Errors
    /// The first flaw, the gravest first.
    pub fn finish(mut self) -> Result<(), Flaw> {
        if !self.streamed && self.flaw.is_none() {
            self.whole();
        }
        if let Some(flaw) = self.flaw {
            return Err(flaw);
        }
        let (said, wanted) = (self.text.trim(), self.canary.as_str());
        let complete = said.contains(wanted);
        match () {
            () if !self.terminal => Err(Flaw::Truncated),
            () if said.is_empty() => Err(Flaw::Empty),
            () if !complete && wanted.starts_with(said) => Err(Flaw::Truncated),
            () if !complete => Err(Flaw::WrongContent),
            () if !self.usage => Err(Flaw::NoUsage),
            () => Ok(()),
        }
    }

    /// One line of a stream of events. Comments, other fields and blank lines say nothing here.
    fn line(&mut self, line: &[u8]) {
        let Some(data) = line.strip_prefix(b"data:") else { return };
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            self.terminal = true;
            return;
        }
        let Ok(chunk) = serde_json::from_slice::<Value>(data) else {
            self.flaw.get_or_insert(Flaw::Malformed);
            return;
        };
        if chunk.get("error").is_some_and(|error| !error.is_null()) {
            self.flaw.get_or_insert(Flaw::ErrorEvent(error_code(data)));
            return;
        }
        if let Some(text) = chunk["choices"][0]["delta"]["content"].as_str() {
            self.text.push_str(text);
        }
        self.usage |= chunk["usage"]["completion_tokens"].is_u64();
    }

    /// A body that came whole. Its terminal marker is that it is whole JSON with a reason for its end.
    fn whole(&mut self) {
        let Ok(body) = serde_json::from_slice::<Value>(&self.pending) else {
            self.flaw = Some(if self.pending.is_empty() { Flaw::Empty } else { Flaw::Malformed });
            return;
        };
        let choice = &body["choices"][0];
        self.text = choice["message"]["content"].as_str().unwrap_or_default().to_owned();
        self.terminal = choice["finish_reason"].is_string() || self.text.is_empty();
        self.usage = body["usage"]["completion_tokens"].is_u64();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ChatAsk, ChatReply, Mark, ProviderFault, chat_request, error_answer};
    use super::*;
    use crate::model::Dialect;
    use proptest::prelude::*;

    fn ask(streamed: bool) -> Ask {
        Ask { mark: Mark { drill: 3, id: 99 }, model: "gpt-4o".into(), streamed }
    }

    fn body(ask: &Ask) -> Vec<u8> {
        let read = ChatAsk::parse(&chat_request(Dialect::OpenAi, ask, "k").body).unwrap();
        let reply = ChatReply::new(&read, "gpt-4o", "chatcmpl-1", 0);
        if !ask.streamed {
            return reply.whole().body;
        }
        let mut bytes: Vec<u8> = (0..reply.tokens()).flat_map(|place| reply.token_event(place)).collect();
        bytes.extend(reply.end_events());
        bytes
    }

    fn judge(ask: &Ask, body: &[u8]) -> Result<(), Flaw> {
        let mut reader = AnswerReader::new(ask);
        reader.feed(body);
        reader.finish()
    }

    #[test]
    fn whole_answers_are_good() {
        assert_eq!(judge(&ask(true), &body(&ask(true))), Ok(()));
        assert_eq!(judge(&ask(false), &body(&ask(false))), Ok(()));
    }

    #[test]
    fn a_stream_cut_anywhere_is_never_good() {
        let whole = body(&ask(true));
        let end = whole.len() - b"\n\n".len();
        for cut in 0..end {
            assert!(judge(&ask(true), &whole[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_polite_end_that_a_gateway_invents_does_not_hide_missing_words() {
        let text = String::from_utf8(body(&ask(true))).unwrap();
        let events: Vec<&str> = text.split("\n\n").collect();
        let early = [&events[..3], &events[8..]].concat().join("\n\n");
        assert!(early.contains("[DONE]"));
        assert_eq!(judge(&ask(true), early.as_bytes()), Err(Flaw::Truncated));
    }

    #[test]
    fn flaws_are_told_apart() {
        let stream = |text: &str| judge(&ask(true), text.as_bytes());
        assert_eq!(stream("data: [DONE]\n\n"), Err(Flaw::Empty));
        assert_eq!(stream("data: {oops\n\n"), Err(Flaw::Malformed));
        assert_eq!(stream("data: {\"error\":{\"code\":\"server_error\"}}\n\n"), Err(Flaw::ErrorEvent(Some("server_error".into()))));
        assert_eq!(stream("data: {\"choices\":[{\"delta\":{\"content\":\"No.\"}}]}\n\ndata: [DONE]\n\n"), Err(Flaw::WrongContent));
        assert_eq!(judge(&ask(false), b""), Err(Flaw::Empty));
        assert_eq!(judge(&ask(false), b"{}"), Err(Flaw::Empty));
        assert_eq!(judge(&ask(false), b"{"), Err(Flaw::Malformed));
        let long = vec![b'x'; LONGEST + 1];
        assert_eq!(judge(&ask(true), &long), Err(Flaw::TooLong));
        let other = Ask { mark: Mark { drill: 3, id: 100 }, ..ask(false) };
        assert_eq!(judge(&other, &body(&ask(false))), Err(Flaw::WrongContent), "an answer to another request");
        let refused = error_answer(Dialect::OpenAi, &ProviderFault::InvalidKey);
        assert!(judge(&ask(false), &refused.body).is_err());
    }

    proptest! {
        #[test]
        fn any_division_into_pieces_reads_the_same(cuts in proptest::collection::vec(0usize..2000, 0..20)) {
            let whole = body(&ask(true));
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.sort_unstable();
            let mut reader = AnswerReader::new(&ask(true));
            let mut from = 0;
            for cut in cuts.into_iter().chain([whole.len()]) {
                reader.feed(&whole[from..cut]);
                from = cut;
            }
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), streamed: bool) {
            let _ = judge(&ask(streamed), &bytes);
        }
    }
}
