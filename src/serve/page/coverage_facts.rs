//! What coverage and the ledger are made of: the project as it is today, and the drills that the store knows.

use super::occurrences::occurrences;
use super::problem::PageProblem;
use super::project::seen;
use crate::coverage::PastDrill;
use crate::scheduler::ProjectRecords;
use crate::serve::App;
use crate::store::{DrillEntry, DrillQuery, RunKind};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::{TimeDelta, Utc};
use std::collections::BTreeSet;

/// How far back is looked: what was drilled before is stale at the best, and a ledger of more than two years is asked of `lifeboat ledger`.
const BACK: TimeDelta = TimeDelta::days(800);
/// So many drills are looked at, the newest.
const DRILLS: u64 = 4_000;

/// All of it, as it is now.
///
/// # Errors
/// Where the store does not answer.
pub(in crate::serve) async fn coverage_facts(app: &App) -> Result<ProjectRecords, PageProblem> {
    let now = Utc::now();
    let query = DrillQuery { kind: Some(RunKind::Drill), since: Some(now - BACK), limit: Some(DRILLS), ..DrillQuery::default() };
    let entries = app.store().drills(&query).await?;
    let mut places: BTreeSet<String> = entries.iter().map(|entry| entry.environment.clone()).collect();
    places.insert("lab".to_owned());
    let (inventory, schedules, scenarios) = seen(app, move |project| {
        let known = places.into_iter().filter(|place| place == "lab" || project.inventory.environments.contains_key(place));
        let scenarios = known.flat_map(|place| project.planned(&place).to_vec()).collect();
        (project.inventory.clone(), project.schedules().0.clone(), scenarios)
    })
    .await?;
    let occurrences = occurrences(app, None, now - BACK, now).await?;
    let deferrals = app.store().deferrals().await?;
    Ok(ProjectRecords { inventory, scenarios, drills: entries.into_iter().map(past).collect(), schedules, occurrences, deferrals })
}

/// A drill as coverage asks for it. Its files are not: they stand in its manifest, of which no page reads a thousand.
fn past(entry: DrillEntry) -> PastDrill {
    let DrillEntry { id, service, scenario, environment, started, ended, verdict, cutover, plan, modes, who, .. } = entry;
    PastDrill { id, service, scenario, environment, started, ended, verdict, cutover, plan, modes, files: Vec::new(), evidence: None, who }
}

/// A file to be kept.
pub(super) fn saved(name: &str, kind: &'static str, text: String) -> Response {
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))], text).into_response()
}
