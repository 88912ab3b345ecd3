//! `rate_limit` (ours): so many requests and tokens a minute, with honest counters in the headers of every answer.
//!
//! A limit is a bucket that holds a minute's worth and is refilled continuously; it is full at first. A request takes one of the requests,
//! and of the tokens what providers take before they answer: a quarter of the prompt's length and all that `max_tokens` allows. Where
//! either bucket holds too little, it takes nothing and gets the provider's 429, which tells how long to wait; a request that is larger
//! than a whole bucket would wait for ever, and is told no time. Where the dialect has headers for its counters, every answer tells these
//! instead of the provider's. A request that passes does not count as touched.

use super::attributes::bad;
use super::contract::{FaultEffect, fault};
use super::{Ruling, TimedRequest, ToxicError, ToxicMemory};
use crate::dialect::{Quota, Quotas, RefusalReason, error_answer, estimated_tokens, retry_headers};
use crate::model::{ActsOn, Attribute, FailureMode, Mistake, Requests, SettingKind};
use crate::units::Duration;

/// Nanoseconds of a minute.
const MINUTE: u64 = 60_000_000_000;

fault! {
    /// Requests are refused where they are more, or ask for more tokens, than the provider gives a minute; its counters tell so.
    RateLimit { word: Some("rate-limit"), toxic: Some("rate_limit"), acts_on: ActsOn::Requests }
    settings {
        /// Requests a minute.
        requests: Option<u64> = Attribute::new("requests", SettingKind::AMinute).example("60/min").hint("write at least 1 a minute"),
        /// Tokens a minute.
        tokens: Option<u64> = Attribute::new("tokens", SettingKind::AMinute).hint("write at least 1 a minute"),
    }
}

impl FaultEffect for RateLimit {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::RateLimit)
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

    fn requests(&self) -> Option<Requests> {
        Some(Requests::Inference)
    }

    fn reads_body(&self) -> bool {
        self.tokens.is_some()
    }

    fn told(&self) -> String {
        let limits = [("requests", self.requests), ("tokens", self.tokens)];
        limits.iter().filter_map(|(name, limit)| Some(format!(" {} {name}/min", (*limit)?))).collect::<Vec<_>>().join(",")
    }

    fn mistake(&self) -> Option<Mistake> {
        (self.requests.is_none() && self.tokens.is_none()).then(|| Mistake {
            setting: None,
            message: "a rate limit is one on requests, on tokens or on both".to_owned(),
            hint: "write `{rate-limit: {requests: 60/min}}`".to_owned(),
        })
    }

    fn refused(&self) -> Option<ToxicError> {
        self.mistake().map(|_| bad("requests", "write how many a minute, or `tokens`"))
    }
}

/// What a request takes of the tokens. Of a body that was too long to be looked at only its length is known.
pub(super) fn cost(timed: &TimedRequest<'_>) -> u64 {
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

    fn ask(limit: &RateLimit, memory: &mut ToxicMemory, body: &'static str, now: u64) -> Ruling {
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
            let ruling = ask(&limit, &mut memory, "", 5 * SECOND);
            let requests = ruling.quotas.requests.unwrap();
            assert!(ruling.instead.is_none() && ruling.quotas.tokens.is_none());
            assert_eq!((requests.limit, requests.remaining, requests.reset), (60, left, Duration::from_secs(60 - left)));
        }
        for _ in 0..3 {
            let over = ask(&limit, &mut memory, "", 5 * SECOND);
            assert_eq!((over.instead.as_ref().unwrap().status, retry_after(&over)), (429, Some("1")), "what is refused takes nothing");
            assert_eq!(over.quotas.requests.unwrap().remaining, 0);
        }
        assert!(ask(&limit, &mut memory, "", 6 * SECOND - 1).instead.is_some());
        assert!(ask(&limit, &mut memory, "", 6 * SECOND).instead.is_none());
        assert!(ask(&limit, &mut memory, "", 6 * SECOND).instead.is_some());
        assert_eq!(ask(&limit, &mut memory, "", 999 * SECOND).quotas.requests.unwrap().remaining, 59, "never more than a minute's worth");
    }

    #[test]
    fn tokens_are_counted_before_the_answer() {
        let chat = r#"{"max_tokens":90,"messages":[{"role":"user","content":"forty bytes are ten tokens to providers."}]}"#;
        let (limit, mut memory) = (RateLimit { requests: Some(1000), tokens: Some(250) }, ToxicMemory::default());
        for left in [150, 50] {
            assert_eq!(ask(&limit, &mut memory, chat, 0).quotas.tokens.unwrap().remaining, left);
        }
        let over = ask(&limit, &mut memory, chat, 0);
        assert_eq!(retry_after(&over), Some("12"), "fifty more at 250 a minute");
        assert_eq!(over.quotas.requests.unwrap().remaining, 998, "of neither bucket anything was taken");
        let small = RateLimit { requests: None, tokens: Some(99) };
        let never = ask(&small, &mut ToxicMemory::default(), chat, 0);
        assert_eq!((never.instead.is_some(), retry_after(&never)), (true, None), "larger than the whole bucket");
    }
}
