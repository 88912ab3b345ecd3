//! The way from the fault to the end: each moment, when it was, and who says so, in the order of time.
//!
//! All on one clock, which begins with the fault. What this file does not do: measure.

use super::subject::Subject;
use crate::history::{Event, Stamped};
use crate::report::digest::Digest;
use crate::report::model::{Quantity, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::nature::nameless;
use crate::report::words::wording::{between, seconds_down, seconds_up, span};
use crate::report::words::{recovery, share};
use crate::units::counted;
use crate::verdict::{Interval, Measures, Millis, Verdict};

/// The section about one workload; nothing where nothing was measured, or nothing was broken.
pub(in crate::report) fn section(subject: &Subject<'_>) -> Option<Section> {
    let measures = subject.verdict.measures.as_ref().filter(|_| !subject.verdict.only_rotates)?;
    let mut milestones = seen(subject.digest);
    milestones.extend(measured(subject.verdict, subject.digest, measures));
    milestones.sort_by(|one, other| one.at.total_cmp(&other.at));
    let row = |milestone: Milestone| {
        let when = TableCell::of(milestone.when, Some(milestone.quantity));
        TableRow::of([milestone.what.into(), when, milestone.known_from.into()])
    };
    let columns = vec!["moment", "after the fault began", "known from"];
    let table = ReportTable { columns, rows: milestones.into_iter().map(row).collect() };
    Some(Section::new(SectionKind::Milestones, "From the fault to the end").with(table))
}

/// A moment on the way from the fault to the end.
struct Milestone {
    /// In seconds after the fault began, for the order.
    at: f64,
    what: Text,
    when: String,
    quantity: Quantity,
    known_from: String,
}

impl Milestone {
    fn at(at: f64, what: impl Into<Text>, known_from: &str) -> Self {
        let quantity = Quantity::Nanoseconds((at * 1e9).round() as i64);
        Self { at, what: what.into(), when: format!("{at:.2} s"), quantity, known_from: known_from.to_owned() }
    }

    fn of(interval: Interval, what: impl Into<Text>, known_from: &str) -> Self {
        let at = interval.hi.unwrap_or(interval.lo) as f64 / 1e9;
        Self { when: between(interval), quantity: interval.into(), ..Self::at(at, what, known_from) }
    }
}

/// What somebody saw or did at a moment.
fn seen(digest: &Digest) -> Vec<Milestone> {
    let since = digest.fault_span().map_or(0.0, |(from, _)| from as f64 / 1e9);
    let after = |stamped: &Stamped| stamped.t.saturating_sub(digest.zero()) as f64 / 1e9 - since;
    let find = |wanted: &dyn Fn(&Event) -> bool| digest.notable.iter().find(|stamped| wanted(&stamped.event)).map(after);
    let first = digest.notable.iter().find_map(|stamped| match &stamped.event {
        Event::FaultConfirmed(fault) => Some(fault.fault),
        _ => None,
    });
    let issued = first.is_some_and(|fault| digest.of_credential(fault));
    let known = if issued { "the issuer, checked" } else { "the proxy, checked" };
    let mut milestones = vec![Milestone { when: "0 s".into(), ..Milestone::at(0.0, "the fault is active", known) }];
    for (name, (at, source)) in digest.alerts() {
        let after = (at as f64 - digest.zero() as f64) / 1e9 - since;
        let known_from = format!("{source}, when Lifeboat received it");
        let what = Text::own("the alert ").then(Text::outside(name)).then(" arrives");
        milestones.push(Milestone::at(after, what, &known_from));
    }
    if let Some(began) = find(&|event| matches!(event, Event::RunbookStarted(_))) {
        milestones.push(Milestone::at(began, "the runbook starts", "Lifeboat"));
    }
    if let Some(healed) = find(&|event| matches!(event, Event::FaultHealed(fault) if !digest.of_credential(fault.fault))) {
        milestones.push(Milestone::at(healed, "the fault is healed", "the proxy, checked"));
    }
    milestones
}

/// What the requests show.
fn measured(verdict: &Verdict, digest: &Digest, measures: &Measures) -> Vec<Milestone> {
    let both = "traffic and proxy";
    let named = !nameless(verdict);
    let mut milestones = Vec::new();
    if let Some(dispatch) = measures.first_standby_dispatch {
        // Rounded as the beginnings of intervals are.
        let when = seconds_down(dispatch.0);
        milestones.push(Milestone { when, ..Milestone::at(dispatch.seconds(), "first request to a standby", "its proxy") });
    }
    // No answer comes before the first request.
    let asked = measures.first_standby_dispatch.map_or(0, |dispatch| dispatch.0);
    let answered = measures.first_standby.map(|first| Interval { lo: first.hi.map_or(asked, |hi| hi.min(asked)).max(first.lo), ..first });
    milestones.extend(answered.map(|first| Milestone::of(first, "first good answer from a standby", both)));
    milestones.push(Milestone::of(measures.restore, "service is good again", "traffic"));
    if named {
        let what = measures.share.as_ref().map_or_else(|| "a standby has taken over".into(), |share| Text::outside(share::moved(share)));
        let when = recovery::cutover(verdict, measures).trim_end_matches(" after the fault").to_owned();
        milestones.push(Milestone { when, ..Milestone::of(measures.cutover, what, both) });
    }
    if let Some(share) = measures.share.as_ref().filter(|share| share.waited > 0) {
        let what = format!("good after waiting for it: {}", counted(share.waited, "request"));
        let last = share.until.map_or(0.0, Millis::seconds);
        let when = share.until.map_or_else(String::new, |_| format!("the last sent at {last:.2} s"));
        milestones.push(Milestone { when, ..Milestone::at(last, what, both) });
    }
    milestones.push(Milestone::of(measures.sustained, "the same, and good until the fault ended", both));
    if let Some(hi) = recovery::gate(verdict, measures).hi {
        let (hold, at) = (verdict.terms.hold, hi + verdict.terms.hold.nanos());
        let what = format!("verified: that lasted for the hold of {}", span(hold));
        milestones.push(Milestone { when: seconds_up(at), ..Milestone::at(at as f64 / 1e9, what, "traffic") });
    }
    let healed = digest.fault_span().and_then(|(from, until)| Some(until? as f64 / 1e9 - from as f64 / 1e9));
    if let Some((failback, healed)) = measures.failback.filter(|_| named).zip(healed) {
        let healed = (healed * 1e9) as i64;
        let since_fault = Interval { lo: failback.lo + healed, hi: failback.hi.map(|hi| hi + healed) };
        let back = match &measures.share {
            Some(share) => Text::outside(share.of.join(" and ")).then(" has a share again"),
            None => "the primary serves again".into(),
        };
        milestones.push(Milestone::of(since_fault, back.then(", and stays"), both));
    }
    milestones
}
