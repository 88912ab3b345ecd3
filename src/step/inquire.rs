//! `wait_until` where the runbook asks somebody itself: again and again, until the answer is as it should be so often in a row.

use super::asking::ask;
use super::last_seen::LastSeen;
use super::seen::Seen;
use super::{Context, Output, StepError};
use crate::model::{Inquiry, InquiryGoal};
use crate::units::grouped;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Asks until it holds; who waits sets the deadline.
pub(super) async fn inquire(inquiry: &Inquiry, context: &Context, last: &LastSeen) -> Result<Output, StepError> {
    let expects = expected(&inquiry.expects, context)?;
    let (one, several) = inquiry.of.noun();
    let mut every = interval(inquiry.every.std());
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut tries, mut in_a_row) = (0, 0);
    last.keep(format!("no {one} was answered"));
    loop {
        every.tick().await;
        tries += 1;
        let seen = once(inquiry, &expects, context).await?;
        in_a_row = if seen.holds { in_a_row + 1 } else { 0 };
        let which = if tries == 1 { format!("the only {one}") } else { format!("the last of {} {several}", grouped(tries)) };
        let row = if seen.holds { format!(", {in_a_row} of {} in a row", inquiry.in_a_row) } else { String::new() };
        if in_a_row >= inquiry.in_a_row {
            return Ok(Output { shown: format!("{which} {}", seen.told), value: seen.value.as_str().into() });
        }
        last.keep(format!("{which} {}{row}", seen.told));
    }
}

/// Asks once, for a rehearsal; what is seen, or why nothing is.
///
/// # Errors
/// Where nobody answers.
pub async fn asked_once(inquiry: &Inquiry, context: &Context) -> Result<String, StepError> {
    let seen = once(inquiry, &expected(&inquiry.expects, context)?, context).await?;
    let told = format!("the {} {}", inquiry.of.noun().0, seen.told);
    if seen.answered { Ok(told) } else { Err(StepError::failed(told)) }
}

/// Looks once, for whoever does not wait: whether the answer is as it should be, `None` where nobody answers; and what was seen, as the end of a
/// sentence.
///
/// # Errors
/// Where it cannot be asked at all: see [`StepError`].
pub async fn look(inquiry: &Inquiry, context: &Context) -> Result<(Option<bool>, String), StepError> {
    let seen = once(inquiry, &expected(&inquiry.expects, context)?, context).await?;
    Ok((seen.answered.then_some(seen.holds), seen.told))
}

async fn once(inquiry: &Inquiry, expects: &InquiryGoal, context: &Context) -> Result<Seen, StepError> {
    match timeout(inquiry.timeout.std(), ask(inquiry, expects, context)).await {
        Ok(seen) => seen,
        Err(_) => Ok(Seen::nobody(inquiry, format!("had no answer within {}", inquiry.timeout))),
    }
}

/// With the values of its variables.
fn expected(expects: &InquiryGoal, context: &Context) -> Result<InquiryGoal, StepError> {
    Ok(match expects {
        InquiryGoal::Is(text) => InquiryGoal::Is(context.expand(text)?),
        InquiryGoal::IsNot(text) => InquiryGoal::IsNot(context.expand(text)?),
        InquiryGoal::Contains(text) => InquiryGoal::Contains(context.expand(text)?),
        InquiryGoal::Matches(pattern) => InquiryGoal::Matches(context.expand(pattern)?),
        other => other.clone(),
    })
}
