//! When guards on the drill's own traffic trip.

use super::super::event::{Event, FaultRequested, Outcome, Overdue, Phase, PhaseEntered, RequestDone, Stamped};
use super::*;
use crate::model::{
    Condition, Criticality, DeclaredObjectives, DrillPlan, Environment, Goal, Objectives, Runbook, Scenario, Service, StartMode, Timeline,
    Workload,
};
use crate::units::{Duration, Rate, Ratio};
use std::sync::Arc;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;

pub(in super::super) fn plan(objectives: Objectives) -> DrillPlan {
    let service = Service {
        owner: None,
        criticality: Criticality::SinglePointOfFailure,
        providers: vec!["primary".into(), "standby".into()],
        sharing: 1,
        objectives: DeclaredObjectives::default(),
        runbook: None,
        business: None,
        parity: Vec::new(),
    };
    DrillPlan {
        prediction: None,
        scenario: Scenario {
            name: "outage".into(),
            title: "Nobody answers".into(),
            service: "chat".into(),
            runbook: None,
            timeline: Timeline { baseline: Duration::from_secs(5), faults: Vec::new(), watch: Duration::ZERO },
            objectives: DeclaredObjectives::default(),
            abort_when: Vec::new(),
            overlays: Vec::new(),
        },
        workloads: NamedWorkload {
            name: "chat".into(),
            service_name: "chat".into(),
            service,
            objectives,
            residency: Vec::new(),
            judged: true,
            workload: Workload::steady(Rate::per_second(10.0).unwrap()),
        }
        .into(),
        runbook: None,
        environment_name: "lab".into(),
        environment: Environment::default(),
        providers: Default::default(),
        prices: Default::default(),
        sabotage: None,
        most_tokens: Default::default(),
        stores: Default::default(),
        secrets: Default::default(),
        credentials: Default::default(),
        contacts: Default::default(),
        mail: None,
        parity: Vec::new(),
        keep: None,
    }
}

/// A plan whose runbook begins with this alert.
pub(in super::super) fn waiting_for(alert: &str) -> DrillPlan {
    let mut plan = plan(Objectives::default());
    plan.runbook = Some(Runbook {
        name: "answer".into(),
        owner: None,
        reviewed: None,
        start: StartMode::OnDetection,
        detect: Condition::of(Goal::Alert(alert.into())),
        reaction: None,
        severity: None,
        roles: std::collections::BTreeMap::new(),
        escalate: Vec::new(),
        updates: Vec::new(),
        steps: Vec::new(),
    });
    plan
}

/// A drill whose traffic began at 0 and has this service level; every answer is to come by a deadline of 30 s.
fn drill(slo_ms: u64) -> Live {
    let objectives = Objectives { slo: Duration::from_millis(slo_ms), deadline: Duration::from_secs(30), ..Objectives::default() };
    let mut live = Live { limits: vec![500 * MS], ..Live::default() };
    live.plan = Some(Arc::new(plan(objectives)));
    live.apply(&Stamped { t: 0, event: Event::Phase(PhaseEntered { name: Phase::Baseline }) });
    live
}

fn tell(live: &mut Live, t: u64, event: Event) {
    live.apply(&Stamped { t, event });
}

fn end(live: &mut Live, id: u64, due: u64, took: u64, outcome: Outcome) {
    let done = RequestDone { id, due, lag: 0, proof: None, done: took, outcome, why: None };
    tell(live, due + took, Event::Request(done));
}

fn overdue(live: &mut Live, id: u64, due: u64, after: u64) {
    tell(live, due + after, Event::Overdue(Overdue { id, due, after }));
}

/// Ten a second for five seconds, answered in 100 ms each; then faults.
fn baseline(live: &mut Live) {
    (0..50).for_each(|id| end(live, id, id * 100 * MS, 100 * MS, Outcome::Ok));
    fault(live, 5 * SECOND);
}

fn fault(live: &mut Live, t: u64) {
    let what =
        FaultRequested { fault: 0, on: "primary".into(), what: serde_json::from_str("\"blackhole\"").unwrap(), aim: Default::default() };
    tell(live, t, Event::FaultRequested(what));
}

/// Requests that are due at such times and answered after so long, and perhaps a fault; says when the guard trips within this time. It
/// looks ten times a second.
fn stopped(requests: &[(u64, Option<u64>)], faulted: Option<u64>, within: u64) -> Option<u64> {
    let mut live = drill(20_000);
    (0..=within / (100 * MS)).map(|step| step * 100 * MS).find(|now| {
        let in_step = |t: u64| t <= *now && t + 100 * MS > *now;
        if faulted.is_some_and(in_step) {
            fault(&mut live, *now);
        }
        for (id, (due, took)) in requests.iter().enumerate() {
            if took.is_none_or(|took| took > 3 * SECOND) && in_step(due + 3 * SECOND) {
                overdue(&mut live, id as u64, *due, 3 * SECOND);
            }
            if let Some(took) = took.filter(|took| in_step(due + took)) {
                end(&mut live, id as u64, *due, took, Outcome::Ok);
            }
        }
        tripped(&live, *now).is_some()
    })
}

#[test]
fn few_slow_answers_at_a_low_rate_are_no_silence() {
    // One in five seconds. Each is good: it is answered well within 20 s.
    let every = |took: fn(u64) -> Option<u64>| (0..60).map(|id| (id * 5 * SECOND, took(id))).collect::<Vec<_>>();
    let (quick, slow) = (260 * MS, 10 * SECOND);
    assert_eq!(stopped(&every(|_| Some(260 * MS)), None, 300 * SECOND), None);
    let delayed = every(|id| Some(if id < 22 { 260 * MS } else { 10 * SECOND }));
    assert_eq!((delayed[21].1, delayed[22].1), (Some(quick), Some(slow)));
    assert_eq!(stopped(&delayed, Some(110 * SECOND), 300 * SECOND), None, "ten seconds more are no outage");
    // From the beginning, before it is known how long answers take, and with five of them known.
    assert_eq!(stopped(&every(|_| Some(12 * SECOND)), None, 300 * SECOND), None);
    assert_eq!(stopped(&every(|id| Some(if id < 5 { 260 * MS } else { 10 * SECOND })), Some(25 * SECOND), 300 * SECOND), None);
    // A tail, where nothing is broken at all.
    assert_eq!(stopped(&every(|id| Some(if id == 25 || id == 26 { 8 * SECOND } else { 260 * MS })), None, 300 * SECOND), None);
    // Every second one is slow, so several wait at any time; each end is news of all that waited before.
    let mixed: Vec<_> = (0..150).map(|id| (id * 2 * SECOND, Some(if id % 2 == 0 || id < 30 { 260 * MS } else { 18 * SECOND }))).collect();
    assert_eq!(stopped(&mixed[..140], Some(60 * SECOND), 280 * SECOND), None);
}

#[test]
fn at_a_low_rate_and_with_few_answers_an_outage_is_seen_before_the_service_level() {
    let every = |gap: u64, good: u64| (0..60).map(|id| (id * gap, (id < good).then_some(260 * MS))).collect::<Vec<_>>();
    // The third that waits for three seconds is due ten seconds after the first.
    assert_eq!(stopped(&every(5 * SECOND, 22), Some(110 * SECOND), 300 * SECOND), Some(123 * SECOND));
    assert_eq!(stopped(&every(5 * SECOND, 4), Some(20 * SECOND), 300 * SECOND), Some(33 * SECOND), "four answers are few");
    assert_eq!(stopped(&every(500 * MS, 5), Some(2_500 * MS), 300 * SECOND), Some(6_500 * MS));
    assert_eq!(stopped(&every(500 * MS, 0), Some(0), 300 * SECOND), Some(4_000 * MS), "none was ever answered");
    // Nothing is broken on purpose: they may take as long as was promised.
    assert_eq!(stopped(&every(500 * MS, 5), None, 20 * SECOND), None);
}

fn tripped(live: &Live, at: u64) -> Option<String> {
    let guard = Guard::success(Ratio::new(0.5).unwrap(), Duration::from_secs(3));
    TrafficFold::new(guard, 0).look(live, at).map(|tripped| tripped.guard)
}

#[test]
fn a_guard_trips_while_all_requests_are_still_open() {
    let mut live = drill(1_000);
    baseline(&mut live);
    assert_eq!(tripped(&live, 5 * SECOND), None);
    // Nobody answers any more. Nothing of this ends before 35 s.
    for id in 50..100 {
        overdue(&mut live, id, id * 100 * MS, SECOND);
        if id < 58 {
            assert_eq!(tripped(&live, live.now), None, "most of the last three seconds was good");
        }
    }
    let words = tripped(&live, 9 * SECOND).expect("nobody is answered");
    assert_eq!(words, "fewer than 50% of requests were good for 3 s");
}

#[test]
fn no_answer_at_all_is_the_worst_case_even_where_more_time_was_promised() {
    let mut live = drill(25_000);
    baseline(&mut live);
    for id in 50..80 {
        overdue(&mut live, id, id * 100 * MS, 3 * SECOND);
    }
    // The window is empty: no request has ended in it, none is beyond its service level.
    assert_eq!(live.leading().over(3 * SECOND, 9 * SECOND).known(0), 0);
    assert_eq!(tripped(&live, 9 * SECOND).expect("nobody is answered"), "no request was answered for 3 s although some were waiting");
    end(&mut live, 50, 5 * SECOND, 4 * SECOND, Outcome::Ok);
    assert_eq!(tripped(&live, 9 * SECOND), None, "somebody is");
    // Answers that take long by themselves are not silence.
    let mut slow = drill(25_000);
    (0..20).for_each(|id| end(&mut slow, id, id * 100 * MS, 4 * SECOND, Outcome::Ok));
    (20..30).for_each(|id| overdue(&mut slow, id, 6 * SECOND, 3 * SECOND));
    assert_eq!((tripped(&slow, 10 * SECOND), tripped(&slow, 13 * SECOND)), (None, None), "eight seconds are twice as long as usual");
    assert!(tripped(&slow, 14 * SECOND).is_some());
    // Where nothing is to be answered, nothing is missing.
    let mut idle = drill(25_000);
    baseline(&mut idle);
    assert_eq!(tripped(&idle, 20 * SECOND), None);
}

#[test]
fn a_request_counts_once_however_it_ends() {
    let mut live = drill(1_000);
    for id in 0..4 {
        overdue(&mut live, id, id, SECOND);
    }
    let whole = |live: &Live| live.leading().over(60 * SECOND, live.now);
    assert_eq!((whole(&live).known(0), whole(&live).requests(), live.leading().total.known(0)), (4, 0, 4));
    assert_eq!(live.leading().bad_in_a_row, 4);
    end(&mut live, 0, 0, 2 * SECOND, Outcome::Ok);
    end(&mut live, 4, 2 * SECOND, 100 * MS, Outcome::Ok);
    end(&mut live, 1, 1, 30 * SECOND, Outcome::Timeout);
    assert_eq!((whole(&live).known(0), whole(&live).requests(), live.leading().total.known(0)), (5, 3, 5));
    let told = (live.leading().total.good, live.leading().total.slow, live.leading().total.failed, live.leading().good_in_a_row);
    assert_eq!(told, (1, 1, 1, 1), "those that were counted do not break the row a second time");
    // Its end comes long after the window in which it counted.
    assert_eq!(live.leading().over(SECOND, 31 * SECOND).known(0), 0);
    let plan = live.plan.clone().unwrap();
    assert_eq!(live.leading().open.not_good(&plan.workloads.leading().objectives), 2);
}

#[test]
fn runbooks_see_open_requests_too() {
    let mut live = drill(1_000);
    baseline(&mut live);
    let success = Goal::Success { ratio: Ratio::new(0.9).unwrap(), over: Duration::from_secs(3) };
    let quick = Goal::Latency { share: Ratio::new(0.9).unwrap(), below: Duration::from_millis(500), over: Duration::from_secs(3) };
    let fails = Goal::Fails(5);
    let met = |live: &Live| [&success, &quick, &fails].map(|goal| live.meets(goal, live.now));
    assert_eq!(met(&live), [true, true, false]);
    for id in 50..55 {
        overdue(&mut live, id, 5 * SECOND + id, 500 * MS);
    }
    assert_eq!(met(&live), [true, false, false], "5 of 30 are slower than half a second");
    for id in 50..55 {
        overdue(&mut live, id, 5 * SECOND + id, SECOND);
    }
    assert_eq!(met(&live), [false, false, true]);
    (55..60).for_each(|id| end(&mut live, id, 6 * SECOND, 100 * MS, Outcome::Ok));
    assert!(live.meets(&Goal::Succeeds(5), live.now));
    overdue(&mut live, 60, 6 * SECOND, SECOND);
    assert!(!live.meets(&Goal::Succeeds(1), live.now), "the row is broken before that request ends");
}

#[test]
fn a_silence_is_no_success() {
    let mut live = drill(25_000);
    baseline(&mut live);
    let success = Goal::Success { ratio: Ratio::new(0.9).unwrap(), over: Duration::from_secs(5) };
    assert!(live.meets(&success, 5 * SECOND));
    (50..60).for_each(|id| overdue(&mut live, id, 5 * SECOND, SECOND));
    assert!(!live.meets(&success, 8 * SECOND), "what was good three seconds ago says nothing of now");
}

#[test]
fn a_program_of_others_tells_nothing_of_open_requests_and_is_heard_by_its_rate() {
    let mut live = drill(25_000);
    let mut plan = (**live.plan.as_ref().unwrap()).clone();
    plan.workloads[0].workload.script = Some("k6.js".into());
    live.plan = Some(plan.into());
    baseline(&mut live);
    assert_eq!(tripped(&live, 8 * SECOND + 50 * MS), None, "the last was answered less than three seconds ago");
    assert!(tripped(&live, 9 * SECOND).is_some(), "forty more have become due");
}

/// Looks of a guard ten times a second at a drill whose requests, ten a second, are good or bad as it says, a letter a second.
fn looked(watches: GuardWatch, length: u64, seconds: &str) -> Option<(u64, Guarded)> {
    let mut live = drill(1_000);
    live.limits = vec![200 * MS, 400 * MS];
    let mut fold = TrafficFold::new(Guard { watches, length: Duration::from_secs(length) }, 1);
    (0..seconds.len() as u64 * 10).find_map(|id| {
        let (due, letter) = (id * 100 * MS, seconds.as_bytes()[(id / 10) as usize]);
        let (outcome, took) = match (letter, id % 10) {
            (b'+', _) | (b'~', 0..7) | (b'-', 0..3) => (Outcome::Ok, 50 * MS),
            (b's', _) => (Outcome::Ok, 300 * MS),
            (b'l', _) => (Outcome::Ok, 500 * MS),
            _ => (Outcome::Error, 50 * MS),
        };
        end(&mut live, id, due, took, outcome);
        let now = live.now;
        Some((now / SECOND, fold.look(&live, now)?))
    })
}

#[test]
fn with_a_second_threshold_a_better_moment_is_no_break() {
    let success = |clears_at: Option<f64>| {
        let clears_at = clears_at.and_then(Ratio::new);
        GuardWatch::Success(SuccessLimit { below: Ratio::new(0.6).unwrap(), clears_at, over: Some(Duration::from_secs(2)) })
    };
    // 30% are good, then 70%, again and again, and never all of them.
    let flapping = "++++--~~--~~--~~--~~--~~";
    assert!(looked(success(Some(0.9)), 10, flapping).is_some_and(|(at, _)| (12..17).contains(&at)));
    assert_eq!(looked(success(None), 10, flapping), None, "at 70% it is well");
    assert_eq!(looked(success(Some(0.9)), 10, "++++--++--++--++--++--++"), None, "at 100% too");
    let (_, tripped) = looked(success(Some(0.9)), 10, flapping).unwrap();
    let evidence = tripped.evidence.unwrap();
    assert_eq!((evidence.place, &evidence.threshold[..], &evidence.from[..]), (Some(1), "60%", "requests of chat"));
    assert!(evidence.value.contains(" of ") && evidence.since + 10 * SECOND <= evidence.at, "{evidence:?}");
    assert_eq!(tripped.guard, "fewer than 60% of requests were good for 10 s");
}

#[test]
fn a_percentile_is_above_a_time_where_fewer_than_its_share_are_below_it() {
    let latency = |share: f64, clears: Option<u64>| {
        let (share, above) = (Ratio::new(share).unwrap(), Duration::from_millis(400));
        GuardWatch::Latency(PercentileLimit {
            share,
            above,
            clears_at: clears.map(Duration::from_millis),
            over: Some(Duration::from_secs(1)),
        })
    };
    assert_eq!(looked(latency(0.95, None), 3, "+++++ssss+++"), None, "300 ms are not above 400 ms");
    let (at, tripped) = looked(latency(0.95, None), 3, "+++++lllllll").unwrap();
    assert!((7..9).contains(&at), "{at}");
    assert_eq!(tripped.guard, "p95 was above 400 ms for 3 s");
    assert_eq!(tripped.evidence.unwrap().threshold, "95% in less than 400 ms");
    assert_eq!(looked(latency(0.95, None), 4, "+++++llss++llss++"), None);
    assert!(looked(latency(0.95, Some(200)), 4, "+++++llssllssllss").is_some(), "300 ms are not below 200 ms again");
    // What fails was not answered in time.
    assert!(looked(latency(0.95, None), 3, "+++++-------").is_some());
}
