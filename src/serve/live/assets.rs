//! The script and the style sheet of live pages, embedded, and named by what is in them so that browsers may keep them for good.

use super::super::App;
use crate::report::picture_style;
use crate::units::sha256_hex;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::LazyLock;

const SCRIPT: &str = include_str!("../page/live.js");
const STYLE: &str = include_str!("live.css");

/// An embedded file.
struct LiveAsset {
    path: String,
    kind: &'static str,
    text: String,
}

static ASSETS: LazyLock<[LiveAsset; 2]> = LazyLock::new(|| {
    let asset = |name: &str, end: &str, kind: &'static str, text: String| {
        let path = format!("/assets/{name}-{}.{end}", &sha256_hex(text.as_bytes())[..12]);
        LiveAsset { path, kind, text }
    };
    [
        asset("live", "js", "text/javascript; charset=utf-8", SCRIPT.to_owned()),
        asset("live", "css", "text/css; charset=utf-8", format!("{STYLE}{}", picture_style())),
    ]
});

/// Where the script is.
pub(super) fn script() -> &'static str {
    &ASSETS[0].path
}

/// Where the style sheet is.
pub(super) fn style() -> &'static str {
    &ASSETS[1].path
}

/// Both.
pub(super) fn routes() -> Router<App> {
    ASSETS.iter().fold(Router::new(), |router, asset| router.route(&asset.path, get(async move || asset.response())))
}

impl LiveAsset {
    fn response(&self) -> Response {
        let headers =
            [(CONTENT_TYPE, self.kind), (CACHE_CONTROL, "public, max-age=31536000, immutable"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
        (headers, self.text.clone()).into_response()
    }
}
