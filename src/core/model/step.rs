//! One step of a runbook: what is done, how often it is tried, and what follows.

use super::{Action, words};
use crate::units::{Duration, Ratio};
use serde::{Deserialize, Serialize};

words! {
    /// How a step ended.
    StepEnd {
        /// As it should.
        Done = "done",
        /// Known to have failed.
        Failed = "failed",
        /// Not by its timeout: what it did is unknown.
        TimedOut = "timed-out",
        /// It was stopped while it ran: what it did is unknown.
        Cancelled = "cancelled",
        /// Its `when` did not hold, so it was never begun.
        Skipped = "skipped",
    }
}

words! {
    /// What becomes of a step that was begun before Lifeboat was killed, and of which it is not known how it ended.
    Repeat {
        /// It is done again: doing it twice does no harm.
        Safe = "safe",
        /// A person is asked.
        Ask = "ask",
    }
}

/// What follows when a step fails after its last retry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// The steps that were done are undone in reverse order, and the runbook ends.
    Undo,
    /// The runbook ends; what was done stays.
    Stop,
    /// The next step runs.
    Continue,
    /// Another step runs next, up to so many times; after that as `undo`.
    Goto {
        /// Its name.
        step: String,
        /// How often this failure leads there.
        at_most: u32,
    },
}

impl OnFailure {
    /// The words that may stand alone in YAML.
    pub const WORDS: &'static [&'static str] = &["undo", "stop", "continue"];

    /// The value of a word that stands alone.
    pub fn from_word(text: &str) -> Option<Self> {
        match text {
            "undo" => Some(Self::Undo),
            "stop" => Some(Self::Stop),
            "continue" => Some(Self::Continue),
            _ => None,
        }
    }
}

/// What follows when a step was done, where it is not the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnSuccess {
    /// The step that runs next.
    pub step: String,
    /// How often it leads back to there; after that the next step follows. Leading on to a later step is not counted.
    pub at_most: u32,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What a person reads.
    pub name: String,
    /// What it is for and what to look at, in a sentence or several; may contain variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is done.
    pub action: Action,
    /// Each try ends by then.
    pub timeout: Duration,
    /// Further tries after a failure.
    pub retries: u32,
    /// Between two tries; the first of several where there is a backoff.
    pub retry_after: Duration,
    /// How the time between two tries grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// What takes it back. Run in reverse order of the steps when the drill is stopped or the runbook fails.
    pub undo: Option<Action>,
    /// True where that is run as well when the step itself is known to have failed.
    #[serde(default)]
    pub undo_on_failure: bool,
    /// What follows when it fails.
    pub on_failure: OnFailure,
    /// What follows when it was done; `None` is the next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_success: Option<OnSuccess>,
    /// It is skipped where this does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// How long it usually takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Duration>,
    /// Whose it is: a contact's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The name of the variable `${steps.NAME}` that its output becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What becomes of it where its outcome is unknown.
    #[serde(default = "ask")]
    pub repeat: Repeat,
    /// True where it changes nothing, so that a rehearsal runs it.
    #[serde(default)]
    pub reads: bool,
    /// Steps that stand next to each other and have the same name here run at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<String>,
}

const fn ask() -> Repeat {
    Repeat::Ask
}

impl Step {
    /// A step with what is usual for everything that is not named.
    pub fn new(name: impl Into<String>, action: Action, timeout: Duration) -> Self {
        Self {
            name: name.into(),
            description: None,
            timeout,
            retries: 0,
            retry_after: Duration::from_secs(1),
            backoff: None,
            undo: None,
            undo_on_failure: false,
            on_failure: OnFailure::Undo,
            on_success: None,
            when: None,
            expected: None,
            owner: None,
            output: None,
            repeat: if action.may_be_repeated() { Repeat::Safe } else { Repeat::Ask },
            reads: action.only_reads(),
            together: None,
            action,
        }
    }

    /// True where it changes nothing: whatever became of it, there is nothing to take back.
    pub fn changes_nothing(&self) -> bool {
        self.reads || self.action.only_reads()
    }

    /// True where it may have done half its work when it failed, and its undo is left out then. A switch replaces its value or does not, and
    /// a canary takes itself back.
    pub fn may_leave_half(&self) -> bool {
        let all_or_nothing = matches!(self.action, Action::Switch(_) | Action::Canary(_));
        self.undo.is_some() && !self.undo_on_failure && !all_or_nothing && !self.changes_nothing()
    }

    /// True where its undo may be done twice: that does no harm, or somebody has said so of the whole step.
    pub fn may_undo_twice(&self) -> bool {
        let said = self.repeat == Repeat::Safe && !self.reads && !self.action.may_be_repeated();
        said || self.undo.as_ref().is_some_and(Action::may_be_repeated)
    }
}

/// Each wait between two tries is twice the one before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    /// And no longer than this.
    pub up_to: Duration,
    /// Longer or shorter by up to this share of it, by the seed, so that many do not try again at the same moment.
    pub jitter: Ratio,
}

/// Variables that are texts in an expression, beside `steps`, `ended`, `json`, `param`, `role` and `service`.
pub const IN_CONDITIONS: [&str; 4] = ["env", "severity", "primary", "standby"];

/// What a step's beginning depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// A text with variables is this.
    Is {
        /// For example `${steps.region}`.
        value: String,
        /// What it must be.
        text: String,
    },
    /// A text with variables is anything but this.
    IsNot {
        /// For example `${steps.region}`.
        value: String,
        /// What it must not be.
        text: String,
    },
    /// An earlier step ended so, the last time that it ran.
    Ended {
        /// Its name.
        step: String,
        /// How.
        end: StepEnd,
    },
    /// An expression is true.
    Holds {
        /// In the Common Expression Language.
        text: String,
        /// What stands before the names of the steps that it speaks of: it is written in a runbook that another includes.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        within: String,
    },
}
