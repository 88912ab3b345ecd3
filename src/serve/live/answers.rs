//! The questions of a live drill answered, and the stop button. Who says something is kept with it.

use super::super::{AccessRole, App, Caller};
use super::live_page::{is_known, page};
use super::watched::WatchedDrill;
use crate::history::{AnswerWay, Speaker};
use crate::scheduler::RunningDrill;
use crate::step::{AnswerRefusal, FAILED, LONGEST_SAID, Reply};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest name that somebody gives.
const LONGEST_NAME: usize = 100;

/// What a form sent: of each field all of its values.
#[derive(Debug, Default)]
pub(super) struct SentForm(BTreeMap<String, Vec<String>>);

impl SentForm {
    pub(super) fn of(body: &[u8]) -> Self {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            fields.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self(fields)
    }

    /// All values of a field, with blanks between.
    pub(super) fn get(&self, name: &str) -> String {
        self.0.get(name).map(|values| values.join(" ").trim().to_owned()).unwrap_or_default()
    }

    /// What an answer is: of ticks all, and where somebody says that it failed, that alone.
    fn answer(&self) -> String {
        let has_failed = self.0.get("answer").is_some_and(|values| values.iter().any(|value| value == FAILED));
        if has_failed { FAILED.to_owned() } else { self.get("answer") }
    }

    /// Whether a field was sent with anything in it.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }
}

/// Who says something: whom we know, or else who they say that they are.
fn speaker(caller: &Caller, said: &str) -> Speaker {
    if is_known(caller) {
        return Speaker { by: Some(caller.name.clone()), way: AnswerWay::Token, user: None };
    }
    let by: String = said.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect();
    Speaker { by: Some(if by.is_empty() { "somebody on this host".to_owned() } else { by }), way: AnswerWay::Terminal, user: None }
}

/// A drill that this process runs, or what is said where it does not.
fn own(app: &App, caller: &Caller, id: &str) -> Result<Arc<RunningDrill>, Box<Response>> {
    match WatchedDrill::find(app, id) {
        Some(WatchedDrill::Own(drill)) => Ok(drill),
        Some(other) => {
            let words = "This drill runs in another process: answer at its terminal; `lifeboat stop` stops it.";
            Err(Box::new((StatusCode::CONFLICT, page(&other, caller, Some(words))).into_response()))
        }
        None => Err(Box::new(StatusCode::NOT_FOUND.into_response())),
    }
}

/// `POST /drills/{id}/answer`
pub(super) async fn answer(State(app): State<App>, caller: Caller, Path(id): Path<String>, body: Bytes) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Run)?;
    let drill = match own(&app, &caller, &id) {
        Ok(drill) => drill,
        Err(said) => return Ok(*said),
    };
    let form = SentForm::of(&body);
    let question = form.get("question");
    let open = drill.questions().into_iter().find(|open| open.id == question);
    // Of one that is over the board says how it ended.
    let reply = open.map_or_else(|| Reply::Word(Vec::new()), |open| open.question.reply);
    let comment: String = form.get("comment").chars().take(LONGEST_SAID).collect();
    let answered = drill.answer(&question, reply.meant(&form.answer()), speaker(&caller, &form.get("by")), comment).await;
    Ok(match answered {
        Ok(()) => Redirect::to(&format!("/drills/{id}/live")).into_response(),
        Err(refusal) => {
            let words = format!("Your answer does not count: {refusal}.");
            (status_of(&refusal), page(&WatchedDrill::Own(drill), &caller, Some(&words))).into_response()
        }
    })
}

const fn status_of(refusal: &AnswerRefusal) -> StatusCode {
    match refusal {
        AnswerRefusal::Unknown => StatusCode::NOT_FOUND,
        AnswerRefusal::NotAsked(_) => StatusCode::FORBIDDEN,
        AnswerRefusal::NotAnAnswer(_) => StatusCode::UNPROCESSABLE_ENTITY,
        AnswerRefusal::Over(_) | AnswerRefusal::Used | AnswerRefusal::TooLate(_) => StatusCode::CONFLICT,
    }
}

/// `POST /drills/{id}/stop`
pub(super) async fn stop(State(app): State<App>, caller: Caller, Path(id): Path<String>, body: Bytes) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Stop)?;
    let drill = match own(&app, &caller, &id) {
        Ok(drill) => drill,
        Err(said) => return Ok(*said),
    };
    if !SentForm::of(&body).has("sure") {
        let words = "Nothing was stopped: say that you are sure.";
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&WatchedDrill::Own(drill), &caller, Some(words))).into_response());
    }
    tracing::info!(drill = %drill.id, by = %caller.name, "stopped on its page");
    drill.stop();
    Ok(Redirect::to(&format!("/drills/{id}/live")).into_response())
}
