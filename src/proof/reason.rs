//! Whether the drill of a copy that is broken shows why it had to go red. Told from what its history shows, held against that of the drill as it is;
//! what the control is called counts for nothing.

use super::course::{AskedOf, DrillCourse};
use crate::history::KeyStanding;
use crate::model::{Sabotage, SabotageReason};
use crate::units::{counted, grouped};

/// So many times as long is much longer: ten times the timeout is less than ten times the wait where clients give up before.
const LONGER: f64 = 1.5;
/// A standby that answers so many times as late is slow.
const SLOWER: f64 = 3.0;

/// What was seen of the reason, and whether it is there.
pub(super) struct SeenReason {
    pub(super) is_there: bool,
    /// In words.
    pub(super) told: String,
}

/// Looks for the reason in the drill of a copy, beside the drill as it is.
pub(super) fn seen(reason: SabotageReason, sabotage: &Sabotage, usual: &DrillCourse, copy: &DrillCourse) -> SeenReason {
    let about = |course: &DrillCourse| match sabotage.on.as_deref() {
        Some(name) if reason != SabotageReason::StepMissing => course.of_provider(name),
        _ => course.of_standbys(),
    };
    let (before, now) = (about(usual), about(copy));
    let name = sabotage.on.as_deref().unwrap_or("a standby");
    match reason {
        SabotageReason::NoStandbyAsked => not_asked(&before, &now),
        SabotageReason::StandbyRefused => refused(name, &now),
        SabotageReason::StandbyFailed => failed(name, &before, &now),
        SabotageReason::StandbySlower => slower(name, &before, &now),
        SabotageReason::WaitsLonger => longer(usual, copy),
        SabotageReason::PrimaryAskedOn => asked_on(usual, copy),
        SabotageReason::StepMissing => {
            let step = sabotage.on.as_deref().unwrap_or_default();
            let is_there = usual.steps.contains(step) && !copy.steps.contains(step);
            let told = if is_there { "the step was not done".to_owned() } else { "the step was done all the same".to_owned() };
            SeenReason { is_there, told }
        }
        SabotageReason::OldKeyTaken => {
            let taken = |course: &DrillCourse| course.revoked_key == Some(KeyStanding::Accepted);
            let is_there = taken(copy) && !taken(usual);
            let told = if taken(copy) {
                "the provider still took the key that was revoked"
            } else {
                "the provider refused the key that was revoked"
            };
            SeenReason { is_there, told: told.to_owned() }
        }
        SabotageReason::Missed => SeenReason { is_there: true, told: bad(copy) },
    }
}

fn bad(course: &DrillCourse) -> String {
    format!("{} of {} were not answered well", grouped(course.bad), counted(course.due, "request"))
}

fn seconds(nanoseconds: u64) -> String {
    format!("{:.1} s", nanoseconds as f64 / 1e9)
}

fn not_asked(before: &AskedOf, now: &AskedOf) -> SeenReason {
    let told = match now.attempts {
        0 => format!("no standby was asked ({} as it is)", counted(before.attempts, "attempt")),
        attempts => format!("a standby was asked all the same, {}", counted(attempts, "time")),
    };
    SeenReason { is_there: now.attempts == 0 && before.attempts > 0, told }
}

fn refused(name: &str, now: &AskedOf) -> SeenReason {
    let is_there = now.refused > 0 && now.good == 0;
    let told = format!("{name} refused {} of {} with 401 or 403", grouped(now.refused), counted(now.attempts, "attempt"));
    SeenReason { is_there, told }
}

fn failed(name: &str, before: &AskedOf, now: &AskedOf) -> SeenReason {
    let told = match now.attempts {
        0 => format!("{name} was not asked at all"),
        attempts => {
            format!("{name} answered {} of {} ({} as it is)", grouped(now.good), counted(attempts, "attempt"), grouped(before.good))
        }
    };
    SeenReason { is_there: now.attempts > 0 && now.good == 0 && now.refused == 0, told }
}

fn slower(name: &str, before: &AskedOf, now: &AskedOf) -> SeenReason {
    let (usual, took) = (before.median(), now.median());
    let is_there = now.attempts > 0 && usual > 0 && took as f64 >= usual as f64 * SLOWER;
    SeenReason {
        is_there,
        told: format!("{name} took {} for an attempt, or was given up by then, instead of {}", seconds(took), seconds(usual)),
    }
}

fn longer(usual: &DrillCourse, copy: &DrillCourse) -> SeenReason {
    let (before, now) = (usual.wait(), copy.wait());
    let is_there = now > 0 && now as f64 >= before as f64 * LONGER;
    let instead = if before > 0 { seconds(before) } else { "no wait".to_owned() };
    let told = format!("{} waited {} for the broken provider instead of {instead}", counted(copy.waited(), "request"), seconds(now));
    SeenReason { is_there, told }
}

fn asked_on(usual: &DrillCourse, copy: &DrillCourse) -> SeenReason {
    let share = |course: &DrillCourse| if course.last == 0 { 0.0 } else { course.late_of_last as f64 / course.last as f64 };
    let (before, now) = (share(usual), share(copy));
    let told = format!(
        "in the last third of the fault {:.0}% of requests still waited for the broken provider, or asked it ({:.0}% as it is)",
        now * 100.0,
        before * 100.0
    );
    SeenReason { is_there: now >= 0.5 && now >= before * 2.0, told }
}
