//! `notify`: a message to a webhook, a Slack-compatible one, PagerDuty (Events API v2), an address of e-mail, or a contact by whatever way.

use super::alert_desk::AlertDesk;
use super::contact::{ContactOutcome, alert, post, tell, way_to};
use super::mail::{self, LetterHead};
use super::message::Message;
use super::reference::named_secret;
use super::{Context, Output, StepError};
use crate::model::{Channel, Mail, Notify};
use crate::units::Problem;
use serde_json::{Map, Value, json};

/// The key by which a step's message is known: the same for each of its tries.
pub fn key_of_step(place: usize) -> String {
    format!("step-{}", place + 1)
}

pub(super) async fn notify(notify: &Notify, place: usize, context: &Context) -> Result<Output, StepError> {
    // It leaves this host for many eyes.
    let message = context.redactor.redact(&context.expand(&notify.message)?);
    let key = key_of_step(place);
    // An address may be a secret, so it is in no message.
    let sent = match &notify.channel {
        Channel::Contact(name) => {
            let facts = Map::from_iter([("severity".to_owned(), notify.severity.word().into())]);
            let (contact, text, severity) = (name.clone(), message.clone(), notify.severity);
            match tell(&Message { contact, text, key: key.clone(), severity, over: false, facts }, context).await {
                Ok(ContactOutcome::ByHand(words)) => return Err(StepError::ByHand(format!("{words}: {message}"))),
                Ok(ContactOutcome::Sent(said)) => return Ok(said_to(said, message)),
                Err(problem) => Err(problem),
            }
        }
        Channel::Email(to) => {
            let to = named(to, context)?;
            mail::send(server(context)?, &context.folder, &to, &message, &LetterHead::of(&key, context)).await
        }
        Channel::Pagerduty { .. } => {
            let desk = desk_of(&notify.channel, context)?;
            alert(desk, &key, notify.channel.word(), &message, notify.severity, context).await
        }
        Channel::Slack(url) => post(&named(url, context)?, &json!({"text": message}), "slack", &key, context).await,
        Channel::Webhook(url) => {
            let body: Value = json!({"text": message, "severity": notify.severity.word()});
            post(&named(url, context)?, &body, "webhook", &key, context).await
        }
    };
    let said = sent?;
    context.outbox.was_taken(&key);
    Ok(said_to(said, message))
}

fn said_to(said: String, message: String) -> Output {
    Output { shown: format!("{said}, to: {message}"), value: message.into() }
}

/// The paging service that a step speaks to without a contact.
///
/// # Errors
/// What is missing.
pub fn desk_of(channel: &Channel, context: &Context) -> Result<AlertDesk, StepError> {
    let Channel::Pagerduty { key, at } = channel else { return Err(StepError::failed("this is no paging service")) };
    let at = at.as_ref().map(|at| named(at, context)).transpose()?;
    Ok(AlertDesk::pagerduty(named_secret(key, context)?, at, None, None))
}

/// Where a connection would go, for a rehearsal; `None` where a person writes or calls.
///
/// # Errors
/// Where it is not known, or something that it takes is missing.
pub fn destination(notify: &Notify, context: &Context) -> Result<Option<String>, StepError> {
    // What it says is looked at too: a variable without a value would stop it.
    context.expand(&notify.message)?;
    match &notify.channel {
        Channel::Contact(name) => Ok(way_to(name, context)?),
        Channel::Email(to) => {
            let mail = server(context)?;
            named(to, context)?;
            mail::ready(mail, &context.folder)?;
            Ok(Some(mail.server.to_string()))
        }
        Channel::Pagerduty { .. } => desk_of(&notify.channel, context).map(|desk| Some(desk.address().to_owned())),
        Channel::Slack(url) | Channel::Webhook(url) => named(url, context).map(Some),
    }
}

fn server(context: &Context) -> Result<&Mail, StepError> {
    let none = || Problem::new("the inventory names no mail server").hint("name one under `mail:`, with `server` and `from`");
    Ok(context.directory.mail.as_ref().ok_or_else(none)?)
}

/// `env:NAME` from the environment, anything else as it stands.
fn named(text: &str, context: &Context) -> Result<String, StepError> {
    Ok(named_secret(text, context)?.expose().to_owned())
}
