//! Why a drill ends before its time: a reason of a closed list, a message, and what to do about it, each by itself.

use super::trouble::Trouble;
use crate::history::{GuardEvidence, Guarded, StopReason};
use crate::units::{Explained, with_causes};
use std::borrow::Cow;

/// The stop of a drill before its time: its kind, what happened, and what to do. It is recorded as it is, so that whoever shows it chooses how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct DrillStop {
    /// The kind of reason.
    pub reason: StopReason,
    /// What happened, without the hint.
    pub detail: String,
    /// What to type or change next, where somebody can say.
    pub hint: Option<String>,
    /// What showed it, where a guard of the scenario tripped.
    pub guarded: Option<Box<Guarded>>,
}

impl DrillStop {
    pub(super) fn new(reason: StopReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), hint: None, guarded: None }
    }

    pub(super) fn environment(detail: impl Into<String>) -> Self {
        Self::new(StopReason::Environment, detail)
    }

    /// A guard of the scenario tripped.
    pub(super) fn guarded(tripped: Guarded) -> Self {
        Self { guarded: Some(Box::new(tripped.clone())), ..Self::new(StopReason::Guard, tripped.guard) }
    }

    /// With what to do about it.
    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Of an error of a lower room, which tells its hint itself.
    pub(super) fn of(reason: StopReason, error: &(impl Explained + ?Sized)) -> Self {
        Self { hint: error.hint().map(Cow::into_owned), ..Self::new(reason, with_causes(error)) }
    }

    /// Of a text that came from elsewhere as one: a message, an empty line and its hint. (What a program printed, or a room keeps as text.)
    pub(super) fn of_text(reason: StopReason, error: impl std::fmt::Display) -> Self {
        let text = error.to_string();
        match text.split_once("\n\nhint: ") {
            Some((detail, hint)) => Self::new(reason, detail).with_hint(hint),
            None => Self::new(reason, text),
        }
    }

    /// An error of the environment by its text: see [`Self::of_text`].
    pub(super) fn environment_of(error: impl std::fmt::Display) -> Self {
        Self::of_text(StopReason::Environment, error)
    }

    /// An error of the environment, of a lower room that tells its hint itself.
    pub(super) fn environment_error(error: impl Explained) -> Self {
        Self::of(StopReason::Environment, &error)
    }

    /// With each of its texts changed, as where secrets are taken out.
    pub(super) fn map_texts(self, change: impl Fn(&str) -> String) -> Self {
        let guarded = self.guarded.map(|guarded| {
            let Guarded { guard, evidence } = *guarded;
            let evidence = evidence.map(|evidence| {
                let GuardEvidence { value, threshold, from, .. } = &evidence;
                let (value, threshold, from) = (change(value), change(threshold), change(from));
                GuardEvidence { value, threshold, from, ..evidence }
            });
            Box::new(Guarded { guard: change(&guard), evidence })
        });
        let hint = self.hint.as_deref().map(&change);
        Self { reason: self.reason, detail: change(&self.detail), hint, guarded }
    }
}

impl Explained for DrillStop {
    fn hint(&self) -> Option<Cow<'_, str>> {
        self.hint.as_deref().map(Cow::Borrowed)
    }
}

impl From<Trouble> for DrillStop {
    fn from(Trouble { problem, hint }: Trouble) -> Self {
        Self::environment(problem).with_hint(hint)
    }
}
