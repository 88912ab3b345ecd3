//! `rate_limit` (ours): so many requests and tokens a minute, with honest counters in the headers of every answer.
//!
//! A limit is a bucket that holds a minute's worth and is refilled continuously; it is full at first. A request takes one of the requests,
//! and of the tokens what providers take before they answer: a quarter of the prompt's length and all that `max_tokens` allows. Where
//! either bucket holds too little, it takes nothing and gets the provider's 429, which tells how long to wait; a request that is larger
//! than a whole bucket would wait for ever, and is told no time. Where the dialect has headers for its counters, every answer tells these
//! instead of the provider's. A request that passes does not count as touched.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, bad};
use super::{On, Ruling, TimedRequest, ToxicError, ToxicMemory};
use crate::dialect::{Quota, Quotas, RefusalReason, error_answer, estimated_tokens, retry_headers};
use crate::units::Duration;
use serde_json::json;

/// The toxic's attributes: how many a minute, 1 to a billion. At least one of both is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests.
    pub requests: Option<u64>,
    /// Tokens.
    pub tokens: Option<u64>,
}

/// The largest limit.
const MOST: u64 = 1_000_000_000;
const MINUTE: u64 = 60_000_000_000;

impl Deed for RateLimit {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        let mut some = |name: &str| match fields.whole(name, MOST)? {
            Some(0) => Err(bad(name, "write at least 1 a minute")),
            limit => Ok(limit),
        };
        let (requests, tokens) = (some("requests")?, some("tokens")?);
        if requests.is_none() && tokens.is_none() {
            return Err(bad("requests", "write how many a minute, or `tokens`"));
        }
        Ok(Self { requests, tokens })
    }

    fn attributes(&self) -> Attributes {
        let limits = [("requests", self.requests), ("tokens", self.tokens)];
        limits.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), json!(limit?)))).collect()
    }

    fn on(&self) -> On {
        On::Requests
    }

    fn rule(&self, timed: &TimedRequest<'_>, memory: &mut ToxicMemory) -> Ruling {
        let (asked, now) = (timed.request, timed.now);
        let tokens = self.tokens.map_or(0, |_| cost(timed));
        let limits = [self.requests, self.tokens];
        let wanted = [1, tokens].map(|amount| amount as u128);
        let waits: Vec<u64> = (0..2).filter_map(|place| wait(limits[place]?, memory.whole_at[place], wanted[place], now)).collect();
        if waits.is_empty() {
            for place in 0..2 {
                if let Some(limit) = limits[place] {
                    memory.whole_at[place] = whole_at(limit, memory.whole_at[place], wanted[place], now);
                }
            }
        }
        let quota = |place: usize| limits[place].map(|limit| left(limit, memory.whole_at[place], now));
        let quotas = Quotas { requests: quota(0), tokens: quota(1) };
        let instead = waits.into_iter().max().map(|wait| {
            let mut answer = error_answer(asked.dialect(), &RefusalReason::RateLimited { retry_after: None });
            if wait < u64::MAX {
                answer.headers.extend(retry_headers(asked.dialect(), Duration::from_nanos(wait), None, timed.wall));
            }
            answer
        });
        Ruling { instead, quotas }
    }
}

/// What a request takes of the tokens. Of a body that was too long to be looked at only its length is known.
fn cost(timed: &TimedRequest<'_>) -> u64 {
    match timed.request.body() {
        b"" => timed.request.header("content-length").and_then(|length| length.parse::<u64>().ok()).unwrap_or(0).div_ceil(4),
        body => estimated_tokens(timed.request.dialect(), timed.request.ask().operation, body),
    }
}

/// When a bucket is full again from which so many are taken now.
fn whole_at(limit: u64, before: u64, amount: u128, now: u64) -> u64 {
    let time = (amount * u128::from(MINUTE)).div_ceil(u128::from(limit));
    before.max(now).saturating_add(u64::try_from(time).unwrap_or(u64::MAX))
}

/// How long until so many are there; `None` where they are, and for ever where there never will be.
fn wait(limit: u64, before: u64, amount: u128, now: u64) -> Option<u64> {
    if amount > u128::from(limit) {
        return Some(u64::MAX);
    }
    let over = whole_at(limit, before, amount, now).saturating_sub(now.saturating_add(MINUTE));
    (over > 0).then_some(over)
}

fn left(limit: u64, whole_at: u64, now: u64) -> Quota {
    let missing = whole_at.saturating_sub(now);
    let taken = (u128::from(missing) * u128::from(limit)).div_ceil(u128::from(MINUTE));
    let remaining = limit.saturating_sub(u64::try_from(taken).unwrap_or(limit));
    Quota { limit, remaining, reset: Duration::from_nanos(missing) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::matching::tests::Example;

    const SECOND: u64 = 1_000_000_000;

    fn ask(limit: RateLimit, memory: &mut ToxicMemory, body: &'static str, now: u64) -> Ruling {
        let asked = Example { body, ..Example::default() };
        limit.rule(&TimedRequest { request: &asked, now, wall: 0 }, memory)
    }

    fn retry_after(ruling: &Ruling) -> Option<&str> {
        let headers = &ruling.instead.as_ref()?.headers;
        headers.iter().find(|(name, _)| *name == "retry-after").map(|(_, value)| value.as_str())
    }

    #[test]
    fn over_it_requests_wait_as_long_as_they_are_told_and_not_longer() {
        let (limit, mut memory) = (RateLimit { requests: Some(60), tokens: None }, ToxicMemory::default());
        for left in (0..60).rev() {
            let ruling = ask(limit, &mut memory, "", 5 * SECOND);
            let requests = ruling.quotas.requests.unwrap();
            assert!(ruling.instead.is_none() && ruling.quotas.tokens.is_none());
            assert_eq!((requests.limit, requests.remaining, requests.reset), (60, left, Duration::from_secs(60 - left)));
        }
        for _ in 0..3 {
            let over = ask(limit, &mut memory, "", 5 * SECOND);
            assert_eq!((over.instead.as_ref().unwrap().status, retry_after(&over)), (429, Some("1")), "what is refused takes nothing");
            assert_eq!(over.quotas.requests.unwrap().remaining, 0);
        }
        assert!(ask(limit, &mut memory, "", 6 * SECOND - 1).instead.is_some());
        assert!(ask(limit, &mut memory, "", 6 * SECOND).instead.is_none());
        assert!(ask(limit, &mut memory, "", 6 * SECOND).instead.is_some());
        assert_eq!(ask(limit, &mut memory, "", 999 * SECOND).quotas.requests.unwrap().remaining, 59, "never more than a minute's worth");
    }

    #[test]
    fn tokens_are_counted_before_the_answer() {
        let chat = r#"{"max_tokens":90,"messages":[{"role":"user","content":"forty bytes are ten tokens to providers."}]}"#;
        let (limit, mut memory) = (RateLimit { requests: Some(1000), tokens: Some(250) }, ToxicMemory::default());
        for left in [150, 50] {
            assert_eq!(ask(limit, &mut memory, chat, 0).quotas.tokens.unwrap().remaining, left);
        }
        let over = ask(limit, &mut memory, chat, 0);
        assert_eq!(retry_after(&over), Some("12"), "fifty more at 250 a minute");
        assert_eq!(over.quotas.requests.unwrap().remaining, 998, "of neither bucket anything was taken");
        let small = RateLimit { requests: None, tokens: Some(99) };
        let never = ask(small, &mut ToxicMemory::default(), chat, 0);
        assert_eq!((never.instead.is_some(), retry_after(&never)), (true, None), "larger than the whole bucket");
    }
}
