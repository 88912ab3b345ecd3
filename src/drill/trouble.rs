//! What is wrong with one thing that a drill needs: a sentence, and what to do.

/// What is wrong with one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// In one sentence, with the name of what it is about.
    pub problem: String,
    /// What to type next.
    pub hint: String,
}

impl Trouble {
    /// With both.
    pub fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { problem: problem.into(), hint: hint.into() }
    }
}
