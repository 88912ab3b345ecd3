//! Any text as a file of somebody else's in which one value is replaced: whatever is found lies within it, whatever is written is read as what
//! was meant by readers that share no code with the one that wrote it, nothing else changes, and the old bytes come back exactly.
//!
//! Before the line `----` stand the value's path, the new value, and which of several documents is meant, one a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lifeboat::model::DocumentSelector;
use lifeboat::project::FileFormat;
use serde_json::Value;
use std::collections::BTreeMap;

const DIVISION: &str = "\n----\n";

/// A document as a reader of the format itself has it; `None` where it has none, or where one value stands in several places.
fn meaning(format: FileFormat, text: &str) -> Option<Value> {
    match format {
        FileFormat::Json => serde_json::from_str(text).ok(),
        FileFormat::Toml => Some(item(toml_edit::Document::parse(text).ok()?.as_item())),
        FileFormat::Yaml if text.contains(['&', '*', '!', '<', '?']) => None,
        FileFormat::Yaml => serde_saphyr::from_str(text).ok(),
        FileFormat::Env => Some(serde_json::json!(variables(text)?)),
    }
}

/// TOML, whatever a value's notation is.
fn item(item: &toml_edit::Item) -> Value {
    match item {
        toml_edit::Item::None => Value::Null,
        toml_edit::Item::Value(one) => value(one),
        toml_edit::Item::Table(table) => table.iter().map(|(key, inner)| (key.to_owned(), self::item(inner))).collect(),
        toml_edit::Item::ArrayOfTables(tables) => {
            tables.iter().map(|table| table.iter().map(|(key, inner)| (key.to_owned(), self::item(inner))).collect::<Value>()).collect()
        }
    }
}

fn value(one: &toml_edit::Value) -> Value {
    match one {
        toml_edit::Value::String(text) => Value::from(text.value().as_str()),
        toml_edit::Value::Integer(number) => Value::from(*number.value()),
        toml_edit::Value::Float(number) => serde_json::json!([number.value().to_string()]),
        toml_edit::Value::Boolean(truth) => Value::from(*truth.value()),
        toml_edit::Value::Datetime(moment) => serde_json::json!([moment.value().to_string()]),
        toml_edit::Value::Array(items) => items.iter().map(value).collect(),
        toml_edit::Value::InlineTable(table) => table.iter().map(|(key, inner)| (key.to_owned(), value(inner))).collect(),
    }
}

/// `NAME=value` lines as a shell would have them; `None` where a value is none of one word or one pair of quotes, for then readers differ.
fn variables(text: &str) -> Option<BTreeMap<String, Value>> {
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, rest) = line.split_once('=')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        // What is a comment stands behind a blank; what is before it, without blanks, is the value.
        let (value, more) = match rest.trim_start_matches([' ', '\t']).chars().next() {
            Some(quote @ ('"' | '\'')) => rest.trim_start_matches([' ', '\t'])[1..].split_once(quote)?,
            Some('#') if rest.starts_with([' ', '\t']) => ("", rest),
            _ => {
                let rest = rest.trim_start_matches([' ', '\t']);
                rest.split_once([' ', '\t']).unwrap_or((rest, ""))
            }
        };
        let more = more.trim_start();
        if !is_name || !(more.is_empty() || more.starts_with('#')) || value.contains(['\\', '$', '`', '"', '\'']) {
            return None;
        }
        found.insert(name.to_owned(), Value::from(value));
    }
    Some(found)
}

/// A value as it would be written without quotes.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null => Some("null".into()),
        // How a number is written is not what it is.
        Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The place of a value in a document.
fn at<'v>(document: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(document, |here, key| match here {
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        Value::Object(map) => map.get_mut(key),
        _ => None,
    })
}

/// Asserts that the new document is the old one but for this value, wherever somebody else can read both.
fn as_meant(format: FileFormat, before: &str, after: &str, path: &[String], new: &str) {
    let (Some(mut before), Some(mut after)) = (meaning(format, before), meaning(format, after)) else { return };
    let (Some(old), Some(now)) = (at(&mut before, path), at(&mut after, path)) else { return };
    if let Some(shown) = shown(now) {
        assert_eq!(shown, new, "{format:?}");
    }
    (*old, *now) = (Value::Null, Value::Null);
    assert_eq!(before, after, "{format:?}: something else has changed");
}

fuzz_target!(|data: &[u8]| {
    let Some((head, text)) = std::str::from_utf8(data).ok().and_then(|text| text.split_once(DIVISION)) else { return };
    let mut lines = head.lines();
    let mut line = || lines.next().unwrap_or_default();
    let path: Vec<String> = line().split('.').map(str::to_owned).collect();
    let new = line();
    let which = match line() {
        "" => None,
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            number.parse().ok().filter(|number| *number > 0).map(DocumentSelector::Number)
        }
        values => Some(DocumentSelector::Where(
            values.split(',').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        )),
    };
    for format in [FileFormat::Yaml, FileFormat::Json, FileFormat::Toml, FileFormat::Env] {
        let Ok(part) = format.part(text, which.as_ref()) else { continue };
        let part = &text[part];
        let Ok(place) = format.find(part, &path) else { continue };
        assert!(part.get(place.range.clone()).is_some(), "{format:?}: {:?} is not within the text", place.range);
        let Ok((edited, old)) = format.replaced(part, &path, new) else { continue };
        assert_eq!(old, part[place.range.clone()], "{format:?}");
        let now = format.find(&edited, &path).expect("what was written is read again");
        assert_eq!(now.value, new, "{format:?}");
        assert_eq!(
            (&edited[..now.range.start], &edited[now.range.end..]),
            (&part[..place.range.start], &part[place.range.end..]),
            "{format:?}"
        );
        assert_eq!(format.restored(&edited, &path, &old).expect("its place is known"), part, "{format:?}");
        as_meant(format, part, &edited, &path, new);
    }
});
