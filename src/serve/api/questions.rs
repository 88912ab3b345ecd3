//! The questions of a drill's runbook, and answers to them.

use super::drills::running;
use super::route::{ApiRoute, name_schema};
use super::sources::{self, AnswerRefused};
use super::taken::{TakenBody, TakenPath};
use crate::model::AccessRole;
use crate::serve::problem::{ApiAnswer, CallProblem};
use crate::serve::{App, Caller};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::path::HttpMethod;

/// A question that is open.
#[derive(Debug, Serialize, ToSchema)]
struct QuestionRecord {
    /// What an answer names it by.
    id: String,
    /// What is asked.
    text: String,
    /// What to answer, in words.
    wanted: String,
    /// Who may answer; everybody where it is empty.
    names: Vec<String>,
}

/// An answer to a question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QuestionAnswer {
    /// The question's `id`.
    #[schema(min_length = 1, max_length = 200)]
    question: String,
    /// One of the answers that are allowed.
    #[schema(min_length = 1, max_length = 2000)]
    answer: String,
    /// What is to be said besides.
    #[serde(default)]
    #[schema(max_length = 2000)]
    comment: Option<String>,
}

pub(super) fn routes() -> Vec<ApiRoute> {
    let one = |route: ApiRoute| {
        let route = route.part("id", "The drill's identifier.", name_schema());
        let route = route.fails(StatusCode::NOT_FOUND, "There is no drill of this name, or no such question.");
        route.fails(StatusCode::CONFLICT, "It does not run in this server, or the answer does not count.")
    };
    vec![
        one(ApiRoute::new(HttpMethod::Get, "/drills/{id}/questions", "listQuestions", "The questions that a drill waits with", get(list)))
            .gives::<Vec<QuestionRecord>>(StatusCode::OK, "Those that are open."),
        one(ApiRoute::new(HttpMethod::Post, "/drills/{id}/answers", "answerQuestion", "Answer a question of a drill", post(answer)))
            .may(AccessRole::Run)
            .takes::<QuestionAnswer>()
            .gives_nothing("It is written down."),
    ]
}

async fn list(State(app): State<App>, TakenPath(id): TakenPath<String>) -> ApiAnswer<Json<Vec<QuestionRecord>>> {
    let drill = running(&app, &id).await?;
    let record = |(id, text, wanted, names)| QuestionRecord { id, text, wanted, names };
    Ok(Json(sources::questions(&drill).into_iter().map(record).collect()))
}

async fn answer(
    State(app): State<App>,
    caller: Caller,
    TakenPath(id): TakenPath<String>,
    TakenBody(given): TakenBody<QuestionAnswer>,
) -> ApiAnswer<StatusCode> {
    let within = |text: &str, most: usize| text.chars().count() <= most;
    let comment = given.comment.unwrap_or_default();
    if given.question.is_empty() || given.answer.is_empty() || !within(&given.answer, 2_000) || !within(&comment, 2_000) {
        return Err(CallProblem::unclear("`question` and `answer` say something, in at most 2000 letters"));
    }
    let drill = running(&app, &id).await?;
    match sources::answer(&drill, &given.question, &given.answer, &caller.name, comment).await {
        Ok(()) => {
            app.audit(&caller, "drill.answer", &format!("{id}: {}", given.answer), "done").await;
            Ok(StatusCode::NO_CONTENT)
        }
        Err(AnswerRefused::Absent) => Err(CallProblem::absent("there is no such question")),
        Err(AnswerRefused::Refused(why)) => Err(CallProblem::new(StatusCode::CONFLICT, why)),
    }
}
