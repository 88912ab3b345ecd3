//! One hop with everything that was looked at, and what that cost.

use super::check::HopFinding;
use super::hop::Hop;
use crate::model::{CheckOutcome, HopCheck, HopReason, HopState, Price, Tokens};
use crate::units::Money;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What probes cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProbeCost {
    /// Requests to models. What is free is not counted.
    pub requests: u64,
    /// Tokens, in both directions: as answers report them, else as many as there can have been.
    pub tokens: u64,
    /// The most that they can have cost, at the prices that are known.
    pub most: Money,
    /// Of the requests those whose price nobody knows.
    pub unpriced: u64,
}

impl ProbeCost {
    /// Another request, which can have had so many tokens, and reports so many.
    pub(super) fn add(&mut self, most: Tokens, reported: Option<Tokens>, price: Option<&Price>) {
        let told = reported.unwrap_or(most);
        self.requests += 1;
        self.tokens = self.tokens.saturating_add(told.input.saturating_add(told.output));
        match price {
            Some(price) => self.most = self.most.plus(price.of(most.input.max(told.input), most.output.max(told.output))),
            None => self.unpriced += 1,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            tokens: self.tokens.saturating_add(other.tokens),
            most: self.most.plus(other.most),
            unpriced: self.unpriced + other.unpriced,
        }
    }
}

/// A hop as a round found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopReading {
    /// Who.
    pub hop: Hop,
    /// Whether it could take over.
    pub state: HopState,
    /// The gravest reason where it could not, or where somebody should look into something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<HopReason>,
    /// The same in words: a part of a sentence.
    pub told: String,
    /// Since when it is so, as far as earlier rounds tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Everything that was looked at, in a fixed order.
    pub checks: Vec<HopFinding>,
    /// How many tokens of a prompt it takes, as far as that is told somewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// What asking it cost.
    pub cost: ProbeCost,
}

impl HopReading {
    /// Of these looks, in any order. What is not among them was not looked at, for this reason.
    pub(super) fn of(hop: Hop, mut checks: Vec<HopFinding>, otherwise: &str, cost: ProbeCost) -> Self {
        for word in HopCheck::WORDS {
            let Some(check) = HopCheck::from_word(word) else { continue };
            if !checks.iter().any(|found| found.check == check) {
                checks.push(HopFinding::unlooked(check, otherwise));
            }
        }
        // Of two looks at the same the first counts.
        checks.sort_by_key(|found| found.check);
        checks.dedup_by_key(|found| found.check);
        let mut reading = Self { hop, state: HopState::Alive, reason: None, told: String::new(), since: None, checks, context: None, cost };
        reading.summed_up();
        reading
    }

    /// One that was not asked at all.
    pub(super) fn unasked(hop: Hop, reason: HopReason, told: &str) -> Self {
        let not = HopFinding { reason: Some(reason), ..HopFinding::unlooked(HopCheck::Answer, told) };
        Self::of(hop, vec![not], told, ProbeCost::default())
    }

    /// State and reason by the looks.
    pub(super) fn summed_up(&mut self) {
        let first = |outcome: CheckOutcome| self.checks.iter().find(|found| found.outcome == outcome);
        let answer = self.found(HopCheck::Answer).filter(|found| found.outcome == CheckOutcome::NotLookedAt);
        let (state, found) = if let Some(failing) = first(CheckOutcome::Failing) {
            (HopState::Dead, Some(failing))
        } else if let Some(unasked) = answer {
            let is_left_out = matches!(unasked.reason, Some(HopReason::NotAllowed | HopReason::ServesNoModels));
            (if is_left_out { HopState::LeftOut } else { HopState::Unknown }, Some(unasked))
        } else if let Some(warning) = first(CheckOutcome::Warning) {
            (HopState::Warned, Some(warning))
        } else {
            (HopState::Alive, None)
        };
        let (reason, told) = found.map_or((None, "it could take over now".to_owned()), |found| (found.reason, found.told.clone()));
        (self.state, self.reason, self.told) = (state, reason, told);
    }

    /// What was found of this.
    pub fn found(&self, check: HopCheck) -> Option<&HopFinding> {
        self.checks.iter().find(|found| found.check == check)
    }
}
