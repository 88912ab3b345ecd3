//! What drills showed and somebody should look into: listed, given to somebody, closed.

use super::drills::drill;
use super::finding_records::{FindingOrder, FindingRecord};
use super::route::{ApiRoute, name, name_schema, truth};
use super::sources::{FindingRefusal, assign};
use super::taken::{self, TakenBody, TakenPath, TakenQuery, is_name};
use crate::model::AccessRole;
use crate::serve::problem::{ApiAnswer, CallProblem};
use crate::serve::{App, Caller};
use crate::store::FindingQuery;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, patch};
use serde::Deserialize;
use utoipa::openapi::path::HttpMethod;

/// Which findings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingsQuery {
    drill: Option<String>,
    scenario: Option<String>,
    environment: Option<String>,
    all: Option<bool>,
}

pub(super) fn routes() -> Vec<ApiRoute> {
    let absent = "There is no such finding.";
    vec![
        ApiRoute::new(HttpMethod::Get, "/findings", "listFindings", "Findings of the newest drills that are open", get(list))
            .query([
                name("drill", "Of this drill; without it, of the newest drill of each scenario in each environment."),
                name("scenario", "Of this scenario."),
                name("environment", "Of drills that ran here."),
                truth("all", "Those that are gone or were accepted as well."),
            ])
            .gives::<Vec<FindingRecord>>(StatusCode::OK, "Those that matter most first."),
        ApiRoute::new(HttpMethod::Get, "/drills/{id}/findings", "listFindingsOfDrill", "What a drill showed", get(of_drill))
            .part("id", "The drill's identifier.", name_schema())
            .gives::<Vec<FindingRecord>>(StatusCode::OK, "All of them.")
            .fails(StatusCode::NOT_FOUND, "There is no drill of this name."),
        ApiRoute::new(
            HttpMethod::Patch,
            "/findings/{drill}/{id}",
            "changeFinding",
            "Give a finding to somebody, or close it",
            patch(change),
        )
        .may(AccessRole::Run)
        .part("drill", "The drill in whose file it stands.", name_schema())
        .part("id", "What it is called.", name_schema())
        .takes::<FindingOrder>()
        .gives::<FindingRecord>(StatusCode::OK, "The finding as it is now.")
        .fails(StatusCode::NOT_FOUND, absent)
        .fails(StatusCode::CONFLICT, "Its file cannot be changed so."),
    ]
}

async fn list(State(app): State<App>, TakenQuery(query): TakenQuery<FindingsQuery>) -> ApiAnswer<Json<Vec<FindingRecord>>> {
    app.synced().await?;
    let asked = FindingQuery {
        drill: taken::names(query.drill)?,
        scenario: taken::names(query.scenario)?,
        environment: taken::names(query.environment)?,
        all: query.all.unwrap_or(false),
        ..FindingQuery::default()
    };
    Ok(Json(app.store().findings(&asked).await?.into_iter().map(FindingRecord::from).collect()))
}

async fn of_drill(State(app): State<App>, TakenPath(id): TakenPath<String>) -> ApiAnswer<Json<Vec<FindingRecord>>> {
    let drill = drill(&app, &id).await?;
    let asked = FindingQuery { drill: Some(drill.id), all: true, ..FindingQuery::default() };
    Ok(Json(app.store().findings(&asked).await?.into_iter().map(FindingRecord::from).collect()))
}

async fn change(
    State(app): State<App>,
    caller: Caller,
    TakenPath((of, id)): TakenPath<(String, String)>,
    TakenBody(order): TakenBody<FindingOrder>,
) -> ApiAnswer<Json<FindingRecord>> {
    let lengths = [(&order.about, 0, 200), (&order.owner, 1, 200), (&order.ticket, 1, 500)];
    if lengths.iter().any(|(text, least, most)| text.as_ref().is_some_and(|text| !(*least..=*most).contains(&text.chars().count()))) {
        return Err(CallProblem::unclear("`about` and `owner` have at most 200 letters, and `ticket` 500"));
    }
    if order.due.as_ref().is_some_and(|due| due.parse::<chrono::NaiveDate>().is_err()) {
        return Err(CallProblem::unclear("`due` is a day like 2027-03-31"));
    }
    let absent = || CallProblem::absent("there is no such finding");
    if !is_name(&id) {
        return Err(absent());
    }
    let drill = drill(&app, &of).await.map_err(|_| absent())?;
    let object = format!("{id} of {}", drill.id);
    match assign(&app, &drill.id, &id, order).await? {
        Ok(entry) => {
            app.audit(&caller, "finding.change", &object, "done").await;
            Ok(Json(entry.into()))
        }
        Err(FindingRefusal::Absent) => Err(absent()),
        Err(FindingRefusal::Unwritable(why)) => Err(CallProblem::new(StatusCode::CONFLICT, why)),
    }
}
