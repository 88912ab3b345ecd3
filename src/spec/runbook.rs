//! Runbooks: steps with timeouts, checks, undo, contacts and escalation.

use super::condition;
use super::document::Document;
use super::finding::Finding;
use super::reader::{Fields, Reader};
use super::tree::{Kind, Node};
use super::{inventory, variable};
use crate::model::{Action, Command, Condition, Escalation, Goal, HttpCall, Inventory, OnFailure, Runbook, StartMode, Step, Who};
use crate::units::Duration;
use std::collections::BTreeMap;

/// A runbook as it was read.
#[derive(Debug, Clone)]
pub(super) struct RunbookFile {
    pub(super) document: Document,
    /// With placeholders where the document has errors.
    pub(super) runbook: Runbook,
}

/// Reads a runbook and checks the names in it against the inventory, if there is one to check against.
pub(super) fn read(mut document: Document, inventory: Option<&Inventory>) -> Result<RunbookFile, Vec<Finding>> {
    let reader = Reader::new(&document.source);
    let whole = document.root.as_ref().and_then(|root| whole(&reader, root));
    let mut found = reader.into_findings();
    if let Some((runbook, inventory)) = whole.as_ref().zip(inventory) {
        found.extend(names(&document, runbook, inventory));
    }
    document.findings.extend(found);
    match whole {
        Some(runbook) => Ok(RunbookFile { document, runbook }),
        None => Err(document.findings),
    }
}

fn whole(reader: &Reader<'_>, root: &Node) -> Option<Runbook> {
    let fields = reader.fields(root, "a runbook")?;
    fields.version();
    let runbook = Runbook {
        name: fields.required("runbook", &|reader, node| reader.name(node)).unwrap_or_default(),
        owner: fields.optional("owner", &|reader, node| reader.name(node)),
        reviewed: fields.optional("reviewed", &date),
        start: fields
            .required("start", &|reader, node| reader.word(node, StartMode::WORDS, StartMode::from_word))
            .unwrap_or(StartMode::OnDetection),
        detect: fields.optional("detect", &condition::read).unwrap_or(Condition { request: None, goal: Goal::Fails(3) }),
        // Items that cannot be read keep their place, so that a place in the list is a place in the file.
        escalate: fields.optional("escalate", &|reader, node| reader.list(node, &|r, n| Some(escalation(r, n)))).unwrap_or_default(),
        steps: fields
            .required("steps", &|reader, node| reader.list(node, &|reader, node| Some(step(reader, node))))
            .unwrap_or_default()
            .into_iter()
            .flatten()
            .collect(),
    };
    fields.finish();
    Some(runbook)
}

fn escalation(reader: &Reader<'_>, node: &Node) -> Escalation {
    let Some(fields) = reader.fields(node, "an escalation") else { return Escalation { after: Duration::ZERO, to: String::new() } };
    let after = fields.required("after", &|reader, node| reader.quantity::<Duration>(node)).unwrap_or(Duration::ZERO);
    let to = fields.required("to", &|reader, node| reader.name(node)).unwrap_or_default();
    fields.finish();
    Escalation { after, to }
}

const ACTIONS: [&str; 5] = ["wait_until", "http", "run", "confirm", "pause"];

fn step(reader: &Reader<'_>, node: &Node) -> Option<Step> {
    let fields = reader.fields(node, "a step")?;
    let name = fields.required("name", &|reader, node| reader.words(node)).unwrap_or_default();
    let chosen = fields.exactly_one(&ACTIONS);
    let action = chosen.and_then(|word| action(&fields, word));
    let timeout = |reader: &Reader<'_>, node: &Node| reader.time(node);
    let timeout = match &action {
        Some(Action::Pause(length)) => {
            // The pause itself ends the try; the second is only for a machine that is late.
            Some(fields.optional("timeout", &timeout).unwrap_or_else(|| length.plus(Duration::from_secs(1))))
        }
        // Whatever the step is, it is not known whether it would have needed one.
        None if chosen.is_none() || chosen == Some("pause") => fields.optional("timeout", &timeout),
        _ => fields.required("timeout", &timeout),
    };
    let retries = fields.optional("retries", &|reader, node| reader.count(node, 0)).unwrap_or(0);
    let retry_after = fields.optional("retry_after", &|reader, node| reader.quantity::<Duration>(node)).unwrap_or(Duration::from_secs(1));
    let undo = fields.optional("undo", &undo);
    let on_failure = fields.optional("on_failure", &|reader, node| reader.word(node, OnFailure::WORDS, OnFailure::from_word));
    fields.finish();
    Some(Step { name, action: action?, timeout: timeout?, retries, retry_after, undo, on_failure: on_failure.unwrap_or(OnFailure::Undo) })
}

fn undo(reader: &Reader<'_>, node: &Node) -> Option<Action> {
    let fields = reader.fields(node, "an undo")?;
    let action = fields.exactly_one(&ACTIONS).and_then(|word| action(&fields, word));
    fields.finish();
    action
}

fn action(fields: &Fields<'_>, word: &'static str) -> Option<Action> {
    match word {
        "wait_until" => fields.optional(word, &condition::read).map(Action::WaitUntil),
        "http" => fields.optional(word, &http).map(Action::Http),
        "run" => fields.optional(word, &command).map(Action::Run),
        "confirm" => fields.optional(word, &|reader, node| reader.words(node)).map(|question| Action::Confirm { question }),
        _ => fields.optional(word, &|reader, node| reader.time(node)).map(Action::Pause),
    }
}

fn command(reader: &Reader<'_>, node: &Node) -> Option<Command> {
    if !matches!(node.kind, Kind::Map(_)) {
        return Some(Command { argv: argv(reader, node)?, env: Default::default() });
    }
    let fields = reader.fields(node, "a command")?;
    let argv = fields.required("command", &argv);
    let env = fields.optional("env", &|reader, node| reader.texts(node)).unwrap_or_default();
    fields.finish();
    Some(Command { argv: argv?, env })
}

/// A program and its arguments. One text is refused: it would need a shell to take it apart, and a shell takes variables
/// apart as well.
pub(super) fn argv(reader: &Reader<'_>, node: &Node) -> Option<Vec<String>> {
    if let Kind::Text(line) = &node.kind {
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

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn http(reader: &Reader<'_>, node: &Node) -> Option<HttpCall> {
    let fields = reader.fields(node, "an http request")?;
    let method = fields.exactly_one(&METHODS);
    let url = method.and_then(|method| fields.optional(method, &|reader, node| reader.url(node)));
    let headers = fields.optional("headers", &|reader, node| reader.texts(node)).unwrap_or_default();
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

/// A day of the calendar, `2026-10-01`.
fn date(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    let good = is_date(&text);
    if !good {
        reader.error(node.spot, format!("`{text}` is not a date"), "write year, month and day, for example `2026-10-01`");
    }
    good.then_some(text)
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return false;
    }
    let number = |part: &str| part.parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(year), number(month), number(day));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

/// Names in a runbook that the inventory does not declare, and variables that do not exist.
fn names(document: &Document, runbook: &Runbook, inventory: &Inventory) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(name) = &runbook.owner {
        found.extend(inventory::unknown(document, &["owner"], name, "a contact", &inventory.contacts));
    }
    for (index, escalation) in runbook.escalate.iter().enumerate().filter(|(_, escalation)| !escalation.to.is_empty()) {
        let path = ["escalate", &index.to_string(), "to"];
        found.extend(inventory::unknown(document, &path, &escalation.to, "a contact", &inventory.contacts));
    }
    found.extend(variable::unknown_in(document, &["steps"], &inventory.providers));
    found.extend(variable::unknown_in(document, &["detect"], &inventory.providers));
    let conditions =
        |node: &Condition| if let Goal::ServedBy { who: Who::Provider(name), .. } = &node.goal { Some(name.clone()) } else { None };
    let mut served_by = |path: &[&str], condition: &Condition| {
        found.extend(conditions(condition).and_then(|name| {
            let roles = ["primary".to_owned(), "standby".to_owned()];
            let known: BTreeMap<String, ()> = inventory.providers.keys().cloned().chain(roles).map(|name| (name, ())).collect();
            inventory::unknown(document, path, &name, "a provider", &known)
        }));
    };
    served_by(&["detect", "served_by"], &runbook.detect);
    // Steps that could not be read are left out, so a place in the list is not a place in the file: look it up by name.
    let places = document.root.as_ref().and_then(|root| root.at(&["steps"])).map(|node| &node.kind);
    let Some(Kind::List(places)) = places else { return found };
    for step in &runbook.steps {
        let named = |place: &&Node| place.at(&["name"]).is_some_and(|name| name.kind == Kind::Text(step.name.clone()));
        let index = places.iter().position(|place| named(&place)).unwrap_or(0).to_string();
        if let Action::WaitUntil(condition) = &step.action {
            served_by(&["steps", &index, "wait_until", "served_by"], condition);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates_are_days_of_the_calendar() {
        for good in ["2026-10-01", "2024-02-29", "2000-02-29"] {
            assert!(is_date(good), "{good}");
        }
        for bad in ["2026-02-29", "1900-02-29", "2026-13-01", "2026-10-00", "26-10-01", "2026/10/01", "2026-1-1", "+026-10-01"] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
