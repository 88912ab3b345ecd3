//! One document of a runbook, the runbook's own or one that it includes: what it says, without what it includes itself.

use super::by_hand;
use super::condition;
use super::document::SourceDocument;
use super::each;
use super::parameter::{self, fill};
use super::reaction;
use super::reader::TreeReader;
use super::step::{StepEntry, entry};
use super::tree::Node;
use super::update::{self, Templates};
use crate::model::{Condition, Escalation, EscalationUntil, Goal, Inventory, NotifySeverity, Runbook, StartMode};
use crate::units::{Day, Duration};
use std::collections::BTreeMap;

/// A runbook without its steps, the entries of its list of steps, and its templates.
pub(super) type WholeRunbook = (Runbook, Vec<StepEntry>, Templates);

/// What one document says, with values in the place of its parameters and a step for each of what it names. What is wrong goes to the document.
pub(super) fn filled(
    document: &mut SourceDocument,
    values: BTreeMap<String, String>,
    inventory: Option<&Inventory>,
    file: &str,
) -> Option<WholeRunbook> {
    let early = TreeReader::new(&document.source);
    if let Some(root) = &mut document.root {
        fill(root, &variables(values));
        each::write_out(&early, root, inventory, file);
    }
    let early = early.into_parts();
    document.add(early);
    let reader = TreeReader::new(&document.source);
    let whole = document.root.as_ref().and_then(|node| whole(&reader, node));
    let found = reader.into_parts();
    document.add(found);
    whole
}

fn whole(reader: &TreeReader<'_>, root: &Node) -> Option<WholeRunbook> {
    let fields = reader.fields(root, "a runbook")?;
    fields.version();
    if let Some((_, node)) = fields.raw("parameters") {
        parameter::read(reader, node);
    }
    let runbook = Runbook {
        name: fields.required("runbook", &|reader, node| reader.name(node)).unwrap_or_default(),
        owner: fields.optional("owner", &|reader, node| reader.name(node)),
        reviewed: fields.optional("reviewed", &|reader, node| Some(reader.quantity::<Day>(node)?.to_string())),
        start: fields
            .required("start", &|reader, node| reader.word(node, StartMode::WORDS, StartMode::from_word))
            .unwrap_or(StartMode::OnDetection),
        detect: fields.optional("detect", &condition::read).unwrap_or(Condition::of(Goal::Fails(3))),
        reaction: fields.optional("reaction", &reaction::read),
        severity: fields.optional("severity", &|reader, node| reader.word(node, NotifySeverity::WORDS, NotifySeverity::from_word)),
        roles: fields.optional("roles", &|reader, node| reader.named(node, &by_hand::role)).unwrap_or_default(),
        // Items that cannot be read keep their place, so that a place in the list is a place in the file.
        escalate: fields.optional("escalate", &|reader, node| reader.list(node, &|r, n| Some(escalation(r, n)))).unwrap_or_default(),
        updates: fields.optional("updates", &|reader, node| reader.list(node, &|r, n| Some(update::read(r, n)))).unwrap_or_default(),
        steps: Vec::new(),
    };
    let templates = fields.optional("templates", &update::templates).unwrap_or_default();
    let entries =
        fields.required("steps", &|reader, node| reader.list(node, &|reader, node| Some(entry(reader, node)))).unwrap_or_default();
    fields.finish();
    Some((runbook, entries, templates))
}

fn escalation(reader: &TreeReader<'_>, node: &Node) -> Escalation {
    let nothing = Escalation { after: Duration::ZERO, to: String::new(), until: EscalationUntil::End };
    let Some(fields) = reader.fields(node, "an escalation") else { return nothing };
    let after = fields.required("after", &|reader, node| reader.quantity::<Duration>(node)).unwrap_or(Duration::ZERO);
    let to = fields.required("to", &|reader, node| reader.name(node)).unwrap_or_default();
    let until = fields.optional("until", &|reader, node| reader.word(node, EscalationUntil::WORDS, EscalationUntil::from_word));
    fields.finish();
    Escalation { after, to, until: until.unwrap_or(nothing.until) }
}

/// Parameters by the names of their variables.
fn variables(values: BTreeMap<String, String>) -> BTreeMap<String, String> {
    values.into_iter().map(|(name, value)| (format!("param.{name}"), value)).collect()
}
