//! Errors that say what to do about them: what went wrong, what to type next, and what caused it, each by itself.
//!
//! Each room has error types of its own; what they share is here. The text of an error ([`Display`](std::fmt::Display)) never holds its hint: whoever
//! shows it (the command line, a report) puts the two together.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// An error with a hint.
pub trait Explained: Error {
    /// What to type or change next, as a phrase like `raise it with …`; `None` where nobody can say.
    fn hint(&self) -> Option<Cow<'_, str>>;
}

/// An error that is only told: a message, a hint and a cause.
#[derive(Debug)]
pub struct Problem {
    /// What went wrong, with the name of what it concerns. Lowercase, no full stop.
    pub message: String,
    /// See [`Explained::hint`].
    pub hint: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem without hint and cause.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, source: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With what caused it. The message need not repeat that.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl Explained for Problem {
    fn hint(&self) -> Option<Cow<'_, str>> {
        self.hint.as_deref().map(Cow::Borrowed)
    }
}

/// A problem and its hint in one text, where only one text can be kept: `PROBLEM`, an empty line, `hint: HINT`.
pub fn explained(error: &(impl Explained + ?Sized)) -> String {
    let text = with_causes(error);
    match error.hint() {
        Some(hint) => format!("{text}\n\nhint: {hint}"),
        None => text,
    }
}

/// An error's message with those of its causes that it does not tell itself.
pub fn with_causes(error: &(impl Error + ?Sized)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.contains(&said) {
            text += &format!(": {said}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_causes_and_hint_are_told_in_their_order_and_once() {
        let cause = std::io::Error::other("no room left");
        let problem = Problem::new("cannot write a.txt").caused_by(cause).hint("make room");
        assert_eq!(problem.to_string(), "cannot write a.txt");
        assert_eq!(explained(&problem), "cannot write a.txt: no room left\n\nhint: make room");
        let told = Problem::new("cannot write a.txt: no room left").caused_by(std::io::Error::other("no room left"));
        assert_eq!(explained(&told), "cannot write a.txt: no room left");
    }
}
