//! Schedules, when they are due, and what became of each time that they were.

use super::records::{LateChoice, LateOrder, ListedSchedule, Moment, OccurrenceRecord};
use super::route::{ApiRoute, moment, moment_schema, name, name_schema, number};
use super::sources::{self, LateRefusal};
use super::taken::{self, TakenBody, TakenPath, TakenQuery};
use crate::model::{AccessRole, DrillSchedule};
use crate::schedule::{next_due, starts};
use crate::serve::problem::{ApiAnswer, CallProblem};
use crate::serve::{App, Caller};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::path::HttpMethod;

/// The most starts that are listed at once.
const STARTS: usize = 1_000;
/// The longest time that is looked at.
const SPAN: TimeDelta = TimeDelta::days(3 * 366);

/// When a schedule is due.
#[derive(Debug, Serialize, ToSchema)]
struct StartList {
    /// The schedule's name.
    schedule: String,
    /// When it is due, without jitter.
    #[schema(value_type = Vec<Moment>)]
    starts: Vec<DateTime<Utc>>,
    /// Whether there are more.
    more: bool,
}

/// From when to when, and of which schedule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpanQuery {
    from: Option<String>,
    to: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OccurrenceQuery {
    schedule: Option<String>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<u64>,
}

pub(super) fn routes() -> Vec<ApiRoute> {
    let absent = "There is no schedule of this name.";
    let span =
        || [moment("from", "After this moment; now where it is not said."), moment("to", "Up to this moment, at most three years later.")];
    let of = |mut all: Vec<_>, more: Vec<_>| {
        all.extend(more);
        all
    };
    vec![
        ApiRoute::new(HttpMethod::Get, "/schedules", "listSchedules", "What is due again and again", get(list))
            .gives::<Vec<ListedSchedule>>(StatusCode::OK, "Schedules, by name."),
        ApiRoute::new(HttpMethod::Get, "/schedules/{name}", "getSchedule", "A schedule", get(show))
            .part("name", "Its name.", name_schema())
            .gives::<ListedSchedule>(StatusCode::OK, "The schedule.")
            .fails(StatusCode::NOT_FOUND, absent),
        ApiRoute::new(HttpMethod::Get, "/schedules/{name}/starts", "previewSchedule", "When a schedule is due", get(preview))
            .part("name", "Its name.", name_schema())
            .query(span())
            .gives::<StartList>(StatusCode::OK, "The first thousand at most.")
            .fails(StatusCode::NOT_FOUND, absent),
        ApiRoute::new(
            HttpMethod::Get,
            "/occurrences",
            "listOccurrences",
            "What became of each time that something was due",
            get(occurrences),
        )
        .query(of(
            vec![name("schedule", "Of this schedule alone.")],
            vec![
                moment("from", "Due at this moment or later; a year ago where it is not said."),
                moment("to", "Due before this moment."),
                number("limit", "At most so many, the newest.", 1, 1_000),
            ],
        ))
        .gives::<Vec<OccurrenceRecord>>(StatusCode::OK, "The newest first."),
        ApiRoute::new(
            HttpMethod::Post,
            "/occurrences/{schedule}/{due}",
            "answerOccurrence",
            "Run a late drill, or decline it",
            post(answer),
        )
        .may(AccessRole::Run)
        .part("schedule", "The schedule's name.", name_schema())
        .part("due", "When it was due.", moment_schema())
        .takes::<LateOrder>()
        .gives_nothing("It is noted.")
        .fails(StatusCode::NOT_FOUND, "Nothing was due then.")
        .fails(StatusCode::CONFLICT, "Nobody is asked about it."),
    ]
}

fn record(schedule: DrillSchedule, now: DateTime<Utc>) -> ListedSchedule {
    ListedSchedule {
        next: next_due(&schedule, now),
        name: schedule.name,
        scenarios: schedule.scenarios,
        environment: schedule.environment,
        when: schedule.when.text,
        zone: schedule.when.zone.as_str().to_owned(),
        cadence: schedule.cadence.map(|cadence| cadence.to_string()),
        if_missed: schedule.if_missed.word().to_owned(),
    }
}

async fn list(State(app): State<App>) -> ApiAnswer<Json<Vec<ListedSchedule>>> {
    let now = Utc::now();
    Ok(Json(sources::schedules(&app).await?.into_iter().map(|schedule| record(schedule, now)).collect()))
}

async fn named(app: &App, name: &str) -> ApiAnswer<DrillSchedule> {
    let found = sources::schedules(app).await?.into_iter().find(|schedule| schedule.name == name);
    found.ok_or_else(|| CallProblem::absent("there is no such schedule"))
}

async fn show(State(app): State<App>, TakenPath(name): TakenPath<String>) -> ApiAnswer<Json<ListedSchedule>> {
    Ok(Json(record(named(&app, &name).await?, Utc::now())))
}

async fn preview(
    State(app): State<App>,
    TakenPath(name): TakenPath<String>,
    TakenQuery(query): TakenQuery<SpanQuery>,
) -> ApiAnswer<Json<StartList>> {
    let schedule = named(&app, &name).await?;
    let from = taken::moments(query.from.as_ref())?.unwrap_or_else(Utc::now);
    let last = from.checked_add_signed(SPAN).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let year = || from.with_year(from.year() + 1).unwrap_or(last);
    let to = taken::moments(query.to.as_ref())?.unwrap_or_else(year).min(last);
    let mut found = starts(&schedule, from, to);
    let more = found.len() > STARTS;
    found.truncate(STARTS);
    Ok(Json(StartList { schedule: schedule.name, starts: found, more }))
}

async fn occurrences(State(app): State<App>, TakenQuery(query): TakenQuery<OccurrenceQuery>) -> ApiAnswer<Json<Vec<OccurrenceRecord>>> {
    let schedule = taken::names(query.schedule)?;
    let to = taken::moments(query.to.as_ref())?.unwrap_or_else(|| Utc::now() + TimeDelta::days(1));
    let from = taken::moments(query.from.as_ref())?.unwrap_or_else(|| to.checked_sub_signed(TimeDelta::days(366)).unwrap_or(to));
    let limit = taken::within("limit", query.limit, 100, 1, 1_000)?;
    let mut found = sources::occurrences(&app, schedule.as_deref(), from, to).await?;
    found.sort_by(|one, other| other.due.cmp(&one.due).then_with(|| one.schedule.cmp(&other.schedule)));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(Json(found.into_iter().map(OccurrenceRecord::from).collect()))
}

async fn answer(
    State(app): State<App>,
    caller: Caller,
    TakenPath((schedule, due)): TakenPath<(String, String)>,
    TakenBody(order): TakenBody<LateOrder>,
) -> ApiAnswer<StatusCode> {
    let due = taken::moment(&due)?;
    let object = format!("{schedule} {}", due.to_rfc3339());
    let is_run = order.answer == LateChoice::Run;
    let action = if is_run { "occurrence.run-late" } else { "occurrence.decline" };
    match sources::answer_late(&app, &schedule, due, is_run, &caller.name).await? {
        Ok(()) => {
            app.audit(&caller, action, &object, "done").await;
            Ok(StatusCode::NO_CONTENT)
        }
        Err(LateRefusal::Absent) => Err(CallProblem::absent("nothing was due then")),
        Err(LateRefusal::NotAsked(why)) => Err(CallProblem::new(StatusCode::CONFLICT, why)),
    }
}
