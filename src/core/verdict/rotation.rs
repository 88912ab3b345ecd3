//! The judgement of a credential's rotation: its moments T0 to T6, and what was promised of it, each promise an objective of its own.
//!
//! | moment | what | known from |
//! |---|---|---|
//! | T0 | the key was revoked, or the planned rotation began | the drill, before it asked and after it was confirmed |
//! | T1 | the first refusal of the old key | the proxy: not before that request reached it, not after its answer ended |
//! | T2 | a new key was minted | the issuer's answer |
//! | T3 | the store holds it | read back |
//! | T4 | the first request with it | the proxy |
//! | T5 | the last request with the old key | the proxy |
//! | T6 | every replica uses the new key: the latest of the replicas' first requests with it after their last with the old | the proxy |
//!
//! Each is an interval from T0 in nanoseconds, as wide as its stamps are apart; one without evidence is absent. T4 to T6 are about requests
//! that the proxy stamped: a replica that nobody asks has not moved. Where T6 is absent, the rotation lasted longer than the observation;
//! where the proxy saw no key on any request to the provider, that is not known either.
//!
//! Replicas stand for all of a service; a request that is of none of them (without a number, or of another service) counts where it shows
//! the old key alive or in use, and never as proof that a replica has moved.

use super::interval::Interval;
use super::measures::Measured;
use super::objective_name::{Criterion, ObjectiveName};
use super::objectives::ObjectiveVerdict;
use super::onset::{HoldExtent, Index, Start};
use super::rotated::{ClientErrors, CriterionFinding, Fallback, KeyAnswer, Moments, Replica, Rotated, RotationTrace};
use super::window::{RequestWindow, good_by};
use super::{Decision, Millis};
use crate::history::{By, Edge, Evidence, Lost, Outcome, ProbeAnswer, ReplicaKeys, Rotation};

/// Judges each rotation. Where the drill is not valid, its moments are told and nothing is judged.
pub(super) fn rotations(evidence: &Evidence, valid: bool) -> Vec<Rotated> {
    let each = evidence.rotations.iter().map(|rotation| {
        let course = RotationTrace { evidence, rotation, error: evidence.instrument.clock_error + rotation.clock_error };
        course.rotated(valid)
    });
    each.collect()
}

/// Reads the measures of an outage as a drill of rotations needs them.
pub(super) fn adjust(evidence: &Evidence, measured: &mut Measured) {
    if evidence.only_rotates {
        // Nothing is broken: no count is cut short by an outage that was not seen to end, and none had to be seen at all.
        (measured.onset, measured.exercised) = (true, true);
    } else {
        // A key that was replaced before anybody was refused is no outage that was tested.
        measured.exercised &= evidence.touched > 0 || evidence.lacks(Lost::Touched);
    }
    if resumes(evidence) {
        // What ends with the fault's `for` is no cause that goes away. What the primary comes back from ends at T6.
        measured.measures.failback = None;
    }
}

/// Whether an objective of an outage applies where keys are revoked or rotated.
pub(super) fn leaves(evidence: &Evidence, objective: ObjectiveName) -> bool {
    match objective {
        ObjectiveName::RTO | ObjectiveName::STABILITY => !evidence.only_rotates,
        ObjectiveName::FAILBACK => !evidence.only_rotates && !resumes(evidence),
        _ => true,
    }
}

fn resumes(evidence: &Evidence) -> bool {
    evidence.rotations.iter().any(|rotation| must_resume(evidence, rotation))
}

/// Whether an emergency took the primary's key: then it must serve again once it has its new one.
fn must_resume(evidence: &Evidence, rotation: &Rotation) -> bool {
    !rotation.planned && evidence.primary.contains(&rotation.provider)
}

/// One promise over all rotations, in the order of the report.
pub(super) fn together(rotations: &[Rotated]) -> Vec<ObjectiveVerdict> {
    let all = |name: Criterion| {
        let each = rotations.iter().filter_map(|rotated| rotated.of(name)).map(|judgement| judgement.verdict);
        each.reduce(Decision::and).map(|verdict| ObjectiveVerdict { name: ObjectiveName::Rotation(name), verdict })
    };
    Criterion::ALL.into_iter().filter_map(all).collect()
}

impl RotationTrace<'_> {
    fn rotated(&self, valid: bool) -> Rotated {
        let Self { evidence, rotation, .. } = self;
        let mut rotated = Rotated {
            provider: evidence.name(rotation.provider).to_owned(),
            credential: rotation.credential.clone(),
            planned: rotation.planned,
            old: rotation.keys.old,
            new: rotation.keys.new,
            stored: rotation.keys.store.as_ref().map(|(key, _)| *key),
            store: rotation.keys.store.as_ref().map(|(_, place)| place.clone()),
            old_asked: None,
            new_asked: None,
            propagation: Millis(rotation.propagation),
            moments: Moments::default(),
            watched: Millis(0),
            replicas: Vec::new(),
            client_errors: ClientErrors { lost: 0, truncated: 0, at_most: 0, limit: evidence.objectives.client_errors },
            fallback: None,
            resumed: None,
            criteria: Vec::new(),
        };
        let Some(zero) = rotation.begun else {
            if valid {
                rotated.criteria.push(Criterion::Rotation.is(Decision::Inconclusive, CriterionFinding::EndedBefore));
            }
            return rotated;
        };
        rotated.moments = self.moments(zero);
        rotated.watched = Millis((evidence.observed_until - zero.hi).max(0));
        let asked = |probe: Option<ProbeAnswer>| {
            probe.map(|probe| KeyAnswer { standing: probe.standing, status: probe.status, at: self.from(zero, probe.edge) })
        };
        (rotated.old_asked, rotated.new_asked) = (asked(rotation.keys.old_probe), asked(rotation.keys.new_probe));
        rotated.replicas = self.replicas(zero);
        rotated.client_errors = self.client_errors(zero);
        rotated.fallback = self.fallback();
        rotated.resumed = self.resumed();
        if valid {
            rotated.criteria = self.criteria(zero, &rotated);
        }
        rotated
    }

    /// What was stamped on the drill's own clock.
    fn from(&self, zero: Edge, edge: Edge) -> Interval {
        Interval { lo: (edge.lo - zero.hi).max(0), hi: Some((edge.hi - zero.lo).max(0)) }
    }

    /// What a proxy stamped.
    fn seen(&self, zero: Edge, edge: Edge) -> Interval {
        self.from(zero, Edge { lo: edge.lo - self.error, hi: edge.hi + self.error })
    }

    fn stamp(&self, zero: Edge, at: i64) -> Interval {
        self.seen(zero, Edge { lo: at, hi: at })
    }

    /// When the last replica moved to the new key.
    pub(super) fn settled(&self) -> Option<i64> {
        let moved: Option<Vec<i64>> = self.rotation.replicas.iter().map(|replica| replica.moved).collect();
        moved?.into_iter().max()
    }

    /// When the first refusal of the old key came.
    fn refused_first(&self) -> Option<Edge> {
        let each = self.rotation.everywhere().filter_map(|bearing| bearing.old.first_refused);
        each.reduce(|one, two| Edge { lo: one.lo.min(two.lo), hi: one.hi.min(two.hi) })
    }

    fn last_old(&self) -> Option<i64> {
        self.rotation.everywhere().filter_map(|bearing| bearing.old.last).max()
    }

    fn moments(&self, zero: Edge) -> Moments {
        let rotation = self.rotation;
        let issued = |edge: Option<Edge>| edge.map(|edge| self.from(zero, edge));
        Moments {
            t0: Some(Interval { lo: 0, hi: Some(zero.hi - zero.lo) }),
            t1: self.refused_first().map(|edge| self.seen(zero, edge)),
            t2: issued(rotation.keys.minted),
            t3: issued(rotation.keys.stored),
            t4: rotation.everywhere().filter_map(|bearing| bearing.new.first).min().map(|at| self.stamp(zero, at)),
            t5: self.last_old().map(|at| self.stamp(zero, at)),
            t6: self.settled().map(|at| self.stamp(zero, at)),
            revoked: issued(if rotation.planned { rotation.keys.revoked } else { rotation.begun }),
        }
    }

    fn replicas(&self, zero: Edge) -> Vec<Replica> {
        let one = |replica: Option<u32>, bearing: &ReplicaKeys| {
            let stamp = |at: Option<i64>| at.map(|at| self.stamp(zero, at));
            Replica {
                replica,
                last_old: stamp(bearing.old.last),
                first_new: stamp(bearing.new.first),
                first_answered: bearing.new.first_answered.map(|edge| self.seen(zero, edge)),
                moved: stamp(bearing.moved),
                refused: bearing.old.refused,
                answered_late: bearing.old.late + bearing.old.late_tokens,
                new: bearing.new.exchanges,
                since: bearing.since as u64,
                other: bearing.other.exchanges,
            }
        };
        let numbered = (1..).zip(&self.rotation.replicas).map(|(number, bearing)| one(Some(number), bearing));
        let elsewhere = &self.rotation.elsewhere;
        let any = [elsewhere.old, elsewhere.new, elsewhere.other].iter().any(|borne| borne.exchanges > 0);
        numbered.chain(any.then(|| one(None, elsewhere))).collect()
    }

    /// What clients lost from T0 until every replica used the new key, in flight or due. A planned rotation ends no sooner than the old key
    /// is dead: who still streams by it then is cut off by the rotation.
    fn client_errors(&self, zero: Edge) -> ClientErrors {
        let dead = self.rotation.dead_by().filter(|_| self.rotation.planned);
        let until = self.settled().map(|at| at.max(dead.unwrap_or(at)));
        let lost = |outcome: Outcome| matches!(outcome, Outcome::Error | Outcome::Timeout | Outcome::Truncated);
        let counts = |from: i64, to: i64, is: &dyn Fn(Outcome) -> bool| {
            let due = self.evidence.requests.first_due(to.saturating_add(1));
            self.evidence.requests.slice(0..due).iter().filter(|request| request.done >= from && is(request.outcome)).count() as u64
        };
        let end = self.evidence.observed_until;
        let (inner, outer) = (until.map_or(end, |at| at - self.error), until.map_or(end, |at| at + self.error));
        ClientErrors {
            lost: counts(zero.hi, inner, &lost),
            truncated: counts(zero.hi, inner, &|outcome| outcome == Outcome::Truncated),
            at_most: counts(zero.lo, outer, &|outcome| lost(outcome) || outcome == Outcome::Unknown),
            limit: self.evidence.objectives.client_errors.or(self.rotation.planned.then_some(0)),
        }
    }

    /// What other providers answered from the first refusal of the old key to the last.
    fn fallback(&self) -> Option<Fallback> {
        let evidence = self.evidence;
        let others: Vec<u16> =
            evidence.primary.iter().chain(&evidence.standbys).copied().filter(|place| *place != self.rotation.provider).collect();
        let from = self.refused_first().filter(|_| !others.is_empty())?.lo - self.error;
        let to = self.rotation.everywhere().filter_map(|bearing| bearing.old.last_refused).map(|edge| edge.hi).max()? + self.error;
        let due = evidence.requests.first_due(to.saturating_add(1));
        let within = || evidence.requests.slice(0..due).iter().filter(|request| request.done >= from);
        let answered =
            |who: &dyn Fn(By) -> bool| within().filter(|request| request.outcome == Outcome::Ok && who(request.by)).count() as u64;
        Some(Fallback {
            requests: within().count() as u64,
            answered: answered(&|by| matches!(by, By::Provider(place) if others.contains(&place))),
            perhaps: answered(&|by| by == By::Unknown),
        })
    }

    /// From when on the primary could serve again: every replica uses its new key, and no other fault is on it.
    pub(super) fn open_again(&self) -> Option<Edge> {
        let settled = self.settled().map(|at| Edge { lo: at - self.error, hi: at + self.error })?;
        Some(self.rotation.cleared.filter(|cleared| cleared.hi > settled.hi).unwrap_or(settled))
    }

    /// Whether it is about the primary, which must serve again.
    pub(super) fn resumes(&self) -> bool {
        must_resume(self.evidence, self.rotation)
    }

    fn resumed(&self) -> Option<Interval> {
        let (evidence, objectives) = (self.evidence, &self.evidence.objectives);
        let edge = self.open_again().filter(|_| self.resumes())?;
        let window =
            RequestWindow::new(evidence, edge.lo, evidence.observed_until, |request| good_by(objectives, request, &evidence.primary));
        let start = Start { edge, hold: objectives.failback_hold.nanos() };
        Some(window.recovery(start, HoldExtent::Hold, Index::Delivery).interval)
    }
}

#[cfg(test)]
mod tests;
