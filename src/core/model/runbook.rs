//! Who does what when it goes wrong.

use super::{
    Action, Channel, Condition, EscalationUntil, Goal, Notify, NotifySeverity, Reaction, RoleHolder, Rotate, StatusUpdate, Step, Switch,
    Within, words,
};
use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// What starts a runbook in a drill.
    StartMode {
        /// Its `detect` condition, as in real life.
        OnDetection = "on-detection",
        /// The first fault: the time to detect is left out of the drill.
        WithTheFault = "with-the-fault",
        /// A person, asked on the terminal.
        ByHand = "by-hand",
    }
}

/// Steps with timeouts, checks, undo, contacts and escalation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Runbook {
    /// Its name, for example `fail-over-to-standby`.
    pub name: String,
    /// A contact's name.
    pub owner: Option<String>,
    /// When a person last read it through; ISO 8601 date.
    pub reviewed: Option<String>,
    /// What starts it.
    pub start: StartMode,
    /// What `on-detection` waits for.
    pub detect: Condition,
    /// How long people take before its first step and before they answer a question, where a drill has nobody to measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
    /// How bad it is when this is needed; `${severity}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<NotifySeverity>,
    /// Who does what on the night, by the names of roles; `${role.NAME}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, RoleHolder>,
    /// Who is told when it takes long.
    pub escalate: Vec<Escalation>,
    /// What is told again and again while it lasts, and when it ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<StatusUpdate>,
    /// In order. Never empty.
    pub steps: Vec<Step>,
}

impl Runbook {
    /// The contacts that it tells: its owner, its escalations, and those whom a step notifies.
    pub fn reached(&self) -> impl Iterator<Item = &String> {
        let actions = self.steps.iter().flat_map(|step| std::iter::once(&step.action).chain(&step.undo));
        let notified = actions.filter_map(|action| match action {
            Action::Notify(Notify { channel: Channel::Contact(name), .. }) => Some(name),
            _ => None,
        });
        let roles = self.roles.values().filter_map(|holder| if let RoleHolder::Contact(name) = holder { Some(name) } else { None });
        let regular = self.updates.iter().map(|update| &update.to);
        self.owner.iter().chain(roles).chain(self.escalate.iter().map(|escalation| &escalation.to)).chain(regular).chain(notified)
    }

    /// The stores whose clusters its steps change something in.
    pub fn clusters(&self) -> impl Iterator<Item = &String> {
        let actions = self.steps.iter().flat_map(|step| std::iter::once(&step.action).chain(&step.undo));
        actions.flat_map(Action::parts).filter_map(|action| match action {
            Action::Switch(Switch { within: Within::Kubernetes { store, .. }, .. }) => Some(store),
            _ => None,
        })
    }

    /// What its steps do of rotations, and what takes them back.
    pub fn rotations(&self) -> impl Iterator<Item = &Rotate> {
        let actions = self.steps.iter().flat_map(|step| std::iter::once(&step.action).chain(&step.undo));
        actions.filter_map(|action| if let Action::Rotate(rotate) = action { Some(rotate) } else { None })
    }

    /// An alert that it waits for, to begin or in a step.
    pub fn awaited_alert(&self) -> Option<&str> {
        self.awaited().find_map(Goal::alert)
    }

    /// Where each of its steps is in another runbook: the same step is the one with the same name.
    pub fn places_in(&self, other: &Self) -> Vec<Option<usize>> {
        let same = |name: &str, number: usize| {
            let named = other.steps.iter().enumerate().filter(|(_, step)| step.name == name);
            named.map(|(place, _)| place).nth(number)
        };
        let earlier = |place: usize| self.steps[..place].iter().filter(|step| step.name == self.steps[place].name).count();
        self.steps.iter().enumerate().map(|(place, step)| same(&step.name, earlier(place))).collect()
    }

    /// The names of the alerts that its steps wait for outside a drill.
    pub fn alerts_outside(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| step.action.alert_outside())
    }

    /// What it waits for, to begin and in its steps.
    pub fn awaited(&self) -> impl Iterator<Item = &Goal> {
        let begins = Some(&self.detect).filter(|_| self.start == StartMode::OnDetection);
        let steps =
            self.steps.iter().filter_map(|step| if let Action::WaitUntil(condition) = &step.action { Some(condition) } else { None });
        begins.into_iter().chain(steps).map(|condition| &condition.goal)
    }
}

/// Who is told when a runbook takes long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// From the runbook's start.
    pub after: Duration,
    /// A contact's name.
    pub to: String,
    /// Until when; `until: end` unless the file says otherwise, so that an acknowledgement silences nobody by itself.
    #[serde(default = "to_the_end", skip_serializing_if = "is_to_the_end")]
    pub until: EscalationUntil,
}

const fn to_the_end() -> EscalationUntil {
    EscalationUntil::End
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_to_the_end(until: &EscalationUntil) -> bool {
    *until == EscalationUntil::End
}
