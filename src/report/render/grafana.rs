//! A report as annotations of Grafana: one for the run, one for each fault, one for the cutover, each with its beginning and its end.
//!
//! What this file does not do: send them (`cli`), or know which were sent before: Grafana has no identifier of ours, so that whoever sends twice
//! has each annotation twice.

use super::gist::{Gist, at_most, one};
use super::json::written;
use crate::report::model::Report;
use crate::units::Problem;
use serde::Serialize;

/// Characters of a text.
const TEXT: usize = 1_000;

/// What `POST /api/annotations` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GrafanaAnnotation {
    /// When it begins, in milliseconds since 1970.
    pub time: i64,
    /// When it ends, likewise.
    pub time_end: i64,
    /// By what a dashboard finds it.
    pub tags: Vec<String>,
    /// What is shown; Grafana reads it as HTML, so nothing in it is.
    pub text: String,
}

/// The annotations of a run.
///
/// # Errors
/// Where the history does not say when it was.
pub fn grafana_annotations(report: &Report) -> Result<Vec<GrafanaAnnotation>, Problem> {
    let gist = Gist::of(report);
    let (began, ended) = gist.span()?;
    let identity = &report.identity;
    let named = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}:{}", one(value)));
    let common = [named("scenario", &identity.scenario), named("environment", &identity.environment), named("run", &identity.run)];
    let tags = |kind: &str| {
        let own = ["lifeboat".to_owned(), kind.to_owned()];
        own.into_iter().chain(common.iter().flatten().cloned()).map(|tag| at_most(&tag, 100)).collect::<Vec<_>>()
    };
    let annotation = |kind: &str, [from, until]: [i64; 2], text: &str| GrafanaAnnotation {
        time: from / 1_000_000,
        time_end: until / 1_000_000,
        tags: tags(kind),
        text: as_html(&at_most(text, TEXT)),
    };
    let mut whole = annotation(gist.kind(), [began, ended], &format!("{}: {}", gist.title, gist.verdict.join(" ")));
    whole.tags.push(format!("verdict:{}", report.status.word));
    let shown = gist.spans().into_iter().filter(|span| matches!(span.kind, "fault" | "cutover"));
    Ok([whole].into_iter().chain(shown.map(|span| annotation(span.kind, [span.from, span.until], &span.name))).collect())
}

/// The same as a list in JSON.
///
/// # Errors
/// As [`grafana_annotations`].
pub fn grafana(report: &Report) -> Result<String, Problem> {
    grafana_annotations(report).map(|annotations| written(&annotations))
}

fn as_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
