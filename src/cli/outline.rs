//! `lifeboat run --dry-run`: what drills would do, without doing it, for people and for programs.
//!
//! What this file does not do: know what a plan says (`exercise`).

use super::terminal::{broken, width};
use super::{Exit, put};
use crate::exercise::{OutlineLine, PlannedDrill, outline, plan_hash};
use serde_json::json;
use std::io::IsTerminal;

/// Columns before what a label is about.
const INDENT: usize = 14;

/// How a plan is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OutlineFormat {
    /// For people
    #[default]
    Text,
    /// For programs: the same lines, each with its label
    Json,
}

impl std::fmt::Display for OutlineFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::Text { "text" } else { "json" })
    }
}

/// What drills would do.
pub(super) fn shown(drills: &[PlannedDrill], repeat: u32, format: OutlineFormat) -> anyhow::Result<Exit> {
    let mut all = Vec::new();
    for drill in drills {
        let plan = &drill.plan;
        let lines = outline(drill, repeat);
        match format {
            OutlineFormat::Text => put(&text(&plan.scenario.title, &lines))?,
            OutlineFormat::Json => {
                let lines: Vec<_> = lines.iter().map(|line| json!({"label": line.label, "text": line.text})).collect();
                let scenario = &plan.scenario;
                all.push(json!({
                    "scenario": scenario.name,
                    "title": scenario.title,
                    "environment": plan.environment_name,
                    "plan_sha256": plan_hash(plan),
                    "lines": lines,
                }));
            }
        }
    }
    if format == OutlineFormat::Json {
        put(&format!("{:#}\n", json!({"plans": all})))?;
    }
    Ok(Exit::Met)
}

/// For people: broken between words where a terminal shows it, and whole where something else reads it.
fn text(title: &str, lines: &[OutlineLine]) -> String {
    let fits = std::io::stdout().is_terminal().then(|| width().saturating_sub(INDENT).max(24));
    laid_out(title, lines, fits)
}

fn laid_out(title: &str, lines: &[OutlineLine], fits: Option<usize>) -> String {
    let mut text = format!("{title}\n");
    let mut before = "";
    for OutlineLine { label, text: words } in lines {
        // What goes on needs no second label.
        let label = if *label == before && MANY.contains(label) { "" } else { label };
        let told = fits.map_or_else(|| words.clone(), |fits| hung(words, fits));
        text += format!("  {label:<11} {told}").trim_end();
        text.push('\n');
        before = if label.is_empty() { before } else { label };
    }
    text
}

/// Broken between words; what goes on is indented as the whole is, and what belongs to the line before as that does.
fn hung(words: &str, fits: usize) -> String {
    let inner = words.len() - words.trim_start().len();
    let indent = format!("\n{}", " ".repeat(INDENT + inner));
    " ".repeat(inner) + &broken(words.trim_start(), fits - inner).replace('\n', &indent)
}

/// Labels of which several lines follow each other, so that the first says it for all.
const MANY: [&str; 6] = ["starts", "files", "secrets", "stays", "guards", "allowed"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_fits_where_it_is_shown_and_breaks_no_word() {
        let lines = [
            OutlineLine::new("environment", "lab, service chat"),
            OutlineLine::new("starts", "a program with many words, each of which can be read where it stands (step 1 of a-runbook)"),
            OutlineLine::new("starts", "another"),
        ];
        for fits in [26, 36, 66] {
            let text = laid_out("A drill", &lines, Some(fits));
            assert!(text.lines().all(|line| line.chars().count() <= fits + INDENT), "{fits}: {text}");
            let (words, given) = (text.split_whitespace().collect::<Vec<_>>(), "a program with many words, each of which can be read");
            assert!(words.join(" ").contains(given) && text.matches("starts").count() == 1, "{text}");
        }
        assert!(laid_out("A drill", &lines, None).contains("  environment lab, service chat\n"));
    }
}
