//! Reads a history back, event by event, from any reader. A torn last line is left out; nothing else is forgiven.

use super::FORMAT;
use super::event::Event;
use super::event::Stamped;
use std::io::BufRead;

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot read the history")]
    Io(#[from] std::io::Error),
    /// A line is not an event.
    #[error("line {line} is not an event: {problem}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// The first event is not `started`.
    #[error("the history is empty or does not begin with the event `started` of a drill")]
    NoStart,
    /// Another version.
    #[error("the history has format {found}, this build reads format {FORMAT}")]
    Version {
        /// As the file says.
        found: u32,
    },
    /// Time runs backwards.
    #[error("line {line} is earlier than the line before it")]
    Order {
        /// From 1.
        line: u64,
    },
}

/// Reads events one by one.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    buffer: Vec<u8>,
    line: u64,
    last: u64,
    torn: bool,
}

impl<R: BufRead> Reader<R> {
    /// Over the bytes of a `history.jsonl`.
    pub const fn new(input: R) -> Self {
        Self { input, buffer: Vec::new(), line: 0, last: 0, torn: false }
    }

    /// True once the end was reached and the last line was torn.
    pub const fn torn(&self) -> bool {
        self.torn
    }

    /// The next event; `None` at the end.
    ///
    /// # Errors
    /// Where a line other than a torn last one cannot be read, or time runs backwards.
    pub fn next_event(&mut self) -> Result<Option<Stamped>, ReadError> {
        self.buffer.clear();
        if self.input.read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        if self.buffer.last() != Some(&b'\n') {
            // Written without its end: the process died in the middle. Even if it happens to parse, it may be a prefix.
            self.torn = true;
            return Ok(None);
        }
        let stamped: Stamped =
            serde_json::from_slice(&self.buffer).map_err(|error| ReadError::Line { line: self.line, problem: error.to_string() })?;
        if self.line == 1 {
            match &stamped.event {
                Event::Started(started) if started.format == FORMAT => {}
                Event::ExecutionStarted(started) if started.format == FORMAT => {}
                Event::Started(started) => return Err(ReadError::Version { found: started.format }),
                Event::ExecutionStarted(started) => return Err(ReadError::Version { found: started.format }),
                _ => return Err(ReadError::NoStart),
            }
        }
        if stamped.t < self.last {
            return Err(ReadError::Order { line: self.line });
        }
        self.last = stamped.t;
        Ok(Some(stamped))
    }
}

/// A whole history in memory. For reports and tests; judging folds the events as they are read.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// In order; the first is `started`.
    pub events: Vec<Stamped>,
    /// True where the last line was torn.
    pub torn: bool,
}

/// Reads a whole history.
///
/// # Errors
/// See [`ReadError`].
pub fn read(input: impl BufRead) -> Result<History, ReadError> {
    let mut reader = Reader::new(input);
    let mut events = Vec::new();
    while let Some(event) = reader.next_event()? {
        events.push(event);
    }
    if events.is_empty() {
        return Err(ReadError::NoStart);
    }
    Ok(History { events, torn: reader.torn() })
}
