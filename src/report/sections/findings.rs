//! What is to be looked into after a drill: whatever failed or nearly failed, with room for who does it, until when, and where it is tracked.

use super::subject::Subject;
use super::{objectives, runbook};
use crate::history::{Event, StepEnd};
use crate::model::StartMode;
use crate::report::digest::Digest;
use crate::report::model::{ReportStatus, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::because::because;
use crate::report::words::credential;
use crate::report::words::wording::capital;
use crate::units::counted;
use crate::verdict::Decision;

/// The section; nothing where there is nothing to look into.
pub(in crate::report) fn section(digest: &Digest, subjects: &[Subject<'_>]) -> Option<Section> {
    let mut findings: Vec<SeenFinding> = seen(digest);
    findings.extend(alert_that_never_came(digest).map(SeenFinding::from));
    findings.extend(subjects.iter().flat_map(judged));
    let row = |finding: SeenFinding| TableRow { key: finding.objective, status: finding.status, ..blank(&capital(&finding.text)) };
    table(findings.into_iter().map(row).collect())
}

/// A finding that nobody has taken yet.
pub(in crate::report) fn blank(text: &str) -> TableRow {
    TableRow::of([Text::outside(text).into(), TableCell::BLANK, TableCell::BLANK, TableCell::BLANK])
}

/// The section with these findings.
pub(in crate::report) fn table(rows: Vec<TableRow>) -> Option<Section> {
    let columns = vec!["finding", "owner", "due", "ticket"];
    (!rows.is_empty()).then(|| Section::new(SectionKind::Findings, "Findings").with(ReportTable { columns, rows }))
}

/// What is to be looked into.
struct SeenFinding {
    text: String,
    /// The objective that it is about, and how that was judged.
    objective: Option<String>,
    status: Option<ReportStatus>,
}

impl From<String> for SeenFinding {
    fn from(text: String) -> Self {
        Self { text, objective: None, status: None }
    }
}

/// What was seen while the drill ran.
fn seen(digest: &Digest) -> Vec<SeenFinding> {
    let each = digest.notable.iter().filter_map(|stamped| {
        Some(match &stamped.event {
            Event::Cancelled(cancelled) => {
                format!("The drill was stopped early: {}.", cancelled.detail.lines().next().unwrap_or_default())
            }
            Event::ProxyClock(clock) => format!(
                "The fault proxy ran on another host, whose clock is known to within {:.2} ms; the times of faults are less certain by that much.",
                clock.error.saturating_mul(2) as f64 / 1e6
            ),
            Event::AlertsLeftOut(left_out) if left_out.awaited + left_out.others + left_out.unread > 0 => format!("{left_out}."),
            Event::Remark(remark) => format!("{}.", remark.text),
            Event::SightGap(gap) => format!("The proxy missed {}: it was not read fast enough.", counted(gap.missed, "exchange")),
            Event::StepFinished(step) if step.end != StepEnd::Done => {
                format!("Step {} of the runbook{}: {}.", step.step + 1, step_name(digest, step.step), step.end)
            }
            _ => return None,
        })
    });
    each.map(SeenFinding::from).collect()
}

/// `, Store the key`; empty where the runbook is not known.
fn step_name(digest: &Digest, step: u32) -> String {
    let runbook = digest.started.as_ref().and_then(|started| started.plan.runbook.as_ref());
    runbook.and_then(|runbook| runbook.steps.get(step as usize)).map_or_else(String::new, |step| format!(", {}", step.name))
}

/// The team's own alert was to start the runbook, and did not.
fn alert_that_never_came(digest: &Digest) -> Option<String> {
    let runbook = digest.started.as_ref()?.plan.runbook.as_ref()?;
    let alert = runbook.detect.goal.alert().filter(|_| runbook.start == StartMode::OnDetection)?;
    (!runbook::began(digest)).then(|| format!("The alert {alert} never came, so the runbook {} was never started.", runbook.name))
}

/// What the verdict objects to.
fn judged(subject: &Subject<'_>) -> Vec<SeenFinding> {
    let verdict = subject.verdict;
    let whose = subject.name().map(|name| format!("Workload {name}: ")).unwrap_or_default();
    let mut findings: Vec<SeenFinding> =
        credential::findings(verdict).into_iter().map(|finding| format!("{whose}{finding}.").into()).collect();
    let bad = verdict.objectives.iter().filter(|objective| objective.verdict != Decision::Met && !credential::tells(objective.name));
    for objective in bad {
        let word = if whose.is_empty() { "Objective" } else { "objective" };
        let terms = verdict.measures.as_ref().map(|measures| objectives::terms(subject, objective.name, measures));
        let terms = terms.map(|terms| format!(" ({}): {}", terms.promised, terms.measured)).unwrap_or_default();
        let text = format!("{whose}{word} {}{terms}: {}.", objective.name, objective.verdict);
        findings.push(SeenFinding { text, objective: Some(objective.name.to_string()), status: Some(objective.verdict.into()) });
    }
    if verdict.reason.is_some_and(|reason| !reason.is_told_by_objectives()) {
        findings.push(format!("{whose}{}.", because(verdict)).into());
    }
    findings
}
