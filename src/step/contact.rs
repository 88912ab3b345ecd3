//! Telling somebody, by the way that the inventory says: a webhook, an e-mail, or words for whoever must write or call.
//!
//! An address is often a secret itself. It is read from where the inventory says, and stands in no output but where a person must know it to
//! write or call.

use super::error::problem_of;
use super::http::in_words;
use super::{Context, mail};
use crate::model::{Contact, Mail};
use crate::secret::variable;
use crate::units::Problem;
use crate::web;
use serde_json::{Map, Value};
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
    /// What a webhook is told besides.
    pub facts: Map<String, Value>,
}

/// The outcome of telling a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactOutcome {
    /// It was sent; says who took it.
    Sent(String),
    /// A person must write or call; says whom and how.
    ByHand(String),
}

/// The route to a contact, with the environment's values.
enum ContactRoute<'a> {
    Webhook(String),
    Email(&'a Mail, String),
    ByHand(String),
}

/// Tells a contact, by the way that the inventory says.
///
/// # Errors
/// Why it was not taken, in words without the address.
pub async fn tell(message: &Message, context: &Context) -> Result<ContactOutcome, Problem> {
    let sent = match way(&message.contact, context)? {
        ContactRoute::ByHand(words) => return Ok(ContactOutcome::ByHand(words)),
        ContactRoute::Email(mail, to) => mail::send(mail, &context.folder, &to, &message.text).await,
        ContactRoute::Webhook(url) => {
            let mut body = message.facts.clone();
            body.insert("text".into(), message.text.clone().into());
            body.insert("contact".into(), message.contact.clone().into());
            post(&url, &Value::Object(body), "the webhook", context).await
        }
    };
    let name = context.directory.contacts.get(&message.contact).map_or("", |contact| contact.name.as_str());
    sent.map(|answer| ContactOutcome::Sent(format!("{name}: {answer}"))).map_err(|problem| named(name, problem))
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
    }
}

fn way<'a>(contact: &str, context: &'a Context) -> Result<ContactRoute<'a>, Problem> {
    let Some(Contact { name, reach, .. }) = context.directory.contacts.get(contact) else {
        return Err(Problem::new("the inventory has no such contact"));
    };
    let Some(reach) = reach else { return Ok(ContactRoute::ByHand(format!("{name}: the inventory does not say how"))) };
    let reach = address(reach)?;
    let (how, to) = reach.split_once(':').unwrap_or(("", &reach));
    Ok(match (how, &context.directory.mail) {
        ("webhook", _) => ContactRoute::Webhook(to.to_owned()),
        ("mailto", Some(mail)) => ContactRoute::Email(mail, to.split('?').next().unwrap_or_default().to_owned()),
        _ => ContactRoute::ByHand(format!("{} {name} at {to}", if how == "tel" { "call" } else { "write to" })),
    })
}

/// A contact's `reach` with the environment's values in place of `${NAME}`.
fn address(reach: &str) -> Result<String, Problem> {
    crate::units::expand(reach, |name| Some(variable(name)?.expose().to_owned()))
        .map_err(|unknown| Problem::new(format!("the environment variable {} is not set", unknown.name)))
}

/// A problem of somebody or something with this name.
fn named(name: &str, mut problem: Problem) -> Problem {
    problem.message = format!("{name}: {}", problem.message);
    problem
}

/// Posts JSON; `whom` names who answers.
///
/// # Errors
/// Why it was not taken, in words without the address.
pub(super) async fn post(url: &str, body: &Value, whom: &str, context: &Context) -> Result<String, Problem> {
    let sent = context.http.post(url).timeout(PATIENCE).json(body).send().await;
    let answer = sent.map_err(|error| Problem::new(format!("{whom} cannot be reached: {}", in_words(&error))))?;
    let status = answer.status();
    let said = format!("{whom} answered {}", status.as_u16());
    match web::sends_on(status.as_u16(), answer.headers(), answer.url()) {
        Some(elsewhere) => Err(named(&said, problem_of(&elsewhere))),
        None if status.is_success() => Ok(said),
        None => Err(Problem::new(said)),
    }
}
