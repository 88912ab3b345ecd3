//! Telling somebody, by the way that the inventory says: a webhook, an e-mail, or words for whoever must write or call.
//!
//! An address is often a secret itself. It is read from where the inventory says, and stands in no output but where a person must know it to
//! write or call.

use super::Context;
use super::alert_desk::AlertDesk;
use super::error::problem_of;
use super::http::in_words;
use super::mail::{self, LetterHead};
use super::message::Message;
use super::outbox::OpenAlert;
use super::paging::AlertWords;
use super::reference::named_secret;
use super::status_page::PageWriter;
use crate::model::{Contact, ContactService, Mail, NotifySeverity};
use crate::secret::variable;
use crate::units::Problem;
use crate::web;
use serde_json::Value;
use std::time::Duration;

/// A message is given up after this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// The outcome of telling a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactOutcome {
    /// It was sent; says who took it.
    Sent(String),
    /// A person must write or call; says how.
    ByHand(String),
}

/// The route to a contact, with the environment's values.
enum ContactRoute<'a> {
    Webhook(String),
    Email(&'a Mail, String),
    Alert(AlertDesk),
    Page(PageWriter<'a>),
    ByHand(String),
}

/// Tells a contact, by the way that the inventory says.
///
/// # Errors
/// Why it was not taken, in words without the address.
pub async fn tell(message: &Message, context: &Context) -> Result<ContactOutcome, Problem> {
    let name = context.directory.contacts.get(&message.contact).map_or("", |contact| contact.name.as_str());
    let sent = match way(&message.contact, context)? {
        ContactRoute::ByHand(words) => return Ok(ContactOutcome::ByHand(words)),
        // Customers would read of an outage that is only played.
        ContactRoute::Page(_) if context.outbox.is_drill() => {
            return Ok(ContactOutcome::ByHand(format!("a drill publishes nothing; outside a drill this goes to the status page {name}")));
        }
        ContactRoute::Email(mail, to) => {
            let head = LetterHead::of(&message.key, context);
            mail::send(mail, &context.folder, &to, &message.text, &head).await
        }
        ContactRoute::Webhook(url) => {
            let mut body = message.facts.clone();
            body.insert("text".into(), message.text.clone().into());
            body.insert("contact".into(), message.contact.clone().into());
            post(&url, &Value::Object(body), "the webhook", &message.key, context).await
        }
        ContactRoute::Alert(desk) => alert(desk, &message.key, &message.contact, &message.text, message.severity, context).await,
        ContactRoute::Page(page) => page.publish(message, context).await,
    };
    if sent.is_ok() {
        context.outbox.was_taken(&message.key);
    }
    sent.map(|answer| ContactOutcome::Sent(format!("{name}: {answer}"))).map_err(|problem| named(name, problem))
}

/// Opens an alert under the name that this message has, and remembers that it is open.
pub(super) async fn alert(
    desk: AlertDesk,
    key: &str,
    whose: &str,
    text: &str,
    severity: NotifySeverity,
    context: &Context,
) -> Result<String, Problem> {
    let name = context.outbox.alert_name(key);
    // Before it is sent: an answer that does not come says nothing.
    context.outbox.opened(OpenAlert { name: name.clone(), whose: whose.to_owned(), desk: desk.clone() });
    let source = context.variables.get("service.name").unwrap_or("lifeboat");
    desk.open(&name, AlertWords { text, severity, source }, context).await
}

/// The paging service that a contact is told by; `None` for any other way, and where its key is not there.
pub fn alert_desk(contact: &str, context: &Context) -> Option<AlertDesk> {
    match way(contact, context) {
        Ok(ContactRoute::Alert(desk)) => Some(desk),
        _ => None,
    }
}

/// True for a contact that is a status page.
pub fn is_page(contact: &str, context: &Context) -> bool {
    context.directory.contacts.get(contact).and_then(|contact| contact.service.as_ref()?.page()).is_some()
}

/// Where a connection would go to tell a contact, for a rehearsal; `None` where a person writes or calls.
///
/// # Errors
/// What is missing.
pub fn way_to(contact: &str, context: &Context) -> Result<Option<String>, Problem> {
    match way(contact, context)? {
        ContactRoute::ByHand(_) => Ok(None),
        ContactRoute::Webhook(url) => Ok(Some(url)),
        ContactRoute::Email(mail, _) => mail::ready(mail, &context.folder).map(|()| Some(mail.server.to_string())),
        ContactRoute::Alert(desk) => Ok(Some(desk.address().to_owned())),
        ContactRoute::Page(page) => Ok(Some(page.address().to_owned())),
    }
}

fn way<'a>(contact: &str, context: &'a Context) -> Result<ContactRoute<'a>, Problem> {
    let Some(Contact { name, reach, service, .. }) = context.directory.contacts.get(contact) else {
        return Err(Problem::new("the inventory has no such contact"));
    };
    if let Some(service) = service {
        return of_service(service, context);
    }
    let Some(reach) = reach else { return Ok(ContactRoute::ByHand(format!("{name}: the inventory does not say how"))) };
    let reach = address(reach, context)?;
    let (how, to) = reach.split_once(':').unwrap_or(("", &reach));
    Ok(match (how, &context.directory.mail) {
        ("webhook", _) => ContactRoute::Webhook(to.to_owned()),
        ("mailto", Some(mail)) => ContactRoute::Email(mail, to.split('?').next().unwrap_or_default().to_owned()),
        _ => ContactRoute::ByHand(format!("{} {name} at {to}", if how == "tel" { "call" } else { "write to" })),
    })
}

fn of_service<'a>(service: &'a ContactService, context: &'a Context) -> Result<ContactRoute<'a>, Problem> {
    if let Some(page) = PageWriter::of(service, context)? {
        return Ok(ContactRoute::Page(page));
    }
    Ok(ContactRoute::Alert(match service {
        ContactService::Opsgenie(opsgenie) => AlertDesk::opsgenie(named_secret(&opsgenie.key, context)?, opsgenie.at.clone()),
        ContactService::Pagerduty(pagerduty) => {
            let token = pagerduty.token.as_ref().map(|token| named_secret(token, context)).transpose()?;
            AlertDesk::pagerduty(named_secret(&pagerduty.key, context)?, pagerduty.at.clone(), token, pagerduty.api.clone())
        }
        ContactService::Statuspage(_) | ContactService::Instatus(_) => unreachable!("pages are told apart above"),
    }))
}

/// A contact's `reach` with the environment's values in place of `${NAME}`, and those of the inventory's secrets in place of `${secret.NAME}`.
fn address(reach: &str, context: &Context) -> Result<String, Problem> {
    let value = |name: &str| match name.strip_prefix("secret.") {
        Some(_) => context.variables.get(name).map(str::to_owned),
        None => Some(variable(name)?.expose().to_owned()),
    };
    crate::units::expand(reach, value).map_err(|unknown| match unknown.name.strip_prefix("secret.") {
        Some(name) => Problem::new(format!("the secret {name} cannot be read")),
        None => Problem::new(format!("the environment variable {} is not set", unknown.name)),
    })
}

/// A problem of somebody or something with this name.
fn named(name: &str, mut problem: Problem) -> Problem {
    problem.message = format!("{name}: {}", problem.message);
    problem
}

/// Posts JSON; `whom` names who answers. The key goes with it, so that what is posted twice counts once.
///
/// # Errors
/// Why it was not taken, in words without the address.
pub(super) async fn post(url: &str, body: &Value, whom: &str, key: &str, context: &Context) -> Result<String, Problem> {
    let name = context.outbox.letter_name(key);
    let sent = context.http.post(url).timeout(PATIENCE).header("idempotency-key", name).json(body).send().await;
    let answer = sent.map_err(|error| Problem::new(format!("{whom} cannot be reached: {}", in_words(&error))))?;
    let status = answer.status();
    let said = format!("{whom} answered {}", status.as_u16());
    match web::sends_on(status.as_u16(), answer.headers(), answer.url()) {
        Some(elsewhere) => Err(named(&said, problem_of(&elsewhere))),
        None if status.is_success() => Ok(said),
        None => Err(Problem::new(said)),
    }
}
