//! The requests of a running drill over time: what `history::Live` knows of the last minute in detail, kept from the first request on in columns that
//! become wider as the drill goes on. So whoever looks late sees all of it, and a drill of a day takes no more room than one of a minute.

use crate::history::Live;

/// A slice of the live fold in nanoseconds.
const SLICE: u64 = 100_000_000;
/// Columns that are kept; where there would be more, two become one.
const MOST: usize = 2_400;

/// What happened to the leading workload within a column, counted when answers ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CurveColumn {
    /// Requests that ended well.
    pub good: u64,
    /// Requests that were answered too late.
    pub slow: u64,
    /// Requests that were not answered.
    pub failed: u64,
    /// Requests that could not be sent.
    pub shed: u64,
    /// Whole answers by provider, by place in [`Live::providers`].
    pub served: Vec<u64>,
}

impl CurveColumn {
    /// Takes another in.
    pub fn add(&mut self, other: &Self) {
        self.good += other.good;
        self.slow += other.slow;
        self.failed += other.failed;
        self.shed += other.shed;
        if self.served.len() < other.served.len() {
            self.served.resize(other.served.len(), 0);
        }
        self.served.iter_mut().zip(&other.served).for_each(|(sum, more)| *sum += more);
    }
}

/// Requests of a drill over time, since its traffic began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillCurve {
    /// Slices in a column.
    width: u64,
    columns: Vec<CurveColumn>,
    /// The first slice that was not taken yet.
    next: u64,
}

impl Default for DrillCurve {
    fn default() -> Self {
        Self { width: 1, columns: Vec::new(), next: 0 }
    }
}

impl DrillCurve {
    /// Takes in what the live fold has in detail and is whole. To be called at least once a minute of the drill's time: what is older is gone there.
    pub fn take(&mut self, live: &Live) {
        let Some(first) = live.traffic_since.map(|since| since / SLICE) else { return };
        let whole = if live.finished { u64::MAX } else { live.now / SLICE };
        let from = self.next.max(first);
        for bucket in live.leading().slices.iter().filter(|bucket| (from..whole).contains(&bucket.slice)) {
            let column = CurveColumn {
                good: bucket.good,
                slow: bucket.slow,
                failed: bucket.failed,
                shed: bucket.shed,
                served: bucket.served.clone(),
            };
            self.put(bucket.slice - first, &column);
        }
        self.next = if live.finished { u64::MAX } else { whole };
    }

    fn put(&mut self, slice: u64, column: &CurveColumn) {
        while slice / self.width >= MOST as u64 {
            self.halve();
        }
        let place = usize::try_from(slice / self.width).unwrap_or(MOST - 1);
        if self.columns.len() <= place {
            self.columns.resize(place + 1, CurveColumn::default());
        }
        self.columns[place].add(column);
    }

    fn halve(&mut self) {
        self.width *= 2;
        self.columns = self
            .columns
            .chunks(2)
            .map(|pair| {
                let mut sum = CurveColumn::default();
                pair.iter().for_each(|column| sum.add(column));
                sum
            })
            .collect();
    }

    /// The width of a column in nanoseconds.
    pub const fn width_ns(&self) -> u64 {
        self.width * SLICE
    }

    /// Since the traffic began.
    pub fn columns(&self) -> &[CurveColumn] {
        &self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Bucket;

    fn live(now_slices: u64, slices: impl Iterator<Item = u64>) -> Live {
        let mut live = Live { now: now_slices * SLICE, traffic_since: Some(5 * SLICE), ..Live::default() };
        live.workloads[0].slices = slices.map(|slice| Bucket { slice, good: 2, served: vec![0, 2], ..Bucket::default() }).collect();
        live
    }

    #[test]
    fn each_slice_is_taken_once_and_when_it_is_whole() {
        let mut curve = DrillCurve::default();
        curve.take(&live(8, 3..9));
        assert_eq!(curve.columns().len(), 3, "from where the traffic began to before the slice that still fills");
        curve.take(&live(8, 3..9));
        let mut end = live(10, 4..11);
        end.finished = true;
        curve.take(&end);
        curve.take(&end);
        assert_eq!(curve.columns().iter().map(|column| (column.good, column.served[1])).collect::<Vec<_>>(), vec![(2, 2); 6]);
    }

    #[test]
    fn a_long_drill_takes_no_more_room_and_loses_no_request() {
        let mut curve = DrillCurve::default();
        for minute in 0..100_u64 {
            let from = 5 + minute * 500;
            curve.take(&live(from + 500, from..from + 500));
        }
        assert!(curve.columns().len() <= MOST && curve.width_ns() > SLICE, "{} columns", curve.columns().len());
        assert_eq!(curve.columns().iter().map(|column| column.good).sum::<u64>(), 2 * 50_000);
    }
}
