//! One notice, posted once to one webhook.
//!
//! Whoever is named in the inventory is trusted to be the right one, in a private network too. No redirect is followed, and nothing of what is
//! answered is kept but its status: an address may be a secret, and so may what stands behind it.

use super::payload::payload;
use super::signature::signatures;
use crate::model::{ServePolicy, Webhook};
use crate::schedule::Notice;
use crate::secret::{SecretContext, held, variable};
use crate::units::{Problem, Secret, expand};
use crate::web::{self, Purpose};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// How long an answer may take. Less than a claim lasts.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// What came of a try.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PostOutcome {
    /// It was taken; says by whom or how.
    Taken(String),
    /// It was not, and may be later; not before so many milliseconds, where the other side says so.
    NotNow(String, Option<i64>),
    /// It was not, and will not be.
    Never(String),
}

/// A client for webhooks: it keeps no connection open between two.
pub(super) fn client() -> Result<reqwest::Client, Problem> {
    let client = web::client(Purpose::Steps).timeout(PATIENCE).pool_max_idle_per_host(0).build();
    client.map_err(|error| Problem::new("no HTTP client can be made").caused_by(error))
}

/// Posts it. `now` is the moment of this try, in seconds since 1970: whoever receives it refuses what is older than some minutes, so that nobody
/// can play it again.
pub(super) async fn post(
    webhook: &Webhook,
    serving: &ServePolicy,
    site: SecretContext<'_>,
    (id, notice): (&str, &Notice),
    now: i64,
    client: &reqwest::Client,
) -> PostOutcome {
    let body = payload(notice, serving.url.as_deref());
    let ready = async {
        let secrets = secrets(webhook, site).await?;
        Ok((address(webhook)?, signatures(&secrets, id, now, &body)?))
    };
    let (url, signature) = match ready.await {
        Ok(ready) => ready,
        Err(problem) => return not_now(&problem),
    };
    let place = url.origin().ascii_serialization();
    let request = client.post(url.clone()).header(CONTENT_TYPE, "application/json").header("webhook-id", id);
    let request = request.header("webhook-timestamp", now.to_string()).header("webhook-signature", signature);
    let answer = match request.body(body).send().await {
        Ok(answer) => answer,
        Err(error) if error.is_timeout() => {
            return PostOutcome::NotNow(format!("{place} did not answer within {} s", PATIENCE.as_secs()), None);
        }
        Err(error) => return not_now(&Problem::new(format!("{place} does not answer")).caused_by(error.without_url())),
    };
    let status = answer.status();
    let told = format!("{place} answered {}", status.as_u16());
    match (status.as_u16(), web::sends_on(status.as_u16(), answer.headers(), &url)) {
        (_, Some(elsewhere)) => PostOutcome::NotNow(format!("{told}: {}", elsewhere.message), None),
        (410, None) => PostOutcome::Never(format!("{told}: nobody wants it there any more; take the webhook out of the inventory")),
        _ if status.is_success() => PostOutcome::Taken(told),
        (429 | 503, None) => PostOutcome::NotNow(told, wait_of(answer.headers())),
        _ => PostOutcome::NotNow(told, None),
    }
}

fn not_now(problem: &Problem) -> PostOutcome {
    PostOutcome::NotNow(crate::units::explained(problem).replace("\n\nhint: ", "; "), None)
}

/// The wait that it asks for in seconds; one that names a moment is not understood.
fn wait_of(headers: &HeaderMap) -> Option<i64> {
    let seconds: i64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    seconds.checked_mul(1_000)
}

/// Where it is posted to, with the environment's values.
fn address(webhook: &Webhook) -> Result<reqwest::Url, Problem> {
    let url = expand(&webhook.url, |name| Some(variable(name)?.expose().to_owned()));
    let url = url.map_err(|unknown| Problem::new(format!("the environment variable {} is not set", unknown.name)))?;
    let url: Option<reqwest::Url> = url.parse().ok().filter(|url: &reqwest::Url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| Problem::new("the webhook's address is not a URL").hint("write it as https://HOST/PATH"))
}

/// The values of its secrets. While two are exchanged one is enough.
async fn secrets(webhook: &Webhook, site: SecretContext<'_>) -> Result<Vec<Secret>, Problem> {
    let (mut found, mut problem) = (Vec::new(), None);
    for from in &webhook.secret_from {
        match held(from, site).await {
            Ok(secret) => found.push(secret),
            Err(error) => problem = Some(Problem::new(format!("the webhook's secret cannot be read: {error}"))),
        }
    }
    match problem {
        Some(problem) if found.is_empty() => Err(problem),
        _ => Ok(found),
    }
}
