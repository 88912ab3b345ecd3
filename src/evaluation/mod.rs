//! Answers held against what was expected of them: prompts with expectations, scores, and what the counts support (pure).
//!
//! ```text
//!  place          where in a file of prompts something stands, and what is wrong with it
//!  expectation    what is expected of an answer, and whether it is so
//!  prompt         a prompt of a team's own
//!  jsonl, template, promptfoo_assert, promptfoo, prompt_file    files of prompts, in three forms
//!  normal         answers in a form in which only what they say differs
//!  turns          in which order prompts are asked of whom
//!  sample         what became of one prompt asked of one candidate
//!  measure        which of two answers is better, by what
//!  bounds         exact bounds of shares and percentiles
//!  pair_test      which of two is better more often, looked at as often as one likes
//!  standings      all candidates by all measures, and what of it is shown
//!  volume         how many requests a month
//!  change         how a candidate changed since another comparison
//!  comparison     all of it, as `comparison.json` has it; comparison_csv, as a table
//!  regression     what changed, and what of it is shown to be worse
//! ```
//!
//! What this room does not do: ask anybody (`compare` does), or say any of it in words (`report` does).

mod bounds;
mod change;
mod comparison;
mod comparison_csv;
mod expectation;
mod jsonl;
mod measure;
mod normal;
mod pair_test;
mod place;
mod prompt;
mod prompt_file;
mod promptfoo;
mod promptfoo_assert;
mod regression;
mod sample;
mod standings;
mod template;
mod turns;
mod volume;

pub use bounds::{BoundedQuantile, CountedShare};
pub use change::{ChangeKind, MeasureChange};
pub use comparison::{
    AnswerDifference, COMPARISON_FORMAT, CandidateFacts, ComparedCandidate, Comparison, ComparisonEnd, ComparisonHead, MeasuredTimes,
    comparison_schema, measures,
};
pub use comparison_csv::comparison_csv;
pub use expectation::{AnswerExpectation, AnswerSchema, AnswerScore, CommandScore, LetterCase, Tolerance, scored};
pub use jsonl::IdealMatch;
pub use measure::CompareMeasure;
pub use normal::normalised;
pub use pair_test::PairTest;
pub use place::UnreadPrompt;
pub use prompt::EvaluationPrompt;
pub use prompt_file::{OpenFile, PromptFile, read_prompts};
pub use regression::{ComparedAnswers, changes};
pub use sample::AnswerSample;
pub use standings::{LEVEL, PairOrder, Standings};
pub use turns::{PromptTurn, turns};
pub use volume::Volume;
