//! Series of the team's own monitoring, read once the traffic has ended and recorded in the history, so that a report needs nobody but that.
//!
//! What cannot be read is recorded as that, and never fails a drill. What this file does not do: show them.

use super::rig::Rig;
use super::site::RigSite;
use crate::history::{Event, OverlayRead};
use crate::import::{self, AnsweredSeries};
use crate::journal::Wall;
use crate::model::{OVERLAY_POINTS, OVERLAYS_MAX, Overlay, OverlaySource};
use crate::units::{Problem, explained};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::Duration;

/// One answer may take so long, and …
const EACH: Duration = Duration::from_secs(10);
/// … all of them together so long.
const ALL: Duration = Duration::from_secs(30);
/// The longest answer, and the longest file.
const LONGEST: usize = 32 << 20;
/// Nanoseconds that are shown before the traffic began, and after it ended.
const AROUND: i64 = 10_000_000_000;

/// Reads and records every series of the plan. `since` is when the traffic began, on the drill's clock.
pub(super) async fn record(rig: &Rig, site: &RigSite<'_>, since: u64) {
    let wall = Wall::read();
    // The wall's time at the drill's origin: whatever else is on the wall is counted from there.
    let origin = wall.at(site.recorder.clock().host(0));
    let signed = |moment: u64| i64::try_from(moment).unwrap_or(i64::MAX);
    let span = TimeSpan { origin, from: signed(since).saturating_sub(AROUND), until: signed(site.recorder.clock().now()) };
    let reading = async {
        for overlay in site.plan.scenario.overlays.iter().take(OVERLAYS_MAX) {
            let read = tokio::time::timeout(EACH, read(overlay, rig, site, span)).await;
            let read = read.unwrap_or_else(|_| Err(Problem::new(format!("it took longer than {} s", EACH.as_secs()))));
            site.recorder.record(Event::Overlay(recorded(overlay, read, rig))).await;
        }
    };
    if tokio::time::timeout(ALL, reading).await.is_err() {
        tracing::debug!("series of the team's own took too long");
    }
}

/// A span of the wall's time, in nanoseconds since the drill's origin.
#[derive(Clone, Copy)]
struct TimeSpan {
    /// The wall's time at the drill's origin.
    origin: i64,
    from: i64,
    until: i64,
}

/// As it goes into the history: without secrets.
fn recorded(overlay: &Overlay, read: Result<AnsweredSeries, Problem>, rig: &Rig) -> OverlayRead {
    let (name, unit) = (rig.redactor.redact(&overlay.name), overlay.unit.clone());
    match read {
        Ok(AnsweredSeries { points, .. }) if points.is_empty() => {
            OverlayRead { name, unit, points, of: None, problem: Some("it has no points in the time of the drill".into()) }
        }
        Ok(AnsweredSeries { points, of }) => OverlayRead { name, unit, points, of: Some(of).filter(|of| *of > 1), problem: None },
        Err(problem) => {
            let told: String = rig.redactor.redact(&explained(&problem)).replace("\n\nhint: ", "; ").chars().take(500).collect();
            OverlayRead { name, unit, points: Vec::new(), of: None, problem: Some(told) }
        }
    }
}

/// The points within the span, on the drill's clock.
async fn read(overlay: &Overlay, rig: &Rig, site: &RigSite<'_>, span: TimeSpan) -> Result<AnsweredSeries, Problem> {
    let AnsweredSeries { points, of } = match &overlay.from {
        OverlaySource::Prometheus { url, promql } => asked(url, promql, rig, site, span).await?,
        OverlaySource::Csv { path, time, value } => {
            let (file, time, value) = (below(site.root, path)?, time.clone(), value.clone());
            let columns = move || import::columns(BufReader::new(file.take(LONGEST as u64)), &time, &value);
            let points = tokio::task::spawn_blocking(columns).await.map_err(|_| Problem::new("it cannot be read"))??;
            AnsweredSeries { points, of: 1 }
        }
    };
    let within = |(at, value): (i64, f64)| {
        let at = at.saturating_sub(span.origin);
        (span.from..=span.until).contains(&at).then_some((at, value))
    };
    let points: Vec<(i64, f64)> = points.into_iter().filter_map(within).collect();
    Ok(AnsweredSeries { points: import::thinned(points, OVERLAY_POINTS), of })
}

/// What a Prometheus says of the time of the drill.
async fn asked(url: &str, promql: &str, rig: &Rig, site: &RigSite<'_>, span: TimeSpan) -> Result<AnsweredSeries, Problem> {
    let unset = |unknown: crate::units::UnknownVariable| Problem::new(format!("`${{{}}}` has no value in this environment", unknown.name));
    let (base, promql) = (rig.variables.expand(url).map_err(unset)?, rig.variables.expand(promql).map_err(unset)?);
    let seconds = |moment: i64| format!("{:.3}", span.origin.saturating_add(moment) as f64 / 1e9);
    let length = span.until.saturating_sub(span.from) as f64 / 1e9;
    let step = (length / OVERLAY_POINTS as f64 * 2.0).ceil().max(1.0);
    let place = format!("{}/api/v1/query_range", base.trim_end_matches('/'));
    let place = reqwest::Url::parse_with_params(
        &place,
        [("query", promql), ("start", seconds(span.from)), ("end", seconds(span.until)), ("step", step.to_string())],
    );
    let mut request = site.http.get(place.map_err(|_| Problem::new("the address of the Prometheus is not a URL"))?);
    // The token is for the environment's own Prometheus, and for nobody else.
    let own = site.plan.environment.prometheus.as_ref().filter(|own| own.url.trim_end_matches('/') == base.trim_end_matches('/'));
    if let Some(variable) = own.and_then(|own| own.token_from.as_deref()) {
        let token =
            crate::secret::variable(variable).ok_or_else(|| Problem::new(format!("the environment variable {variable} is not set")))?;
        request = request.bearer_auth(token.expose());
    }
    let failed = |error: reqwest::Error| Problem::new(format!("it cannot be asked: {}", cause(error.without_url())));
    let mut answer = request.send().await.map_err(failed)?;
    if let Some(elsewhere) = crate::web::sends_on(answer.status().as_u16(), answer.headers(), answer.url()) {
        return Err(elsewhere);
    }
    let (status, mut body) = (answer.status(), Vec::new());
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > LONGEST {
            return Err(Problem::new("its answer is longer than 32 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    import::answered(&body).map_err(|problem| match status.as_u16() {
        200..=299 | 400 | 422 => problem,
        status => Problem::new(format!("it answered with status {status}")),
    })
}

/// The innermost cause of an error.
fn cause(error: reqwest::Error) -> String {
    let mut source: &dyn std::error::Error = &error;
    while let Some(cause) = source.source() {
        source = cause;
    }
    if error.is_timeout() { "no answer in time".to_owned() } else { source.to_string() }
}

/// A regular file of the project, wherever links lead.
fn below(root: &Path, path: &str) -> Result<File, Problem> {
    let unread = |error: std::io::Error| Problem::new(format!("`{path}` cannot be read: {error}"));
    let (file, root) = (root.join(path).canonicalize().map_err(unread)?, root.canonicalize().map_err(unread)?);
    if !file.starts_with(&root) {
        return Err(Problem::new(format!("`{path}` leads out of the project")));
    }
    if !file.is_file() {
        return Err(Problem::new(format!("`{path}` is not a file")));
    }
    File::open(&file).map_err(unread)
}
