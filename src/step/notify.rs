//! `notify`: a message to a webhook, a Slack-compatible one, or PagerDuty (Events API v2).

use super::http::in_words;
use super::{Context, Output, StepError};
use crate::model::{Channel, Notify};
use serde_json::{Value, json};

/// Where PagerDuty takes events, unless the step says otherwise.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

pub(super) async fn notify(notify: &Notify, context: &Context) -> Result<Output, StepError> {
    let message = context.expand(&notify.message)?;
    let (url, body) = request(notify, &message, context)?;
    // The address may be a secret, so it is in no message.
    let sent = context.http.post(&url).json(&body).send().await;
    let name = notify.channel.word();
    let answer = sent.map_err(|error| StepError::Failed(format!("{name} cannot be reached: {}", in_words(&error))))?;
    let status = answer.status();
    let said = format!("{name} answered {}", status.as_u16());
    if status.is_success() {
        Ok(Output { shown: format!("{said} to: {message}"), value: message.into() })
    } else {
        Err(StepError::Failed(said))
    }
}

fn request(notify: &Notify, message: &str, context: &Context) -> Result<(String, Value), StepError> {
    Ok(match &notify.channel {
        Channel::Webhook(url) => (named(url, context)?, json!({"text": message, "severity": notify.severity.word()})),
        Channel::Slack(url) => (named(url, context)?, json!({"text": message})),
        Channel::Pagerduty { key, at } => {
            let url = at.as_ref().map_or_else(|| Ok(PAGERDUTY.to_owned()), |at| named(at, context))?;
            let payload = json!({"summary": message, "source": "lifeboat", "severity": notify.severity.word()});
            (url, json!({"routing_key": named(key, context)?, "event_action": "trigger", "payload": payload}))
        }
    })
}

/// Where a message would go; for a rehearsal.
///
/// # Errors
/// Where it is not known.
pub fn destination(notify: &Notify, context: &Context) -> Result<String, StepError> {
    request(notify, "", context).map(|(url, _)| url)
}

/// `env:NAME` from the environment, anything else as it stands.
fn named(text: &str, context: &Context) -> Result<String, StepError> {
    match text.strip_prefix("env:") {
        Some(name) => std::env::var(name).map_err(|_| StepError::Failed(format!("the environment variable {name} is not set"))),
        None => context.expand(text),
    }
}
