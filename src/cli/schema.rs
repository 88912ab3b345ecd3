//! `lifeboat schema`: the forms of files as JSON Schema, for editors and for programs that read what Lifeboat writes.

use super::{Exit, put};
use crate::evaluation::comparison_schema;
use crate::history::history_schema;
use crate::project::{ProjectFile, project_schema};
use crate::report::report_schema;
use crate::serve::openapi;
use crate::verdict::verdict_schema;

/// Prints the form of a file as JSON Schema (2020-12).
///
/// An editor with a YAML language server completes and checks a scenario by it: write the schema into a file, and name that file in a comment on
/// the scenario's first line, `# yaml-language-server: $schema=scenario.schema.json`; `lifeboat init` does both. `lifeboat check` knows more than a
/// schema can say.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Of which file
    #[arg(value_enum)]
    file: SchemaOf,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum SchemaOf {
    /// What `lifeboat report --format json` writes
    Report,
    /// `verdict.json`
    Verdict,
    /// A line of `history.jsonl`
    History,
    /// A scenario
    Scenario,
    /// A runbook
    Runbook,
    /// The inventory
    Inventory,
    /// A schedule
    Schedule,
    /// `findings.yaml` of a drill's folder
    Findings,
    /// The HTTP API of `lifeboat serve`, as OpenAPI 3.1
    Openapi,
    /// `comparison.json` of `lifeboat compare`
    Comparison,
}

pub(super) fn schema(args: &Args) -> anyhow::Result<Exit> {
    let schema = match args.file {
        SchemaOf::Report => report_schema(),
        SchemaOf::Verdict => verdict_schema(),
        SchemaOf::History => history_schema(),
        SchemaOf::Scenario => project_schema(ProjectFile::Scenario),
        SchemaOf::Runbook => project_schema(ProjectFile::Runbook),
        SchemaOf::Inventory => project_schema(ProjectFile::Inventory),
        SchemaOf::Schedule => project_schema(ProjectFile::Schedule),
        SchemaOf::Findings => project_schema(ProjectFile::Findings),
        SchemaOf::Openapi => openapi(),
        SchemaOf::Comparison => comparison_schema(),
    };
    put(&(serde_json::to_string_pretty(&schema)? + "\n"))?;
    Ok(Exit::Met)
}
