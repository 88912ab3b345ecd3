//! Fields of a toxic that mean nothing where they stand, and names that cannot be ones.

use super::attributes::{Attributes, FIELDS};
use super::{RawToxic, Toxic, ToxicError, toxics};
use crate::units::closest;
use serde_json::Value;

/// What answers show beside them: sent back, it asks for nothing.
const SHOWN: [&str; 2] = ["applied", "touched"];
/// The longest name, in bytes: it stands in paths, in every event and on screens.
const LONGEST: usize = 200;

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

/// Whether a proxy or a toxic can be called so.
///
/// # Errors
/// In words, why not.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.len() > LONGEST {
        return Err(format!("it has {} bytes, and may have {LONGEST}", name.len()));
    }
    if name == "." || name == ".." || name.contains('/') {
        return Err("it is part of paths of the control API, so it must have no `/`, and not be `.` or `..`".into());
    }
    if name
        .chars()
        .any(|letter| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    {
        return Err("it contains a character that cannot be printed".into());
    }
    Ok(())
}
