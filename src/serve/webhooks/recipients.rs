//! Whom a notice goes to: webhooks that want its kind, the contacts that it names, and those whom its schedule tells how it went.

use crate::model::{DrillSchedule, Inventory, NoticeKind};
use crate::schedule::Notice;

/// How the targets of deliveries begin.
const WEBHOOK: &str = "webhook:";
const CONTACT: &str = "contact:";

/// Somebody that a notice goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recipient<'a> {
    /// A webhook, by its name.
    Webhook(&'a str),
    /// A contact, by its name.
    Contact(&'a str),
}

impl<'a> Recipient<'a> {
    /// From a delivery's target; `None` where it is none that this build knows.
    pub(super) fn of(target: &'a str) -> Option<Self> {
        let webhook = target.strip_prefix(WEBHOOK).map(Self::Webhook);
        webhook.or_else(|| target.strip_prefix(CONTACT).map(Self::Contact))
    }
}

/// The targets, each once.
pub(super) fn recipients(notice: &Notice, inventory: &Inventory, schedules: &[DrillSchedule]) -> Vec<String> {
    let webhooks = inventory.serve.webhooks.iter().filter(|webhook| webhook.wants(notice.kind));
    let mut found: Vec<String> = webhooks.map(|webhook| format!("{WEBHOOK}{}", webhook.name)).collect();
    let how_it_went = schedules.iter().filter(|schedule| {
        matches!(notice.kind, NoticeKind::Verdict | NoticeKind::Missed) && notice.about.schedule.as_ref() == Some(&schedule.name)
    });
    let contacts = notice.contacts.iter().chain(how_it_went.flat_map(|schedule| &schedule.notify.after));
    for contact in contacts {
        let target = format!("{CONTACT}{contact}");
        if !found.contains(&target) {
            found.push(target);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ServePolicy, Webhook};
    use crate::schedule::NoticeSubject;

    #[test]
    fn a_webhook_gets_what_it_asked_for_and_a_contact_is_told_once() {
        let webhook = |name: &str, events: &[NoticeKind]| Webhook {
            name: name.to_owned(),
            url: "https://a.example".to_owned(),
            secret_from: Vec::new(),
            events: events.to_vec(),
        };
        let webhooks = vec![webhook("all", &[]), webhook("some", &[NoticeKind::Verdict]), webhook("others", &[NoticeKind::Due])];
        let inventory = Inventory { serve: ServePolicy { webhooks, ..ServePolicy::default() }, ..Inventory::default() };
        let mut notice = Notice::of_drill(NoticeKind::Verdict, NoticeSubject::default(), "", String::new(), chrono::DateTime::UNIX_EPOCH);
        notice.contacts = vec!["ann".to_owned(), "ann".to_owned()];
        assert_eq!(recipients(&notice, &inventory, &[]), ["webhook:all", "webhook:some", "contact:ann"]);
        assert_eq!(Recipient::of("webhook:all"), Some(Recipient::Webhook("all")));
        assert_eq!(Recipient::of("contact:ann"), Some(Recipient::Contact("ann")));
        assert_eq!(Recipient::of("pigeon:x"), None);
    }
}
