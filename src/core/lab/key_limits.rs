//! How much each key may ask for in a minute, by the same buckets as the fault `rate_limit` has.

use crate::fault::{Asking, Effect, Matched, RateLimit, Ruling, TimedRequest, ToxicMemory};
use crate::model::{self, Dialect, Operation};
use crate::units::Fingerprint;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// As many keys are told apart; beyond, all are forgotten, and have everything left again.
const MANY: usize = 10_000;

/// Rate limits of one provider, counted for each key.
#[derive(Debug)]
pub(super) struct KeyLimits {
    /// `None` where nothing is limited.
    limit: Option<Effect>,
    spent: Mutex<BTreeMap<Fingerprint, ToxicMemory>>,
}

/// A request as a limit sees it.
#[derive(Debug)]
pub(super) struct Spender<'r> {
    pub(super) dialect: Dialect,
    pub(super) operation: Operation,
    pub(super) key: Fingerprint,
    pub(super) body: &'r [u8],
}

impl KeyLimits {
    pub(super) fn new(limits: model::RateLimits) -> Self {
        let model::RateLimits { requests, tokens } = limits;
        let limit = (!limits.is_empty()).then_some(Effect::RateLimit(RateLimit { requests, tokens }));
        Self { limit, spent: Mutex::default() }
    }

    /// What is said to a request that came at `now`, in nanoseconds; `wall` is the same in seconds since 1970.
    pub(super) fn rule(&self, asked: &Spender<'_>, now: u64, wall: u64) -> Ruling {
        let Some(limit) = &self.limit else { return Ruling::default() };
        let mut spent = self.spent.lock().expect("nothing panics while it holds what was spent");
        if spent.len() >= MANY && !spent.contains_key(&asked.key) {
            spent.clear();
        }
        limit.rule(&TimedRequest { request: asked, now, wall }, spent.entry(asked.key).or_default())
    }
}

/// Only what a rate limit looks at is known.
impl Matched for Spender<'_> {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn method(&self) -> &str {
        "POST"
    }

    fn path(&self) -> &str {
        ""
    }

    fn header(&self, _name: &str) -> Option<&str> {
        None
    }

    fn key(&self) -> Option<Fingerprint> {
        Some(self.key)
    }

    fn ask(&self) -> Asking {
        Asking { operation: self.operation, model: None, streamed: false }
    }

    fn body(&self) -> &[u8] {
        self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_and_what_is_not_limited_passes() {
        let asked = |key: &str| Spender {
            dialect: Dialect::OpenAi,
            operation: Operation::Chat,
            key: Fingerprint::of(key),
            body: br#"{"max_tokens":90,"messages":[{"role":"user","content":"forty bytes are ten tokens to providers."}]}"#,
        };
        let limits = KeyLimits::new(model::RateLimits { requests: Some(2), tokens: Some(1000) });
        let says = |key: &str, now| limits.rule(&asked(key), now, 0);
        assert_eq!(says("one", 0).quotas.tokens.unwrap().remaining, 900);
        assert!(says("one", 0).instead.is_none());
        assert_eq!(says("one", 0).instead.unwrap().status, 429);
        assert!(says("other", 0).instead.is_none(), "another key");
        assert!(says("one", 30_000_000_000).instead.is_none(), "half a minute later");
        assert!(KeyLimits::new(model::RateLimits::default()).rule(&asked("one"), 0, 0).quotas.requests.is_none());
    }
}
