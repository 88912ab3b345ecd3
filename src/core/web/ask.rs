//! One question to where a person said, answered within a bound.
//!
//! What is told of a failure names the place by its host alone: an address may hold a password or a token.

use super::{Purpose, client, sends_on};
use crate::units::{Problem, Secret};
use reqwest::Url;
use std::time::Duration;

/// Asks an address with `GET`, with the token as a bearer's; the status and the body, of which no more than `most` bytes are taken.
///
/// # Errors
/// Where the address is none, nobody answers in time, it redirects, or the body is longer.
pub async fn ask(
    purpose: Purpose,
    address: &str,
    token: Option<&Secret>,
    within: Duration,
    most: usize,
) -> Result<(u16, Vec<u8>), Problem> {
    let url: Url = address.parse().map_err(|_| Problem::new("the address to ask is not a URL").hint("write it as https://HOST/PATH"))?;
    let place = url.origin().ascii_serialization();
    let silent = |error: reqwest::Error| Problem::new(format!("{place} does not answer")).caused_by(error.without_url());
    let client = client(purpose).timeout(within).build().map_err(silent)?;
    let mut request = client.get(url.clone());
    if let Some(token) = token {
        request = request.bearer_auth(token.expose());
    }
    let mut answer = request.send().await.map_err(silent)?;
    if let Some(elsewhere) = sends_on(answer.status().as_u16(), answer.headers(), &url) {
        return Err(Problem::new(format!("{place}: {}", elsewhere.message)).hint("write that address, if it is the right one"));
    }
    let (status, mut body) = (answer.status().as_u16(), Vec::new());
    while let Some(chunk) = answer.chunk().await.map_err(silent)? {
        body.extend_from_slice(&chunk);
        if body.len() > most {
            return Err(Problem::new(format!("{place} answers more than {most} bytes")));
        }
    }
    Ok((status, body))
}
