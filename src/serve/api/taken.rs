//! What handlers take from a request. What makes no sense is refused with what is wrong about it.

use super::route::NAME;
use crate::serve::problem::CallProblem;
use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

/// The query of a request.
pub(super) struct TakenQuery<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for TakenQuery<T> {
    type Rejection = CallProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, CallProblem> {
        let taken = Query::<T>::from_request_parts(parts, state).await;
        taken.map(|Query(query)| Self(query)).map_err(|refused| CallProblem::new(StatusCode::BAD_REQUEST, refused.body_text()))
    }
}

/// The parts of its path.
pub(super) struct TakenPath<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for TakenPath<T> {
    type Rejection = CallProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, CallProblem> {
        let taken = Path::<T>::from_request_parts(parts, state).await;
        taken.map(|Path(path)| Self(path)).map_err(|refused| CallProblem::new(StatusCode::BAD_REQUEST, refused.body_text()))
    }
}

/// Its body.
pub(super) struct TakenBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for TakenBody<T> {
    type Rejection = CallProblem;

    async fn from_request(request: Request, state: &S) -> Result<Self, CallProblem> {
        let taken = Json::<T>::from_request(request, state).await;
        taken.map(|Json(body)| Self(body)).map_err(|refused| CallProblem::new(refused.status(), refused.body_text()))
    }
}

/// A name of something that a project has.
///
/// # Errors
/// 400 where it cannot be one.
pub(super) fn name(text: String) -> Result<String, CallProblem> {
    if is_name(&text) { Ok(text) } else { Err(CallProblem::new(StatusCode::BAD_REQUEST, format!("a name is like {NAME}"))) }
}

/// The same where there may be none.
///
/// # Errors
/// As [`name`].
pub(super) fn names(text: Option<String>) -> Result<Option<String>, CallProblem> {
    text.map(name).transpose()
}

/// True for what [`NAME`] says.
pub(super) fn is_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.len() <= 100 && text.chars().all(letter)
}

/// A moment.
///
/// # Errors
/// 400 where it is none.
pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, CallProblem> {
    let parsed = DateTime::parse_from_rfc3339(text);
    parsed.map(|at| at.with_timezone(&Utc)).map_err(|_| CallProblem::new(StatusCode::BAD_REQUEST, "a moment is like 2026-11-30T10:00:00Z"))
}

/// The same where there may be none.
///
/// # Errors
/// As [`moment`].
pub(super) fn moments(text: Option<&String>) -> Result<Option<DateTime<Utc>>, CallProblem> {
    text.map(|text| moment(text)).transpose()
}

/// A number within its bounds, or what it is where none is said.
///
/// # Errors
/// 400 where it is beyond.
pub(super) fn within(name: &str, given: Option<u64>, usual: u64, least: u64, most: u64) -> Result<u64, CallProblem> {
    match given.unwrap_or(usual) {
        number if (least..=most).contains(&number) => Ok(number),
        _ => Err(CallProblem::new(StatusCode::BAD_REQUEST, format!("`{name}` is from {least} to {most}"))),
    }
}
