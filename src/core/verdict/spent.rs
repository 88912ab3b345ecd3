//! What traffic cost from the first fault until it had moved, or until the faults ended.
//!
//! The answers to the judged workload are added up, whoever gave them, that were asked for at or after the first fault was in force and before the
//! count ends. It ends with the cutover: the moment by which a standby is proven to serve, at the beginning of a hold that it kept. Where none is
//! proven it ends with the heal. Each answer counts at the price that was in force when it was asked for, by the tokens that it reported; one that
//! reported none counts as nothing for the lower bound, and as all that its request may have for the upper one.
//!
//! So a budget is exceeded where the lower bound exceeds it, and kept where the upper bound does not, provided that every proxy's sight is whole. The
//! moment at which it was gone is when the answer was asked for with which the lower bound passed it, before the count ended.
//!
//! What this file does not do: price an answer (`history::BilledAnswer`).

use super::Millis;
use super::interval::Interval;
use crate::history::{BilledAnswer, Edge, Evidence};
use crate::units::Money;

/// Some of the answers of one provider, and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BillPart {
    /// So many answers.
    pub answers: u64,
    /// What they cost at most; `None` where that of some is not known.
    pub at_most: Option<Money>,
    /// How many of them had a raised price.
    pub raised: u64,
}

impl BillPart {
    const NONE: Self = Self { answers: 0, at_most: Some(Money::ZERO), raised: 0 };

    fn add(&mut self, answer: &BilledAnswer) {
        self.answers += 1;
        self.at_most = self.at_most.zip(answer.cost).map(|(sum, cost)| sum.plus(cost));
        self.raised += u64::from(answer.raised);
    }

    /// What one of them cost on average; `None` where there is none, or not all of their costs are known.
    pub fn each(&self) -> Option<Money> {
        let nanos = self.at_most?.as_nanos().checked_div(self.answers)?;
        Some(Money::from_nanos(nanos))
    }
}

/// The bill of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderBill {
    /// Whose.
    pub provider: String,
    /// Answers before the first fault.
    pub before: BillPart,
    /// Those from then until the faults ended.
    pub during: BillPart,
}

/// What traffic cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendMeasure {
    /// By the tokens that answers reported.
    pub at_least: Money,
    /// The same with the most that each of the others may have cost; `None` where nothing bounds that, or answers are missing.
    pub at_most: Option<Money>,
    /// When the count ends: from the first fault.
    pub until: Millis,
    /// True where it ends because traffic had moved.
    pub moved: bool,
    /// From the first fault to when the budget was gone; `None` where none was promised, or it was not gone before the count ended.
    pub passed: Option<Millis>,
    /// Each provider that billed anything.
    pub bills: Vec<ProviderBill>,
}

/// Adds up what was billed; `None` where no proxy saw any answer, or none reported its tokens and no budget was promised. `end` is when the faults ended.
pub(super) fn spent(evidence: &Evidence, (fault, end): (Edge, i64), cutover: Interval) -> Option<SpendMeasure> {
    let billing = &evidence.billing;
    let is_told = evidence.objectives.spend.is_some() || billing.answers.iter().any(|answer| answer.reported);
    if billing.answers.is_empty() || !is_told {
        return None;
    }
    let moved = cutover.hi.map(|hi| fault.lo.saturating_add(hi)).filter(|moved| *moved < end);
    let until = moved.unwrap_or(end);
    let least = |answer: &BilledAnswer| answer.cost.filter(|_| answer.reported).unwrap_or(Money::ZERO);
    let budget = evidence.objectives.spend;
    let mut counted = BillPart::NONE;
    let mut at_least = Money::ZERO;
    // What lowers a budget, where one was promised.
    let mut lowers: Vec<(i64, Money)> = Vec::new();
    let mut bills = vec![(BillPart::NONE, BillPart::NONE); evidence.providers.len()];
    for answer in billing.answers.iter() {
        if let Some((before, during)) = bills.get_mut(usize::from(answer.provider)) {
            match answer.at {
                at if at < fault.lo => before.add(&answer),
                at if at < end => during.add(&answer),
                _ => {}
            }
        }
        if (fault.lo..until).contains(&answer.at) {
            counted.add(&answer);
            at_least = at_least.plus(least(&answer));
            lowers.extend(budget.filter(|_| least(&answer) > Money::ZERO).map(|_| (answer.at, least(&answer))));
        }
    }
    let bill = |(place, (before, during)): (u16, (BillPart, BillPart))| {
        (before.answers + during.answers > 0).then(|| ProviderBill { provider: evidence.name(place).to_owned(), before, during })
    };
    Some(SpendMeasure {
        at_least,
        at_most: counted.at_most.filter(|_| billing.complete),
        until: Millis(until - fault.lo),
        moved: moved.is_some(),
        passed: budget.and_then(|budget| passed(lowers, budget)).map(|at| Millis(at - fault.lo)),
        bills: (0..).zip(bills).filter_map(bill).collect(),
    })
}

/// When the sum of what was asked for by then passed the budget.
fn passed(mut lowers: Vec<(i64, Money)>, budget: Money) -> Option<i64> {
    lowers.sort_by_key(|(at, _)| *at);
    let mut sum = Money::ZERO;
    let found = lowers.into_iter().find(|(_, least)| {
        sum = sum.plus(*least);
        sum > budget
    });
    found.map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{BilledAnswers, Billing, bare};
    use crate::verdict::{Decision, ObjectiveName, judge};
    use serde_json::json;

    /// Ten requests a second for 10 s before the fault and 20 s under it; from `moved` on the standby answers, and before that the primary, each for a
    /// cent, and for two under the fault. Every one reports its tokens but those that `silent` names.
    fn evidence(budget: &str, moved: i64, silent: impl Fn(i64) -> bool) -> Evidence {
        let by = |due: i64| if due >= moved { "b" } else { "a" };
        let one = |due: i64| {
            json!({"due_ms": due, "done_ms": due + 20, "outcome": "ok", "served_by": by(due),
                                    "attempts": [{"provider": by(due), "at_ms": due + 1, "completed": true}]})
        };
        let history = json!({
            "bare_history": 1, "primary": ["a"], "standbys": ["b"], "observed_until_ms": 25_000,
            "objectives": {"rto_ms": 12_000, "hold_ms": 2_000, "slo_ms": 100, "success": 1.0},
            "fault": {"lo_ms": 0, "hi_ms": 0, "requests_touched": 9}, "heal": {"lo_ms": 20_000, "hi_ms": 20_000},
            "requests": (-100..250).map(|place| one(place * 100)).collect::<Vec<_>>(),
        });
        let mut evidence = bare(&serde_json::to_vec(&history).unwrap()).unwrap();
        let answer = |due: i64| {
            let raised = (0..20_000).contains(&due) && due < moved;
            let cost = Some(Money::from_nanos(if raised { 20_000_000 } else { 10_000_000 }));
            BilledAnswer { at: due * 1_000_000, provider: u16::from(due >= moved), cost, reported: !silent(due), raised }
        };
        let answers = (-100..250).map(|place| answer(place * 100)).collect();
        evidence.billing = Billing { answers, complete: true, only_prices: true };
        evidence.objectives.spend = Some(budget.parse().unwrap());
        evidence
    }

    fn told(evidence: &Evidence) -> (Decision, SpendMeasure) {
        let verdict = judge(evidence);
        let objective = verdict.objectives.iter().find(|objective| objective.name == ObjectiveName::SPEND).unwrap();
        (objective.verdict, verdict.measures.unwrap().spend.unwrap())
    }

    #[test]
    fn what_was_spent_until_traffic_had_moved_counts_and_no_more() {
        // Fifty answers for two cents; the first of the standby's proves the cutover when it is there, so that it counts as well.
        let (decision, spend) = told(&evidence("1.02 USD", 5_000, |_| false));
        assert_eq!((decision, spend.at_least, spend.at_most), (Decision::Met, "1.01 USD".parse().unwrap(), "1.01 USD".parse().ok()));
        assert_eq!((spend.moved, spend.until), (true, Millis(5_020_000_000)));
        // What comes after that may pass the budget: nobody had promised otherwise.
        assert_eq!(spend.passed, None);
        let bills: Vec<_> = spend.bills.iter().map(|bill| (bill.provider.as_str(), bill.before.answers, bill.during)).collect();
        let of = |answers, at_most: &str, raised| BillPart { answers, at_most: at_most.parse().ok(), raised };
        assert_eq!(bills, [("a", 100, of(50, "1 USD", 50)), ("b", 0, of(150, "1.50 USD", 0))]);
        assert_eq!([&spend.bills[0].before, &spend.bills[0].during].map(|part| part.each().unwrap().to_string()), ["0.01 USD", "0.02 USD"]);
    }

    #[test]
    fn a_budget_that_is_gone_first_is_missed_and_traffic_that_never_moves_pays_to_the_end() {
        let (decision, spend) = told(&evidence("0.51 USD", 5_000, |_| false));
        assert_eq!((decision, spend.passed), (Decision::Missed, Some(Millis(2_500_000_000))));
        let (decision, spend) = told(&evidence("3.99 USD", 90_000, |_| false));
        assert_eq!((decision, spend.moved, spend.at_least), (Decision::Missed, false, "4 USD".parse().unwrap()));
        let (decision, spend) = told(&evidence("4 USD", 90_000, |_| false));
        assert_eq!((decision, spend.passed), (Decision::Met, None));
    }

    #[test]
    fn answers_that_report_nothing_are_bounded_and_those_that_nobody_saw_leave_it_open() {
        let (decision, spend) = told(&evidence("1.00 USD", 5_000, |due| due % 200 == 0));
        assert_eq!((decision, spend.at_least < spend.at_most.unwrap()), (Decision::Inconclusive, true));
        assert_eq!(told(&evidence("1.02 USD", 5_000, |due| due % 200 == 0)).0, Decision::Met);
        let mut blind = evidence("9 USD", 5_000, |_| false);
        blind.billing.complete = false;
        assert_eq!(told(&blind).0, Decision::Inconclusive);
        blind.billing.answers = BilledAnswers::default();
        let verdict = judge(&blind);
        assert_eq!((verdict.verdict, verdict.measures.unwrap().spend), (Decision::Inconclusive, None));
    }

    #[test]
    fn where_only_prices_change_traffic_that_does_not_move_in_time_misses_the_rto() {
        let rto = |evidence: &Evidence| {
            let verdict = judge(evidence);
            let objective = verdict.objectives.iter().find(|objective| objective.name == ObjectiveName::RTO).unwrap();
            (objective.verdict, verdict.verdict)
        };
        assert_eq!(rto(&evidence("99 USD", 5_000, |_| false)), (Decision::Met, Decision::Met));
        let stays = evidence("99 USD", 90_000, |_| false);
        assert_eq!(rto(&stays), (Decision::Missed, Decision::Missed));
        // Of any other fault that nobody noticed, nothing is proven.
        let mut other = stays;
        other.billing.only_prices = false;
        assert_eq!(rto(&other).0, Decision::Inconclusive);
    }
}
