//! Conditions that are conditions: comparisons, and, or, not, in the Common Expression Language (CEL) that Kubernetes and Envoy use.
//!
//! What is wrong with one is found before anything is done ([`Expression::problems`]): its form, names that nobody gives a value, a text that is
//! held against a number. What can only be seen when it is looked at ([`Expression::holds`]) is an error in words, and never a guess: there is
//! no truth in a text that is not empty.
//!
//! The parser recurses, and deeply: so an expression is short, nests little, and is read and evaluated on a stack of its own.

mod facts;
mod kinds;
mod parse;
mod problem;
#[cfg(test)]
mod tests;

pub use facts::{KnownFacts, WalkFacts};
pub use parse::Expression;
pub use problem::ExpressionProblem;
