//! What pages ask of the times that schedules were due, and the answer to one of which somebody is asked.

use super::form::part;
use super::problem::PageProblem;
use crate::schedule::Occurrence;
use crate::scheduler::{LateAnswer, LateProblem, answer_late};
use crate::serve::{AccessRole, App, Caller};
use crate::units::explained;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Redirect;
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// The occurrences from one moment to another, both included, of one schedule or of all; the oldest first.
///
/// # Errors
/// Where the store does not answer.
pub(super) async fn occurrences(
    app: &App,
    schedule: Option<&str>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Occurrence>, PageProblem> {
    Ok(app.store().occurrences(schedule, from, to).await?)
}

/// What somebody says of an occurrence whose window has passed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OccurrenceAnswer {
    answer: String,
}

/// `POST /occurrences/{schedule}/{due}`: it is to run late, or nobody wants it any more. `due` is in milliseconds since 1970.
pub(super) async fn answer(
    State(app): State<App>,
    caller: Caller,
    Path((schedule, due)): Path<(String, i64)>,
    Form(form): Form<OccurrenceAnswer>,
) -> Result<Redirect, PageProblem> {
    caller.must(AccessRole::Run)?;
    let due = DateTime::from_timestamp_millis(due).ok_or_else(|| PageProblem::absent("No schedule was due then."))?;
    let runs = match form.answer.as_str() {
        "run" => true,
        "decline" => false,
        _ => return Err(PageProblem::Asked("Say `run` or `decline`.".to_owned())),
    };
    answered(&app, &schedule, due, runs, &caller.name).await?;
    Ok(Redirect::to(&format!("/schedules/{}", part(&schedule))))
}

async fn answered(app: &App, schedule: &str, due: DateTime<Utc>, runs: bool, who: &str) -> Result<(), PageProblem> {
    let answer = if runs { LateAnswer::Run } else { LateAnswer::Decline };
    answer_late(app.store(), schedule, due, answer, who).await.map_err(|problem| match problem {
        LateProblem::Store(error) => error.into(),
        problem => PageProblem::Asked(explained(&problem)),
    })
}
