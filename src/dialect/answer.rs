//! An answer as the traffic reads it, piece by piece, and what may be wrong with it.
//!
//! "HTTP 200 and not empty" proves nothing: streams that end early look the same, and some gateways invent a polite end. An
//! answer counts only when the canary is in it whole, the terminal marker came, and the usage was reported.

use super::eventstream::{Frame, MESSAGE_TYPE, first_frame};
use super::failure::{code_of, word};
use super::tongue::{Framing, Heard, Tongue, tongue};
use super::{Ask, canary};
use crate::model::Dialect;
use serde_json::{Value, json};
use std::fmt;

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
pub struct AnswerReader {
    tongue: &'static dyn Tongue,
    streamed: bool,
    canary: String,
    /// Bytes of a line or frame (or of a whole body) that has not ended yet.
    pending: Vec<u8>,
    read: usize,
    heard: Heard,
    flaw: Option<Flaw>,
}

impl fmt::Debug for AnswerReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerReader")
            .field("read", &self.read)
            .field("heard", &self.heard)
            .field("flaw", &self.flaw)
            .finish_non_exhaustive()
    }
}

impl AnswerReader {
    /// For the answer to this request.
    pub fn new(dialect: Dialect, ask: &Ask) -> Self {
        Self {
            tongue: tongue(dialect),
            streamed: ask.streamed,
            canary: canary(ask.mark),
            pending: Vec::new(),
            read: 0,
            heard: Heard::default(),
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
        match (self.streamed, self.tongue.framing()) {
            (false, _) => self.pending.extend_from_slice(bytes),
            (true, Framing::Lines) => self.feed_lines(bytes),
            (true, Framing::Frames) => self.feed_frames(bytes),
        }
    }

    fn feed_lines(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
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

    fn feed_frames(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while self.flaw.is_none() {
            match first_frame(rest) {
                Ok(Some((frame, length))) => {
                    rest = &rest[length..];
                    self.frame(&frame);
                }
                Ok(None) => break,
                Err(_) => self.flaw = Some(Flaw::Malformed),
            }
        }
        self.pending = rest.to_vec();
    }

    /// True once a token of content was seen: the proof of service in a stream.
    pub const fn has_content(&self) -> bool {
        !self.heard.text.is_empty()
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
        let (said, wanted) = (self.heard.text.trim(), self.canary.as_str());
        let complete = said.contains(wanted);
        match () {
            () if !self.heard.terminal => Err(Flaw::Truncated),
            () if said.is_empty() => Err(Flaw::Empty),
            () if !complete && wanted.starts_with(said) => Err(Flaw::Truncated),
            () if !complete => Err(Flaw::WrongContent),
            () if !self.heard.usage => Err(Flaw::NoUsage),
            () => Ok(()),
        }
    }

    /// One line of a stream of events. Comments, other fields and blank lines say nothing here.
    fn line(&mut self, line: &[u8]) {
        let Some(data) = line.strip_prefix(b"data:") else { return };
        let data = data.trim_ascii();
        if self.tongue.hear_line(data, &mut self.heard) {
            return;
        }
        match serde_json::from_slice(data) {
            Ok(event) => self.event(&event),
            Err(_) => {
                self.flaw.get_or_insert(Flaw::Malformed);
            }
        }
    }

    /// One frame of AWS's. What is neither an event nor an exception is an error below the service, with a code in its headers.
    fn frame(&mut self, frame: &Frame) {
        let event = frame.header(":event-type").filter(|_| frame.header(MESSAGE_TYPE) == Some("event"));
        let Some(name) = event else {
            let code = frame.header(":exception-type").or_else(|| frame.header(":error-code")).map(word);
            self.flaw.get_or_insert(Flaw::ErrorEvent(code));
            return;
        };
        match serde_json::from_slice::<Value>(&frame.payload) {
            Ok(payload) => self.event(&json!({name: payload})),
            Err(_) => {
                self.flaw.get_or_insert(Flaw::Malformed);
            }
        }
    }

    fn event(&mut self, event: &Value) {
        if event.get(0).unwrap_or(event).get("error").is_some_and(|error| !error.is_null()) {
            self.flaw.get_or_insert(Flaw::ErrorEvent(code_of(event)));
        } else {
            self.tongue.hear(event, &mut self.heard);
        }
    }

    /// A body that came whole. Its terminal marker is that it is whole JSON with a reason for its end.
    fn whole(&mut self) {
        match serde_json::from_slice(&self.pending) {
            Ok(body) => {
                self.tongue.hear_whole(&body, &mut self.heard);
                self.heard.terminal |= self.heard.text.is_empty();
            }
            Err(_) => self.flaw = Some(if self.pending.is_empty() { Flaw::Empty } else { Flaw::Malformed }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::eventstream::frame;
    use super::super::{ChatAsk, ChatReply, Mark, ProviderFault, chat_request, error_answer, error_event};
    use super::*;
    use proptest::prelude::*;

    const DIALECTS: [Dialect; 5] = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];

    fn ask(streamed: bool) -> Ask {
        Ask { mark: Mark { drill: 3, id: 99 }, model: "gpt-4o".into(), streamed }
    }

    fn reply(dialect: Dialect, ask: &Ask) -> ChatReply {
        let read = ChatAsk::parse(dialect, &chat_request(dialect, ask, "k").body).unwrap();
        ChatReply::new(dialect, &read, "gpt-4o", "1", 0)
    }

    /// An answer event by event; a whole one is one event.
    fn events(dialect: Dialect, ask: &Ask) -> Vec<Vec<u8>> {
        let reply = reply(dialect, ask);
        if !ask.streamed {
            return vec![reply.whole().body];
        }
        (0..reply.tokens()).map(|place| reply.token_event(place)).chain([reply.end_events()]).collect()
    }

    fn body(dialect: Dialect, ask: &Ask) -> Vec<u8> {
        events(dialect, ask).concat()
    }

    fn judge(dialect: Dialect, ask: &Ask, body: &[u8]) -> Result<(), Flaw> {
        let mut reader = AnswerReader::new(dialect, ask);
        reader.feed(body);
        reader.finish()
    }

    #[test]
    fn whole_answers_are_good_in_every_dialect() {
        for (dialect, streamed) in DIALECTS.into_iter().flat_map(|dialect| [(dialect, true), (dialect, false)]) {
            assert_eq!(judge(dialect, &ask(streamed), &body(dialect, &ask(streamed))), Ok(()), "{dialect} {streamed}");
        }
    }

    #[test]
    fn an_answer_cut_anywhere_is_never_good() {
        for (dialect, streamed) in DIALECTS.into_iter().flat_map(|dialect| [(dialect, true), (dialect, false)]) {
            let whole = body(dialect, &ask(streamed));
            // The blank line at the end of a stream of lines says nothing that was not said.
            let end = whole.trim_ascii_end().len();
            for cut in 0..end {
                assert!(judge(dialect, &ask(streamed), &whole[..cut]).is_err(), "{dialect} {streamed} cut at {cut} of {end}");
            }
        }
    }

    #[test]
    fn a_polite_end_that_a_gateway_invents_does_not_hide_missing_words() {
        for dialect in DIALECTS {
            let events = events(dialect, &ask(true));
            let without_the_middle = [&events[..3], &events[events.len() - 1..]].concat().concat();
            assert_eq!(judge(dialect, &ask(true), &without_the_middle), Err(Flaw::Truncated), "{dialect}");
        }
    }

    #[test]
    fn an_answer_that_is_not_the_canary_or_is_withheld_is_not_service() {
        for (dialect, streamed) in DIALECTS.into_iter().flat_map(|dialect| [(dialect, true), (dialect, false)]) {
            let other = Ask { mark: Mark { drill: 3, id: 100 }, ..ask(streamed) };
            assert_eq!(judge(dialect, &other, &body(dialect, &ask(streamed))), Err(Flaw::WrongContent), "{dialect} {streamed}");
            let withheld = reply(dialect, &ask(streamed)).filtered();
            let bytes = if streamed { withheld.end_events() } else { withheld.whole().body };
            assert_eq!(judge(dialect, &ask(streamed), &bytes), Err(Flaw::Empty), "{dialect} {streamed}");
            let refused = error_answer(dialect, &ProviderFault::InvalidKey);
            assert!(judge(dialect, &ask(streamed), &refused.body).is_err());
        }
    }

    #[test]
    fn an_error_in_the_middle_of_a_stream_is_told_by_its_code() {
        let codes = ["server_is_overloaded", "503", "overloaded_error", "serviceUnavailableException", "UNAVAILABLE"];
        for (dialect, code) in DIALECTS.into_iter().zip(codes) {
            let mut events = events(dialect, &ask(true));
            events.insert(4, error_event(dialect, &ProviderFault::Overloaded));
            assert_eq!(judge(dialect, &ask(true), &events.concat()), Err(Flaw::ErrorEvent(Some(code.into()))), "{dialect}");
            let first = error_event(dialect, &ProviderFault::Overloaded);
            assert_eq!(judge(dialect, &ask(true), &first), Err(Flaw::ErrorEvent(Some(code.into()))), "{dialect}");
        }
        let below = frame(&[(MESSAGE_TYPE, "error"), (":error-code", "InternalFailure")], b"");
        assert_eq!(judge(Dialect::Bedrock, &ask(true), &below), Err(Flaw::ErrorEvent(Some("InternalFailure".into()))));
        let list = b"data: [{\"error\":{\"code\":500,\"status\":\"INTERNAL\"}}]\n";
        assert_eq!(judge(Dialect::Vertex, &ask(true), list), Err(Flaw::ErrorEvent(Some("INTERNAL".into()))));
    }

    #[test]
    fn flaws_are_told_apart() {
        let stream = |text: &str| judge(Dialect::OpenAi, &ask(true), text.as_bytes());
        assert_eq!(stream("data: [DONE]\n\n"), Err(Flaw::Empty));
        assert_eq!(stream("data: {oops\n\n"), Err(Flaw::Malformed));
        assert_eq!(stream("data: {\"choices\":[{\"delta\":{\"content\":\"No.\"}}]}\n\ndata: [DONE]\n\n"), Err(Flaw::WrongContent));
        assert_eq!(judge(Dialect::Anthropic, &ask(true), b"data: [DONE]\n\n"), Err(Flaw::Malformed), "not its marker");
        let long = vec![b'x'; LONGEST + 1];
        for dialect in DIALECTS {
            assert_eq!(judge(dialect, &ask(false), b""), Err(Flaw::Empty));
            assert_eq!(judge(dialect, &ask(false), b"{}"), Err(Flaw::Empty));
            assert_eq!(judge(dialect, &ask(false), b"{"), Err(Flaw::Malformed));
            assert_eq!(judge(dialect, &ask(true), &long), Err(Flaw::TooLong));
        }
    }

    #[test]
    fn a_frame_with_a_wrong_checksum_is_malformed() {
        let mut damaged = body(Dialect::Bedrock, &ask(true));
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        assert_eq!(judge(Dialect::Bedrock, &ask(true), &damaged), Err(Flaw::Malformed));
    }

    #[test]
    fn usage_that_is_missing_is_missed() {
        for (dialect, word) in
            DIALECTS.into_iter().zip(["completion_tokens", "completion_tokens", "output_tokens", "outputTokens", "candidatesTokenCount"])
        {
            let text = String::from_utf8(body(dialect, &ask(false))).unwrap();
            assert_eq!(judge(dialect, &ask(false), text.replace(word, "other").as_bytes()), Err(Flaw::NoUsage), "{dialect}");
        }
    }

    proptest! {
        #[test]
        fn any_division_into_pieces_reads_the_same(
            dialect in 0..DIALECTS.len(),
            cuts in proptest::collection::vec(0usize..2500, 0..20),
            broken in proptest::option::of(0usize..2500),
        ) {
            let dialect = DIALECTS[dialect];
            let mut whole = body(dialect, &ask(true));
            if let Some(place) = broken {
                let place = place % whole.len();
                whole[place] ^= 0x10;
            }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.sort_unstable();
            let mut reader = AnswerReader::new(dialect, &ask(true));
            let mut from = 0;
            for cut in cuts.into_iter().chain([whole.len()]) {
                reader.feed(&whole[from..cut]);
                from = cut;
            }
            let read = reader.finish();
            prop_assert_eq!(&read, &judge(dialect, &ask(true), &whole));
            prop_assert!(broken.is_some() || read == Ok(()));
        }

        #[test]
        fn no_bytes_make_it_panic(
            dialect in 0..DIALECTS.len(),
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
            kept in 0usize..2500,
            streamed: bool,
        ) {
            let dialect = DIALECTS[dialect];
            let _ = judge(dialect, &ask(streamed), &bytes);
            let mut begun = body(dialect, &ask(streamed));
            begun.truncate(kept);
            begun.extend(bytes);
            let _ = judge(dialect, &ask(streamed), &begun);
        }
    }
}
