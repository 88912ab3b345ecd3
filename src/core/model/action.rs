//! What a step does: one variant a kind of step.

use super::{Ask, Canary, Channel, Command, Condition, Confirm, HttpCall, Manual, Notify, Rotate, StopHere, Switch, Within};
use crate::units::Duration;
use serde::{Deserialize, Serialize};

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Waits for a condition.
    WaitUntil(Condition),
    /// Sends one HTTP request and checks the answer.
    Http(HttpCall),
    /// Runs a program.
    Run(Command),
    /// Asks a person.
    Confirm(Confirm),
    /// A person does it.
    Manual(Manual),
    /// A person writes something.
    Ask(Ask),
    /// Waits this long.
    Pause(Duration),
    /// Replaces one value of a file or of a Kubernetes object.
    Switch(Switch),
    /// Puts back what a switch replaced: what undoes it where nothing else is said.
    SwitchBack(Switch),
    /// Sends a message.
    Notify(Notify),
    /// Does one part of a credential's rotation.
    Rotate(Rotate),
    /// Shifts a share of the traffic, watches, and goes on or takes it back.
    Canary(Canary),
    /// Ends the walk.
    StopHere(StopHere),
}

impl Action {
    /// Itself, or of a canary what shifts traffic and takes it back.
    pub fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Canary(canary) => vec![&canary.shift, &canary.back],
            other => vec![other],
        }
    }

    /// The key that introduces it in YAML.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::WaitUntil(_) => "wait_until",
            Self::Http(_) => "http",
            Self::Run(_) => "run",
            Self::Confirm(_) => "confirm",
            Self::Manual(_) => "manual",
            Self::Ask(_) => "ask",
            Self::Pause(_) => "pause",
            Self::Switch(_) => "switch",
            Self::SwitchBack(_) => "switch_back",
            Self::Notify(_) => "notify",
            Self::Rotate(_) => "rotate",
            Self::Canary(_) => "canary",
            Self::StopHere(_) => "stop_here",
        }
    }

    /// True where it changes nothing outside.
    pub fn only_reads(&self) -> bool {
        match self {
            Self::WaitUntil(_) | Self::Pause(_) | Self::Confirm(_) | Self::Ask(_) | Self::StopHere(_) => true,
            Self::Http(call) => call.method == "GET",
            Self::Rotate(rotate) => rotate.part.only_reads(),
            Self::Run(_) | Self::Manual(_) | Self::Switch(_) | Self::SwitchBack(_) | Self::Notify(_) | Self::Canary(_) => false,
        }
    }

    /// True where its success shows that somebody answered who was asked: a probe, or a request that only reads.
    pub fn sees_the_service(&self) -> bool {
        match self {
            Self::WaitUntil(condition) => condition.here(false).sees_the_service(),
            Self::Http(call) => call.method == "GET" && call.url.contains("${service.url}"),
            _ => false,
        }
    }

    /// Every text in it that may hold variables.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::WaitUntil(condition) => condition.texts(),
            Self::Http(call) => call.texts(),
            Self::Run(command) => command.texts(),
            Self::Confirm(confirm) => vec![&confirm.question],
            Self::Manual(manual) => {
                std::iter::once(&manual.text).chain(&manual.links).chain(&manual.checklist).map(String::as_str).collect()
            }
            Self::Ask(ask) => std::iter::once(&ask.question).chain(&ask.default).map(String::as_str).collect(),
            Self::Pause(_) | Self::Rotate(_) => Vec::new(),
            Self::Switch(switch) | Self::SwitchBack(switch) => match &switch.within {
                Within::File { file, .. } => vec![file, &switch.to],
                Within::Kubernetes { .. } => vec![&switch.to],
            },
            Self::Notify(notify) => match &notify.channel {
                Channel::Email(to) => vec![&notify.message, to],
                _ => vec![&notify.message],
            },
            Self::StopHere(stop) => stop.message.as_deref().into_iter().collect(),
            Self::Canary(canary) => {
                let outside = canary.outside.iter().flat_map(Condition::texts);
                canary.shift.texts().into_iter().chain(canary.back.texts()).chain(outside).collect()
            }
        }
    }

    /// The alert that it waits for outside a drill.
    pub fn alert_outside(&self) -> Option<&str> {
        match self {
            Self::WaitUntil(condition) => condition.here(false).goal.alert(),
            Self::Canary(canary) => canary.outside.as_ref()?.goal.alert(),
            _ => None,
        }
    }

    /// True where a person answers: nobody there is no failure of the step.
    pub const fn asks_people(&self) -> bool {
        matches!(self, Self::Confirm(_) | Self::Manual(_) | Self::Ask(_))
    }

    /// True where doing it twice is as good as doing it once, whatever the step says.
    pub fn may_be_repeated(&self) -> bool {
        // A person who is asked again what was done by hand says so.
        self.only_reads() || matches!(self, Self::Switch(_) | Self::SwitchBack(_) | Self::Manual(_))
    }
}
