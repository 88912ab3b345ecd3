//! From what the other rooms know to what the API answers: the one place where it is asked for.

use super::coverage_records::{CoverageRecord, LedgerRecord};
use super::finding_records::FindingOrder;
use crate::history::{AnswerWay, Speaker};
use crate::model::DrillSchedule;
use crate::project::{Findings, Project};
use crate::schedule::{Occurrence, Quarter};
use crate::scheduler::{self, LateAnswer, LateProblem, RunningDrill};
use crate::serve::App;
use crate::serve::page::{PageProblem, coverage_facts, known_hops, ledger_facts, looked};
use crate::serve::problem::{ApiAnswer, CallProblem};
use crate::step::{AnswerRefusal, OpenQuestion, Reply};
use crate::store::{AssignError, FindingChange, FindingEntry, FindingName, HopRecord};
use crate::units::explained;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

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
pub(super) fn questions(drill: &RunningDrill) -> Vec<(String, String, String, Vec<String>)> {
    let told = |open: OpenQuestion| (open.id, open.question.asked(), open.question.reply.wanted(), open.question.names);
    drill.questions().into_iter().map(told).collect()
}

/// Answers one of them.
pub(super) async fn answer(drill: &RunningDrill, question: &str, answer: &str, who: &str, comment: String) -> Result<(), AnswerRefused> {
    let open = drill.questions().into_iter().find(|open| open.id == question);
    // Of one that is over the board says how it ended.
    let reply = open.map_or_else(|| Reply::Word(Vec::new()), |open| open.question.reply);
    let speaker = Speaker { by: Some(who.to_owned()), way: AnswerWay::Token, user: None };
    drill.answer(question, reply.meant(answer), speaker, comment).await.map_err(|refusal| match refusal {
        AnswerRefusal::Unknown => AnswerRefused::Absent,
        refusal => AnswerRefused::Refused(refusal.to_string()),
    })
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
pub(super) async fn schedules(app: &App) -> ApiAnswer<Vec<DrillSchedule>> {
    let project = looked(app).await.map_err(unknown)?;
    apart(move || project.schedules().0.clone()).await
}

/// Occurrences that were due from one moment to before another.
pub(super) async fn occurrences(app: &App, schedule: Option<&str>, from: DateTime<Utc>, to: DateTime<Utc>) -> ApiAnswer<Vec<Occurrence>> {
    let known = app.store().occurrences(schedule, from, to).await?;
    Ok(known.into_iter().filter(|each| each.due < to).collect())
}

/// Answers about a late occurrence.
pub(super) async fn answer_late(
    app: &App,
    schedule: &str,
    due: DateTime<Utc>,
    is_run: bool,
    who: &str,
) -> ApiAnswer<Result<(), LateRefusal>> {
    let answer = if is_run { LateAnswer::Run } else { LateAnswer::Decline };
    match scheduler::answer_late(app.store(), schedule, due, answer, who).await {
        Ok(()) => Ok(Ok(())),
        Err(LateProblem::Unknown { .. }) => Ok(Err(LateRefusal::Absent)),
        Err(LateProblem::Store(error)) => Err(error.into()),
        Err(problem) => Ok(Err(LateRefusal::NotAsked(problem.to_string()))),
    }
}

/// Hops as they were found last.
pub(super) async fn hops(app: &App) -> ApiAnswer<Vec<HopRecord>> {
    known_hops(app).await.map_err(unknown)
}

/// What was drilled and what was not.
pub(super) async fn coverage(app: &App) -> ApiAnswer<CoverageRecord> {
    let facts = coverage_facts(app).await.map_err(unknown)?;
    as_record(&facts.matrix(Utc::now()))
}

/// The control ledger of a year.
pub(super) async fn ledger(app: &App, year: i32) -> ApiAnswer<LedgerRecord> {
    let quarters = Quarter::of_year(year);
    let facts = ledger_facts(app, &quarters).await.map_err(unknown)?;
    let ledger = apart(move || facts.ledger(&quarters, Utc::now())).await?;
    as_record(&ledger)
}

fn unknown(problem: PageProblem) -> CallProblem {
    match problem {
        PageProblem::Store(error) => error.into(),
        _ => CallProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "this could not be looked up"),
    }
}

/// The records have the fields of what the other rooms write.
fn as_record<T: DeserializeOwned>(told: &impl Serialize) -> ApiAnswer<T> {
    let failed = |error| CallProblem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("this cannot be told: {error}"));
    serde_json::to_vec(told).and_then(|text| serde_json::from_slice(&text)).map_err(failed)
}
