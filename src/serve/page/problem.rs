//! What cannot be shown, as a page: nothing there, not allowed, wrong, or a fault of ours.

use super::shell::{PagePart, shell};
use super::shown::short;
use crate::store::StoreError;
use crate::units::explained;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

/// Why a page is not shown.
#[derive(Debug)]
pub(in crate::serve) enum PageProblem {
    /// There is no such thing: what, and what to do.
    Absent(String),
    /// The caller may not.
    Status(StatusCode),
    /// What was asked makes no sense, in words.
    Asked(String),
    /// The store does not answer.
    Store(StoreError),
    /// Something else failed, in words.
    Failed(String),
}

impl From<StatusCode> for PageProblem {
    fn from(status: StatusCode) -> Self {
        Self::Status(status)
    }
}

impl From<StoreError> for PageProblem {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl PageProblem {
    /// There is no such thing.
    pub(super) fn absent(told: impl Into<String>) -> Self {
        Self::Absent(told.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Absent(_) => StatusCode::NOT_FOUND,
            Self::Status(status) => *status,
            Self::Asked(_) => StatusCode::BAD_REQUEST,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn told(self) -> String {
        match self {
            Self::Absent(told) | Self::Asked(told) | Self::Failed(told) => told,
            Self::Store(error) => explained(&error),
            Self::Status(_) => String::new(),
        }
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let status = self.status();
        (status, problem_page(status, &self.told())).into_response()
    }
}

/// The page of an answer that is none, with what is known of it.
pub(super) fn problem_page(status: StatusCode, told: &str) -> maud::Markup {
    let (title, usual) = match status {
        StatusCode::NOT_FOUND => ("There is no such page", "The address may be mistyped, or what it named was removed."),
        StatusCode::FORBIDDEN => {
            ("You may not do this", "Your role does not allow it. Somebody with the role admin can give you another token or role.")
        }
        StatusCode::UNAUTHORIZED => ("Please sign in", "This page is for people who are signed in."),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("This address takes no such request", "Go back, and use the form or the link on the page before.")
        }
        StatusCode::BAD_REQUEST => ("That cannot be done so", "Go back, change what you typed, and send it again."),
        StatusCode::TOO_MANY_REQUESTS => ("Too many requests", "Wait a little, then load the page again."),
        StatusCode::SERVICE_UNAVAILABLE => {
            ("The store does not answer", "Drills go on and are recorded in their folders. Load the page again in a moment.")
        }
        status if status.is_server_error() => ("Something went wrong here", "This is a fault of Lifeboat's. Its log says more."),
        _ => ("This did not work", "Go back, and try it again."),
    };
    let body = html! {
        p.lead { (usual) }
        @if !told.trim().is_empty() {
            div.told { @for line in told.lines().filter(|line| !line.trim().is_empty()).take(20) { p { bdi { (short(line, 600)) } } } }
        }
        p { a.button href="/" { "To the overview" } @if status == StatusCode::UNAUTHORIZED { " " a.button href="/sign-in" { "Sign in" } } }
        p.soft { "HTTP " (status.as_u16()) }
    };
    shell(PagePart::Elsewhere, title, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_has_its_status_and_says_what_to_do() {
        let problems = [
            (PageProblem::absent("no drill `x`"), 404, "no drill"),
            (StatusCode::FORBIDDEN.into(), 403, "role admin"),
            (PageProblem::Asked("<b>".into()), 400, "&lt;b&gt;"),
            (PageProblem::Failed("disk".into()), 500, "disk"),
        ];
        for (problem, status, says) in problems {
            assert_eq!(problem.status().as_u16(), status);
            let page = problem_page(problem.status(), &problem.told()).into_string();
            assert!(page.contains(says) && page.contains("<h1"), "{status}: {page}");
        }
    }
}
