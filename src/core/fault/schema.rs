//! The forms of faults for machines, in JSON Schema: as a scenario has them and as a history has them, made of their declarations.
//!
//! What this file does not do: know a fault.

use super::{kinds, words};
use crate::model::{Attribute, FaultKind, SettingKind};
use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};

/// A fault as a scenario has it. `beside` are the settings that faults on requests and answers take besides their own.
pub fn scenario_schema(beside: &Map<String, Value>) -> Value {
    let of = |kind: &FaultKind| {
        let word = kind.word?;
        let mut properties: Map<String, Value> = kind.attributes.iter().map(|each| (each.name.to_owned(), setting(each, true))).collect();
        if kind.needs_http() {
            properties.extend(beside.clone());
        }
        let required: Vec<&str> = kind.attributes.iter().filter(|each| each.required).map(|each| each.name).collect();
        let mut settings = json!({"type": ["object", "null"], "properties": properties, "additionalProperties": false});
        if !required.is_empty() {
            settings["type"] = "object".into();
            settings["required"] = required.into();
        }
        settings["description"] = kind.about.into();
        Some((word.to_owned(), settings))
    };
    let properties: Map<String, Value> = kinds().filter_map(of).collect();
    let bare: Vec<&str> = kinds().filter(|kind| kind.attributes.iter().all(|each| !each.required)).filter_map(|kind| kind.word).collect();
    json!({"oneOf": [
        {"type": "object", "minProperties": 1, "maxProperties": 1, "properties": properties, "additionalProperties": false},
        {"enum": bare},
    ]})
}

/// A fault as a history has it.
pub(super) fn recorded_schema() -> Schema {
    let of = |kind: &FaultKind| {
        let word = kind.word?;
        let properties: Map<String, Value> = kind
            .attributes
            .iter()
            .map(|each| (each.recorded.to_owned(), json!({"anyOf": [setting(each, false), {"type": "null"}]})))
            .collect();
        Some((word.to_owned(), json!({"type": "object", "properties": properties})))
    };
    let properties: Map<String, Value> = kinds().filter_map(of).collect();
    let words: Vec<&str> = words().collect();
    json_schema!({
        "description": "A fault: its word, with its settings where it has any.",
        "oneOf": [
            {"type": "object", "minProperties": 1, "maxProperties": 1, "properties": properties, "additionalProperties": false},
            {"type": "string", "enum": words},
        ],
    })
}

/// The values of a setting. What people type may be a number where it is a text.
fn setting(attribute: &Attribute, typed: bool) -> Value {
    let mut schema = match attribute.kind {
        SettingKind::Whole { least, most } => json!({"type": "integer", "minimum": least, "maximum": most}),
        SettingKind::AMinute if typed => json!({"type": "string", "pattern": "/"}),
        SettingKind::AMinute => json!({"type": "integer", "minimum": 1}),
        SettingKind::Time | SettingKind::SomeTime(_) | SettingKind::Seconds => json!({"type": "string", "pattern": "^[0-9].*[a-z]$"}),
        SettingKind::Rate => json!({"type": "string", "pattern": "/"}),
        SettingKind::Bytes => json!({"type": "string", "pattern": "B/s$"}),
        SettingKind::Word(words) => json!({"enum": words}),
        SettingKind::Url => json!({"type": "string"}),
        SettingKind::Factor { least, most } => json!({"type": "number", "minimum": least as f64 / 1e3, "maximum": most as f64 / 1e3}),
        SettingKind::Money => json!({"type": "string", "pattern": "USD$"}),
    };
    if typed {
        schema["description"] = attribute.about.into();
    }
    schema
}
