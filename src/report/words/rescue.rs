//! Rescue in words: which requests were served only after the broken provider had been asked, and what that cost each of them.

use super::nature::objective;
use super::wording::{seconds_down, seconds_up, span};
use crate::model::Rescues;
use crate::units::{Duration, counted, grouped};
use crate::verdict::{Decision, Later, Millis, ObjectiveName, Paid, Reason, Rescued, Verdict};

/// What was seen, where there was any.
fn seen(verdict: &Verdict) -> Option<&Rescued> {
    verdict.measures.as_ref()?.rescued.as_ref().filter(|rescued| rescued.requests > 0)
}

/// In a few words, for a label beside it.
pub(in crate::report) fn line(verdict: &Verdict) -> Option<String> {
    let limit = limit(verdict).map(|limit| format!("   (objective: {limit}{})", judged(verdict).unwrap_or_default()));
    let Some(rescued) = seen(verdict) else {
        let later = &verdict.measures.as_ref()?.rescued.as_ref()?.later;
        return limit.map(|limit| format!("{}{limit}", share(later)));
    };
    Some(told(rescued) + &limit.unwrap_or_default())
}

/// How many were, what that cost each, and until when.
pub(in crate::report) fn told(rescued: &Rescued) -> String {
    let (of, asked, paid) = (of_all(rescued), who(rescued), cost(rescued));
    format!("{of} went to {asked} before another{paid}; {}{}", until(rescued), mark(rescued))
}

/// In a sentence.
pub(in crate::report) fn sentence(verdict: &Verdict) -> Option<String> {
    let rescued = seen(verdict)?;
    let (of, asked) = (of_all(rescued), who(rescued));
    let (were, each) = if rescued.requests == 1 { ("was", "it") } else { ("were", "each") };
    let paid = rescued.paid.map_or_else(|| "was so".to_owned(), |paid| format!("cost {each} {}", words(paid)));
    let end = format!("{}{}", until(rescued), mark(rescued));
    Some(format!("{of} went to {asked} first and {were} then answered by another provider. That {paid}, {end}."))
}

/// How requests are known that no proxy saw at the broken provider, where some are.
pub(in crate::report) fn how_known(verdict: &Verdict) -> Option<String> {
    let rescued = seen(verdict).filter(|rescued| rescued.by_connection)?;
    let asked = who(rescued);
    Some(format!(
        "The fault took connections, so no proxy saw which requests went to {asked} first: these are known by how long they waited, compared with those before the fault."
    ))
}

/// What stands at the end of the headline: users are served, and still somebody is asked who is dead.
pub(in crate::report) fn still_asked(verdict: &Verdict) -> String {
    let rescued = seen(verdict).filter(|rescued| rescued.to_the_end);
    rescued.map(|rescued| format!(" Until the fault ended, requests still went to {} first.", who(rescued))).unwrap_or_default()
}

/// Why a verdict is not decisive, as the end of a sentence: it is not seen of enough requests whether they were rescued.
pub(in crate::report) fn because(verdict: &Verdict) -> Option<String> {
    is_unseen(verdict).then_some(())?;
    let Some(rescued) = &verdict.measures.as_ref()?.rescued else {
        return Some("no proxy saw the attempts at providers, so it is not known which requests were rescued".into());
    };
    let unseen = rescued.later.at_most - rescued.later.requests;
    Some(format!(
        "for {} of {} it was not seen whether they went to the broken provider first",
        grouped(unseen),
        counted(rescued.later.of, "request")
    ))
}

/// What to do about it.
pub(in crate::report) fn hint(verdict: &Verdict) -> Option<&'static str> {
    let hint = if verdict.evidence.attempts_seen {
        "use a fault under which each request can be seen, such as `{status: {code: 503}}` or `stall`, and make sure that all go through the proxies"
    } else {
        "record each request's `attempts`, or leave `objectives: rescued` out"
    };
    is_unseen(verdict).then_some(hint)
}

fn is_unseen(verdict: &Verdict) -> bool {
    let is_open = |name: ObjectiveName| objective(verdict, name) == Some(Decision::Inconclusive);
    verdict.reason == Some(Reason::RecordCannotTell) && is_open(ObjectiveName::RESCUED) && !is_open(ObjectiveName::RTO)
}

/// The limit, as it was declared.
pub(in crate::report) fn limit(verdict: &Verdict) -> Option<String> {
    let Rescues { at_most: share, after } = verdict.terms.rescued?;
    let after = Some(after).filter(|after| *after > Duration::ZERO);
    let after = after.map(|after| format!(" from {} after the fault", span(after))).unwrap_or_default();
    Some(format!("at most {share}{after}"))
}

/// What is held against the limit, where that is not all that were rescued.
fn judged(verdict: &Verdict) -> Option<String> {
    let rescued = seen(verdict)?;
    (rescued.later.of != rescued.of).then(|| format!(": {}", share(&rescued.later)))
}

/// What is held against the limit.
pub(in crate::report) fn share(later: &Later) -> String {
    if later.at_most == later.requests {
        format!("{} of {}", grouped(later.requests), counted(later.of, "request"))
    } else {
        format!("{} to {} of {}", grouped(later.requests), grouped(later.at_most), counted(later.of, "request"))
    }
}

fn of_all(rescued: &Rescued) -> String {
    format!("{} of {}", grouped(rescued.requests), counted(rescued.of, "request"))
}

/// What they paid, as the continuation of a sentence.
fn cost(rescued: &Rescued) -> String {
    let each = if rescued.requests == 1 { "it" } else { "each" };
    rescued.paid.map(|paid| format!("; that cost {each} {}", words(paid))).unwrap_or_default()
}

fn who(rescued: &Rescued) -> String {
    rescued.asked.join(" or ")
}

fn until(rescued: &Rescued) -> String {
    match rescued.until {
        Some(Millis(until)) if !rescued.to_the_end => format!("the last {} after the fault", seconds_up(until)),
        _ => "until the fault ended".to_owned(),
    }
}

/// What is not known by request is marked so.
const fn mark(rescued: &Rescued) -> &'static str {
    if rescued.by_connection { " (inferred from their wait)" } else { "" }
}

/// Rounded outwards, in milliseconds below a second.
fn words(paid: Paid) -> String {
    let ms = |ns: i64, up: bool| (ns.max(0) + if up { 999_999 } else { 0 }) / 1_000_000;
    let (least, most) = (ms(paid.lo.0, false), ms(paid.hi.0, true));
    if paid.hi.0 < 1_000_000_000 && least == most {
        return format!("{most} ms");
    }
    if paid.hi.0 < 1_000_000_000 {
        return format!("{} to {} ms (median {} ms)", least, most, ms(paid.median.0, true));
    }
    let (lo, hi) = (seconds_down(paid.lo.0.max(0)), seconds_up(paid.hi.0));
    if paid.lo == paid.hi {
        return hi;
    }
    format!("{} to {hi} (median {})", lo.trim_end_matches(" s"), seconds_up(paid.median.0))
}
