//! Events that a history has by the million, as rows of numbers: requests, what fault proxies saw of them, and requests that were shed.
//!
//! Their texts (providers, and the words for what went wrong) are few, and stand in a [`NameTable`]. A row is an event without its texts, so that
//! many of them are read, handed to another thread and folded without an allocation each. [`EventBatch`] is some events in their order, rows and
//! whole ones, and [`Replay`] gives each of them as the event that it stands for.
//!
//! What this file does not do: read lines (`format`), or know what an event means.

use super::event::{Event, Outcome, RequestDone, Served, Shed, Stamped};
use crate::model::Tokens;
use crate::units::Fingerprint;
use std::borrow::Cow;
use std::sync::Arc;

/// So many different names are told apart in each table; a line with another one is read as a whole event.
const NAMES: usize = 250;

/// So many of the first names are looked for before a text is read to its end.
const FEW: usize = 4;

/// An event without its texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TrafficRow {
    /// A request ended.
    Request(RequestRow),
    /// A proxy saw an exchange end.
    Served(ServedRow),
    /// A request was shed.
    Shed(u64, Shed),
}

/// A [`RequestDone`] with its stamp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RequestRow {
    pub(super) t: u64,
    pub(super) id: u64,
    pub(super) due: u64,
    pub(super) lag: u64,
    pub(super) proof: Option<u64>,
    pub(super) done: u64,
    pub(super) outcome: Outcome,
    /// Its place among the words.
    pub(super) why: Option<u8>,
}

/// A [`Served`] with its stamp, of a request with a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ServedRow {
    pub(super) t: u64,
    pub(super) id: u64,
    /// Its place among the providers.
    pub(super) by: u8,
    pub(super) at: u64,
    pub(super) took: u64,
    pub(super) status: u16,
    pub(super) key: Option<Fingerprint>,
    pub(super) cut: bool,
    pub(super) touched: bool,
    pub(super) tenant: Option<Fingerprint>,
    /// Of the prompt and of the answer, where neither is more than 32 bits.
    pub(super) tokens: Option<(u32, u32)>,
}

impl TrafficRow {
    /// When it was stamped.
    pub(super) const fn t(&self) -> u64 {
        match self {
            Self::Request(row) => row.t,
            Self::Served(row) => row.t,
            Self::Shed(t, _) => *t,
        }
    }
}

/// Names in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct NameTable(Arc<Vec<Box<str>>>);

impl NameTable {
    /// The place of the name with which a text begins, up to a quotation mark, and its length; `None` where it is none of the first few.
    #[inline]
    pub(super) fn begins(&self, text: &[u8]) -> Option<(u8, usize)> {
        let is_it = |name: &str| text.get(name.len()) == Some(&b'"') && text.starts_with(name.as_bytes());
        let mut few = (0..).zip(self.0.iter().take(FEW));
        few.find(|(_, name)| is_it(name)).map(|(place, name)| (place, name.len()))
    }

    /// The place of a name; `None` where it is new and there is no room for it.
    pub(super) fn place(&mut self, name: &str) -> Option<u8> {
        let place = self.0.iter().position(|known| **known == *name).unwrap_or(self.0.len());
        if place == self.0.len() {
            if place >= NAMES {
                return None;
            }
            Arc::make_mut(&mut self.0).push(name.into());
        }
        u8::try_from(place).ok()
    }
}

/// The texts of rows.
#[derive(Debug, Clone, Default)]
pub(super) struct RowNames {
    /// Of providers.
    pub(super) providers: NameTable,
    /// For what went wrong.
    pub(super) words: NameTable,
}

/// Some events of a history, in their order.
#[derive(Debug, Default)]
pub struct EventBatch {
    /// `None` stands for the next of `events`.
    rows: Vec<Option<TrafficRow>>,
    events: Vec<Stamped>,
    names: RowNames,
}

impl EventBatch {
    /// How many.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// True where there is none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// For the next ones.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.events.clear();
    }

    pub(super) fn push_row(&mut self, row: TrafficRow) {
        self.rows.push(Some(row));
    }

    pub(super) fn push_event(&mut self, event: Stamped) {
        self.rows.push(None);
        self.events.push(event);
    }

    /// With the texts that its rows name.
    pub(super) fn name(&mut self, names: &RowNames) {
        self.names.clone_from(names);
    }
}

/// Gives the events of batches of one history, one after the other. It keeps an event for each text, so that a row becomes one without an
/// allocation.
#[derive(Debug, Default)]
pub struct Replay {
    /// Without a word, then by the place of the word.
    requests: Vec<Stamped>,
    /// By the place of the provider.
    served: Vec<Stamped>,
    shed: Option<Stamped>,
}

impl Replay {
    /// Every event of the batch, in order.
    pub fn each(&mut self, batch: &EventBatch, mut take: impl FnMut(&Stamped)) {
        self.learn(&batch.names);
        let mut events = batch.events.iter();
        for row in &batch.rows {
            match row {
                Some(row) => take(self.event(row)),
                None => events.next().into_iter().for_each(&mut take),
            }
        }
    }

    /// The event that one row stands for.
    pub(super) fn one(&mut self, row: &TrafficRow, names: &RowNames) -> Stamped {
        self.learn(names);
        self.event(row).clone()
    }

    fn learn(&mut self, names: &RowNames) {
        if self.requests.is_empty() {
            self.requests.push(blank_request(None));
        }
        let words = &names.words.0[(self.requests.len() - 1).min(names.words.0.len())..];
        self.requests.extend(words.iter().map(|word| blank_request(Some(word))));
        let providers = &names.providers.0[self.served.len().min(names.providers.0.len())..];
        self.served.extend(providers.iter().map(|name| blank_served(name)));
    }

    fn event(&mut self, row: &TrafficRow) -> &Stamped {
        let stamped = match row {
            TrafficRow::Request(row) => &mut self.requests[row.why.map_or(0, |word| usize::from(word) + 1)],
            TrafficRow::Served(row) => &mut self.served[usize::from(row.by)],
            TrafficRow::Shed(t, shed) => return self.shed.insert(Stamped { t: *t, event: Event::Shed(*shed) }),
        };
        match (row, &mut stamped.event) {
            (TrafficRow::Request(row), Event::Request(done)) => {
                stamped.t = row.t;
                (done.id, done.due, done.lag, done.proof, done.done, done.outcome) =
                    (row.id, row.due, row.lag, row.proof, row.done, row.outcome);
            }
            (TrafficRow::Served(row), Event::Served(served)) => {
                stamped.t = row.t;
                (served.id, served.at, served.took, served.status) = (Some(row.id), row.at, row.took, row.status);
                (served.key, served.tenant, served.cut, served.touched) = (row.key, row.tenant, row.cut, row.touched);
                served.tokens = row.tokens.map(|(input, output)| Tokens { input: input.into(), output: output.into() });
            }
            _ => {}
        }
        stamped
    }
}

fn blank_request(why: Option<&str>) -> Stamped {
    let why = why.map(|word| Cow::Owned(word.to_owned()));
    Stamped { t: 0, event: Event::Request(RequestDone { id: 0, due: 0, lag: 0, proof: None, done: 0, outcome: Outcome::Ok, why }) }
}

fn blank_served(by: &str) -> Stamped {
    let by = Cow::Owned(by.to_owned());
    let served = Served {
        id: None,
        by,
        at: 0,
        took: 0,
        status: 0,
        key: None,
        cut: false,
        touched: false,
        request: None,
        tenant: None,
        tokens: None,
    };
    Stamped { t: 0, event: Event::Served(served) }
}
