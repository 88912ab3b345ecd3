//! What an answer costs of a canary, beside those who answer the rest.
//!
//! The money is that of the plan's prices and of the most tokens that one answer may have, so it is an upper bound on both sides alike; what makes a
//! difference is the price, and what is billed without an answer: streams that were cut, and answers that another made again. What this file does not
//! do: decide (`canary`).

use crate::history::Live;
use crate::model::ProviderSelector;
use crate::price::most_tokens;
use crate::units::{Money, Ratio};
use std::collections::BTreeMap;

/// Billed answers of each provider so far, and true where it belongs to the canary.
pub(super) type Billed = BTreeMap<String, (u64, bool)>;

/// Those of this moment.
pub(super) fn billed(live: &Live, who: &ProviderSelector) -> Billed {
    live.billed(who).into_iter().map(|(name, count, own)| (name.to_owned(), (count, own))).collect()
}

/// What one whole answer costs on both sides, at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CostBeside {
    /// Of the canary; `None` where a price is not known, or nothing was answered.
    pub(super) own: Option<Money>,
    /// Of the rest.
    pub(super) rest: Option<Money>,
}

impl CostBeside {
    /// Between two looks, for so many whole answers on each side.
    pub(super) fn of(live: &Live, before: &Billed, after: &Billed, answers: (u64, u64)) -> Self {
        let Some(plan) = &live.plan else { return Self::default() };
        let tokens = most_tokens(plan.workloads.leading(), plan);
        let each = |name: &str| Some(plan.prices.get(name)?.of(tokens?.input, tokens?.output));
        let sum = |wanted: bool| {
            let side = after.iter().filter(|(_, (_, own))| *own == wanted);
            side.map(|(name, (count, _))| (name, count - before.get(name).map_or(0, |(count, _)| *count)))
                .filter(|(_, count)| *count > 0)
                .try_fold(Money::ZERO, |sum, (name, count)| Some(sum.plus(each(name)?.times(count))))
        };
        let share = |sum: Option<Money>, answers: u64| sum.filter(|_| answers > 0).map(|sum| Money::from_nanos(sum.as_nanos() / answers));
        Self { own: share(sum(true), answers.0), rest: share(sum(false), answers.1) }
    }

    /// Why the canary costs too much, or nobody can tell.
    pub(super) fn against(self, allowed: Ratio) -> Option<String> {
        let (Some(own), Some(rest)) = (self.own, self.rest) else {
            return Some(
                "what its answers cost beside those of the rest is not known: a `price:` is missing, or nothing was answered".to_owned(),
            );
        };
        let times = own.as_nanos() as f64 / rest.as_nanos().max(1) as f64;
        let more = (times - 1.0) * 100.0;
        (times > 1.0 + allowed.get() + 1e-9)
            .then(|| format!("an answer costs {own:.6} at most, {more:.0}% more than the {rest:.6} of the rest; {allowed} is allowed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_more_than_allowed_speaks_against_it_and_so_does_a_price_that_nobody_knows() {
        let cost = |own: u64, rest: u64| CostBeside { own: Some(Money::from_nanos(own)), rest: Some(Money::from_nanos(rest)) };
        let allowed = Ratio::new(0.1).unwrap();
        assert_eq!((cost(110_000, 100_000).against(allowed), cost(50_000, 100_000).against(allowed)), (None, None));
        let dear = cost(300_000, 100_000).against(allowed).unwrap();
        assert_eq!(dear, "an answer costs 0.0003 USD at most, 200% more than the 0.0001 USD of the rest; 10% is allowed");
        assert!(CostBeside { rest: None, ..cost(1, 1) }.against(allowed).unwrap().contains("is not known"));
    }
}
