//! What every format becomes: rows, and what is known of the record as a whole.

use super::moment::{self, SECOND};
use super::source::{LoadModel, RecordSource};
use crate::history::Outcome;
use crate::units::{Explained, Problem, counted, grouped};
use std::borrow::Cow;
use std::fmt;

/// The most requests that are judged at once: 20 million take about two gigabytes.
const MOST_ROWS: usize = 20_000_000;
/// The most distinct names of who served.
const MOST_NAMES: usize = 1000;

/// The provider that served a request, as far as the record names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedProvider {
    /// The record does not say.
    Untold,
    /// Nobody did.
    Nobody,
    /// The name at this index in [`ImportedRecord::names`].
    Name(u16),
}

/// A row of a record: one request. Moments in nanoseconds on the record's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRow {
    /// When it was sent; the latest moment at which it may have been, where that is not known.
    pub sent: i64,
    /// How much earlier than `sent` it may have been sent; 0 where that is known as well as the record writes moments.
    pub doubt: i64,
    /// From `sent` to its end; `None` where the record does not tell.
    pub took: Option<i64>,
    /// From `sent` to the head of its answer, where the record tells.
    pub head: Option<i64>,
    /// How it ended.
    pub kind: Outcome,
    /// Who served it.
    pub who: RecordedProvider,
}

/// The nature of a record: what its format tells and what it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordNature {
    /// The tool that wrote it.
    pub source: RecordSource,
    /// How a generator sent; `None` for a log, whose requests came from its clients.
    pub pace: Option<LoadModel>,
    /// False where requests without an answer leave no line.
    pub unanswered_seen: bool,
    /// Of what its moments are.
    pub stamps: Stamps,
}

/// What a record's moments are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamps {
    /// Of requests.
    Requests,
    /// Of the connections that they came on, with an idle time of unknown length before each request.
    Connections,
}

/// A run of lines that could not be read, and between which requests they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// How many.
    pub lines: u64,
    /// The last request before them.
    pub after: Option<RequestSpan>,
    /// The first request after them.
    pub before: Option<RequestSpan>,
}

/// The latest beginning and end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestSpan {
    /// Its beginning.
    pub sent: i64,
    /// Its end.
    pub ended: i64,
}

/// The disorder of a record's lines: how much earlier a line's moment is than one that stands above it, at the most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disorder {
    /// Of the beginnings.
    pub sent: i64,
    /// Of the ends.
    pub ended: i64,
}

/// A record that was read to its end.
#[derive(Debug)]
pub struct ImportedRecord {
    /// Its requests, in the order of the file.
    pub rows: Vec<RecordRow>,
    /// Names of who served, as the record writes them.
    pub names: Vec<String>,
    /// What its format tells.
    pub nature: RecordNature,
    /// Moments may be this much later than they are written, because they were rounded.
    pub grain: i64,
    /// When it began: its first request, or its own zero.
    pub start: i64,
    /// True where it counts from its own zero, and not from 1970.
    pub relative: bool,
    /// When its last request ended, of those too that were left out.
    pub last: i64,
    /// The moment after which requests were left out.
    pub until: Option<i64>,
    /// Lines in all.
    pub lines: u64,
    /// Lines that could not be read.
    pub skipped: u64,
    /// Where these stand.
    pub gaps: Vec<Gap>,
    /// How well its lines are in order.
    pub disorder: Disorder,
}

/// The reason why a record cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file could not be read on.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// Nothing in it.
    #[error("it contains no request")]
    Empty {
        /// What to type or record instead.
        hint: &'static str,
    },
    /// It is something else.
    #[error("{unreadable} of {lines} lines cannot be read as {of}; the first is line {line}: {why}")]
    Unreadable {
        /// What it was taken for.
        of: RecordSource,
        /// How many could not be read.
        unreadable: u64,
        /// Of how many.
        lines: u64,
        /// The first of them, from 1.
        line: u64,
        /// What is wrong there.
        why: String,
        /// What to type.
        hint: &'static str,
    },
    /// It is known what it is, and it is not read.
    #[error("{what}")]
    Packed {
        /// What it is.
        what: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// A format line that cannot be used.
    #[error("the format line cannot be used: {0}")]
    Template(Problem),
    /// An option that says nothing for this format.
    #[error("--{option} has no meaning for a record of {of}")]
    Option {
        /// The option.
        option: &'static str,
        /// The format.
        of: RecordSource,
        /// What to do instead.
        hint: &'static str,
    },
    /// Too much for one judgement.
    #[error("it contains more than {MOST_ROWS} requests")]
    Many,
    /// A moment outside of the record.
    #[error("{what} ({moment}) is outside the record, which runs from {from} to {to}")]
    Outside {
        /// Which moment.
        what: &'static str,
        /// As it was understood.
        moment: String,
        /// The record's start.
        from: String,
        /// The record's end.
        to: String,
    },
    /// The heal before the fault.
    #[error("--heal-at is before --fault-at")]
    Order,
}

impl Explained for ImportError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Read(_) => "copy the file again",
            Self::Empty { hint } | Self::Unreadable { hint, .. } | Self::Packed { hint, .. } | Self::Option { hint, .. } => hint,
            Self::Template(problem) => return problem.hint(),
            Self::Many => "judge a part of it, with `--since` and `--until`",
            Self::Outside { .. } => "write it by the record's own clock, or as an offset from its start: `+42s`",
            Self::Order => "the outage begins at `--fault-at` and ends at `--heal-at`",
        }))
    }
}

/// The rows of a record while it is read, with what is known of the record as a whole.
#[derive(Debug, Default)]
pub(super) struct RowCollector {
    pub(super) rows: Vec<RecordRow>,
    pub(super) names: Vec<String>,
    pub(super) grain: i64,
    pub(super) start: Option<i64>,
    pub(super) relative: bool,
    pub(super) last: i64,
    pub(super) since: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) full: bool,
    pub(super) gaps: Vec<Gap>,
    pub(super) disorder: Disorder,
    pub(super) newest: Option<RequestSpan>,
    /// The request that was taken in last, where that is known.
    pub(super) previous: Option<RequestSpan>,
}

impl RowCollector {
    /// Takes one request in, if it lies within the span that is asked for.
    pub(super) fn push(&mut self, row: RecordRow) {
        let earliest = row.sent.saturating_sub(row.doubt);
        self.start = Some(self.start.map_or(earliest, |start| start.min(earliest)));
        self.last = self.last.max(row.sent.saturating_add(row.took.unwrap_or(0)));
        self.follow(RequestSpan { sent: row.sent, ended: row.sent.saturating_add(row.took.unwrap_or(0)) });
        if self.since.is_some_and(|since| row.sent < since) || self.until.is_some_and(|until| row.sent > until) {
            return;
        }
        if self.rows.len() == MOST_ROWS {
            self.full = true;
            return;
        }
        self.rows.push(row);
    }

    /// A line could not be read.
    pub(super) fn miss(&mut self) {
        match self.gaps.last_mut().filter(|gap| gap.before.is_none()) {
            Some(gap) => gap.lines += 1,
            None => self.gaps.push(Gap { lines: 1, after: self.previous, before: None }),
        }
    }

    /// Takes in where the next request of the file stands among the others.
    fn follow(&mut self, now: RequestSpan) {
        if let Some(gap) = self.gaps.last_mut().filter(|gap| gap.before.is_none()) {
            gap.before = Some(now);
        }
        let newest = self.newest.get_or_insert(now);
        self.disorder.sent = self.disorder.sent.max(newest.sent.saturating_sub(now.sent));
        self.disorder.ended = self.disorder.ended.max(newest.ended.saturating_sub(now.ended));
        *newest = RequestSpan { sent: newest.sent.max(now.sent), ended: newest.ended.max(now.ended) };
        self.previous = Some(now);
    }

    /// Moments are written no finer than this.
    pub(super) fn rounded_to(&mut self, grain: i64) {
        self.grain = self.grain.max(grain);
    }

    /// Who served, by a name; `-` and nothing are no names.
    pub(super) fn who(&mut self, name: &str) -> RecordedProvider {
        if name.is_empty() || name == "-" {
            return RecordedProvider::Untold;
        }
        let index = self.names.iter().position(|known| known == name).or_else(|| {
            (self.names.len() < MOST_NAMES).then(|| {
                self.names.push(name.to_owned());
                self.names.len() - 1
            })
        });
        index.and_then(|index| u16::try_from(index).ok()).map_or(RecordedProvider::Untold, RecordedProvider::Name)
    }
}

/// An outline of a record in a few lines for people, and where its failures are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline(String);

impl ImportedRecord {
    /// A moment of it, for people.
    pub(super) fn shown(&self, at: i64) -> String {
        let after = format!("+{:.3}s", (at - self.start) as f64 / 1e9);
        if self.relative { after } else { format!("{} ({after})", moment::moment_text(at)) }
    }

    /// What is in it. The longest stretch of failures is where an outage may have been; when it began is for people to say, because an
    /// outage begins before its first failure.
    pub fn outline(&self) -> Outline {
        let mut order: Vec<&RecordRow> = self.rows.iter().collect();
        order.sort_by_key(|row| row.sent);
        let bad = |row: &RecordRow| matches!(row.kind, Outcome::Error | Outcome::Timeout | Outcome::Truncated | Outcome::Unsent);
        let failed: Vec<i64> = order.iter().filter(|row| bad(row)).map(|row| row.sent).collect();
        // Failures with less than ten seconds between them belong together.
        let longest = failed.chunk_by(|left, right| right - left < 10 * SECOND).max_by_key(|run| run.len());
        let mut text =
            format!("{} from {} to {}", counted(self.rows.len() as u64, "request"), self.shown(self.start), self.shown(self.last));
        match longest {
            None => text.push_str("; none failed"),
            Some(run) => text.push_str(&format!(
                "; {} failed, {} of them from {} to {}",
                grouped(failed.len() as u64),
                if run.len() == failed.len() { "all".to_owned() } else { grouped(run.len() as u64) },
                self.shown(run[0]),
                self.shown(run[run.len() - 1])
            )),
        }
        if !self.names.is_empty() {
            text.push_str(&format!("; served by {}", self.names.iter().take(8).cloned().collect::<Vec<_>>().join(", ")));
        }
        Outline(text)
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
