//! One request to a service's API: sent again where the service asks to be asked later, and told without keys where it fails.

use super::Context;
use super::http::in_words;
use crate::units::{Problem, Secret, one_line};
use crate::web;
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

/// One answer is waited for so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often one is asked that is too busy.
const TRIES: u32 = 3;
/// The longest wait that a service may ask for.
const LONGEST: Duration = Duration::from_secs(30);
/// Characters of an answer that are repeated.
const REPEATED: usize = 200;

/// A request to a service.
pub(super) struct ApiCall<'a> {
    /// The service, for people.
    pub(super) vendor: &'static str,
    pub(super) method: Method,
    pub(super) url: String,
    /// The value of `Authorization`.
    pub(super) authorization: Option<Secret>,
    pub(super) body: Option<&'a Value>,
}

/// Why a request came to nothing.
pub(super) struct ApiProblem {
    pub(super) problem: Problem,
    /// True where it may have been done all the same.
    pub(super) unsure: bool,
}

impl From<ApiProblem> for Problem {
    fn from(failed: ApiProblem) -> Self {
        failed.problem
    }
}

impl ApiCall<'_> {
    /// Sends it; what was answered, `null` where that is no JSON.
    ///
    /// # Errors
    /// Why it was not taken, in words without the address and the key.
    pub(super) async fn send(&self, context: &Context) -> Result<Value, ApiProblem> {
        let vendor = self.vendor;
        for attempt in 1.. {
            let mut request = context.http.request(self.method.clone(), &self.url).timeout(PATIENCE);
            if let Some(authorization) = &self.authorization {
                request = request.header(reqwest::header::AUTHORIZATION, authorization.expose());
            }
            if let Some(body) = self.body {
                request = request.json(body);
            }
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) => {
                    let problem = Problem::new(format!("{vendor} cannot be reached: {}", in_words(&error)));
                    let problem = problem.hint("check that it can be reached from this host, through a proxy if need be");
                    return Err(ApiProblem { problem, unsure: !error.is_connect() && !error.is_builder() });
                }
            };
            let status = answer.status().as_u16();
            let wait = wait_of(&answer);
            if matches!(status, 420 | 429) && attempt < TRIES && wait <= LONGEST {
                tokio::time::sleep(wait).await;
                continue;
            }
            if let Some(elsewhere) = web::sends_on(status, answer.headers(), answer.url()) {
                let mut problem = super::error::problem_of(&elsewhere);
                problem.message = format!("{vendor}: {}", problem.message);
                return Err(ApiProblem { problem, unsure: false });
            }
            let is_success = answer.status().is_success();
            let text = answer.text().await.unwrap_or_default();
            if is_success {
                return Ok(serde_json::from_str(&text).unwrap_or(Value::Null));
            }
            return Err(ApiProblem { problem: self.refused(status, wait, &text, context), unsure: status >= 500 });
        }
        unreachable!("the last try returns")
    }

    fn refused(&self, status: u16, wait: Duration, text: &str, context: &Context) -> Problem {
        let vendor = self.vendor;
        let said: String = context.redactor.redact(&one_line(text.trim())).chars().take(REPEATED).collect();
        let said = if said.is_empty() { said } else { format!(": {said}") };
        match status {
            401 | 403 => {
                let problem = Problem::new(format!("{vendor} refuses the key ({status})"));
                problem.hint("check the variable that holds it, and that it may write there")
            }
            404 => Problem::new(format!("{vendor} knows no such place (404){said}")).hint("check the page's identifier and the address"),
            420 | 429 => {
                let problem = Problem::new(format!("{vendor} is asked too often ({status}), and wants {} s of rest", wait.as_secs()));
                problem.hint("send less often, or try again later")
            }
            400..=499 => {
                Problem::new(format!("{vendor} does not take it ({status}){said}")).hint("check the contact's settings in the inventory")
            }
            _ => Problem::new(format!("{vendor} answered {status}{said}")),
        }
    }
}

/// How long a service asks to wait; a second where it does not say.
fn wait_of(answer: &reqwest::Response) -> Duration {
    let told = answer.headers().get(reqwest::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(told.unwrap_or(1))
}
