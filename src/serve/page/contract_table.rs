//! Contracts of an inventory's page: when each ends and by when notice is due, graded by how far off that is, what its exits are, whom to call;
//! and the last days of models.
//!
//! What this file does not do: say what `lifeboat check` doubts about them; this shows the facts.

use super::contact::contact;
use super::facts::{cell, table};
use super::shown::{name, short, status};
use crate::model::{Contract, DataExport, DayStanding, Inventory, Provider, RevocableBy};
use crate::report::Grade;
use crate::units::{Day, counted};
use maud::{Markup, html};

/// Rows of one table.
const MOST: usize = 500;
/// Letters of a clause.
const CLAUSE: usize = 300;

/// What contracts say; nothing where nobody states one.
pub(super) fn contracts(inventory: &Inventory, today: Day) -> Markup {
    let stated = |provider: &Provider| provider.contract.is_some() || !provider.retires.is_empty();
    let rows = html! {
        @for (id, provider) in inventory.providers.iter().filter(|(_, provider)| stated(provider)).take(MOST) {
            (contract_row(inventory, id, provider, today))
        }
    };
    if rows.0.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="contracts" {
            h2 #contracts { "Contracts" }
            p.soft { "As the inventory states them, seen on " (today) ". A day that is nearer than " (DayStanding::SOON_DAYS) " days is told as open." }
            (table("Contracts", &["Provider", "Ends", "Notice by", "Exit", "Terms", "Models retire", "Contacts"], &rows))
        }
    }
}

fn contract_row(inventory: &Inventory, id: &str, provider: &Provider, today: Day) -> Markup {
    let nothing = Contract::default();
    let contract = provider.contract.as_deref().unwrap_or(&nothing);
    html! {
        tr {
            th scope="row" { (name(id)) }
            (cell("Ends", &html! { @if let Some(ends) = contract.ends { (day(ends, today)) } }))
            (cell("Notice by", &html! { @if let Some(by) = contract.notice_by() { (day(by, today)) } }))
            (cell("Exit", &exit(contract, provider.contract.is_some())))
            (cell("Terms", &terms(contract)))
            (cell("Models retire", &html! {
                @if !provider.retires.is_empty() {
                    ul.plain { @for (model, last) in provider.retires.iter().take(50) { li { (name(model)) " " (day(*last, today)) } } }
                }
            }))
            (cell("Contacts", &html! {
                @if !contract.contacts.is_empty() { ul.plain { @for id in contract.contacts.iter().take(50) { li { (contact(inventory, id)) } } } }
            }))
        }
    }
}

/// A day, and how far off it is.
fn day(day: Day, today: Day) -> Markup {
    let (word, grade) = match DayStanding::of(day, today) {
        DayStanding::Past => (format!("{} ago", counted(day.until(today).unsigned_abs(), "day")), Grade::Bad),
        DayStanding::Soon(0) => ("today".to_owned(), Grade::Open),
        DayStanding::Soon(days) => (format!("in {}", counted(days, "day")), Grade::Open),
        DayStanding::Later => (format!("in {}", counted(today.until(day).unsigned_abs(), "day")), Grade::Good),
    };
    html! { time datetime=(day) { (day) } " " (status(&word, grade)) }
}

fn exit(contract: &Contract, is_stated: bool) -> Markup {
    let data = contract.data_export.as_ref().map(|export| match export {
        DataExport::Possible => "data comes out".to_owned(),
        DataExport::By(way) => format!("data: {}", short(way, CLAUSE)),
        DataExport::Impossible => "no data comes out".to_owned(),
    });
    html! {
        @if is_stated && !contract.has_exit() { (status("no exit", Grade::Bad)) " " }
        @if let Some(clause) = &contract.exit_clause { bdi { (short(clause, CLAUSE)) } }
        @if let Some(data) = data { @if contract.exit_clause.is_some() { br; } bdi { (data) } }
    }
}

fn terms(contract: &Contract) -> Markup {
    let revocable = contract.revocable_by.map(|by| match by {
        RevocableBy::Provider => "the provider may end it at once",
        RevocableBy::Customer => "we may end it at once",
        RevocableBy::Both => "either side may end it at once",
        RevocableBy::Nobody => "it lasts to its end",
    });
    let said = [&contract.licence, &contract.price].into_iter().flatten().map(|text| short(text, CLAUSE));
    let said: Vec<String> = said.chain(revocable.map(str::to_owned)).collect();
    html! { @for (place, text) in said.iter().enumerate() { @if place > 0 { br; } bdi { (text) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(providers: &str) -> String {
        let text = format!(
            r#"{{"contacts":{{"ops":{{"name":"Ops <b>","reach":"webhook:https://hooks.example/s3cr3t"}}}},
            "credentials":{{}},"services":{{}},"environments":{{}},"providers":{providers}}}"#
        );
        contracts(&serde_json::from_str(&text).unwrap(), "2026-11-30".parse().unwrap()).into_string()
    }

    const REST: &str = r#""dialect":"openai","cloud":null,"region":null,"residency":null,"base_url":null,"credential":null,"models":{}"#;

    #[test]
    fn days_are_graded_and_a_contract_without_an_exit_stands_out() {
        let simulation = serde_json::to_string(&crate::model::Simulation::default()).unwrap();
        let provider = |more: &str| format!(r#"{{"a":{{{REST},"simulation":{simulation}{more}}}}}"#);
        assert_eq!(shown(&provider("")), "", "nobody states a contract");
        let page = shown(&provider(
            r#","contract":{"ends":"2027-03-31","notice":"90d","revocable_by":"both","licence":"<i>","contacts":["ops"]},"retires":{"gpt-4o":"2026-11-01"}"#,
        ));
        for said in
            ["in 121 days", "2026-12-31", "in 31 days", "no exit", "either side", "29 days ago", "gpt-4o", "Ops &lt;b&gt;", "&lt;i&gt;"]
        {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains("s3cr3t"), "{page}");
        let page = shown(&provider(r#","contract":{"ends":"2026-11-30","exit_clause":"30 days","data_export":"impossible"}"#));
        assert!(
            page.contains("today") && page.contains("30 days") && page.contains("no data comes out") && !page.contains("no exit"),
            "{page}"
        );
    }
}
