//! Requests over time: how they ended, who served them, and how long it took, in columns that grow wider as the drill grows longer.
//!
//! What this file does not do: know of faults or of what a picture looks like.

use super::spread::Spread;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
/// Widths of a column, each a multiple of the one before.
const WIDTHS: [u64; 12] = [
    100 * MS,
    500 * MS,
    SECOND,
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    300 * SECOND,
    900 * SECOND,
    1_800 * SECOND,
    3_600 * SECOND,
    86_400 * SECOND,
];
/// Columns before they are made wider.
const MOST: usize = 1_200;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Ending {
    /// Answered, and too late.
    Late,
    /// Known not to have been served.
    Error,
    /// No answer by the deadline.
    Timeout,
    /// An answer that broke off.
    Truncated,
    /// Never sent.
    Unsent,
    /// Nobody can tell.
    Unknown,
    /// Good, and nobody can tell who served it.
    Good,
    /// Good, by the provider with this place.
    GoodBy(u16),
}

impl Ending {
    /// Those that were not good, in the order in which they are told.
    pub(in crate::report) const BAD: [(Self, &'static str); 6] = [
        (Self::Late, "late"),
        (Self::Error, "error"),
        (Self::Timeout, "timeout"),
        (Self::Truncated, "truncated"),
        (Self::Unsent, "unsent"),
        (Self::Unknown, "unknown"),
    ];

    fn place(self) -> usize {
        match self {
            Self::Late => 0,
            Self::Error => 1,
            Self::Timeout => 2,
            Self::Truncated => 3,
            Self::Unsent => 4,
            Self::Unknown => 5,
            Self::Good => 6,
            Self::GoodBy(provider) => 7 + usize::from(provider),
        }
    }
}

/// The requests that were due in some time.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Column {
    counts: Vec<u32>,
    /// From due to what the service level counts, of answered requests.
    pub(in crate::report) service: Spread,
    /// From due to the first token, of answered streams.
    pub(in crate::report) first_token: Spread,
    /// From the first token to the end, of answered streams.
    pub(in crate::report) streaming: Spread,
}

impl Column {
    /// How many ended so.
    pub(in crate::report) fn count(&self, ending: Ending) -> u32 {
        self.counts.get(ending.place()).copied().unwrap_or(0)
    }

    /// One more that ended so.
    pub(in crate::report) fn end(&mut self, ending: Ending) {
        self.add(ending.place(), 1);
    }

    fn add(&mut self, place: usize, more: u32) {
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] = self.counts[place].saturating_add(more);
    }

    /// Takes in all that the other holds.
    pub(in crate::report) fn merge(&mut self, other: &Self) {
        for (place, count) in other.counts.iter().enumerate() {
            self.add(place, *count);
        }
        self.service.merge(&other.service);
        self.first_token.merge(&other.first_token);
        self.streaming.merge(&other.streaming);
    }
}

/// All columns of a workload, from when the traffic began.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Columns {
    /// The place of the width.
    step: usize,
    cells: Vec<Column>,
}

impl Columns {
    /// The column in which this moment is, in nanoseconds since the traffic began.
    pub(in crate::report) fn at(&mut self, since: u64) -> &mut Column {
        while since / self.width_ns() >= MOST as u64 && self.step + 1 < WIDTHS.len() {
            self.widen();
        }
        let place = ((since / self.width_ns()) as usize).min(MOST - 1);
        if self.cells.len() <= place {
            self.cells.resize_with(place + 1, Column::default);
        }
        &mut self.cells[place]
    }

    fn widen(&mut self) {
        let each = (WIDTHS[self.step + 1] / WIDTHS[self.step]) as usize;
        self.cells = merged(&self.cells, each);
        self.step += 1;
    }

    /// The width of a column in nanoseconds.
    pub(in crate::report) fn width_ns(&self) -> u64 {
        WIDTHS[self.step]
    }

    /// All of them, in order.
    pub(in crate::report) fn cells(&self) -> &[Column] {
        &self.cells
    }

    /// The same in columns that are so many times as wide.
    pub(in crate::report) fn wider(&self, times: usize) -> Vec<Column> {
        merged(&self.cells, times)
    }
}

fn merged(cells: &[Column], each: usize) -> Vec<Column> {
    let merge = |cells: &[Column]| {
        let mut all = Column::default();
        cells.iter().for_each(|cell| all.merge(cell));
        all
    };
    cells.chunks(each.max(1)).map(merge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_grow_with_the_drill_and_lose_no_request() {
        let mut columns = Columns::default();
        let mut told = 0;
        for (length, width, most) in [(3, 100 * MS, 30), (119, 100 * MS, 1_190), (500, 500 * MS, 1_000), (3 * 86_400, 300 * SECOND, 864)] {
            let from = told;
            (from..length).for_each(|second| columns.at(second * SECOND).end(Ending::GoodBy(1)));
            told = length;
            assert_eq!(columns.width_ns(), width, "after {length} s");
            assert!(columns.cells().len() <= most && columns.cells().len() + 10 >= most, "{}", columns.cells().len());
            let sum: u64 = columns.cells().iter().map(|cell| u64::from(cell.count(Ending::GoodBy(1)))).sum();
            assert_eq!(sum, length);
        }
        assert_eq!(columns.wider(6).len(), 144);
        columns.at(u64::MAX).end(Ending::Late);
        assert!(columns.cells().len() <= MOST, "no moment makes them more");
    }
}
