//! What a provider counts of its rate limits.

use crate::units::Duration;
/// The counter of one rate limit per minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many a minute.
    pub limit: u64,
    /// How many are left now.
    pub remaining: u64,
    /// Until all of them are there again.
    pub reset: Duration,
}

/// The counters of a provider's rate limits on requests and on tokens, where it has them.
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

/// The names of the headers that tell one limit: how many there are, how many are left, when all of them are there again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QuotaNames {
    pub(super) limit: String,
    pub(super) remaining: String,
    pub(super) reset: String,
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
    fn times_are_written_as_go_does() {
        for (millis, text) in [(0, "0ms"), (12, "12ms"), (1500, "1.5s"), (60_000, "1m0s"), (3_661_001, "1h1m1.001s")] {
            assert_eq!(go_duration(Duration::from_millis(millis)), text);
        }
    }
}
