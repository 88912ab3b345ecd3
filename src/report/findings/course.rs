//! What happened to a drill while it ran: it was stopped, steps failed, somebody was not told, something was missed or left behind.

use super::half_done::not_taken_back;
use super::{finding, knobs};
use crate::history::{Event, FaultHealed, Remark, RemarkAbout, StepEnd};
use crate::model::{FindingId, FindingSeverity, StartMode};
use crate::report::digest::Digest;
use crate::report::model::{ReportFinding, Suggestion, Text};
use crate::report::sections::runbook;
use crate::report::words::wording::{capital, length};
use crate::units::{closest, counted};
use std::collections::BTreeMap;

pub(super) fn findings(digest: &Digest) -> Vec<ReportFinding> {
    let lines = digest.traces.notable.iter().copied().chain(std::iter::repeat(None));
    let mut found: Vec<ReportFinding> =
        digest.notable.iter().zip(lines).filter_map(|(stamped, line)| Some(seen(digest, &stamped.event)?.at_line(line))).collect();
    let runbook = digest.started.as_ref().and_then(|started| started.plan.runbook.as_ref());
    let steps = runbook.map_or(&[][..], |runbook| &runbook.steps);
    found.extend(not_taken_back(steps, digest.notable.iter().map(|stamped| &stamped.event)));
    found.extend(unhealed(digest));
    found.extend(others_touched(digest));
    found.extend(alert_of_something_else(digest));
    found.into_iter().map(advised).collect()
}

/// The same with what to do about it, where nothing was said.
pub(super) fn advised(mut finding: ReportFinding) -> ReportFinding {
    let kind = finding.kind();
    let general = || kind.and_then(|kind| knobs::suggestion(None, kind, &knobs::Gauge::default()));
    finding.suggestion = finding.suggestion.take().or_else(general);
    finding
}

/// What one event says against the drill.
fn seen(digest: &Digest, event: &Event) -> Option<ReportFinding> {
    use FindingSeverity::{High, Low, Medium};
    Some(match event {
        Event::Cancelled(cancelled) => {
            let why = cancelled.detail.lines().next().unwrap_or_default();
            finding(FindingId::DrillStopped, Medium, Text::own("The drill was stopped early: ").then(Text::outside(why)).then("."))
        }
        Event::ProxyClock(clock) => {
            let error = clock.error.saturating_mul(2) as f64 / 1e6;
            let says = format!(
                "The fault proxy ran on another host, whose clock is known to within {error:.2} ms; the times of faults are less certain by that much."
            );
            finding(FindingId::ProxyClock, Low, says)
        }
        Event::AlertsLeftOut(left_out) if left_out.awaited + left_out.others + left_out.unread > 0 => {
            finding(FindingId::AlertsLeftOut, Low, capital(&format!("{left_out}.")))
        }
        Event::Remark(remark) => of_remark(remark),
        Event::SightGap(gap) => {
            let says = format!("The proxy missed {}: it was not read fast enough.", counted(gap.missed, "exchange"));
            finding(FindingId::ProxyMissed, Medium, says)
        }
        Event::StepFinished(step) if step.end != StepEnd::Done => {
            let (id, severity) = if step.end == StepEnd::Skipped { (FindingId::StepSkipped, Low) } else { (FindingId::StepFailed, Medium) };
            of_step(digest, id, severity, step.step, &step.end.to_string())
        }
        Event::StepUndone(step) if step.end != StepEnd::Done => {
            of_step(digest, FindingId::UndoFailed, High, step.step, &format!("not taken back, {}", step.end))
        }
        Event::Spared(spared) if !spared.is_proven() => {
            let (id, severity) = match spared.unmarked_touched {
                Some(_) => (FindingId::OthersTouched, High),
                None => (FindingId::ProxyMissed, Medium),
            };
            finding(id, severity, Text::outside(format!("{}.", capital(&spared.told())))).about(Some(spared.on.as_str()))
        }
        Event::FaultHealed(FaultHealed { on, expired: true, .. }) => {
            let says = Text::own("The fault on ").then(Text::outside(on)).then(" ended by itself: nobody renewed its lease.");
            finding(FindingId::LeaseExpired, Medium, says).about(Some(on.as_str()))
        }
        _ => return None,
    })
}

/// What a remark says. Its words are Lifeboat's, with names from outside.
pub(super) fn of_remark(remark: &Remark) -> ReportFinding {
    use FindingSeverity::{High, Low, Medium};
    let (id, severity) = match remark.about {
        RemarkAbout::Redaction => (FindingId::SecretNotKnown, High),
        RemarkAbout::Sight => (FindingId::ProxyMissed, Medium),
        RemarkAbout::Store => (FindingId::LeftBehind, High),
        RemarkAbout::Clock => (FindingId::ProxyClock, Low),
        RemarkAbout::Traffic => (FindingId::TrafficRemark, Low),
        RemarkAbout::Open => (FindingId::LeftOpen, Medium),
        RemarkAbout::Format => (FindingId::NewerFormat, Low),
        RemarkAbout::Alerts => (FindingId::AlertsNotHeard, Medium),
    };
    finding(id, severity, Text::outside(capital(&format!("{}.", remark.text.trim_end_matches('.')))))
}

/// `Step 2 of the runbook, Store the key: failed.`
fn of_step(digest: &Digest, id: FindingId, severity: FindingSeverity, place: u32, what: &str) -> ReportFinding {
    let runbook = digest.started.as_ref().and_then(|started| started.plan.runbook.as_ref());
    let name = runbook.and_then(|runbook| runbook.steps.get(place as usize)).map(|step| step.name.as_str());
    let named = name.map_or_else(Text::default, |name| Text::own(", ").then(Text::outside(name)));
    let says = Text::own(format!("Step {} of the runbook", place + 1)).then(named).then(format!(": {what}."));
    finding(id, severity, says).about(Some(name.map_or_else(|| (place + 1).to_string(), str::to_owned)))
}

/// Faults that came into force and of which no heal was seen. A credential at its issuer is never healed.
fn unhealed(digest: &Digest) -> Vec<ReportFinding> {
    let mut open: BTreeMap<u32, (&str, Option<u64>)> = BTreeMap::new();
    let lines = digest.traces.notable.iter().copied().chain(std::iter::repeat(None));
    for (stamped, line) in digest.notable.iter().zip(lines) {
        match &stamped.event {
            Event::FaultConfirmed(fault) if !digest.of_credential(fault.fault) => _ = open.insert(fault.fault, (&fault.on, line)),
            Event::FaultHealed(fault) => _ = open.remove(&fault.fault),
            _ => {}
        }
    }
    let each = open.into_values().map(|(on, line)| {
        let says = Text::own("Nothing confirms that the fault on ").then(Text::outside(on)).then(" was healed.");
        finding(FindingId::HealNotConfirmed, FindingSeverity::High, says).about(Some(on)).at_line(line)
    });
    each.collect()
}

/// Requests of others that a fault touched: the drill hurt somebody who was no part of it.
fn others_touched(digest: &Digest) -> Vec<ReportFinding> {
    let each = digest.traces.others.iter().map(|(provider, trace)| {
        let says = Text::own("The fault on ").then(Text::outside(provider)).then(format!(
            " also touched {} that {} not the drill's.",
            counted(trace.count, "request"),
            if trace.count == 1 { "is" } else { "are" }
        ));
        finding(FindingId::OthersTouched, FindingSeverity::Medium, says).about(Some(provider.as_str())).shown_by(trace)
    });
    each.collect()
}

/// The team's own alert was to start the runbook, and did not come, or told of something else than the fault.
fn alert_of_something_else(digest: &Digest) -> Option<ReportFinding> {
    let runbook = digest.started.as_ref()?.plan.runbook.as_ref()?;
    let name = runbook.detect.goal.alert().filter(|_| runbook.start == StartMode::OnDetection)?;
    let alerts = digest.alerts();
    let seen = alerts.get(name);
    let told = Text::own("The alert ").then(Text::outside(name));
    if runbook::began(digest) {
        let early = seen.and_then(|alert| alert.fired_before_fault(digest))?;
        let says = told.then(" started the runbook ").then(Text::outside(&runbook.name)).then(format!(
            ", but by its sender's clock it fired already {} before the fault: it tells nothing of this one, or that clock is behind.",
            length(early)
        ));
        return Some(finding(FindingId::AlertBeforeFault, FindingSeverity::Medium, says).about(Some(name)));
    }
    let started = |says: Text| says.then("; the runbook ").then(Text::outside(&runbook.name)).then(" was never started.");
    if let Some(alert) = seen {
        let before = digest.since_fault(alert.at).unsigned_abs();
        let before = alert.fired_before_fault(digest).unwrap_or(before);
        let says = told.then(format!(" fired already {} before the fault, so it tells nothing of this one", length(before)));
        return Some(finding(FindingId::AlertBeforeFault, FindingSeverity::High, started(says)).about(Some(name)));
    }
    let says = match closest(name, alerts.keys().copied()) {
        Some(alike) => {
            let says = started(told.then(" never came, but ").then(Text::outside(alike)).then(" did"));
            let text = Text::own("Write the name in the runbook as it arrives: ").then(Text::outside(alike)).then(".");
            let suggestion = Some(Suggestion { gateway: None, setting: None, value: None, text });
            let found = finding(FindingId::AlertNeverCame, FindingSeverity::High, says).about(Some(name));
            return Some(ReportFinding { suggestion, ..found });
        }
        None => told.then(" never came, so the runbook ").then(Text::outside(&runbook.name)).then(" was never started."),
    };
    Some(finding(FindingId::AlertNeverCame, FindingSeverity::High, says).about(Some(name)))
}
