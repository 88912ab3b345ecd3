//! What is left of a provider's limits, as a client reads it in the headers of an answer: by the same names by which the lab writes them.
//!
//! OpenAI and those like it tell when all is there again as a time in Go's form (`6m0s`), some as seconds; Anthropic as a moment (RFC 3339).
//! A counter that is negative (Azure's Responses API sends `-1`) tells nothing.

use super::http_date::internet_moment;
use super::registry::provider_api;
use crate::model::Dialect;
use crate::units::Duration;

/// The limits that providers tell of. Anthropic counts tokens in both directions by themselves as well.
const COUNTED: [&str; 4] = ["requests", "tokens", "input-tokens", "output-tokens"];

/// One limit, as an answer tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldQuota {
    /// What is counted: `requests`, `tokens`, `input-tokens` or `output-tokens`.
    pub name: &'static str,
    /// How many there are in all; `None` where it is not told.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: u64,
    /// Until all are there again; `None` where it is not told.
    pub reset: Option<Duration>,
}

impl ToldQuota {
    /// The share that is left, from 0 to 1; `None` where nobody tells of how many.
    pub fn share_left(&self) -> Option<f64> {
        let limit = self.limit.filter(|limit| *limit > 0)?;
        Some((self.remaining as f64 / limit as f64).min(1.0))
    }
}

/// The limits that the headers of an answer tell. `header` looks a header up by its lower-case name; `wall` is seconds since 1970.
pub fn told_quotas<'h>(dialect: Dialect, header: impl Fn(&str) -> Option<&'h str>, wall: u64) -> Vec<ToldQuota> {
    let one = |name: &'static str| {
        let names = provider_api(dialect).quota_names(name)?;
        let count = |name: &str| header(name)?.trim().parse::<u64>().ok();
        let reset = header(&names.reset).and_then(|text| time_left(text, wall));
        Some(ToldQuota { name, limit: count(&names.limit), remaining: count(&names.remaining)?, reset })
    };
    COUNTED.into_iter().filter_map(one).collect()
}

/// How long until a moment, or a time in Go's form, or a number of seconds.
fn time_left(text: &str, wall: u64) -> Option<Duration> {
    let text = text.trim();
    if let Some(moment) = internet_moment(text) {
        return Some(Duration::from_secs(moment.saturating_sub(wall)));
    }
    go_time(text).or_else(|| millis(text, 1000.0))
}

/// `12ms`, `1.5s`, `6m0s`, `1h1m1.001s`.
fn go_time(text: &str) -> Option<Duration> {
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let end = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
        let (number, after) = rest.split_at(end);
        let unit = after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len());
        let scale = match &after[..unit] {
            "ms" => 1.0,
            "s" => 1000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            "d" => 86_400_000.0,
            _ => return None,
        };
        sum = sum.checked_add(millis(number, scale)?.as_nanos() / 1_000_000)?;
        rest = &after[unit..];
    }
    (!text.is_empty()).then(|| Duration::from_millis(sum))
}

fn millis(number: &str, scale: f64) -> Option<Duration> {
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = number.parse().ok().filter(|_| plain)?;
    let millis = (number * scale).ceil();
    (millis < 1e15).then(|| Duration::from_millis(millis as u64))
}

#[cfg(test)]
mod tests {
    use super::super::limit::{Quota, Quotas};
    use super::super::quota_headers;
    use super::*;

    fn told(dialect: Dialect, headers: &[(&str, &str)]) -> Vec<ToldQuota> {
        told_quotas(dialect, |name| headers.iter().find(|(own, _)| *own == name).map(|(_, value)| *value), 784_111_774)
    }

    /// What the lab writes a client reads, as far as the dialect tells it.
    #[test]
    fn what_is_written_is_read() {
        let quota = Quota { limit: 60, remaining: 58, reset: Duration::from_secs(3) };
        let quotas = Quotas { requests: Some(quota), tokens: Some(Quota { remaining: 0, reset: Duration::from_secs(360), ..quota }) };
        for (dialect, is_whole) in [(Dialect::OpenAi, true), (Dialect::Anthropic, true), (Dialect::AzureOpenAi, false)] {
            let written = quota_headers(dialect, &quotas, 784_111_774);
            let headers: Vec<(&str, &str)> = written.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let all = |known: Quota| (is_whole.then_some(known.limit), known.remaining, is_whole.then_some(known.reset));
            let read: Vec<_> = told(dialect, &headers).into_iter().map(|one| (one.limit, one.remaining, one.reset)).collect();
            assert_eq!(read, [all(quotas.requests.unwrap()), all(quotas.tokens.unwrap())], "{dialect}");
        }
        assert!(told(Dialect::Bedrock, &[("x-ratelimit-remaining-requests", "1")]).is_empty(), "Bedrock tells nothing");
        assert!(told(Dialect::Vertex, &[("x-ratelimit-remaining-requests", "1")]).is_empty(), "Google tells nothing");
    }

    /// Shapes as providers' own pages have them.
    #[test]
    fn real_headers_are_read() {
        let openai = told(
            Dialect::OpenAi,
            &[
                ("x-ratelimit-limit-requests", "10000"),
                ("x-ratelimit-remaining-requests", "9999"),
                ("x-ratelimit-reset-requests", "8.64s"),
                ("x-ratelimit-limit-tokens", "2000000"),
                ("x-ratelimit-remaining-tokens", "1999984"),
                ("x-ratelimit-reset-tokens", "0s"),
            ],
        );
        assert_eq!(openai[0].reset, Some(Duration::from_millis(8640)));
        assert_eq!(openai[1].share_left().map(|share| share > 0.99), Some(true));
        let anthropic = told(
            Dialect::Anthropic,
            &[
                ("anthropic-ratelimit-requests-limit", "50"),
                ("anthropic-ratelimit-requests-remaining", "4"),
                ("anthropic-ratelimit-requests-reset", "1994-11-06T08:49:37Z"),
                ("anthropic-ratelimit-input-tokens-limit", "40000"),
                ("anthropic-ratelimit-input-tokens-remaining", "40000"),
                ("anthropic-ratelimit-output-tokens-remaining", "8000"),
            ],
        );
        let names: Vec<&str> = anthropic.iter().map(|one| one.name).collect();
        assert_eq!(names, ["requests", "input-tokens", "output-tokens"]);
        assert_eq!((anthropic[0].share_left(), anthropic[0].reset), (Some(0.08), Some(Duration::from_secs(3))));
        let azure = told(
            Dialect::AzureOpenAi,
            &[("x-ratelimit-remaining-requests", "-1"), ("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-limit-tokens", "0")],
        );
        assert_eq!((azure.len(), azure[0].remaining, azure[0].share_left()), (1, 0, None));
    }

    #[test]
    fn times_are_read_in_every_form() {
        for (text, millis) in
            [("12ms", 12), ("1.5s", 1500), ("6m0s", 360_000), ("1h1m1.001s", 3_661_001), ("3", 3000), ("1d2h", 93_600_000)]
        {
            assert_eq!(time_left(text, 0), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1s", "1x", "soon", "1e9h", "999999999999999999999d"] {
            assert_eq!(time_left(text, 0), None, "{text}");
        }
    }
}
