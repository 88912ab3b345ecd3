//! Readiness: each hop as it was found last, since when, and why; and what changed in the last ninety days.

use super::facts::{cell, table};
use super::moment::minute;
use super::problem::PageProblem;
use super::project::seen;
use super::shell::{PagePart, shell};
use super::shown::{many, name, short, status};
use crate::model::HopState;
use crate::report::Grade;
use crate::serve::App;
use crate::store::{HopRecord, RoundRecord};
use crate::units::{Money, counted};
use axum::extract::State;
use chrono::{TimeDelta, Utc};
use maud::{Markup, html};

/// Hops, and changes, of one page.
const MOST: usize = 300;
/// How far changes are shown back.
const DAYS: i64 = 90;

/// `GET /ready`.
pub(super) async fn page(State(app): State<App>) -> Result<Markup, PageProblem> {
    let hops = known_hops(&app).await?;
    let rounds = app.store().last_rounds().await?;
    let changes = app.store().readiness_changes(None, Utc::now() - TimeDelta::days(DAYS)).await?;
    Ok(shell(PagePart::Inventory, "Readiness", &whole(&hops, &rounds, &changes)))
}

/// The hops that the inventory still has, as they were found last.
///
/// # Errors
/// Where the store or the project cannot be read.
pub(in crate::serve) async fn known_hops(app: &App) -> Result<Vec<HopRecord>, PageProblem> {
    let all = app.store().readiness(None).await?;
    let services = seen(app, |project| project.inventory.services.clone()).await?;
    let is_known = |record: &HopRecord| match record.hop.strip_prefix("gateway:") {
        Some(service) => services.contains_key(service),
        None => services.values().any(|service| service.providers.contains(&record.hop)),
    };
    Ok(all.into_iter().filter(is_known).collect())
}

fn whole(hops: &[HopRecord], rounds: &[RoundRecord], changes: &[HopRecord]) -> Markup {
    let dead = hops.iter().filter(|hop| hop.state == HopState::Dead).count();
    html! {
        @if hops.is_empty() {
            p.lead { "No hop was asked yet." }
            p { code { "lifeboat ready --env ENVIRONMENT" } " asks each provider of each service for a few tokens, and says which are dead and why." }
        } @else {
            p.lead {
                @if dead == 0 { "No hop is dead" } @else { (many(dead, "hop")) " of " (hops.len()) @if dead == 1 { " is dead" } @else { " are dead" } }
                ", as far as the last round tells."
            }
        }
        @for round in rounds.iter().take(MOST) {
            section {
                h2 { (name(&round.environment)) }
                p.soft {
                    "Asked " (minute(round.at)) ": " (counted(round.requests, "request")) ", " (counted(round.tokens, "token"))
                    ", at most " (format!("{:.6}", Money::from_nanos(round.most))) "."
                }
                (table(&format!("Hops in {}", round.environment), &["Hop", "State", "Why", "Since", "Services"], &html! {
                    @for hop in hops.iter().filter(|hop| hop.environment == round.environment).take(MOST) { (row(hop)) }
                }))
            }
        }
        @if !changes.is_empty() {
            section {
                h2 { "What changed" }
                p.soft { "In the last " (DAYS) " days, the newest first." }
                (table("What changed", &["When", "Hop", "State", "Why"], &html! {
                    @for change in changes.iter().rev().take(MOST) {
                        tr {
                            th scope="row" { (minute(change.at)) }
                            (cell("Hop", &html! { (name(&change.hop)) span.soft { " in " (name(&change.environment)) } }))
                            (cell("State", &state(change.state)))
                            (cell("Why", &html! { (short(&change.told, 300)) }))
                        }
                    }
                }))
            }
        }
    }
}

fn row(hop: &HopRecord) -> Markup {
    html! {
        tr {
            th scope="row" { (name(&hop.hop)) }
            (cell("State", &state(hop.state)))
            (cell("Why", &html! { (short(&hop.told, 300)) @if let Some(reason) = hop.reason { span.soft { " " code { (reason) } } } }))
            (cell("Since", &minute(hop.since)))
            (cell("Services", &html! { (short(&hop.services.join(", "), 200)) }))
        }
    }
}

fn state(state: HopState) -> Markup {
    match state {
        HopState::Alive => status("alive", Grade::Good),
        HopState::Warned => status("alive, with a warning", Grade::Open),
        HopState::Dead => status("dead", Grade::Bad),
        HopState::Unknown => status("nobody can tell", Grade::Open),
        HopState::LeftOut => status("not asked", Grade::Neutral),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HopReason;
    use chrono::DateTime;

    #[test]
    fn a_dead_hop_is_shown_with_its_reason_and_since_when() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let hop = HopRecord {
            environment: "prod".to_owned(),
            hop: "open<ai>".to_owned(),
            at,
            state: HopState::Dead,
            reason: Some(HopReason::KeyRefused),
            told: "its key is refused (401)".to_owned(),
            services: vec!["chat".to_owned()],
            since: at,
            changed: true,
        };
        let round = RoundRecord { environment: "prod".to_owned(), at, requests: 3, tokens: 41, most: 200_000 };
        let page = whole(std::slice::from_ref(&hop), &[round], std::slice::from_ref(&hop)).into_string();
        for told in
            ["1 hop of 1 is dead", "open&lt;ai&gt;", "its key is refused (401)", "key-refused", "3 requests, 41 tokens, at most 0.0002 USD"]
        {
            assert!(page.contains(told), "{told}: {page}");
        }
        assert!(whole(&[], &[], &[]).into_string().contains("No hop was asked yet"));
    }
}
