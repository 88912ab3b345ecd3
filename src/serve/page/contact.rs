//! People and channels as links: a telephone number can be called, an address written to; anything else is named by its way alone, since a webhook's
//! address is a secret.

use super::form::part;
use super::shown::{name, short};
use crate::model::{Contact, Inventory};
use maud::{Markup, html};

/// Somebody by name, with a link that reaches them.
pub(super) fn contact(inventory: &Inventory, id: &str) -> Markup {
    match inventory.contacts.get(id) {
        None => name(id),
        Some(contact) => html! { (name(&contact.name)) @if let Some(way) = way(contact) { " " (way) } },
    }
}

/// Somebody by name alone.
pub(super) fn called(inventory: &Inventory, id: &str) -> Markup {
    inventory.contacts.get(id).map_or_else(|| name(id), |contact| name(&contact.name))
}

/// How somebody is reached.
pub(super) fn way(contact: &Contact) -> Option<Markup> {
    if let Some(service) = &contact.service {
        return Some(html! { "by " (service.vendor()) });
    }
    let (kind, place) = contact.reach.as_deref()?.split_once(':')?;
    // What a variable holds is known where the runbook is walked, and not here.
    let known = !place.contains("${");
    Some(match kind {
        "tel" if known => html! { a.call href={ "tel:" (number(place)) } { bdi { (short(place, 60)) } } },
        "mailto" if known => html! { a.call href={ "mailto:" (part(place).replace("%40", "@")) } { bdi { (short(place, 120)) } } },
        "tel" => html! { "by telephone" },
        "mailto" => html! { "by e-mail" },
        _ => html! { "by webhook" },
    })
}

/// What a telephone takes of a number.
fn number(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_digit() || matches!(letter, '+' | '*' | '#' | '-' | '.')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(reach: &str) -> String {
        let contact = Contact { name: "Ada".into(), reach: Some(reach.into()), token_from: None, service: None };
        way(&contact).unwrap().into_string()
    }

    #[test]
    fn numbers_and_addresses_are_links_and_webhooks_stay_secret() {
        assert_eq!(reached("tel:+49 30 1234"), "<a class=\"call\" href=\"tel:+49301234\"><bdi>+49 30 1234</bdi></a>");
        assert!(reached("mailto:ada@example.org").contains("href=\"mailto:ada@example.org\""));
        assert_eq!(reached("webhook:https://hooks.example/T0/secret"), "by webhook");
        assert_eq!(reached("tel:${ONCALL}"), "by telephone");
        let hostile = reached("mailto:a@b?bcc=c@d&x=\"><script>");
        assert!(hostile.contains("href=\"mailto:a@b%3Fbcc%3Dc@d%26x") && !hostile.contains("<script"), "{hostile}");
    }
}
