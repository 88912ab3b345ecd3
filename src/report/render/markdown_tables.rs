//! Findings as a table of Markdown, and intervals as text.
//!
//! What this file does not do: say anything. All words come with the report, but for the headings.

use super::markdown_text::{Place, fenced, inline, row};
use crate::report::model::{IntervalPlot, Quantity, ReportFinding, Text};
use crate::report::words::wording::{between, capital};
use crate::units::counted;
use crate::verdict::Interval;

/// What is to be looked into: a row for each finding, with cells for the review to fill in.
pub(super) fn findings_table(findings: &[ReportFinding]) -> String {
    let heads = ["severity", "finding", "what would mend it", "state", "owner", "due", "ticket"].map(str::to_owned);
    let mut lines = vec![row(&heads), format!("|{}", "---|".repeat(heads.len()))];
    let written = |text: &Option<String>| text.as_ref().map(|text| inline(&Text::outside(text), Place::Cell)).unwrap_or_default();
    lines.extend(findings.iter().map(|finding| {
        let about = finding.about.as_ref().map(|about| Text::outside(about).then(": ")).unwrap_or_default();
        let notes = finding.notes.as_ref().map(|notes| Text::own(" ").then(Text::outside(notes))).unwrap_or_default();
        let shown = finding.evidence.count.map(|count| format!(" ({})", counted(count, "time"))).unwrap_or_default();
        let says = about.then(finding.says.clone()).then(shown).then(notes);
        row(&[
            word(&finding.severity),
            inline(&says, Place::Cell),
            finding.suggestion.as_ref().map(|suggestion| inline(&suggestion.text, Place::Cell)).unwrap_or_default(),
            word(&finding.state).replace('-', " "),
            written(&finding.owner),
            written(&finding.due),
            written(&finding.ticket),
        ])
    }));
    lines.join("\n")
}

/// A word as it stands in files.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Intervals one below the other.
pub(super) fn intervals(plot: &IntervalPlot) -> String {
    let told = |row: &crate::report::model::PlottedInterval| {
        let interval = match row.interval {
            Some(Quantity::Between { lo_ns, hi_ns }) => between(Interval { lo: lo_ns, hi: hi_ns }),
            _ => "not measured".to_owned(),
        };
        format!("{:<40} {:<24} {}", row.label.plain(), interval, row.status.word)
    };
    let lines: Vec<String> = plot.rows.iter().map(told).collect();
    format!("{}\n\n{}", fenced(&lines.join("\n")), capital(&inline(&plot.caption, Place::LineStart)))
}
