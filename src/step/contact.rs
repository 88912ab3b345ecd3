//! Telling somebody: a message to a contact's webhook, or words for whoever must write or call.
//!
//! A webhook's address is often a secret itself. It is read from where the inventory says, never shown and never recorded.

use super::http::in_words;
use serde_json::json;
use std::time::Duration;

/// A message is given up after this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// What somebody is told.
#[derive(Debug, Clone)]
pub struct Message {
    /// Whom, by the name in the inventory.
    pub contact: String,
    /// In one sentence.
    pub text: String,
    /// The runbook's name.
    pub runbook: String,
    /// Which execution of it.
    pub execution: String,
    /// Seconds since it began.
    pub elapsed_s: f64,
}

/// A contact's `reach` with the environment's values in place of `${NAME}`.
///
/// # Errors
/// The first variable that is not set, in words.
pub fn address(reach: &str) -> Result<String, String> {
    crate::spec::expand(reach, |name| std::env::var(name).ok())
        .map_err(|unknown| format!("the environment variable {} is not set", unknown.name))
}

/// Posts a message as JSON, with its words under `text` as well, where chats look for them.
///
/// # Errors
/// Why it was not taken, in words without the address.
pub async fn reach(http: &reqwest::Client, url: &str, message: &Message) -> Result<String, String> {
    let body = json!({
        "text": message.text,
        "contact": message.contact,
        "runbook": message.runbook,
        "execution": message.execution,
        "elapsed_s": (message.elapsed_s * 10.0).round() / 10.0,
    });
    let sent = http.post(url).timeout(PATIENCE).json(&body).send().await;
    let answer = sent.map_err(|error| format!("the webhook cannot be reached: {}", in_words(&error)))?;
    let status = answer.status();
    if status.is_success() {
        Ok(format!("the webhook answered {}", status.as_u16()))
    } else {
        Err(format!("the webhook answered {}", status.as_u16()))
    }
}
