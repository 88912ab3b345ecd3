//! `lifeboat list`: the drills, executions and series that the store knows, the newest first.

use super::arguments::word;
use super::stored::StoreOption;
use super::terminal::note;
use super::{Exit, put, until_interrupted};
use crate::exercise::read_proof;
use crate::project::Project;
use crate::store::{DrillEntry, DrillQuery, DrillState, RunKind};
use crate::units::{Duration, printable};
use crate::verdict::{Decision, Interval};
use chrono::{DateTime, Local, NaiveDate, TimeZone, Utc};
use std::collections::BTreeSet;
use std::path::Path;

/// Lists past drills, runbooks that were walked, and series of drills, the newest first.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only those that asked this service
    #[arg(long)]
    service: Option<String>,
    /// Only those of this scenario
    #[arg(long)]
    scenario: Option<String>,
    /// Only those that ran in this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    env: Option<String>,
    /// Only those with this verdict: met, missed, inconclusive, void
    #[arg(long, value_parser = |text: &str| word(text, Decision::WORDS, Decision::from_word))]
    verdict: Option<Decision>,
    /// Only those that are running, over or interrupted
    #[arg(long, value_parser = |text: &str| word(text, DrillState::WORDS, DrillState::from_word))]
    state: Option<DrillState>,
    /// Only drills, executions or series: drill, execution, series
    #[arg(long, value_parser = |text: &str| word(text, RunKind::WORDS, RunKind::from_word))]
    kind: Option<RunKind>,
    /// The trials of this series
    #[arg(long, value_name = "ID")]
    series: Option<String>,
    /// Only those that began then or later: a day, a moment (RFC 3339), or how long ago, as in 90d
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    since: Option<DateTime<Utc>>,
    /// Only those that began before that
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    until: Option<DateTime<Utc>>,
    /// At the most so many; a table shows 50 where nothing is said, JSON and CSV all
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// As what it is written
    #[arg(long, value_enum, default_value_t = DrillListFormat::Table)]
    format: DrillListFormat,
    #[command(flatten)]
    store: StoreOption,
}

const EXAMPLES: &str = "Examples:
  lifeboat list
  lifeboat list --service support-chat --verdict missed --since 2026-01-01
  lifeboat list --since 90d --format csv > quarter.csv
  lifeboat show 2026-11-20T14-03-07-azure-outage-2a1f

`!` behind the number of open findings: see `lifeboat findings`. Trials of a series stand in no list but their own: `--series ID`.";

/// Rows of a table where nothing is said.
const ROWS: u64 = 50;
/// Columns of what a drill is called; a longer one has a line of its own.
const NAME: usize = 42;

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DrillListFormat {
    /// Rows for people
    Table,
    /// An array of objects
    Json,
    /// Rows for spreadsheets
    Csv,
}

pub(super) fn list(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    until_interrupted("stopping", async |_| {
        let store = args.store.index(&root).await?;
        let query = args.query();
        let found = store.drills(&query).await?;
        match args.format {
            DrillListFormat::Json => put(&(serde_json::to_string_pretty(&found)? + "\n"))?,
            DrillListFormat::Csv => put(&csv(&found)?)?,
            DrillListFormat::Table => {
                put(&table(&found))?;
                if let Some(told) = never_red(&root, &found) {
                    note(&told);
                }
                let all = store.count(&query).await?;
                if all > found.len() as u64 {
                    note(&format!("\n{} of {all}, the newest first; `--limit {all}` shows all of them", found.len()));
                }
            }
        }
        Ok(Exit::Met)
    })
}

/// The scenarios among those that were met, and of which no copy that was broken on purpose was ever seen red.
fn never_red(root: &Path, found: &[DrillEntry]) -> Option<String> {
    let met = found.iter().filter(|entry| entry.kind != RunKind::Execution && entry.verdict == Some(Decision::Met));
    let names: BTreeSet<&str> = met.map(|entry| entry.scenario.as_str()).collect();
    let is_proven = |name: &str| {
        let proofs = read_proof(root, name).ok().flatten().map(|file| file.of).unwrap_or_default();
        proofs.iter().any(|proven| !proven.controls.is_empty() && proven.controls.iter().all(|control| control.red))
    };
    let never: Vec<_> = names.into_iter().filter(|name| !is_proven(name)).map(printable).collect();
    (!never.is_empty()).then(|| format!("\nunproven, since never seen red: {}; `lifeboat prove SCENARIO` tries", never.join(", ")))
}

impl Args {
    fn query(&self) -> DrillQuery {
        let usual = matches!(self.format, DrillListFormat::Table).then_some(ROWS);
        DrillQuery {
            service: self.service.clone(),
            scenario: self.scenario.clone(),
            environment: self.env.clone(),
            verdict: self.verdict,
            since: self.since,
            until: self.until,
            state: self.state,
            kind: self.kind,
            series: self.series.clone(),
            limit: self.limit.or(usual),
            offset: 0,
        }
    }
}

/// A day here, a moment, or so long ago.
pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let midnight = day.and_hms_opt(0, 0, 0).and_then(|midnight| Local.from_local_datetime(&midnight).earliest());
        return midnight.map(|midnight| midnight.with_timezone(&Utc)).ok_or_else(|| "that day has no midnight here".to_owned());
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&Utc));
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok()).map(|days| chrono::TimeDelta::days(days.into()));
    let span = || text.parse::<Duration>().ok().map(|span| chrono::TimeDelta::nanoseconds(span.nanos()));
    days.or_else(span)
        .map(|ago| Utc::now() - ago)
        .ok_or_else(|| "write a day as in 2026-01-31, a moment, or how long ago as in 90d".to_owned())
}

fn table(found: &[DrillEntry]) -> String {
    if found.is_empty() {
        return "no drill here is as asked for\n".to_owned();
    }
    let mut text = row("drill", ["environment", "verdict", "cutover", "open"]);
    for entry in found {
        let findings = if entry.findings > 0 { format!("{}!", entry.findings) } else { "0".to_owned() };
        let environment = if entry.environment.is_empty() { "-" } else { &entry.environment };
        text += &row(&entry.id, [environment, entry.outcome(), &cutover(entry.cutover), &findings]);
    }
    text
}

/// One row of 80 columns.
fn row(name: &str, cells: [&str; 4]) -> String {
    let name = printable(name);
    let start = if name.chars().count() > NAME { format!("{name}\n{:NAME$}", "") } else { format!("{name:<NAME$}") };
    let [environment, verdict, cutover, findings] = cells;
    let (environment, verdict) = (fit(environment, 11), fit(verdict, 12));
    let line = format!("{start} {environment:<11} {verdict:<12} {cutover:>7} {findings:>4}");
    line.trim_end().to_owned() + "\n"
}

fn fit(text: &str, width: usize) -> String {
    let text = printable(text);
    if text.chars().count() <= width { text.into_owned() } else { text.chars().take(width - 1).chain(['…']).collect() }
}

/// The first proof that a standby served; where there is none, how long it is known not to have.
fn cutover(interval: Option<Interval>) -> String {
    let seconds = |nanos: i64| {
        let seconds = nanos as f64 / 1e9;
        if seconds < 100.0 { format!("{seconds:.1}s") } else { format!("{seconds:.0}s") }
    };
    match interval {
        None => "-".to_owned(),
        Some(Interval { hi: Some(hi), .. }) => seconds(hi),
        Some(Interval { lo, hi: None }) => format!(">{}", seconds(lo)),
    }
}

/// The columns of the table and more, for spreadsheets.
fn csv(found: &[DrillEntry]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "id",
        "kind",
        "service",
        "scenario",
        "environment",
        "started",
        "ended",
        "state",
        "verdict",
        "cutover_lo_ms",
        "cutover_hi_ms",
        "objective_ms",
        "modes",
        "open_findings",
        "trials",
        "plan_sha256",
        "who",
        "host",
        "reason",
        "folder",
    ])?;
    for entry in found {
        let millis = |nanos: i64| (nanos as f64 / 1e6).to_string();
        let moment = |moment: DateTime<Utc>| moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        writer.write_record([
            entry.id.clone(),
            entry.kind.to_string(),
            entry.service.clone(),
            entry.scenario.clone(),
            entry.environment.clone(),
            moment(entry.started),
            entry.ended.map(moment).unwrap_or_default(),
            entry.state.to_string(),
            entry.verdict.map(|verdict| verdict.to_string()).unwrap_or_default(),
            entry.cutover.map(|cutover| millis(cutover.lo)).unwrap_or_default(),
            entry.cutover.and_then(|cutover| cutover.hi).map(millis).unwrap_or_default(),
            entry.objective.map(|objective| millis(objective.nanos())).unwrap_or_default(),
            entry.modes.iter().map(|mode| mode.word()).collect::<Vec<_>>().join(" "),
            entry.findings.to_string(),
            entry.trials.to_string(),
            entry.plan.clone(),
            plain(&entry.who),
            plain(&entry.host),
            plain(&entry.reason),
            entry.folder.display().to_string(),
        ])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// What somebody typed, so that no spreadsheet takes it for a formula.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_80_columns_at_the_most_whatever_stands_in_it() {
        for name in ["2026-11-20T14-03-07-azure-outage-2a1f", &"x".repeat(80), "\u{1b}[31m"] {
            let row = row(name, ["an-environment-with-a-long-name", "inconclusive", ">1234s", "600!"]);
            assert!(row.lines().all(|line| line.chars().count() <= 80) && !row.contains('\u{1b}'), "{row}");
        }
        assert_eq!(cutover(Some(Interval { lo: 0, hi: Some(4_210_000_000) })), "4.2s");
        assert_eq!(cutover(Some(Interval { lo: 30_000_000_000, hi: None })), ">30.0s");
    }

    #[test]
    fn since_when_is_a_day_a_moment_or_so_long_ago() {
        assert_eq!(moment("2026-01-31T10:00:00+01:00").unwrap().to_rfc3339(), "2026-01-31T09:00:00+00:00");
        let before = Utc::now();
        let then = moment("90d").unwrap() + chrono::TimeDelta::days(90);
        assert!((before..=Utc::now()).contains(&then), "{then}");
        assert!(moment("2026-02-30").is_err() && moment("soon").is_err() && moment("2026-01-31").is_ok());
        assert!(word("mised", Decision::WORDS, Decision::from_word).unwrap_err().contains("did you mean `missed`?"));
        assert_eq!(plain("=1+1"), "'=1+1");
    }
}
