//! The forms of scenarios, runbooks and inventories as JSON Schema, for editors and for programs that write such files.
//!
//! The readers of this room decide what is valid; a schema can say less (names that must be declared, settings that exclude each other). What
//! stands in [`FORMS`] is held to the readers by a test: each key that one of them asks for is there, and no other.

mod forms;
#[cfg(test)]
mod tests;

use crate::fault::scenario_schema;
use crate::model::{
    Arrivals, AzureSlot, CredentialKind, Criticality, Dialect, DualRun, Engine, FindingSeverity, FindingState, Gate, GatewayKind,
    HttpVersion, Issuer, KeySource, NotifySeverity, Repeat, RequestKind, Requests, StartMode, StepEnd, StoreKind, StreamEnd, TokenCache,
    UsageReport,
};
use forms::{FORMS, Form};
use serde_json::{Map, Value, json};

/// A file that people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectFile {
    /// What goes wrong.
    Scenario,
    /// Who does what about it.
    Runbook,
    /// What there is.
    Inventory,
    /// What a drill showed, and what people write beside it.
    Findings,
    /// When drills are due.
    Schedule,
}

/// The form of a file, in JSON Schema (2020-12). Texts may also be numbers and truths where YAML takes them for those.
pub fn project_schema(file: ProjectFile) -> Value {
    let (root, title) = match file {
        ProjectFile::Scenario => ("scenario", "A scenario of Lifeboat"),
        ProjectFile::Runbook => ("runbook", "A runbook of Lifeboat"),
        ProjectFile::Inventory => ("inventory", "An inventory of Lifeboat"),
        ProjectFile::Schedule => ("schedule", "A schedule of Lifeboat"),
        ProjectFile::Findings => ("findings", "What a drill of Lifeboat showed, with what people write beside it"),
    };
    let mut used = vec![root];
    let mut place = 0;
    let mut definitions = Map::new();
    // Only what the file can hold.
    while let Some(name) = used.get(place).copied() {
        place += 1;
        definitions.insert(name.to_owned(), object(form(name), &mut used));
    }
    if let Some(definition) = definitions.get_mut("fault") {
        *definition = faults(&mut used);
        for name in used.clone().into_iter().skip(place) {
            definitions.insert(name.to_owned(), object(form(name), &mut used));
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": "What `lifeboat check` reads; it knows more than a schema can say.",
        "$ref": format!("#/$defs/{root}"),
        "$defs": definitions,
    })
}

fn form(name: &str) -> &'static Form {
    FORMS.iter().find(|form| form.name == name).unwrap_or_else(|| panic!("there is no form `{name}`"))
}

/// A map with these keys and no others.
fn object(form: &Form, used: &mut Vec<&'static str>) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (key, value) in form.keys() {
        properties.insert(key.trim_end_matches('!').to_owned(), values(value, used));
        if key.ends_with('!') {
            required.push(key.trim_end_matches('!'));
        }
    }
    let mut schema = json!({"type": "object", "description": form.what, "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    if !form.one_of.is_empty() {
        let each: Vec<Value> = form.one_of.split_whitespace().map(|key| json!({"required": [key]})).collect();
        schema["oneOf"] = each.into();
    }
    schema
}

/// The values of a key: alternatives, of which each is a form, a list `[…]`, a map of names `{…}`, or a kind of text.
fn values(told: &'static str, used: &mut Vec<&'static str>) -> Value {
    let mut each: Vec<Value> = told.split(" or ").map(|one| one_value(one.trim(), used)).collect();
    if each.len() == 1 { each.remove(0) } else { json!({"anyOf": each}) }
}

fn one_value(told: &'static str, used: &mut Vec<&'static str>) -> Value {
    if let Some(inner) = told.strip_prefix("[?").and_then(|rest| rest.strip_suffix(']')) {
        return json!({"type": ["array", "null"], "items": values(inner, used)});
    }
    if let Some(inner) = told.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let mut each: Vec<Value> = inner.split('|').map(|one| values(one.trim(), used)).collect();
        let items = if each.len() == 1 { each.remove(0) } else { json!({"anyOf": each}) };
        return json!({"type": "array", "minItems": 1, "items": items});
    }
    if let Some(inner) = told.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let mut each: Vec<Value> = inner.split('|').map(|one| one_value(one, used)).collect();
        let value = if each.len() == 1 { each.remove(0) } else { json!({"anyOf": each}) };
        return json!({"type": "object", "additionalProperties": value});
    }
    if let Some(name) = told.strip_prefix('@') {
        if !used.contains(&name) {
            used.push(name);
        }
        return json!({"$ref": format!("#/$defs/{name}")});
    }
    if let Some(name) = told.strip_prefix('=') {
        return json!({"enum": words(name)});
    }
    // In a runbook a variable may stand anywhere: `${param.credential}`.
    let text = |pattern: &str, about: &str| json!({"type": "string", "pattern": format!("{pattern}|\\$\\{{"), "description": about});
    match told {
        "text" => json!({"type": ["string", "number", "boolean"]}),
        "note" => json!({"type": ["string", "number", "boolean", "null"]}),
        "name" => json!({"type": ["string", "integer"], "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$|\\$\\{"}),
        "url" => text("^[a-z]+://.", "A URL, or a variable that holds one."),
        "key" => text("^[a-z-]+(@[^:]+)?:.", "Where a credential is found, as `env:NAME`."),
        "env" => text("^env:[A-Za-z_][A-Za-z0-9_]*$", "An environment variable, as `env:NAME`."),
        "time" => text("^([0-9]+(\\.[0-9]+)?(d|h|m|s|ms|us))+$", "A length of time, as `350ms`, `2.5s`, `1m30s`."),
        "day" => text("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "A day of the calendar, as `2027-03-31`."),
        "rate" => text("^[0-9]+(\\.[0-9]+)?/[a-z]+$", "How often, as `50/s`, `600/min`."),
        "share" => text("^[0-9]+(\\.[0-9]+)?%$", "A share, as `99%`."),
        "money" => text("^[0-9]+(\\.[0-9]+)? ?USD$", "An amount, as `0.10 USD`."),
        "amount" => text("^[0-9]+(\\.[0-9]+)? ?[A-Z]{3}$", "An amount with its currency, as `35 EUR`."),
        "count" => json!({"type": "integer", "minimum": 0}),
        "number" => json!({"type": "number"}),
        "truth" => json!({"type": "boolean"}),
        "texts" => json!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}),
        "body" => json!({"type": ["object", "string"]}),
        "1" => json!({"const": 1}),
        _ => panic!("`{told}` is no kind of value"),
    }
}

/// The words of a closed list.
fn words(name: &str) -> Vec<&'static str> {
    let words: &[&str] = match name {
        "access-role" => crate::model::AccessRole::WORDS,
        "arrivals" => Arrivals::WORDS,
        "slot" => AzureSlot::WORDS,
        "credential" => CredentialKind::WORDS,
        "criticality" => Criticality::WORDS,
        "dialect" => Dialect::WORDS,
        "engine" => Engine::WORDS,
        "gate" => Gate::WORDS,
        "gateway" => GatewayKind::WORDS,
        "http" => HttpVersion::WORDS,
        "finding-severity" => FindingSeverity::WORDS,
        "finding-state" => FindingState::WORDS,
        "issuer" => Issuer::WORDS,
        "keys" => KeySource::WORDS,
        "severity" => NotifySeverity::WORDS,
        "repeat" => Repeat::WORDS,
        "request" => RequestKind::WORDS,
        "requests" => Requests::WORDS,
        "start" => StartMode::WORDS,
        "end" => StepEnd::WORDS,
        "store" => StoreKind::WORDS,
        "lock-mode" => crate::model::LockMode::WORDS,
        "stream-end" => StreamEnd::WORDS,
        "token-cache" => TokenCache::WORDS,
        "dual-run" => DualRun::WORDS,
        "unreachable" => crate::model::Unreachable::WORDS,
        "keep" => crate::model::KeptTexts::WORDS,
        "decision" => crate::model::ProbeDecision::WORDS,
        "route-residency" => crate::model::RouteResidency::WORDS,
        "route-credentials" => crate::model::RouteCredentials::WORDS,
        "usage" => UsageReport::WORDS,
        "on-failure" => crate::model::OnFailure::WORDS,
        "forms" => crate::model::FaultShape::WORDS,
        "still" => &["step", "grey"],
        "if-missed" => crate::model::IfMissed::WORDS,
        "overlap" => crate::model::OverlapPolicy::WORDS,
        "revocable-by" => crate::model::RevocableBy::WORDS,
        "until" => crate::model::EscalationUntil::WORDS,
        "execution-end" => crate::history::ExecutionEnd::WORDS,
        "impact" => crate::model::ComponentImpact::WORDS,
        "notice" => crate::model::NoticeKind::WORDS,
        "none" => &["none"],
        "sabotage-reason" => crate::model::SabotageReason::WORDS,
        "walk-result" => crate::model::WalkResult::WORDS,
        "returns" => &["something", "nothing"],
        _ => panic!("there is no list of words `{name}`"),
    };
    words.to_vec()
}

/// Faults are declared elsewhere; here stands what those on requests take besides.
fn faults(used: &mut Vec<&'static str>) -> Value {
    let beside: Map<String, Value> = form("aim").keys().map(|(key, value)| (key.to_owned(), values(value, used))).collect();
    scenario_schema(&beside)
}
