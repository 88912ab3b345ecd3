//! The lever of the project: who pulls it stops its drills, and none begins until it is lifted.

use super::records::{LeverOrder, LeverRecord};
use super::route::ApiRoute;
use super::taken::TakenBody;
use crate::model::AccessRole;
use crate::permission::{LeverError, LeverFile, LeverNote, PulledLever};
use crate::serve::problem::{ApiAnswer, CallProblem};
use crate::serve::{App, Caller};
use crate::units::{Explained, one_line};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use utoipa::openapi::path::HttpMethod;

pub(super) fn routes() -> Vec<ApiRoute> {
    let failed = "It cannot be moved: its file cannot be written.";
    vec![
        ApiRoute::new(HttpMethod::Get, "/lever", "getLever", "Whether drills are stopped", get(show))
            .gives::<LeverRecord>(StatusCode::OK, "The lever."),
        ApiRoute::new(HttpMethod::Post, "/lever", "pullLever", "Stop all drills, and let none begin", post(pull))
            .may(AccessRole::Stop)
            .takes::<LeverOrder>()
            .gives::<LeverRecord>(StatusCode::OK, "The lever, pulled by this call or before.")
            .fails(StatusCode::INTERNAL_SERVER_ERROR, failed),
        ApiRoute::new(HttpMethod::Delete, "/lever", "liftLever", "Let drills begin again", delete(lift))
            .may(AccessRole::Stop)
            .gives::<LeverRecord>(StatusCode::OK, "The lever, lifted.")
            .fails(StatusCode::INTERNAL_SERVER_ERROR, failed),
    ]
}

fn record(pulled: Option<PulledLever>) -> Json<LeverRecord> {
    let stopped = pulled.is_some();
    let note = pulled.and_then(|pulled| pulled.note);
    let (by, since, reason) = note
        .map(|note| (note.by, note.since, note.reason))
        .map_or((None, None, None), |(by, since, reason)| (Some(one_line(&by)), Some(one_line(&since)), Some(one_line(&reason))));
    Json(LeverRecord { stopped, by, since, reason })
}

fn stuck(error: &LeverError) -> CallProblem {
    let problem = CallProblem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    error.hint().iter().fold(problem, |problem, hint| problem.hint(hint.clone()))
}

async fn show(State(app): State<App>) -> Json<LeverRecord> {
    record(LeverFile::of_project(app.root()).pulled())
}

async fn pull(State(app): State<App>, caller: Caller, TakenBody(order): TakenBody<LeverOrder>) -> ApiAnswer<Json<LeverRecord>> {
    if order.reason.is_empty() || order.reason.chars().count() > 500 {
        return Err(CallProblem::unclear("`reason` has from 1 to 500 letters"));
    }
    let note = LeverNote { by: caller.name.clone(), ..LeverNote::now(&one_line(&order.reason)) };
    let file = LeverFile::of_project(app.root());
    let before = file.pull(&note).map_err(|error| stuck(&error))?;
    app.audit(&caller, "lever.pull", &order.reason, if before.is_some() { "it was pulled already" } else { "done" }).await;
    Ok(record(file.pulled()))
}

async fn lift(State(app): State<App>, caller: Caller) -> ApiAnswer<Json<LeverRecord>> {
    let file = LeverFile::of_project(app.root());
    let before = file.lift(&format!("{} by the HTTP API", caller.name)).map_err(|error| stuck(&error))?;
    app.audit(&caller, "lever.lift", "", if before.is_some() { "done" } else { "it was not pulled" }).await;
    Ok(record(file.pulled()))
}
