//! A value within JSON by a path of keys and places: `data.0.id`.

use serde_json::Value;

/// The value as a text: a string without its quotes, anything else as JSON. `None` where there is no such value.
pub(super) fn select(json: &str, path: &str) -> Option<String> {
    let whole: Value = serde_json::from_str(json).ok()?;
    let found = path.split('.').try_fold(&whole, |value, key| match value {
        Value::Object(entries) => entries.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    })?;
    Some(match found {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// Whether a text is JSON at all.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::select;

    #[test]
    fn a_path_leads_through_objects_and_lists() {
        let json = r#"{"data": [{"id": "a b", "n": 7, "on": true, "none": null}]}"#;
        let wanted = [("data.0.id", Some("a b")), ("data.0.n", Some("7")), ("data.0.on", Some("true")), ("data.0.none", Some("null"))];
        for (path, found) in wanted.into_iter().chain([("data.1.id", None), ("data.x", None), ("data.0.id.x", None)]) {
            assert_eq!(select(json, path).as_deref(), found, "{path}");
        }
        assert_eq!(select("not json", "x"), None);
    }
}
