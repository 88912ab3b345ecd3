//! A service's row of the control ledger.

use super::PastDrill;
use super::ledger::{LedgerCell, LedgerDrill, LedgerState};
use super::ledger_index::LedgerIndex;
use crate::model::{Criticality, Service};
use crate::schedule::{Deferral, DeferredSubject, Quarter};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// One cell a quarter.
pub(super) fn cells<'a>(
    index: &LedgerIndex<'a>,
    name: &'a str,
    service: &Service,
    quarters: &[Quarter],
    now: DateTime<Utc>,
) -> Vec<LedgerCell> {
    let begin = Quarter::of(index.first.unwrap_or(now));
    let mut row = ServiceQuarters { index, name, drills: index.counting(name), taken: BTreeSet::new(), now };
    // What made up for a quarter that is not shown counts for no other.
    let shown_from = quarters.first().copied().unwrap_or(begin);
    for quarter in Quarter::between(begin, shown_from).into_iter().filter(|quarter| *quarter < shown_from) {
        row.cell(quarter, begin, service.criticality);
    }
    quarters.iter().map(|quarter| row.cell(*quarter, begin, service.criticality)).collect()
}

struct ServiceQuarters<'a, 'b> {
    index: &'b LedgerIndex<'a>,
    name: &'a str,
    /// Those that count, oldest first.
    drills: Vec<&'a PastDrill>,
    /// Those that made up for an earlier quarter.
    taken: BTreeSet<&'a str>,
    now: DateTime<Utc>,
}

impl<'a> ServiceQuarters<'a, '_> {
    fn cell(&mut self, quarter: Quarter, begin: Quarter, criticality: Criticality) -> LedgerCell {
        let deferral = self.deferral(quarter);
        let own = self.within(quarter);
        let (state, told, drills) = if !own.is_empty() {
            (LedgerState::Done, String::new(), own)
        } else if let Some(late) = self.made_up(quarter, deferral) {
            self.taken.insert(&late.id);
            (LedgerState::Late, format!("done on {}", late.started.date_naive()), vec![late])
        } else {
            let (state, told) = self.undone(quarter, begin, criticality, deferral);
            (state, told, Vec::new())
        };
        let drills = drills.into_iter().map(LedgerDrill::of).collect();
        LedgerCell { quarter, state, told, due: Vec::new(), drills, deferral: deferral.cloned() }
    }

    fn within(&self, quarter: Quarter) -> Vec<&'a PastDrill> {
        let of = |drill: &&&PastDrill| !self.taken.contains(drill.id.as_str());
        self.after(quarter.start()).iter().take_while(|drill| drill.started < quarter.end()).filter(of).copied().collect()
    }

    /// Those that began at a moment or later.
    fn after(&self, from: DateTime<Utc>) -> &[&'a PastDrill] {
        &self.drills[self.drills.partition_point(|drill| drill.started < from)..]
    }

    /// A drill after the quarter that counts for it: one that came by the day until which it was deferred, else the first of several in the next.
    fn made_up(&self, quarter: Quarter, deferral: Option<&Deferral>) -> Option<&'a PastDrill> {
        if let Some(deferral) = deferral {
            let by = |drill: &&&PastDrill| drill.started.date_naive() <= deferral.until && !self.taken.contains(drill.id.as_str());
            return self.after(quarter.end()).iter().find(by).copied();
        }
        let next = self.within(quarter.next());
        next.first().copied().filter(|_| next.len() > 1)
    }

    fn undone(&self, quarter: Quarter, begin: Quarter, criticality: Criticality, deferral: Option<&Deferral>) -> (LedgerState, String) {
        match deferral {
            Some(deferral) if deferral.is_over(self.now) => (LedgerState::Missed, format!("{}; not done since", deferral.told())),
            Some(deferral) => (LedgerState::Deferred, deferral.told()),
            None if quarter < begin => (LedgerState::Unrecorded, String::new()),
            None if criticality == Criticality::Optional => (LedgerState::NotDue, "nobody is harmed by its absence".to_owned()),
            None if quarter.end() > self.now => (LedgerState::Open, String::new()),
            None => (LedgerState::Missed, "no drill of it counted".to_owned()),
        }
    }

    /// Its own, else that of a schedule that drills it.
    fn deferral(&self, quarter: Quarter) -> Option<&'a Deferral> {
        let own = self.index.deferral(DeferredSubject::Service, self.name, quarter);
        own.or_else(|| self.index.deferral_by_schedules(self.name, quarter))
    }
}
