//! The parts of the page of a live drill: each is made from what is known at one moment, the same for everybody who watches, and is sent again only
//! where it has changed.

use super::form_fields::FormFields;
use super::headline::{fault_told, headline, next};
use super::live_picture::drawn;
use super::question_part::questions;
use super::sight::{DrillSight, SECOND, tenths, whole_seconds};
use super::steps_part::steps;
use super::watched::LiveEnd;
use crate::history::{Bucket, Event, GuardSays, Phase};
use crate::units::grouped;
use crate::verdict::Decision;
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeMap;

/// A part of the page.
pub(super) struct LivePart {
    /// Its element is called `lv-` and this.
    pub(super) name: &'static str,
    pub(super) made: fn(&DrillSight, &FormFields) -> Markup,
    /// Whether it is read out when it changes.
    pub(super) is_spoken: bool,
    /// It is made at every so many looks.
    pub(super) every: u64,
}

const fn part(name: &'static str, made: fn(&DrillSight, &FormFields) -> Markup) -> LivePart {
    LivePart { name, made, is_spoken: false, every: 1 }
}

/// In the order of the page.
pub(super) const PARTS: [LivePart; 11] = [
    LivePart { is_spoken: true, ..part("headline", |sight, _| html! { p { (headline(sight)) } }) },
    part("end", |sight, _| end(sight)),
    part("clock", |sight, _| clock(sight)),
    part("questions", questions),
    part("next", |sight, _| html! { h2 { "What to do next" } (next(sight)) }),
    part("stop", stop),
    LivePart { every: 2, ..part("picture", |sight, _| picture(sight)) },
    part("traffic", |sight, _| traffic(sight)),
    part("faults", |sight, _| faults(sight)),
    part("steps", |sight, _| steps(sight)),
    part("guards", |sight, _| guards(sight)),
];

/// The verdict, once there is one.
fn end(sight: &DrillSight) -> Markup {
    match &sight.end {
        None => html! {},
        Some(LiveEnd::Judged { verdict, decision }) => {
            let kind = match decision {
                Some(Decision::Met) => "good",
                Some(Decision::Missed) => "bad",
                _ => "open",
            };
            html! { p.lv-verdict data-kind=(kind) { "Verdict: " strong { (verdict) } } (stopped(sight)) }
        }
        Some(LiveEnd::Unjudged(why)) => html! {
            p.lv-verdict data-kind="bad" { "No verdict" }
            @for line in why.lines().filter(|line| !line.is_empty()) { p { (line) } }
        },
    }
}

/// Why it was stopped before its end.
fn stopped(sight: &DrillSight) -> Markup {
    let Some(cancelled) = sight.cancelled() else { return html! {} };
    let (detail, hint) = cancelled.told();
    html! { p { "Stopped early: " (detail) "." } @if let Some(hint) = hint { p { "What to do: " (hint) } } }
}

/// How far it is.
fn clock(sight: &DrillSight) -> Markup {
    let live = &sight.live;
    let total = sight.plan.scenario.timeline.total().as_nanos();
    let passed = live.traffic_since.map_or(0, |since| sight.now.saturating_sub(since)).min(total);
    let word = match live.phase {
        _ if sight.end.is_some() => "ended".to_owned(),
        _ if live.finished => "being judged".to_owned(),
        None => "starting".to_owned(),
        Some((Phase::Baseline, _)) => "baseline: nothing is broken".to_owned(),
        Some((Phase::Watch, _)) => "watch: everything is healed".to_owned(),
        Some((phase, _)) => phase.to_string(),
    };
    let since = live.phase.map(|(_, since)| whole_seconds(sight.now.saturating_sub(since)));
    html! {
        dl.lv-clock {
            div { dt { "Elapsed" } dd { (whole_seconds(sight.now)) } }
            div { dt { "Phase" } dd { (word) @if let Some(since) = since.filter(|_| !live.finished) { span.lv-soft { " for " (since) } } } }
            @if !live.finished && live.traffic_since.is_some() {
                div { dt { "Left" } dd { "about " (whole_seconds((total - passed).div_ceil(SECOND) * SECOND)) } }
            }
        }
        @if let Some((since, awaited)) = live.awaited.as_ref().filter(|_| !live.finished) {
            p { "Waits for " (awaited.what) ": " (whole_seconds(sight.now.saturating_sub(*since))) " of at most " (whole_seconds(awaited.most)) }
        }
        @if !live.finished {
            progress.lv-progress max=(total / SECOND) value=(passed / SECOND) aria-label="How much of the drill is over" {}
        }
        @if sight.end.is_none() { (stopped(sight)) }
    }
}

fn picture(sight: &DrillSight) -> Markup {
    match drawn(sight) {
        Some(svg) => html! { h2 { "Requests over time" } (PreEscaped(svg)) },
        None => html! { h2 { "Requests over time" } p.lv-soft { "The picture begins with the first request." } },
    }
}

/// Who serves, and what fails, in the last whole second and in all.
fn traffic(sight: &DrillSight) -> Markup {
    let live = &sight.live;
    let counts = live.leading();
    let second = sight.second();
    let rate = |seen: Option<u64>| seen.map_or_else(|| "–".to_owned(), grouped);
    let has_begun = live.traffic_since.is_some() && !live.finished;
    let now = |count: u64| rate(has_begun.then_some(count));
    let of = |bucket: &Bucket, place: usize| bucket.served.get(place).copied().unwrap_or(0);
    let bad = |bucket: &Bucket| bucket.failed + bucket.shed;
    html! {
        h2 { "Who serves" }
        table.lv-table {
            thead { tr { th scope="col" { "Answered by" } th scope="col" { "a second" } th scope="col" { "in all" } } }
            tbody {
                @for (place, name) in live.providers.iter().enumerate() {
                    tr { th scope="row" { (name) } td { (now(of(&second, place))) } td { (grouped(of(&counts.total, place))) } }
                }
                tr.lv-trouble data-bad[second.slow > 0 && has_begun] { th scope="row" { "Too late" } td { (now(second.slow)) } td { (grouped(counts.total.slow)) } }
                tr.lv-trouble data-bad[bad(&second) > 0 && has_begun] { th scope="row" { "Failed, or not sent" } td { (now(bad(&second))) } td { (grouped(bad(&counts.total))) } }
            }
        }
        @if !counts.why.is_empty() {
            p.lv-soft { "Why requests failed: " (whys(&counts.why)) }
        }
        @for (_, named, other) in live.others() {
            p { strong { (named.name) } ", which asks " (named.service_name) ": " (grouped(other.total.good)) " of " (grouped(other.total.requests())) " requests served well" }
        }
    }
}

/// The commonest reasons.
fn whys(why: &BTreeMap<String, u64>) -> String {
    let mut all: Vec<(&String, &u64)> = why.iter().collect();
    all.sort_by(|left, right| right.1.cmp(left.1).then(left.0.cmp(right.0)));
    all.iter().take(4).map(|(word, count)| format!("{word} ({})", grouped(**count))).collect::<Vec<_>>().join(", ")
}

/// Each fault of the timeline, and how it stands.
fn faults(sight: &DrillSight) -> Markup {
    html! {
        h2 { "Faults" }
        ul.lv-list {
            @for place in 0..sight.plan.scenario.timeline.faults.len() {
                @let (state, words) = fault(sight, place);
                li data-state=(state) { span.lv-what { (fault_told(sight, place)) } " " span.lv-state { (words) } }
            }
        }
    }
}

fn fault(sight: &DrillSight, place: usize) -> (&'static str, String) {
    let timeline = &sight.plan.scenario.timeline;
    let (planned, live) = (&timeline.faults[place], &sight.live);
    let Some(fault) = live.faults.get(place) else {
        return match live.traffic_since {
            _ if live.finished || sight.stops() => ("over", "never began".to_owned()),
            Some(since) => {
                let due = since + timeline.baseline.as_nanos() + planned.at.as_nanos();
                ("to-come", format!("in {}", whole_seconds(due.saturating_sub(sight.now).div_ceil(SECOND) * SECOND)))
            }
            None => ("to-come", "to come".to_owned()),
        };
    };
    let since = fault.confirmed.unwrap_or(fault.requested);
    match (fault.confirmed, fault.healed) {
        (_, Some(healed)) => ("over", format!("healed after {}", tenths(healed.saturating_sub(since)))),
        (None, None) => ("now", "asked for".to_owned()),
        (Some(_), None) => ("now", format!("in force for {} of {}", whole_seconds(sight.now.saturating_sub(since)), planned.length)),
    }
}

/// What stops it.
fn guards(sight: &DrillSight) -> Markup {
    let mut says: BTreeMap<u32, (GuardSays, &str)> = BTreeMap::new();
    let mut tripped: BTreeMap<Option<u32>, String> = BTreeMap::new();
    for stamped in &sight.live.notable {
        match &stamped.event {
            Event::GuardSeen(seen) => drop(says.insert(seen.guard, (seen.says, &seen.detail))),
            Event::GuardTripped(guarded) => {
                let place = guarded.evidence.as_ref().and_then(|evidence| evidence.place);
                let seen = guarded.evidence.as_ref().map(|evidence| format!(": {}, {}", evidence.value, evidence.threshold));
                tripped.insert(place, format!("{}{}", guarded.guard, seen.unwrap_or_default()));
            }
            _ => {}
        }
    }
    html! {
        h2 { "What stops it" }
        ul.lv-list {
            @for (place, guard) in (0_u32..).zip(&sight.plan.scenario.abort_when) {
                @match (tripped.get(&Some(place)), says.get(&place)) {
                    (Some(why), _) => li data-state="now" { span.lv-what { (guard) } " " span.lv-state { "stopped the drill: " (why) } },
                    (None, Some((word, detail))) => li data-state="to-come" { span.lv-what { (guard) } " " span.lv-state { "says " (word) ": " (detail) } },
                    (None, None) => li data-state="to-come" { span.lv-what { (guard) } " " span.lv-state { "watches" } },
                }
            }
            @if let Some(why) = tripped.get(&None) { li data-state="now" { (why) } }
            li { "A person who stops it, here or with " code { "lifeboat stop" } }
        }
    }
}

/// The button that stops it.
fn stop(sight: &DrillSight, fields: &FormFields) -> Markup {
    match sight.stops() {
        _ if !sight.is_own || sight.end.is_some() || sight.live.finished => html! {},
        true => html! { p { "It is being stopped." } },
        false => stop_button(sight, fields),
    }
}

/// Two clicks, so that nobody stops a drill by accident.
fn stop_button(sight: &DrillSight, fields: &FormFields) -> Markup {
    html! {
        details.lv-stop #lv-stop-button data-keep {
            summary { "Stop this drill" }
            form method="post" action={ "/drills/" (sight.id) "/stop" } {
                @if let Some(csrf) = &fields.csrf { (csrf) }
                p { "Every fault is healed and what its runbook did is taken back; then it ends, and is judged by what was seen until now." }
                button.lv-danger name="sure" value="yes" { "Stop it now" }
            }
        }
    }
}
