//! What a provider says about its limits: the counters of a rate limit and the time to come back, each dialect in its own headers.

use super::ProviderRequest;
use super::moment::http_date;
use super::tongue::provider_api;
use crate::model::{Dialect, Operation, RetryForm};
use crate::units::Duration;

/// What is left of a limit a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many a minute.
    pub limit: u64,
    /// How many are left now.
    pub remaining: u64,
    /// Until all of them are there again.
    pub reset: Duration,
}

/// What is left of the limits on requests and on tokens, where there are such.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Requests.
    pub requests: Option<Quota>,
    /// Tokens.
    pub tokens: Option<Quota>,
}

impl Quotas {
    /// Each with its name.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, Quota)> {
        [("requests", self.requests), ("tokens", self.tokens)].into_iter().filter_map(|(name, quota)| Some((name, quota?)))
    }

    /// The tighter of both, for requests and for tokens.
    #[must_use]
    pub fn tighter(self, other: Self) -> Self {
        let least = |one: Option<Quota>, other: Option<Quota>| one.into_iter().chain(other).min_by_key(|quota| quota.remaining);
        Self { requests: least(self.requests, other.requests), tokens: least(self.tokens, other.tokens) }
    }
}

/// The headers that tell these counters; none in a dialect that has no such headers. `wall` is seconds since 1970.
pub fn quota_headers(dialect: Dialect, quotas: &Quotas, wall: u64) -> Vec<(String, String)> {
    provider_api(dialect).quota_headers(quotas, wall)
}

/// The headers that tell when to come back, in this form, else in the provider's own. Times are rounded up: a client told to come back too
/// early would be told wrong. `wall` is seconds since 1970.
pub fn retry_headers(dialect: Dialect, after: Duration, form: Option<RetryForm>, wall: u64) -> Vec<(&'static str, String)> {
    let seconds = after.as_nanos().div_ceil(1_000_000_000);
    let whole = ("retry-after", seconds.to_string());
    let fine = ("retry-after-ms", after.as_nanos().div_ceil(1_000_000).to_string());
    match form.unwrap_or(provider_api(dialect).retry_form()) {
        RetryForm::Seconds => vec![whole],
        RetryForm::Milliseconds => vec![fine],
        RetryForm::Both => vec![whole, fine],
        RetryForm::Date => vec![("retry-after", http_date(wall.saturating_add(seconds)))],
    }
}

/// The tokens that a provider takes off its limit before it answers: a quarter of the prompt's length in bytes and all tokens that may be
/// answered. What cannot be read counts a quarter of its length.
pub fn estimated_tokens(dialect: Dialect, operation: Operation, body: &[u8]) -> u64 {
    let quarter = |length: usize| (length as u64).div_ceil(4);
    ProviderRequest::parse(dialect, operation, body)
        .map_or_else(|_| quarter(body.len()), |demand| quarter(demand.prompt.trim().len()).saturating_add(demand.max_tokens.unwrap_or(0)))
}

/// A time in the form of Go, as OpenAI writes it: `12ms`, `1.5s`, `6m0s`.
pub(super) fn go_duration(duration: Duration) -> String {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    let seconds = |millis: u64| {
        let fraction = format!("{:03}", millis % 1000);
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { format!("{}s", millis / 1000) } else { format!("{}.{fraction}s", millis / 1000) }
    };
    match millis {
        0..1000 => format!("{millis}ms"),
        1000..60_000 => seconds(millis),
        60_000..3_600_000 => format!("{}m{}", millis / 60_000, seconds(millis % 60_000)),
        _ => format!("{}h{}m{}", millis / 3_600_000, millis / 60_000 % 60, seconds(millis % 60_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_come_back_is_said_in_the_form_asked_for_else_in_the_providers() {
        let said = |dialect, form| {
            let headers = retry_headers(dialect, Duration::from_millis(1500), form, 784_111_775);
            headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
        };
        let (seconds, fine) = ("retry-after: 2", "retry-after-ms: 1500");
        assert_eq!(said(Dialect::OpenAi, None), seconds);
        assert_eq!(said(Dialect::AzureOpenAi, None), format!("{seconds}, {fine}"));
        assert_eq!(said(Dialect::AzureOpenAi, Some(RetryForm::Seconds)), seconds);
        assert_eq!(said(Dialect::Vertex, Some(RetryForm::Milliseconds)), fine);
        assert_eq!(said(Dialect::Vertex, Some(RetryForm::Both)), format!("{seconds}, {fine}"));
        assert_eq!(said(Dialect::OpenAi, Some(RetryForm::Date)), "retry-after: Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn counters_are_told_as_each_provider_tells_them() {
        let quota = Quota { limit: 60, remaining: 58, reset: Duration::from_millis(2001) };
        let quotas = Quotas { requests: Some(quota), tokens: Some(Quota { remaining: 0, reset: Duration::from_secs(360), ..quota }) };
        let said = |dialect| {
            let headers = quota_headers(dialect, &quotas, 784_111_774);
            headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
        };
        assert_eq!(
            said(Dialect::OpenAi),
            [
                "x-ratelimit-limit-requests: 60",
                "x-ratelimit-remaining-requests: 58",
                "x-ratelimit-reset-requests: 2.001s",
                "x-ratelimit-limit-tokens: 60",
                "x-ratelimit-remaining-tokens: 0",
                "x-ratelimit-reset-tokens: 6m0s",
            ]
        );
        assert_eq!(said(Dialect::AzureOpenAi), ["x-ratelimit-remaining-requests: 58", "x-ratelimit-remaining-tokens: 0"]);
        assert_eq!(
            said(Dialect::Anthropic)[..3],
            [
                "anthropic-ratelimit-requests-limit: 60",
                "anthropic-ratelimit-requests-remaining: 58",
                "anthropic-ratelimit-requests-reset: 1994-11-06T08:49:37Z",
            ]
        );
        assert!(said(Dialect::Bedrock).is_empty() && said(Dialect::Vertex).is_empty());
    }

    #[test]
    fn tokens_are_estimated_from_what_is_asked() {
        let body = br#"{"max_tokens":100,"messages":[{"role":"user","content":"twelve bytes"}]}"#;
        assert_eq!(estimated_tokens(Dialect::OpenAi, Operation::Chat, body), 103);
        assert_eq!(estimated_tokens(Dialect::OpenAi, Operation::Chat, b"12345"), 2);
        let body = br#"{"input":["twelve bytes"]}"#;
        assert_eq!(estimated_tokens(Dialect::AzureOpenAi, Operation::Embeddings, body), 3);
    }

    #[test]
    fn times_are_written_as_go_does() {
        for (millis, text) in [(0, "0ms"), (12, "12ms"), (1500, "1.5s"), (60_000, "1m0s"), (3_661_001, "1h1m1.001s")] {
            assert_eq!(go_duration(Duration::from_millis(millis)), text);
        }
    }
}
