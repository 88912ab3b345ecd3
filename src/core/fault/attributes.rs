//! A toxic's attributes as they stand in JSON: read one by one, with what is wrong told by name.

use super::toxic_error::ToxicError;
use crate::model::{Attribute, Setting, SettingKind};
use crate::units::{Duration, Seed};
use serde_json::{Map, Number, Value};

/// A toxic's attributes as they stand in JSON.
pub type Attributes = Map<String, Value>;

/// What a toxic is asked for by.
pub(super) const FIELDS: [&str; 6] = ["name", "type", "stream", "toxicity", "attributes", "ttl_ms"];

/// The setting `after` of the faults on answers: how many events of a stream pass before.
pub(super) const AFTER: Attribute =
    Attribute::new("after", SettingKind::Whole { least: 0, most: 1_000_000_000 }).or(|| Setting::Whole(0)).example("3");

pub(super) fn bad(name: &str, problem: impl Into<String>) -> ToxicError {
    ToxicError::Attribute { name: name.to_owned(), problem: problem.into() }
}

/// Reads the attributes of one toxic, one by one: what is left at the end has no meaning there.
pub(super) struct AttributeReader {
    left: Attributes,
}

impl AttributeReader {
    pub(super) const fn of(attributes: Attributes) -> Self {
        Self { left: attributes }
    }

    /// # Errors
    /// Where an attribute was not read: this type of toxic has no such one.
    pub(super) fn end(&self, kind: &str) -> Result<(), ToxicError> {
        let problem = |name: &str| match FIELDS.contains(&name) {
            true => "it is a field of the toxic: write it beside `attributes`".to_owned(),
            false => format!("the type `{kind}` has no such attribute"),
        };
        let unknown = |name: &String| Err(ToxicError::Unknown { name: name.clone(), problem: problem(name) });
        self.left.keys().next().map_or(Ok(()), unknown)
    }

    pub(super) fn milliseconds(&mut self, name: &str) -> Result<Option<Duration>, ToxicError> {
        Ok(self.number(name, 86_400_000.0)?.map(|number| Duration::from_nanos((number * 1e6).round() as u64)))
    }

    /// A whole number from 0 to `most`.
    pub(super) fn whole(&mut self, name: &str, most: u64) -> Result<Option<u64>, ToxicError> {
        match self.number(name, most as f64)? {
            Some(number) if number.fract() != 0.0 => Err(bad(name, format!("write a whole number from 0 to {most}"))),
            number => Ok(number.map(|number| number as u64)),
        }
    }

    /// A number from 0 to `most`; absent and `null` are the same.
    pub(super) fn number(&mut self, name: &str, most: f64) -> Result<Option<f64>, ToxicError> {
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_f64()
                .filter(|number| (0.0..=most).contains(number))
                .map(Some)
                .ok_or_else(|| bad(name, format!("write a number from 0 to {most}"))),
        }
    }

    pub(super) fn truth(&mut self, name: &str) -> Result<Option<bool>, ToxicError> {
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(truth)),
            Some(_) => Err(bad(name, "write true or false")),
        }
    }

    pub(super) fn map(&mut self, name: &str) -> Result<Option<Attributes>, ToxicError> {
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(_) => Err(bad(name, "write an object")),
        }
    }

    pub(super) fn word(&mut self, name: &str) -> Result<Option<String>, ToxicError> {
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(word)) => Ok(Some(word)),
            Some(_) => Err(bad(name, "write a word")),
        }
    }

    pub(super) fn seed(&mut self) -> Result<Option<Seed>, ToxicError> {
        match self.left.remove("seed") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => number.as_u64().map(|seed| Some(Seed(seed))).ok_or_else(|| bad("seed", "write a whole number")),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| bad("seed", "write up to 16 hexadecimal digits")),
            Some(_) => Err(bad("seed", "write a whole number or hexadecimal digits")),
        }
    }
}

/// Whole milliseconds as an integer, because Shopify's server reads nothing else; a fraction where there is one.
pub(super) fn milliseconds(duration: Duration) -> Number {
    let nanos = duration.as_nanos();
    let fraction = || Number::from_f64(nanos as f64 / 1e6).unwrap_or_else(|| 0.into());
    if nanos.is_multiple_of(1_000_000) { (nanos / 1_000_000).into() } else { fraction() }
}

/// A thousandth, as an integer where it is one.
pub(super) fn thousandths(bytes: u64) -> Number {
    let fraction = || Number::from_f64(bytes as f64 / 1e3).unwrap_or_else(|| 0.into());
    if bytes.is_multiple_of(1000) { (bytes / 1000).into() } else { fraction() }
}
