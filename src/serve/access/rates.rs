//! How often somebody may call, and how many of their calls may be open at once.
//!
//! Whoever is known is counted by name: a neighbour behind the same address cannot shut them out. Only what fails is counted by address, so a
//! right token is let in however many wrong ones came from there.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

/// Calls of one caller: so many at once, and so many a second after that.
const CALLS: (u32, u32) = (2_000, 400);
/// Calls that are refused, from one address.
const FAILURES: (u32, u32) = (60, 2);
/// Sign-ins that are tried, from one address: a burst, then one every two seconds.
const SIGN_INS: u32 = 15;
/// Open calls of one caller, event streams among them.
const OPEN: usize = 100;
/// So many names are remembered before those that are quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Every call of somebody who is known.
    Call,
    /// A call that was refused.
    Failure,
    /// A sign-in that is tried.
    SignIn,
}

/// Counts of calls, by who makes them.
pub(super) struct Rates {
    calls: DefaultKeyedRateLimiter<String>,
    failures: DefaultKeyedRateLimiter<String>,
    sign_ins: DefaultKeyedRateLimiter<String>,
    open: Arc<Mutex<HashMap<String, usize>>>,
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rates").finish_non_exhaustive()
    }
}

impl Default for Rates {
    fn default() -> Self {
        let of = |(burst, each_second)| RateLimiter::keyed(Quota::per_second(many(each_second)).allow_burst(many(burst)));
        let sign_ins = RateLimiter::keyed(Quota::per_minute(many(30)).allow_burst(many(SIGN_INS)));
        Self { calls: of(CALLS), failures: of(FAILURES), sign_ins, open: Arc::default() }
    }
}

/// A count that is not zero.
fn many(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
}

impl Rates {
    /// Counts one. In how many seconds it may be tried again, where there were too many.
    pub(super) fn count(&self, what: Counted, who: &str) -> Result<(), u64> {
        let counts = match what {
            Counted::Call => &self.calls,
            Counted::Failure => &self.failures,
            Counted::SignIn => &self.sign_ins,
        };
        if counts.len() > REMEMBERED {
            counts.retain_recent();
        }
        counts.check_key(&who.to_owned()).map_err(|late| late.wait_time_from(DefaultClock::default().now()).as_secs() + 1)
    }

    /// Opens a call; `None` where too many of theirs are open.
    pub(super) fn open(&self, who: &str) -> Option<OpenCall> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(who.to_owned()).or_default();
        if *count >= OPEN {
            return None;
        }
        *count += 1;
        Some(OpenCall { who: who.to_owned(), open: self.open.clone() })
    }
}

/// An open call; dropped with the end of its answer.
pub(super) struct OpenCall {
    who: String,
    open: Arc<Mutex<HashMap<String, usize>>>,
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_are_told_when_to_come_again_and_others_are_not_shut_out() {
        let rates = Rates::default();
        let late = (0..100).find_map(|_| rates.count(Counted::SignIn, "192.0.2.1").err());
        assert!(late.is_some_and(|late| (1..=3).contains(&late)), "one every two seconds: {late:?}");
        assert_eq!(rates.count(Counted::SignIn, "192.0.2.2"), Ok(()));
        assert_eq!(rates.count(Counted::Call, "192.0.2.1"), Ok(()));
    }

    #[test]
    fn open_calls_are_bounded_and_forgotten() {
        let rates = Rates::default();
        let held: Vec<_> = (0..OPEN).map(|_| rates.open("ada").unwrap()).collect();
        assert!(rates.open("ada").is_none() && rates.open("bob").is_some());
        drop(held);
        assert!(rates.open("ada").is_some());
        assert!(rates.open.lock().unwrap().is_empty());
    }
}
