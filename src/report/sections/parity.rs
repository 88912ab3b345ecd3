//! What primary and standby refuse: each probe, and who decided what on both sides.
//!
//! What this file does not do: tell what was asked. That is the team's own, and stands in no report.

use super::subject::Subject;
use crate::report::model::{ReportTable, Section, SectionKind, TableRow, Text};
use crate::report::words::passage;

/// The section; nothing where nothing was probed.
pub(in crate::report) fn section(subject: &Subject<'_>) -> Option<Section> {
    let probes = &subject.verdict.parity;
    let columns = vec!["probe", "expected", "while the primary served", "while the standby served", "verdict"];
    let rows = probes.iter().map(|probe| {
        let cells = [
            Text::outside(&probe.name).into(),
            probe.expected.map_or("the same on both", |expected| expected.word()).into(),
            Text::outside(passage::side(&probe.primary)).into(),
            Text::outside(passage::side(&probe.standby)).into(),
            probe.verdict.to_string().into(),
        ];
        TableRow { status: Some(probe.verdict.into()), ..TableRow::of(cells) }
    });
    let table = ReportTable { columns, rows: rows.collect() };
    (!probes.is_empty()).then(|| Section::new(SectionKind::Parity, "What primary and standby refuse").with(table))
}
