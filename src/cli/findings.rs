//! `lifeboat findings`: what past drills showed and is still open, from the `findings.yaml` beside each; of a scenario in an environment that of
//! its newest drill, which has what came before.

use super::assign::{FindingCommand, decide};
use super::{Exit, put, say};
use crate::exercise::reviews_in;
use crate::model::{FindingState, KeptFinding, KeptFindings};
use crate::project::Project;
use crate::units::{counted, printable};
use anyhow::Context;
use chrono::{Local, NaiveDate};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Columns of a table.
const WIDTH: usize = 80;

/// Lists what past drills found and is still open, with its owner, due date and ticket.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<FindingCommand>,
    /// A folder of drills, or one drill's; without it `drills` of the project
    folder: Option<PathBuf>,
    /// What is gone and what was accepted as well
    #[arg(long)]
    all: bool,
    /// As what it is written
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
}

const EXAMPLES: &str = "Examples:
  lifeboat findings
  lifeboat findings drills/2026-11-20T14-03-07-azure-outage-2a1f --all
  lifeboat findings --format json
  lifeboat findings assign dead-primary-asked --owner ann --due 2026-12-01

People write owner, due, ticket, notes and `state: accepted` into the findings.yaml of a drill; the next drill of the
same scenario takes them over.";

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ListFormat {
    /// Rows for people
    Table,
    /// An array of objects
    Json,
}

/// A finding of a drill.
#[derive(Debug, Serialize)]
struct OpenFinding<'a> {
    scenario: Option<&'a str>,
    environment: Option<&'a str>,
    drill: Option<&'a str>,
    id: &'a str,
    about: Option<&'a str>,
    severity: &'static str,
    says: &'a str,
    suggestion: Option<&'a str>,
    since: Option<&'a str>,
    last_seen: Option<&'a str>,
    state: &'static str,
    owner: Option<&'a str>,
    due: Option<&'a str>,
    overdue: bool,
    ticket: Option<&'a str>,
    notes: Option<&'a str>,
}

pub(super) fn findings(args: &Args) -> anyhow::Result<Exit> {
    if let Some(command) = &args.command {
        return decide(command);
    }
    let folder = match &args.folder {
        Some(folder) if folder.is_dir() => folder.clone(),
        Some(folder) => {
            say(&format!("error: {} is no folder\n\nhint: name a folder of drills, or one drill's", folder.display()));
            return Ok(Exit::Usage);
        }
        None => Project::find(Path::new(".")).context("without a project, name the folder of the drills")?.join("drills"),
    };
    let reviews = newest(reviews_in(&folder)?);
    let today = Local::now().date_naive();
    let mut open: Vec<OpenFinding<'_>> = reviews.iter().flat_map(|kept| of(kept, args.all, today)).collect();
    open.sort_by_key(|finding| (finding.scenario, finding.environment, weight(finding.severity)));
    match args.format {
        ListFormat::Json => put(&(serde_json::to_string_pretty(&open)? + "\n"))?,
        ListFormat::Table => put(&table(&open, reviews.len()))?,
    }
    Ok(Exit::Met)
}

/// Of each scenario in each environment what its newest drill keeps.
fn newest(reviews: Vec<(String, KeptFindings)>) -> Vec<KeptFindings> {
    let mut newest: BTreeMap<(Option<String>, Option<String>), KeptFindings> = BTreeMap::new();
    for (folder, mut kept) in reviews {
        kept.drill.get_or_insert(folder);
        newest.insert((kept.scenario.clone(), kept.environment.clone()), kept);
    }
    newest.into_values().collect()
}

fn of(kept: &KeptFindings, all: bool, today: NaiveDate) -> impl Iterator<Item = OpenFinding<'_>> {
    let is_open = |entry: &&KeptFinding| matches!(entry.state, FindingState::New | FindingState::StillThere);
    kept.entries.iter().filter(move |entry| all || is_open(entry)).map(move |entry| OpenFinding {
        scenario: kept.scenario.as_deref(),
        environment: kept.environment.as_deref(),
        drill: kept.drill.as_deref(),
        id: &entry.id,
        about: entry.about.as_deref(),
        severity: entry.severity.word(),
        says: &entry.says,
        suggestion: entry.suggestion.as_deref(),
        since: entry.since.as_deref(),
        last_seen: entry.last_seen.as_deref(),
        state: entry.state.word(),
        owner: entry.owner.as_deref(),
        due: entry.due.as_deref(),
        overdue: is_open(&entry) && entry.due.as_deref().and_then(day).is_some_and(|due| due < today),
        ticket: entry.ticket.as_deref(),
        notes: entry.notes.as_deref(),
    })
}

/// A date at the beginning of what people wrote.
fn day(due: &str) -> Option<NaiveDate> {
    due.get(..10).and_then(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok())
}

fn weight(severity: &str) -> u8 {
    match severity {
        "high" => 0,
        "medium" => 1,
        _ => 2,
    }
}

/// Rows under the scenario that they are of.
fn table(open: &[OpenFinding<'_>], drills: usize) -> String {
    if open.is_empty() {
        let none = if drills == 0 { "no drill here has a findings.yaml" } else { "nothing is open" };
        return format!("{none}\n");
    }
    let mut text = String::new();
    let mut place = None;
    for finding in open {
        let here = (finding.scenario, finding.environment);
        if place != Some(here) {
            let gap = if place.is_some() { "\n" } else { "" };
            let (scenario, environment) = (finding.scenario.unwrap_or("a drill"), finding.environment.unwrap_or("an environment"));
            text += &format!("{gap}{}\n", fit(&format!("{scenario} in {environment}"), WIDTH));
            text += &line(["finding", "severity", "since", "owner", "due", "ticket", "state"]);
            place = Some(here);
        }
        let since = finding.since.map_or("", |since| since.get(..10).filter(|date| day(date).is_some()).unwrap_or(since));
        let due =
            if finding.overdue { format!("{}!", finding.due.unwrap_or_default()) } else { finding.due.unwrap_or_default().to_owned() };
        text += &line([
            finding.id,
            finding.severity,
            since,
            finding.owner.unwrap_or_default(),
            &due,
            finding.ticket.unwrap_or_default(),
            finding.state,
        ]);
        if let Some(about) = finding.about {
            text += &format!("  {}\n", fit(about, WIDTH - 2));
        }
    }
    let overdue = open.iter().filter(|finding| finding.overdue).count();
    let late = if overdue > 0 { format!(", {overdue} of them overdue (`!`)") } else { String::new() };
    text + &format!("\n{}{late}\n", counted(open.len() as u64, "finding"))
}

/// One row.
fn line(cells: [&str; 7]) -> String {
    const WIDTHS: [usize; 7] = [19, 8, 10, 8, 11, 7, 11];
    let cells = cells.iter().zip(WIDTHS).map(|(cell, width)| format!("{:<width$}", fit(cell, width)));
    cells.collect::<Vec<_>>().join(" ").trim_end().to_owned() + "\n"
}

/// A text on one line in so many columns.
fn fit(text: &str, width: usize) -> String {
    let text = printable(text).replace(['\n', '\t'], " ");
    if text.chars().count() <= width { text } else { text.chars().take(width - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FindingSeverity;

    fn kept(scenario: &str, started: &str, entries: Vec<KeptFinding>) -> KeptFindings {
        let text = |text: &str| Some(text.to_owned());
        let (scenario, environment, started) = (text(scenario), text("lab"), text(started));
        KeptFindings { drill: text("d"), scenario, environment, started, compared_with: None, entries }
    }

    fn entry(id: &str, state: FindingState, due: Option<&str>) -> KeptFinding {
        KeptFinding {
            id: id.into(),
            about: Some("a workload with a name that is much longer than any column of any table could ever be made".into()),
            severity: FindingSeverity::Medium,
            says: "seen".into(),
            suggestion: None,
            since: Some("2026-11-13T14-00-02-azure-outage-77f0".into()),
            last_seen: None,
            state,
            owner: Some("an owner with a long name".into()),
            due: due.map(str::to_owned),
            ticket: Some("\u{1b}[31mOPS-412".into()),
            notes: None,
        }
    }

    #[test]
    fn what_is_open_fits_in_80_columns_and_is_overdue_by_the_day() {
        let entries = vec![
            entry("rotation-without-fallback", FindingState::StillThere, Some("2026-11-01")),
            entry("relapse", FindingState::New, Some("next quarter")),
            entry("gone-by", FindingState::Gone, Some("2026-11-01")),
            entry("lived-with", FindingState::Accepted, None),
        ];
        let kept = kept("outage", "2026-11-20T10:00:00Z", entries);
        let today = NaiveDate::from_ymd_opt(2026, 11, 2).unwrap();
        let open: Vec<_> = of(&kept, false, today).collect();
        let told = table(&open, 1);
        assert!(told.lines().all(|line| line.chars().count() <= WIDTH), "{told}");
        assert!(told.contains("2026-11-01!") && told.contains("2 findings, 1 of them overdue") && !told.contains('\u{1b}'), "{told}");
        assert!(told.contains("2026-11-13 ") && !told.contains("lived-with"), "{told}");
        assert_eq!(of(&kept, true, today).count(), 4);
        assert_eq!(table(&[], 0), "no drill here has a findings.yaml\n");
    }

    #[test]
    fn the_newest_drill_of_a_scenario_tells_what_is_open() {
        let first = kept("outage", "2026-11-20T10:00:00Z", vec![entry("relapse", FindingState::New, None)]);
        let second = kept("outage", "2026-11-21T10:00:00Z", Vec::new());
        let found = newest(vec![("a".into(), first), ("b".into(), second)]);
        assert_eq!(found.iter().map(|kept| kept.entries.len()).collect::<Vec<_>>(), [0]);
    }
}
