//! `notify`: a message to a webhook, a Slack-compatible one, PagerDuty (Events API v2), an address of e-mail, or a contact by whatever way.

use super::contact::{ContactOutcome, Message, post, tell, way_to};
use super::{Context, Output, StepError, mail};
use crate::model::{Channel, Mail, Notify};
use crate::units::Problem;
use serde_json::{Map, Value, json};

/// Where PagerDuty takes events, unless the step says otherwise.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

pub(super) async fn notify(notify: &Notify, context: &Context) -> Result<Output, StepError> {
    // It leaves this host for many eyes.
    let message = context.redactor.redact(&context.expand(&notify.message)?);
    // An address may be a secret, so it is in no message.
    let sent = match &notify.channel {
        Channel::Contact(name) => {
            let facts = Map::from_iter([("severity".to_owned(), notify.severity.word().into())]);
            match tell(&Message { contact: name.clone(), text: message.clone(), facts }, context).await {
                Ok(ContactOutcome::ByHand(words)) => return Err(StepError::ByHand(format!("{words}: {message}"))),
                Ok(ContactOutcome::Sent(said)) => Ok(said),
                Err(problem) => Err(problem),
            }
        }
        Channel::Email(to) => mail::send(server(context)?, &context.folder, &named(to, context)?, &message).await,
        channel => {
            let (url, body) = request(notify, &message, context)?;
            post(&url, &body, channel.word(), context).await
        }
    };
    let said = sent?;
    Ok(Output { shown: format!("{said}, to: {message}"), value: message.into() })
}

/// Where it is posted, and what.
fn request(notify: &Notify, message: &str, context: &Context) -> Result<(String, Value), StepError> {
    Ok(match &notify.channel {
        Channel::Pagerduty { key, at } => {
            let url = at.as_ref().map_or_else(|| Ok(PAGERDUTY.to_owned()), |at| named(at, context))?;
            let payload = json!({"summary": message, "source": "lifeboat", "severity": notify.severity.word()});
            (url, json!({"routing_key": named(key, context)?, "event_action": "trigger", "payload": payload}))
        }
        Channel::Slack(url) => (named(url, context)?, json!({"text": message})),
        Channel::Webhook(url) | Channel::Email(url) | Channel::Contact(url) => {
            (named(url, context)?, json!({"text": message, "severity": notify.severity.word()}))
        }
    })
}

/// Where a connection would go, for a rehearsal; `None` where a person writes or calls.
///
/// # Errors
/// Where it is not known, or something that it takes is missing.
pub fn destination(notify: &Notify, context: &Context) -> Result<Option<String>, StepError> {
    match &notify.channel {
        Channel::Contact(name) => Ok(way_to(name, context)?),
        Channel::Email(to) => {
            let mail = server(context)?;
            named(to, context)?;
            mail::ready(mail, &context.folder)?;
            Ok(Some(mail.server.to_string()))
        }
        _ => request(notify, "", context).map(|(url, _)| Some(url)),
    }
}

fn server(context: &Context) -> Result<&Mail, StepError> {
    let none = || Problem::new("the inventory names no mail server").hint("name one under `mail:`, with `server` and `from`");
    Ok(context.directory.mail.as_ref().ok_or_else(none)?)
}

/// `env:NAME` from the environment, anything else as it stands.
fn named(text: &str, context: &Context) -> Result<String, StepError> {
    match text.strip_prefix("env:") {
        Some(name) => std::env::var(name).map_err(|_| StepError::failed(format!("the environment variable {name} is not set"))),
        None => context.expand(text),
    }
}
