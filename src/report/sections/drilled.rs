//! Which drills walked the runbook before it was walked for real: in this very version, or only in an older one.

use crate::history::{Event, RunbookDrilled, Stamped};
use crate::report::model::{Block, Paragraph, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::wording::between;
use crate::units::counted;
use crate::verdict::Interval;

fn of(events: &[Stamped]) -> Vec<&RunbookDrilled> {
    let drilled = |stamped: &'_ Stamped| matches!(stamped.event, Event::RunbookDrilled(_));
    let told = events.iter().filter(|stamped| drilled(stamped));
    told.filter_map(|stamped| if let Event::RunbookDrilled(drilled) = &stamped.event { Some(drilled) } else { None }).collect()
}

/// In a sentence; nothing where nobody looked, as older builds did not.
pub(super) fn opening(events: &[Stamped]) -> Option<Block> {
    let drilled = of(events);
    let last = *drilled.last()?;
    let when = last.started.as_deref().and_then(|started| started.get(..10)).unwrap_or("a day that is not known");
    let verdict = last.verdict.as_deref().unwrap_or("not judged");
    let told = match (&last.drill, last.same) {
        (None, _) => "No drill had walked this runbook.".to_owned(),
        (Some(_), false) => {
            format!("No drill had walked this version of the runbook; the last, on {when}, walked an older one: {verdict}.")
        }
        (Some(_), true) => {
            let count = counted(drilled.len() as u64 + last.more, "drill");
            format!("{count} had walked this version of the runbook; the last, on {when}: {verdict}.")
        }
    };
    Some(Paragraph::plain(told).into())
}

/// One row a drill; nothing where none walked it.
pub(super) fn section(events: &[Stamped]) -> Option<Section> {
    let rows: Vec<TableRow> = of(events).into_iter().filter_map(row).collect();
    let columns = vec!["drill", "began", "version", "verdict", "cutover"];
    let section = Section::new(SectionKind::Drilled, "Drills of this runbook");
    (!rows.is_empty()).then(|| section.with(ReportTable { columns, rows }))
}

fn row(drilled: &RunbookDrilled) -> Option<TableRow> {
    let drill = drilled.drill.as_deref()?;
    let outside = |text: &Option<String>| TableCell::from(Text::outside(text.as_deref().unwrap_or("")));
    let cutover = drilled.cutover_lo.map(|lo| between(Interval { lo, hi: drilled.cutover_hi }));
    let version = if drilled.same { "this one" } else { "an older one" };
    let cells = [
        TableCell::from(Text::outside(drill)),
        outside(&drilled.started),
        TableCell::from(Text::own(version)),
        outside(&drilled.verdict),
        TableCell::from(Text::own(cutover.unwrap_or_default())),
    ];
    Some(TableRow::of(cells))
}
