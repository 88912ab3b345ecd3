//! What the runbook did during a drill, and what made it begin.

use crate::history::{Event, Stamped};
use crate::model::Runbook;
use crate::report::digest::Digest;
use crate::report::model::{Quantity, ReportStatus, ReportTable, Section, SectionKind, TableCell, TableRow, Text};

/// The section; nothing where the drill has no runbook.
pub(in crate::report) fn section(digest: &Digest) -> Option<Section> {
    let runbook = digest.started.as_ref()?.plan.runbook.as_ref()?;
    let mut rows: Vec<TableRow> = digest.notable.iter().filter_map(|stamped| row(stamped, runbook, digest.zero())).collect();
    if !began(digest) {
        let what = Text::own("the runbook was never started: ").then(Text::outside(runbook.detect.to_string())).then(" did not come");
        rows.push(TableRow::of([TableCell::BLANK, what.into(), TableCell::BLANK]));
    }
    let title = Text::own("Runbook: ").then(Text::outside(&runbook.name));
    let columns = vec!["since the traffic began", "what", "details"];
    Some(Section::new(SectionKind::Runbook, title).with(ReportTable { columns, rows }))
}

/// Whether it was started at all.
pub(in crate::report) fn began(digest: &Digest) -> bool {
    digest.notable.iter().any(|stamped| matches!(stamped.event, Event::RunbookStarted(_)))
}

fn row(stamped: &Stamped, runbook: &Runbook, zero: u64) -> Option<TableRow> {
    let name = |step: u32| runbook.steps.get(step as usize).map_or("a step", |step| step.name.as_str());
    let mut status: Option<ReportStatus> = None;
    let (what, seen) = match &stamped.event {
        Event::AlertReceived(alert) => {
            let state = if alert.firing { "fires" } else { "is resolved" };
            (format!("the alert {} {state}", alert.name), format!("by {}", alert.source))
        }
        Event::RunbookStarted(started) => ("the runbook starts".to_owned(), started.because.clone()),
        Event::ReactionModelled(reaction) => {
            let whose = reaction.step.map_or("people react", name);
            (format!("{whose}: modelled, not measured"), format!("{:.2} s, drawn from the seed", reaction.length as f64 / 1e9))
        }
        Event::StepStarted(step) if step.attempt > 1 => (format!("{}: try {}", step.name, step.attempt), String::new()),
        Event::StepStarted(step) => (format!("{}: started", step.name), String::new()),
        Event::StepFinished(step) => {
            status = Some(step.end.into());
            (format!("{}: {}", name(step.step), step.end), step.output.clone())
        }
        Event::StepUndone(step) => {
            status = Some(step.end.into());
            (format!("{}: undo {}", name(step.step), step.end), step.output.clone())
        }
        _ => return None,
    };
    let since = stamped.t.saturating_sub(zero);
    let quantity = Some(Quantity::Nanoseconds(i64::try_from(since).unwrap_or(i64::MAX)));
    let at = TableCell::of(format!("{:.2} s", since as f64 / 1e9), quantity);
    Some(TableRow { status, ..TableRow::of([at, Text::outside(what).into(), Text::outside(seen).into()]) })
}
