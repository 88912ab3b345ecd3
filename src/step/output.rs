//! What a step saw or printed.

use crate::units::Secret;
use std::fmt;

/// What a step saw or printed, as it was: nothing of it may be kept or shown before it was made [`presentable`](super::Context::presentable).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// For people.
    pub shown: String,
    /// For later steps: the program's stdout, or the answer's body, or the answer of a person.
    pub value: Secret,
}

impl Output {
    /// The same for people and for later steps.
    pub fn of(text: impl Into<String>) -> Self {
        let shown = text.into();
        Self { value: shown.as_str().into(), shown }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({} bytes, {} for later steps)", self.shown.len(), self.value.expose().len())
    }
}
