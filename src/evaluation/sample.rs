//! What became of one prompt asked of one candidate: what `answers.jsonl` holds of it, and all that a comparison is computed from.

use crate::units::Money;
use serde::{Deserialize, Serialize};

/// One answer, or that there was none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AnswerSample {
    /// Its place in the order of asking, from 1.
    pub number: u64,
    /// The round, from 1: in each round every prompt is asked of every candidate.
    pub round: u32,
    /// The prompt's name.
    pub prompt: String,
    /// The salted hash of the prompt.
    pub asked: String,
    /// Who was asked.
    pub candidate: String,
    /// Why there is no answer, in a word; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Until the first token, in milliseconds from when the request was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<f64>,
    /// Until the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_ms: Option<f64>,
    /// Tokens of the prompt, as the provider counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// What they cost, where the price and the tokens are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Why it ended, in the provider's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    /// Whether the provider says that it refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// Whether all that was expected of it holds; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<bool>,
    /// The mean of its expectations, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The salted hash of what it says, in the form in which answers are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The prompt itself, with `--keep prompts` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_text: Option<String>,
    /// The answer itself, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_text: Option<String>,
}

impl AnswerSample {
    /// Whether there is an answer.
    pub const fn is_answered(&self) -> bool {
        self.failed.is_none()
    }

    /// Tokens a second, from the first to the last; `None` of an answer too short for it or that came at once.
    pub fn pace(&self) -> Option<f64> {
        let (first, whole, tokens) = (self.first_token_ms?, self.whole_ms?, self.output_tokens?);
        (tokens >= 2 && whole - first >= 1.0).then(|| (tokens - 1) as f64 * 1000.0 / (whole - first))
    }
}
