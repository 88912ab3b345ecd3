//! How a drill stands, in one sentence that changes only where something of importance does, since it is read out; and what to do next.

use super::sight::{DrillSight, SECOND};
use super::watched::LiveEnd;
use crate::history::Phase;
use crate::verdict::Decision;
use maud::{Markup, html};

/// What is looked back at to say whether users are served now.
const LOOK_BACK: u64 = 2 * SECOND;

/// How it stands, in a sentence or two.
pub(super) fn headline(sight: &DrillSight) -> String {
    if let Some(end) = &sight.end {
        return ended(sight, end);
    }
    if sight.live.finished {
        return "The drill has ended, and is being judged.".to_owned();
    }
    if sight.stops() {
        return "The drill is being stopped: every fault is healed first.".to_owned();
    }
    let asks = if sight.questions.is_empty() { "" } else { " A person is asked." };
    format!("{}{asks}", under_way(sight))
}

fn ended(sight: &DrillSight, end: &LiveEnd) -> String {
    let early = if sight.cancelled().is_some() { " early" } else { "" };
    match end {
        LiveEnd::Judged { verdict, .. } => format!("The drill has ended{early}: {verdict}."),
        LiveEnd::Unjudged(_) => format!("The drill has ended{early}, and there is no verdict."),
    }
}

fn under_way(sight: &DrillSight) -> String {
    if let Some((_, awaited)) = &sight.live.awaited {
        return format!("Before it begins, the drill waits for {}.", awaited.what);
    }
    match sight.live.phase.map(|(phase, _)| phase) {
        None | Some(Phase::Preparing) => "The drill is being prepared.".to_owned(),
        Some(Phase::Baseline) => "Nothing is broken yet: this is how it is on a usual day.".to_owned(),
        Some(Phase::Fault) => format!("{} {}", broken(sight), served(sight)),
        Some(Phase::Watch) => format!("Everything is healed. {}", served(sight)),
        Some(Phase::Draining) => "The last requests end.".to_owned(),
    }
}

/// What is broken now.
fn broken(sight: &DrillSight) -> String {
    let each: Vec<String> = sight.in_force().map(|place| fault_told(sight, place)).collect();
    match each.len() {
        0 => "No fault is in force at the moment.".to_owned(),
        1 => format!("The fault is in force: {}.", each[0]),
        count => format!("{count} faults are in force: {}.", each.join(", ")),
    }
}

/// A fault of the timeline in words.
pub(super) fn fault_told(sight: &DrillSight, place: usize) -> String {
    match sight.plan.scenario.timeline.faults.get(place) {
        Some(planned) => format!("{}{} on {}", planned.fault, planned.aim, planned.on),
        None => sight.live.faults.get(place).map(|fault| format!("{} on {}", fault.what, fault.on)).unwrap_or_default(),
    }
}

/// Whether users are served now, and by whom.
fn served(sight: &DrillSight) -> String {
    let seen = sight.lately(LOOK_BACK);
    let all = seen.requests();
    if all == 0 {
        return "No answer has come lately.".to_owned();
    }
    let wanted = sight.plan.workloads.leading().objectives.success.get();
    if (seen.good as f64) < wanted * all as f64 {
        let share = seen.good as f64 / all as f64;
        return if share < 0.05 { "Users are not served.".to_owned() } else { "Users are served badly.".to_owned() };
    }
    let most = seen.served.iter().enumerate().max_by_key(|(_, count)| **count).filter(|(_, count)| **count > 0);
    match most.and_then(|(place, _)| sight.live.providers.get(place)) {
        Some(by) => format!("Users are served, by {by}."),
        None => "Users are served.".to_owned(),
    }
}

/// What to do next.
pub(super) fn next(sight: &DrillSight) -> Markup {
    let report = format!("/drills/{}", sight.id);
    match &sight.end {
        Some(LiveEnd::Judged { decision, .. }) => html! {
            p { (after(*decision)) }
            p { a.lv-button href=(report) { "Read the report" } " " a href="/findings" { "All findings" } }
        },
        Some(LiveEnd::Unjudged(_)) => html! {
            p { "See whether a fault was left behind: " code { "lifeboat heal" } ". What its runbook did is taken back with " }
            p { code { "lifeboat run --undo " (sight.folder.display()) } }
            p { a href=(report) { "What is known of it" } }
        },
        None if !sight.questions.is_empty() => {
            html! { p { "Answer " a href="#lv-questions" { "the question above" } ": the runbook waits for it." } }
        }
        None if sight.stops() || sight.live.finished => html! { p { "Nothing: in a moment it says here how it went." } },
        None if !sight.is_own => html! {
            p { "It runs in another process: its questions are answered there. To stop it, and every other drill of this project, type " code { "lifeboat stop" } " in the project." }
        },
        None => html! { p { "Nothing. You may close this page; the drill goes on without it." } },
    }
}

const fn after(decision: Option<Decision>) -> &'static str {
    match decision {
        Some(Decision::Met) => "Every promise was kept. Attach the report to the review, and give what it found an owner.",
        Some(Decision::Missed) => {
            "A promise was not kept. The report says which, and what to change; give each finding an owner and a day."
        }
        Some(Decision::InvalidPlan) => "As it is planned it can show nothing. The report says what to change in the scenario.",
        _ => "It does not show whether the promises are kept. The report says why, and what to do so that the next one does.",
    }
}
