//! `quota_drained` (ours): what was paid for is used up, at once or after so many more requests or tokens. From then on each request is refused as the
//! provider does it whose quota is gone, without reaching it.
//!
//! Tokens are counted as providers take them off a limit before they answer: a quarter of the prompt's length and all that `max_tokens` allows.
//! Nothing comes back by itself; what is refused takes nothing, and a request that still fits is let through.

use super::contract::{FaultEffect, fault};
use super::rate_limit::cost;
use super::refused::refusal;
use super::{Ruling, TimedRequest, ToxicMemory};
use crate::dialect::RefusalReason;
use crate::model::{ActsOn, Attribute, FailureMode, Requests, SettingKind};

fault! {
    /// The quota is used up, at once or after so much more: requests are refused in the provider's own words, without reaching it.
    QuotaDrained { word: Some("quota-drained"), toxic: Some("quota_drained"), acts_on: ActsOn::Requests }
    settings {
        /// How many requests are left.
        requests: Option<u64> = Attribute::new("requests", SettingKind::Whole { least: 1, most: 1_000_000_000 }).left_out().example("100"),
        /// How many tokens are left.
        tokens: Option<u64> = Attribute::new("tokens", SettingKind::Whole { least: 1, most: 1_000_000_000_000 }).left_out(),
    }
}

impl FaultEffect for QuotaDrained {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::Quota)
    }

    fn rule(&self, timed: &TimedRequest<'_>, memory: &mut ToxicMemory) -> Ruling {
        let wanted = [1, self.tokens.map_or(0, |_| cost(timed))];
        let limits = [self.requests, self.tokens];
        let fits = |place: usize| limits[place].is_none_or(|limit| memory.used[place].saturating_add(wanted[place]) <= limit);
        if limits.iter().any(Option::is_some) && fits(0) && fits(1) {
            memory.used = [memory.used[0] + wanted[0], memory.used[1] + wanted[1]];
            return Ruling::default();
        }
        Ruling::instead(refusal(timed, |_| RefusalReason::OutOfQuota))
    }

    fn requests(&self) -> Option<Requests> {
        Some(Requests::Inference)
    }

    /// A refusal is told in the form that was asked for.
    fn reads_body(&self) -> bool {
        true
    }

    fn told(&self) -> String {
        let left = [("requests", self.requests), ("tokens", self.tokens)];
        let left: Vec<String> = left.iter().filter_map(|(name, left)| Some(format!("{} {name}", (*left)?))).collect();
        if left.is_empty() { String::new() } else { format!(" after {}", left.join(" or ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::matching::tests::Example;

    #[test]
    fn after_so_many_everything_is_refused_as_the_provider_does_it() {
        let asked = Example {
            body: r#"{"max_tokens":90,"messages":[{"role":"user","content":"forty bytes are ten tokens to providers."}]}"#,
            ..Example::default()
        };
        let statuses = |requests, tokens| {
            let (fault, mut memory) = (QuotaDrained { requests, tokens }, ToxicMemory::default());
            let mut status =
                || fault.rule(&TimedRequest { request: &asked, now: 0, wall: 0 }, &mut memory).instead.map(|answer| answer.status);
            [status(), status(), status()]
        };
        assert_eq!(statuses(None, None), [Some(429); 3]);
        assert_eq!(statuses(Some(2), None), [None, None, Some(429)]);
        assert_eq!(statuses(Some(2), Some(150)), [None, Some(429), Some(429)], "each takes a hundred tokens");
        assert_eq!(QuotaDrained { requests: Some(2), tokens: Some(150) }.told(), " after 2 requests or 150 tokens");
    }
}
