//! What one try of asking somebody saw, and whether that is as it should be. Pure: others ask.

use super::select::select;
use crate::model::{Inquiry, InquiryGoal};
use regex::Regex;

/// So much of an answer stands in a sentence, in characters.
const SHOWN: usize = 120;

/// What one try saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// As it should be.
    pub(super) holds: bool,
    /// Somebody answered, however that was.
    pub(super) answered: bool,
    /// The end of a sentence about the try: `returned 0.93, not above 0.99`.
    pub(super) told: String,
    /// For later steps.
    pub(super) value: String,
}

impl Seen {
    /// Nobody answered; that is as it should be only where it is waited for.
    pub(super) fn nobody(inquiry: &Inquiry, told: impl Into<String>) -> Self {
        Self { holds: inquiry.expects == InquiryGoal::Bad, answered: false, told: told.into(), value: String::new() }
    }

    /// It could not even be asked, which says nothing about it.
    pub(super) fn unasked(told: impl Into<String>) -> Self {
        Self { holds: false, answered: false, told: told.into(), value: String::new() }
    }

    /// An answer that is not looked into.
    pub(super) fn good(inquiry: &Inquiry, is_good: bool, told: impl Into<String>, value: impl Into<String>) -> Self {
        let holds = is_good != (inquiry.expects == InquiryGoal::Bad);
        Self { holds, answered: true, told: told.into(), value: value.into() }
    }

    /// An answer whose text counts, or the value in it: `verb` says what it did (`printed`).
    pub(super) fn text(inquiry: &Inquiry, expects: &InquiryGoal, verb: &str, text: &str) -> Self {
        let found = match &inquiry.json {
            None => Some(text.trim().to_owned()),
            Some(path) => select(text, path),
        };
        let Some(value) = found else {
            let path = inquiry.json.as_deref().unwrap_or_default();
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            let told =
                if is_json { format!("{verb} JSON without a value at `{path}`") } else { format!("{verb} no JSON: `{}`", short(text)) };
            return Self { holds: false, answered: true, told, value: String::new() };
        };
        let (holds, shown) = weigh(expects, &value);
        let told = if holds { format!("{verb} {shown}") } else { format!("{verb} {shown}, {}", missed(expects, &value)) };
        Self { holds, answered: true, told, value }
    }
}

/// Whether a value is as it should be, and the value as it is shown.
fn weigh(expects: &InquiryGoal, value: &str) -> (bool, String) {
    let number = value.parse::<f64>().ok();
    let shown = if number.is_some() { value.to_owned() } else { format!("`{}`", short(value)) };
    let holds = match expects {
        InquiryGoal::Is(text) => same(value, text),
        InquiryGoal::IsNot(text) => !same(value, text),
        InquiryGoal::Contains(text) => value.contains(text.as_str()),
        InquiryGoal::Matches(pattern) => Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(value)),
        InquiryGoal::Above(bound) => number.is_some_and(|number| number > *bound),
        InquiryGoal::Below(bound) => number.is_some_and(|number| number < *bound),
        // With a path, that there is a value.
        _ => value != "null",
    };
    (holds, shown)
}

/// A text, or a number however it is written.
pub(super) fn same(value: &str, wanted: &str) -> bool {
    value == wanted || matches!((value.parse::<f64>(), wanted.parse::<f64>()), (Ok(value), Ok(wanted)) if value == wanted)
}

/// What a value is not.
pub(super) fn missed(expects: &InquiryGoal, value: &str) -> String {
    match expects {
        InquiryGoal::Above(_) | InquiryGoal::Below(_) if value.parse::<f64>().is_err() => "which is no number".to_owned(),
        InquiryGoal::IsNot(text) => format!("and not anything but `{text}`"),
        InquiryGoal::Contains(text) => format!("without `{text}`"),
        InquiryGoal::Good => "which is no value".to_owned(),
        other => format!("not {other}"),
    }
}

/// The beginning of a text, on one line.
pub(super) fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InquirySource;
    use crate::units::Duration;

    fn told(json: Option<&str>, expects: InquiryGoal, text: &str) -> (bool, String) {
        let every = Duration::from_secs(1);
        let json = json.map(str::to_owned);
        let inquiry = Inquiry { of: InquirySource::Dns("h".into()), json, expects: expects.clone(), in_a_row: 1, every, timeout: every };
        let seen = Seen::text(&inquiry, &expects, "printed", text);
        (seen.holds, seen.told)
    }

    #[test]
    fn an_answer_is_weighed_as_it_is_meant_and_told_as_it_is() {
        use InquiryGoal::{Above, Below, Contains, Good, Is, IsNot, Matches};
        let json = r#"{"status": {"healthy": true, "lag": 7, "name": "eu", "gone": null}}"#;
        let cases = [
            (None, Is("ready".into()), "ready\n", (true, "printed `ready`")),
            (None, Is("ready".into()), "not ready\n", (false, "printed `not ready`, not `ready`")),
            (None, Contains("ready".into()), "not ready", (true, "printed `not ready`")),
            (None, Contains("up".into()), "down", (false, "printed `down`, without `up`")),
            (None, Matches("^rea.y$".into()), "not ready", (false, "printed `not ready`, not like `^rea.y$`")),
            (None, Above(0.99), "0.93", (false, "printed 0.93, not above 0.99")),
            (None, Above(0.99), "1", (true, "printed 1")),
            (None, Above(0.99), "NaN", (false, "printed NaN, not above 0.99")),
            (None, Below(3.0), "many", (false, "printed `many`, which is no number")),
            (Some("status.healthy"), Is("true".into()), json, (true, "printed `true`")),
            (Some("status.lag"), Below(5.0), json, (false, "printed 7, not below 5")),
            (Some("status.lag"), Is("7.0".into()), json, (true, "printed 7")),
            (Some("status.name"), IsNot("us".into()), json, (true, "printed `eu`")),
            (Some("status.gone"), Good, json, (false, "printed `null`, which is no value")),
            (Some("status.absent"), Good, json, (false, "printed JSON without a value at `status.absent`")),
            (Some("status"), Good, "<html>", (false, "printed no JSON: `<html>`")),
        ];
        for (path, expects, text, (holds, wanted)) in cases {
            assert_eq!(told(path, expects.clone(), text), (holds, wanted.to_owned()), "{path:?} {expects:?}");
        }
    }
}
