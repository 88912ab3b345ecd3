//! A comparison in each of its formats: on the terminal, in its folder, and to stdout.

use super::arguments::relative;
use super::terminal::{put_path, put_report, width};
use super::{Exit, put, say};
use crate::compare::ComparisonFolder;
use crate::evaluation::{Comparison, ComparisonEnd, comparison_csv};
use crate::report::{candidates, candidates_summary, html, junit, markdown, report_json, screen, slack, teams};

/// As what a comparison is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum CompareFormat {
    /// Markdown, as in `report.md`
    Md,
    /// What was measured, as in `comparison.json`
    Json,
    /// A page, as in `report.html`
    Html,
    /// A table: a row for each candidate
    Csv,
    /// JUnit's XML: with `--against` a case for each measure
    Junit,
    /// The report as JSON; `lifeboat schema report` tells its form
    Report,
    /// A message for Slack's incoming webhooks
    Slack,
    /// A message for Teams' webhooks, with an Adaptive Card
    Teams,
}

/// A comparison in a format.
pub(super) fn rendered(comparison: &Comparison, format: CompareFormat) -> anyhow::Result<String> {
    let report = candidates(comparison);
    Ok(match format {
        CompareFormat::Md => markdown(&report),
        CompareFormat::Json => serde_json::to_string_pretty(comparison)? + "\n",
        CompareFormat::Html => html(&report),
        CompareFormat::Csv => comparison_csv(comparison),
        CompareFormat::Junit => junit(&report),
        CompareFormat::Report => report_json(&report, None),
        CompareFormat::Slack => slack(&report, None),
        CompareFormat::Teams => teams(&report, None),
    })
}

/// Writes the reports into the folder, says what came out, and how it ends.
pub(super) fn conclude(comparison: &Comparison, folder: &ComparisonFolder, format: Option<CompareFormat>) -> anyhow::Result<Exit> {
    let report = candidates(comparison);
    folder.write("report.html", html(&report).as_bytes())?;
    folder.write("report.md", markdown(&report).as_bytes())?;
    match format {
        Some(format) => put(&rendered(comparison, format)?)?,
        None => {
            put_report(&screen(&candidates_summary(comparison), width()))?;
            put("\n")?;
            for (label, file) in [("comparison", "comparison.json"), ("report", "report.html")] {
                put_path(label, &relative(&folder.path().join(file)))?;
            }
        }
    }
    let exit = exit(comparison);
    if exit == Exit::Inconclusive {
        say(&format!("not everything can be concluded: {} answered nothing", comparison.silent().join(", ")));
    }
    Ok(exit)
}

/// How it ends.
fn exit(comparison: &Comparison) -> Exit {
    match () {
        () if comparison.head.ended == ComparisonEnd::Stopped => Exit::Safety,
        () if comparison.has_regressed() => Exit::Missed,
        () if !comparison.silent().is_empty() => Exit::Inconclusive,
        () => Exit::Met,
    }
}
