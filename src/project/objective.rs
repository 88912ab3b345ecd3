//! Objectives, as services declare them and scenarios override them.

use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use crate::model::{DeclaredObjectives, Gate, LossBudget, Rescues, SloOn};
use crate::units::{Duration, Money, Ratio};

/// Reads `objectives: {…}`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<DeclaredObjectives> {
    let fields = reader.fields(node, "a map of objectives")?;
    let slo = fields.optional("slo", &slo);
    let objectives = DeclaredObjectives {
        rto: fields.optional("rto", &|reader, node| reader.time(node)),
        stable_for: fields.optional("stable_for", &|reader, node| reader.time(node)),
        success: fields.optional("success", &share_above_zero),
        gate: fields.optional("gate", &|reader, node| reader.word(node, Gate::WORDS, Gate::from_word)),
        slo: slo.map(|(limit, _)| limit),
        slo_on: slo.map(|(_, moment)| moment),
        deadline: fields.optional("deadline", &|reader, node| reader.time(node)),
        lead_in: fields.optional("lead_in", &|reader, node| reader.count(node, 1)),
        max_consecutive_bad: fields.optional("max_consecutive_bad", &|reader, node| reader.count(node, 0)),
        lag_max: fields.optional("lag_max", &|reader, node| reader.time(node)),
        failback: fields.optional("failback", &|reader, node| reader.time(node)),
        lost: fields.optional("rpo", &rpo),
        truncated: fields.optional("truncated", &|reader, node| reader.number(node, 0, u64::MAX)),
        duplicates: fields.optional("duplicates", &|reader, node| reader.number(node, 0, u64::MAX)),
        overshoot: fields.optional("overshoot", &overshoot),
        rescued: fields.optional("rescued", &rescued),
        rotation: fields.optional("rotation", &|reader, node| reader.time(node)),
        client_errors: fields.optional("client_errors", &|reader, node| reader.number(node, 0, u64::MAX)),
        capacity: fields.optional("capacity", &share_above_zero),
        residency: fields.optional("residency", &|reader, node| reader.list(node, &|reader, node| reader.words(node))),
        spend: fields.optional("spend", &|reader, node| reader.quantity::<Money>(node)),
    };
    fields.finish();
    Some(objectives)
}

fn share_above_zero(reader: &TreeReader<'_>, node: &Node) -> Option<Ratio> {
    let ratio = reader.quantity::<Ratio>(node)?;
    if ratio.get() == 0.0 {
        reader.error(node.spot, "0% promises nothing", "write the share that must be good, for example `99%`");
        return None;
    }
    Some(ratio)
}

/// `{first_token: 2500ms}` or `{complete: 3s}`.
fn slo(reader: &TreeReader<'_>, node: &Node) -> Option<(crate::units::Duration, SloOn)> {
    if let NodeKind::Text(text) = &node.kind {
        let hint = format!("write `{{first_token: {text}}}` for streams, or `{{complete: {text}}}`");
        reader.error(node.spot, "this does not say which moment of an answer it is held against", hint);
        return None;
    }
    let fields = reader.fields(node, "a service level")?;
    let moment = fields.exactly_one(&["first_token", "complete"])?;
    let limit = fields.required(moment, &|reader, node| reader.time(node));
    fields.finish();
    Some((limit?, if moment == "complete" { SloOn::Done } else { SloOn::Proof }))
}

/// `{requests_lost: 1%}` or `{requests_lost: 20}`.
fn rpo(reader: &TreeReader<'_>, node: &Node) -> Option<LossBudget> {
    if let NodeKind::Text(text) = &node.kind {
        reader.error(node.spot, "this does not say of what", format!("write `{{requests_lost: {text}}}`"));
        return None;
    }
    let fields = reader.fields(node, "an RPO")?;
    let budget = fields.required("requests_lost", &loss);
    fields.finish();
    budget
}

/// `{at_most: 5%, after: 10s}`.
fn rescued(reader: &TreeReader<'_>, node: &Node) -> Option<Rescues> {
    if let NodeKind::Text(text) = &node.kind {
        reader.error(node.spot, "this does not say from when on", format!("write `{{at_most: {text}, after: 10s}}`"));
        return None;
    }
    let fields = reader.fields(node, "a limit on rescued requests")?;
    let at_most = fields.required("at_most", &|reader, node| reader.quantity::<Ratio>(node));
    let after = fields.optional("after", &|reader, node| reader.time(node)).unwrap_or(Duration::ZERO);
    fields.finish();
    Some(Rescues { at_most: at_most?, after })
}

fn loss(reader: &TreeReader<'_>, node: &Node) -> Option<LossBudget> {
    let text = reader.text(node)?;
    let budget = if text.contains('%') { text.parse().ok().map(LossBudget::Share) } else { text.parse().ok().map(LossBudget::Requests) };
    if budget.is_none() {
        reader.error(node.spot, format!("`{text}` is not a number of requests"), "write a share such as `1%`, or a count such as `20`");
    }
    budget
}

fn overshoot(reader: &TreeReader<'_>, node: &Node) -> Option<f64> {
    let text = reader.text(node)?;
    let factor = text.parse::<f64>().ok().filter(|factor| (0.1..=1000.0).contains(factor));
    if factor.is_none() {
        reader.error(node.spot, format!("`{text}` is not a multiple of the offered rate"), "write a number such as `1.5`");
    }
    factor
}
