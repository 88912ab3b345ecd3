//! What pages load: the style sheet and the script, part of the program, each named by its contents so that browsers keep it for good.

use crate::serve::App;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::LazyLock;

const STYLE: &str = include_str!("page.css");

/// Where the style sheet is.
pub(super) static STYLE_PATH: LazyLock<String> = LazyLock::new(|| path("page", "css", STYLE));

/// Where a file of these contents is: `/assets/page-1f0c….css`.
pub(in crate::serve) fn path(name: &str, ending: &str, contents: &str) -> String {
    let hash: String = crate::units::sha256_hex(contents.as_bytes()).chars().take(12).collect();
    format!("/assets/{name}-{hash}.{ending}")
}

/// The same file whoever asks, for as long as the browser likes.
pub(in crate::serve) fn kept(kind: &'static str, contents: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")], contents)
}

/// The style sheet.
pub(super) fn routes() -> Router<App> {
    Router::new().route(&STYLE_PATH, get(async || kept("text/css; charset=utf-8", STYLE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_is_named_by_its_contents_and_loads_nothing() {
        assert!(STYLE_PATH.starts_with("/assets/page-") && STYLE_PATH.ends_with(".css"));
        assert_ne!(path("page", "css", "a"), path("page", "css", "b"));
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
