//! A request of the drill's own traffic, before it is written in a dialect.
//!
//! Every request asks for words of its own to be repeated, drawn from its number. An answer that holds them all proves that a
//! model read this prompt and that nothing was lost on the way back; an answer from a cache, or for somebody else, does not. Vectors repeat
//! nothing: of them it is only proved that one came whole for this text, and was counted.

use super::answer_format::AnswerFormat;
use super::mark::Mark;
use crate::model::{Dialect, Expect, Operation};
use std::sync::Arc;
/// Words that a canary is made of; each is one token or two in common vocabularies.
const WORDS: [&str; 32] = [
    "anchor", "beacon", "cabin", "deck", "ember", "ferry", "galley", "harbor", "island", "jetty", "keel", "lantern", "mast", "north",
    "oar", "pilot", "quay", "rope", "sail", "tide", "upper", "vessel", "water", "yard", "bell", "compass", "signal", "shore", "wind",
    "wave", "storm", "light",
];
const LONGEST_WORD: usize = 7;
/// The longest answer that is asked for, in tokens.
pub(super) const MAX_TOKENS: u64 = 64;
/// Words in a canary.
const LENGTH: usize = 8;
/// What stands before the canary in a prompt: for text, for JSON, for a tool's call.
pub(super) const ORDERS: [&str; 3] = [
    "Repeat these words in one line and write nothing else: ",
    "Write a JSON object whose only field `words` repeats these words in one line, and nothing else: ",
    "Call the tool with these words in one line as its argument `words`, and write nothing else: ",
];
/// Tokens that the offer of a tool may add to a request, beside its name.
const OFFER: u64 = 120;

/// One request of the traffic: its mark, its model and operation, and what its answer must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRequest {
    /// The request's mark.
    pub mark: Mark,
    /// The model as the service calls it.
    pub model: String,
    /// The operation that is asked for.
    pub operation: Operation,
    /// True where the answer shall come as a stream of events.
    pub streamed: bool,
    /// What the answer must be beyond whole.
    pub expect: Arc<Expect>,
}

impl ClientRequest {
    /// A chat completion, of which nothing is expected but that it is whole.
    pub fn chat(mark: Mark, model: &str, streamed: bool) -> Self {
        Self { mark, model: model.to_owned(), operation: Operation::Chat, streamed, expect: Arc::default() }
    }

    /// The format of its answer in this dialect.
    pub const fn answer_format(&self, dialect: Dialect) -> AnswerFormat {
        AnswerFormat { dialect, operation: self.operation, streamed: self.streamed }
    }
}
/// The words that an answer to this request must hold.
pub fn canary(mark: Mark) -> String {
    // SplitMix64's finaliser: neighbouring numbers give unrelated words.
    let mut bits = mark.id ^ (u64::from(mark.drill) << 32) ^ 0x9e37_79b9_7f4a_7c15;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let words: Vec<&str> = (0..LENGTH).map(|index| WORDS[(bits >> (index * 5)) as usize & 31]).collect();
    words.join(" ")
}

/// The prompt of a request of which this is expected.
pub fn prompt(mark: Mark, expect: &Expect) -> String {
    let [text, json, tool] = ORDERS;
    let order = match expect {
        Expect { tool: Some(_), .. } => tool,
        Expect { json: true, .. } => json,
        _ => text,
    };
    format!("{} {order}{}", mark.in_body(), canary(mark))
}

/// The most tokens that a request of the traffic can have: those that are sent and those that come back. English words and hexadecimal
/// digits are more than two bytes a token in every vocabulary in use; what a chat format adds to a message is a few.
pub fn request_tokens(expect: &Expect) -> (u64, u64) {
    let longest = Mark { drill: u32::MAX, id: u64::MAX };
    let prompt = prompt(longest, expect).len() - canary(longest).len() + LENGTH * (LONGEST_WORD + 1);
    let offer = expect.tool.as_ref().map_or(0, |name| OFFER + name.len() as u64);
    (prompt as u64 / 2 + 16 + offer, MAX_TOKENS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canaries_differ() {
        let all: std::collections::HashSet<String> = (0..10_000).map(|id| canary(Mark { drill: 1, id })).collect();
        assert_eq!(all.len(), 10_000);
    }
}
