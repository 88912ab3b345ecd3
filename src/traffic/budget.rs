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
    /// Of each workload, how many requests were on their way when its last was due, that one included, and how many it had then.
    on_the_way: Vec<AtomicU64>,
    sent: Vec<AtomicU64>,
    empty: watch::Sender<Option<String>>,
}

impl Budget {
    /// At most this much money and so many requests. `prices` is what a request of each workload costs at each provider.
    pub fn new(ceiling: Option<Money>, most_requests: Option<u64>, prices: Vec<BTreeMap<String, Money>>) -> Self {
        let nanos = |prices: BTreeMap<String, Money>| prices.into_iter().map(|(name, price)| (name, price.as_nanos())).collect();
        let prices: Vec<BTreeMap<String, u64>> = prices.into_iter().map(nanos).collect();
        let dearest = prices.iter().map(|prices| prices.values().max().copied().unwrap_or(0)).collect();
        let zeros = || prices.iter().map(|_| AtomicU64::new(0)).collect();
        let (on_the_way, sent, empty) = (zeros(), zeros(), watch::Sender::new(None));
        Self { ceiling, most_requests, prices, dearest, spent: AtomicU64::new(0), on_the_way, sent, empty }
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

    /// Whether a workload may send one more request while so many of its own are on their way and so many were sent before. Where it may
    /// not, that is told to whoever waits for it.
    pub(super) fn affords(&self, workload: usize, on_the_way: u64, before: u64) -> bool {
        let (Some(own), Some(sent)) = (self.on_the_way.get(workload), self.sent.get(workload)) else { return true };
        if self.ceiling.is_none() && self.most_requests.is_none() {
            return true;
        }
        // Told before it is asked: of two workloads that ask at once, each then counts the other's request too.
        own.store(on_the_way + 1, Ordering::SeqCst);
        sent.store(before + 1, Ordering::SeqCst);
        let due: u64 = self.sent.iter().map(|sent| sent.load(Ordering::SeqCst)).sum();
        let reserved = || {
            let each =
                self.on_the_way.iter().zip(&self.dearest).map(|(count, dearest)| count.load(Ordering::SeqCst).saturating_mul(*dearest));
            Money::from_nanos(each.fold(0, u64::saturating_add))
        };
        let problem = if let Some(most) = self.most_requests.filter(|most| due > *most) {
            format!("{most} requests were sent, and the environment allows no more")
        } else if let Some(ceiling) = self.ceiling.filter(|ceiling| self.spent().plus(reserved()) > *ceiling) {
            format!("{} may be spent, and one more request could exceed the {ceiling} that the environment allows", self.spent())
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

    fn prices(each: &[(&str, u64)]) -> BTreeMap<String, Money> {
        each.iter().map(|(name, price)| ((*name).to_owned(), Money::from_nanos(*price))).collect()
    }

    #[test]
    fn nothing_is_sent_that_could_pass_the_ceiling() {
        let budget = Budget::new(Some(Money::from_nanos(100)), None, vec![prices(&[("cheap", 10), ("dear", 40)])]);
        assert!(budget.affords(0, 1, 0), "two at 40");
        budget.pay(0, "cheap");
        budget.pay(0, "stranger");
        assert!(budget.affords(0, 1, 2), "10 and two at 40");
        budget.pay(0, "cheap");
        assert!(budget.affords(0, 1, 3), "20 and two at 40, no more");
        assert!(budget.emptied().borrow().is_none());
        budget.pay(0, "cheap");
        assert!(!budget.affords(0, 1, 4));
        assert!(budget.emptied().borrow().as_ref().unwrap().contains("0.0000001 USD"));
        assert!(budget.affords(0, 0, 5), "once the one on its way has come back cheaply");
    }

    #[test]
    fn workloads_share_a_ceiling_and_each_pays_its_own_price() {
        let budget = Budget::new(Some(Money::from_nanos(100)), None, vec![prices(&[("one", 10)]), prices(&[("one", 60)])]);
        assert!(budget.affords(1, 0, 0) && budget.affords(0, 0, 0) && !budget.affords(1, 1, 1), "60 and 10 leave no room for 60");
        budget.pay(1, "one");
        assert_eq!(budget.spent(), Money::from_nanos(60));
        assert!(!budget.affords(1, 0, 1), "60 were spent");
    }

    #[test]
    fn requests_are_counted_and_without_limits_everything_goes() {
        let few = Budget::new(None, Some(2), vec![BTreeMap::new(); 2]);
        assert!(few.affords(0, 0, 0) && few.affords(1, 0, 0) && !few.affords(0, 0, 1));
        let free = Budget::new(None, None, vec![BTreeMap::new()]);
        assert!((0..1000).all(|before| free.affords(0, before, before)));
    }
}
