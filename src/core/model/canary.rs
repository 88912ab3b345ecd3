//! A share of the traffic for somebody else, and what is asked of them before they keep it.

use super::{Action, Condition, ProviderSelector};
use crate::units::{Duration, Ratio, Tally};
use serde::{Deserialize, Serialize};

/// The fewest answers of whose latencies a 95th percentile says anything: one in twenty is slower.
pub const QUANTILE_MIN: u64 = 20;

/// A share of the traffic is shifted; once that was held, it stays, or is taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// What shifts it: a `run`, an `http` or a `switch`.
    pub shift: Box<Action>,
    /// What takes it back.
    pub back: Box<Action>,
    /// Who gets the share.
    pub of: ProviderSelector,
    /// How long both are watched.
    pub hold: Duration,
    /// Exchanges that each side must have had by then; with fewer nothing is decided, and the share is taken back.
    pub at_least: u64,
    /// What still counts as no worse.
    pub worse_by: WorseBy,
    /// What must be seen after the hold, and within as long again, where a runbook is walked for real: there nobody counts exchanges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Condition>,
}

/// By how much the canary may be worse than those who served the rest meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WorseBy {
    /// Failed exchanges: by how much their share may be larger; 1% lets 3% stand beside 2%.
    pub errors: Ratio,
    /// The 95th percentile of what an exchange takes: by which share of the others' it may be longer.
    pub latency: Ratio,
    /// Answers that were not what was asked for: by how much their share may be larger.
    pub quality: Ratio,
    /// What an answer costs by the plan's prices: by which share it may cost more. `None` does not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Ratio>,
}

impl WorseBy {
    /// The fewest exchanges that could show it, if none of them failed.
    pub fn least(&self) -> Option<u64> {
        Some(Tally::least(self.errors)?.max(Tally::least(self.quality)?).max(QUANTILE_MIN))
    }
}
