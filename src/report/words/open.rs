//! A verdict that is open though the trial was sound, in words: what was not seen or not decided, and what to do about it.
//!
//! What this file does not do: find the reason (`verdict` does).

use crate::units::{counted, grouped};
use crate::verdict::{Decision, Reason, Unnamed, Verdict};
use std::borrow::Cow;

/// Why, as the end of a sentence; `None` where it has another reason.
pub(in crate::report) fn because(verdict: &Verdict) -> Option<String> {
    Some(match verdict.reason? {
        Reason::RtoWithinInterval => "the objective lies within the measured interval".to_owned(),
        Reason::EndedBeforeHold => "no recovery was proven to last for the hold before the fault ended".to_owned(),
        Reason::WhoServedUnknown => nobody_knows(verdict.evidence.unnamed.as_ref()?),
        Reason::OutcomesUnknown => "of too many requests it is not known how they ended".to_owned(),
        Reason::StabilityUnclear => "more requests went bad after the hold than promised, but few enough to be coincidence".to_owned(),
        Reason::ObjectiveUndecided => format!("what was seen does not decide {}", undecided(verdict)),
        _ => return None,
    })
}

fn nobody_knows(unnamed: &Unnamed) -> String {
    match (unnamed.answers, unnamed.past_proxies) {
        (_, 0) => format!("it is not known who gave {}", counted(unnamed.answers, "good answer")),
        (answers, past) if answers == past => format!("{} passed no proxy, so it is not known who served", counted(past, "good answer")),
        (answers, past) => {
            let all = counted(answers, "good answer");
            format!("it is not known who gave {all}, of which {} passed no proxy", grouped(past))
        }
    }
}

/// The objectives that are open, by name.
fn undecided(verdict: &Verdict) -> String {
    let open = verdict.objectives.iter().filter(|objective| objective.verdict == Decision::Inconclusive);
    let names: Vec<&str> = open.map(|objective| objective.name.word()).collect();
    format!("{} {}", if names.len() == 1 { "the objective" } else { "the objectives" }, names.join(", "))
}

/// What to do about it.
pub(in crate::report) fn hint(verdict: &Verdict, is_record: bool) -> Option<Cow<'static, str>> {
    Some(match verdict.reason? {
        Reason::WhoServedUnknown if is_record => "record each request's `served_by`, or write `gate: restore`".into(),
        Reason::WhoServedUnknown => past_a_proxy(verdict.evidence.unnamed.as_ref()?),
        _ if is_record => return None,
        Reason::RtoWithinInterval => "raise the rate or shorten the service level, so that the interval gets narrower".into(),
        Reason::EndedBeforeHold => "lengthen the fault's `for:`, so that a recovery can be seen to last for the hold".into(),
        Reason::StabilityUnclear => "run it again with a longer fault, which tells more".into(),
        _ => return None,
    })
}

fn past_a_proxy(unnamed: &Unnamed) -> Cow<'static, str> {
    if unnamed.past_proxies == 0 {
        return "see that the gateway asks one provider at a time, or write `gate: restore`".into();
    }
    let before = match unnamed.unasked.as_slice() {
        [] => "the proxies before all its providers".to_owned(),
        [one] => format!("the proxy before {one}"),
        several => format!("the proxies before {}", several.join(" and ")),
    };
    format!("the gateway reaches a standby past its proxy: point it at {before} (`lifeboat doctor` names the addresses), or write `gate: restore`").into()
}
