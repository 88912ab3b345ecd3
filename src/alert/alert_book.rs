//! Which alerts are recorded one by one. Those that the plan waits for, always, as far as they tell something new; of others the first, so that
//! a report can show them; all the rest is counted. So a flood of other alerts neither fills the history nor crowds out the one that matters.

use super::parse::Alert;
use crate::history::AlertsLeftOut;
use std::collections::{BTreeSet, HashMap};

/// The most news of one drill about alerts that its plan waits for: a sender gone mad must not fill the history.
const AWAITED: usize = 10_000;
/// The most about others.
const OTHERS: usize = 100;

/// Decision about an alert: recorded, or only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AlertFate {
    /// It is recorded.
    Recorded,
    /// It tells what is known.
    Repeated,
    /// Nothing waits for it, and enough of such are recorded.
    Counted,
    /// It is waited for, and too many of it came.
    Dropped,
}

/// Book of the alerts of one drill. It decides which are recorded, so that a flood does not fill the history.
#[derive(Debug)]
pub(super) struct AlertBook {
    awaited: BTreeSet<String>,
    /// Whether each fires that was recorded, by name and instance.
    known: HashMap<(String, String), bool>,
    awaited_left: usize,
    others_left: usize,
    pub(super) left_out: AlertsLeftOut,
}

impl AlertBook {
    /// For a plan that waits for alerts of these names.
    pub(super) fn new(awaited: BTreeSet<String>) -> Self {
        Self { awaited, known: HashMap::new(), awaited_left: AWAITED, others_left: OTHERS, left_out: AlertsLeftOut::default() }
    }

    /// Decides about one more.
    pub(super) fn take(&mut self, alert: &Alert) -> AlertFate {
        let who = (alert.name.clone(), alert.instance.clone());
        if self.known.get(&who) == Some(&alert.firing) {
            self.left_out.repeated += 1;
            return AlertFate::Repeated;
        }
        let is_awaited = self.awaited.contains(&alert.name);
        let left = if is_awaited { &mut self.awaited_left } else { &mut self.others_left };
        if *left > 0 {
            *left -= 1;
            self.known.insert(who, alert.firing);
            return AlertFate::Recorded;
        }
        if is_awaited {
            self.left_out.awaited += 1;
            return AlertFate::Dropped;
        }
        self.left_out.others += 1;
        AlertFate::Counted
    }
}
