//! One document of JSON, posted to where a person said.
//!
//! What is told of a failure names the place by its host alone: an address may hold a password or a token.

use super::{Purpose, client, sends_on};
use crate::units::{Problem, Secret, one_line};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Characters of an answer that are repeated.
const REPEATED: usize = 200;

/// Posts it to a path below an address, with the token as a bearer's.
///
/// # Errors
/// Where the address is none, nobody answers, or what is answered is no success.
pub async fn post_json(address: &str, path: &str, token: Option<&Secret>, json: String) -> Result<(), Problem> {
    let hint = "write it as https://HOST or http://HOST:PORT";
    let whole =
        if address.trim_end_matches('/').ends_with(path) { address.to_owned() } else { format!("{}{path}", address.trim_end_matches('/')) };
    let url: Url = whole.parse().map_err(|_| Problem::new("the address to send to is not a URL").hint(hint))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Problem::new(format!("the address to send to has the scheme `{}`", url.scheme())).hint(hint));
    }
    let place = url.origin().ascii_serialization();
    let unsent = |error: reqwest::Error| Problem::new(format!("nothing could be sent to {place}")).caused_by(error.without_url());
    let client = client(Purpose::Reports).timeout(PATIENCE).build().map_err(unsent)?;
    let mut request = client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(json);
    if let Some(token) = token {
        request = request.bearer_auth(token.expose());
    }
    let answer = request.send().await.map_err(unsent)?;
    let status = answer.status();
    if let Some(problem) = sends_on(status.as_u16(), answer.headers(), &url) {
        return Err(Problem::new(format!("{place}: {}", problem.message)).hint("give the address that it names"));
    }
    if status.is_success() {
        return Ok(());
    }
    let said = answer.text().await.unwrap_or_default();
    let said: String = one_line(said.trim()).chars().take(REPEATED).collect();
    let said = token.filter(|token| said.contains(token.expose())).map_or(said, |_| "(what it says holds the token)".into());
    let told = if said.is_empty() { String::new() } else { format!(": {said}") };
    let problem = Problem::new(format!("{place} answers {status}{told}"));
    Err(match status.as_u16() {
        401 | 403 => problem.hint("give a token that may write there"),
        _ => problem,
    })
}
