//! What candidates are compared by, and which of two answers to one prompt is better by it.

use super::sample::AnswerSample;
use crate::model::words;
use std::cmp::Ordering;

words! {
    /// What candidates are compared by.
    CompareMeasure {
        /// Whether there is an answer.
        Availability = "availability",
        /// Until the first token.
        FirstToken = "first-token",
        /// Until the end.
        Whole = "end",
        /// Tokens a second.
        Pace = "pace",
        /// What a request costs.
        Cost = "cost",
        /// The share that is right.
        Quality = "quality",
        /// The share that is refused.
        Refusals = "refusals",
    }
}

impl CompareMeasure {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Availability, Self::FirstToken, Self::Whole, Self::Pace, Self::Cost, Self::Quality, Self::Refusals];

    /// Whether a prompt counts once, however often it is asked: the same model gives the same answer again, which shows nothing more of other
    /// prompts.
    pub const fn counts_prompts(self) -> bool {
        matches!(self, Self::Quality | Self::Refusals)
    }

    /// Whether the first is better (`Greater`), worse or as good; `None` where one of them says nothing of it.
    pub fn better(self, one: &AnswerSample, other: &AnswerSample) -> Option<Ordering> {
        if self != Self::Availability && !(one.is_answered() && other.is_answered()) {
            return None;
        }
        let less = |one: Option<f64>, other: Option<f64>| Some(other?.total_cmp(&one?));
        match self {
            Self::Availability => Some(one.is_answered().cmp(&other.is_answered())),
            Self::FirstToken => less(one.first_token_ms, other.first_token_ms),
            Self::Whole => less(one.whole_ms, other.whole_ms),
            Self::Pace => less(other.pace(), one.pace()),
            Self::Cost => Some(other.cost?.cmp(&one.cost?)),
            Self::Quality => Some(one.right?.cmp(&other.right?)),
            Self::Refusals => Some(other.refused.cmp(&one.refused)),
        }
    }
}
