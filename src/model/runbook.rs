//! Who does what when it goes wrong.

use super::{Canary, Condition, Goal, Reaction, Rotate, Switch, Within, words};
use crate::units::{Duration, Ratio};
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
    /// Who is told when it takes long.
    pub escalate: Vec<Escalation>,
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
        self.owner.iter().chain(self.escalate.iter().map(|escalation| &escalation.to)).chain(notified)
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
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What a person reads.
    pub name: String,
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
    /// What follows when it fails.
    pub on_failure: OnFailure,
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
            timeout,
            retries: 0,
            retry_after: Duration::from_secs(1),
            backoff: None,
            undo: None,
            on_failure: OnFailure::Undo,
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
}

/// Each wait between two tries is twice the one before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    /// And no longer than this.
    pub up_to: Duration,
    /// Longer or shorter by up to this share of it, by the seed, so that many do not try again at the same moment.
    pub jitter: Ratio,
}

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
}

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
            Self::Pause(_) => "pause",
            Self::Switch(_) => "switch",
            Self::SwitchBack(_) => "switch_back",
            Self::Notify(_) => "notify",
            Self::Rotate(_) => "rotate",
            Self::Canary(_) => "canary",
        }
    }

    /// True where it changes nothing outside.
    pub fn only_reads(&self) -> bool {
        match self {
            Self::WaitUntil(_) | Self::Pause(_) | Self::Confirm(_) => true,
            Self::Http(call) => call.method == "GET",
            Self::Rotate(rotate) => rotate.part.only_reads(),
            Self::Run(_) | Self::Switch(_) | Self::SwitchBack(_) | Self::Notify(_) | Self::Canary(_) => false,
        }
    }

    /// True where its success shows that somebody answered who was asked: a probe, or a request that only reads.
    pub fn sees_the_service(&self) -> bool {
        match self {
            Self::WaitUntil(condition) => condition.request.is_some() && !matches!(condition.goal, Goal::Fails(_)),
            Self::Http(call) => call.method == "GET" && call.url.contains("${service.url}"),
            _ => false,
        }
    }

    /// Every text in it that may hold variables.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::WaitUntil(condition) => {
                let probes = condition.request.iter();
                probes.flat_map(|probe| std::iter::once(&probe.to).chain(probe.headers.values())).map(String::as_str).collect()
            }
            Self::Http(call) => {
                let body = call.body.iter().chain(&call.expect_text).map(String::as_str);
                std::iter::once(call.url.as_str()).chain(call.headers.values().map(String::as_str)).chain(body).collect()
            }
            Self::Run(command) => command.argv.iter().chain(command.env.values()).chain(&command.folder).map(String::as_str).collect(),
            Self::Confirm(confirm) => vec![&confirm.question],
            Self::Pause(_) | Self::Rotate(_) => Vec::new(),
            Self::Switch(switch) | Self::SwitchBack(switch) => match &switch.within {
                Within::File { file, .. } => vec![file, &switch.to],
                Within::Kubernetes { .. } => vec![&switch.to],
            },
            Self::Notify(notify) => match &notify.channel {
                Channel::Email(to) => vec![&notify.message, to],
                _ => vec![&notify.message],
            },
            Self::Canary(canary) => canary.shift.texts().into_iter().chain(canary.back.texts()).collect(),
        }
    }

    /// True where doing it twice is as good as doing it once, whatever the step says.
    pub fn may_be_repeated(&self) -> bool {
        self.only_reads() || matches!(self, Self::Switch(_) | Self::SwitchBack(_))
    }
}

words! {
    /// How bad it is, in PagerDuty's words.
    NotifySeverity {
        /// For the record.
        Info = "info",
        /// Something is not as it should be.
        Warning = "warning",
        /// Something does not work.
        Error = "error",
        /// Somebody must get up.
        Critical = "critical",
    }
}

/// A message and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Where it goes.
    pub channel: Channel,
    /// May contain variables.
    pub message: String,
    /// How bad it is.
    pub severity: NotifySeverity,
}

/// Where a message goes. Addresses and keys are URLs, or `env:NAME`, since they are often secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Any webhook: `{"text": …, "severity": …}`.
    Webhook(String),
    /// An incoming webhook of Slack, or what is compatible: `{"text": …}`.
    Slack(String),
    /// An e-mail to this address, through the inventory's `mail`.
    Email(String),
    /// Whatever way the contact of this name is reached by.
    Contact(String),
    /// PagerDuty's Events API v2.
    Pagerduty {
        /// The routing key, as `env:NAME`.
        key: String,
        /// Another address than PagerDuty's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    },
}

impl Channel {
    /// The key that introduces it in YAML.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::Email(_) => "email",
            Self::Contact(_) => "contact",
            Self::Pagerduty { .. } => "pagerduty",
        }
    }
}

/// A question to a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confirm {
    /// The question.
    pub question: String,
    /// The answers that are allowed; none means `yes` and `no`. All but `no` go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// Who may answer, by the names of contacts; none means whoever is at the terminal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// How many of the approvers must agree; 0 means one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub needed: u32,
    /// The answer that counts where nobody answers within the step's timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// How long people take to answer, where it is not the runbook's reaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Confirm {
    /// The answers that are allowed.
    pub fn allowed(&self) -> Vec<String> {
        if self.answers.is_empty() { vec!["yes".to_owned(), "no".to_owned()] } else { self.answers.clone() }
    }
}

/// A program and its arguments; never a shell line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Program and arguments. Each may contain variables such as `${service.url}`; a value stays one argument.
    pub argv: Vec<String>,
    /// Its environment, besides what every program needs to run.
    pub env: BTreeMap<String, String>,
    /// The variables of Lifeboat's own environment that it is given besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass: Vec<String>,
    /// Where it runs, from the project's root; may contain variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The exit codes that count as done; none means 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit_codes: Vec<u8>,
}

/// One HTTP request and what its answer must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCall {
    /// `GET`, `POST`, …
    pub method: String,
    /// May contain variables such as `${service.url}`.
    pub url: String,
    /// Sent with it.
    pub headers: BTreeMap<String, String>,
    /// Sent with it, as it stands.
    pub body: Option<String>,
    /// The status that it must have; `None` takes any from 200 to 299.
    pub expect_status: Option<u16>,
    /// A text that the answer must contain.
    pub expect_text: Option<String>,
}
