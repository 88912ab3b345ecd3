//! What traffic may cost, counted while it runs.
//!
//! A request is only sent where everything that is on its way could still be paid for, each at the dearest provider; what a proxy sees
//! answered is then counted at the provider that answered. So a ceiling is not passed but by what a gateway asks a second time, and that is
//! counted as soon as it is seen. Failed attempts cost nothing; attempts that broke off count as whole, as providers bill them. All
//! workloads of a drill share one budget; each has prices of its own, because its requests may be longer than those of another.

use crate::units::Money;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// See the head of this file.
#[derive(Debug)]
pub struct Budget {
    ceiling: Option<Money>,
    most_requests: Option<u64>,
    /// The most that a request of each workload costs, by provider, in billionths of a dollar.
    prices: Vec<BTreeMap<String, u64>>,
    /// The same at the dearest provider.
    dearest: Vec<u64>,
    spent: AtomicU64,
    /// What those on their way may cost.
    reserved: AtomicU64,
    sent: AtomicU64,
    empty: watch::Sender<Option<String>>,
}

impl Budget {
    /// At most this much money and so many requests. `prices` is what a request of each workload costs at each provider.
    pub fn new(ceiling: Option<Money>, most_requests: Option<u64>, prices: Vec<BTreeMap<String, Money>>) -> Self {
        let nanos = |prices: BTreeMap<String, Money>| prices.into_iter().map(|(name, price)| (name, price.as_nanos())).collect();
        let prices: Vec<BTreeMap<String, u64>> = prices.into_iter().map(nanos).collect();
        let dearest = prices.iter().map(|prices| prices.values().max().copied().unwrap_or(0)).collect();
        let zero = || AtomicU64::new(0);
        let empty = watch::Sender::new(None);
        Self { ceiling, most_requests, prices, dearest, spent: zero(), reserved: zero(), sent: zero(), empty }
    }

    /// Counts an attempt of a workload that a provider answered or broke off.
    pub fn pay(&self, workload: usize, provider: &str) {
        if let Some(price) = self.prices.get(workload).and_then(|prices| prices.get(provider)) {
            self.spent.fetch_add(*price, Ordering::Relaxed);
        }
    }

    /// Spent so far, at most.
    pub fn spent(&self) -> Money {
        Money::from_nanos(self.spent.load(Ordering::Relaxed))
    }

    /// Holds back what one more request of a workload may cost; false where that could pass a limit. That is told to whoever waits for it.
    pub(super) fn reserve(&self, workload: usize) -> bool {
        if self.ceiling.is_none() && self.most_requests.is_none() {
            return true;
        }
        let most = self.dearest(workload);
        let reserved = self.reserved.fetch_add(most, Ordering::Relaxed) + most;
        let problem = if let Some(limit) = self.most_requests.filter(|limit| self.sent.fetch_add(1, Ordering::Relaxed) >= *limit) {
            format!("{limit} requests were sent, and the environment allows no more")
        } else if let Some(ceiling) = self.ceiling.filter(|ceiling| self.spent().plus(Money::from_nanos(reserved)) > *ceiling) {
            format!("{} may be spent, and one more request could exceed the {ceiling} that the environment allows", self.spent())
        } else {
            return true;
        };
        self.release(workload);
        self.empty.send_if_modified(|empty| {
            let first = empty.is_none();
            if first {
                *empty = Some(problem);
            }
            first
        });
        false
    }

    /// Holds back for good what so many requests of a workload may cost that somebody else sends and does not ask before.
    pub(super) fn hold(&self, workload: usize, requests: u64) {
        self.reserved.fetch_add(self.dearest(workload).saturating_mul(requests), Ordering::Relaxed);
    }

    /// A request of a workload is no longer on its way.
    pub(super) fn release(&self, workload: usize) {
        if self.ceiling.is_some() || self.most_requests.is_some() {
            self.reserved.fetch_sub(self.dearest(workload), Ordering::Relaxed);
        }
    }

    fn dearest(&self, workload: usize) -> u64 {
        self.dearest.get(workload).copied().unwrap_or(0)
    }

    /// Told why once nothing more can be sent.
    pub fn emptied(&self) -> watch::Receiver<Option<String>> {
        self.empty.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(each: &[(&str, u64)]) -> BTreeMap<String, Money> {
        each.iter().map(|(name, price)| ((*name).to_owned(), Money::from_nanos(*price))).collect()
    }

    #[test]
    fn nothing_is_sent_that_could_pass_the_ceiling() {
        let budget = Budget::new(Some(Money::from_nanos(100)), None, vec![prices(&[("cheap", 10), ("dear", 40)])]);
        assert!(budget.reserve(0) && budget.reserve(0), "two at 40");
        budget.pay(0, "cheap");
        budget.pay(0, "stranger");
        budget.release(0);
        assert!(budget.reserve(0), "10 and two at 40");
        budget.pay(0, "cheap");
        budget.release(0);
        assert!(budget.reserve(0), "20 and two at 40, no more");
        assert!(budget.emptied().borrow().is_none());
        budget.pay(0, "cheap");
        budget.release(0);
        assert!(!budget.reserve(0));
        assert!(budget.emptied().borrow().as_ref().unwrap().contains("0.0000001 USD"));
        budget.release(0);
        assert!(budget.reserve(0), "once the one on its way has come back cheaply");
    }

    #[test]
    fn workloads_share_a_ceiling_and_each_pays_its_own_price() {
        let budget = Budget::new(Some(Money::from_nanos(100)), None, vec![prices(&[("one", 10)]), prices(&[("one", 60)])]);
        assert!(budget.reserve(1) && budget.reserve(0) && !budget.reserve(1), "60 and 10 leave no room for 60");
        budget.pay(1, "one");
        budget.release(1);
        assert_eq!(budget.spent(), Money::from_nanos(60));
        assert!(!budget.reserve(1) && budget.reserve(0));
    }

    #[test]
    fn requests_are_counted_and_without_limits_everything_goes() {
        let few = Budget::new(None, Some(2), vec![BTreeMap::new(); 2]);
        assert!(few.reserve(0) && few.reserve(1) && !few.reserve(0));
        let free = Budget::new(None, None, Vec::new());
        assert!((0..1000).all(|_| free.reserve(0)));
    }
}
