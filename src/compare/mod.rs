//! Candidates side by side: the team's own prompts asked of several providers in turn, until the order is known or the budget is spent.
//!
//! ```text
//!  candidate   who is asked: where, with which key, at which price
//!  estimate    the most that it can cost
//!  scorer      commands that score answers
//!  asking      one prompt asked of one candidate, and what became of it
//!  course      all prompts of all candidates, interleaved; when it ends
//!  folder      what a comparison leaves, and those that are there
//! ```
//!
//! What this room does not do: score or count (`evaluation` does), say anything in words (`report` does), or break anything.

mod asking;
mod candidate;
mod course;
mod estimate;
mod folder;
mod scorer;

pub use candidate::Candidate;
pub use course::{CompareCourse, CompareOrder};
pub use estimate::{SpendEstimate, estimate};
pub use folder::{COMPARISON, ComparisonFolder, StoredComparison, last_comparison, read_comparison};
pub use scorer::{KeepPolicy, Scorer};
