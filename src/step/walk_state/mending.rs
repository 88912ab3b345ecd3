//! The walk goes on with a mended runbook: what was passed stays so, and everything that is known of a step moves to where it is now.

use super::{WalkStage, WalkState};
use crate::model::{Runbook, StepEnd};
use std::collections::{BTreeMap, BTreeSet};

impl WalkState {
    /// Another runbook takes the place of this one. Whoever calls this has seen to it that nothing is gone of which something must be known.
    pub(super) fn mended(&mut self, runbook: &Runbook) {
        let places = self.runbook.places_in(runbook);
        let moved = |place: usize| places.get(place).copied().flatten();
        let changed = |place: usize| moved(place).is_none_or(|now| runbook.steps[now] != self.runbook.steps[place]);
        let all = |steps: &BTreeSet<usize>| -> BTreeSet<usize> { steps.iter().copied().filter_map(moved).collect() };
        let each = |steps: &[usize]| -> Vec<usize> { steps.iter().copied().filter_map(moved).collect() };
        let passed: BTreeSet<usize> = (0..places.len()).filter(|place| self.is_passed(*place, changed(*place))).filter_map(moved).collect();
        // One that was mended is simply done again.
        let failed = self.failed.iter().copied().filter(|place| !changed(*place)).filter_map(moved).collect();
        let mut free = self.numbers.iter().max().map_or(0, |most| most + 1)..;
        let known: BTreeMap<usize, usize> = (0..places.len()).filter_map(|place| Some((moved(place)?, self.numbers[place]))).collect();
        let numbers = (0..runbook.steps.len()).map(|place| known.get(&place).copied().or_else(|| free.next()).unwrap_or(place)).collect();
        let heard = std::mem::take(&mut self.heard).into_iter();
        let heard = heard.filter_map(|((place, undo), heard)| Some(((moved(place)?, undo), heard))).collect();
        *self = Self {
            runbook: runbook.clone(),
            stage: self.stage.clone(),
            ended: BTreeMap::new(),
            open: keys(&self.open, moved),
            unbegun: all(&self.unbegun),
            last: keys(&self.last, moved),
            jumps: keys(&self.jumps, moved),
            returns: keys(&self.returns, moved),
            to_undo: each(&self.to_undo),
            undo_unknown: all(&self.undo_unknown),
            heard: BTreeMap::new(),
            values: std::mem::take(&mut self.values),
            left: each(&self.left),
            left_unsure: all(&self.left_unsure),
            failed,
            not_taken_back: all(&self.not_taken_back),
            passed,
            numbers,
        };
        if !matches!(self.stage, WalkStage::Undo) {
            self.stage = self.from(0);
        }
        self.heard = heard;
    }

    /// Whether a step does not come again: it was done, or the walk went past it and it is still the same.
    fn is_passed(&self, place: usize, changed: bool) -> bool {
        let done = self.last.get(&place) == Some(&StepEnd::Done);
        match &self.stage {
            WalkStage::Steps(steps) if place < steps.start => done || !changed,
            WalkStage::Steps(steps) if steps.contains(&place) => self.ended.contains_key(&place) && (done || !changed),
            WalkStage::Steps(_) => false,
            WalkStage::Undo | WalkStage::Ended(_) => done,
        }
    }
}

fn keys<V: Copy>(map: &BTreeMap<usize, V>, moved: impl Fn(usize) -> Option<usize>) -> BTreeMap<usize, V> {
    map.iter().filter_map(|(place, value)| Some((moved(*place)?, *value))).collect()
}
