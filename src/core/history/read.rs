//! Reads a history back, event by event, from any reader. A torn last line is left out; nothing else is forgiven.
//!
//! Lines of traffic that stand there as they are written are read by hand (`format::traffic_line`), in place; everything else, and every line that
//! is not as it should be, by the general reader, which alone says what is wrong.

use super::event::{Event, Stamped};
use super::format::{FORMAT, FormatVersion, WrittenBy, is_of_unknown_kind, traffic_row, writer_of};
use super::remark::{Remark, RemarkAbout};
use super::seal::Seal;
use super::traffic_row::{EventBatch, Replay, RowNames, TrafficRow};
use crate::units::Explained;
use std::borrow::Cow;
use std::io::{BufRead, ErrorKind};

/// So many events are read at once, so that those who fold them on other threads wait for each other seldom.
const BATCH: usize = 4096;

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
        /// Who wrote it, where that was a newer build than this: it may know what this one does not.
        newer: Option<WrittenBy>,
    },
    /// The first event is not `started`.
    #[error("the history is empty or does not begin with the event `started` of a drill")]
    NoStart,
    /// A format that this build cannot read.
    #[error("written by {writer}; this build ({}) reads {}", env!("CARGO_PKG_VERSION"), FormatVersion::readable())]
    Version {
        /// As the file says.
        writer: WrittenBy,
    },
    /// Time runs backwards.
    #[error("line {line} is earlier than the line before it")]
    Order {
        /// From 1.
        line: u64,
    },
}

impl Explained for ReadError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Version { writer } if writer.format > FORMAT => "update lifeboat",
            Self::Version { .. } => "the file's first line names the version that wrote it; judge it with that one",
            Self::Line { newer: Some(_), .. } => "a newer lifeboat wrote it; update this one",
            Self::NoStart => "a drill that was killed right at its start leaves nothing to judge; run it again",
            Self::Io(_) | Self::Line { .. } | Self::Order { .. } => {
                "only its last line may be incomplete; copy the file again from where it came"
            }
        }))
    }
}

/// Reads events one by one.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    buffer: Vec<u8>,
    line: u64,
    last: u64,
    torn: bool,
    /// The build that wrote it, where its format has more than this build knows.
    newer: Option<WrittenBy>,
    /// What is told after the first event.
    remark: Option<Stamped>,
    /// The texts of rows, and the events that they become for whoever reads one after the other.
    names: RowNames,
    replay: Replay,
}

/// What a line says.
enum LineRead {
    Row(TrafficRow),
    /// Rare, and large.
    Event(Box<Stamped>),
}

impl<R: BufRead> Reader<R> {
    /// Over the bytes of a `history.jsonl`.
    pub fn new(input: R) -> Self {
        let (names, replay) = (RowNames::default(), Replay::default());
        Self { input, buffer: Vec::new(), line: 0, last: 0, torn: false, newer: None, remark: None, names, replay }
    }

    /// True once the end was reached and the last line was torn.
    pub const fn torn(&self) -> bool {
        self.torn
    }

    /// The next event; `None` at the end. Where a newer build added to the format, a remark that says so follows the first event, and what it
    /// added is left out.
    ///
    /// # Errors
    /// Where a line other than a torn last one cannot be read, or time runs backwards.
    pub fn next_event(&mut self) -> Result<Option<Stamped>, ReadError> {
        Ok(self.next_read()?.map(|read| match read {
            LineRead::Row(row) => self.replay.one(&row, &self.names),
            LineRead::Event(stamped) => *stamped,
        }))
    }

    /// The next events together; `false` at the end. The batch is emptied first.
    ///
    /// # Errors
    /// As [`Self::next_event`]; what came before the line that is wrong is in the batch.
    pub fn next_batch(&mut self, batch: &mut EventBatch) -> Result<bool, ReadError> {
        batch.clear();
        while batch.len() < BATCH
            && let Some(read) = self.next_read()?
        {
            match read {
                LineRead::Row(row) => batch.push_row(row),
                LineRead::Event(stamped) => batch.push_event(*stamped),
            }
        }
        batch.name(&self.names);
        Ok(!batch.is_empty())
    }

    fn next_read(&mut self) -> Result<Option<LineRead>, ReadError> {
        if let Some(remark) = self.remark.take() {
            return Ok(Some(LineRead::Event(Box::new(remark))));
        }
        loop {
            if let Some(row) = self.next_row()? {
                return Ok(Some(LineRead::Row(row)));
            }
            if !self.next_line()? {
                return Ok(None);
            }
            if self.line == 1 {
                self.check_writer()?;
            } else if let Some(seal) = Seal::of_line(&self.buffer) {
                self.passes(seal.t)?;
                continue;
            }
            let Some(stamped) = self.parsed()? else { continue };
            if self.line == 1 && !matches!(stamped.event, Event::Started(_) | Event::ExecutionStarted(_)) {
                return Err(ReadError::NoStart);
            }
            self.passes(stamped.t)?;
            if self.line == 1 {
                self.remark = self.newer.as_ref().map(|writer| Stamped { t: stamped.t, event: left_out(writer) });
            }
            return Ok(Some(LineRead::Event(Box::new(stamped))));
        }
    }

    /// The next line, where it is one of traffic as it is written, and all of it is there.
    fn next_row(&mut self) -> Result<Option<TrafficRow>, ReadError> {
        if self.line == 0 {
            return Ok(None);
        }
        let text = loop {
            match self.input.fill_buf() {
                Ok(text) => break text,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        let Some((row, length)) = traffic_row(text, &mut self.names) else { return Ok(None) };
        self.input.consume(length);
        self.line += 1;
        self.torn = false;
        self.passes(row.t())?;
        Ok(Some(row))
    }

    /// Reads the next whole line into the buffer; false at the end.
    fn next_line(&mut self) -> Result<bool, ReadError> {
        self.buffer.clear();
        if self.input.read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(false);
        }
        self.line += 1;
        // Written without its end: the process died in the middle. Even if it happens to parse, it may be a prefix.
        self.torn = self.buffer.last() != Some(&b'\n');
        Ok(!self.torn)
    }

    /// Time has come to this moment.
    const fn passes(&mut self, t: u64) -> Result<(), ReadError> {
        if t < self.last {
            return Err(ReadError::Order { line: self.line });
        }
        self.last = t;
        Ok(())
    }

    /// Whether this build can read what the writer of the first line wrote.
    fn check_writer(&mut self) -> Result<(), ReadError> {
        let Some(writer) = writer_of(&self.buffer) else { return Ok(()) };
        if !writer.format.is_readable() {
            return Err(ReadError::Version { writer });
        }
        self.newer = Some(writer).filter(|writer| writer.format.has_more());
        Ok(())
    }

    /// The event of the line in the buffer; `None` where it is of a kind that only a newer build knows.
    fn parsed(&self) -> Result<Option<Stamped>, ReadError> {
        serde_json::from_slice(&self.buffer).map(Some).or_else(|error| match &self.newer {
            Some(_) if is_of_unknown_kind(&self.buffer) => Ok(None),
            newer => Err(ReadError::Line { line: self.line, problem: error.to_string(), newer: newer.clone() }),
        })
    }
}

/// What a history of a newer minor format is told with.
fn left_out(writer: &WrittenBy) -> Event {
    let text = format!(
        "this history was written by {writer}; this build ({}) knows format {FORMAT}, and left out what was added since",
        env!("CARGO_PKG_VERSION")
    );
    Event::Remark(Remark { about: RemarkAbout::Format, text })
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
