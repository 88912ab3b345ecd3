//! `lifeboat coverage`: services by failure modes, what was drilled, what is stale, and what is missing.

use super::stored::StoreOption;
use super::{Exit, put};
use crate::project::Project;
use crate::scheduler::{ProjectRecords, SeenProjects};
use chrono::Utc;
use std::path::Path;

/// Shows which failures of which service were drilled, and which its criticality demands and were not.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// As what it is written
    #[arg(long, value_enum, default_value_t = CoverageFormat::Table)]
    format: CoverageFormat,
    /// Exit with 1 where something that is demanded is not met
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    store: StoreOption,
}

const EXAMPLES: &str = "Examples:
  lifeboat coverage
  lifeboat coverage --format csv > coverage.csv
  lifeboat coverage --strict        in a pipeline

A service that is a single point of failure demands each failure that it can have; one that is recoverable demands
outage, brown-out, rate-limit and credential; an optional one demands outage. Each once a year, and again when the plan
or the gateway's configuration has changed.";

/// As what coverage is written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum CoverageFormat {
    /// Lines for people
    Table,
    /// All of it
    Json,
    /// A row a cell
    Csv,
    /// Markdown
    Md,
}

pub(super) fn coverage(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let records = runtime.block_on(async {
        let store = args.store.index(&root).await?;
        anyhow::Ok(ProjectRecords::of_coverage(&SeenProjects::default().look(&root), &store).await?)
    })?;
    let matrix = records.matrix(Utc::now());
    put(&match args.format {
        CoverageFormat::Table => matrix.to_text(),
        CoverageFormat::Json => matrix.to_json(),
        CoverageFormat::Csv => matrix.to_csv(),
        CoverageFormat::Md => matrix.to_markdown(),
    })?;
    let wanting = matrix.wanting().next().is_some();
    Ok(if args.strict && wanting { Exit::Missed } else { Exit::Met })
}
