//! What a drill cost: every sum from counts that can be counted by hand, and nothing where nobody stated or listed anything.

use super::*;
use crate::model::{Business, DrillPlan, Price};
use crate::report::SectionKind;
use crate::report::screen;

/// The first 40 requests of the fault (two seconds) are lost, ten more of it take nine seconds, the rest is served by the standby; of each of
/// those that are served the primary answers too, broken off.
fn course(told: &mut Recorded, id: u64, due: u64) {
    match due.checked_sub(FAULT) {
        Some(since) if since < 2_000 => told.done(id, due, 5, Outcome::Error),
        Some(since) if since < 2_500 => {
            told.seen(Some(id), "standby", due + 8_000, 900, 200);
            told.done(id, due, 7_900, Outcome::Ok);
        }
        Some(_) if due < HEAL => {
            told.seen(Some(id), "primary", due + 1, 5, 200).cut = true;
            told.seen(Some(id), "standby", due + 8, 10, 200);
            told.done(id, due, 25, Outcome::Ok);
        }
        _ => told.usual(id, due),
    }
}

fn cost(change: impl Fn(&mut DrillPlan)) -> Option<(String, String)> {
    let drill_of = Drill::of(unavailable(), course);
    let mut started = drill_of.started();
    change(&mut started.plan);
    let (mut fold, mut digest) = (Fold::new(&started), Digest::default());
    digest.apply(&Stamped { t: 0, event: Event::Started(Box::new(started)) });
    for stamped in drill_of.events() {
        fold.apply(&stamped);
        digest.apply(&stamped);
    }
    digest.settle();
    let mut report = drill(&judge(&fold.finish()), &digest, "0", &DrillContext::default());
    is_well_formed(&report);
    report.sections.retain(|section| section.kind == SectionKind::Cost);
    report.opening.clear();
    if report.sections.is_empty() {
        return None;
    }
    let text = markdown(&report);
    as_people_write(&text);
    Some((text, screen(&report, 80).into_iter().map(|line| line.words + "\n").collect()))
}

fn priced(plan: &mut DrillPlan) {
    let price = |input: &str, output: &str| Price {
        input: input.parse().unwrap(),
        output: output.parse().unwrap(),
        source: "the inventory".into(),
    };
    plan.prices.insert("primary".into(), price("1 USD", "10 USD"));
    plan.prices.insert("standby".into(), price("2 USD", "20 USD"));
}

#[test]
fn nothing_is_said_of_cost_where_nobody_stated_or_listed_anything() {
    assert_eq!(cost(|_| {}), None);
}

#[test]
fn what_lost_requests_stand_for_is_told_with_what_it_rests_on() {
    let (text, _) = cost(|plan| {
        plan.workloads[0].service.business = Some(Business {
            requests_per_order: Some(20),
            order_value: "35 EUR".parse().ok(),
            abandon_after: "7s".parse().ok(),
            revenue_per_request: "0.04 EUR".parse().ok(),
        });
    })
    .unwrap();
    for says in [
        "From the fault on, of 600 requests 40 were lost (error), and 10 were answered late.",
        "50 requests lost or answered after more than 7 s, when users are taken to be gone. At 20 requests an order, they stand for 2.5 orders, 87.50 EUR at 35.00 EUR each.",
        "2.00 EUR at 0.04 EUR each.",
        "what the inventory says (`business:`)",
    ] {
        assert!(text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn what_providers_bill_is_told_by_part_of_the_drill_and_so_is_what_nobody_got() {
    let (text, shown) = cost(priced).unwrap();
    // 200 before the fault and 200 after the heal by the primary; 350 that it broke off; 10 late and 350 by the standby.
    for says in ["| primary | 200 answers: ", " | 350 answers: ", "| standby | none | 360 answers: ", "| 200 answers: "] {
        assert!(text.contains(says), "{says}\n{text}");
    }
    assert!(text.contains("350 answers that providers began reached no user whole; the tokens are billed all the same, "), "{text}");
    assert!(text.contains("A month at this drill's rate (20.0 a second) would cost at most ") && text.contains(" with standby."), "{text}");
    assert!(text.contains("each is taken to have the most tokens that it may have") && text.contains("Prices: the inventory"), "{text}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}
