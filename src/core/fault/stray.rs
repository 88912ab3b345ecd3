//! Fields of a toxic that mean nothing where they stand, and names that cannot be ones.

use super::attributes::{Attributes, FIELDS};
use super::toxic_error::ToxicError;
use super::{RawToxic, Toxic, toxics};
use crate::units::closest;
use serde_json::Value;

/// What answers show beside them: sent back, it asks for nothing.
const SHOWN: [&str; 2] = ["applied", "touched"];

/// A field that means nothing where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Its name.
    pub field: String,
    /// Where it belongs, or what may have been meant.
    pub hint: String,
}

impl Stray {
    /// One that is none of these, which `whose` has.
    pub fn among(field: &str, known: &[&str], whose: &str) -> Self {
        let hint = closest(field, known.iter().copied())
            .map_or_else(|| format!("{whose} has {}", known.join(", ")), |meant| format!("did you mean `{meant}`?"));
        Self { field: field.to_owned(), hint }
    }
}

impl RawToxic {
    /// The fields of an object that a toxic does not have.
    pub fn strays(object: &Attributes) -> Vec<Stray> {
        let kind = object.get("type").and_then(Value::as_str);
        let stray = |(field, value): (&String, &Value)| {
            let kinds = kind.map_or_else(|| toxics().collect(), |kind| vec![kind]);
            let misplaced = kinds.into_iter().find_map(|kind| attribute_of(kind, field, value));
            misplaced.unwrap_or_else(|| Stray::among(field, &FIELDS, "a toxic"))
        };
        let is_known = |field: &str| FIELDS.contains(&field) || SHOWN.contains(&field);
        object.iter().filter(|(field, _)| !is_known(field)).map(stray).collect()
    }

    /// A field of a proxy that is one of a toxic.
    pub fn misplaced(field: &str, value: &Value) -> Option<Stray> {
        if FIELDS.contains(&field) {
            let hint = format!("it belongs to a toxic: write \"toxics\": [{{\"type\": TYPE, \"{field}\": {value}}}]");
            return Some(Stray { field: field.to_owned(), hint });
        }
        None
    }
}

/// The field as an attribute of this type, where the type has such a one.
fn attribute_of(kind: &str, field: &str, value: &Value) -> Option<Stray> {
    let attributes = Attributes::from_iter([(field.to_owned(), value.clone())]);
    let raw = RawToxic { kind: Some(kind.to_owned()), attributes: Some(attributes), ..RawToxic::default() };
    let is_none = match Toxic::parse(&raw) {
        Err(ToxicError::Unknown { name, .. }) => name == field,
        Err(ToxicError::Type { .. }) => true,
        _ => false,
    };
    let hint = || format!("it is an attribute of the type `{kind}`: write \"attributes\": {{\"{field}\": {value}}}");
    (!is_none).then(|| Stray { field: field.to_owned(), hint: hint() })
}
