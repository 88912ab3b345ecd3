//! A report as an OpenTelemetry trace in OTLP's JSON: the run as the root, below it its phases, faults, steps and the cutover. Objectives are
//! events of the root.
//!
//! Identifiers are made of the history's hash, so that the same run is always the same trace. The conventions know passed and failed only: what
//! nobody can tell is a failure there, and `lifeboat.verdict` says the rest.
//!
//! What this file does not do: send anything (`cli`).

use super::gist::{Gist, GistObjective, GistSpan};
use super::json::written;
use crate::report::model::{Grade, Quantity, Report};
use crate::units::Problem;
use serde_json::{Value, json};

/// The trace.
///
/// # Errors
/// Where the history does not say when it was.
pub fn otlp(report: &Report) -> Result<String, Problem> {
    let gist = Gist::of(report);
    let (began, ended) = gist.span()?;
    let children = gist.spans().into_iter().enumerate().map(|(place, span)| child(&gist, place, &span));
    let spans: Vec<Value> = [root(&gist, [began, ended])].into_iter().chain(children).collect();
    let version = env!("CARGO_PKG_VERSION");
    let resource = attributes([("service.name", "lifeboat".to_owned()), ("service.version", version.to_owned())]);
    Ok(written(&json!({"resourceSpans": [{
        "resource": {"attributes": resource},
        "scopeSpans": [{"scope": {"name": "lifeboat", "version": version}, "spans": spans}],
    }]})))
}

fn root(gist: &Gist<'_>, [began, ended]: [i64; 2]) -> Value {
    let status = if gist.passed() { "success" } else { "failure" };
    let own = gist.facts().into_iter().map(|(name, value)| attribute(&own_name(name), &value));
    let standard = [("test.suite.name", gist.name()), ("test.suite.run.status", status.to_owned())];
    let attributes: Vec<Value> = attributes(standard).into_iter().chain(own).collect();
    let events: Vec<Value> = gist.objectives.iter().map(|objective| event(objective, ended)).collect();
    let mut span = span(gist, "root", &format!("{} {}", gist.kind(), gist.name()), [began, ended], attributes);
    span["events"] = events.into();
    span["status"] = if gist.passed() { json!({"code": 1}) } else { json!({"code": 2, "message": gist.verdict.join(" ")}) };
    span
}

fn event(objective: &GistObjective, at: i64) -> Value {
    let status = if objective.status.grade == Grade::Good { "pass" } else { "fail" };
    let facts = [
        ("test.case.name", objective.full_name()),
        ("test.case.result.status", status.to_owned()),
        ("lifeboat.verdict", objective.status.word.clone()),
        ("lifeboat.promised", objective.promised.clone()),
        ("lifeboat.measured", objective.measured.clone()),
    ];
    let mut attributes = attributes(facts.map(|(name, value)| (name, value)).into_iter().filter(|(_, value)| !value.is_empty()));
    attributes.extend(match objective.quantity {
        Some(Quantity::Between { lo_ns, hi_ns }) => {
            [Some(whole("lifeboat.lo_ns", lo_ns)), hi_ns.map(|hi| whole("lifeboat.hi_ns", hi))].into_iter().flatten().collect()
        }
        Some(Quantity::Nanoseconds(ns)) => vec![whole("lifeboat.measured_ns", ns)],
        Some(Quantity::Count(count)) => vec![whole("lifeboat.count", i64::try_from(count).unwrap_or(i64::MAX))],
        None => Vec::new(),
    });
    json!({"timeUnixNano": at.to_string(), "name": "objective", "attributes": attributes})
}

fn child(gist: &Gist<'_>, place: usize, of: &GistSpan) -> Value {
    let mut facts = vec![attribute("lifeboat.kind", of.kind)];
    let code = match of.grade {
        Grade::Good => 1,
        Grade::Bad => 2,
        Grade::Open | Grade::Neutral => 0,
    };
    if of.kind == "step" && of.grade != Grade::Neutral {
        facts.push(attribute("test.case.name", &of.name));
        facts.push(attribute("test.case.result.status", if of.grade == Grade::Good { "pass" } else { "fail" }));
    }
    let mut span = span(gist, &format!("child {place}"), &format!("{}: {}", of.kind, of.name), [of.from, of.until], facts);
    span["parentSpanId"] = span_id(gist, "root").into();
    span["status"] = json!({"code": code});
    span
}

fn span(gist: &Gist<'_>, part: &str, name: &str, [from, until]: [i64; 2], attributes: Vec<Value>) -> Value {
    json!({
        "traceId": gist.uuid("trace").simple().to_string(),
        "spanId": span_id(gist, part),
        "name": name,
        "kind": 1,
        "startTimeUnixNano": from.to_string(),
        "endTimeUnixNano": until.to_string(),
        "attributes": attributes,
    })
}

/// Eight bytes of the part's name; some bits of it are always set, so that it is never zero.
fn span_id(gist: &Gist<'_>, part: &str) -> String {
    gist.uuid(&format!("span {part}")).simple().to_string().split_off(16)
}

/// The name of a fact that the conventions do not know.
fn own_name(fact: &str) -> String {
    format!("lifeboat.{}", if fact == "lifeboat" { "version" } else { fact })
}

fn attributes<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) -> Vec<Value> {
    facts.into_iter().map(|(name, value)| attribute(name, &value)).collect()
}

fn attribute(name: &str, value: &str) -> Value {
    json!({"key": name, "value": {"stringValue": value}})
}

/// OTLP writes whole numbers as text.
fn whole(name: &str, value: i64) -> Value {
    json!({"key": name, "value": {"intValue": value.to_string()}})
}
