//! What is known of one workload of a drill while it runs. Every workload has one of these, and all count alike.
//!
//! What this file does not do: know what the drill looks at (`live`), or what a silence means (`open`).

use super::bucket::{Bucket, SLICE};
use super::event::{Outcome, Overdue, RequestDone};
use super::open::OpenRequests;
use crate::model::Objectives;
use std::collections::{BTreeMap, VecDeque};

/// Slices that are kept: one minute.
const SLICES: usize = 600;
/// Different words for failures that are counted: a body's error code is somebody else's text.
const WORDS: usize = 32;

/// The counts of one workload.
#[derive(Debug, Clone, Default)]
pub struct LiveWorkload {
    /// The last minute, oldest first.
    pub slices: VecDeque<Bucket>,
    /// Everything so far.
    pub total: Bucket,
    /// How often each word for a failure was seen, up to 32 different ones.
    pub why: BTreeMap<String, u64>,
    /// Those that have not ended, where they should have.
    pub open: OpenRequests,
    /// Good requests in a row, up to now.
    pub good_in_a_row: u32,
    /// Bad requests in a row, up to now.
    pub bad_in_a_row: u32,
}

/// What the requests of a workload are counted by.
pub(super) struct Measure<'a> {
    /// What was promised; `None` before the plan is known, where every answer is good.
    pub(super) objectives: Option<&'a Objectives>,
    /// The latencies that somebody asks for, in nanoseconds.
    pub(super) limits: &'a [u64],
    /// True from the first fault on.
    pub(super) is_faulted: bool,
}

impl Measure<'_> {
    /// The service level, and the latencies after it.
    fn levels(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.slo()).chain(self.limits.iter().copied())
    }

    fn slo(&self) -> u64 {
        self.objectives.map_or(u64::MAX, |objectives| objectives.slo.as_nanos())
    }
}

impl LiveWorkload {
    /// What happened from `span` nanoseconds before `now` until `now`, in whole slices.
    pub fn over(&self, span: u64, now: u64) -> Bucket {
        let first = now.saturating_sub(span) / SLICE;
        let mut sum = Bucket::default();
        for bucket in self.slices.iter().rev().take_while(|bucket| bucket.slice >= first) {
            sum.add(bucket);
        }
        sum
    }

    /// A request ended.
    pub(super) fn ended(&mut self, t: u64, request: &RequestDone, by: &Measure<'_>) {
        let good = by.objectives.is_none_or(|objectives| request.is_good(objectives));
        if let Some(why) = &request.why
            && (self.why.len() < WORDS || self.why.contains_key(why.as_ref()))
        {
            *self.why.entry(why.to_string()).or_default() += 1;
        }
        let was_open = self.open.ended(request.id, t);
        // Where it was open for too long already, it has been counted in the row then.
        if was_open == 0 || was_open < by.slo() {
            self.row(good);
        }
        if good && !by.is_faulted {
            self.open.usual(request.done);
        }
        let moment = by.objectives.map_or(request.done, |objectives| request.moment(objectives));
        self.count(t, |bucket| {
            if request.outcome == Outcome::Ok {
                bucket.below.resize(bucket.below.len().max(by.limits.len()), 0);
                bucket.below.iter_mut().zip(by.limits).for_each(|(count, limit)| *count += u64::from(moment < *limit));
            }
            bucket.lag = bucket.lag.max(request.lag);
            if was_open > 0 {
                by.levels().enumerate().filter(|(_, level)| *level <= was_open).for_each(|(place, _)| bucket.shift(place, -1));
            }
            match request.outcome {
                Outcome::Ok if good => bucket.good += 1,
                Outcome::Ok => bucket.slow += 1,
                _ => bucket.failed += 1,
            }
        });
    }

    /// A request could not be sent.
    pub(super) fn shed(&mut self, t: u64) {
        self.row(false);
        self.count(t, |bucket| bucket.shed += 1);
    }

    /// A request has been open for so long.
    pub(super) fn overdue(&mut self, t: u64, overdue: &Overdue, by: &Measure<'_>) {
        self.open.overdue(overdue);
        self.count(t, |bucket| {
            by.levels().enumerate().filter(|(_, level)| *level == overdue.after).for_each(|(place, _)| bucket.shift(place, 1));
        });
        if by.slo() == overdue.after {
            self.row(false);
        }
    }

    /// The provider at this place answered one of its requests whole.
    pub(super) fn served(&mut self, t: u64, place: usize) {
        self.count(t, |bucket| bucket.serve(place));
    }

    fn row(&mut self, good: bool) {
        let (longer, broken) =
            if good { (&mut self.good_in_a_row, &mut self.bad_in_a_row) } else { (&mut self.bad_in_a_row, &mut self.good_in_a_row) };
        *longer = longer.saturating_add(1);
        *broken = 0;
    }

    fn count(&mut self, t: u64, change: impl Fn(&mut Bucket)) {
        change(&mut self.total);
        let slice = t / SLICE;
        if self.slices.back().is_none_or(|last| last.slice < slice) {
            self.slices.push_back(Bucket { slice, ..Bucket::default() });
            if self.slices.len() > SLICES {
                self.slices.pop_front();
            }
        }
        if let Some(last) = self.slices.back_mut() {
            change(last);
        }
    }
}
