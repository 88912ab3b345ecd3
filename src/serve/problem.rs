//! Why a call is not answered as it was asked: RFC 9457's problem details for programs, a small page for people.

use super::page::{PagePart, shell};
use crate::store::StoreError;
use crate::units::{Explained, explained};
use axum::Json;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;
use serde::Serialize;

/// The media type of problem details.
pub(super) const PROBLEM_TYPE: &str = "application/problem+json";

/// Why a call is not answered as it was asked, as programs read it (RFC 9457).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(super) struct CallProblem {
    /// What kind of problem this is: `about:blank`, so the status says it.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    #[schema(example = "Forbidden")]
    title: &'static str,
    /// The status as a number.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this call.
    detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// What an API handler answers.
pub(super) type ApiAnswer<T> = Result<T, CallProblem>;

impl CallProblem {
    /// With a status and what is wrong.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { kind: "about:blank", title, status: status.as_u16(), detail: detail.into(), hint: None, retry_after: None }
    }

    /// With what to do about it.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the seconds after which it may be tried again.
    #[must_use]
    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Something is not there.
    pub(super) fn absent(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, what)
    }

    /// What was sent makes no sense.
    pub(super) fn unclear(what: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, what)
    }

    /// It cannot be done as things are.
    pub(super) fn conflict(error: &(impl Explained + ?Sized)) -> Self {
        let told = explained(error);
        let (detail, hint) = told.split_once("\n\nhint: ").map_or((told.as_str(), None), |(detail, hint)| (detail, Some(hint.to_owned())));
        Self { hint, ..Self::new(StatusCode::CONFLICT, detail) }
    }

    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// As a page, for people.
    pub(super) fn page(self) -> Response {
        let body = html! {
            p { (self.detail) }
            @if let Some(hint) = &self.hint { p { (hint) } }
            p { a href="/" { "Back to the overview" } }
        };
        let mut response = (self.status(), shell(PagePart::Overview, self.title, &body)).into_response();
        self.add_headers(response.headers_mut());
        response
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"lifeboat\""));
        }
    }
}

impl IntoResponse for CallProblem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(&self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_TYPE));
        self.add_headers(response.headers_mut());
        response
    }
}

impl From<StoreError> for CallProblem {
    /// The words of the database are for whoever runs the server.
    fn from(error: StoreError) -> Self {
        tracing::error!("the store failed: {error}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read or written now")
            .retry_after(5)
            .hint("try again; the server's log says why")
    }
}
