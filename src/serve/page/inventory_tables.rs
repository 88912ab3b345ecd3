//! Tables of an inventory's page: providers, environments with their limits, contacts, credentials by reference.

use super::contact::way;
use super::facts::{cell, facts, table};
use super::runbook_list::address as runbook_address;
use super::shown::{many, name, short, status};
use crate::model::{Allow, Approvals, Environment, Inventory, Provider, origin_and_path};
use crate::report::Grade;
use maud::{Markup, html};

/// Rows of one table.
const MOST: usize = 500;

/// Places that serve models.
pub(super) fn providers(inventory: &Inventory) -> Markup {
    let rows = html! { @for (id, provider) in inventory.providers.iter().take(MOST) { (provider_row(id, provider)) } };
    html! {
        section aria-labelledby="providers" {
            h2 #providers { "Providers" }
            (table("Providers", &["Provider", "Speaks", "Where", "Models", "Credential"], &rows))
        }
    }
}

fn provider_row(id: &str, provider: &Provider) -> Markup {
    let place: Vec<&str> = [&provider.cloud, &provider.region, &provider.residency].into_iter().flatten().map(String::as_str).collect();
    let models: Vec<String> = provider.models.iter().map(|(role, model)| format!("{role}: {model}")).collect();
    html! {
        tr {
            th scope="row" { (name(id)) }
            (cell("Speaks", &html! { (provider.dialect) }))
            (cell("Where", &html! {
                (short(&place.join(", "), 120))
                @if let Some(url) = &provider.base_url { span.soft { (host(url)) } } @else { span.soft { "imitated by the lab alone" } }
            }))
            (cell("Models", &html! { (short(&models.join(", "), 300)) }))
            (cell("Credential", &html! { @if let Some(credential) = &provider.credential { (name(credential)) } }))
        }
    }
}

/// An address without who asks and what: scheme, host and port.
fn host(url: &str) -> Markup {
    let (origin, _) = origin_and_path(url);
    let bare = origin.split_once("://").map(|(scheme, rest)| format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default()));
    html! { bdi { (short(&bare.unwrap_or_default(), 120)) } }
}

/// Where drills run, and what they may do there.
pub(super) fn environments(inventory: &Inventory) -> Markup {
    html! {
        section aria-labelledby="environments" {
            h2 #environments { "Environments" }
            ul.cards { @for (id, environment) in inventory.environments.iter().take(MOST) { (environment_card(id, environment)) } }
        }
    }
}

fn environment_card(id: &str, environment: &Environment) -> Markup {
    let allow = &environment.allow;
    html! {
        li {
            div.row {
                h3 { (name(id)) }
                @if environment.protected { (status("protected", Grade::Open)) } @else if environment.embedded { (status("lab", Grade::Neutral)) }
            }
            (facts([
                ("Services", (!environment.services.is_empty()).then(|| html! {
                    ul.plain { @for (service, binding) in environment.services.iter().take(60) { li { (name(service)) span.soft { " " (host(&binding.url)) } } } }
                })),
                ("Approval", environment.approvals.as_ref().map(approvals).or_else(|| environment.protected.then(|| html! { "of the person who starts the drill, at the terminal" }))),
                ("May break", Some(html! { @match &allow.faults_on { Some(names) => (listed(names)), None => "every provider" } })),
                ("Limits", Some(limits(allow))),
                ("Hours", (!allow.hours.is_empty()).then(|| html! { @for hours in &allow.hours { (short(&hours.to_string(), 200)) br; } })),
                ("Freezes", (!allow.freezes.is_empty()).then(|| html! { (many(allow.freezes.len(), "calendar")) })),
            ]))
        }
    }
}

fn approvals(approvals: &Approvals) -> Markup {
    let names: Vec<String> = approvals.of.iter().map(|approver| approver.contact.clone()).collect();
    html! { (approvals.needed) " of: " (listed(&names)) }
}

fn listed(names: &[String]) -> Markup {
    html! {
        @if names.is_empty() { "none" }
        @for (place, each) in names.iter().take(50).enumerate() { @if place > 0 { ", " } (name(each)) }
        @if names.len() > 50 { " and " (names.len() - 50) " more" }
    }
}

fn limits(allow: &Allow) -> Markup {
    let told = [
        allow.max_rate.map(|rate| format!("{rate} at most")),
        allow.max_requests.map(|count| format!("{} requests", crate::units::grouped(count))),
        allow.max_spend.map(|money| format!("{money} a drill")),
        allow.max_duration.map(|long| format!("{long} a drill")),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    html! { @if told.is_empty() { "none" } @else { (told.join("; ")) } }
}

/// People and channels.
pub(super) fn contacts(inventory: &Inventory) -> Markup {
    let rows = html! {
        @for (id, contact) in inventory.contacts.iter().take(MOST) {
            tr {
                th scope="row" { (name(&contact.name)) }
                (cell("Called", &html! { code { (short(id, 80)) } }))
                (cell("Reached", &html! { @match way(contact) { Some(way) => (way), None => "not told how" } }))
            }
        }
    };
    html! {
        section aria-labelledby="contacts" {
            h2 #contacts { "Contacts" }
            @if inventory.contacts.is_empty() { p { "No contact is declared yet." } } @else { (table("Contacts", &["Name", "Called", "Reached"], &rows)) }
        }
    }
}

/// Credentials by reference: never what they hold.
pub(super) fn credentials(inventory: &Inventory) -> Markup {
    let rows = html! {
        @for (id, credential) in inventory.credentials.iter().take(MOST) {
            tr {
                th scope="row" { (name(id)) }
                (cell("Kind", &html! { (credential.kind) }))
                (cell("Found at", &html! { code { (short(&credential.from.to_string(), 200)) } }))
                (cell("Rotated by", &html! {
                    @match &credential.rotates_in {
                        Some(path) => a href=(runbook_address(path)) { (name(path.trim_start_matches("runbooks/"))) },
                        None => "no runbook",
                    }
                }))
            }
        }
    };
    html! {
        section aria-labelledby="credentials" {
            h2 #credentials { "Credentials" }
            p.soft { "By reference alone: their values are never here." }
            @if inventory.credentials.is_empty() { p { "No credential is declared." } }
            @else { (table("Credentials", &["Credential", "Kind", "Found at", "Rotated by"], &rows)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_neither_who_asks_nor_what() {
        assert_eq!(host("https://user:pass@gw.example:8443/v1?key=1").into_string(), "<bdi>https://gw.example:8443</bdi>");
    }
}
