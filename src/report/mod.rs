//! Verdict and history → what people read. Bytes out, no files.
//!
//! A report is built first and written down afterwards:
//!
//! ```text
//!  history ─digest─┐
//!                  ├─ builders ─► Report ─ renderers ─► report.md (and whatever else a report is written as)
//!  verdict ─words──┘
//! ```
//!
//! - **Model** (`model`): [`Report`], its sections and blocks. It holds what is meant (a status, an objective, nanoseconds, whose words
//!   they are) and no markup.
//! - **Words**: sentences about a verdict, each file about one subject, the same for report, terminal and `verdict.json`. `headline` is the verdict
//!   in one sentence; `because` says why it is open and `advice` what to do; they draw on `recovery`, `scattered`, `stability`,
//!   `share`, `rescue`, `credential`, `stopped` and `open`. `nature` answers what kind of verdict it is, `wording` writes lengths and limits.
//! - **Builders**: `drill` lists the sections of a drill's report in their order; each has a file: `picture`, `found` (sentences that the numbers
//!   carry), `waterfall` (with `way`), `objectives`, `faults`, `traffic` with `providers`, `credential_section`, `runbook`,
//!   `restoration`, `limits`, `basis`; `findings` is a folder of its own. What is about one workload takes a `subject`.
//!   `execution` (with `keys`) is the same for a runbook that was walked for real, `summary` for the end of a drill on a terminal.
//! - **Renderers** (`render`): whole ones, `html` with `svg`, `markdown` with `bars`, and `json`; for programs of others `junit`, `oscal`, `otlp` and `grafana`; for chats
//!   `short`. Those without room for the whole take a `gist`. `terminal` is for the end of a drill.
//!
//! **To add a section**: a file with `fn section(…) -> Option<Section>`, a kind in [`SectionKind`], a line in `drill`. It builds [`Text::own`]
//! from Lifeboat's words and [`Text::outside`] from whatever files, programs and people wrote; a cell that is a number bears the number.
//!
//! **To add a renderer**: a file with `fn name(report: &Report) -> String`. It decides how things look and never what is said: where it lacks
//! something, the model lacks it. It must keep every phrase from being read as markup.
//!
//! `tests/whole` holds whole reports; where one is changed on purpose, `INSTA_UPDATE=always cargo test --lib report::` writes it anew.
//!
//! What this room does not do: measure (`verdict` does; nothing here computes a number that a verdict depends on), or read and write
//! files (`exercise`).

mod context;
mod digest;
mod findings;
mod model;
mod patch;
mod render;
mod repeated;
mod sections;
#[cfg(test)]
mod tests;
mod words;

pub use context::{DrillContext, EarlierDrill, EarlierDrills};
pub use digest::Digest;
pub use findings::kept_findings;
pub use model::{
    Block, DrillPicture, Fact, FindingEvidence, FindingId, FindingSeverity, FindingState, Grade, IntervalPlot, LatencyKind, LatencyLimit,
    LatencyLine, MarkKind, OverlaySeries, Paragraph, ParagraphKind, Phrase, PhraseForm, PhraseSource, PictureInterval, PictureMark,
    PictureObjective, PictureSeries, PictureSpan, PlottedInterval, Quantity, Report, ReportFinding, ReportIdentity, ReportKind,
    ReportStatus, ReportTable, Section, SectionKind, SeriesEnding, SpanKind, StageTime, Suggestion, TableCell, TableRow, Text, Waterfall,
    WaterfallMoment, WaterfallStage,
};
pub use patch::patch;
pub use render::grafana::{GrafanaAnnotation, grafana, grafana_annotations};
pub use render::html::{badge, html};
pub use render::json::{REPORT_FORMAT, ReportDocument, report_json, report_schema};
pub use render::junit::junit;
pub use render::markdown::{markdown, markdown_beside};
pub use render::oscal::{OSCAL_VERSION, oscal, oscal_props, oscal_token};
pub use render::otlp::otlp;
pub use render::screen::{LineTone, ScreenLine, screen};
pub use render::short::{slack, teams};
pub use render::svg::{picture_style, picture_within, svg};
pub use repeated::{JudgedTrial, RepeatedDrills, RepeatedTrial, TrialOutcome};
pub use sections::candidates::{candidates, candidates_summary};
pub use sections::comparison::{ComparedDrill, comparison};
pub use sections::drill::drill;
pub use sections::execution::execution;
pub use sections::incident::{IncidentFacts, UsersSide, recorded, walked};
pub use sections::night_review::{night_review, steps_to_review};
pub use sections::repeats::{repeats, repeats_statement};
pub use sections::repeats_summary::{repeats_summary, repeats_table, trial_line};
pub use sections::summary::{cutover, summary, summary_with};

use crate::verdict::{Verdict, VerdictRecord};

/// `verdict.json` of a drill, or of what others recorded, of which there is no digest. Two blanks of indentation, a line break at the end. What
/// could drive a terminal is escaped, as JSON escapes it.
pub fn json(verdict: &Verdict, digest: Option<&Digest>) -> String {
    verdict_json(&verdict_record(verdict, digest))
}

/// `verdict.json` of a record of a verdict.
pub fn verdict_json(record: &VerdictRecord) -> String {
    render::json::written(record)
}

/// What stands in `verdict.json`: with the verdict's reason in words, and what to do, as the terminal and the report have them.
pub fn verdict_record(verdict: &Verdict, digest: Option<&Digest>) -> VerdictRecord {
    let started = digest.and_then(|digest| digest.started.as_deref());
    let undecided = verdict.reason.is_some();
    let because = undecided.then(|| words::because::because(verdict));
    let hint = words::advice::hint(verdict).filter(|_| undecided).map(Into::into);
    let unproven = digest.and_then(Digest::unproven).map(str::to_owned);
    VerdictRecord { because, hint, unproven, ..VerdictRecord::new(verdict, started) }
}
