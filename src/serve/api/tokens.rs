//! Tokens, for admins.

use super::records::{TokenMade, TokenOrder, TokenRecord};
use super::route::ApiRoute;
use super::taken::{TakenBody, TakenPath};
use crate::model::AccessRole;
use crate::serve::access::{TokenError, TokenName, make_token};
use crate::serve::problem::{ApiAnswer, CallProblem};
use crate::serve::{App, Caller};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{TimeDelta, Utc};
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

pub(super) fn routes() -> Vec<ApiRoute> {
    let name = || -> Object { ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")).build() };
    let absent = "There is no token of this name that is open.";
    vec![
        ApiRoute::new(HttpMethod::Get, "/tokens", "listTokens", "Every token that was made", get(list)).may(AccessRole::Admin).gives::<Vec<
            TokenRecord,
        >>(
            StatusCode::OK,
            "Tokens, by name.",
        ),
        ApiRoute::new(HttpMethod::Post, "/tokens", "createToken", "Make a token", post(make))
            .may(AccessRole::Admin)
            .takes::<TokenOrder>()
            .gives::<TokenMade>(StatusCode::CREATED, "The token. Nobody can have it again.")
            .fails(StatusCode::CONFLICT, "There is or was a token of this name."),
        ApiRoute::new(HttpMethod::Get, "/tokens/{name}", "getToken", "What is known of a token", get(show))
            .may(AccessRole::Admin)
            .part("name", "Its name.", name())
            .gives::<TokenRecord>(StatusCode::OK, "The token.")
            .fails(StatusCode::NOT_FOUND, "There is no token of this name."),
        // Not `DELETE`: what is known of it stays, and so does its name.
        ApiRoute::new(
            HttpMethod::Post,
            "/tokens/{name}/revoke",
            "revokeToken",
            "End a token, and the sessions that were begun by it",
            post(revoke),
        )
        .may(AccessRole::Admin)
        .part("name", "Its name.", name())
        .gives_nothing("It opens nothing any more.")
        .fails(StatusCode::NOT_FOUND, absent),
    ]
}

async fn list(State(app): State<App>) -> ApiAnswer<Json<Vec<TokenRecord>>> {
    Ok(Json(app.store().tokens().await?.into_iter().map(TokenRecord::from).collect()))
}

async fn show(State(app): State<App>, TakenPath(name): TakenPath<String>) -> ApiAnswer<Json<TokenRecord>> {
    let found = app.store().tokens().await?.into_iter().find(|token| token.name == name);
    found.map(|token| Json(token.into())).ok_or_else(|| CallProblem::absent("there is no such token"))
}

async fn make(State(app): State<App>, caller: Caller, TakenBody(order): TakenBody<TokenOrder>) -> ApiAnswer<Response> {
    let name: TokenName = order.name.parse().map_err(|wrong: String| CallProblem::unclear(format!("`name`: {wrong}")))?;
    if order.roles.len() > AccessRole::WORDS.len() || order.days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(CallProblem::unclear("`roles` has from 1 to 5 roles, and `days` is from 1 to 3650"));
    }
    let expires = order.days.map(|days| Utc::now() + TimeDelta::days(i64::from(days)));
    let made = make_token(app.store(), &name, &order.roles, expires, &caller.name).await.map_err(|error| match error {
        TokenError::Store(error) => error.into(),
        TokenError::Taken { .. } => CallProblem::conflict(&error),
        error => CallProblem::unclear(error.to_string()),
    })?;
    app.audit(&caller, "token.create", name.as_str(), "done").await;
    let there = format!("{}/tokens/{}", super::route::BASE, name.as_str());
    let made = TokenMade { token: made.text.expose().to_owned(), entry: made.entry.into() };
    Ok((StatusCode::CREATED, [(LOCATION, there)], Json(made)).into_response())
}

async fn revoke(State(app): State<App>, caller: Caller, TakenPath(name): TakenPath<String>) -> ApiAnswer<StatusCode> {
    let is_known = name.parse::<TokenName>().is_ok() && app.store().revoke_token(&name, Utc::now()).await?;
    if !is_known {
        return Err(CallProblem::absent("there is no such token that is open"));
    }
    app.audit(&caller, "token.revoke", &name, "done").await;
    Ok(StatusCode::NO_CONTENT)
}
