//! What a runbook waits for: `{fails: 3 in a row}`, `{success: 99% over 5s}`, `{served_by: standby over 2s}`, `{alert: NAME}`.

use super::reader::Reader;
use super::tree::Node;
use super::wire;
use crate::model::{Condition, Goal, Probe, Who};
use crate::units::{Duration, ParseError, Ratio};

/// Reads one condition.
pub(super) fn read(reader: &Reader<'_>, node: &Node) -> Option<Condition> {
    let fields = reader.fields(node, "a condition")?;
    let request = fields.optional("request", &probe);
    let goal = match fields.exactly_one(&["fails", "succeeds", "success", "served_by", "latency", "alert", "resolved"]) {
        Some("fails") => fields.optional("fails", &in_a_row).map(Goal::Fails),
        Some("succeeds") => fields.optional("succeeds", &in_a_row).map(Goal::Succeeds),
        Some("success") => fields.optional("success", &success),
        Some("served_by") => fields.optional("served_by", &served_by),
        Some("latency") => fields.optional("latency", &latency),
        Some("alert") => fields.optional("alert", &|reader, node| reader.words(node)).map(Goal::Alert),
        Some(_) => fields.optional("resolved", &|reader, node| reader.words(node)).map(Goal::Resolved),
        None => None,
    };
    let asked_for = fields.raw("request").zip(goal.as_ref());
    if let Some(((key, _), goal)) = asked_for {
        if goal.alert().is_some() {
            reader.error(key.spot, "an alert arrives by itself, and no request asks for it", "take `request` away");
        } else if matches!(goal, Goal::Latency { .. }) {
            let hint = "take `request` away; a probe's own `timeout` bounds its latency";
            reader.error(key.spot, "a latency is that of the drill's traffic, not of a probe", hint);
        }
    }
    fields.finish();
    Some(Condition { request, goal: goal? })
}

fn probe(reader: &Reader<'_>, node: &Node) -> Option<Probe> {
    let fields = reader.fields(node, "a request")?;
    let to = fields.required("to", &|reader, node| reader.url(node));
    let every = fields.optional("every", &|reader, node| reader.time(node)).unwrap_or(Duration::from_secs(1));
    let timeout = fields.optional("timeout", &|reader, node| reader.time(node)).unwrap_or(Duration::from_secs(2));
    let headers = fields.optional("headers", &wire::headers).unwrap_or_default();
    fields.finish();
    Some(Probe { to: to?, every, timeout, headers })
}

/// `3 in a row`.
fn in_a_row(reader: &Reader<'_>, node: &Node) -> Option<u32> {
    let text = reader.text(node)?;
    let count = text.split_once(' ').filter(|(_, rest)| rest.split_whitespace().eq(["in", "a", "row"]));
    let count = count.and_then(|(count, _)| count.parse::<u32>().ok()).filter(|count| *count > 0);
    if count.is_none() {
        reader.error(node.spot, format!("`{text}` does not say how many in a row"), "write a count such as `3 in a row`");
    }
    count
}

/// `99% over 5s`.
fn success(reader: &Reader<'_>, node: &Node) -> Option<Goal> {
    let (ratio, over) = over(reader, node, "99% over 5s")?;
    match ratio.parse() {
        Ok(ratio) => Some(Goal::Success { ratio, over }),
        Err(ParseError { problem, hint }) => {
            reader.error(node.spot, problem, hint);
            None
        }
    }
}

/// `p95 below 2s over 10s`.
fn latency(reader: &Reader<'_>, node: &Node) -> Option<Goal> {
    const EXAMPLE: &str = "p95 below 2s over 10s";
    let (what, over) = over(reader, node, EXAMPLE)?;
    let parts = what.split_once(" below ").and_then(|(share, below)| Some((share.trim().strip_prefix('p')?, below)));
    let parts = parts.and_then(|(share, below)| Some((format!("{share}%").parse::<Ratio>().ok()?, below.trim().parse::<Duration>().ok()?)));
    match parts.filter(|(share, below)| share.get() > 0.0 && *below > Duration::ZERO) {
        Some((share, below)) => Some(Goal::Latency { share, below, over }),
        None => {
            reader.error(node.spot, format!("`{what}` is not a latency"), format!("write `{EXAMPLE}`"));
            None
        }
    }
}

/// `standby over 2s`.
fn served_by(reader: &Reader<'_>, node: &Node) -> Option<Goal> {
    let (who, over) = over(reader, node, "standby over 2s")?;
    Some(Goal::ServedBy { who: who_of(reader, &who, node)?, over })
}

/// `primary`, `standby` or a provider's name.
pub(super) fn who(reader: &Reader<'_>, node: &Node) -> Option<Who> {
    who_of(reader, &reader.text(node)?, node)
}

fn who_of(reader: &Reader<'_>, text: &str, node: &Node) -> Option<Who> {
    Some(match text {
        "primary" => Who::Primary,
        "standby" => Who::Standby,
        name => Who::Provider(reader.is_name(name, node.spot).then(|| name.to_owned())?),
    })
}

/// `WHAT over DURATION`.
fn over(reader: &Reader<'_>, node: &Node, example: &str) -> Option<(String, Duration)> {
    let text = reader.text(node)?;
    let Some((what, length)) = text.split_once(" over ") else {
        reader.error(node.spot, format!("`{text}` does not say over how long"), format!("write `{example}`"));
        return None;
    };
    match length.parse::<Duration>() {
        Ok(length) if length > Duration::ZERO => Some((what.trim().to_owned(), length)),
        Ok(_) => {
            reader.error(node.spot, format!("`{text}` looks at no time at all"), format!("write `{example}`"));
            None
        }
        Err(ParseError { problem, hint }) => {
            reader.error(node.spot, problem, hint);
            None
        }
    }
}
