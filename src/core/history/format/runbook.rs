//! Who does what when it goes wrong.

use super::action::ActionRecord;
use super::condition::{ConditionRecord, ReactionRecord};
use super::record::{is_usual, record};
use crate::model::{
    Backoff, Escalation, EscalationUntil, NotifySeverity, OnFailure, OnSuccess, Repeat, RoleHolder, Runbook, StartMode, StatusUpdate, Step,
    StepEnd, UpdateTime, When,
};
use crate::units::{Duration, Ratio};
use std::collections::BTreeMap;

record! {
    struct RunbookRecord of Runbook {
        name: String,
        owner: Option<String>,
        reviewed: Option<String>,
        start: StartMode,
        detect: ConditionRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reaction: Option<ReactionRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        severity: Option<NotifySeverity>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        roles: BTreeMap<String, RoleHolderRecord>,
        escalate: Vec<EscalationRecord>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        updates: Vec<StatusUpdateRecord>,
        steps: Vec<StepRecord>,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum RoleHolderRecord of RoleHolder {
        Contact(inner: String),
        Asked,
    }
}

record! {
    struct EscalationRecord of Escalation {
        after: Duration,
        to: String,
        #[serde(default = "to_the_end", skip_serializing_if = "is_to_the_end")]
        until: EscalationUntil,
    }
}

const fn to_the_end() -> EscalationUntil {
    EscalationUntil::End
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_to_the_end(until: &EscalationUntil) -> bool {
    *until == EscalationUntil::End
}

record! {
    struct StatusUpdateRecord of StatusUpdate {
        when: UpdateTimeRecord,
        to: String,
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<String>,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum UpdateTimeRecord of UpdateTime {
        Every {
            every: Duration,
            start_after: Duration,
        },
        AtEnd {
            ends: Vec<String>,
        },
    }
}

record! {
    struct StepRecord of Step {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        action: ActionRecord,
        timeout: Duration,
        retries: u32,
        retry_after: Duration,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backoff: Option<BackoffRecord>,
        undo: Option<ActionRecord>,
        #[serde(default, skip_serializing_if = "is_usual")]
        undo_on_failure: bool,
        on_failure: OnFailureRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on_success: Option<OnSuccessRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        when: Option<WhenRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<Duration>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
        #[serde(default = "ask")]
        repeat: Repeat,
        #[serde(default)]
        reads: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        together: Option<String>,
    }
}

record! {
    struct BackoffRecord of Backoff {
        up_to: Duration,
        jitter: Ratio,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum WhenRecord of When {
        Is {
            value: String,
            text: String,
        },
        IsNot {
            value: String,
            text: String,
        },
        Ended {
            step: String,
            end: StepEnd,
        },
        Holds {
            text: String,
            #[serde(default, skip_serializing_if = "String::is_empty")]
            within: String,
        },
    }
}

record! {
    struct OnSuccessRecord of OnSuccess {
        step: String,
        at_most: u32,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum OnFailureRecord of OnFailure {
        Undo,
        Stop,
        Continue,
        Goto {
            step: String,
            at_most: u32,
        },
    }
}

const fn ask() -> Repeat {
    Repeat::Ask
}
