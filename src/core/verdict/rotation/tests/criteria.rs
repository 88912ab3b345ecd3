//! Each criterion met, missed and in doubt, and exactly at its limit.

use crate::fault::{Blackhole, Revoke};
use crate::history::{Event, FaultConfirmed, FaultHealed, KeyStanding, Outcome, SETTLED, SightGap};
use crate::model::{DeclaredObjectives, Gate};
use crate::rotation_story::{MS, NEW, OLD, Story, WRONG, ZERO, emergency, planned, served, token};
use crate::units::{Duration, Fingerprint};
use crate::verdict::Criterion::{
    ClientErrors, Fallback, NewKeyAccepted, OldKeyRefused, OldKeyUnused, PrimaryResumed, Rotation, TokensReminted,
};
use crate::verdict::Decision::{Inconclusive, Met, Missed, Void};
use crate::verdict::{Criterion, CriterionFinding, Decision, Interval, Reason, Verdict};

fn ms(lo: i64, hi: i64) -> Option<Interval> {
    Some(Interval { lo: lo * 1_000_000, hi: Some(hi * 1_000_000) })
}

fn objective(verdict: &Verdict, name: &str) -> Option<Decision> {
    verdict.objectives.iter().find(|objective| objective.name.word() == name).map(|objective| objective.verdict)
}

fn nanos(nanoseconds: u64) -> Option<Duration> {
    Some(Duration::from_nanos(nanoseconds))
}

#[test]
fn a_key_that_is_replaced_in_time_meets_everything_and_every_moment_is_stamped() {
    let verdict = emergency().judged();
    assert_eq!((verdict.verdict, verdict.reason), (Met, None), "{:?}", verdict.objectives);
    let names: Vec<_> = verdict.objectives.iter().map(|objective| objective.name.word()).collect();
    let own = ["new_key_accepted", "old_key_refused", "old_key_unused", "rotation", "fallback", "primary_resumed"];
    assert_eq!(names, [&["rto", "stability"][..], &own].concat(), "an emergency without a declared budget counts no client errors");
    let moments = verdict.rotations[0].moments;
    // The key is revoked between 10,000 and 10,002 ms; the first request that finds it dead reaches the proxy at 10,101 ms.
    assert_eq!(moments.t0, ms(0, 2));
    assert_eq!(moments.t1, ms(99, 111));
    assert_eq!(moments.t2, ms(1_998, 2_010));
    assert_eq!(moments.t3, ms(2_998, 3_010));
    assert_eq!(moments.t4, ms(3_999, 4_001));
    assert_eq!(moments.t5, ms(3_949, 3_951));
    assert_eq!(moments.t6, ms(4_049, 4_051));
    assert_eq!(verdict.measures.unwrap().failback, None, "the primary has nothing to come back from but T6");
}

#[test]
fn the_new_key_must_be_made_and_taken() {
    let never = emergency().but(|story| (story.minted, story.stored, story.new_probe) = (None, None, None));
    let never = never.but(|story| story.replicas = vec![Vec::new(); 2]);
    for (story, wanted) in [
        (emergency(), (Met, CriterionFinding::Holds)),
        (emergency().but(|story| story.new_probe = Some(KeyStanding::Refused)), (Missed, CriterionFinding::NewKeyRefused)),
        (emergency().but(|story| story.new_probe = Some(KeyStanding::Unknown)), (Inconclusive, CriterionFinding::NoAnswer)),
        (emergency().but(|story| story.new_probe = None), (Inconclusive, CriterionFinding::NoAnswer)),
        (never.clone(), (Missed, CriterionFinding::NeverMinted)),
        (never.but(|story| story.until = 18_000), (Inconclusive, CriterionFinding::EndedBefore)),
    ] {
        assert_eq!(story.on(NewKeyAccepted), Some(wanted));
    }
}

#[test]
fn the_old_key_must_be_refused_by_the_provider_itself_and_answered_for_nobody() {
    let probe = |at: u64, standing: KeyStanding| emergency().but(|story| story.old_probe = Some((at, standing)));
    for (story, wanted) in [
        (emergency(), (Met, CriterionFinding::Holds)),
        (probe(41_000, KeyStanding::Accepted), (Missed, CriterionFinding::OldKeyAccepted)),
        (probe(41_000, KeyStanding::Unknown), (Inconclusive, CriterionFinding::NoAnswer)),
        (emergency().but(|story| story.old_probe = None), (Inconclusive, CriterionFinding::NoAnswer)),
        // It must be refused from 12,002 ms on: what was asked before that proves nothing, whatever was said.
        (probe(12_002, KeyStanding::Refused), (Met, CriterionFinding::Holds)),
        (probe(12_001, KeyStanding::Refused), (Inconclusive, CriterionFinding::AskedTooEarly)),
        (probe(12_001, KeyStanding::Accepted), (Inconclusive, CriterionFinding::AskedTooEarly)),
        // Through replica 2 it is still answered.
        (
            emergency().but(|story| story.besides.push(served(Some(1), "primary", 12_003 * MS, MS, 200, OLD))),
            (Missed, CriterionFinding::OldKeyAnswered),
        ),
        (
            emergency().but(|story| story.besides.push(served(None, "primary", 12_003 * MS, MS, 200, OLD))),
            (Missed, CriterionFinding::OldKeyAnswered),
        ),
        (planned(), (Met, CriterionFinding::Holds)),
        (planned().but(|story| story.revoked = None), (Missed, CriterionFinding::NeverRevoked)),
        (planned().but(|story| (story.revoked, story.until) = (None, 17_000)), (Inconclusive, CriterionFinding::EndedBefore)),
    ] {
        assert_eq!(story.on(OldKeyRefused), Some(wanted));
    }
}

#[test]
fn what_began_at_the_last_moment_of_the_propagation_may_be_answered() {
    let answered = |at: u64| emergency().but(|story| story.besides.push(served(Some(1), "primary", at, MS, 200, OLD)));
    let dead = ZERO.1 + 2_000 * MS;
    assert_eq!(answered(dead).on(OldKeyRefused), Some((Met, CriterionFinding::Holds)));
    assert_eq!(answered(dead + 1).on(OldKeyRefused), Some((Missed, CriterionFinding::OldKeyAnswered)));
    let refused = emergency().but(|story| story.besides.push(served(Some(1), "primary", dead + 1, MS, 401, OLD)));
    assert_eq!(refused.on(OldKeyRefused), Some((Met, CriterionFinding::Holds)));
}

#[test]
fn every_replica_must_leave_the_old_key_behind() {
    let forgotten = emergency().but(|story| story.replicas[1].clear());
    assert_eq!(forgotten.on(OldKeyUnused), Some((Missed, CriterionFinding::StillBorne)));
    assert_eq!(forgotten.on(Rotation), Some((Missed, CriterionFinding::TooLate)));
    assert_eq!(forgotten.on(PrimaryResumed), Some((Missed, CriterionFinding::TooLate)));
    let replicas = forgotten.rotated().replicas;
    assert_eq!((replicas[0].moved.is_some(), replicas[1].moved, replicas[1].new), (true, None, 0));
    let short = forgotten.but(|story| story.until = 17_000);
    assert_eq!(short.on(OldKeyUnused), Some((Inconclusive, CriterionFinding::NotSeen)), "it may still come");
    let back = emergency().but(|story| story.replicas[1].push((20_000, OLD)));
    assert_eq!(back.on(OldKeyUnused), Some((Missed, CriterionFinding::StillBorne)), "it went back to the old key");
    let elsewhere = emergency().but(|story| story.besides.push(served(None, "primary", 15_000 * MS, MS, 401, OLD)));
    assert_eq!(elsewhere.on(OldKeyUnused), Some((Missed, CriterionFinding::StillBorne)), "somebody who is no replica still has it");
    let wrong = emergency().but(|story| story.replicas = vec![vec![(14_000, WRONG)]; 2]);
    assert_eq!(wrong.on(OldKeyUnused), Some((Inconclusive, CriterionFinding::NotSeen)), "neither key is borne");
    assert_eq!((wrong.on(Rotation), wrong.rotated().replicas[0].other), (Some((Missed, CriterionFinding::TooLate)), 260));
    let gap = emergency().but(|story| story.besides.push((20_000 * MS, Event::SightGap(SightGap { missed: 1 }))));
    assert_eq!(gap.on(OldKeyUnused), Some((Inconclusive, CriterionFinding::SightLost)));
}

#[test]
fn twenty_requests_in_a_row_with_the_new_key_settle_a_replica() {
    // Replica 2 is asked every 100 ms, from 14,050 ms on with the new key; its n-th such request is due at 14,050 + (n − 1) · 100 ms.
    let last = 14_050 + (SETTLED as u64 - 1) * 100;
    let until = |until: u64| emergency().but(|story| story.until = until);
    assert_eq!(until(last + 50).on(OldKeyUnused), Some((Met, CriterionFinding::Holds)));
    assert_eq!(until(last).on(OldKeyUnused), Some((Inconclusive, CriterionFinding::TooFewSince)));
}

#[test]
fn the_rotation_is_held_against_its_limit_exactly() {
    let limit = |nanoseconds: u64| emergency().but(|story| story.objectives.rotation = nanos(nanoseconds));
    // T6 lies 4,049 to 4,051 ms after T0.
    assert_eq!(limit(4_051 * MS).on(Rotation), Some((Met, CriterionFinding::Holds)));
    assert_eq!(limit(4_051 * MS - 1).on(Rotation), Some((Inconclusive, CriterionFinding::Unsure)));
    assert_eq!(limit(4_049 * MS + 1).on(Rotation), Some((Inconclusive, CriterionFinding::Unsure)));
    assert_eq!(limit(4_049 * MS).on(Rotation), Some((Missed, CriterionFinding::TooLate)));
    // Without T6 it lasted longer than the observation: 40 s less 10,002 ms.
    let open = emergency().but(|story| story.replicas[1].clear());
    let censored = |nanoseconds: u64| open.but(|story| story.objectives.rotation = nanos(nanoseconds));
    assert_eq!(censored(29_998 * MS).on(Rotation), Some((Missed, CriterionFinding::TooLate)));
    assert_eq!(censored(29_998 * MS + 1).on(Rotation), Some((Inconclusive, CriterionFinding::EndedBefore)));
}

#[test]
fn where_no_key_was_ever_seen_on_a_request_nothing_is_said_of_the_replicas() {
    let mut blind = emergency().but(|story| story.faults = vec![("standby", Revoke { propagation: Duration::from_secs(2) }.into())]);
    blind.dead = u64::MAX;
    blind.replicas = vec![Vec::new(); 2];
    let verdict = blind.judged();
    // Nobody asked the standby, nobody rotates its key: the outage was not tested, and yet no new key was made.
    assert_eq!((verdict.verdict, verdict.reason), (Missed, None));
    assert_eq!(blind.on(NewKeyAccepted), Some((Missed, CriterionFinding::NeverMinted)));
    assert_eq!(blind.on(Rotation), Some((Inconclusive, CriterionFinding::NotSeen)));
    assert_eq!(blind.on(PrimaryResumed), None);
    assert_eq!(objective(&verdict, "rto"), Some(Inconclusive));
}

#[test]
fn clients_may_lose_what_was_agreed_until_the_last_replica_bears_the_new_key() {
    let lost = |numbers: &[u64], outcome: Outcome| {
        let story = emergency().but(|story| story.objectives.client_errors = Some(2));
        story.but(|story| story.ends = numbers.iter().map(|number| (*number, outcome)).collect())
    };
    assert_eq!(emergency().on(ClientErrors), None);
    assert_eq!(lost(&[220, 230], Outcome::Error).on(ClientErrors), Some((Met, CriterionFinding::Holds)));
    assert_eq!(lost(&[220, 230, 240], Outcome::Timeout).on(ClientErrors), Some((Missed, CriterionFinding::TooMany)));
    assert_eq!(lost(&[220, 230, 240], Outcome::Truncated).rotated().client_errors.truncated, 3);
    assert_eq!(lost(&[220, 230, 240], Outcome::Unknown).on(ClientErrors), Some((Inconclusive, CriterionFinding::Unsure)));
    // T6 is 14,051 ms: request 281 is due 1 ms before it, request 282 after it. Request 199 ended before T0 began.
    assert_eq!(lost(&[199, 282, 283, 284], Outcome::Error).rotated().client_errors.lost, 0);
    assert_eq!(lost(&[200, 281], Outcome::Error).rotated().client_errors.lost, 2);
    let open = lost(&[220], Outcome::Error).but(|story| story.replicas[1].clear());
    assert_eq!(open.on(ClientErrors), Some((Inconclusive, CriterionFinding::EndedBefore)), "a count that was cut short proves no cap");
}

#[test]
fn another_provider_must_answer_while_the_old_key_is_refused() {
    assert_eq!(emergency().on(Fallback), Some((Met, CriterionFinding::Holds)));
    assert_eq!(emergency().but(|story| story.standby = false).on(Fallback), Some((Missed, CriterionFinding::NotAnswered)));
    assert_eq!(planned().on(Fallback), None, "nothing was refused");
    // Somebody answered, and no proxy saw who.
    let unseen = emergency().but(|story| {
        story.standby = false;
        story.ends = (203..280).map(|number| (number, Outcome::Ok)).collect();
    });
    assert_eq!(unseen.on(Fallback), Some((Inconclusive, CriterionFinding::NotSeen)));
}

#[test]
fn the_primary_must_serve_again_and_stay() {
    assert_eq!(emergency().on(PrimaryResumed), Some((Met, CriterionFinding::Holds)));
    // The first well-served request ends 20 ms after it was due: 19 ms after the proxy's stamp of T6, or on the next request.
    let limit = |limit: u64| emergency().but(|story| story.objectives.failback = nanos(limit * MS));
    assert_eq!(limit(69).on(PrimaryResumed), Some((Met, CriterionFinding::Holds)));
    assert_eq!(limit(68).on(PrimaryResumed), Some((Inconclusive, CriterionFinding::Unsure)));
    let bad = emergency().but(|story| story.ends = (270..800).map(|number| (number, Outcome::Error)).collect());
    assert_eq!(bad.on(PrimaryResumed), Some((Missed, CriterionFinding::TooLate)));
    let short = emergency().but(|story| story.until = 15_500);
    assert_eq!(short.on(PrimaryResumed), Some((Inconclusive, CriterionFinding::EndedBefore)));
    // Another fault is on it until 25 s: until then it cannot serve, new key or not.
    let down = emergency().but(|story| {
        story.faults.push(("primary", Blackhole.into()));
        story.ends = (200..500).map(|number| (number, Outcome::Error)).collect();
        let (on, lo, hi) = ("primary".to_owned(), 25_000 * MS, 25_001 * MS);
        story.besides.push((30_002 * MS, Event::FaultConfirmed(FaultConfirmed { fault: 1, on: on.clone(), lo: ZERO.0, hi: ZERO.1 })));
        story.besides.push((30_002 * MS, Event::FaultHealed(FaultHealed { fault: 1, on, lo, hi, touched: Some(9), expired: false })));
        story.objectives.failback = nanos(100 * MS);
    });
    assert_eq!(down.on(PrimaryResumed), Some((Met, CriterionFinding::Holds)));
}

#[test]
fn tokens_of_the_old_key_must_go_with_it() {
    let (stale, fresh) = (Fingerprint(7), Fingerprint(8));
    let both = |story: &mut Story| {
        story.besides.extend([token(stale, OLD, 5_000), token(fresh, NEW, 14_500)]);
        story.besides.push(served(Some(0), "primary", 6_000 * MS, MS, 200, stale));
        story.besides.push(served(Some(0), "primary", 15_000 * MS, MS, 200, fresh));
    };
    let answered =
        |at: u64, status: u16| emergency().but(both).but(|story| story.besides.push(served(Some(0), "primary", at, MS, status, stale)));
    let dead = ZERO.1 + 2_000 * MS;
    assert_eq!(emergency().on(TokensReminted), None, "no token was seen");
    assert_eq!(emergency().but(both).on(TokensReminted), Some((Met, CriterionFinding::Holds)));
    assert_eq!(answered(dead, 200).on(TokensReminted), Some((Met, CriterionFinding::Holds)));
    assert_eq!(answered(dead + 1, 200).on(TokensReminted), Some((Missed, CriterionFinding::OldKeyAnswered)));
    assert_eq!(answered(dead + 1, 200).on(OldKeyRefused), Some((Met, CriterionFinding::Holds)), "the key itself was answered for nobody");
    assert_eq!(answered(dead + 1, 401).on(TokensReminted), Some((Met, CriterionFinding::Holds)), "that is how the gateway learns");
    assert_eq!(answered(20_000 * MS, 401).on(TokensReminted), Some((Missed, CriterionFinding::NotReminted)));
    let once = emergency().but(|story| story.besides.push(token(stale, OLD, 12_003)));
    assert_eq!(once.on(TokensReminted), Some((Missed, CriterionFinding::OldKeyAnswered)), "the issuer minted from a dead key");
    let unseen = emergency().but(|story| story.besides.push(token(stale, OLD, 5_000)));
    assert_eq!(unseen.on(TokensReminted), Some((Inconclusive, CriterionFinding::NotSeen)));
    // Whose a token was may be told after it was used.
    let late = emergency().but(|story| {
        story.besides.push(served(Some(0), "primary", dead + 1, MS, 200, stale));
        story.besides.push((59_000 * MS, token(stale, OLD, 5_000).1));
    });
    assert_eq!(late.on(TokensReminted), Some((Missed, CriterionFinding::OldKeyAnswered)));
}

#[test]
fn a_planned_rotation_is_held_against_no_outage() {
    let verdict = planned().judged();
    assert_eq!((verdict.verdict, verdict.reason, verdict.only_rotates), (Met, None, true), "{:?}", verdict.objectives);
    let names: Vec<_> = verdict.objectives.iter().map(|objective| objective.name.word()).collect();
    assert_eq!(names, ["new_key_accepted", "old_key_refused", "old_key_unused", "client_errors", "rotation"]);
    let short = planned().but(|story| story.objectives.rto = nanos(60_000 * MS));
    assert_eq!(short.judged().verdict, Met, "the timeline need not be as long as an outage's");
    let lagging = planned().but(|story| story.objectives.gate = Some(Gate::Cutover));
    assert_eq!(lagging.judged().verdict, Met);
}

#[test]
fn a_planned_rotation_loses_no_request_until_the_old_key_is_dead() {
    // The key is dead by 16,010 + 2,000 ms; streams that still ran by it are cut by its revocation.
    let ends = |number: u64, outcome: Outcome| planned().but(|story| story.ends = [(number, outcome)].into());
    for (number, wanted) in [(199, Met), (200, Missed), (281, Missed), (330, Missed), (360, Missed), (361, Met)] {
        for outcome in [Outcome::Error, Outcome::Timeout, Outcome::Truncated] {
            assert_eq!(ends(number, outcome).on(ClientErrors).map(|(verdict, _)| verdict), Some(wanted), "{number} {outcome}");
        }
    }
    let agreed = ends(281, Outcome::Error).but(|story| story.objectives.client_errors = Some(1));
    assert_eq!(agreed.on(ClientErrors), Some((Met, CriterionFinding::Holds)));
}

#[test]
fn a_drill_that_is_not_valid_judges_no_rotation() {
    let unsteady = planned().but(|story| story.ends = (0..100).map(|number| (number, Outcome::Error)).collect());
    let verdict = unsteady.judged();
    assert_eq!((verdict.verdict, verdict.reason), (Void, Some(Reason::BaselineUnstable)));
    assert!(verdict.rotations[0].criteria.is_empty() && verdict.rotations[0].moments.t6.is_some(), "what was seen is told all the same");
    // Nobody was refused: an emergency that tested no outage, with a rotation that did all that was promised.
    let quick = emergency().but(|story| (story.replicas, story.dead) = (vec![vec![(10_000, NEW)]; 2], 10_000));
    let verdict = quick.but(|story| story.minted = Some(9_000)).judged();
    assert_eq!((verdict.verdict, verdict.reason), (Inconclusive, Some(Reason::FaultNotEffective)));
    assert_eq!(objective(&verdict, "rotation"), Some(Met));
}

#[test]
fn several_rotations_are_judged_each_by_itself_and_decide_together() {
    let both = emergency().but(|story| story.faults.push(("standby", Revoke { propagation: Duration::from_secs(2) }.into())));
    let verdict = both.judged();
    let each: Vec<_> =
        verdict.rotations.iter().map(|rotated| (rotated.provider.as_str(), rotated.of(NewKeyAccepted).unwrap().verdict)).collect();
    assert_eq!(each, [("primary", Met), ("standby", Missed)]);
    assert_eq!((objective(&verdict, "new_key_accepted"), verdict.verdict), (Some(Missed), Missed));
}

#[test]
fn a_planned_rotation_beside_an_outage_is_no_part_of_it() {
    let mut both = planned().but(|story| story.faults.push(("primary", Blackhole.into())));
    both.ends = (200..210).map(|number| (number, Outcome::Error)).collect();
    let (on, lo, hi) = ("primary".to_owned(), 30_000 * MS, 30_001 * MS);
    both.besides.push((30_002 * MS, Event::FaultHealed(FaultHealed { fault: 1, on, lo, hi, touched: Some(10), expired: false })));
    both.objectives = DeclaredObjectives { client_errors: Some(99), ..both.objectives };
    let verdict = both.judged();
    assert_eq!((verdict.only_rotates, objective(&verdict, "rto").is_some()), (false, true), "{verdict:?}");
    // Nobody else was asked: from that outage there is nothing to come back from, as from any other.
    assert!(verdict.measures.as_ref().unwrap().never_left, "{verdict:?}");
    assert_eq!(objective(&verdict, "primary_resumed"), None);
}

#[test]
fn names_are_one_for_criteria_and_objectives() {
    let words: Vec<_> = Criterion::ALL.iter().map(|name| name.word()).collect();
    assert_eq!(words, Criterion::WORDS);
}
