//! What a step does.

use super::call::{CommandRecord, HttpCallRecord, KubernetesObjectRecord};
use super::condition::{ConditionRecord, ProviderSelectorRecord, ReactionRecord};
use super::record::{is_usual, record};
use super::store::CredentialSourceRecord;
use crate::model::{
    Action, Ask, Canary, Channel, Confirm, DocumentSelector, KeyChange, Manual, Notify, NotifySeverity, Rotate, RotationPart, StopHere,
    Switch, WalkResult, Within, WorseBy,
};
use crate::units::{Duration, Ratio};
use std::collections::BTreeMap;

record! {
    #[serde(rename_all = "kebab-case")]
    enum ActionRecord of Action {
        WaitUntil(inner: ConditionRecord),
        Http(inner: HttpCallRecord),
        Run(inner: CommandRecord),
        Confirm(inner: ConfirmRecord),
        Manual(inner: ManualRecord),
        Ask(inner: AskRecord),
        Pause(inner: Duration),
        Switch(inner: SwitchRecord),
        SwitchBack(inner: SwitchRecord),
        Notify(inner: NotifyRecord),
        Rotate(inner: RotateRecord),
        Canary(inner: CanaryRecord),
        StopHere(inner: StopHereRecord),
    }
}

record! {
    struct StopHereRecord of StopHere {
        end: WalkResult,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    }
}

record! {
    struct ConfirmRecord of Confirm {
        question: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        answers: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approvers: Vec<String>,
        #[serde(default, skip_serializing_if = "is_usual")]
        needed: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reaction: Option<ReactionRecord>,
    }
}

record! {
    struct ManualRecord of Manual {
        text: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        links: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        checklist: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reaction: Option<ReactionRecord>,
    }
}

record! {
    struct AskRecord of Ask {
        question: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reaction: Option<ReactionRecord>,
    }
}

record! {
    struct SwitchRecord of Switch {
        within: WithinRecord,
        key: Vec<String>,
        to: String,
        #[serde(default, skip_serializing_if = "KeyChange::is_usual")]
        change: KeyChange,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_place: bool,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum WithinRecord of Within {
        File {
            file: String,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            document: Option<DocumentSelectorRecord>,
        },
        Kubernetes {
            store: String,
            object: KubernetesObjectRecord,
        },
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum DocumentSelectorRecord of DocumentSelector {
        Number(inner: u64),
        Where(inner: BTreeMap<String, String>),
    }
}

record! {
    struct NotifyRecord of Notify {
        channel: ChannelRecord,
        message: String,
        severity: NotifySeverity,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<String>,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum ChannelRecord of Channel {
        Webhook(inner: String),
        Slack(inner: String),
        Email(inner: String),
        Contact(inner: String),
        Pagerduty {
            key: String,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            at: Option<String>,
        },
    }
}

record! {
    struct RotateRecord of Rotate {
        part: RotationPart,
        credential: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<CredentialSourceRecord>,
    }
}

record! {
    struct CanaryRecord of Canary {
        shift: Box<ActionRecord>,
        back: Box<ActionRecord>,
        of: ProviderSelectorRecord,
        hold: Duration,
        at_least: u64,
        worse_by: WorseByRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outside: Option<ConditionRecord>,
    }
}

record! {
    struct WorseByRecord of WorseBy {
        errors: Ratio,
        latency: Ratio,
        quality: Ratio,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost: Option<Ratio>,
    }
}
