//! A notice to a person or a channel, the way that a runbook's message would reach them: webhook, e-mail, PagerDuty, Opsgenie.
//!
//! Nothing goes to a status page: customers would read of an outage that is only played.

use super::payload::links;
use super::webhook_post::PostOutcome;
use crate::history::Live;
use crate::journal::Clock;
use crate::model::{Inventory, NoticeKind, NotifySeverity};
use crate::redact::Redactor;
use crate::schedule::Notice;
use crate::secret::{SecretContext, held};
use crate::step::{Attendance, Before, ContactOutcome, Context, Directory, Keyring, Message, Outbox, Variables, tell};
use crate::units::{Problem, Seed, with_causes};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

/// Tells a contact.
pub(super) async fn tell_contact(
    contact: &str,
    inventory: &Inventory,
    root: &Path,
    (id, notice): (&str, &Notice),
    http: &reqwest::Client,
) -> PostOutcome {
    let context = match context(contact, inventory, root, notice, http).await {
        Ok(context) => context,
        Err(problem) => return PostOutcome::NotNow(with_causes(&problem), None),
    };
    let links = links(notice, inventory.serve.url.as_deref());
    let text = links.first().map_or_else(|| notice.told.clone(), |(_, link)| format!("{} {link}", notice.told));
    let mut facts = Map::from_iter([("event".to_owned(), Value::from(notice.kind.word()))]);
    facts.insert("severity".to_owned(), severity(notice).word().into());
    if let Ok(Value::Object(about)) = serde_json::to_value(&notice.about) {
        facts.extend(about);
    }
    let message = Message { contact: contact.to_owned(), text, key: id.to_owned(), severity: severity(notice), over: false, facts };
    match tell(&message, &context).await {
        Ok(ContactOutcome::Sent(said)) => PostOutcome::Taken(said),
        Ok(ContactOutcome::ByHand(words)) => PostOutcome::Never(format!("no program can tell them: {words}")),
        Err(problem) => PostOutcome::NotNow(with_causes(&problem), None),
    }
}

/// How bad it is.
fn severity(notice: &Notice) -> NotifySeverity {
    match (notice.kind, notice.about.verdict.as_deref()) {
        (NoticeKind::Overdue | NoticeKind::Guard, _) => NotifySeverity::Error,
        (NoticeKind::Missed | NoticeKind::Approval, _) => NotifySeverity::Warning,
        (NoticeKind::Verdict, Some("met")) => NotifySeverity::Info,
        (NoticeKind::Verdict, _) => NotifySeverity::Warning,
        _ => NotifySeverity::Info,
    }
}

/// What a message needs: nobody is there, nothing is recorded, and every letter about one schedule is in one thread.
async fn context(contact: &str, inventory: &Inventory, root: &Path, notice: &Notice, http: &reqwest::Client) -> Result<Context, Problem> {
    let thread = notice.about.schedule.as_deref().or(notice.about.drill.as_deref()).unwrap_or("notices");
    Ok(Context {
        variables: variables(contact, inventory, root).await?,
        redactor: Redactor::default(),
        live: watch::channel(Arc::new(Live::default())).1,
        clock: Clock::start(),
        attendance: Attendance::Unattended,
        board: None,
        interview: None,
        stand_in: None,
        directory: Directory { contacts: inventory.contacts.clone(), mail: inventory.mail.clone() }.into(),
        folder: root.to_owned(),
        http: http.clone(),
        seed: Seed(0),
        supervisor: None,
        before: Before::default(),
        keyring: Keyring::default(),
        outbox: Outbox::of_drill(thread, Seed(0)),
        stores: inventory.stores.clone().into(),
        lacking: BTreeMap::new(),
    })
}

/// The values of the secrets that a contact names.
async fn variables(contact: &str, inventory: &Inventory, root: &Path) -> Result<Variables, Problem> {
    let mut variables = Variables::default();
    let Some(contact) = inventory.contacts.get(contact) else { return Ok(variables) };
    let text = serde_json::to_string(contact).unwrap_or_default();
    for (name, from) in &inventory.secrets {
        if text.contains(&format!("${{secret.{name}}}")) {
            let value = held(from, SecretContext { stores: &inventory.stores, root }).await;
            let value = value.map_err(|error| Problem::new(format!("the secret {name} cannot be read: {error}")))?;
            variables.set(format!("secret.{name}"), value);
        }
    }
    Ok(variables)
}
