//! Steps of a runbook: what each does, and what becomes of it when it fails, takes long or is interrupted.

use super::canary;
use super::condition;
use super::fields::MapFields;
use super::mail;
use super::reaction;
use super::reader::TreeReader;
use super::rotation;
use super::switch;
use super::tree::{Node, NodeKind};
use super::variable;
use super::wire;
use crate::model::{Action, Backoff, Channel, Command, Confirm, HttpCall, Notify, NotifySeverity, OnFailure, Repeat, Step, StepEnd, When};
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

const KINDS: [&str; 11] = ["wait_until", "http", "run", "confirm", "pause", "switch", "notify", "rotate", "canary", "parallel", "include"];
/// What is no list of steps itself.
const ACTIONS: [&str; 9] = ["wait_until", "http", "run", "confirm", "pause", "switch", "notify", "rotate", "canary"];
/// What may take a step back.
const UNDOS: [&str; 8] = ["wait_until", "http", "run", "confirm", "pause", "switch", "notify", "rotate"];

/// Reads what stands at one place of the list.
pub(super) fn entry(reader: &TreeReader<'_>, node: &Node) -> StepEntry {
    if let NodeKind::Text(command) = &node.kind {
        let argv: Vec<&str> = command.split_whitespace().collect();
        let hint = format!("write `- {{name: …, run: [{}], timeout: 30s}}`", argv.join(", "));
        reader.error(node.spot, "a step is expected here, not a text", hint);
        return StepEntry::Nothing;
    }
    let Some(fields) = reader.fields(node, "a step") else { return StepEntry::Nothing };
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
        // Whatever the step is, it is not known whether it would have needed one.
        None if chosen.is_none() || chosen == Some("pause") => fields.optional("timeout", &timeout),
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
    let on_failure = fields.optional("on_failure", &on_failure);
    let when = fields.optional("when", &when);
    let expected = fields.optional("expected", &|reader, node| reader.time(node));
    let owner = fields.optional("owner", &|reader, node| reader.name(node));
    let output = fields.optional("output", &variable_name);
    let repeat = fields.optional("repeat", &|reader, node| reader.word(node, Repeat::WORDS, Repeat::from_word));
    let reads = fields.optional("reads", &|reader, node| reader.truth(node));
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
    step.on_failure = on_failure.unwrap_or_else(|| failing.clone());
    step.reads = reads.unwrap_or(step.reads);
    // What only reads may be done twice, unless it says otherwise.
    step.repeat = repeat.unwrap_or(if step.reads { Repeat::Safe } else { step.repeat });
    Some(Step { backoff, when, expected, owner, output, ..step })
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

/// `{value: "${steps.region}", is: eu}` or `{step: NAME, ended: failed}`.
fn when(reader: &TreeReader<'_>, node: &Node) -> Option<When> {
    let fields = reader.fields(node, "a `when`")?;
    let when = match fields.exactly_one(&["value", "step"]) {
        Some("value") => {
            let value = fields.optional("value", &|reader, node| reader.words(node));
            match fields.exactly_one(&["is", "is_not"]) {
                Some("is") => value.zip(fields.optional("is", &|r, n| r.text(n))).map(|(value, text)| When::Is { value, text }),
                Some(_) => value.zip(fields.optional("is_not", &|r, n| r.text(n))).map(|(value, text)| When::IsNot { value, text }),
                None => None,
            }
        }
        Some(_) => {
            let step = fields.optional("step", &|reader, node| reader.words(node));
            let end = fields.required("ended", &|reader, node| reader.word(node, StepEnd::WORDS, StepEnd::from_word));
            step.zip(end).map(|(step, end)| When::Ended { step, end })
        }
        None => None,
    };
    fields.finish();
    when
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
        "http" => fields.optional(word, &http).map(Action::Http),
        "run" => fields.optional(word, &command).map(Action::Run),
        "confirm" => fields.optional(word, &confirm).map(Action::Confirm),
        "switch" => fields.optional(word, &switch::read).map(Action::Switch),
        "notify" => fields.optional(word, &notify).map(Action::Notify),
        "rotate" => fields.optional(word, &rotation::rotate).map(Action::Rotate),
        "canary" => fields.optional(word, &canary::read).map(Action::Canary),
        _ => fields.optional(word, &|reader, node| reader.time(node)).map(Action::Pause),
    }
}

/// A question, or one with `answers`, `approvers`, `needed` and `default`.
fn confirm(reader: &TreeReader<'_>, node: &Node) -> Option<Confirm> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(Confirm { question: reader.words(node)?, ..Confirm::default() });
    }
    let fields = reader.fields(node, "a question")?;
    let question = fields.required("question", &|reader, node| reader.words(node));
    let answers = fields.optional("answers", &|reader, node| reader.list(node, &|reader, node| reader.name(node))).unwrap_or_default();
    let approvers = fields.optional("approvers", &|reader, node| reader.list(node, &|reader, node| reader.name(node))).unwrap_or_default();
    let most = u64::try_from(approvers.len()).unwrap_or(u64::MAX).max(1);
    let needed = fields.optional("needed", &|reader, node| reader.number(node, 1, most)).and_then(|needed| u32::try_from(needed).ok());
    let reaction = fields.optional("reaction", &reaction::read);
    let confirm = Confirm { question: question?, answers, approvers, needed: needed.unwrap_or(0), default: None, reaction };
    let default = fields.optional("default", &|reader, node| {
        let allowed = confirm.allowed();
        let words: Vec<&str> = allowed.iter().map(String::as_str).collect();
        reader.word(node, &words, |text| allowed.iter().find(|word| *word == text).cloned())
    });
    fields.finish();
    Some(Confirm { default, ..confirm })
}

/// `{slack: "env:NAME", message: …}`.
fn notify(reader: &TreeReader<'_>, node: &Node) -> Option<Notify> {
    let fields = reader.fields(node, "a notification")?;
    let chosen = fields.exactly_one(&["webhook", "slack", "email", "contact", "pagerduty"]);
    let address = chosen.and_then(|word| {
        fields.optional(word, &|reader, node| {
            let text = reader.text(node)?;
            if word != "contact"
                && let Some(name) = text.strip_prefix("env:").filter(|name| variable::is_environment_name(name))
            {
                return Some(format!("env:{name}"));
            }
            if word == "pagerduty" {
                reader.error(node.spot, "a routing key does not stand in a file", "write `env:NAME` with the variable that holds it");
                return None;
            }
            match word {
                "email" => mail::address(reader, node),
                "contact" => reader.name(node),
                _ => reader.url(node),
            }
        })
    });
    let at = fields.optional("at", &|reader, node| reader.url(node));
    let message = fields.required("message", &|reader, node| reader.words(node));
    let severity = fields.optional("severity", &|reader, node| reader.word(node, NotifySeverity::WORDS, NotifySeverity::from_word));
    fields.finish();
    let channel = match chosen? {
        "webhook" => Channel::Webhook(address?),
        "slack" => Channel::Slack(address?),
        "email" => Channel::Email(address?),
        "contact" => Channel::Contact(address?),
        _ => Channel::Pagerduty { key: address?, at },
    };
    Some(Notify { channel, message: message?, severity: severity.unwrap_or(NotifySeverity::Error) })
}

fn command(reader: &TreeReader<'_>, node: &Node) -> Option<Command> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(Command { argv: argv(reader, node)?, env: BTreeMap::new(), pass: Vec::new(), folder: None, exit_codes: Vec::new() });
    }
    let fields = reader.fields(node, "a command")?;
    let argv = fields.required("command", &argv);
    let env = fields.optional("env", &|reader, node| reader.texts(node)).unwrap_or_default();
    let pass = fields.optional("pass", &pass).unwrap_or_default();
    let folder = fields.optional("folder", &|reader, node| reader.words(node));
    let exit_codes = fields
        .optional("exit_codes", &|reader, node| {
            reader.list(node, &|reader, node| reader.number(node, 0, 255).and_then(|code| u8::try_from(code).ok()))
        })
        .unwrap_or_default();
    fields.finish();
    Some(Command { argv: argv?, env, pass, folder, exit_codes })
}

/// Variables of Lifeboat's own environment that a program is given: names, never values.
pub(super) fn pass(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<String>> {
    reader.list(node, &|reader, node| {
        let name = reader.text(node)?;
        let good = variable::is_environment_name(&name);
        if !good {
            reader.error(node.spot, "this is not the name of an environment variable", "write names, for example `pass: [AWS_PROFILE]`");
        }
        good.then_some(name)
    })
}

/// A program and its arguments. One text is refused: it would need a shell to take it apart, and a shell takes variables
/// apart as well.
pub(super) fn argv(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<String>> {
    if let NodeKind::Text(line) = &node.kind {
        let words: Vec<String> = line.split_whitespace().map(|word| format!("\"{}\"", word.trim_matches(['"', '\'']))).collect();
        let hint = format!("write a list, `[{}]`; no shell is used", words.join(", "));
        reader.error(node.spot, "a command is a list of the program and its arguments", hint);
        return None;
    }
    let argv = reader.list(node, &|reader, node| reader.text(node))?;
    if argv.first().is_some_and(|program| program.trim().is_empty()) {
        reader.error(node.spot, "the program has no name", "write it first, for example `[\"./switch.sh\", \"standby\"]`");
        return None;
    }
    (!argv.is_empty()).then_some(argv)
}

/// Headers of a request; a secret only by a variable.
fn headers(reader: &TreeReader<'_>, node: &Node) -> Option<BTreeMap<String, String>> {
    let headers = reader.texts(node)?;
    wire::no_secrets(reader, node);
    Some(headers)
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn http(reader: &TreeReader<'_>, node: &Node) -> Option<HttpCall> {
    let fields = reader.fields(node, "an http request")?;
    let method = fields.exactly_one(&METHODS);
    let url = method.and_then(|method| fields.optional(method, &|reader, node| reader.url(node)));
    let headers = fields.optional("headers", &headers).unwrap_or_default();
    let body = fields.optional("body", &|reader, node| reader.text(node));
    let expect = fields.optional("expect", &|reader, node| {
        let fields = reader.fields(node, "what is expected")?;
        let status = fields.optional("status", &|reader, node| reader.number(node, 100, 599));
        let contains = fields.optional("contains", &|reader, node| reader.words(node));
        fields.finish();
        Some((status.and_then(|status| u16::try_from(status).ok()), contains))
    });
    fields.finish();
    let (expect_status, expect_text) = expect.unwrap_or_default();
    Some(HttpCall { method: method?.to_uppercase(), url: url?, headers, body, expect_status, expect_text })
}
