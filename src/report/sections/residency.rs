//! Where the requests of a workload went, with which keys and for which tenants, against where they may go.
//!
//! What this file does not do: judge (`verdict`).

use super::subject::Subject;
use crate::report::model::{Paragraph, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::passage;
use crate::report::words::wording::capital;
use crate::units::{Fingerprint, counted};
use crate::verdict::{Residency, SentIdentity};

/// The section; nothing where nothing was promised and no key went astray.
pub(in crate::report) fn section(subject: &Subject<'_>) -> Option<Section> {
    let verdict = subject.verdict;
    if verdict.residency.is_none() && verdict.leaked_keys.is_empty() {
        return None;
    }
    let mut section = Section::new(SectionKind::Residency, "Where requests went");
    section.status = verdict.residency.as_ref().map(|residency| residency.verdict.into());
    if let Some(residency) = &verdict.residency {
        let told = format!("{}: {}; {}.", capital(&passage::permitted(residency)), residency.verdict, passage::where_to(residency));
        section = section.with(Paragraph::plain(Text::outside(told)));
    }
    for leak in &verdict.leaked_keys {
        section = section.with(Paragraph::plain(Text::outside(passage::leak(leak))));
    }
    let columns =
        vec!["provider", "stands in", "permitted", "requests that reached it", "keys that they carried", "tenants that they named"];
    let rows = verdict.identities.iter().map(|sent| row(sent, verdict.residency.as_ref())).collect();
    Some(section.with(ReportTable { columns, rows }))
}

fn row(sent: &SentIdentity, residency: Option<&Residency>) -> TableRow {
    let permitted = match (residency, &sent.residency) {
        (None, _) => "not promised",
        (Some(residency), Some(place)) if residency.permitted.contains(place) => "yes",
        (Some(_), Some(_)) => "no",
        (Some(_), None) => "no residency told",
    };
    let place = sent.residency.as_ref().map_or_else(|| "not said".into(), Text::outside);
    TableRow::of([
        Text::outside(&sent.provider).into(),
        place.into(),
        permitted.into(),
        TableCell::count(sent.attempts),
        names(&sent.keys).into(),
        names(&sent.tenants).into(),
    ])
}

/// `3fa9c1d2 (40 requests)`.
fn names(seen: &[(Fingerprint, u64)]) -> String {
    let each: Vec<String> = seen.iter().map(|(name, count)| format!("{name} ({})", counted(*count, "request"))).collect();
    if each.is_empty() { "none".into() } else { each.join(", ") }
}
