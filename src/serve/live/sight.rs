//! What is known of a watched drill at one moment: everything that a page of it is made from. Plain data; making parts of it is pure.

use super::watched::{LiveEnd, WatchedDrill};
use crate::history::{Bucket, Cancelled, Event, Live};
use crate::model::DrillPlan;
use crate::scheduler::DrillCurve;
use crate::step::OpenQuestion;
use std::path::PathBuf;
use std::sync::Arc;

/// A slice of the live fold in nanoseconds.
pub(super) const SLICE: u64 = 100_000_000;
/// A second in nanoseconds.
pub(super) const SECOND: u64 = 1_000_000_000;

/// What is known of a drill at one moment.
#[derive(Debug, Clone)]
pub(super) struct DrillSight {
    pub(super) id: String,
    pub(super) folder: PathBuf,
    pub(super) plan: Arc<DrillPlan>,
    pub(super) live: Arc<Live>,
    /// Nanoseconds since the drill's origin: time goes on between two events.
    pub(super) now: u64,
    pub(super) curve: DrillCurve,
    pub(super) questions: Vec<OpenQuestion>,
    /// Whether somebody stopped it here.
    pub(super) is_stopping: bool,
    /// Whether this process runs it.
    pub(super) is_own: bool,
    /// Whether somebody answers its questions here.
    pub(super) is_attended: bool,
    pub(super) end: Option<LiveEnd>,
}

impl DrillSight {
    /// Of a drill at a moment; `passed` is how long ago its newest event was seen.
    pub(super) fn of(drill: &WatchedDrill, passed: u64) -> Self {
        // The end is looked at first: what comes after it is then whole.
        let end = drill.end();
        let live = drill.live();
        let now = live.now + if live.finished { 0 } else { passed };
        let (is_own, is_attended) = match drill {
            WatchedDrill::Own(own) => (true, own.attended),
            WatchedDrill::Other(_) => (false, false),
        };
        Self {
            id: drill.id().to_owned(),
            folder: drill.folder().to_owned(),
            plan: Arc::clone(drill.plan()),
            now,
            curve: drill.curve(),
            questions: drill.questions(),
            is_stopping: drill.is_stopping(),
            is_own,
            is_attended,
            end,
            live,
        }
    }

    /// The sum of the leading workload's last whole slices of so many nanoseconds.
    pub(super) fn lately(&self, span: u64) -> Bucket {
        self.between(self.now.saturating_sub(span) / SLICE, self.now / SLICE)
    }

    /// The last whole second of the drill's clock: it changes once a second.
    pub(super) fn second(&self) -> Bucket {
        let until = self.now / SECOND * SECOND;
        self.between(until.saturating_sub(SECOND) / SLICE, until / SLICE)
    }

    fn between(&self, from: u64, until: u64) -> Bucket {
        let mut sum = Bucket::default();
        for bucket in self.live.leading().slices.iter().rev().filter(|bucket| (from..until).contains(&bucket.slice)) {
            sum.good += bucket.good;
            sum.slow += bucket.slow;
            sum.failed += bucket.failed;
            sum.shed += bucket.shed;
            if sum.served.len() < bucket.served.len() {
                sum.served.resize(bucket.served.len(), 0);
            }
            sum.served.iter_mut().zip(&bucket.served).for_each(|(all, more)| *all += more);
        }
        sum
    }

    /// Why it was stopped before its end, where it was.
    pub(super) fn cancelled(&self) -> Option<&Cancelled> {
        self.live.notable.iter().rev().find_map(|stamped| match &stamped.event {
            Event::Cancelled(cancelled) => Some(cancelled),
            _ => None,
        })
    }

    /// Whether it ends before its time.
    pub(super) fn stops(&self) -> bool {
        self.is_stopping || self.cancelled().is_some()
    }

    /// Faults that are in force now, by their places.
    pub(super) fn in_force(&self) -> impl Iterator<Item = usize> + '_ {
        self.live.faults.iter().enumerate().filter(|(_, fault)| fault.confirmed.is_some() && fault.healed.is_none()).map(|(place, _)| place)
    }
}

/// `6 s`, from a minute on `1 min 2 s`: whole seconds, so that a page changes no oftener.
pub(super) fn whole_seconds(nanoseconds: u64) -> String {
    match nanoseconds / SECOND {
        whole @ 60.. => match (whole / 60, whole % 60) {
            (minutes, 0) => format!("{minutes} min"),
            (minutes, seconds) => format!("{minutes} min {seconds} s"),
        },
        seconds => format!("{seconds} s"),
    }
}

/// `6.2 s`: for what has ended.
pub(super) fn tenths(nanoseconds: u64) -> String {
    if nanoseconds >= 60 * SECOND { whole_seconds(nanoseconds) } else { format!("{:.1} s", (nanoseconds / SLICE) as f64 / 10.0) }
}
