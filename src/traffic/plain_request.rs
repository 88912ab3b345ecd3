//! Plain requests: a resource over HTTP, bytes over tcp. What proves service, and what must be in the answer.

use super::connector::ServiceConnector;
use super::pool::CheckedOut;
use super::progress::{RequestProgress, RequestResult, within};
use super::word;
use crate::dialect::reported_tokens;
use crate::history::Outcome;
use crate::journal::Clock;
use crate::model::PlainRequest;
use crate::units::Duration;
use hyper::Response;
use hyper::body::Incoming;
use std::collections::VecDeque;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The longest answer that is read to its end. Nothing of it is kept but where the expected text could still begin.
const LONGEST: usize = 1 << 24;
/// An answer to a POST is kept up to here, for the tokens that it may report.
const REPORT: usize = 1 << 20;

/// A search for a text in bytes that come piece by piece; any division into pieces finds it.
#[derive(Debug)]
struct TextSearch<'t> {
    text: &'t [u8],
    /// As many of the last bytes as a beginning of the text can have.
    tail: Vec<u8>,
    /// Bytes before `tail`.
    before: usize,
    /// Where each piece began that still reaches into `tail`, and when it came.
    pieces: VecDeque<(usize, u64)>,
    /// When the piece came in which the text begins.
    found: Option<u64>,
}

impl<'t> TextSearch<'t> {
    const fn new(text: &'t [u8]) -> Self {
        Self { text, tail: Vec::new(), before: 0, pieces: VecDeque::new(), found: None }
    }

    fn feed(&mut self, bytes: &[u8], at: u64) {
        if self.found.is_some() || self.text.is_empty() {
            return;
        }
        self.pieces.push_back((self.before + self.tail.len(), at));
        self.tail.extend_from_slice(bytes);
        if let Some(position) = self.tail.windows(self.text.len()).position(|window| window == self.text) {
            let begin = self.before + position;
            self.found = self.pieces.iter().rev().find(|(start, _)| *start <= begin).map(|(_, at)| *at);
            return;
        }
        let gone = (self.tail.len() + 1).saturating_sub(self.text.len());
        self.tail.drain(..gone);
        self.before += gone;
        while self.pieces.get(1).is_some_and(|(start, _)| *start <= self.before) {
            self.pieces.pop_front();
        }
    }
}

/// Reads an answer over HTTP whose status is good. The first byte of its body is the proof.
pub(super) async fn ask_over_http(
    response: Response<Incoming>,
    mut connection: CheckedOut<'_>,
    (plain, idle): (&PlainRequest, Option<Duration>),
    clock: Clock,
    progress: &RequestProgress,
) -> RequestResult {
    let mut body = response.into_body();
    let mut search = plain.contains.as_ref().map(|text| TextSearch::new(text.as_bytes()));
    let mut read = 0;
    // What asks no model reports nothing.
    let mut kept = plain.send.as_ref().map(|_| Vec::new());
    loop {
        let frame = match within(idle, connection.frame(&mut body)).await {
            None => return progress.timed_out(clock.now()),
            Some(None) => break,
            Some(Some(Err(_))) => return progress.cut(clock),
            Some(Some(Ok(frame))) => frame,
        };
        let Some(data) = frame.data_ref().filter(|data| !data.is_empty()) else { continue };
        progress.is_proven(clock);
        read += data.len();
        if read > LONGEST {
            return progress.failed(clock, Outcome::Error, word::TOO_LONG.into());
        }
        if let Some(search) = &mut search {
            search.feed(data, 0);
        }
        match &mut kept {
            Some(kept) if read <= REPORT => kept.extend_from_slice(data),
            kept => *kept = None,
        }
    }
    let done = clock.now();
    progress.has_used(kept.and_then(|kept| reported_tokens(&kept)));
    connection.give_back();
    match search {
        Some(TextSearch { found: None, .. }) => {
            progress.flawed(done, Outcome::Error, if read == 0 { word::EMPTY } else { word::WRONG_CONTENT }.into())
        }
        _ => progress.served(done),
    }
}

/// Connects, sends what is to be sent, and reads until the expected bytes are there. The first of them is the proof; where nothing is
/// expected, the open connection is. It is closed after every request.
pub(super) async fn ask_over_tcp(
    connector: &ServiceConnector,
    plain: &PlainRequest,
    clock: Clock,
    progress: &RequestProgress,
) -> RequestResult {
    let limits = connector.settings.wire.timeouts;
    let mut stream = match within(limits.connect, Box::pin(connector.endpoint.open())).await {
        Some(Ok(stream)) => stream,
        Some(Err(why)) => return progress.failed(clock, Outcome::Error, why.into()),
        None => return progress.timed_out(clock.now()),
    };
    progress.is_sent();
    if let Some(bytes) = &plain.send
        && (stream.write_all(bytes.as_bytes()).await.is_err() || stream.flush().await.is_err())
    {
        return progress.cut(clock);
    }
    let Some(text) = &plain.contains else {
        progress.is_proven(clock);
        return progress.served(clock.now());
    };
    let mut search = TextSearch::new(text.as_bytes());
    let (mut read, mut piece) = (0, vec![0; 4096]);
    loop {
        let limit = if read == 0 { limits.first_byte } else { limits.idle };
        let count = match within(limit, stream.read(&mut piece)).await {
            None => return progress.timed_out(clock.now()),
            Some(Err(_)) => return progress.cut(clock),
            Some(Ok(0)) => {
                let why = if read == 0 { word::EMPTY } else { word::WRONG_CONTENT };
                return progress.failed(clock, Outcome::Error, why.into());
            }
            Some(Ok(count)) => count,
        };
        read += count;
        progress.has_head();
        let now = clock.now();
        search.feed(&piece[..count], now);
        if let Some(at) = search.found {
            progress.was_proven(at);
            return progress.served(now);
        }
        if read > LONGEST {
            return progress.failed(clock, Outcome::Error, word::TOO_LONG.into());
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
