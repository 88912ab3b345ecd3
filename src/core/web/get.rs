//! One document, fetched from where a person said: bounded in size and time, and from there alone.
//!
//! What is told of a failure names the place by its host alone: an address may hold a token, as the private address of a calendar does.

use super::{Purpose, client, sends_on};
use crate::units::Problem;
use reqwest::Url;
use std::time::Duration;

/// Fetches it.
///
/// # Errors
/// Where the address is none, nobody answers in time, or what is answered is no success, larger than `most` bytes, or sends on to elsewhere.
pub async fn get_bytes(address: &str, most: usize, within: Duration) -> Result<Vec<u8>, Problem> {
    let hint = "write it as `https://HOST/PATH`";
    let url: Url = address.parse().map_err(|_| Problem::new("the address is not a URL").hint(hint))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Problem::new(format!("the address has the scheme `{}`", url.scheme())).hint(hint));
    }
    let place = url.origin().ascii_serialization();
    let unread = |error: reqwest::Error| {
        let problem = Problem::new(format!("nothing could be read from {place}"));
        if error.is_timeout() {
            Problem::new(format!("{place} did not answer within {} s", within.as_secs()))
        } else {
            problem.caused_by(error.without_url())
        }
    };
    // One bound for all of it: the whole answer has to be there by then.
    let client = client(Purpose::Steps).timeout(within).build().map_err(unread)?;
    let mut answer = client.get(url.clone()).send().await.map_err(unread)?;
    let status = answer.status();
    if let Some(problem) = sends_on(status.as_u16(), answer.headers(), &url) {
        let hint = problem.hint.clone();
        let told = Problem::new(format!("{place}: {}", problem.message));
        return Err(hint.into_iter().fold(told, Problem::hint));
    }
    if !status.is_success() {
        return Err(Problem::new(format!("{place} answers {status}")));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unread)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            return Err(Problem::new(format!("what {place} answers is larger than {} MB", most / 1_000_000)));
        }
    }
    Ok(bytes)
}
