//! People sign in by OpenID Connect: the code flow with PKCE, state and nonce.
//!
//! The state is kept twice: hashed in the store, where it can be taken once, by any replica; and in the browser that began, so that nobody is
//! signed in by somebody else's link. What the provider says is looked at anew for each sign-in; nothing of it is kept but who it was.

use super::caller::Caller;
use super::cookies::CookieKind;
use super::sign_in::{SignedIn, Wanted, may_try, sent_on, signed_in};
use super::site::Site;
use super::token::hash;
use crate::model::{AccessRole, OidcProvider};
use crate::secret::{SecretContext, held};
use crate::serve::App;
use crate::serve::problem::CallProblem;
use crate::store::BegunSignIn;
use crate::units::{Problem, Secret, with_causes};
use crate::web::{Purpose, ask, client};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// How long a sign-in may take.
const SIGN_IN_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// How long the provider may take for each answer.
const PROVIDER_WITHIN: Duration = Duration::from_secs(10);
/// The most bytes of an answer of the provider.
const PROVIDER_MOST: usize = 1_000_000;
/// Where the provider sends people back to.
const RETURN: &str = "/sign-in/oidc/return";

pub(super) fn routes() -> Router<App> {
    Router::new().route("/sign-in/oidc", get(begin)).route(RETURN, get(end))
}

/// A client whose authorization endpoint is known, and the others perhaps.
type ProviderClient = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// What is asked of a provider besides who somebody is, where it knows of it.
const SCOPES: [&str; 3] = ["email", "profile", "groups"];

/// A provider as it describes itself.
struct KnownProvider {
    client: ProviderClient,
    /// Where it tells more of a person.
    about: Option<String>,
    scopes: Vec<Scope>,
}

/// What the provider sends people back with.
#[derive(Deserialize)]
struct Returned {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// The one exchange with a provider: it follows no redirect, and takes no endless answer.
async fn exchange(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (parts, body) = request.into_parts();
    let place = parts.uri.authority().map(ToString::to_string).unwrap_or_default();
    let silent = |error: reqwest::Error| Problem::new(format!("{place} does not answer")).caused_by(error.without_url());
    let client = client(Purpose::SignIn).timeout(PROVIDER_WITHIN).build().map_err(silent)?;
    let mut answer = client.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body).send().await.map_err(silent)?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut whole = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(silent)? {
        whole.extend_from_slice(&part);
        if whole.len() > PROVIDER_MOST {
            return Err(Problem::new(format!("{place} answers more than {PROVIDER_MOST} bytes")));
        }
    }
    let mut response = HttpResponse::new(whole);
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    Ok(response)
}

/// The provider as it describes itself now.
async fn provider_client(app: &App, site: &Site, provider: &OidcProvider) -> Result<KnownProvider, Problem> {
    let failed = |error: &dyn std::error::Error| Problem::new(format!("the provider of sign-in cannot be used: {}", with_causes_of(error)));
    let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|error| failed(&error))?;
    let metadata = CoreProviderMetadata::discover_async(issuer, &exchange).await.map_err(|error| failed(&error))?;
    let secret = match &provider.client_secret {
        Some(source) => {
            let context = SecretContext { stores: &site.stores, root: app.root() };
            Some(held(source, context).await.map_err(|error| failed(&error))?)
        }
        None => None,
    };
    let secret = secret.map(|secret| ClientSecret::new(secret.expose().to_owned()));
    let back = RedirectUrl::new(format!("{}{RETURN}", site.origin())).map_err(|error| failed(&error))?;
    let about = metadata.userinfo_endpoint().map(ToString::to_string);
    let known = metadata.scopes_supported();
    let is_known = |scope: &&str| known.is_none_or(|known| known.iter().any(|known| known.as_str() == *scope));
    let scopes = SCOPES.iter().filter(|scope| is_known(scope)).map(|scope| Scope::new((*scope).to_owned())).collect();
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new(provider.client_id.clone()), secret).set_redirect_uri(back);
    Ok(KnownProvider { client, about, scopes })
}

/// As [`with_causes`], of an error of any type.
fn with_causes_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text += &format!(": {next}");
        cause = next.source();
    }
    text
}

async fn begin(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Response {
    let Some((site, provider)) = app.access().site().and_then(|site| Some((site, site.oidc.as_ref()?))) else {
        return CallProblem::absent("nobody set up a provider of sign-in").hint("the inventory has none below `serve: {oidc: …}`").page();
    };
    if let Err(problem) = may_try(&app, &caller) {
        return problem.page();
    }
    let KnownProvider { client, scopes, .. } = match provider_client(&app, site, provider).await {
        Ok(known) => known,
        Err(problem) => return unusable(&problem),
    };
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random);
    let (there, state, nonce) = flow.add_scopes(scopes).set_pkce_challenge(challenge).url();
    let now = Utc::now();
    let begun = BegunSignIn {
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
        back: wanted.page(),
        expires: now + SIGN_IN_WITHIN,
    };
    let state = Secret::from(state.secret().as_str());
    if let Err(error) = app.store().begin_sign_in(&hash(&state), &begun, now).await {
        return CallProblem::from(error).page();
    }
    let mut response = sent_on(there.as_str());
    if let Some(cookie) = CookieKind::SignIn.set(site, &state, SIGN_IN_WITHIN.num_seconds()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

async fn end(State(app): State<App>, caller: Caller, headers: HeaderMap, Query(returned): Query<Returned>) -> Response {
    let Some((site, provider)) = app.access().site().and_then(|site| Some((site, site.oidc.as_ref()?))) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if let Err(problem) = may_try(&app, &caller) {
        return problem.page();
    }
    let mut response = match ended(&app, site, provider, &headers, returned).await {
        Ok((person, back)) => signed_in(&app, site, &headers, &caller, person, &back).await,
        Err(why) => {
            app.audit(&caller, "sign-in", "oidc", &format!("refused: {}", why.message)).await;
            let problem = CallProblem::new(StatusCode::FORBIDDEN, format!("you are not signed in: {}", why.message));
            why.hint.iter().fold(problem, CallProblem::hint).page()
        }
    };
    if let Some(cookie) = CookieKind::SignIn.remove(site) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn unusable(problem: &Problem) -> Response {
    tracing::warn!("{problem}");
    CallProblem::new(StatusCode::BAD_GATEWAY, with_causes(problem)).hint("try again, or sign in with a token").page()
}

async fn ended(
    app: &App,
    site: &Site,
    provider: &OidcProvider,
    headers: &HeaderMap,
    returned: Returned,
) -> Result<(SignedIn, String), Problem> {
    let again = |why: &str| Problem::new(why).hint("begin again at /sign-in");
    let state = returned.state.map(Secret::new).filter(|state| !state.is_empty()).ok_or_else(|| again("the provider sent no state"))?;
    if CookieKind::SignIn.of(site, headers).as_ref() != Some(&state) {
        return Err(again("this sign-in was not begun in this browser"));
    }
    let begun = app.store().take_sign_in(&hash(&state)).await.map_err(|error| Problem::new("the store cannot be read").caused_by(error))?;
    let begun = begun.filter(|begun| Utc::now() < begun.expires).ok_or_else(|| again("this sign-in is over, or took too long"))?;
    if let Some(error) = returned.error {
        let error: String = error.chars().filter(char::is_ascii_graphic).take(60).collect();
        return Err(again(&format!("the provider says `{error}`")));
    }
    let code = returned.code.ok_or_else(|| again("the provider sent no code"))?;
    let KnownProvider { client, about, .. } = provider_client(app, site, provider).await?;
    let asked = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| again(&error.to_string()))?;
    let answer = asked.set_pkce_verifier(PkceCodeVerifier::new(begun.verifier)).request_async(&exchange).await;
    let answer = answer.map_err(|error| again(&format!("the provider does not take the code: {}", with_causes_of(&error))))?;
    let token = answer.id_token().ok_or_else(|| again("the provider sent no ID token"))?;
    let verified = token.claims(&client.id_token_verifier(), &Nonce::new(begun.nonce));
    let subject =
        verified.map_err(|error| again(&format!("the ID token does not hold: {}", with_causes_of(&error))))?.subject().to_string();
    // Its signature was looked at; what it says besides is read here.
    let mut said = claims_of(&token.to_string());
    if let Some(about) = about.filter(|_| said.get("email").is_none() || said.get("groups").is_none()) {
        add_userinfo(&mut said, &about, answer.access_token().secret(), &subject).await;
    }
    let (name, roles) = person(&said, &subject, provider);
    if roles.is_empty() {
        let hint = "the inventory gives roles to groups and people, below `serve: {oidc: {roles: …}}`";
        return Err(Problem::new(format!("`{name}` and their groups have no role here")).hint(hint));
    }
    Ok((SignedIn { name, roles, token: None, until: None }, begun.back))
}

/// What a token says, without a look at its signature.
fn claims_of(token: &str) -> Value {
    let middle = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    middle.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Adds what the provider tells of the same person elsewhere; nothing where it does not.
async fn add_userinfo(said: &mut Value, about: &str, access: &str, subject: &str) {
    let answered = ask(Purpose::SignIn, about, Some(&Secret::from(access)), PROVIDER_WITHIN, PROVIDER_MOST).await;
    let Ok((200, body)) = answered else { return };
    let more: Value = serde_json::from_slice(&body).unwrap_or_default();
    if more["sub"].as_str() != Some(subject) {
        return;
    }
    for (key, value) in more.as_object().into_iter().flatten() {
        if said.get(key).is_none() {
            said[key] = value.clone();
        }
    }
}

/// Who it is, and what they may do: all that their groups and their verified address may.
fn person(said: &Value, subject: &str, provider: &OidcProvider) -> (String, Vec<AccessRole>) {
    let is_true = |value: &Value| value == &Value::Bool(true) || value == "true";
    let email = said["email"].as_str().filter(|_| is_true(&said["email_verified"])).map(str::to_ascii_lowercase);
    let groups: Vec<&str> = match &said["groups"] {
        Value::String(group) => vec![group],
        Value::Array(groups) => groups.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is_theirs = |key: &str| groups.contains(&key) || email.as_deref().is_some_and(|email| email == key.to_ascii_lowercase());
    let mut roles: Vec<AccessRole> = provider.roles.iter().filter(|(key, _)| is_theirs(key)).flat_map(|(_, roles)| roles.clone()).collect();
    roles.sort();
    roles.dedup();
    let name = email.or_else(|| said["preferred_username"].as_str().map(str::to_owned)).unwrap_or_else(|| subject.to_owned());
    (crate::units::one_line(&name).chars().take(100).collect(), roles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn roles_come_from_groups_and_from_an_address_that_was_verified() {
        let roles = [("drill-team", vec![AccessRole::Run, AccessRole::Stop]), ("Ada@Example.com", vec![AccessRole::Admin])];
        let roles = roles.map(|(key, roles)| (key.to_owned(), roles)).into();
        let provider = OidcProvider { issuer: String::new(), client_id: String::new(), client_secret: None, roles };
        let of = |said: Value| person(&said, "sub-1", &provider);
        assert_eq!(of(json!({"groups": ["drill-team", "x"]})), ("sub-1".to_owned(), vec![AccessRole::Run, AccessRole::Stop]));
        assert_eq!(of(json!({"groups": "drill-team", "preferred_username": "bob"})).0, "bob");
        let ada = json!({"email": "ada@example.com", "email_verified": true});
        assert_eq!(of(ada), ("ada@example.com".to_owned(), vec![AccessRole::Admin]));
        for unproven in [
            json!({"email": "ada@example.com"}),
            json!({"email": "ada@example.com", "email_verified": false}),
            json!({"groups": {"drill-team": 1}}),
        ] {
            assert_eq!(of(unproven), ("sub-1".to_owned(), Vec::new()));
        }
    }
}
