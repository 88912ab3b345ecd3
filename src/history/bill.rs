//! The bill of a workload: what each answer cost that a provider billed, at the price in force when it was asked for.
//!
//! An answer that reports its tokens costs these; one that reports none, or that broke off before it could, costs at most what the workload's
//! requests may have. A provider bills what it answered, whole or broken off; what a fault answered in its place costs nothing. Under a price rise an
//! answer that the fault touched has the new price, because only those have that it took, and that began under it.
//!
//! What this file does not do: know list prices (the plan has them), or hold a bill against what was promised.

use super::edge::signed;
use super::event::Served;
use crate::model::{DrillPlan, Fault, Price, Tokens};
use crate::units::Money;

/// An answer that a provider bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BilledAnswer {
    /// When it was asked for.
    pub at: i64,
    /// The provider's place in [`super::Evidence::providers`].
    pub provider: u16,
    /// The most that it cost; `None` where its price is not known, or nothing bounds it.
    pub cost: Option<Money>,
    /// True where that is what it cost, by the tokens that it reported.
    pub reported: bool,
    /// True where it had a raised price.
    pub raised: bool,
}

/// What a workload's answers cost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Billing {
    /// In the order in which they were asked for.
    pub answers: Vec<BilledAnswer>,
    /// False where answers may be missing: no proxy saw them, or its sight was lost.
    pub complete: bool,
    /// True where every fault only changes what answers cost, so that nobody is failed by them.
    pub only_prices: bool,
}

/// A price that was raised for a while.
#[derive(Debug, Clone, Copy)]
pub(super) struct RaisedPrice<'a> {
    /// Whose.
    pub(super) on: &'a str,
    /// In thousandths of the price before.
    pub(super) thousandths: u64,
    /// From then on.
    pub(super) from: i64,
    /// Until then; `None` while it lasts.
    pub(super) until: Option<i64>,
}

impl<'a> RaisedPrice<'a> {
    /// Of this fault; `None` where it leaves prices alone.
    pub(super) fn of(on: &'a str, fault: &Fault, from: i64, until: Option<i64>) -> Option<Self> {
        Some(Self { on, thousandths: fault.dearer()?, from, until })
    }

    fn holds(&self, provider: &str, at: i64) -> bool {
        self.on == provider && self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// What is billed of an exchange, before its price is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct BilledExchange {
    pub(super) at: i64,
    pub(super) provider: u16,
    tokens: Option<Tokens>,
    touched: bool,
}

impl BilledExchange {
    /// Of an exchange with the provider at this place; `None` where it bills nothing. `reached` is false where a fault answered in its place.
    pub(super) fn of(served: &Served, provider: u16, reached: bool) -> Option<Self> {
        let is_billed = reached && (100..400).contains(&served.status);
        is_billed.then(|| Self { at: signed(served.at), provider, tokens: served.tokens, touched: served.touched })
    }

    /// With what it cost the workload of this name.
    pub(super) fn priced(self, plan: &DrillPlan, (workload, provider): (&str, &str), raised: &[RaisedPrice<'_>]) -> BilledAnswer {
        let Self { at, touched, .. } = self;
        let tokens = self.tokens.or_else(|| plan.most_tokens.get(workload).copied());
        let rises = raised.iter().filter(|rise| touched && rise.holds(provider, at));
        let factor = rises.fold(1_000_u64, |all, rise| all.saturating_mul(rise.thousandths) / 1_000);
        let cost = tokens.and_then(|tokens| cost(tokens, plan.prices.get(provider)));
        BilledAnswer {
            at,
            provider: self.provider,
            cost: cost.map(|cost| times(cost, factor)),
            reported: self.tokens.is_some(),
            raised: factor > 1_000,
        }
    }
}

/// What tokens cost. None cost nothing, whatever the price.
fn cost(tokens: Tokens, price: Option<&Price>) -> Option<Money> {
    if tokens == Tokens::default() {
        return Some(Money::ZERO);
    }
    Some(price?.of(tokens.input, tokens.output))
}

/// So many thousandths of an amount, rounded up.
fn times(cost: Money, thousandths: u64) -> Money {
    let nanos = (u128::from(cost.as_nanos()) * u128::from(thousandths)).div_ceil(1_000);
    Money::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
