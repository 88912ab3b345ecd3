//! What the gateway did: whom it asked, how often, and what that cost.

use super::users::were;
use crate::history::{Breaker, Event};
use crate::report::digest::ProviderDigest;
use crate::report::model::Text;
use crate::report::sections::subject::Subject;
use crate::report::words::recovery;
use crate::report::words::rescue;
use crate::report::words::wording::{seconds_down, seconds_up, span};
use crate::units::{counted, grouped};
use crate::verdict::Measures;
use std::collections::BTreeMap;

/// Attempts on a broken provider, health checks and breakers: fewer are a probe now and then.
const OFTEN: u64 = 3;

fn measures<'a>(subject: &Subject<'a>) -> Option<&'a Measures> {
    subject.verdict.measures.as_ref().filter(|_| !subject.verdict.only_rotates)
}

/// No other provider was tried at all.
pub(super) fn never_asked_a_standby(subject: &Subject<'_>) -> Option<Text> {
    let measures = measures(subject)?;
    let names = subject.standbys();
    let asked = measures.first_standby_dispatch.is_some() || measures.first_standby.is_some() || measures.share.is_some();
    let hurt = measures.bad > 0 && subject.verdict.evidence.attempts_seen && !names.is_empty() && !asked;
    hurt.then(|| Text::own("No request was sent to ").then(Text::outside(names.join(" or "))).then(" while the fault lasted."))
}

/// A broken provider that was asked again and again, after another served already.
pub(super) fn asked_in_vain(subject: &Subject<'_>) -> Option<Text> {
    let measures = measures(subject)?;
    let since = subject.digest.after_fault(recovery::gate(subject.verdict, measures).hi?)?;
    let asked = |name: &&str| subject.digest.at.asked_in_vain_by(subject.place(), name, since);
    let name = subject.broken().into_iter().max_by_key(asked)?;
    let count = asked(&name);
    let told = || {
        let after = if measures.share.is_some() { "after nobody waited for it any more" } else { "after service was good again" };
        Text::own(format!("{} still asked ", subject.gateway_name()))
            .then(Text::outside(name))
            .then(format!(" {} times {after}, and the fault hit each of these attempts.", grouped(count)))
    };
    (count >= OFTEN).then(told)
}

/// Requests that were served only after a broken provider had been asked, and what each paid.
pub(super) fn rescued(subject: &Subject<'_>) -> Option<Text> {
    measures(subject)?;
    rescue::sentence(subject.verdict).map(Text::from)
}

/// More attempts than requests.
pub(super) fn retry_storm(subject: &Subject<'_>) -> Option<Text> {
    let (dispatched, due) = (measures(subject)?.dispatched?, subject.verdict.evidence.during_fault);
    let each = dispatched.attempts as f64 / due.max(1) as f64;
    let storm = if each >= 3.0 { ": a retry storm" } else { "" };
    let told = || {
        let (attempts, requests) = (counted(dispatched.attempts, "attempt"), counted(due, "request"));
        format!("{} made {attempts} for the {requests} of the fault, {each:.2} each{storm}.", subject.gateway_name()).into()
    };
    (due > 0 && each >= 1.5).then(told)
}

/// The load on those that stood by.
pub(super) fn overshoot(subject: &Subject<'_>) -> Option<Text> {
    let ratio = measures(subject)?.overshoot.filter(|ratio| *ratio >= 1.5)?;
    Some(format!("In their busiest second the standbys got {ratio:.1} times the usual rate of requests.").into())
}

/// Answers that were made twice.
pub(super) fn duplicates(subject: &Subject<'_>) -> Option<Text> {
    let count = measures(subject)?.duplicates.filter(|count| *count > 0)?;
    let (answers, they) = if count == 1 { ("1 answer was".to_owned(), "it") } else { (format!("{} answers were", grouped(count)), "them") };
    Some(format!("{answers} made twice: providers charge for {they}, and nobody read {they}.").into())
}

/// Between the first request to a standby and its first good answer.
pub(super) fn slow_to_answer(subject: &Subject<'_>) -> Option<Text> {
    let measures = measures(subject)?;
    let (asked, first) = (measures.first_standby_dispatch?.0, measures.first_standby?.hi?);
    // The answer itself takes as long as the service level allows.
    let wait = first - asked;
    let told = || {
        let (asked, first) = (seconds_down(asked), seconds_up(first));
        format!("A standby was asked {asked} after the fault, and gave its first good answer only by {first}.").into()
    };
    (wait > subject.verdict.terms.slo.nanos() && wait > 1_000_000_000).then(told)
}

/// Of those that share the load: who waited for the broken one.
pub(super) fn waited_for_share(subject: &Subject<'_>) -> Option<Text> {
    let share = measures(subject)?.share.as_ref().filter(|share| share.waited > 0)?;
    let last = share.until.map_or_else(String::new, |until| format!(", the last of them sent {} after the fault", seconds_up(until.0)));
    let (count, names) = (counted(share.waited, "request"), share.of.join(" and "));
    Some(
        Text::own(format!("{count} {} good only after waiting for ", were(share.waited)))
            .then(Text::outside(names))
            .then(format!("{last}.")),
    )
}

/// A provider that asked for a pause, and what became of that.
fn paused<'a>(subject: &Subject<'a>) -> Option<(&'a str, &'a ProviderDigest)> {
    let told = |name: &str| subject.digest.at.of(name).filter(|seen| seen.retry.is_some_and(|retry| retry.told >= OFTEN));
    subject.broken().into_iter().find_map(|name| Some((name, told(name)?)))
}

/// Whoever asks for a pause and is asked again.
pub(super) fn sooner_than_told(subject: &Subject<'_>) -> Option<Text> {
    let (name, seen) = paused(subject)?;
    let retry = seen.retry.filter(|retry| retry.sooner >= OFTEN)?;
    let told = format!(
        " asked for a pause of {} (`Retry-After`), and {} of its {} came sooner.",
        span(retry.after),
        grouped(retry.sooner),
        counted(retry.told, "attempt")
    );
    Some(Text::outside(name).then(told))
}

/// The same where it was left alone.
pub(super) fn kept_to_the_pause(subject: &Subject<'_>) -> Option<Text> {
    let (name, seen) = paused(subject)?;
    let retry = seen.retry.filter(|retry| retry.sooner == 0)?;
    Some(
        Text::own(format!("{} kept to the pause of ", subject.gateway_name()))
            .then(format!("{} that ", span(retry.after)))
            .then(Text::outside(name))
            .then(" asked for (`Retry-After`)."),
    )
}

/// Health checks that hear nothing of the fault.
pub(super) fn health_checks(subject: &Subject<'_>) -> Option<Text> {
    let measures =
        measures(subject).filter(|measures| measures.bad > 0 || measures.rescued.as_ref().is_some_and(|rescued| rescued.requests > 0))?;
    let of = |name: &&str| subject.digest.at.of(name).map_or([0; 2], |seen| seen.checks);
    let name = subject.broken().into_iter().find(|name| of(name)[0] >= OFTEN && of(name)[0] > of(name)[1])?;
    let [good, bad] = of(&name);
    let hurt = if measures.bad > 0 { "bad answers" } else { "waits" };
    let told = Text::own(format!("{} of {} of ", grouped(good), counted(good + bad, "health check"))).then(Text::outside(name));
    Some(told.then(format!(" went well while the fault was on it: they do not see what users saw, which were {hurt}.")))
}

/// A breaker that opens again and again.
pub(super) fn flapping(subject: &Subject<'_>) -> Option<Text> {
    let mut opened: BTreeMap<&str, u64> = BTreeMap::new();
    for stamped in &subject.digest.notable {
        if let Event::Gateway(gateway) = &stamped.event
            && gateway.breaker == Breaker::Open
        {
            *opened.entry(&gateway.provider).or_default() += 1;
        }
    }
    let (name, count) = opened.into_iter().max_by_key(|(_, count)| *count).filter(|(_, count)| *count >= OFTEN)?;
    Some(Text::own("The gateway's breaker for ").then(Text::outside(name)).then(format!(" opened {} times.", grouped(count))))
}

/// Whoever else was hit.
pub(super) fn others_touched(subject: &Subject<'_>) -> Option<Text> {
    let others = subject.verdict.evidence.touched_by?.others;
    (others > 0).then(|| format!("The fault also hit {} that {} not the drill's.", counted(others, "request"), were(others)).into())
}
