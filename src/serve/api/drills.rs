//! Drills: past ones, and those that run. Begun, looked at, stopped.

use super::drill_records::{DrillOrderRecord, DrillPage, DrillRecord, DrillStarted, LiveRecord};
use super::route::{ApiRoute, moment, name, name_schema, number, word};
use super::sources::apart;
use super::taken::{self, TakenBody, TakenPath, TakenQuery, is_name, within};
use crate::model::AccessRole;
use crate::scheduler::{DrillStart, NotBegun, RunningDrill};
use crate::serve::problem::{ApiAnswer, CallProblem};
use crate::serve::{App, Caller};
use crate::store::{DrillEntry, DrillQuery, DrillState, RunKind};
use crate::units::one_line;
use crate::verdict::Decision;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use utoipa::openapi::path::HttpMethod;

/// What `verdict` may be.
const VERDICTS: &[&str] = &["met", "missed", "inconclusive"];
/// The most bytes of a file of a drill's folder that is answered.
const FILE_MAX: u64 = 32 * 1024 * 1024;

/// Which drills.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DrillsQuery {
    service: Option<String>,
    scenario: Option<String>,
    environment: Option<String>,
    verdict: Option<String>,
    state: Option<String>,
    kind: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

pub(super) fn routes() -> Vec<ApiRoute> {
    let absent = "There is no drill of this name.";
    let one = |route: ApiRoute| route.part("id", "The drill's identifier.", name_schema()).fails(StatusCode::NOT_FOUND, absent);
    let not_running = "It does not run in this server.";
    vec![
        ApiRoute::new(HttpMethod::Get, "/drills", "listDrills", "Drills, executions and series, the newest first", get(list))
            .query([
                name("service", "That asked this service."),
                name("scenario", "Of this scenario, by name."),
                name("environment", "That ran here."),
                word("verdict", "With this verdict.", VERDICTS),
                word("state", "That are so far.", DrillState::WORDS),
                word("kind", "Of this kind.", RunKind::WORDS),
                moment("since", "That began then or later."),
                moment("until", "That began before that."),
                number("limit", "At most so many.", 1, 500),
                number("offset", "Without so many of the newest.", 0, 1_000_000),
            ])
            .gives::<DrillPage>(StatusCode::OK, "Drills, and how many there are in all."),
        ApiRoute::new(HttpMethod::Post, "/drills", "startDrill", "Begin a drill", post(start))
            .may(AccessRole::Run)
            .takes::<DrillOrderRecord>()
            .gives::<DrillStarted>(StatusCode::CREATED, "It has begun.")
            .fails(StatusCode::NOT_FOUND, "There is no such scenario.")
            .fails(StatusCode::CONFLICT, "It may not begin now: a lever, a lock, a freeze, an approval, its files."),
        one(ApiRoute::new(HttpMethod::Get, "/drills/{id}", "getDrill", "A drill", get(show)))
            .gives::<DrillRecord>(StatusCode::OK, "The drill."),
        one(ApiRoute::new(
            HttpMethod::Get,
            "/drills/{id}/verdict",
            "getVerdict",
            "Its verdict, as `verdict.json` of its folder",
            get(verdict),
        ))
        .gives_named("The verdict.", "Verdict"),
        one(ApiRoute::new(HttpMethod::Get, "/drills/{id}/report", "getReport", "Its report, as `report.md` of its folder", get(report)))
            .gives_text("The report.", "text/markdown"),
        one(ApiRoute::new(HttpMethod::Get, "/drills/{id}/live", "getLive", "A drill that runs in this server, as it is now", get(live)))
            .gives::<LiveRecord>(StatusCode::OK, "How it is.")
            .fails(StatusCode::CONFLICT, not_running),
        one(ApiRoute::new(HttpMethod::Post, "/drills/{id}/stop", "stopDrill", "Stop a drill that runs in this server", post(stop)))
            .may(AccessRole::Stop)
            .gives_nothing("It stops: every fault is healed, then it ends.")
            .fails(StatusCode::CONFLICT, not_running),
    ]
}

async fn list(State(app): State<App>, TakenQuery(query): TakenQuery<DrillsQuery>) -> ApiAnswer<Json<DrillPage>> {
    let wrong = |name: &str| CallProblem::new(StatusCode::BAD_REQUEST, format!("`{name}` is none of its words"));
    let verdict = match query.verdict.as_deref() {
        None => None,
        Some("met") => Some(Decision::Met),
        Some("missed") => Some(Decision::Missed),
        Some("inconclusive") => Some(Decision::Inconclusive),
        Some(_) => return Err(wrong("verdict")),
    };
    let state = query.state.map(|word| DrillState::from_word(&word).ok_or_else(|| wrong("state"))).transpose()?;
    let kind = query.kind.map(|word| RunKind::from_word(&word).ok_or_else(|| wrong("kind"))).transpose()?;
    let asked = DrillQuery {
        service: taken::names(query.service)?,
        scenario: taken::names(query.scenario)?,
        environment: taken::names(query.environment)?,
        verdict,
        since: taken::moments(query.since.as_ref())?,
        until: taken::moments(query.until.as_ref())?,
        state,
        kind,
        limit: Some(within("limit", query.limit, 50, 1, 500)?),
        offset: within("offset", query.offset, 0, 0, 1_000_000)?,
        ..DrillQuery::default()
    };
    app.synced().await?;
    let total = app.store().count(&asked).await?;
    let drills = app.store().drills(&asked).await?;
    Ok(Json(DrillPage { total, drills: drills.into_iter().map(DrillRecord::from).collect() }))
}

/// A drill by its identifier.
///
/// # Errors
/// 404 where there is none.
pub(super) async fn drill(app: &App, id: &str) -> ApiAnswer<DrillEntry> {
    let absent = || CallProblem::absent("there is no such drill");
    if !is_name(id) {
        return Err(absent());
    }
    app.synced().await?;
    app.store().drill(id).await?.ok_or_else(absent)
}

async fn show(State(app): State<App>, TakenPath(id): TakenPath<String>) -> ApiAnswer<Json<DrillRecord>> {
    Ok(Json(drill(&app, &id).await?.into()))
}

async fn verdict(State(app): State<App>, TakenPath(id): TakenPath<String>) -> ApiAnswer<Response> {
    file(&app, &id, "verdict.json", "application/json").await
}

async fn report(State(app): State<App>, TakenPath(id): TakenPath<String>) -> ApiAnswer<Response> {
    file(&app, &id, "report.md", "text/markdown; charset=utf-8").await
}

/// A file of a drill's folder.
async fn file(app: &App, id: &str, name: &'static str, kind: &'static str) -> ApiAnswer<Response> {
    let folder = app.root().join(drill(app, id).await?.folder);
    let read = apart(move || {
        let path = folder.join(name);
        // A folder may be anybody's: a pipe in it would be waited for without end.
        let is_good = std::fs::metadata(&path).is_ok_and(|facts| facts.is_file() && facts.len() <= FILE_MAX);
        is_good.then(|| std::fs::read(&path).ok()).flatten()
    });
    let bytes = read.await?.ok_or_else(|| CallProblem::absent(format!("its folder has no {name} on this host")))?;
    Ok(([(CONTENT_TYPE, kind)], bytes).into_response())
}

/// A drill of this process.
///
/// # Errors
/// 404 where there is none, 409 where it runs elsewhere or is over.
pub(super) async fn running(app: &App, id: &str) -> ApiAnswer<Arc<RunningDrill>> {
    if let Some(drill) = app.running().get(id) {
        return Ok(drill);
    }
    drill(app, id).await?;
    Err(CallProblem::new(StatusCode::CONFLICT, "this drill does not run in this server"))
}

async fn live(State(app): State<App>, TakenPath(id): TakenPath<String>) -> ApiAnswer<Json<LiveRecord>> {
    let drill = running(&app, &id).await?;
    let now = drill.live.borrow().clone();
    Ok(Json(LiveRecord::of(&now)))
}

async fn stop(State(app): State<App>, caller: Caller, TakenPath(id): TakenPath<String>) -> ApiAnswer<StatusCode> {
    let drill = running(&app, &id).await?;
    drill.stop();
    app.audit(&caller, "drill.stop", &id, "done").await;
    Ok(StatusCode::NO_CONTENT)
}

async fn start(State(app): State<App>, caller: Caller, TakenBody(order): TakenBody<DrillOrderRecord>) -> ApiAnswer<Response> {
    let seed = match order.seed.as_deref().map(str::parse) {
        None => None,
        Some(Ok(seed)) => Some(seed),
        Some(Err(_)) => return Err(CallProblem::unclear("`seed` has up to 16 hexadecimal digits")),
    };
    if order.reason.as_ref().is_some_and(|reason| reason.chars().count() > 500) {
        return Err(CallProblem::unclear("`reason` has at most 500 letters"));
    }
    if order.scenario.chars().count() > 300 || !is_name(&order.environment) {
        return Err(CallProblem::unclear("`scenario` has at most 300 letters, and `environment` is a name"));
    }
    let scenario = inside(app.root(), &order.scenario).ok_or_else(|| CallProblem::absent("there is no such scenario"))?;
    let reason =
        order.reason.map_or_else(|| format!("asked for by {}", caller.name), |reason| format!("{}: {}", caller.name, one_line(&reason)));
    let attended = order.attended.unwrap_or(false);
    let start = DrillStart {
        scenario,
        environment: order.environment,
        seed,
        reason: Some(reason),
        attended,
        by: Some(caller.name.clone()),
        ..DrillStart::default()
    };
    let object = format!("{} in {}", order.scenario, start.environment);
    let begun = app.running().start(start).await;
    let drill = match begun {
        Ok(drill) => drill,
        Err(error) => {
            app.audit(&caller, "drill.start", &object, &format!("refused: {error}")).await;
            return Err(refused(&error));
        }
    };
    app.audit(&caller, "drill.start", &format!("{} ({object})", drill.id), "done").await;
    let there = format!("{}/drills/{}", super::route::BASE, drill.id);
    let started = DrillStarted { id: drill.id.clone() };
    Ok((StatusCode::CREATED, [(LOCATION, there)], Json(started)).into_response())
}

fn refused(error: &NotBegun) -> CallProblem {
    CallProblem::conflict(error)
}

/// A file of the project by its path from the root; nothing that lies elsewhere.
fn inside(root: &Path, path: &str) -> Option<PathBuf> {
    let is_inside = !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    (is_inside && !path.contains('\0') && root.join(path).is_file()).then(|| PathBuf::from(path))
}
