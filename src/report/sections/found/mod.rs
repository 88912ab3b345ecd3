//! What was found: sentences that the numbers carry, the most important first.
//!
//! Each sentence is a small function over a verdict and what was seen of the drill; it returns nothing where the numbers do not say so. What the
//! headline says already is not said again. What this file does not do: judge, or suggest anything (`findings`).

mod answers;
mod gateway;
mod keys;
mod people;
mod switched;
mod users;

use super::subject::Subject;
use crate::report::model::{Block, Section, SectionKind, Text};
use crate::verdict::Decision;

/// So many sentences are shown.
const SHOWN: usize = 8;

/// A sentence, where there is something to say.
type Teller = fn(&Subject<'_>) -> Option<Text>;

/// What may be said of a workload, what matters most to its users first.
const OF_WORKLOAD: [Teller; 25] = [
    users::lost,
    users::silently_truncated,
    users::late_without_errors,
    users::hurt_by_failback,
    gateway::never_asked_a_standby,
    gateway::asked_in_vain,
    gateway::rescued,
    gateway::retry_storm,
    answers::refused_by_standby,
    switched::to_the_first_answer,
    people::alert_came_late,
    people::gateway_was_faster,
    users::lost_in_flight,
    gateway::duplicates,
    gateway::overshoot,
    users::gave_up,
    users::on_and_off,
    answers::standby_slower,
    users::slower,
    gateway::slow_to_answer,
    gateway::waited_for_share,
    people::slowest_step,
    keys::replicas_apart,
    keys::refused_for_the_old_key,
    users::bad_after_cutover,
];

/// What may be said of the gateway and its surroundings, whichever workload.
const OF_DRILL: [Teller; 5] =
    [gateway::sooner_than_told, gateway::health_checks, gateway::flapping, gateway::kept_to_the_pause, gateway::others_touched];

/// The section; nothing where there is nothing to say.
pub(in crate::report) fn section(subjects: &[Subject<'_>]) -> Option<Section> {
    let points = sentences(subjects);
    (!points.is_empty()).then(|| Section::new(SectionKind::Found, "What was found").with(Block::List(points)))
}

/// The sentences, at most as many as are read.
pub(in crate::report) fn sentences(subjects: &[Subject<'_>]) -> Vec<Text> {
    // A drill that proves nothing found nothing.
    let valid = |subject: &&Subject<'_>| !matches!(subject.verdict.verdict, Decision::Void | Decision::InvalidPlan);
    let (mut points, mut told): (Vec<Text>, Vec<Text>) = (Vec::new(), Vec::new());
    for tell in OF_WORKLOAD {
        for subject in subjects.iter().filter(valid) {
            let whose = subject.name().map(|name| Text::outside(name).then(": ")).unwrap_or_default();
            // Two workloads may share a service, of which the same is to be said.
            let Some(said) = tell(subject).filter(|said| !told.contains(said)) else { continue };
            told.push(said.clone());
            points.push(whose.then(said));
        }
    }
    for tell in OF_DRILL {
        points.extend(subjects.iter().filter(valid).take(1).filter_map(tell));
    }
    points.truncate(SHOWN);
    points
}
