//! How many tokens an answer says that it used, whatever dialect it is in.
//!
//! Every dialect reports them in a few fields of one object; streams report them in one of their last events, or their prompt's in the first
//! and their answer's in the last. Tokens of a cache are of the prompt, and those of hidden thoughts of the answer, since both are billed.

use crate::model::Tokens;
use serde_json::Value;

/// Where answers and events hold the object, as JSON pointers.
const USAGE_PATHS: [&str; 6] =
    ["/usage", "/message/usage", "/response/usage", "/metadata/usage", "/usageMetadata", "/response/usageMetadata"];
/// What is of the prompt. Of each list the fields that are there are added up; of two lists the larger sum counts.
const INPUT: [&[&str]; 4] = [
    &["prompt_tokens"],
    &["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"],
    &["inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"],
    &["promptTokenCount", "toolUsePromptTokenCount"],
];
/// What is of the answer.
const OUTPUT: [&[&str]; 4] =
    [&["completion_tokens"], &["output_tokens"], &["outputTokens"], &["candidatesTokenCount", "thoughtsTokenCount"]];

/// Where tokens from a cache stand beside those of the prompt that did not, and the name of the latter.
const BESIDE_INPUT: [(&str, &str); 2] = [("cache_read_input_tokens", "input_tokens"), ("cacheReadInputTokens", "inputTokens")];
/// Where they are counted once more, as a part of the prompt's.
const WITHIN_INPUT: [&str; 3] = ["/prompt_tokens_details/cached_tokens", "/input_tokens_details/cached_tokens", "/cachedContentTokenCount"];

/// The tokens that an answer, or one event of a stream, reports.
pub(super) fn tokens(said: &Value) -> Option<Tokens> {
    // As `Value::pointer` finds it, which makes texts of its own for each name: this is done for every event of every stream.
    let find = |path: &&str| path.split('/').skip(1).try_fold(said, |within, name| within.as_object()?.get(name));
    let usage = USAGE_PATHS.iter().filter_map(find).find(|usage| usage.is_object())?;
    let sum = |names: &&[&str]| names.iter().filter_map(|name| usage[*name].as_u64()).reduce(u64::saturating_add);
    let most = |lists: &[&[&str]]| lists.iter().filter_map(sum).max();
    let (input, output) = (most(&INPUT), most(&OUTPUT));
    (input.is_some() || output.is_some()).then(|| Tokens { input: input.unwrap_or(0), output: output.unwrap_or(0) })
}

/// What two events of one answer report together.
pub(super) fn together(one: Option<Tokens>, other: Option<Tokens>) -> Option<Tokens> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Tokens { input: one.input.max(other.input), output: one.output.max(other.output) }),
        (one, other) => one.or(other),
    }
}

/// Lets an answer, or one event of a stream, report so many thousandths of the tokens that it used, and none of them from a cache where that is
/// lost. True where that changed anything.
pub(super) fn dearer(said: &mut Value, thousandths: u64, cache_lost: bool) -> bool {
    let mut changed = false;
    for path in USAGE_PATHS {
        if let Some(usage) = said.pointer_mut(path).filter(|usage| usage.is_object()) {
            changed |= cache_lost && uncached(usage);
            changed |= multiplied(usage, thousandths);
        }
    }
    changed
}

/// Whatever came from a cache is reported as if it had not.
fn uncached(usage: &mut Value) -> bool {
    let mut lost = false;
    for (cached, input) in BESIDE_INPUT {
        if let Some(count) = usage[cached].as_u64().filter(|count| *count > 0) {
            usage[input] = Value::from(usage[input].as_u64().unwrap_or(0).saturating_add(count));
            usage[cached] = Value::from(0);
            lost = true;
        }
    }
    for path in WITHIN_INPUT {
        if let Some(cached) = usage.pointer_mut(path).filter(|cached| cached.as_u64().is_some_and(|count| count > 0)) {
            *cached = Value::from(0);
            lost = true;
        }
    }
    lost
}

/// Every count in it becomes so many thousandths of itself, rounded up.
fn multiplied(usage: &mut Value, thousandths: u64) -> bool {
    match usage {
        Value::Number(count) => match count.as_u64().filter(|count| *count > 0 && thousandths != 1000) {
            Some(count) => {
                *usage = Value::from(count.saturating_mul(thousandths).div_ceil(1000));
                true
            }
            None => false,
        },
        Value::Object(map) => map.values_mut().fold(false, |any, value| multiplied(value, thousandths) | any),
        Value::Array(values) => values.iter_mut().fold(false, |any, value| multiplied(value, thousandths) | any),
        _ => false,
    }
}

/// The tokens that a body reports, be it JSON or a stream of events.
pub fn reported_tokens(body: &[u8]) -> Option<Tokens> {
    if let Ok(said) = serde_json::from_slice::<Value>(body) {
        return tokens(&said);
    }
    let events = body.split(|byte| *byte == b'\n' || *byte == b'\r').filter_map(|line| line.strip_prefix(b"data:"));
    events.filter_map(|data| tokens(&serde_json::from_slice(data).ok()?)).fold(None, |all, one| together(all, Some(one)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dearer_report_has_more_tokens_and_none_of_a_cache() {
        let of = |text: &str, thousandths, lost| {
            let mut said: Value = serde_json::from_str(text).unwrap();
            let changed = dearer(&mut said, thousandths, lost);
            (changed, tokens(&said).map(|Tokens { input, output }| (input, output)), said)
        };
        let openai = r#"{"usage": {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}}}"#;
        let (changed, counted, said) = of(openai, 2500, true);
        assert_eq!((changed, counted, &said["usage"]["prompt_tokens_details"]["cached_tokens"]), (true, Some((23, 10)), &Value::from(0)));
        let anthropic = r#"{"message": {"usage": {"input_tokens": 9, "cache_read_input_tokens": 100, "output_tokens": 4}}}"#;
        let (changed, counted, said) = of(anthropic, 1000, true);
        assert_eq!((changed, counted, said["message"]["usage"]["input_tokens"].as_u64()), (true, Some((109, 4)), Some(109)));
        for (silent, lost) in [(r#"{"usage": null}"#, true), (r#"{"choices": []}"#, true), (openai, false)] {
            assert!(!of(silent, 1000, lost).0, "{silent}");
        }
    }

    #[test]
    fn every_dialects_report_is_read_and_a_streams_parts_are_put_together() {
        let of = |body: &str| reported_tokens(body.as_bytes()).map(|Tokens { input, output }| (input, output));
        assert_eq!(of(r#"{"usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}}"#), Some((9, 4)));
        assert_eq!(of(r#"{"usage": {"input_tokens": 9, "cache_read_input_tokens": 100, "output_tokens": 4}}"#), Some((109, 4)));
        assert_eq!(of(r#"{"usage": {"inputTokens": 9, "outputTokens": 4}}"#), Some((9, 4)));
        assert_eq!(of(r#"{"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 50}}"#), Some((9, 54)));
        assert_eq!(of(r#"{"usage": {"prompt_tokens": 9, "total_tokens": 9}}"#), Some((9, 0)));
        let stream = "event: message_start\ndata: {\"message\": {\"usage\": {\"input_tokens\": 9, \"output_tokens\": 1}}}\n\n\
                      event: message_delta\r\ndata: {\"usage\": {\"output_tokens\": 40}}\r\n\r\ndata: [DONE]\n\n";
        assert_eq!(of(stream), Some((9, 40)));
        for silent in ["", "{}", r#"{"usage": null}"#, r#"{"usage": {"prompt_tokens": "9"}}"#, "data: {}\n\n"] {
            assert_eq!(of(silent), None, "{silent}");
        }
    }
}
