//! The most that a comparison can cost, before anybody is asked.

use super::candidate::Candidate;
use crate::dialect::chat_tokens;
use crate::evaluation::EvaluationPrompt;
use crate::units::Money;

/// What one candidate can cost at the most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendEstimate {
    /// The candidate.
    pub candidate: String,
    /// How many requests.
    pub requests: u64,
    /// What they cost at the most; `None` where no price is known.
    pub most: Option<Money>,
}

/// The most that each candidate can cost, if every prompt is asked in every round and every answer is as long as it may be.
pub fn estimate(candidates: &[Candidate], prompts: &[EvaluationPrompt], rounds: u32, limit: Option<u64>) -> Vec<SpendEstimate> {
    let all = prompts.len() as u64 * u64::from(rounds);
    let requests = limit.map_or(all, |limit| limit.min(all));
    let of = |candidate: &Candidate| {
        // Which prompts a limit leaves out is not known before: it counts the dearest of them.
        let mut each: Vec<Money> = prompts.iter().filter_map(|prompt| most(candidate, prompt)).collect();
        each.sort_unstable_by(|left, right| right.cmp(left));
        let whole = each.iter().copied().fold(Money::ZERO, Money::plus).times(u64::from(rounds));
        let dearest = each.first().map_or(Money::ZERO, |dearest| dearest.times(requests));
        let most = candidate.price.as_ref().map(|_| whole.min(dearest));
        SpendEstimate { candidate: candidate.asked.name.clone(), requests, most }
    };
    candidates.iter().map(of).collect()
}

/// The most that one prompt can cost with one candidate.
pub(super) fn most(candidate: &Candidate, prompt: &EvaluationPrompt) -> Option<Money> {
    let (input, output) = chat_tokens(&prompt.chat);
    Some(candidate.price.as_ref()?.of(input, output))
}
