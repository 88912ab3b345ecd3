//! What a runbook says besides its steps: `templates:` by name, and `updates:` that are sent while it lasts and at its end.
//!
//! A template's words take the place of `template: NAME` when the runbook is read, so that whatever looks at a message looks at its words.

use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use super::vocabulary;
use crate::history::ExecutionEnd;
use crate::model::{Action, Notify, Runbook, StatusUpdate, UpdateTime};
use crate::units::Duration;
use std::collections::BTreeMap;

/// Templates, by name.
pub(super) type Templates = BTreeMap<String, String>;

/// `{customer: "We are working on it."}`.
pub(super) fn templates(reader: &TreeReader<'_>, node: &Node) -> Option<Templates> {
    reader.named(node, &|reader, node| reader.words(node))
}

/// `{every: 30m, to: customers, template: customer}`, or `{at_end: true, …}`. What cannot be read keeps its place in the list.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> StatusUpdate {
    let nothing = UpdateTime::AtEnd { ends: Vec::new() };
    let mut update = StatusUpdate { when: nothing, to: String::new(), message: String::new(), template: None };
    let Some(fields) = reader.fields(node, "an update") else { return update };
    let chosen = fields.exactly_one(&["every", "at_end"]);
    let every = fields.optional("every", &|reader, node| reader.time(node));
    let first = fields.optional("start_after", &|reader, node| reader.quantity::<Duration>(node));
    let ends = fields.optional("at_end", &ends).unwrap_or_default();
    if let (Some("at_end"), Some((key, _))) = (chosen, fields.raw("start_after")) {
        reader.error(key.spot, "`start_after` is of no use at the end", "take it away, or write `every` in place of `at_end`");
    }
    update.when = match every {
        Some(every) => UpdateTime::Every { every, start_after: first.unwrap_or(every) },
        None => UpdateTime::AtEnd { ends },
    };
    update.to = fields.required("to", &|reader, node| reader.name(node)).unwrap_or_default();
    fields.exactly_one(&["message", "template"]);
    update.message = fields.optional("message", &|reader, node| reader.words(node)).unwrap_or_default();
    update.template = fields.optional("template", &|reader, node| reader.name(node));
    fields.finish();
    update
}

/// `true`, or the ends that count: `[done, undone]`.
fn ends(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<String>> {
    let one = |reader: &TreeReader<'_>, node: &Node| {
        reader.word(node, ExecutionEnd::WORDS, ExecutionEnd::from_word).map(|end| end.word().to_owned())
    };
    match &node.kind {
        NodeKind::List(_) => reader.list(node, &one),
        NodeKind::Text(text) if text == "true" => Some(Vec::new()),
        NodeKind::Text(text) if ExecutionEnd::from_word(text).is_some() => Some(vec![text.clone()]),
        _ => {
            let hint = format!("write `true`, or the ends that count: `[{}]`", ExecutionEnd::WORDS.join(", "));
            reader.error(node.spot, "this is not an end of a runbook", hint);
            None
        }
    }
}

/// A name of a template that there is not.
pub(super) struct MissingTemplate {
    /// The step that names it; `None` for an update.
    pub(super) step: Option<usize>,
    /// Where, below the step or the runbook.
    pub(super) keys: Vec<String>,
    pub(super) message: String,
    pub(super) hint: String,
}

/// Puts the words of templates where steps and updates name them.
pub(super) fn put_templates(runbook: &mut Runbook, templates: &Templates) -> Vec<MissingTemplate> {
    let mut missing = Vec::new();
    let mut put = |name: &str, message: &mut String, step: Option<usize>, keys: &[&str]| match templates.get(name) {
        Some(words) => message.clone_from(words),
        None => {
            let hint = match vocabulary::pick(name, templates.keys().map(String::as_str)) {
                _ if templates.is_empty() => format!("add `templates: {{{name}: \"…\"}}` to the runbook"),
                hint => hint,
            };
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            missing.push(MissingTemplate { step, keys, message: format!("there is no template `{name}`"), hint });
        }
    };
    for (place, step) in runbook.steps.iter_mut().enumerate() {
        let own = (&["notify", "template"][..], Some(&mut step.action));
        for (keys, action) in [own, (&["undo", "notify", "template"], step.undo.as_mut())] {
            if let Some(Action::Notify(Notify { message, template: Some(name), .. })) = action {
                put(name, message, Some(place), keys);
            }
        }
    }
    for (place, update) in runbook.updates.iter_mut().enumerate() {
        if let Some(name) = &update.template {
            put(name, &mut update.message, None, &["updates", &place.to_string(), "template"]);
        }
    }
    missing
}
