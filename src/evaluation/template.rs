//! Texts with `{{variables}}`, as promptfoo's files have them: plain names only.

use serde_json::Value;
use std::collections::BTreeMap;

/// Puts values in the places of their names.
///
/// # Errors
/// What is in the way: a filter, a tag, a name without a value.
pub(super) fn filled(text: &str, values: &BTreeMap<String, Value>) -> Result<String, String> {
    if text.contains("{%") || text.contains("{#") {
        return Err("`{% … %}` of a template is not known here".to_owned());
    }
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { return Err("`{{` has no `}}`".to_owned()) };
        let name = name.trim_matches(['-', ' ']);
        let plain = |letter: char| letter.is_alphanumeric() || "_.-".contains(letter);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!("`{{{{{name}}}}}` is more than the name of a variable"));
        }
        let mut path = name.split('.');
        let found = path.next().and_then(|first| values.get(first));
        let found = path.fold(found, |value, key| value.and_then(|value| value.get(key)));
        done.push_str(before);
        match found {
            Some(Value::String(text)) => done.push_str(text),
            Some(other) => done.push_str(&other.to_string()),
            None => return Err(format!("`{{{{{name}}}}}` has no value")),
        }
        rest = behind;
    }
    done.push_str(rest);
    Ok(done)
}

/// Every choice of one value of each variable that is a list.
pub(super) fn combinations(values: &BTreeMap<String, Value>) -> Vec<BTreeMap<String, Value>> {
    let mut all = vec![BTreeMap::new()];
    for (name, value) in values {
        let choices = match value {
            Value::Array(list) if !list.is_empty() => list.clone(),
            one => vec![one.clone()],
        };
        let with = |so_far: &BTreeMap<String, Value>, choice: &Value| {
            let mut more = so_far.clone();
            more.insert(name.clone(), choice.clone());
            more
        };
        all = all.iter().flat_map(|so_far| choices.iter().map(move |choice| with(so_far, choice))).collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_replaced_and_what_is_more_is_refused() {
        let values: BTreeMap<String, Value> = [("a".to_owned(), json!("x")), ("b".to_owned(), json!({"c": 3}))].into_iter().collect();
        assert_eq!(filled("{{a}} {{ b.c }} {{-a-}}", &values).unwrap(), "x 3 x");
        for bad in ["{{a | upper}}", "{% if a %}", "{{nobody}}", "{{a"] {
            assert!(filled(bad, &values).is_err(), "{bad}");
        }
        let lists = [("a".to_owned(), json!(["x", "y"])), ("b".to_owned(), json!([1, 2]))].into_iter().collect();
        assert_eq!(combinations(&lists).len(), 4);
    }
}
