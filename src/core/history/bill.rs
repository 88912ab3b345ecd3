//! The bill of a workload: what each answer cost that a provider billed, at the price in force when it was asked for.
//!
//! An answer that reports its tokens costs these; one that reports none, or that broke off before it could, costs at most what the workload's
//! requests may have. A provider bills what it answered, whole or broken off; what a fault answered in its place costs nothing. Under a price rise an
//! answer that the fault touched has the new price, because only those have that it took, and that began under it.
//!
//! What this file does not do: know list prices (the plan has them), or hold a bill against what was promised.

use super::edge::signed;
use super::event::Served;
use super::packed_log::PackedLog;
use super::packed_rows::{ordered, signed_again};
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

/// Answers that providers bill, packed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BilledAnswers(PackedLog<4>);

impl BilledAnswers {
    /// True where there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = BilledAnswer> + '_ {
        self.0.iter().map(|[at, provider, cost, known]| BilledAnswer {
            at: signed_again(at),
            provider: provider as u16,
            cost: (known & 1 > 0).then(|| Money::from_nanos(cost)),
            reported: known & 2 > 0,
            raised: known & 4 > 0,
        })
    }
}

impl FromIterator<BilledAnswer> for BilledAnswers {
    fn from_iter<I: IntoIterator<Item = BilledAnswer>>(answers: I) -> Self {
        let mut log = PackedLog::default();
        for BilledAnswer { at, provider, cost, reported, raised } in answers {
            let known = u64::from(cost.is_some()) | (u64::from(reported) << 1) | (u64::from(raised) << 2);
            log.push([ordered(at), provider.into(), cost.map_or(0, Money::as_nanos), known]);
        }
        Self(log)
    }
}

/// What a workload's answers cost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Billing {
    /// In the order in which their ends were recorded; none where no budget was promised and none of them reported its tokens.
    pub answers: BilledAnswers,
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
        self.at_prices(plan.most_tokens.get(workload).copied(), plan.prices.get(provider), provider, raised)
    }

    /// The same with the most tokens that its request may have, and the price of the provider of this name.
    fn at_prices(self, most: Option<Tokens>, price: Option<&Price>, provider: &str, raised: &[RaisedPrice<'_>]) -> BilledAnswer {
        let Self { at, touched, .. } = self;
        let rises = raised.iter().filter(|rise| touched && rise.holds(provider, at));
        let factor = rises.fold(1_000_u64, |all, rise| all.saturating_mul(rise.thousandths) / 1_000);
        let cost = self.tokens.or(most).and_then(|tokens| cost(tokens, price));
        BilledAnswer {
            at,
            provider: self.provider,
            cost: cost.map(|cost| times(cost, factor)),
            reported: self.tokens.is_some(),
            raised: factor > 1_000,
        }
    }
}

/// Exchanges in the order in which their ends were recorded, packed.
#[derive(Debug, Default)]
pub(super) struct BilledExchanges {
    /// When, the provider's place, the tokens of prompt and answer, and whether they were reported and a fault touched it.
    log: PackedLog<5>,
    any_reported: bool,
}

impl BilledExchanges {
    /// One more.
    pub(super) fn push(&mut self, billed: BilledExchange) {
        let BilledExchange { at, provider, tokens, touched } = billed;
        self.any_reported |= tokens.is_some();
        let Tokens { input, output } = tokens.unwrap_or_default();
        self.log.push([ordered(at), provider.into(), input, output, u64::from(tokens.is_some()) | (u64::from(touched) << 1)]);
    }

    /// True where an answer reported its tokens.
    pub(super) const fn any_reported(&self) -> bool {
        self.any_reported
    }

    /// With what each cost the workload of this name.
    pub(super) fn priced(&self, plan: &DrillPlan, (workload, providers): (&str, &[String]), raised: &[RaisedPrice<'_>]) -> BilledAnswers {
        let most = plan.most_tokens.get(workload).copied();
        let prices: Vec<Option<&Price>> = providers.iter().map(|name| plan.prices.get(name)).collect();
        let answers = self.log.iter().map(|[at, provider, input, output, known]| {
            let tokens = (known & 1 > 0).then_some(Tokens { input, output });
            let place = provider as usize;
            let billed = BilledExchange { at: signed_again(at), provider: provider as u16, tokens, touched: known & 2 > 0 };
            billed.at_prices(most, prices[place], &providers[place], raised)
        });
        answers.collect()
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
