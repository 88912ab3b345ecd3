//! Steps of a runbook: what each does, and what becomes of it when it fails, takes long or is interrupted.

use super::by_hand;
use super::canary;
use super::command;
use super::condition;
use super::fields::MapFields;
use super::http_call;
use super::notify;
use super::question;
use super::reader::TreeReader;
use super::rotation;
use super::switch;
use super::tree::{Node, NodeKind};
use super::when;
use crate::model::{Action, Backoff, OnFailure, OnSuccess, Repeat, Step, StopHere, WalkResult};
use crate::units::{Duration, Ratio};
use std::collections::BTreeMap;

/// One entry of a runbook's list of steps.
pub(super) enum StepEntry {
    /// A step.
    One(Box<Step>),
    /// Steps that run at the same time; those that cannot be read keep their place.
    Parallel { name: String, steps: Vec<Option<Step>> },
    /// The steps of another runbook.
    Include { name: String, file: String, with: BTreeMap<String, String> },
    /// It could not be read.
    Nothing,
}

const KINDS: [&str; 14] = [
    "wait_until",
    "http",
    "run",
    "confirm",
    "manual",
    "ask",
    "pause",
    "switch",
    "notify",
    "rotate",
    "canary",
    "stop_here",
    "parallel",
    "include",
];
/// What is no list of steps itself.
const ACTIONS: [&str; 11] = ["wait_until", "http", "run", "confirm", "manual", "ask", "pause", "switch", "notify", "rotate", "canary"];
/// What may take a step back.
const UNDOS: [&str; 10] = ["wait_until", "http", "run", "confirm", "manual", "ask", "pause", "switch", "notify", "rotate"];

/// Reads what stands at one place of the list.
pub(super) fn entry(reader: &TreeReader<'_>, node: &Node) -> StepEntry {
    if let NodeKind::Text(command) = &node.kind {
        let argv: Vec<&str> = command.split_whitespace().collect();
        let hint = format!("write `- {{name: …, run: [{}], timeout: 30s}}`", argv.join(", "));
        reader.error(node.spot, "a step is expected here, not a text", hint);
        return StepEntry::Nothing;
    }
    let Some(fields) = reader.fields(node, "a step") else { return StepEntry::Nothing };
    // A step that stands for several is written out before it is read.
    let _ = (fields.raw("for_each"), fields.raw("at_most"));
    let name = fields.required("name", &|reader, node| reader.words(node)).unwrap_or_default();
    match fields.exactly_one(&KINDS) {
        Some("include") => {
            let file = fields.optional("include", &|reader, node| reader.words(node));
            let with = fields.optional("with", &|reader, node| reader.texts(node)).unwrap_or_default();
            fields.finish();
            file.map_or(StepEntry::Nothing, |file| StepEntry::Include { name, file, with })
        }
        Some("parallel") => {
            let on_failure = fields.optional("on_failure", &on_failure).unwrap_or(OnFailure::Undo);
            let steps = fields
                .optional("parallel", &|reader, node| reader.list(node, &|reader, node| Some(one_of_several(reader, node, &on_failure))));
            fields.finish();
            steps.map_or(StepEntry::Nothing, |steps| StepEntry::Parallel { name, steps })
        }
        chosen => step(fields, name, chosen, &OnFailure::Undo).map_or(StepEntry::Nothing, |step| StepEntry::One(Box::new(step))),
    }
}

/// A step of several that run at the same time; what follows its failure is said by all of them together.
fn one_of_several(reader: &TreeReader<'_>, node: &Node, on_failure: &OnFailure) -> Option<Step> {
    let fields = reader.fields(node, "a step")?;
    let name = fields.required("name", &|reader, node| reader.words(node)).unwrap_or_default();
    let chosen = fields.exactly_one(&ACTIONS);
    step(fields, name, chosen, on_failure)
}

fn step(fields: MapFields<'_>, name: String, chosen: Option<&'static str>, failing: &OnFailure) -> Option<Step> {
    let action = chosen.and_then(|word| action(&fields, word));
    let timeout = |reader: &TreeReader<'_>, node: &Node| reader.time(node);
    let timeout = match &action {
        Some(Action::Pause(length)) => {
            // The pause itself ends the try; the second is only for a machine that is late.
            Some(fields.optional("timeout", &timeout).unwrap_or_else(|| length.plus(Duration::from_secs(1))))
        }
        Some(Action::StopHere(_)) => Some(Duration::from_secs(1)),
        // Whatever the step is, it is not known whether it would have needed one.
        None if chosen.is_none() || matches!(chosen, Some("pause" | "stop_here")) => fields.optional("timeout", &timeout),
        _ => fields.required("timeout", &timeout),
    };
    if let (Some(Action::Canary(canary)), Some((_, node)), Some(within)) = (&action, fields.raw("timeout"), timeout)
        && within <= canary.hold
    {
        let hint = format!("write `timeout: {}` or longer", canary.hold.plus(Duration::from_secs(10)).typed());
        fields.reader.error(node.spot, format!("the canary is held for {}, so nothing would be decided by then", canary.hold), hint);
    }
    let retries = fields.optional("retries", &|reader, node| reader.count(node, 0));
    let retry_after = fields.optional("retry_after", &|reader, node| reader.quantity::<Duration>(node));
    let backoff = fields.optional("backoff", &backoff);
    let undo = fields.optional("undo", &undo);
    let undo_on_failure = fields.optional("undo_on_failure", &|reader, node| reader.truth(node));
    let on_failure = fields.optional("on_failure", &on_failure);
    let on_success = fields.optional("on_success", &on_success);
    if let (Some(Action::StopHere(_)), Some((key, _))) = (&action, fields.raw("on_success")) {
        fields.reader.error(key.spot, "the runbook ends here, so nothing follows", "take `on_success` away");
    }
    if let (Some(Action::StopHere(_)), Some((_, node)), Some(OnFailure::Continue | OnFailure::Goto { .. })) =
        (&action, fields.raw("on_failure"), &on_failure)
    {
        let hint = "write `undo` (what is done is taken back) or `stop` (what is done stays)";
        fields.reader.error(node.spot, "the runbook ends here, so nothing follows", hint);
    }
    let when = fields.optional("when", &when::read);
    let expected = fields.optional("expected", &|reader, node| reader.time(node));
    let owner = fields.optional("owner", &|reader, node| reader.name(node));
    let output = fields.optional("output", &variable_name);
    let repeat = fields.optional("repeat", &|reader, node| reader.word(node, Repeat::WORDS, Repeat::from_word));
    let reads = fields.optional("reads", &|reader, node| reader.truth(node));
    let description = fields.optional("description", &|reader, node| reader.words(node));
    fields.finish();
    let mut step = Step::new(name, action?, timeout?);
    step.retries = retries.unwrap_or(step.retries);
    step.retry_after = retry_after.unwrap_or(step.retry_after);
    step.undo = match (undo, &step.action) {
        (Some(undo), _) => undo,
        (None, Action::Switch(switch)) => Some(Action::SwitchBack(switch.clone())),
        (None, Action::Canary(canary)) => Some((*canary.back).clone()),
        (None, _) => None,
    };
    step.undo_on_failure = undo_on_failure.unwrap_or(false);
    step.on_failure = on_failure.unwrap_or_else(|| failing.clone());
    step.reads = reads.unwrap_or(step.reads);
    // What only reads may be done twice, unless it says otherwise.
    step.repeat = repeat.unwrap_or(if step.reads { Repeat::Safe } else { step.repeat });
    Some(Step { description, backoff, on_success, when, expected, owner, output, ..step })
}

/// `{up_to: 30s, jitter: 20%}`.
fn backoff(reader: &TreeReader<'_>, node: &Node) -> Option<Backoff> {
    let fields = reader.fields(node, "a backoff")?;
    let up_to = fields.required("up_to", &|reader, node| reader.time(node));
    let jitter = fields.optional("jitter", &|reader, node| reader.quantity::<Ratio>(node));
    fields.finish();
    Some(Backoff { up_to: up_to?, jitter: jitter.or_else(|| Ratio::new(0.0))? })
}

/// A word, or `{goto: STEP, at_most: 3}`.
fn on_failure(reader: &TreeReader<'_>, node: &Node) -> Option<OnFailure> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return reader.word(node, OnFailure::WORDS, OnFailure::from_word);
    }
    let fields = reader.fields(node, "what follows a failure")?;
    let step = fields.required("goto", &|reader, node| reader.words(node));
    let at_most = fields.optional("at_most", &|reader, node| reader.count(node, 1)).unwrap_or(3);
    fields.finish();
    Some(OnFailure::Goto { step: step?, at_most })
}

/// `{goto: STEP, at_most: 3}`.
fn on_success(reader: &TreeReader<'_>, node: &Node) -> Option<OnSuccess> {
    let fields = reader.fields(node, "what follows a success")?;
    let step = fields.required("goto", &|reader, node| reader.words(node));
    let at_most = fields.optional("at_most", &|reader, node| reader.count(node, 1)).unwrap_or(3);
    fields.finish();
    Some(OnSuccess { step: step?, at_most })
}

/// `well`, `failed` or `{end: failed, message: …}`.
fn stop_here(reader: &TreeReader<'_>, node: &Node) -> Option<StopHere> {
    let end = |reader: &TreeReader<'_>, node: &Node| reader.word(node, WalkResult::WORDS, WalkResult::from_word);
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(StopHere { end: end(reader, node)?, message: None });
    }
    let fields = reader.fields(node, "an end")?;
    let end = fields.required("end", &end);
    let message = fields.optional("message", &|reader, node| reader.words(node));
    fields.finish();
    Some(StopHere { end: end?, message })
}

/// The name of a variable; no point in it, because `${steps.NAME.json.path}` goes on after one.
fn variable_name(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let name = reader.name(node)?;
    if name.contains('.') {
        reader.error(node.spot, format!("`{name}` cannot name a variable"), "use letters, digits, `-` and `_`");
        return None;
    }
    Some(name)
}

/// An action, or `none` where there is nothing to take back.
fn undo(reader: &TreeReader<'_>, node: &Node) -> Option<Option<Action>> {
    if node.kind == NodeKind::Text("none".into()) {
        return Some(None);
    }
    let fields = reader.fields(node, "an undo")?;
    let action = fields.exactly_one(&UNDOS).and_then(|word| action(&fields, word));
    fields.finish();
    action.map(Some)
}

pub(super) fn action(fields: &MapFields<'_>, word: &'static str) -> Option<Action> {
    match word {
        "wait_until" => fields.optional(word, &condition::read).map(Action::WaitUntil),
        "http" => fields.optional(word, &http_call::read).map(Action::Http),
        "run" => fields.optional(word, &command::read).map(Action::Run),
        "confirm" => fields.optional(word, &question::read).map(Action::Confirm),
        "manual" => fields.optional(word, &by_hand::manual).map(Action::Manual),
        "ask" => fields.optional(word, &by_hand::ask).map(Action::Ask),
        "switch" => fields.optional(word, &switch::read).map(Action::Switch),
        "notify" => fields.optional(word, &notify::read).map(Action::Notify),
        "rotate" => fields.optional(word, &rotation::rotate).map(Action::Rotate),
        "stop_here" => fields.optional(word, &stop_here).map(Action::StopHere),
        "canary" => fields.optional(word, &canary::read).map(Action::Canary),
        _ => fields.optional(word, &|reader, node| reader.time(node)).map(Action::Pause),
    }
}
