//! `canary`: a share of the traffic is shifted, both sides are watched for a while, and then it stays or is taken back.
//!
//! # The rule, exactly
//!
//! Both sides are counted over the same hold, from the moment the share was shifted: exchanges that ended in it, as the fault proxies saw
//! them. An exchange is one attempt; it failed where no answer with a status of 2xx came, or one that was cut. An answer is wrong where the
//! request ended otherwise than well all the same: without what every answer must hold, silently shortened, or too late; whoever saw that
//! half-way may have hung up.
//!
//! 1. Each side needs `at_least` exchanges.
//! 2. Errors: the share of exchanges that failed may be larger by the allowed points, and that must be *shown*: the upper bound of the
//!    difference, at 95 % and one-sided, must not exceed them (see [`Tally::beyond`]). That few requests show nothing is so by itself.
//! 3. Quality: the same of wrong answers among all answers.
//! 4. Latency: the 95th percentiles of what whole answers took are compared as they are, without an interval.
//!
//! 5. Cost, where that is asked: what one whole answer costs at most by the plan's prices (see `canary_cost`), compared as it is.
//!
//! Whatever is not so takes the share back, and the step has failed. Where a runbook is walked for real nobody counts exchanges: there `outside`
//! must be seen after the hold, and within as long again. There is one look, at the end of the hold, so that the 95 % are not
//! used up by looking often. What this file does not do: count (`history`), or look at exchanges that are still open at the end.

use super::canary_cost::{CostBeside, billed};
use super::last_seen::LastSeen;
use super::wait::wait;
use super::{Context, Output, StepError};
use crate::history::Side;
use crate::model::{Action, Canary, Condition, QUANTILE_MIN};
use crate::units::{Money, Problem, Ratio, Tally, explained};
use serde_json::{Value, json};
use std::fmt;
use std::pin::Pin;

/// An action that is under way.
pub(super) type UnderWay<'a> = Pin<Box<dyn Future<Output = Result<Output, StepError>> + Send + 'a>>;

/// Shifts, holds, decides. `act` does an action of the runbook.
pub(super) async fn canary<'a>(
    canary: &'a Canary,
    act: &(dyn Fn(&'a Action) -> UnderWay<'a> + Sync),
    context: &'a Context,
) -> Result<Output, StepError> {
    act(&canary.shift).await?;
    if let Some(condition) = canary.outside.as_ref().filter(|_| !context.live.borrow().in_drill()) {
        return held_outside(canary, condition, act, context).await;
    }
    let look = || {
        let live = context.live.borrow();
        (live.beside_each_other(&canary.of), billed(&live, &canary.of))
    };
    let (before, billed_before) = look();
    tokio::time::sleep(canary.hold.std()).await;
    let ((own, rest), billed_after) = look();
    let (own, rest) = (own.since(&before.0), rest.since(&before.1));
    let cost = CostBeside::of(&context.live.borrow(), &billed_before, &billed_after, (own.answers(), rest.answers()));
    let decision = Decision::of(canary, own, rest, cost);
    if decision.against.is_empty() {
        return Ok(Output { shown: format!("went on\n{decision}"), value: decision.as_json().to_string().into() });
    }
    Err(taken_back(canary, act, &decision.against.join("; "), &format!("\n{decision}")).await)
}

/// Holds and looks once more, where there is no traffic whose exchanges could be counted.
async fn held_outside<'a>(
    canary: &'a Canary,
    condition: &Condition,
    act: &(dyn Fn(&'a Action) -> UnderWay<'a> + Sync),
    context: &'a Context,
) -> Result<Output, StepError> {
    tokio::time::sleep(canary.hold.std()).await;
    let last = LastSeen::default();
    let why = match tokio::time::timeout(canary.hold.std(), wait(condition, context, &last)).await {
        Ok(Ok(seen)) => return Ok(Output::of(format!("went on\n{}", seen.shown))),
        Ok(Err(error)) => explained(&error),
        Err(_) => format!("{condition} was not seen within {} after the hold{}", canary.hold, last.told()),
    };
    Err(taken_back(canary, act, &why, "").await)
}

/// Takes the share back, and says why.
async fn taken_back<'a>(canary: &'a Canary, act: &(dyn Fn(&'a Action) -> UnderWay<'a> + Sync), why: &str, decision: &str) -> StepError {
    match act(&canary.back).await {
        Ok(_) => StepError::failed(format!("rolled back: {why}{decision}")),
        Err(error) => {
            let problem = format!("the rollback failed: {}\nwhy: {why}{decision}", explained(&error));
            StepError::Left(Problem::new(problem))
        }
    }
}

/// What both sides did, and what speaks against the canary.
#[derive(Debug)]
struct Decision<'a> {
    canary: &'a Canary,
    own: Side,
    rest: Side,
    cost: CostBeside,
    /// Empty where it goes on.
    against: Vec<String>,
}

impl<'a> Decision<'a> {
    fn of(canary: &'a Canary, own: Side, rest: Side, cost: CostBeside) -> Self {
        let allowed = canary.worse_by;
        let few = |whose: &str, side: &Side| {
            let seen = side.errors().of;
            (seen < canary.at_least).then(|| format!("{whose} had {seen} exchanges, not the {} that were required", canary.at_least))
        };
        let mut against: Vec<String> = few(&canary.of.to_string(), &own).into_iter().chain(few("the rest", &rest)).collect();
        if against.is_empty() {
            against.extend(worse("failed exchanges", own.errors(), rest.errors(), allowed.errors));
            against.extend(worse("wrong answers", own.wrong, rest.wrong, allowed.quality));
            against.extend(slower(&own, &rest, allowed.latency));
            against.extend(allowed.cost.and_then(|allowed| cost.against(allowed)));
        }
        Self { canary, own, rest, cost, against }
    }

    fn as_json(&self) -> Value {
        let side = |side: &Side| {
            let (errors, wrong) = (side.errors(), side.wrong);
            json!({"exchanges": errors.of, "failed": errors.hits, "answers": wrong.of, "wrong": wrong.hits, "p95_ms": side.p95_ms()})
        };
        let more = |own: Tally, rest: Tally, allowed: Ratio| {
            let (low, high) = own.beyond(rest);
            json!({"more": own.share() - rest.share(), "at_least": low, "at_most": high, "allowed": allowed.get()})
        };
        let allowed = self.canary.worse_by;
        let dollars = |money: Option<Money>| money.map(|money| money.as_nanos() as f64 / 1e9);
        json!({
            "canary": side(&self.own),
            "rest": side(&self.rest),
            "errors": more(self.own.errors(), self.rest.errors(), allowed.errors),
            "quality": more(self.own.wrong, self.rest.wrong, allowed.quality),
            "latency": {"times": times(&self.own, &self.rest), "allowed": 1.0 + allowed.latency.get()},
            "cost": {"canary_usd": dollars(self.cost.own), "rest_usd": dollars(self.cost.rest), "allowed": allowed.cost.map(|allowed| 1.0 + allowed.get())},
        })
    }
}

/// Where it is not shown that a share is larger by no more than what is allowed.
fn worse(what: &str, own: Tally, rest: Tally, allowed: Ratio) -> Option<String> {
    let (low, high) = own.beyond(rest);
    if high <= allowed.get() {
        return None;
    }
    let counts = format!("{} of {} against {} of {}", own.hits, own.of, rest.hits, rest.of);
    Some(if low > allowed.get() {
        format!("{what}: {counts}, which is worse by {} to {} points; {allowed} are allowed", points(low), points(high))
    } else {
        format!("{what}: {counts}, which may be worse by up to {} points; {allowed} are allowed", points(high))
    })
}

fn slower(own: &Side, rest: &Side, allowed: Ratio) -> Option<String> {
    let fewest = own.answers().min(rest.answers());
    if fewest < QUANTILE_MIN {
        return Some(format!("{fewest} complete answers are too few for a 95th percentile"));
    }
    let times = times(own, rest).filter(|times| *times > 1.0 + allowed.get())?;
    let more = (times - 1.0) * 100.0;
    Some(format!("its p95 of {} is {more:.0}% longer than the {} of the rest; {allowed} is allowed", ms(own), ms(rest)))
}

fn times(own: &Side, rest: &Side) -> Option<f64> {
    Some(own.p95_ms()? / rest.p95_ms()?)
}

fn points(share: f64) -> String {
    format!("{:.2}", share * 100.0)
}

fn ms(side: &Side) -> String {
    side.p95_ms().map_or_else(|| "none".to_owned(), |ms| format!("{ms:.1} ms"))
}

impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, side) in [(self.canary.of.to_string(), &self.own), ("the rest".to_owned(), &self.rest)] {
            let (errors, wrong) = (side.errors(), side.wrong);
            let counts = format!("{} exchanges, {} failed; {} answers, {} wrong", errors.of, errors.hits, wrong.of, wrong.hits);
            writeln!(f, "{name}: {counts}; p95 {}", ms(side))?;
        }
        let (own, rest) = (&self.own, &self.rest);
        for (what, (low, high)) in [("failed", own.errors().beyond(rest.errors())), ("wrong", own.wrong.beyond(rest.wrong))] {
            writeln!(f, "{what}: {:+.2} to {:+.2} points more (each bound at 95%)", low * 100.0, high * 100.0)?;
        }
        let allowed = self.canary.worse_by;
        if let (Some(own), Some(rest)) = (self.cost.own, self.cost.rest) {
            writeln!(f, "an answer costs at most {own:.6}, of the rest {rest:.6}")?;
        }
        write!(f, "allowed: errors {}, quality {}, latency {}", allowed.errors, allowed.quality, allowed.latency)?;
        allowed.cost.map_or(Ok(()), |cost| write!(f, ", cost {cost}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProviderSelector, WorseBy};
    use crate::units::Duration;

    fn asked(at_least: u64) -> Canary {
        let share = |percent: f64| Ratio::new(percent / 100.0).unwrap();
        let worse_by = WorseBy { errors: share(2.0), latency: share(20.0), quality: share(2.0), cost: None };
        let pause = || Box::new(Action::Pause(Duration::from_secs(1)));
        Canary {
            shift: pause(),
            back: pause(),
            of: ProviderSelector::Standby,
            hold: Duration::from_secs(9),
            at_least,
            worse_by,
            outside: None,
        }
    }

    /// So many exchanges of which so many failed and so many were answered wrongly, each in its time of 100 ms times `slow` or a little less.
    fn side(exchanges: u64, failed: u64, wrong: u64, slow: u64) -> Side {
        Side::made_of(failed, wrong, (0..exchanges - failed).map(|place| slow * (50 + place % 50)))
    }

    fn against(own: Side, rest: Side) -> Vec<String> {
        Decision::of(&asked(150), own, rest, CostBeside::default()).against
    }

    #[test]
    fn it_goes_on_only_where_it_is_shown_to_be_no_worse() {
        assert_eq!(against(side(200, 0, 0, 1), side(2000, 0, 0, 1)), [""; 0]);
        assert_eq!(against(side(1000, 8, 3, 1), side(9000, 72, 27, 1)), [""; 0], "alike, and enough of them to show it");
        let alike = against(side(200, 4, 0, 1), side(2000, 40, 0, 1));
        assert_eq!(alike, ["failed exchanges: 4 of 200 against 40 of 2000, which may be worse by up to 2.42 points; 2% are allowed"]);
        let failing = against(side(200, 20, 0, 1), side(2000, 4, 0, 1));
        assert_eq!(failing, ["failed exchanges: 20 of 200 against 4 of 2000, which is worse by 6.82 to 13.84 points; 2% are allowed"]);
        let wrong = against(side(200, 0, 20, 1), side(2000, 0, 4, 1));
        assert_eq!(wrong, ["wrong answers: 20 of 200 against 4 of 2000, which is worse by 6.82 to 13.84 points; 2% are allowed"]);
        assert_eq!(against(side(200, 0, 0, 1), side(2000, 1000, 9, 3)), [""; 0], "better is no reason to go back");
    }

    #[test]
    fn latencies_are_compared_by_their_95th_percentiles() {
        let slow = against(side(200, 0, 0, 2), side(2000, 0, 0, 1));
        assert!(slow.len() == 1 && slow[0].starts_with("its p95 of ") && slow[0].contains("100% longer"), "{slow:?}");
        let tail = |ms| Side::made_of(0, 0, (0..200).map(move |place| if place < 8 { ms } else { 90 }));
        assert_eq!(against(tail(9000), tail(90)), [""; 0], "what fewer than one in twenty see is not in it");
    }

    #[test]
    fn with_too_few_on_either_side_nothing_is_decided() {
        let few = against(side(149, 0, 0, 1), side(2000, 0, 0, 1));
        assert_eq!(few, ["standby had 149 exchanges, not the 150 that were required"]);
        let few = against(side(2000, 0, 0, 1), side(149, 149, 0, 1));
        assert_eq!(few, ["the rest had 149 exchanges, not the 150 that were required"]);
        let none = against(Side::default(), Side::default());
        assert_eq!(none.len(), 2, "{none:?}");
        let silent = against(side(200, 0, 0, 1), side(200, 200, 0, 1));
        assert_eq!(silent, ["0 complete answers are too few for a 95th percentile"], "there is nothing to compare it with");
    }

    #[test]
    fn every_number_of_a_decision_is_told() {
        let canary = asked(150);
        let decision = Decision::of(&canary, side(200, 1, 0, 1), side(2000, 4, 2, 1), CostBeside::default());
        let shown = decision.to_string();
        assert!(shown.starts_with("standby: 200 exchanges, 1 failed; 199 answers, 0 wrong; p95 9"), "{shown}");
        assert!(shown.contains("the rest: 2000 exchanges, 4 failed; 1996 answers, 2 wrong; p95 9"), "{shown}");
        assert!(shown.ends_with("allowed: errors 2%, quality 2%, latency 20%"), "{shown}");
        let json = decision.as_json();
        assert_eq!(
            (&json["canary"]["exchanges"], &json["rest"]["failed"], &json["errors"]["allowed"]),
            (&200.into(), &4.into(), &0.02.into())
        );
        assert!(json["latency"]["times"].as_f64().is_some_and(|times| (0.98..1.02).contains(&times)), "{json}");
    }
}
