//! Why a drill may not begin, or not go on to its first fault: each with when it may, or who must say so.

use super::approval::ApprovalProblem;
use crate::units::{Explained, Problem, with_causes};
use std::borrow::Cow;
use std::fmt;

/// A drill that would begin in time and end too late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunsInto {
    /// When it would end.
    pub ends: String,
    /// What it would run into: when the freeze begins, or the hours end.
    pub limit: String,
}

/// Why a drill may not begin here and now. Times are told by the clock that they were written by.
#[derive(Debug)]
pub enum NotPermitted {
    /// A freeze holds, or will before the drill ends.
    Frozen {
        /// The environment.
        environment: String,
        /// The freeze and its calendar.
        freeze: String,
        /// When it ends.
        until: String,
        /// How far the drill would reach into it, where it has not begun yet.
        runs_into: Option<Box<RunsInto>>,
        /// When the drill fits next.
        next: Option<String>,
    },
    /// Its hours are over, or will be before the drill ends.
    Outside {
        /// The environment.
        environment: String,
        /// Its hours.
        hours: String,
        /// When it was asked.
        now: String,
        /// How far the drill would reach beyond them, where it begins within them.
        runs_into: Option<Box<RunsInto>>,
        /// When the drill fits next.
        next: Option<String>,
    },
    /// A calendar of freezes cannot be read: that is no permission.
    Calendar {
        /// The environment.
        environment: String,
        /// The calendar.
        calendar: String,
        /// Why.
        problem: Problem,
    },
    /// The approval that it needs is missing, or is not one.
    Approval(ApprovalProblem),
}

impl fmt::Display for NotPermitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frozen { environment, freeze, until, runs_into: None, .. } => {
                write!(f, "the environment `{environment}` is frozen until {until}, by {freeze}")
            }
            Self::Frozen { environment, freeze, until, runs_into: Some(into), .. } => write!(
                f,
                "the drill would end at {}, and the environment `{environment}` is frozen from {} until {until}, by {freeze}",
                into.ends, into.limit
            ),
            Self::Outside { environment, hours, now, runs_into: None, .. } => {
                write!(f, "it is {now}, and the environment `{environment}` allows drills only {hours}")
            }
            Self::Outside { environment, hours, runs_into: Some(into), .. } => {
                let RunsInto { ends, limit } = &**into;
                write!(f, "the drill would end at {ends}, and the hours of the environment `{environment}` end at {limit} ({hours})")
            }
            Self::Calendar { environment, calendar, problem } => write!(
                f,
                "the freezes of the environment `{environment}` cannot be read, and that is no permission: {calendar}: {}",
                with_causes(problem)
            ),
            Self::Approval(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for NotPermitted {}

impl Explained for NotPermitted {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Frozen { next: Some(next), .. } | Self::Outside { next: Some(next), .. } => {
                Some(format!("the next time at which it fits is {next}").into())
            }
            Self::Frozen { next: None, .. } | Self::Outside { next: None, .. } => {
                Some("it fits at no time of the next year: shorten the drill, or change `hours:` or the calendar".into())
            }
            Self::Calendar { problem, .. } => problem
                .hint()
                .or(Some("make it readable, or take it out of `freezes:` of the environment, if it freezes nothing any more".into())),
            Self::Approval(problem) => problem.hint(),
        }
    }
}

impl From<ApprovalProblem> for NotPermitted {
    fn from(problem: ApprovalProblem) -> Self {
        Self::Approval(problem)
    }
}
