//! The inventory: services with their providers in order, what was promised, how the last drill went and what is open; then providers, environments
//! with their limits, people, credentials by reference.
//!
//! What this file does not do: show any secret, or an address that is one.

use super::contact::contact;
use super::contract_table::contracts;
use super::facts::facts;
use super::form::address;
use super::inventory_tables::{contacts, credentials, environments, providers};
use super::last_drills::{LastDrill, last_drills};
use super::problem::PageProblem;
use super::project::seen;
use super::runbook_list::address as runbook_address;
use super::runbook_page::problems;
use super::shell::{PagePart, shell};
use super::shown::{many, name, short, status};
use crate::model::{Criticality, DeclaredObjectives, Inventory, LossBudget, Service};
use crate::report::Grade;
use crate::serve::App;
use axum::extract::State;
use chrono::Utc;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Services and providers of one page.
const MOST: usize = 300;

/// `GET /inventory`.
pub(super) async fn page(State(app): State<App>) -> Result<Markup, PageProblem> {
    let (inventory, wrong) = seen(&app, |project| (project.inventory.clone(), project.problems.clone())).await?;
    let last = last_drills(&app).await?;
    let contracts = Utc::now().format("%Y-%m-%d").to_string().parse().map_or_else(|_| html! {}, |today| contracts(&inventory, today));
    Ok(shell(PagePart::Inventory, "Inventory", &whole(&inventory, &wrong, &last, &contracts)))
}

fn whole(inventory: &Inventory, wrong: &[String], last: &BTreeMap<String, LastDrill>, contracts: &Markup) -> Markup {
    html! {
        p.lead {
            (many(inventory.services.len(), "service")) ", " (many(inventory.providers.len(), "provider")) ", "
            (many(inventory.environments.len(), "environment")) ", as " code { "runbooks/inventory.yaml" } " has them now."
        }
        (problems(wrong))
        nav aria-label="On this page" {
            ul.links {
                li { a href="#services" { "Services" } } li { a href="#providers" { "Providers" } }
                @if !contracts.0.is_empty() { li { a href="#contracts" { "Contracts" } } }
                li { a href="#environments" { "Environments" } }
                li { a href="#contacts" { "Contacts" } } li { a href="#credentials" { "Credentials" } } li { a href="/ready" { "Readiness: which of them are alive" } }
            }
        }
        section aria-labelledby="services" {
            h2 #services { "Services" }
            @if inventory.services.is_empty() { p { "No service is declared yet: a service is what users ask, with its providers in order." } }
            ul.cards { @for (id, service) in inventory.services.iter().take(MOST) { (card(inventory, id, service, last.get(id))) } }
            @if inventory.services.len() > MOST { p.soft { "and " (many(inventory.services.len() - MOST, "more service")) } }
        }
        (providers(inventory))
        (contracts)
        (environments(inventory))
        (contacts(inventory))
        (credentials(inventory))
    }
}

fn card(inventory: &Inventory, id: &str, service: &Service, last: Option<&LastDrill>) -> Markup {
    html! {
        li class=(last.map_or("", LastDrill::class)) {
            div.row { h3 { (name(id)) } (criticality(service.criticality)) }
            (facts([
                ("Providers", Some(order(inventory, service))),
                ("Owner", service.owner.as_ref().map(|owner| contact(inventory, owner))),
                ("Promised", Some(promised(&service.objectives))),
                ("Runbook", service.runbook.as_ref().map(|path| html! { a href=(runbook_address(path)) { (name(path.trim_start_matches("runbooks/"))) } })),
                ("Last drill", Some(last.map_or_else(|| html! { (status("never drilled", Grade::Open)) }, LastDrill::line))),
                ("Open findings", last.filter(|last| last.findings > 0).map(|last| html! {
                    a href=(address("/findings", [("service", id)])) { (many(usize::try_from(last.findings).unwrap_or(usize::MAX), "finding")) }
                })),
            ]))
            a href=(address("/drills", [("service", id)])) { "Its drills" span.quiet { ": " (name(id)) } }
        }
    }
}

fn criticality(criticality: Criticality) -> Markup {
    match criticality {
        Criticality::SinglePointOfFailure => status("single point of failure", Grade::Bad),
        Criticality::Recoverable => status("recoverable", Grade::Neutral),
        Criticality::Optional => status("optional", Grade::Neutral),
    }
}

/// Who serves, and who stands by, in their order.
fn order(inventory: &Inventory, service: &Service) -> Markup {
    let where_is = |id: &String| {
        let provider = inventory.providers.get(id)?;
        let place: Vec<&str> = [&provider.cloud, &provider.region].into_iter().flatten().map(String::as_str).collect();
        (!place.is_empty()).then(|| place.join(", "))
    };
    html! {
        ol.order {
            @for (place, id) in service.providers.iter().take(50).enumerate() {
                li {
                    (name(id))
                    @if let Some(place) = where_is(id) { span.soft { " " (short(&place, 80)) } }
                    @if service.shares() && place < service.sharing { span.soft { " shares the load" } }
                }
            }
        }
    }
}

/// What was promised, as far as it is declared.
fn promised(objectives: &DeclaredObjectives) -> Markup {
    let lost = objectives.lost.as_ref().map(|lost| match lost {
        LossBudget::Requests(count) => format!("{count} requests lost"),
        LossBudget::Share(share) => format!("{share} of requests lost"),
    });
    let told = [
        objectives.rto.map(|rto| format!("service again within {rto}")),
        objectives.success.map(|success| format!("{success} of requests good")),
        objectives.slo.map(|slo| format!("answers within {slo}")),
        lost.map(|lost| format!("at most {lost}")),
        objectives.failback.map(|failback| format!("the primary again within {failback}")),
        objectives.rotation.map(|rotation| format!("a key replaced within {rotation}")),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    html! { @if told.is_empty() { "nothing declared" } @else { (told.join("; ")) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_an_inventory_is_on_its_page() {
        let text = r#"{
            "contacts": {"ops": {"name": "Ops <b>", "reach": "webhook:https://hooks.example/T0/s3cr3t"}},
            "credentials": {"key": {"kind": "api-key", "from": {"env": "AZURE_KEY"}, "rotates_in": null}},
            "providers": {}, "services": {}, "environments": {}
        }"#;
        let mut inventory: Inventory = serde_json::from_str(text).unwrap_or_default();
        inventory.services.insert("chat".into(), serde_json::from_str(
            r#"{"owner":"ops","criticality":"recoverable","providers":["a","b"],"sharing":1,"objectives":{"rto":"30s"},"runbook":"runbooks/fail over.yaml"}"#,
        ).unwrap());
        let page = whole(&inventory, &[], &BTreeMap::new(), &html! {}).into_string();
        assert!(page.contains("service again within 30 s") && page.contains("href=\"/runbooks/fail%20over.yaml\""), "{page}");
        assert!(page.contains("never drilled") && !page.contains("s3cr3t"), "{page}");
        assert!(page.find("<li><bdi>a</bdi>").unwrap() < page.find("<li><bdi>b</bdi>").unwrap(), "{page}");
    }
}
