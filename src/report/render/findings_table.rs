//! Findings as rows and columns, for formats that have tables: what each is, and beside it what people write.

use crate::report::model::{FindingEvidence, FindingState, ReportFinding, ReportTable, Suggestion, TableCell, TableRow, Text};
use crate::units::grouped;

/// One row for each.
pub(super) fn table(findings: &[ReportFinding]) -> ReportTable {
    let columns = vec!["finding", "severity", "what was seen", "what to do", "owner", "due", "ticket", "state"];
    ReportTable { columns, rows: findings.iter().map(row).collect() }
}

fn row(finding: &ReportFinding) -> TableRow {
    let about = finding.about.as_ref().map(|about| Text::own(", ").then(Text::outside(about))).unwrap_or_default();
    // A name of letters, digits and hyphens, whoever chose it: `project` sees to that.
    let id = Text::own(format!("`{}`", finding.id)).then(about);
    let shown = evidence(&finding.evidence);
    let notes = finding.notes.as_ref().map(|notes| Text::own(" ").then(Text::outside(notes))).unwrap_or_default();
    let says = finding.says.clone().then(if shown.is_empty() { String::new() } else { format!(" ({shown})") }).then(notes);
    let filled = |written: &Option<String>| written.as_ref().map_or(TableCell::BLANK, |text| Text::outside(text).into());
    let advice = finding.suggestion.as_ref().map_or(TableCell::BLANK, |Suggestion { text, .. }| text.clone().into());
    let cells = [
        id.into(),
        finding.severity.word().into(),
        says.into(),
        advice,
        filled(&finding.owner),
        filled(&finding.due),
        filled(&finding.ticket),
        state(finding).into(),
    ];
    TableRow { key: Some(finding.id.clone()), ..TableRow::of(cells) }
}

/// Whether it is new.
fn state(finding: &ReportFinding) -> Text {
    match (finding.state, &finding.since) {
        (FindingState::StillThere, Some(since)) => Text::own("still there, since ").then(Text::outside(since)),
        (FindingState::StillThere, None) => "still there".into(),
        (state, _) => state.word().into(),
    }
}

/// Where it stands in the history: `lines 12 and 15, requests 4 and 7, 56 in all`.
fn evidence(evidence: &FindingEvidence) -> String {
    let list = |what: &str, numbers: &[u64]| {
        let all: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let plural = if all.len() == 1 { "" } else { "s" };
        (!all.is_empty()).then(|| format!("{what}{plural} {}", listed(&all)))
    };
    let shown = evidence.events.len().max(evidence.requests.len()) as u64;
    let all = evidence.count.filter(|count| *count > shown && shown > 0).map(|count| format!("{} in all", grouped(count)));
    let parts = [list("line", &evidence.events), list("request", &evidence.requests), all];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `1, 2 and 3`.
fn listed(items: &[String]) -> String {
    match items {
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
        [] => String::new(),
    }
}
