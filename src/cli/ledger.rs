//! `lifeboat ledger`: the control ledger of some quarters, as an auditor samples it.

use super::stored::StoreOption;
use super::{Exit, put};
use crate::project::Project;
use crate::schedule::Quarter;
use crate::scheduler::{ProjectRecords, SeenProjects};
use crate::units::explained;
use chrono::Utc;
use std::path::Path;

/// Shows quarters by services and schedules: each done, late, deferred, missed or open, with the drills that prove it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The four quarters of a year; without it this quarter and the three before
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i32).range(1970..=9998), conflicts_with_all = ["from", "to"])]
    year: Option<i32>,
    /// The first quarter, as in 2026-Q1
    #[arg(long, value_name = "QUARTER", value_parser = quarter)]
    from: Option<Quarter>,
    /// The last quarter
    #[arg(long, value_name = "QUARTER", value_parser = quarter)]
    to: Option<Quarter>,
    /// As what it is written
    #[arg(long, value_enum, default_value_t = LedgerFormat::Table)]
    format: LedgerFormat,
    #[command(flatten)]
    store: StoreOption,
}

const EXAMPLES: &str = "Examples:
  lifeboat ledger --year 2026
  lifeboat ledger --from 2025-Q3 --to 2026-Q2 --format csv > ledger.csv
  lifeboat ledger --format oscal > ledger.json

`lifeboat schedule defer` records that something is done later: who decided it, why, and until when.";

/// As what the ledger is written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LedgerFormat {
    /// Rows for people
    Table,
    /// A row a cell
    Csv,
    /// Markdown
    Md,
    /// OSCAL's assessment results, in JSON
    Oscal,
    /// All of it
    Json,
}

/// A quarter on the command line.
pub(super) fn quarter(text: &str) -> Result<Quarter, String> {
    text.parse().map_err(|problem| explained(&problem))
}

pub(super) fn ledger(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let now = Utc::now();
    let quarters = match (args.year, args.from, args.to) {
        (Some(year), ..) => Quarter::of_year(year),
        (None, from, to) => {
            let last = to.unwrap_or_else(|| Quarter::of(now));
            let first = from.unwrap_or_else(|| last.before(3));
            if first > last {
                super::say(&format!("error: {first} is after {last}\n\nhint: name the earlier quarter with `--from`"));
                return Ok(Exit::Usage);
            }
            Quarter::between(first, last)
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let records = runtime.block_on(async {
        let store = args.store.index(&root).await?;
        anyhow::Ok(ProjectRecords::of_ledger(&SeenProjects::default().look(&root), &store, &quarters).await?)
    })?;
    let ledger = records.ledger(&quarters, now);
    put(&match args.format {
        LedgerFormat::Table => ledger.to_text(),
        LedgerFormat::Csv => ledger.to_csv(),
        LedgerFormat::Md => ledger.to_markdown(),
        LedgerFormat::Oscal => ledger.to_oscal(),
        LedgerFormat::Json => ledger.to_json(),
    })?;
    Ok(Exit::Met)
}
