//! What an expression may speak of, and what that is now.

use cel::{Context, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// JSON that is longer is not looked into, in bytes.
const JSON_MAX: usize = 64 << 10;

/// The names that an expression may use.
#[derive(Debug, Clone, Default)]
pub struct KnownFacts {
    /// Texts: `env`, `severity`.
    pub texts: BTreeSet<String>,
    /// Maps of texts, with the names in each; `None` where nobody knows them: `steps`, `ended`, `param`, `role`, `service`.
    pub maps: BTreeMap<String, Option<BTreeSet<String>>>,
    /// Names whose values may be JSON of any form, under `json`.
    pub json: BTreeSet<String>,
}

/// What an expression speaks of, as it is now.
#[derive(Clone, Default)]
pub struct WalkFacts {
    texts: BTreeMap<String, String>,
    maps: BTreeMap<String, BTreeMap<String, String>>,
}

impl WalkFacts {
    /// Gives a text a value.
    pub fn text(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.texts.insert(name.into(), value.into());
    }

    /// Lets a map be there, though it be empty.
    pub fn map(&mut self, map: &str) {
        self.maps.entry(map.to_owned()).or_default();
    }

    /// Gives a name in a map a value.
    pub fn entry(&mut self, map: &str, name: impl Into<String>, value: impl Into<String>) {
        self.maps.entry(map.to_owned()).or_default().insert(name.into(), value.into());
    }

    /// The value of a name in a map.
    pub(super) fn of(&self, map: &str, name: &str) -> Option<&str> {
        self.maps.get(map)?.get(name).map(String::as_str)
    }

    /// As the evaluator takes it. Steps whose output is JSON are under `json` too.
    pub(super) fn context(&self) -> Context<'static, 'static> {
        let mut context = Context::default();
        for (name, value) in &self.texts {
            context.add_variable_from_value(name.clone(), value.clone());
        }
        for (name, map) in &self.maps {
            context.add_variable_from_value(name.clone(), map.clone().into_iter().collect::<HashMap<String, String>>());
        }
        let json = self.maps.get("steps").into_iter().flatten().filter(|(_, text)| text.len() <= JSON_MAX);
        let json = json.filter_map(|(name, text)| Some((name.clone(), value(serde_json::from_str(text).ok()?))));
        context.add_variable_from_value("json", json.collect::<HashMap<String, Value>>());
        context
    }
}

fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Array(items) => items.into_iter().map(value).collect::<Vec<Value>>().into(),
        serde_json::Value::Object(entries) => {
            entries.into_iter().map(|(name, inner)| (name, value(inner))).collect::<HashMap<String, Value>>().into()
        }
    }
}
