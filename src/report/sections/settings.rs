//! What two drills were planned differently: each setting that differs, in words, and which part of the plan it belongs to.
//!
//! What this file does not do: say what follows from it (`comparison`).

use crate::history::Started;
use crate::model::DrillPlan;
use crate::units::Problem;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Settings that are told one by one.
pub(in crate::report) const SETTINGS_MAX: usize = 60;
/// Letters of a value that are told.
const LETTERS: usize = 160;
/// Hexadecimal digits of a file's hash that are told.
const DIGITS: usize = 12;

/// A part of a plan, by what follows where it differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report) enum PlanPart {
    /// What was broken, for how long, and whom that is about.
    Faults,
    /// What counts as a good answer, and for how long it must stay good.
    Goodness,
    /// What was promised of that.
    Promises,
    /// What was sent, and when.
    Traffic,
    /// Which providers serve, in which order.
    Service,
    /// Where it ran, and with which settings.
    Environment,
    /// Who does what about it.
    Runbook,
    /// Names, prices, files: nothing that a measurement depends on.
    Names,
}

impl PlanPart {
    /// In a word or two.
    pub(in crate::report) const fn word(self) -> &'static str {
        match self {
            Self::Faults => "faults",
            Self::Goodness => "what counts as good",
            Self::Promises => "objectives",
            Self::Traffic => "traffic",
            Self::Service => "service",
            Self::Environment => "environment",
            Self::Runbook => "runbook",
            Self::Names => "names, prices and files",
        }
    }
}

/// A setting that two plans have differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct DifferingSetting {
    pub(in crate::report) part: PlanPart,
    /// Which, as `traffic, rate`.
    pub(in crate::report) label: String,
    /// Its value in the first; `None` where it has none.
    pub(in crate::report) first: Option<String>,
    /// The same of the second.
    pub(in crate::report) second: Option<String>,
}

/// What differs between two drills before they began: plans, versions, hosts, files.
pub(in crate::report) fn differing(first: &Started, second: &Started) -> Vec<DifferingSetting> {
    let mut told = plans(&first.plan, &second.plan);
    let mut add = |part: PlanPart, label: &str, one: Option<&str>, other: Option<&str>| {
        if one != other {
            let (first, second) = (one.map(short), other.map(short));
            told.push(DifferingSetting { part, label: label.to_owned(), first, second });
        }
    };
    add(PlanPart::Environment, "version of Lifeboat", Some(&first.lifeboat), Some(&second.lifeboat));
    // What nobody recorded is no difference.
    if let Some((one, other)) = first.origin.host.as_deref().zip(second.origin.host.as_deref()) {
        add(PlanPart::Environment, "host that it ran on", Some(one), Some(other));
    }
    if !first.origin.files.is_empty() && !second.origin.files.is_empty() {
        let hash = |started: &Started, path: &str| {
            let file = started.origin.files.iter().find(|file| file.path == path)?;
            Some(file.sha256.chars().take(DIGITS).chain(['…']).collect::<String>())
        };
        let paths: BTreeSet<&str> = [first, second].iter().flat_map(|of| &of.origin.files).map(|file| file.path.as_str()).collect();
        for path in paths {
            add(PlanPart::Names, &format!("file {path}, SHA-256"), hash(first, path).as_deref(), hash(second, path).as_deref());
        }
    }
    told
}

/// What differs between two plans.
fn plans(first: &DrillPlan, second: &DrillPlan) -> Vec<DifferingSetting> {
    // What stands in a prompt's place is another in each drill.
    let value = |plan: &DrillPlan| serde_json::to_value(plan.without_prompts()).map_err(|error| Problem::new(error.to_string()));
    // A plan is written into every history, so it can be written.
    let (Ok(first), Ok(second)) = (value(first), value(second)) else { return Vec::new() };
    let mut walk = PlanWalk::default();
    walk.compare(&mut Vec::new(), Some(&first), Some(&second));
    walk.told
}

/// The way through two plans at once.
#[derive(Default)]
struct PlanWalk {
    told: Vec<DifferingSetting>,
}

impl PlanWalk {
    fn compare(&mut self, path: &mut Vec<String>, first: Option<&Value>, second: Option<&Value>) {
        let known = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
        if first == second || (!known(first) && !known(second)) || is_said_elsewhere(path) {
            return;
        }
        let (left, right) = match (first, second) {
            _ if is_one_setting(path) => return self.tell(path, first, second),
            (Some(Value::Object(one)), Some(Value::Object(other))) => (one.clone(), other.clone()),
            (Some(Value::Array(one)), Some(Value::Array(other))) if [one, other].iter().all(|list| list.iter().all(Value::is_object)) => {
                (by_name(one), by_name(other))
            }
            _ => return self.tell(path, first, second),
        };
        let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        for key in keys {
            path.push(key.clone());
            self.compare(path, left.get(key), right.get(key));
            path.pop();
        }
    }

    fn tell(&mut self, path: &[String], first: Option<&Value>, second: Option<&Value>) {
        let value = |value: Option<&Value>| value.filter(|value| !value.is_null()).map(|value| short(&inline(value)));
        let (part, label) = named(path);
        self.told.push(DifferingSetting { part, label, first: value(first), second: value(second) });
    }
}

/// What a service and a scenario declare is resolved into the objectives of workloads; the runbook's path tells nothing beside the runbook.
fn is_said_elsewhere(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(path[..], ["scenario", "objectives"] | ["workloads", "each", _, "service", "objectives"])
}

/// Where several keys make one setting: a fault, what a step does.
fn is_one_setting(path: &[String]) -> bool {
    const WHOLE: [&str; 8] = ["fault", "aim", "action", "undo", "detect", "goal", "errand", "issuer"];
    path.last().is_some_and(|key| WHOLE.contains(&key.as_str()))
}

/// A list of things by their names; by their places where they have none.
fn by_name(list: &[Value]) -> Map<String, Value> {
    let mut named = Map::new();
    for (place, thing) in list.iter().enumerate() {
        let name = thing.get("name").and_then(Value::as_str).filter(|name| !named.contains_key(*name));
        named.insert(name.map_or_else(|| (place + 1).to_string(), str::to_owned), thing.clone());
    }
    named
}

/// Where a setting belongs, and what it is called.
fn named(path: &[String]) -> (PlanPart, String) {
    const GOOD: [&str; 9] = ["slo", "slo_on", "deadline", "success", "hold", "gate", "lead_in", "max_consecutive_bad", "failback_hold"];
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let (part, first, rest): (PlanPart, String, &[&str]) = match keys[..] {
        ["scenario", "timeline", "baseline"] => (PlanPart::Traffic, "time before the fault".into(), &[]),
        ["scenario", "timeline", "watch"] => (PlanPart::Traffic, "time after the heal".into(), &[]),
        // What a fault is stands in one setting.
        ["scenario", "timeline", "faults", place, "fault"] => (PlanPart::Faults, format!("fault {place}"), &[]),
        ["scenario", "timeline", "faults", place, ..] => (PlanPart::Faults, format!("fault {place}"), &keys[4..]),
        ["scenario", "name" | "title"] => (PlanPart::Names, "scenario".into(), &keys[1..]),
        ["scenario", "service"] => (PlanPart::Service, "service".into(), &[]),
        ["scenario", ..] => (PlanPart::Runbook, "scenario".into(), &keys[1..]),
        ["workloads", "each", name, "workload", ..] => (PlanPart::Traffic, format!("traffic of {name}"), &keys[4..]),
        ["workloads", "each", name, "objectives", key, ..] if GOOD.contains(&key) => {
            (PlanPart::Goodness, format!("objectives of {name}"), &keys[4..])
        }
        ["workloads", "each", name, "objectives", ..] => (PlanPart::Promises, format!("objectives of {name}"), &keys[4..]),
        ["workloads", "each", _, "service", "providers"] => (PlanPart::Service, "order of providers".into(), &[]),
        ["workloads", "each", _, "service", "owner" | "runbook" | "criticality"] => (PlanPart::Names, "service".into(), &keys[4..]),
        ["workloads", "each", _, "service", ..] => (PlanPart::Service, "service".into(), &keys[4..]),
        ["workloads", "lead"] => (PlanPart::Traffic, "workload that leads, counted from 0".into(), &[]),
        ["workloads", "each", name, ..] => (PlanPart::Traffic, format!("workload {name}"), &keys[3..]),
        ["environment_name"] => (PlanPart::Environment, "environment".into(), &[]),
        ["environment", "gateway", ..] => (PlanPart::Environment, "the lab's gateway".into(), &keys[2..]),
        ["environment", ..] => (PlanPart::Environment, "environment".into(), &keys[1..]),
        ["runbook", "steps", name, ..] => (PlanPart::Runbook, format!("step {name}"), &keys[3..]),
        ["runbook", "reviewed" | "owner" | "name"] => (PlanPart::Names, "runbook".into(), &keys[1..]),
        ["runbook", ..] => (PlanPart::Runbook, "runbook".into(), &keys[1..]),
        ["providers", name, ..] => (PlanPart::Service, format!("provider {name}"), &keys[2..]),
        ["credentials", name, ..] => (PlanPart::Environment, format!("credential {name}"), &keys[2..]),
        ["stores", name, ..] => (PlanPart::Environment, format!("store {name}"), &keys[2..]),
        ["prices", name, ..] => (PlanPart::Names, format!("price of {name}"), &keys[2..]),
        ["contacts", name, ..] => (PlanPart::Names, format!("contact {name}"), &keys[2..]),
        _ => (PlanPart::Names, keys.first().copied().unwrap_or("plan").replace('_', " "), keys.get(1..).unwrap_or_default()),
    };
    let label = rest.iter().fold(first, |label, key| format!("{label}, {}", key.replace('_', " ")));
    (part, label)
}

/// A value on one line, as people write it.
fn inline(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(inline).collect::<Vec<_>>().join(", "),
        Value::Object(keys) => {
            let told = keys.iter().filter(|(_, value)| !value.is_null() && **value != Value::Bool(false));
            let one = |(key, value): (&String, &Value)| match value {
                Value::Bool(_) => key.replace('_', " "),
                Value::Object(inner) if inner.len() > 1 => format!("{} ({})", key.replace('_', " "), inline(value)),
                _ => format!("{} {}", key.replace('_', " "), inline(value)),
            };
            told.map(one).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Its beginning, where it is long.
fn short(text: &str) -> String {
    if text.chars().count() <= LETTERS { text.to_owned() } else { text.chars().take(LETTERS).chain(['…']).collect() }
}
