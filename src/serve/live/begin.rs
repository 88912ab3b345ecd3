//! The page that begins drills: choose a scenario and where it runs, see what it would do and the most that it could cost, agree, begin.

use super::super::{AccessRole, App, Caller};
use super::answers::SentForm;
use super::begin_page::{BeginPage, BeginQuery, ScenarioChoice, choices, planned};
use super::live_page::is_known;
use crate::exercise::{Consent, ReadScenario, levers_of};
use crate::project::{Project, check};
use crate::scheduler::{DrillStart, NotBegun};
use crate::units::{Seed, explained};
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;
use std::path::{Component, Path, PathBuf};

/// `GET /drills/new`
pub(super) async fn choose(State(app): State<App>, caller: Caller, Query(query): Query<BeginQuery>) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Read)?;
    Ok(shown(&app, &caller, query, None).await?.into_response())
}

/// The page for what was chosen, with what went wrong where something did.
async fn shown(app: &App, caller: &Caller, query: BeginQuery, problem: Option<String>) -> Result<Markup, StatusCode> {
    let root = app.root().to_owned();
    let asked = query.clone();
    // Reading a project takes its time, which is not the runtime's.
    let read = tokio::task::spawn_blocking(move || read(&root, &asked)).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let page = BeginPage { problem, caller, running: app.running(), is_known: is_known(caller) };
    match read {
        BeginRead::Choice { scenarios, environments } => Ok(choices(&page, &query, &scenarios, &environments)),
        BeginRead::Plan { read } => {
            let pulled = match &read.planned {
                Some(drill) => levers_of(&drill.plan, &drill.root).pulled().await.map(|pulled| pulled.to_string()),
                None => None,
            };
            let obstacle = obstacle(app, &query).await.or(pulled.map(|pulled| format!("drills are stopped: {pulled}")));
            Ok(planned(&page, &query, &read, obstacle.as_deref()))
        }
    }
}

/// What would keep it from beginning, as far as that can be told without asking anybody.
async fn obstacle(app: &App, query: &BeginQuery) -> Option<String> {
    let start = DrillStart { scenario: query.scenario.clone().into(), environment: query.environment.clone(), ..DrillStart::default() };
    match app.running().looked_at(&start).await {
        Ok(_) | Err(NotBegun::Invalid { .. } | NotBegun::Unaffordable(_)) => None,
        Err(error) => Some(explained(&error)),
    }
}

/// What the project has of it.
enum BeginRead {
    /// Nothing is chosen yet.
    Choice { scenarios: Vec<ScenarioChoice>, environments: Vec<String> },
    /// A scenario in an environment.
    Plan { read: Box<ReadScenario> },
}

fn read(root: &Path, query: &BeginQuery) -> BeginRead {
    let chosen = within(root, &query.scenario).filter(|_| !query.environment.is_empty());
    if let Some(read) = chosen.and_then(|path| ReadScenario::of(&path, &query.environment).ok()) {
        return BeginRead::Plan { read: Box::new(read) };
    }
    let (project, _) = Project::open(root);
    let environments: Vec<String> = project.inventory.environments.keys().cloned().collect();
    let today = chrono::Utc::now().format("%Y-%m-%d").to_string();
    let usual = environments.iter().find(|name| *name == "lab").or_else(|| environments.first()).cloned().unwrap_or_default();
    let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    let choice = |path: PathBuf| {
        let title = project.plan(&path, &usual).ok().map(|(plan, _)| plan.scenario.title);
        Some(ScenarioChoice { path: path.strip_prefix(&root).ok()?.display().to_string(), title })
    };
    let scenarios = check(&root, &[root.join("scenarios")], &today).drills.into_iter().filter_map(choice).collect();
    BeginRead::Choice { scenarios, environments }
}

/// A file of the project by its path from the root; nothing that lies elsewhere.
fn within(root: &Path, path: &str) -> Option<PathBuf> {
    let is_inside = !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    Some(root.join(path)).filter(|whole| is_inside && whole.is_file())
}

/// `POST /drills/new`
pub(super) async fn begin(State(app): State<App>, caller: Caller, body: Bytes) -> Result<Response, StatusCode> {
    caller.must(AccessRole::Run)?;
    let form = SentForm::of(&body);
    let query = BeginQuery { scenario: form.get("scenario"), environment: form.get("environment") };
    let refused = async |status: StatusCode, words: String| -> Result<Response, StatusCode> {
        Ok((status, shown(&app, &caller, query.clone(), Some(words)).await?).into_response())
    };
    if within(app.root(), &query.scenario).is_none() {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, format!("There is no scenario `{}` in this project.", query.scenario)).await;
    }
    let seed = match form.get("seed").as_str() {
        "" => None,
        text => match text.parse::<Seed>() {
            Ok(seed) => Some(seed),
            Err(_) => return refused(StatusCode::UNPROCESSABLE_ENTITY, "A seed is up to 16 hexadecimal digits.".to_owned()).await,
        },
    };
    let agreed = [("spend", Consent::Spending), ("write", Consent::Writing)];
    let by = if is_known(&caller) { caller.name.clone() } else { form.get("by") };
    let text = |name: &str| Some(form.get(name)).filter(|text| !text.is_empty()).map(|text| text.chars().take(1_000).collect::<String>());
    let start = DrillStart {
        scenario: query.scenario.clone().into(),
        environment: query.environment.clone(),
        seed,
        reason: text("reason"),
        by: Some(by).filter(|by| !by.is_empty()),
        attended: form.get("attended") != "no",
        agreed: agreed.into_iter().filter(|(name, _)| form.has(name)).map(|(_, consent)| consent).collect(),
        ..DrillStart::default()
    };
    match app.running().start(start).await {
        Ok(drill) => Ok(Redirect::to(&format!("/drills/{}/live", drill.id)).into_response()),
        Err(error) => {
            let status =
                if matches!(error, NotBegun::Stopping | NotBegun::Broken) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::CONFLICT };
            refused(status, format!("The drill did not begin: {}", explained(&error))).await
        }
    }
}
