//! From what the other rooms know to what the API answers: the one place where it is asked for.

use super::coverage_records::{CoverageRecord, LedgerRecord};
use super::finding_records::FindingOrder;
use crate::model::DrillSchedule;
use crate::project::{Findings, Project};
use crate::schedule::Occurrence;
use crate::scheduler::RunningDrill;
use crate::serve::App;
use crate::serve::problem::{ApiAnswer, CallProblem};
use crate::store::{AssignError, FindingChange, FindingEntry, FindingName};
use crate::units::explained;
use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, Utc};

/// Why somebody's answer about a late occurrence does not count.
pub(super) enum LateRefusal {
    /// Nothing was due then.
    Absent,
    /// Nobody is asked about it.
    NotAsked(String),
}

/// Why a finding is not changed.
pub(super) enum FindingRefusal {
    /// There is none.
    Absent,
    /// Its file cannot be changed so.
    Unwritable(String),
}

/// Writes what was decided about a finding of a drill.
pub(super) async fn assign(app: &App, drill: &str, id: &str, order: FindingOrder) -> ApiAnswer<Result<FindingEntry, FindingRefusal>> {
    let name = FindingName { id: id.to_owned(), about: order.about, drill: Some(drill.to_owned()) };
    let change = FindingChange { owner: order.owner, due: order.due, ticket: order.ticket, notes: None, state: order.state };
    Ok(match app.store().assign_finding(app.root(), &name, change).await {
        Ok(entry) => Ok(entry),
        Err(AssignError::Unknown { .. }) => Err(FindingRefusal::Absent),
        Err(AssignError::Store(error)) => return Err(error.into()),
        Err(AssignError::Day(day)) => return Err(CallProblem::unclear(format!("`{day}` is no day"))),
        Err(error) => Err(FindingRefusal::Unwritable(explained(&error))),
    })
}

/// Why an answer to a question does not count.
pub(super) enum AnswerRefused {
    /// There is no such question.
    Absent,
    /// Somebody was faster, it is none of the answers that are allowed, or others are asked.
    Refused(String),
}

/// The questions of a drill that are open: identifier, text, what is wanted, who may answer.
pub(super) fn questions(_drill: &RunningDrill) -> Vec<(String, String, String, Vec<String>)> {
    Vec::new()
}

/// Answers one of them.
pub(super) async fn answer(
    _drill: &RunningDrill,
    _question: &str,
    _answer: &str,
    _who: &str,
    _comment: String,
) -> Result<(), AnswerRefused> {
    Err(AnswerRefused::Absent)
}

/// Does work that takes its time with files, which is not the runtime's.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> ApiAnswer<T> {
    let failed = |_| CallProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "this could not be looked up");
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

/// The project as its files are now, and what is wrong in them.
pub(super) async fn project(app: &App) -> ApiAnswer<(Project, Findings)> {
    let root = app.root().to_owned();
    apart(move || Project::open(&root)).await
}

/// The schedules of the project.
pub(super) async fn schedules(_app: &App) -> ApiAnswer<Vec<DrillSchedule>> {
    Ok(Vec::new())
}

/// Occurrences that were due from one moment to before another.
pub(super) async fn occurrences(
    _app: &App,
    _schedule: Option<&str>,
    _from: DateTime<Utc>,
    _to: DateTime<Utc>,
) -> ApiAnswer<Vec<Occurrence>> {
    Ok(Vec::new())
}

/// Answers about a late occurrence.
pub(super) async fn answer_late(
    _app: &App,
    _schedule: &str,
    _due: DateTime<Utc>,
    _is_run: bool,
    _who: &str,
) -> ApiAnswer<Result<(), LateRefusal>> {
    Ok(Err(LateRefusal::Absent))
}

/// What was drilled and what was not.
pub(super) async fn coverage(_app: &App) -> ApiAnswer<CoverageRecord> {
    Ok(CoverageRecord { at: now(), rows: Vec::new() })
}

/// The control ledger of a year.
pub(super) async fn ledger(_app: &App, year: i32) -> ApiAnswer<LedgerRecord> {
    Ok(LedgerRecord { at: now(), quarters: (1..=4).map(|quarter| format!("{year}-Q{quarter}")).collect(), rows: Vec::new() })
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}
