//! The assertions of promptfoo's tests that need no other model and no code: each as one of our expectations.

use super::expectation::{AnswerExpectation, LetterCase};
use super::jsonl::{pattern, schema};
use super::place::{PromptPlace, UnreadPrompt};
use super::template::filled;
use serde_json::Value;
use std::collections::BTreeMap;

/// Those that are known; each may have `not-` before it.
const KINDS: [&str; 11] = [
    "contains",
    "icontains",
    "contains-all",
    "contains-any",
    "icontains-all",
    "icontains-any",
    "equals",
    "starts-with",
    "regex",
    "is-json",
    "contains-json",
];

/// One assertion, with the values of the test's variables.
pub(super) fn assertion(
    place: PromptPlace<'_>,
    value: &Value,
    values: &BTreeMap<String, Value>,
) -> Result<AnswerExpectation, UnreadPrompt> {
    const FORM: &str = "write {type: contains, value: …}";
    let fields = place.object(value, "an assertion", FORM)?;
    let kind = fields.get("type").and_then(Value::as_str).ok_or_else(|| place.wrong("an assertion has no `type`", FORM))?;
    if let Some(name) = ["transform", "threshold", "contextTransform", "provider"].into_iter().find(|name| fields.contains_key(*name)) {
        return Err(place.wrong(format!("`{name}` of an assertion is not known here"), "leave it out, or score with a command in JSONL"));
    }
    if fields.get("weight").is_some_and(|weight| weight.as_f64() != Some(1.0)) {
        return Err(
            place.wrong("an assertion's `weight` is not known here", "leave it out: an answer is right where every assertion holds")
        );
    }
    if let Some(inner) = kind.strip_prefix("not-") {
        return Ok(AnswerExpectation::Not(Box::new(of_kind(place, inner, fields.get("value"), values)?)));
    }
    of_kind(place, kind, fields.get("value"), values)
}

fn of_kind(
    place: PromptPlace<'_>,
    kind: &str,
    value: Option<&Value>,
    values: &BTreeMap<String, Value>,
) -> Result<AnswerExpectation, UnreadPrompt> {
    let fill = |text: &str| filled(text, values).map_err(|problem| place.wrong(problem, "write plain {{names}} of `vars`"));
    let given = || value.ok_or_else(|| place.wrong(format!("`{kind}` has no `value`"), format!("write {{type: {kind}, value: …}}")));
    let text = || match given()? {
        Value::String(text) if text.starts_with("file://") => Err(place.wrong(format!("the value is in a file, {text}"), "write it here")),
        Value::String(text) => fill(text),
        other => Ok(other.to_string()),
    };
    // A list, or texts between commas, as promptfoo takes them.
    let texts = || match given()? {
        Value::Array(list) => {
            list.iter().map(|each| fill(each.as_str().map_or_else(|| each.to_string(), str::to_owned).as_str())).collect()
        }
        _ => Ok(text()?.split(',').map(|each| each.trim().to_owned()).collect::<Vec<String>>()),
    };
    let contains = |case: LetterCase| {
        let each = move |text: String| AnswerExpectation::Contains(text, case);
        texts().map(|texts| texts.into_iter().map(each).collect::<Vec<_>>())
    };
    let form = || match value {
        None => Ok(None),
        Some(Value::String(text)) => {
            let parsed =
                serde_json::from_str(text).map_err(|_| place.wrong(format!("the value of `{kind}` is no schema"), "write it as a map"))?;
            schema(place, &parsed).map(Some)
        }
        Some(map) => schema(place, map).map(Some),
    };
    Ok(match kind {
        "contains" => AnswerExpectation::Contains(text()?, LetterCase::Counts),
        "icontains" => AnswerExpectation::Contains(text()?, LetterCase::Ignored),
        "contains-all" => AnswerExpectation::All(contains(LetterCase::Counts)?),
        "contains-any" => AnswerExpectation::Any(contains(LetterCase::Counts)?),
        "icontains-all" => AnswerExpectation::All(contains(LetterCase::Ignored)?),
        "icontains-any" => AnswerExpectation::Any(contains(LetterCase::Ignored)?),
        "equals" => AnswerExpectation::Equals(text()?),
        "starts-with" => AnswerExpectation::StartsWith(text()?),
        "regex" => pattern(place, &text()?)?,
        "is-json" => AnswerExpectation::Json(form()?),
        "contains-json" => AnswerExpectation::HoldsJson(form()?),
        "latency" | "cost" => {
            return Err(place.wrong(format!("`{kind}` is measured for every answer"), "leave the assertion out; the report has it"));
        }
        other => {
            let known = KINDS;
            let hint = match crate::units::closest(other, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write one of {}; score anything else with a command in JSONL", known.join(", ")),
            };
            return Err(place.wrong(format!("the assertion `{other}` is not known here"), hint));
        }
    })
}
