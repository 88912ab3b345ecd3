//! What leaves the host while one runbook is walked: how its messages are named outside, so that what is sent twice counts once there, and what
//! they have left open, so that it can be closed.
//!
//! A name is the same after a crash, because it comes from what the history began with. What this file does not do: send anything.

use super::alert_desk::AlertDesk;
use crate::journal::Recorder;
use crate::units::{Secret, Seed};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The longest part of a name that is the execution's own, in characters.
const LONGEST: usize = 60;

/// What leaves the host while one runbook is walked. Clones are the same outbox.
#[derive(Debug, Clone, Default)]
pub struct Outbox(Arc<OutboxShelf>);

#[derive(Debug, Default)]
struct OutboxShelf {
    id: String,
    started: String,
    recorder: Option<Recorder>,
    is_drill: bool,
    contents: Mutex<Contents>,
    /// Incidents on status pages, by contact. One at a time speaks to pages, so that no two open an incident each.
    pages: tokio::sync::Mutex<BTreeMap<String, PageState>>,
}

#[derive(Debug, Default)]
struct Contents {
    alerts: BTreeMap<String, OpenAlert>,
    /// How often each message was taken already.
    taken: BTreeMap<String, u32>,
    last: Option<String>,
    outputs: BTreeMap<String, Secret>,
}

/// An alert that a message opened at a paging service, or may have.
#[derive(Debug, Clone)]
pub struct OpenAlert {
    /// By what the service knows it: PagerDuty's `dedup_key`, Opsgenie's `alias`.
    pub name: String,
    /// The contact or the channel, as reports name it.
    pub whose: String,
    /// Where it is.
    pub desk: AlertDesk,
}

/// What is known of an incident on a status page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PageState {
    /// Its identifier there.
    pub(super) incident: Option<String>,
    /// True where one may be there that nobody has noted.
    pub(super) unsure: bool,
    /// True once it was said to be over.
    pub(super) resolved: bool,
}

impl Outbox {
    /// Of an execution, which writes down what it opens; `again` where it was interrupted before.
    pub fn of_execution(name: &str, seed: Seed, wall_clock: &str, recorder: Recorder) -> Self {
        let id = unique(name, seed, wall_clock);
        Self(OutboxShelf { id, started: wall_clock.to_owned(), recorder: Some(recorder), ..OutboxShelf::default() }.into())
    }

    /// Of a drill, which publishes nothing.
    pub fn of_drill(name: &str, seed: Seed) -> Self {
        Self(OutboxShelf { id: unique(name, seed, name), is_drill: true, ..OutboxShelf::default() }.into())
    }

    /// True in a drill.
    pub fn is_drill(&self) -> bool {
        self.0.is_drill
    }

    /// What all of its messages have in common.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// When it began, RFC 3339.
    pub(super) fn started(&self) -> &str {
        &self.0.started
    }

    pub(super) fn recorder(&self) -> Option<&Recorder> {
        self.0.recorder.as_ref()
    }

    pub(super) fn pages(&self) -> &tokio::sync::Mutex<BTreeMap<String, PageState>> {
        &self.0.pages
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of an alert: the same however often it is sent.
    pub fn alert_name(&self, key: &str) -> String {
        format!("{}-{key}", self.0.id)
    }

    /// The name of a letter: the same until it was taken, and another one for the next under this key.
    pub(super) fn letter_name(&self, key: &str) -> String {
        match self.contents().taken.get(key) {
            None => format!("{}-{key}", self.0.id),
            Some(times) => format!("{}-{key}-{}", self.0.id, times + 1),
        }
    }

    /// A message under this key was taken.
    pub fn was_taken(&self, key: &str) {
        *self.contents().taken.entry(key.to_owned()).or_default() += 1;
    }

    /// An alert is open, or may be.
    pub fn opened(&self, alert: OpenAlert) {
        self.contents().alerts.insert(alert.name.clone(), alert);
    }

    /// An alert is closed.
    pub fn closed(&self, name: &str) {
        self.contents().alerts.remove(name);
    }

    /// The alerts that are open, or may be.
    pub fn open_alerts(&self) -> Vec<OpenAlert> {
        self.contents().alerts.values().cloned().collect()
    }

    /// Notes what a page's incident is called, from a history.
    pub async fn recall_page(&self, contact: &str, incident: Option<&str>) {
        let mut pages = self.0.pages.lock().await;
        let page = pages.entry(contact.to_owned()).or_default();
        match incident {
            Some(incident) => *page = PageState { incident: Some(incident.to_owned()), ..PageState::default() },
            None => page.unsure = page.incident.is_none(),
        }
    }

    /// A page's incident was said to be over.
    pub async fn page_is_over(&self, contact: &str) {
        if let Some(page) = self.0.pages.lock().await.get_mut(contact) {
            page.resolved = true;
        }
    }

    /// Contacts with an incident on their page that is not over.
    pub async fn open_pages(&self) -> Vec<String> {
        let pages = self.0.pages.lock().await;
        pages.iter().filter(|(_, page)| !page.resolved && (page.incident.is_some() || page.unsure)).map(|(name, _)| name.clone()).collect()
    }

    /// What the last update said.
    pub fn last_update(&self) -> Option<String> {
        self.contents().last.clone()
    }

    /// An update was sent.
    pub fn updated(&self, text: &str) {
        self.contents().last = Some(text.to_owned());
    }

    /// The outputs of steps as they are now, for messages that no step sends.
    pub fn outputs(&self) -> BTreeMap<String, Secret> {
        self.contents().outputs.clone()
    }

    /// Steps have these outputs by now.
    pub fn publish(&self, outputs: &BTreeMap<String, Secret>) {
        self.contents().outputs.clone_from(outputs);
    }
}

/// A name that no other execution has, of letters that any address and any header takes.
fn unique(name: &str, seed: Seed, moment: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' };
    let name: String = name.chars().map(plain).take(LONGEST).collect();
    format!("lifeboat-{}-{}", name.trim_matches('-'), seed.derive(moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_outlives_a_crash_and_is_no_other_executions() {
        let journal = crate::journal::Journal::start(std::io::sink(), crate::journal::Clock::start()).unwrap();
        let outbox = |name: &str, seed, at: &str| Outbox::of_execution(name, Seed(seed), at, journal.recorder());
        let (one, same) = (outbox("x.y/ü", 1, "2026-01-01T00:00:00Z"), outbox("x.y/ü", 1, "2026-01-01T00:00:00Z"));
        assert_eq!(one.alert_name("step-1"), same.alert_name("step-1"));
        assert!(one.id().starts_with("lifeboat-x-y-") && one.id().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        for other in [outbox("x.y/ü", 2, "2026-01-01T00:00:00Z"), outbox("x.y/ü", 1, "2026-01-01T00:00:01Z")] {
            assert_ne!(one.id(), other.id());
        }
        assert_eq!(one.letter_name("step-1"), one.alert_name("step-1"), "until it was taken, it is the same letter");
        one.was_taken("step-1");
        assert_eq!(one.letter_name("step-1"), format!("{}-2", one.alert_name("step-1")), "what follows is another");
    }
}
