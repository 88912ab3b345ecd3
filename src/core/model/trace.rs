//! Arrivals as somebody recorded them.
//!
//! Moments are played as they were. Tokens are kept with them, and no request is made longer for them: every request of the traffic asks
//! for the same few words.

use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The most tokens of a recorded prompt that are kept; a longer one counts as this long.
pub const INPUT_MAX: u32 = 8_000;
/// The same of a recorded answer.
pub const OUTPUT_MAX: u32 = 2_000;

/// One recorded request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceRow {
    /// Nanoseconds from the first, as it is played.
    pub at: u64,
    /// Tokens of its prompt.
    pub input: u32,
    /// Tokens of its answer.
    pub output: u32,
}

/// A recording that is played. A history names it and keeps no rows: when each request was due is in its own event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The file, as a path from the project's root.
    pub file: String,
    /// SHA-256 of the rows that can be played, in hexadecimal: each as its moment, its tokens in and its tokens out.
    pub rows_sha256: String,
    /// How many times as fast as it was recorded.
    pub speed: f64,
    /// True where it begins again after its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeat: bool,
    /// From its first row to its last, as it is played; no more of it is known than a drill can need.
    pub length: Duration,
    /// How many requests are due in the drill's time.
    pub requests: u64,
    /// The most of them in one second.
    pub busiest: u64,
    /// The largest gap between two of them.
    pub gap_max: Duration,
    /// The rows themselves; empty where it was read from a history.
    #[serde(skip)]
    pub rows: Arc<[TraceRow]>,
}

impl Trace {
    /// When the request at this place is due, in nanoseconds from the start; `None` after the last.
    pub fn due(&self, place: u64) -> Option<u64> {
        let count = self.rows.len() as u64;
        let (round, place) = (place.checked_div(count)?, place.checked_rem(count)?);
        if round > 0 && !self.repeat {
            return None;
        }
        // The next round begins as long after the last row as rows are apart on average.
        let last = self.rows.last()?.at;
        // Moments that no clock reaches stay there.
        let period = last.saturating_add((last / (count - 1).max(1)).max(1));
        Some(round.saturating_mul(period).saturating_add(self.rows[usize::try_from(place).ok()?].at))
    }

    /// The row of the request at this place.
    pub fn row(&self, place: u64) -> Option<TraceRow> {
        self.rows.get(usize::try_from(place.checked_rem(self.rows.len() as u64)?).ok()?).copied()
    }
}
