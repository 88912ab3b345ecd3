//! What traffic may cost, counted while it runs.
//!
//! A request is only sent where everything that is on its way could still be paid for, each at the dearest provider; what a proxy sees
//! answered is then counted at the provider that answered. So a ceiling is not passed but by what a gateway asks a second time, and that is
//! counted as soon as it is seen. Failed attempts cost nothing; attempts that broke off count as whole, as providers bill them.

use crate::units::Money;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// See the head of this file.
#[derive(Debug)]
pub struct Budget {
    ceiling: Option<Money>,
    most_requests: Option<u64>,
    /// The most that a request costs, by provider, in billionths of a dollar.
    prices: BTreeMap<String, u64>,
    spent: AtomicU64,
    empty: watch::Sender<Option<String>>,
}

impl Budget {
    /// At most this much money and so many requests. `prices` is what a request costs at each provider.
    pub fn new(ceiling: Option<Money>, most_requests: Option<u64>, prices: BTreeMap<String, Money>) -> Self {
        let prices = prices.into_iter().map(|(name, price)| (name, price.as_nanos())).collect();
        Self { ceiling, most_requests, prices, spent: AtomicU64::new(0), empty: watch::Sender::new(None) }
    }

    /// Counts an attempt that a provider answered or broke off.
    pub fn pay(&self, provider: &str) {
        if let Some(price) = self.prices.get(provider) {
            self.spent.fetch_add(*price, Ordering::Relaxed);
        }
    }

    /// Spent so far, at most.
    pub fn spent(&self) -> Money {
        Money::from_nanos(self.spent.load(Ordering::Relaxed))
    }

    /// Whether one more request may be sent while so many are on their way and so many were sent before. Where it may not, that is told to
    /// whoever waits for it.
    pub(super) fn affords(&self, on_the_way: u64, before: u64) -> bool {
        let problem = if let Some(most) = self.most_requests.filter(|most| before >= *most) {
            format!("{most} requests were sent, and the environment allows no more")
        } else if let Some(ceiling) = self.ceiling {
            let dearest = self.prices.values().max().copied().unwrap_or(0);
            let (spent, reserved) = (self.spent(), Money::from_nanos(dearest).times(on_the_way + 1));
            if spent.plus(reserved) <= ceiling {
                return true;
            }
            format!("{spent} may be spent, and one more request could exceed the {ceiling} that the environment allows")
        } else {
            return true;
        };
        self.empty.send_if_modified(|empty| {
            let first = empty.is_none();
            if first {
                *empty = Some(problem);
            }
            first
        });
        false
    }

    /// Told why once nothing more can be sent.
    pub fn emptied(&self) -> watch::Receiver<Option<String>> {
        self.empty.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_that_could_pass_the_ceiling() {
        let prices = BTreeMap::from([("cheap".to_owned(), Money::from_nanos(10)), ("dear".to_owned(), Money::from_nanos(40))]);
        let budget = Budget::new(Some(Money::from_nanos(100)), None, prices);
        assert!(budget.affords(1, 0), "two at 40");
        budget.pay("cheap");
        budget.pay("stranger");
        assert!(budget.affords(1, 2), "10 and two at 40");
        budget.pay("cheap");
        assert!(budget.affords(1, 3), "20 and two at 40, no more");
        assert!(budget.emptied().borrow().is_none());
        budget.pay("cheap");
        assert!(!budget.affords(1, 4));
        assert!(budget.emptied().borrow().as_ref().unwrap().contains("0.0000001 USD"));
        assert!(budget.affords(0, 5), "once the one on its way has come back cheaply");
    }

    #[test]
    fn requests_are_counted_and_without_limits_everything_goes() {
        let few = Budget::new(None, Some(2), BTreeMap::new());
        assert!(few.affords(0, 1) && !few.affords(0, 2));
        assert!(Budget::new(None, None, BTreeMap::new()).affords(1_000_000, 1_000_000));
    }
}
