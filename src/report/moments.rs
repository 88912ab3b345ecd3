//! The way from the fault to the end: each moment, when it was, and who says so, in the order of time.
//!
//! All on one clock, which begins with the fault. What this file does not do: measure, or write the table (`markdown`).

use super::digest::Digest;
use super::markdown::escaped;
use super::sentence::{between, nameless, seconds_down, seconds_up, span};
use super::{recovery, share};
use crate::history::{Event, Stamped};
use crate::units::counted;
use crate::verdict::{Interval, Measures, Verdict};

/// A row of the way from the fault to the end.
pub(super) struct Milestone {
    /// In seconds after the fault began, for the order.
    at: f64,
    pub(super) what: String,
    pub(super) when: String,
    pub(super) known_from: String,
}

impl Milestone {
    fn at(at: f64, what: &str, known_from: &str) -> Self {
        Self { at, what: what.to_owned(), when: format!("{at:.2} s"), known_from: known_from.to_owned() }
    }

    fn of(interval: Interval, what: &str, known_from: &str) -> Self {
        let at = interval.hi.unwrap_or(interval.lo) as f64 / 1e9;
        Self { when: between(interval), ..Self::at(at, what, known_from) }
    }
}

/// Every row, in the order of time.
pub(super) fn moments(verdict: &Verdict, digest: &Digest, measures: &Measures) -> Vec<Milestone> {
    let mut moments = seen(digest);
    moments.extend(measured(verdict, digest, measures));
    moments.sort_by(|one, other| one.at.total_cmp(&other.at));
    moments
}

/// What somebody saw or did at a moment.
fn seen(digest: &Digest) -> Vec<Milestone> {
    let since = digest.fault_seconds().map_or(0.0, |(from, _)| from);
    let after = |stamped: &Stamped| stamped.t.saturating_sub(digest.zero()) as f64 / 1e9 - since;
    let find = |wanted: &dyn Fn(&Event) -> bool| digest.notable.iter().find(|stamped| wanted(&stamped.event)).map(after);
    let first = digest.notable.iter().find_map(|stamped| match &stamped.event {
        Event::FaultConfirmed(fault) => Some(fault.fault),
        _ => None,
    });
    let issued = first.is_some_and(|fault| digest.of_credential(fault));
    let known = if issued { "the issuer, checked" } else { "the proxy, checked" };
    let mut moments = vec![Milestone { when: "0 s".into(), ..Milestone::at(0.0, "the fault is active", known) }];
    for (name, (at, source)) in digest.alerts() {
        let after = (at as f64 - digest.zero() as f64) / 1e9 - since;
        let known_from = format!("{source}, when Lifeboat received it");
        moments.push(Milestone::at(after, &format!("the alert {} arrives", escaped(name)), &known_from));
    }
    if let Some(began) = find(&|event| matches!(event, Event::RunbookStarted(_))) {
        moments.push(Milestone::at(began, "the runbook starts", "Lifeboat"));
    }
    if let Some(healed) = find(&|event| matches!(event, Event::FaultHealed(fault) if !digest.of_credential(fault.fault))) {
        moments.push(Milestone::at(healed, "the fault is healed", "the proxy, checked"));
    }
    moments
}

/// What the requests show.
fn measured(verdict: &Verdict, digest: &Digest, measures: &Measures) -> Vec<Milestone> {
    let both = "traffic and proxy";
    let named = !nameless(verdict);
    let mut moments = Vec::new();
    if let Some(dispatch) = measures.first_standby_dispatch {
        // Rounded as the beginnings of intervals are.
        let when = seconds_down(dispatch.0);
        moments.push(Milestone { when, ..Milestone::at(dispatch.seconds(), "first request to a standby", "its proxy") });
    }
    // No answer comes before the first request.
    let asked = measures.first_standby_dispatch.map_or(0, |dispatch| dispatch.0);
    let answered = measures.first_standby.map(|first| Interval { lo: first.hi.map_or(asked, |hi| hi.min(asked)).max(first.lo), ..first });
    moments.extend(answered.map(|first| Milestone::of(first, "first good answer from a standby", both)));
    moments.push(Milestone::of(measures.restore, "service is good again", "traffic"));
    if named {
        let what = measures.share.as_ref().map_or_else(|| "a standby has taken over".to_owned(), |share| escaped(&share::moved(share)));
        let when = recovery::cutover(verdict, measures).trim_end_matches(" after the fault").to_owned();
        moments.push(Milestone { when, ..Milestone::of(measures.cutover, &what, both) });
    }
    if let Some(share) = measures.share.as_ref().filter(|share| share.waited > 0) {
        let what = format!("good after waiting for it: {}", counted(share.waited, "request"));
        let last = share.until.map_or(0.0, crate::verdict::Millis::seconds);
        let when = share.until.map_or_else(String::new, |_| format!("the last sent at {last:.2} s"));
        moments.push(Milestone { when, ..Milestone::at(last, &what, both) });
    }
    moments.push(Milestone::of(measures.sustained, "the same, and good until the fault ended", both));
    if let Some(hi) = recovery::gate(verdict, measures).hi {
        let (hold, at) = (verdict.terms.hold, hi + verdict.terms.hold.nanos());
        let what = format!("verified: that lasted for the hold of {}", span(hold));
        moments.push(Milestone { when: seconds_up(at), ..Milestone::at(at as f64 / 1e9, &what, "traffic") });
    }
    let healed = digest.fault_seconds().and_then(|(from, until)| Some(until? - from));
    if let Some((failback, healed)) = measures.failback.filter(|_| named).zip(healed) {
        let healed = (healed * 1e9) as i64;
        let since_fault = Interval { lo: failback.lo + healed, hi: failback.hi.map(|hi| hi + healed) };
        let back = match &measures.share {
            Some(share) => format!("{} has a share again", escaped(&share.of.join(" and "))),
            None => "the primary serves again".to_owned(),
        };
        moments.push(Milestone::of(since_fault, &format!("{back}, and stays"), both));
    }
    moments
}
