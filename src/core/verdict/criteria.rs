//! What was promised of a rotation, held against what was seen of it: each promise is judged by itself, with what decided it.
//!
//! What this file does not do: tell when what happened (`rotation`).

use super::Decision;
use super::interval::Interval;
use super::objective_name::Criterion;
use super::objectives::within;
use super::rotated::{ClientErrors, CriterionFinding, Fallback, Judgement, Rotated, RotationTrace};
use crate::history::{Edge, KeyStanding, KeyUse, ReplicaKeys, SETTLED};
use crate::units::Duration;

impl RotationTrace<'_> {
    /// Every promise that applies.
    pub(super) fn criteria(&self, zero: Edge, rotated: &Rotated) -> Vec<Judgement> {
        let in_time = self.in_time(zero, rotated.moments.t6);
        let each = [
            (Criterion::NewKeyAccepted, Some(self.new_key(zero))),
            (Criterion::OldKeyRefused, Some(self.old_key(zero))),
            (Criterion::OldKeyUnused, Some(self.old_key_unused(zero))),
            (Criterion::ClientErrors, errors(&rotated.client_errors, rotated.moments.t6.is_some())),
            (Criterion::Rotation, Some(in_time)),
            (Criterion::Fallback, rotated.fallback.map(fell_back)),
            (Criterion::PrimaryResumed, self.resumes().then(|| self.has_resumed(rotated.resumed, in_time))),
            (Criterion::TokensReminted, self.rotation.tokens.then(|| self.tokens())),
        ];
        let each = each.into_iter().filter_map(|(name, judged)| judged.map(|(verdict, finding)| name.is(verdict, finding)));
        each.map(|judgement| self.unless_blinded(judgement)).collect()
    }

    /// Takes back what rests on requests that nobody saw, where some were lost from the proxy's sight.
    fn unless_blinded(&self, judgement: Judgement) -> Judgement {
        let rests =
            matches!(judgement.name, Criterion::OldKeyRefused | Criterion::OldKeyUnused | Criterion::Rotation | Criterion::TokensReminted);
        if rests && judgement.verdict == Decision::Met && self.rotation.missed > 0 {
            return judgement.name.is(Decision::Inconclusive, CriterionFinding::SightLost);
        }
        judgement
    }

    /// True where the observation lasted as long as the rotation may: what has not happened by then has not happened in time.
    fn lasted(&self, zero: Edge) -> bool {
        self.evidence.observed_until - zero.hi >= self.evidence.objectives.rotation.nanos()
    }

    fn new_key(&self, zero: Edge) -> (Decision, CriterionFinding) {
        match (self.rotation.keys.new, self.rotation.keys.new_probe.map(|probe| probe.standing)) {
            (None, _) if self.lasted(zero) => (Decision::Missed, CriterionFinding::NeverMinted),
            (None, _) => (Decision::Inconclusive, CriterionFinding::EndedBefore),
            (Some(_), Some(KeyStanding::Accepted)) => (Decision::Met, CriterionFinding::Holds),
            (Some(_), Some(KeyStanding::Refused)) => (Decision::Missed, CriterionFinding::NewKeyRefused),
            (Some(_), Some(KeyStanding::Unknown) | None) => (Decision::Inconclusive, CriterionFinding::NoAnswer),
        }
    }

    fn old_key(&self, zero: Edge) -> (Decision, CriterionFinding) {
        let Some(dead) = self.rotation.dead_by() else {
            return if self.lasted(zero) {
                (Decision::Missed, CriterionFinding::NeverRevoked)
            } else {
                (Decision::Inconclusive, CriterionFinding::EndedBefore)
            };
        };
        if self.rotation.everywhere().any(|bearing| bearing.old.late > 0) {
            return (Decision::Missed, CriterionFinding::OldKeyAnswered);
        }
        match self.rotation.keys.old_probe {
            None => (Decision::Inconclusive, CriterionFinding::NoAnswer),
            // The drill asks by its own clock: the error of the proxies' is none of this.
            Some(probe) if probe.edge.lo < dead - self.rotation.clock_error => (Decision::Inconclusive, CriterionFinding::AskedTooEarly),
            Some(probe) => match probe.standing {
                KeyStanding::Refused => (Decision::Met, CriterionFinding::Holds),
                KeyStanding::Accepted => (Decision::Missed, CriterionFinding::OldKeyAccepted),
                KeyStanding::Unknown => (Decision::Inconclusive, CriterionFinding::NoAnswer),
            },
        }
    }

    fn old_key_unused(&self, zero: Edge) -> (Decision, CriterionFinding) {
        let (rotation, limit) = (self.rotation, self.evidence.objectives.rotation.nanos());
        let overdue = |at: Option<i64>| at.is_some_and(|at| at - zero.hi - self.error >= limit);
        if rotation.replicas.iter().any(|bearing| bearing.moved.is_none() && overdue(bearing.old.last)) {
            return (Decision::Missed, CriterionFinding::StillBorne);
        }
        let elsewhere = rotation.elsewhere.old.last;
        match self.settled() {
            Some(settled) if elsewhere.is_some_and(|at| at > settled) => (Decision::Missed, CriterionFinding::StillBorne),
            Some(_) if rotation.replicas.iter().all(|bearing| bearing.since >= SETTLED) => (Decision::Met, CriterionFinding::Holds),
            Some(_) => (Decision::Inconclusive, CriterionFinding::TooFewSince),
            None if overdue(elsewhere) => (Decision::Missed, CriterionFinding::StillBorne),
            None => (Decision::Inconclusive, CriterionFinding::NotSeen),
        }
    }

    fn in_time(&self, zero: Edge, t6: Option<Interval>) -> (Decision, CriterionFinding) {
        let any = |borne: &KeyUse| borne.exchanges > 0;
        let seen = |bearing: &ReplicaKeys| any(&bearing.old) || any(&bearing.new) || any(&bearing.other);
        let limit = self.evidence.objectives.rotation.nanos();
        match t6 {
            Some(t6) => timed(t6, limit),
            None if !self.rotation.everywhere().any(seen) => (Decision::Inconclusive, CriterionFinding::NotSeen),
            None => {
                let lo = self.evidence.observed_until - zero.hi - self.error;
                timed(Interval { lo, hi: None }, limit)
            }
        }
    }

    /// Without T6 it is as late as the rotation itself.
    fn has_resumed(&self, resumed: Option<Interval>, in_time: (Decision, CriterionFinding)) -> (Decision, CriterionFinding) {
        let objectives = &self.evidence.objectives;
        match (resumed, objectives.failback.map(Duration::nanos)) {
            (None, _) => in_time,
            (Some(interval), Some(limit)) => timed(interval, limit),
            (Some(Interval { hi: Some(_), .. }), None) => (Decision::Met, CriterionFinding::Holds),
            (Some(_), None) => {
                let left = self.open_again().map_or(0, |edge| self.evidence.observed_until - edge.hi);
                let needed = objectives.failback_hold.nanos() + super::plan::resolution(self.evidence);
                if left >= needed {
                    (Decision::Missed, CriterionFinding::TooLate)
                } else {
                    (Decision::Inconclusive, CriterionFinding::EndedBefore)
                }
            }
        }
    }

    fn tokens(&self) -> (Decision, CriterionFinding) {
        let rotation = self.rotation;
        let Some(dead) = rotation.dead_by() else { return (Decision::Inconclusive, CriterionFinding::NeverRevoked) };
        if rotation.everywhere().any(|bearing| bearing.old.late_tokens > 0) || rotation.old_token_minted.is_some_and(|at| at > dead) {
            return (Decision::Missed, CriterionFinding::OldKeyAnswered);
        }
        let bore = || rotation.everywhere().filter(|bearing| bearing.old.last_token.is_some() || bearing.new.last_token.is_some());
        let stale = |bearing: &&ReplicaKeys| bearing.old.last_token >= bearing.new.last_token;
        match (bore().filter(stale).filter_map(|bearing| bearing.old.last_token).max(), bore().next()) {
            (Some(last), _) if last > dead => (Decision::Missed, CriterionFinding::NotReminted),
            (Some(_), _) | (None, None) => (Decision::Inconclusive, CriterionFinding::NotSeen),
            (None, Some(_)) => (Decision::Met, CriterionFinding::Holds),
        }
    }
}

impl Criterion {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 8] = [
        Self::NewKeyAccepted,
        Self::OldKeyRefused,
        Self::OldKeyUnused,
        Self::ClientErrors,
        Self::Rotation,
        Self::Fallback,
        Self::PrimaryResumed,
        Self::TokensReminted,
    ];

    pub(super) const fn is(self, verdict: Decision, finding: CriterionFinding) -> Judgement {
        Judgement { name: self, verdict, finding }
    }
}

/// A count that was cut short by the end of the drill can exceed what was agreed, but not prove that it stays below it.
fn errors(errors: &ClientErrors, whole: bool) -> Option<(Decision, CriterionFinding)> {
    let limit = errors.limit?;
    Some(match (errors.lost > limit, errors.at_most <= limit) {
        (true, _) => (Decision::Missed, CriterionFinding::TooMany),
        (false, true) if whole => (Decision::Met, CriterionFinding::Holds),
        (false, true) => (Decision::Inconclusive, CriterionFinding::EndedBefore),
        (false, false) => (Decision::Inconclusive, CriterionFinding::Unsure),
    })
}

const fn fell_back(fallback: Fallback) -> (Decision, CriterionFinding) {
    match fallback {
        Fallback { answered: 1.., .. } => (Decision::Met, CriterionFinding::Holds),
        Fallback { requests: 0, .. } | Fallback { perhaps: 1.., .. } => (Decision::Inconclusive, CriterionFinding::NotSeen),
        _ => (Decision::Missed, CriterionFinding::NotAnswered),
    }
}

fn timed(interval: Interval, limit: i64) -> (Decision, CriterionFinding) {
    let verdict = within(interval, limit);
    let finding = match (verdict, interval.hi) {
        (Decision::Met, _) => CriterionFinding::Holds,
        (Decision::Missed, _) => CriterionFinding::TooLate,
        (_, Some(_)) => CriterionFinding::Unsure,
        (_, None) => CriterionFinding::EndedBefore,
    };
    (verdict, finding)
}
