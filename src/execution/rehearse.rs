//! A rehearsal: only what reads is done; of the rest it is seen whether it could be: programs, variables, addresses.

use super::values::{Values, flags_for};
use crate::history::Live;
use crate::journal::{Clock, Journal};
use crate::model::{Action, Condition, ExecutionPlan, Goal, InquirySource, Step};
use crate::process::can_start;
use crate::redact::Redactor;
use crate::secret::Unread;
use crate::step::{
    Attendance, Before, Context, Directory, Keyring, Outbox, StepError, answers, asked_once, can_rotate, can_switch, client,
    comes_from_a_step, destination, perform, way_to,
};
use crate::units::{Secret, Seed, counted, explained};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

/// What was found of one step or contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// `step 3` and its name, or a contact.
    pub what: String,
    /// How it went.
    pub found: RehearsalOutcome,
    /// What was seen.
    pub detail: String,
    /// What a step is for, in the runbook's words.
    pub about: Option<String>,
}

/// The outcome of a step's rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RehearsalOutcome {
    /// It was done, and went well.
    Done,
    /// It would change something, so it was not done; nothing that it needs is missing.
    Skipped,
    /// It would not work now.
    Missing,
}

impl RehearsalOutcome {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Missing => "missing",
        }
    }
}

/// Does what reads, and looks at what the rest needs. `supervisor` is the binary whose command `keep` ends what a step started when this
/// process is gone.
pub async fn rehearse(plan: &ExecutionPlan, root: &Path, supervisor: &Path) -> Vec<Rehearsed> {
    // A rehearsal leaves no history.
    let nobody = Journal::start(std::io::sink(), Clock::start());
    let redactor = nobody.as_ref().map_or_else(|_| Redactor::default(), |nobody| Redactor::new(nobody.recorder().salt()));
    let values = Values::of(plan, root, redactor).await;
    let context = Context {
        variables: values.variables.clone(),
        redactor: values.redactor.clone(),
        live: watch::channel(Arc::new(Live::default())).1,
        clock: Clock::start(),
        attendance: Attendance::Unattended,
        board: None,
        interview: None,
        stand_in: None,
        directory: Directory { contacts: plan.contacts.clone(), mail: plan.mail.clone() }.into(),
        folder: root.to_owned(),
        http: client(),
        seed: Seed(0),
        supervisor: Some(supervisor.to_owned()),
        before: Before::default(),
        keyring: nobody.map_or_else(|_| Keyring::default(), |journal| values.keyring(plan, root, journal.recorder())),
        outbox: Outbox::default(),
        stores: plan.stores.clone().into(),
        lacking: BTreeMap::new(),
    };
    let missing = values.missing(plan);
    let mut all = Vec::new();
    let mut known = BTreeMap::new();
    for (place, step) in plan.runbook.steps.iter().enumerate() {
        let what = format!("step {} {}", place + 1, step.name);
        let context = context.knowing(&known);
        let absent = missing.iter().find(|(name, _)| *name == step.name);
        let (found, detail) = match absent {
            Some((_, names)) => {
                let unread = values.unread.iter().find(|unread| names.contains(&unread.whose)).map(ToString::to_string);
                let flags = flags_for(plan, names).map(str::to_owned).or(unread).map_or_else(String::new, |why| format!(": {why}"));
                (RehearsalOutcome::Missing, format!("no value for {}{flags}", names.join(", ")))
            }
            None => {
                let (found, detail, value) = one(step, place, &context).await;
                if let (Some(name), Some(value)) = (&step.output, value) {
                    known.insert(name.clone(), value);
                }
                (found, detail)
            }
        };
        let about = step.description.as_ref().map(|text| context.presentable(&context.expand(text).unwrap_or_else(|_| text.clone())));
        all.push(Rehearsed { what, found, detail: context.presentable(&detail), about });
    }
    all.extend(values.unread.iter().map(|unread| hidden(unread, &context)));
    let runbook = &plan.runbook;
    let told = runbook.owner.iter().chain(runbook.escalate.iter().map(|escalation| &escalation.to));
    let told: BTreeSet<&String> = told.chain(runbook.updates.iter().map(|update| &update.to)).collect();
    for name in told {
        all.push(contact(name, &context).await);
    }
    all
}

/// A secret that cannot be read, so that nobody knows it in an output.
fn hidden(unread: &Unread, context: &Context) -> Rehearsed {
    let detail = format!("it cannot be hidden in output: {}", unread.why);
    Rehearsed {
        what: format!("secret {}", unread.whose),
        found: RehearsalOutcome::Missing,
        detail: context.presentable(&detail),
        about: None,
    }
}

/// Whether a contact could be told something.
async fn contact(name: &str, context: &Context) -> Rehearsed {
    let (found, detail) = match way_to(name, context) {
        Err(problem) => (RehearsalOutcome::Missing, explained(&problem)),
        // The address may be a secret; what is said of it is only whether somebody is there.
        Ok(Some(url)) => match answers(&url).await {
            Ok(_) => (RehearsalOutcome::Skipped, "the host for its messages accepts connections; nothing was sent".into()),
            Err(_) => (RehearsalOutcome::Missing, "the host for its messages does not answer".into()),
        },
        Ok(None) => (RehearsalOutcome::Skipped, "a person writes or calls".into()),
    };
    Rehearsed { what: format!("contact {name}"), found, detail, about: None }
}

/// Whether what is waited for could be seen: its goal says nothing on a quiet day, whether somebody answers does.
async fn awaited(condition: &Condition, context: &Context) -> Result<(RehearsalOutcome, String), String> {
    if let Goal::Asked(inquiry) = &condition.goal {
        return match &inquiry.of {
            InquirySource::Run(command) => ready(command, context).map(|()| (RehearsalOutcome::Skipped, "its program exists".into())),
            _ => match asked_once(inquiry, context).await {
                Ok(seen) => Ok((RehearsalOutcome::Done, seen)),
                Err(error) => unless_later(error),
            },
        };
    }
    if let Some(name) = condition.goal.alert() {
        return Ok((RehearsalOutcome::Skipped, format!("it waits for the alert {name}")));
    }
    match condition.request.as_ref().map(|probe| context.expand(&probe.to)) {
        Some(Ok(url)) => answers(&url).await.map(|seen| (RehearsalOutcome::Done, seen)),
        Some(Err(error)) => Err(explained(&error)),
        None => Ok((RehearsalOutcome::Skipped, "it needs a drill's traffic".into())),
    }
}

/// How it went, what was seen, and what later steps may use of it.
async fn one(step: &Step, place: usize, context: &Context) -> (RehearsalOutcome, String, Option<Secret>) {
    let tried = match &step.action {
        Action::WaitUntil(condition) => awaited(condition.here(false), context).await,
        Action::StopHere(_) => Ok((RehearsalOutcome::Skipped, "it would end here".into())),
        Action::Canary(canary) => match &canary.outside {
            Some(condition) => {
                awaited(condition, context).await.map(|(_, seen)| (RehearsalOutcome::Skipped, format!("it would change something; {seen}")))
            }
            None => Ok((RehearsalOutcome::Skipped, "it needs a drill's traffic".into())),
        },
        Action::Pause(_) => Ok((RehearsalOutcome::Skipped, "a pause".to_owned())),
        Action::Confirm(_) | Action::Manual(_) | Action::Ask(_) => Ok((RehearsalOutcome::Skipped, by_people(&step.action))),
        Action::Rotate(part) => match can_rotate(part, context).await {
            Ok(seen) => Ok((RehearsalOutcome::Skipped, format!("a rehearsal rotates nothing; {seen}"))),
            Err(error) => Err(explained(&error)),
        },
        action if step.reads => {
            return match tokio::time::timeout(step.timeout.std(), perform(action, place, context)).await {
                Ok(Ok(output)) => (RehearsalOutcome::Done, output.shown, Some(output.value)),
                // It needs what a step gave that was left out.
                Ok(Err(StepError::Variable { name, .. })) if comes_from_a_step(&name) => {
                    (RehearsalOutcome::Skipped, format!("it needs ${{{name}}}, which a rehearsal does not make"), None)
                }
                Ok(Err(error)) => (RehearsalOutcome::Missing, explained(&error), None),
                Err(_) => (RehearsalOutcome::Missing, format!("not done within {}", step.timeout), None),
            };
        }
        Action::Run(command) => {
            ready(command, context).map(|()| (RehearsalOutcome::Skipped, "it would change something; its program exists".into()))
        }
        Action::Switch(switch) | Action::SwitchBack(switch) => match can_switch(switch, context).await {
            Ok(()) => Ok((RehearsalOutcome::Skipped, "it would change something; its value exists".into())),
            Err(error) => unless_later(error),
        },
        Action::Notify(notify) => match destination(notify, context) {
            Ok(None) => Ok((RehearsalOutcome::Skipped, "a person writes or calls".into())),
            Ok(Some(url)) => match answers(&url).await {
                Ok(_) => Ok((RehearsalOutcome::Skipped, "it would send something; its host accepts connections".into())),
                Err(_) => Err(format!("the host of its {} does not answer", notify.channel.word())),
            },
            Err(error) => unless_later(error),
        },
        Action::Http(call) => match context.expand(&call.url) {
            Ok(url) => answers(&url).await.map(|seen| (RehearsalOutcome::Skipped, format!("it would change something; {seen}"))),
            Err(error) => unless_later(error),
        },
    };
    match tried.and_then(|seen| undo_ready(step, context).map(|()| seen)) {
        Ok((found, detail)) => (found, detail, None),
        Err(problem) => (RehearsalOutcome::Missing, problem, None),
    }
}

/// What people would do or be asked.
fn by_people(action: &Action) -> String {
    match action {
        Action::Manual(manual) if !manual.checklist.is_empty() => {
            format!("a person does it, {} to tick off", counted(manual.checklist.len() as u64, "item"))
        }
        Action::Manual(_) => "a person does it".to_owned(),
        Action::Ask(_) => "a person writes an answer".to_owned(),
        other => format!("a {}", other.word()),
    }
}

fn undo_ready(step: &Step, context: &Context) -> Result<(), String> {
    match &step.undo {
        Some(Action::Run(command)) => ready(command, context).map_err(|problem| format!("its undo: {problem}")),
        _ => Ok(()),
    }
}

fn ready(command: &crate::model::Command, context: &Context) -> Result<(), String> {
    let expand = |text: &str| match context.expand(text) {
        Ok(text) => Ok(Some(text)),
        Err(error) => unless_later(error).map(|_| None),
    };
    let Some(program) = expand(command.argv.first().map_or("", String::as_str))? else { return Ok(()) };
    let folder = match &command.folder {
        Some(folder) => match expand(folder)? {
            Some(folder) => context.folder.join(folder),
            None => return Ok(()),
        },
        None => context.folder.clone(),
    };
    can_start(&program, &folder).map_err(|error| error.to_string())
}

/// A variable that an earlier step will give is not missing.
fn unless_later(error: StepError) -> Result<(RehearsalOutcome, String), String> {
    match error {
        StepError::Variable { name, .. } if comes_from_a_step(&name) => {
            Ok((RehearsalOutcome::Skipped, format!("it needs ${{{name}}}, which a rehearsal does not make")))
        }
        other => Err(explained(&other)),
    }
}
