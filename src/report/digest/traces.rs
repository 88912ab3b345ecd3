//! What shows a finding: of each kind of event how many there were, and the first few by line and by number, folded one event at a time.
//!
//! Bounded whatever the length of a drill: counts, histograms, and a window over the latest requests. What this file does not do: decide what
//! is a finding (`report::findings`), or measure what a verdict depends on.

use super::id_map::IdMap;
use super::name_map::NameMap;
use crate::history::{FaultConfirmed, FaultHealed, FaultRequested, Outcome, RequestDone, Served, Shed, workload_of};
use crate::model::{Fault, SettingValue};
use crate::units::Duration;
use hdrhistogram::Histogram;
use std::collections::{BTreeMap, VecDeque};

/// So many examples are kept of each kind.
const EXAMPLES: usize = 5;
/// So many requests may be under way between two attempts of one of them.
const WINDOW: usize = 4096;
/// So many attempts of one request are no accident.
pub(in crate::report) const STORM: u32 = 4;

/// How many there were, and the first few of them.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Trace {
    pub(in crate::report) count: u64,
    /// Lines of the history, from 1; none where they are not known.
    pub(in crate::report) lines: Vec<u64>,
    /// Numbers of requests.
    pub(in crate::report) requests: Vec<u64>,
}

impl Trace {
    fn add(&mut self, line: Option<u64>, request: Option<u64>) {
        self.count += 1;
        self.lines.extend(line.filter(|_| self.lines.len() < EXAMPLES));
        self.requests.extend(request.filter(|request| self.requests.len() < EXAMPLES && !self.requests.contains(request)));
    }
}

/// The requests of one workload that went wrong in some way.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct FlowTraces {
    /// Not well served before the fault.
    pub(in crate::report) bad_before: Trace,
    /// Answered too late while the fault lasted.
    pub(in crate::report) late: Trace,
    /// Not answered whole, while it lasted or in flight when it began.
    pub(in crate::report) lost: Trace,
    /// Of these the ones whose answer broke off.
    pub(in crate::report) truncated: Trace,
    /// Not answered whole after the heal.
    pub(in crate::report) lost_after: Trace,
    /// Executed more than once.
    pub(in crate::report) duplicates: Trace,
    /// Attempted [`STORM`] times or more.
    pub(in crate::report) stormy: Trace,
}

/// A provider under a fault.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct BrokenTraces {
    /// When the fault came into force and when it was healed, in nanoseconds since the origin.
    since: u64,
    until: Option<u64>,
    /// How long it asks to be left alone.
    retry_after: Option<u64>,
    /// When its first refusal ended, and until when the last of them asked to be left alone.
    alone: Option<(u64, u64)>,
    /// Attempts that the fault touched.
    pub(in crate::report) asked: Trace,
    /// Those that came although the provider had asked to be left alone.
    pub(in crate::report) ignored: Trace,
}

impl BrokenTraces {
    fn served(&mut self, served: &Served, line: Option<u64>) {
        let ended = served.at + served.took;
        if served.at < self.since || self.until.is_some_and(|until| served.at >= until) || !served.touched {
            return;
        }
        self.asked.add(line, served.id);
        let Some(wait) = self.retry_after else { return };
        match &mut self.alone {
            Some((first, until)) => {
                if served.at > *first && served.at < *until {
                    self.ignored.add(line, served.id);
                }
                *until = (*until).max(ended.saturating_add(wait));
            }
            alone => *alone = Some((ended, ended.saturating_add(wait))),
        }
    }
}

/// What a provider took for the answers to one workload, before the fault and while it lasted.
#[derive(Debug, Clone)]
pub(in crate::report) struct Pace {
    /// In milliseconds.
    pub(in crate::report) before: Histogram<u64>,
    /// The same.
    pub(in crate::report) during: Histogram<u64>,
}

impl Default for Pace {
    fn default() -> Self {
        let empty = || Histogram::new_with_bounds(1, 3_600_000, 2).expect("the bounds are constants");
        Self { before: empty(), during: empty() }
    }
}

/// How often a request was attempted of late.
#[derive(Debug, Clone, Copy, Default)]
struct Attempted {
    attempts: u32,
    completed: u32,
}

/// All that shows findings of one history.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct FindingTraces {
    line: u64,
    /// True where a newer build wrote it: which lines were left out is not known.
    newer: bool,
    /// The line of each event that is kept as notable.
    pub(in crate::report) notable: Vec<Option<u64>>,
    pub(in crate::report) flows: BTreeMap<usize, FlowTraces>,
    /// By provider.
    pub(in crate::report) broken: NameMap<BrokenTraces>,
    /// By workload, then by provider.
    pub(in crate::report) paces: BTreeMap<usize, NameMap<Pace>>,
    /// Requests of others that a fault touched, without those that only look.
    pub(in crate::report) others: NameMap<Trace>,
    latest: IdMap<Attempted>,
    order: VecDeque<u64>,
}

impl FindingTraces {
    /// One more event was read. Its line; `None` where that is not known.
    pub(in crate::report) fn read(&mut self, is_of_reader: bool) -> Option<u64> {
        // What the reader itself says of the format stands in no line.
        self.newer |= is_of_reader;
        self.line += u64::from(!is_of_reader);
        Some(self.line).filter(|_| !self.newer)
    }

    pub(in crate::report) fn requested(&mut self, fault: &FaultRequested) {
        let broken = self.broken.of(&fault.on);
        broken.retry_after = broken.retry_after.max(retry_after(&fault.what));
    }

    pub(in crate::report) fn confirmed(&mut self, fault: &FaultConfirmed) {
        let broken = self.broken.of(&fault.on);
        broken.since = if broken.since == 0 { fault.lo } else { broken.since.min(fault.lo) };
        broken.until = None;
    }

    pub(in crate::report) fn healed(&mut self, fault: &FaultHealed) {
        self.broken.of(&fault.on).until = Some(fault.lo);
    }

    /// A request that ended, and which part of the drill it is in, as the digest counts them.
    pub(in crate::report) fn request(&mut self, done: &RequestDone, line: Option<u64>, good: bool, part: usize) {
        let lost = matches!(done.outcome, Outcome::Error | Outcome::Timeout | Outcome::Truncated);
        if good {
            return;
        }
        let flow = self.flows.entry(workload_of(done.id)).or_default();
        let add = |trace: &mut Trace| trace.add(line, Some(done.id));
        match part {
            0 => add(&mut flow.bad_before),
            1 | 2 if lost => {
                add(&mut flow.lost);
                if done.outcome == Outcome::Truncated {
                    add(&mut flow.truncated);
                }
            }
            2 if done.outcome == Outcome::Ok => add(&mut flow.late),
            3 if lost => add(&mut flow.lost_after),
            _ => {}
        }
    }

    /// A request that was due and not sent.
    pub(in crate::report) fn shed(&mut self, shed: &Shed, line: Option<u64>, part: usize) {
        if part == 0 {
            self.flows.entry(workload_of(shed.id)).or_default().bad_before.add(line, Some(shed.id));
        }
    }

    pub(in crate::report) fn served(&mut self, served: &Served, line: Option<u64>, fault: (Option<u64>, Option<u64>)) {
        let Some(id) = served.id else {
            let looks = served.request.as_deref().is_some_and(crate::history::is_health_check);
            if served.touched && !looks {
                self.others.of(&served.by).add(line, None);
            }
            return;
        };
        if let Some(broken) = self.broken.get_mut(served.by.as_ref()) {
            broken.served(served, line);
        }
        let flow = workload_of(id);
        if served.completed() && !served.touched {
            let pace = self.paces.entry(flow).or_default().of(&served.by);
            match fault {
                (None, _) => pace.before.saturating_record(served.took / 1_000_000),
                (Some(since), _) if served.at < since => pace.before.saturating_record(served.took / 1_000_000),
                (Some(_), None) => pace.during.saturating_record(served.took / 1_000_000),
                (Some(_), Some(until)) if served.at < until => pace.during.saturating_record(served.took / 1_000_000),
                _ => {}
            }
        }
        let (attempted, is_new) = self.latest.of(id);
        if is_new {
            self.order.push_back(id);
        }
        attempted.attempts += 1;
        attempted.completed += u32::from(served.completed());
        let flow = self.flows.entry(flow).or_default();
        if attempted.attempts == STORM {
            flow.stormy.add(line, Some(id));
        }
        if served.completed() && attempted.completed == 2 {
            flow.duplicates.add(line, Some(id));
        }
        if self.order.len() > WINDOW
            && let Some(oldest) = self.order.pop_front()
        {
            self.latest.remove(oldest);
        }
    }
}

/// How long a fault's answers ask to be left alone, where they do.
fn retry_after(fault: &Fault) -> Option<u64> {
    let place = fault.kind().attributes.iter().position(|attribute| attribute.name == "retry_after")?;
    Duration::of(fault.settings().0.get(place)?.as_ref()).map(Duration::as_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(id: u64, at: u64, touched: bool) -> Served {
        Served {
            id: Some(id),
            by: "a".into(),
            at,
            took: 10,
            status: 200,
            key: None,
            cut: false,
            touched,
            request: None,
            tenant: None,
            tokens: None,
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_first_few_are_told() {
        let mut traces = FindingTraces::default();
        traces.confirmed(&FaultConfirmed { fault: 0, on: "a".into(), lo: 1, hi: 1 });
        for id in 0..20_000 {
            let line = traces.read(false);
            traces.served(&served(id, id + 1, true), line, (Some(1), None));
        }
        let broken = &traces.broken.get("a").unwrap();
        assert_eq!((broken.asked.count, broken.asked.lines.as_slice()), (20_000, [1, 2, 3, 4, 5].as_slice()));
        assert!(traces.latest.len() <= WINDOW && traces.order.len() <= WINDOW);
    }

    #[test]
    fn no_line_is_told_where_some_were_left_out() {
        let mut traces = FindingTraces::default();
        assert_eq!((traces.read(false), traces.read(true), traces.read(false)), (Some(1), None, None));
    }

    #[test]
    fn who_is_asked_again_before_its_time_was_ignored() {
        let mut broken = BrokenTraces { since: 100, retry_after: Some(1_000), ..BrokenTraces::default() };
        for (at, touched) in [(100, true), (105, true), (111, true), (900, false), (1_100, true), (9_000, true)] {
            broken.served(&served(at, at, touched), Some(at));
        }
        assert_eq!((broken.ignored.count, broken.ignored.requests.as_slice()), (2, [111, 1_100].as_slice()), "105 came before any answer");
    }
}
