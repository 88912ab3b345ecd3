//! Toxics on the shape of an answer: that it stalls, ends early, goes wrong or lies.
//!
//! `after` counts the events of a stream that carry data, from when the fault took hold of it. A whole answer has no events: there these
//! toxics act in its middle, whatever `after` says. Answers other than 2xx pass.

use super::ToxicError;
use super::fields::{Attributes, Fields, bad, milliseconds, thousandths};
use crate::units::Duration;
use serde_json::json;

/// A shape with its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `stall_midstream`: the head comes, then so many events, then nothing for a while.
    Stall {
        /// Events that pass before.
        after: u64,
        /// How long; `None` until the toxic is removed.
        hold: Option<Duration>,
    },
    /// `slow_stream`: events pass at a steady rate. A whole answer passes.
    Slow {
        /// Thousandths of an event a second.
        rate: u64,
    },
    /// `keep_alive`: after so many events only comments come.
    KeepAlive {
        /// Events that pass before.
        after: u64,
        /// From one comment to the next.
        every: Duration,
    },
    /// `cut`: the connection is cut after so many events.
    Cut {
        /// Events that pass before.
        after: u64,
    },
    /// `end_early`: the answer ends politely after so many events, or at the latest before its terminal marker.
    EndEarly {
        /// Events that pass before.
        after: u64,
    },
    /// `error_event`: after so many events an error comes, and the answer ends.
    ErrorEvent {
        /// Events that pass before.
        after: u64,
    },
    /// `malformed`: after so many events one is broken; the others pass.
    Malformed {
        /// Events that pass before.
        after: u64,
    },
    /// `empty_answer`: a stream without events, or `{}`.
    Empty,
    /// `wrong_model`: the answer names another model.
    WrongModel,
    /// `corrupt`: the letters of the text are others.
    Corrupt,
}

impl Shape {
    /// The types' names.
    pub(super) const KINDS: [&'static str; 10] = [
        "stall_midstream",
        "slow_stream",
        "keep_alive",
        "cut",
        "end_early",
        "error_event",
        "malformed",
        "empty_answer",
        "wrong_model",
        "corrupt",
    ];

    pub(super) fn read(kind: &str, fields: &mut Fields) -> Result<Option<Self>, ToxicError> {
        let mut after = || Ok(fields.whole("after", 1_000_000_000)?.unwrap_or_default());
        Ok(Some(match kind {
            "stall_midstream" => Self::Stall { after: after()?, hold: fields.milliseconds("hold_ms")? },
            "slow_stream" => {
                let rate = (fields.number("rate", 1e6)?.unwrap_or(1.0) * 1e3).round() as u64;
                Self::Slow { rate: Some(rate).filter(|rate| *rate > 0).ok_or_else(|| bad("rate", "write at least 0.001 events a second"))? }
            }
            "keep_alive" => {
                let after = after()?;
                let every = fields.milliseconds("every_ms")?.unwrap_or(Duration::from_secs(1));
                if every < Duration::from_millis(1) {
                    return Err(bad("every_ms", "write at least 1"));
                }
                Self::KeepAlive { after, every }
            }
            "cut" => Self::Cut { after: after()? },
            "end_early" => Self::EndEarly { after: after()? },
            "error_event" => Self::ErrorEvent { after: after()? },
            "malformed" => Self::Malformed { after: after()? },
            "empty_answer" => Self::Empty,
            "wrong_model" => Self::WrongModel,
            "corrupt" => Self::Corrupt,
            _ => return Ok(None),
        }))
    }

    pub(super) const fn kind(&self) -> &'static str {
        let place = match self {
            Self::Stall { .. } => 0,
            Self::Slow { .. } => 1,
            Self::KeepAlive { .. } => 2,
            Self::Cut { .. } => 3,
            Self::EndEarly { .. } => 4,
            Self::ErrorEvent { .. } => 5,
            Self::Malformed { .. } => 6,
            Self::Empty => 7,
            Self::WrongModel => 8,
            Self::Corrupt => 9,
        };
        Self::KINDS[place]
    }

    pub(super) fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::new();
        let mut set = |name: &str, value| drop(attributes.insert(name.to_owned(), value));
        match *self {
            Self::Slow { rate } => set("rate", json!(thousandths(rate))),
            Self::Stall { after, hold } => {
                set("after", json!(after));
                if let Some(hold) = hold {
                    set("hold_ms", json!(milliseconds(hold)));
                }
            }
            Self::KeepAlive { after, every } => {
                set("after", json!(after));
                set("every_ms", json!(milliseconds(every)));
            }
            Self::Cut { after } | Self::EndEarly { after } | Self::ErrorEvent { after } | Self::Malformed { after } => {
                set("after", json!(after));
            }
            Self::Empty | Self::WrongModel | Self::Corrupt => {}
        }
        attributes
    }
}
