//! What a workload asks and expects: how expectations are read, requests that a dialect does not have, and expectations that its answers
//! cannot meet.
//!
//! How a service speaks depends on the environment. [`anywhere`] finds what can be asked in none of them, [`here`] what cannot be in one.

use super::document::SourceDocument;
use super::finding::Finding;
use super::opened_project::{Project, ScenarioWithRunbook};
use super::reader::TreeReader;
use super::tree::Node;
use super::vocabulary::listed;
use super::workload::RawWorkload;
use crate::model::{Dialect, DrillPlan, Expect, Operation};

/// Reads `expect:`.
pub(super) fn expect(reader: &TreeReader<'_>, node: &Node) -> Option<Expect> {
    let fields = reader.fields(node, "what is expected of an answer")?;
    let expect = Expect {
        model: fields.optional("model", &|reader, node| reader.words(node)),
        json: fields.optional("json", &|reader, node| reader.truth(node)).unwrap_or(false),
        tool: fields.optional("tool", &tool),
    };
    if expect.json && expect.tool.is_some() {
        let hint = "take `json` away: a tool's arguments are JSON anyway";
        reader.error(node.spot, "an answer is a text or the call of a tool, not both", hint);
    }
    fields.finish();
    Some(expect)
}

/// A name that every dialect takes.
fn tool(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    let good = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.starts_with(|first: char| first.is_ascii_alphabetic());
    if !good {
        let message = format!("`{text}` is not a name that every provider takes for a tool");
        reader.error(node.spot, message, "write letters, digits and `_`, at most 64");
    }
    good.then_some(text)
}

/// What is wrong wherever the drill runs.
pub(super) fn anywhere(project: &Project, story: &ScenarioWithRunbook) -> Vec<Finding> {
    let (document, mut found) = (&story.scenario.document, Vec::new());
    for told in &story.scenario.workloads {
        if told.workload.errand.is_some() {
            continue;
        }
        let (service, asked, expect) = (service_of(told, story), told.workload.request, &told.workload.expect);
        let mut dialects: Vec<Dialect> = project.inventory.environments.values().map(|place| place.dialect_of(service)).collect();
        dialects.sort_unstable();
        dialects.dedup();
        if !dialects.iter().any(|dialect| dialect.has(asked.operation())) {
            found.push(no_such_kind(document, told, service, &dialects));
        }
        for (key, is_wanted) in [("json", expect.json), ("tool", expect.tool.is_some())] {
            if is_wanted && asked.operation() == Operation::Embeddings {
                let message = "a vector is neither JSON nor the call of a tool";
                found.push(document.error(&told.at(&["expect", key]), message, "take it away, or ask for `chat`"));
            }
        }
    }
    found
}

/// What is wrong in the plan's environment.
pub(super) fn here(story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let (document, mut found) = (&story.scenario.document, Vec::new());
    for told in &story.scenario.workloads {
        if told.workload.errand.is_some() {
            continue;
        }
        let (service, operation) = (service_of(told, story), told.workload.request.operation());
        let dialect = plan.environment.dialect_of(service);
        if !dialect.has(operation) {
            found.push(no_such_kind(document, told, service, &[dialect]));
        }
        if told.workload.expect.model.is_some() && dialect == Dialect::Bedrock && operation == Operation::Chat {
            let message = "answers of Bedrock's converse name no model, so none can be expected";
            found.push(document.error(&told.at(&["expect", "model"]), message, "take it away, or ask by `invoke`"));
        }
    }
    found
}

fn service_of<'a>(told: &'a RawWorkload, story: &'a ScenarioWithRunbook) -> &'a str {
    told.service.as_deref().unwrap_or(&story.scenario.scenario.service)
}

fn no_such_kind(document: &SourceDocument, told: &RawWorkload, service: &str, dialects: &[Dialect]) -> Finding {
    let spoken = listed(dialects.iter().map(|dialect| dialect.word()));
    let kinds = listed(dialects.first().copied().unwrap_or(Dialect::OpenAi).kinds());
    let message = format!("`{service}` speaks {spoken}, which has no `{}`", told.workload.request);
    let hint = format!("write {kinds}; how a service speaks is said in its environment, `services: {{{service}: {{dialect: bedrock}}}}`");
    document.error(&told.at(&["request"]), message, hint)
}
