//! A history from its bytes to what is folded from it, on several threads: one reads and hashes the bytes, one makes events of them, one folds what a
//! report shows, and the caller's folds what a verdict is computed from.
//!
//! Each stage takes what the one before it hands on, in order, so that everything comes out as on one thread: the first line that is wrong is the one
//! that is told of. Between two stages only a few pieces are under way, which bounds memory whatever the length of a history; pieces are used
//! again. What this file does not do: open files, or judge.

use crate::history::{EventBatch, ReadError, Reader, Replay, Stamped};
use crate::report::Digest;
use std::io::{BufRead, Error, ErrorKind, Read, Result};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Scope, scope};

/// Bytes that are handed on together.
const CHUNK: usize = 1 << 20;
/// So many pieces are under way between two stages.
const UNDER_WAY: usize = 4;

/// What is known once a history was read to its end.
pub(super) struct Digested<R> {
    /// What its report shows, but for what is settled at the end.
    pub(super) digest: Digest,
    /// True where the last line was torn.
    pub(super) torn: bool,
    /// Where the bytes came from, read to its end.
    pub(super) input: R,
}

/// Reads a history to its end. `fold` is given each event on the caller's thread.
///
/// # Errors
/// Where the history cannot be read; the first line that is wrong.
pub(super) fn digested<R: Read + Send>(input: R, mut fold: impl FnMut(&Stamped)) -> std::result::Result<Digested<R>, ReadError> {
    scope(|scope| {
        let (bytes, bytes_end) = chunks(scope, input);
        let (to_fold, folded) = sync_channel::<Arc<EventBatch>>(UNDER_WAY);
        let (to_digest, digested) = sync_channel::<Arc<EventBatch>>(UNDER_WAY);
        let (give_back, used) = channel::<Arc<EventBatch>>();
        let given_back = give_back.clone();
        let reading = scope.spawn(move || events(bytes, &[to_fold, to_digest], &used));
        let digesting = scope.spawn(move || {
            let (mut digest, mut replay) = (Digest::default(), Replay::default());
            for batch in digested {
                replay.each(&batch, |stamped| digest.apply(stamped));
                let _ = given_back.send(batch);
            }
            digest
        });
        let mut replay = Replay::default();
        for batch in folded {
            replay.each(&batch, &mut fold);
            let _ = give_back.send(batch);
        }
        drop(give_back);
        let torn = joined(reading.join())?;
        Ok(Digested { digest: joined(digesting.join()), torn, input: joined(bytes_end.join()) })
    })
}

/// What a thread came to; its panic goes on here.
fn joined<T>(end: std::thread::Result<T>) -> T {
    end.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Makes events of the bytes and hands them to each of these; true where the last line was torn.
fn events(
    bytes: PieceReader,
    to: &[SyncSender<Arc<EventBatch>>],
    used: &Receiver<Arc<EventBatch>>,
) -> std::result::Result<bool, ReadError> {
    let mut reader = Reader::new(bytes);
    loop {
        // Whoever comes last gives back a batch that is nobody else's.
        let mut batch = std::iter::from_fn(|| used.try_recv().ok()).find_map(Arc::into_inner).unwrap_or_default();
        if !reader.next_batch(&mut batch)? {
            return Ok(reader.torn());
        }
        let batch = Arc::new(batch);
        // A stage that is gone has panicked, which its end tells.
        to.iter().for_each(|stage| drop(stage.send(Arc::clone(&batch))));
    }
}

/// Reads the input piece by piece on a thread of its own, which ends with the input.
fn chunks<'s, R: Read + Send + 's>(scope: &'s Scope<'s, '_>, mut input: R) -> (PieceReader, std::thread::ScopedJoinHandle<'s, R>) {
    let (to_reader, chunks) = sync_channel::<Result<Vec<u8>>>(UNDER_WAY);
    let (give_back, used) = channel::<Vec<u8>>();
    let thread = scope.spawn(move || {
        loop {
            let mut chunk = used.try_recv().unwrap_or_default();
            let end = fill(&mut input, &mut chunk);
            let is_empty = chunk.is_empty();
            let is_over = is_empty || end.is_err();
            let sent = match end {
                Ok(()) => to_reader.send(Ok(chunk)),
                Err(error) if is_empty => to_reader.send(Err(error)),
                Err(error) => to_reader.send(Ok(chunk)).and_then(|()| to_reader.send(Err(error))),
            };
            if sent.is_err() || is_over {
                return input;
            }
        }
    });
    (PieceReader { chunks, give_back, chunk: Vec::new(), from: 0, is_over: false }, thread)
}

/// Reads until the chunk is full or the input is over. What was read before an error is in the chunk.
fn fill(input: &mut impl Read, chunk: &mut Vec<u8>) -> Result<()> {
    chunk.resize(CHUNK, 0);
    let mut filled = 0;
    let end = loop {
        match input.read(&mut chunk[filled..]) {
            Ok(0) => break Ok(()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    chunk.truncate(filled);
    end
}

/// The pieces as one text.
struct PieceReader {
    chunks: Receiver<Result<Vec<u8>>>,
    give_back: Sender<Vec<u8>>,
    chunk: Vec<u8>,
    from: usize,
    is_over: bool,
}

impl Read for PieceReader {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(out.len());
        out[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for PieceReader {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.from >= self.chunk.len() && !self.is_over {
            let next = self.chunks.recv().unwrap_or_else(|_| Err(Error::other("the thread that reads it is gone")));
            self.is_over = !matches!(&next, Ok(chunk) if !chunk.is_empty());
            let old = std::mem::replace(&mut self.chunk, next?);
            self.from = 0;
            let _ = self.give_back.send(old);
        }
        Ok(&self.chunk[self.from..])
    }

    fn consume(&mut self, count: usize) {
        self.from += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Event, read};

    const EVERY_LINE: &str = include_str!("../../tests/data/formats/every-line-2.4.jsonl");

    /// Reads a few bytes at a time, then fails where it is to.
    struct Slowly<'t>(&'t [u8], bool);

    impl Read for Slowly<'_> {
        fn read(&mut self, out: &mut [u8]) -> Result<usize> {
            if self.0.is_empty() && self.1 {
                return Err(Error::other("the disk is gone"));
            }
            let count = self.0.len().min(out.len()).min(1000);
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    /// The first line of a drill, and more requests than are handed on at once.
    fn long(requests: u64) -> String {
        let started = EVERY_LINE.lines().next().unwrap();
        let line = |id: u64| format!("{{\"t\":{id},\"request\":{{\"id\":{id},\"due\":{id},\"late\":1,\"done\":7,\"outcome\":\"ok\"}}}}\n");
        format!("{started}\n{}", (0..requests).map(line).collect::<String>())
    }

    #[test]
    fn every_event_comes_in_its_order_and_once() {
        let text = long(30_000);
        let mut seen = Vec::new();
        let done = digested(Slowly(text.as_bytes(), false), |stamped| seen.push(stamped.clone())).unwrap();
        assert!(seen == read(text.as_bytes()).unwrap().events && !done.torn);
        assert!(done.input.0.is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_as_by_one_thread() {
        let damaged = long(20_000).replacen("\"late\":1,\"done\":7,\"outcome\":\"ok\"}}\n{\"t\":17000", "\"late\":1}}\n{\"t\":17000", 1);
        let backwards = format!("{}{}", long(9_000), "{\"t\":5,\"shed\":{\"id\":9000,\"due\":5}}\n");
        for text in [damaged, backwards, String::new(), "{\"t\":1,\"phase\":{\"name\":\"watch\"}}\n".into()] {
            let alone = read(text.as_bytes()).map(|_| ()).map_err(|error| error.to_string());
            let together = digested(text.as_bytes(), |_| {}).map(|_| ()).map_err(|error| error.to_string());
            let nothing = text.is_empty();
            assert!(nothing || (alone.is_err() && alone == together), "{alone:?} {together:?}");
        }
        let torn = &long(10)[..long(10).len() - 5];
        let mut events = 0;
        assert!(digested(torn.as_bytes(), |stamped| events += usize::from(!matches!(stamped.event, Event::Started(_)))).unwrap().torn);
        assert_eq!(events, 9);
        let error = digested(Slowly(long(50_000).as_bytes(), true), |_| {}).err().unwrap();
        assert!(matches!(error, ReadError::Io(_)), "{error}");
    }
}
