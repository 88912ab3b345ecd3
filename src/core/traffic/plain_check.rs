//! What the answer to a plain request must hold: the search for it in bytes that come piece by piece, and the check of a body over HTTP.

use super::progress::{RequestProgress, RequestResult};
use super::word;
use crate::dialect::reported_tokens;
use crate::history::Outcome;
use crate::model::PlainRequest;
use std::collections::VecDeque;
use std::sync::Arc;

/// The longest answer that is read to its end. Nothing of it is kept but where the expected text could still begin.
pub(super) const LONGEST: usize = 1 << 24;
/// An answer to a POST is kept up to here, for the tokens that it may report.
const REPORT: usize = 1 << 20;

/// A search for a text in bytes that come piece by piece; any division into pieces finds it.
#[derive(Debug)]
pub(super) struct TextSearch<T> {
    text: T,
    /// As many of the last bytes as a beginning of the text can have.
    tail: Vec<u8>,
    /// Bytes before `tail`.
    before: usize,
    /// Where each piece began that still reaches into `tail`, and when it came.
    pieces: VecDeque<(usize, u64)>,
    /// When the piece came in which the text begins.
    pub(super) found: Option<u64>,
}

impl<T: AsRef<[u8]>> TextSearch<T> {
    pub(super) const fn new(text: T) -> Self {
        Self { text, tail: Vec::new(), before: 0, pieces: VecDeque::new(), found: None }
    }

    pub(super) fn feed(&mut self, bytes: &[u8], at: u64) {
        let text = self.text.as_ref();
        if self.found.is_some() || text.is_empty() {
            return;
        }
        self.pieces.push_back((self.before + self.tail.len(), at));
        self.tail.extend_from_slice(bytes);
        if let Some(position) = self.tail.windows(text.len()).position(|window| window == text) {
            let begin = self.before + position;
            self.found = self.pieces.iter().rev().find(|(start, _)| *start <= begin).map(|(_, at)| *at);
            return;
        }
        let gone = (self.tail.len() + 1).saturating_sub(text.len());
        self.tail.drain(..gone);
        self.before += gone;
        while self.pieces.get(1).is_some_and(|(start, _)| *start <= self.before) {
            self.pieces.pop_front();
        }
    }
}

/// What a plain request waits for in its answer; the same for all requests of a client.
#[derive(Debug)]
pub(super) struct ExpectedAnswer {
    contains: Option<Arc<[u8]>>,
    /// What asks no model reports nothing.
    is_reported: bool,
}

impl ExpectedAnswer {
    pub(super) fn to(plain: &PlainRequest) -> Self {
        Self { contains: plain.contains.as_ref().map(|text| text.as_bytes().into()), is_reported: plain.send.is_some() }
    }
}

/// A check of the body of an answer over HTTP whose status is good. Its first byte is the proof.
#[derive(Debug)]
pub(super) struct PlainCheck {
    search: Option<TextSearch<Arc<[u8]>>>,
    read: usize,
    /// The body, for the tokens that it may report.
    kept: Option<Vec<u8>>,
}

impl PlainCheck {
    pub(super) fn new(expected: &ExpectedAnswer) -> Self {
        let search = expected.contains.clone().map(TextSearch::new);
        Self { search, read: 0, kept: expected.is_reported.then(Vec::new) }
    }

    /// A piece of the body came at this moment.
    ///
    /// # Errors
    /// Why the rest of it is not waited for.
    pub(super) fn feed(&mut self, data: &[u8], at: u64, progress: &RequestProgress) -> Result<(), RequestResult> {
        if data.is_empty() {
            return Ok(());
        }
        progress.was_proven(at);
        self.read += data.len();
        if self.read > LONGEST {
            return Err(progress.flawed(at, Outcome::Error, word::TOO_LONG.into()));
        }
        if let Some(search) = &mut self.search {
            search.feed(data, 0);
        }
        match &mut self.kept {
            Some(kept) if self.read <= REPORT => kept.extend_from_slice(data),
            kept => *kept = None,
        }
        Ok(())
    }

    /// The body ended at this moment.
    pub(super) fn conclude(&self, done: u64, progress: &RequestProgress) -> RequestResult {
        progress.has_used(self.kept.as_ref().and_then(|kept| reported_tokens(kept)));
        match &self.search {
            Some(TextSearch { found: None, .. }) => {
                progress.flawed(done, Outcome::Error, if self.read == 0 { word::EMPTY } else { word::WRONG_CONTENT }.into())
            }
            _ => progress.served(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_however_it_is_divided_and_dated_by_its_first_byte() {
        let whole = b"papapapaya and more";
        for first in 0..whole.len() {
            for second in first..whole.len() {
                let mut search = TextSearch::new(b"papaya");
                for (at, piece) in [&whole[..first], &whole[first..second], &whole[second..]].into_iter().enumerate() {
                    search.feed(piece, at as u64);
                }
                let begins_in = u64::from(first <= 4) + u64::from(second <= 4);
                assert_eq!(search.found, Some(begins_in), "{first} {second}");
                assert!(search.tail.len() <= whole.len());
            }
        }
        let mut search = TextSearch::new(b"papaya");
        for at in 0..10_000 {
            search.feed(b"papay", at);
        }
        assert!(search.found.is_none() && search.tail.len() < 6 && search.pieces.len() < 8);
    }
}
