//! The format of an answer, which decides how its bytes are written and read.

use crate::model::{Dialect, Operation};

/// The format of an answer: a dialect, an operation, whole or streamed. Reading, writing and changing an answer's bytes needs all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerFormat {
    /// The dialect of the provider.
    pub dialect: Dialect,
    /// The operation that was asked for.
    pub operation: Operation,
    /// True for a stream of events.
    pub streamed: bool,
}
