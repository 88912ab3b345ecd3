//! When a baseline ends before its time, and with whose reasons.

use super::*;
use crate::drill::sight::tests::exchange;
use crate::history::{LiveWorkload, request_id};
use crate::model::{Objectives, Workload, Workloads};
use crate::project::Project;

/// Requests that a baseline needs.
const LEAST: u64 = Objectives::BASELINE_MIN as u64;
const TAG: u32 = 7;

/// A shipped drill, with another workload of the same service beside it.
fn plan(is_judged: bool) -> DrillPlan {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let planned = Project::open(root).0.plan(&root.join("scenarios/azure-outage.yaml"), "lab");
    let (mut plan, _) = planned.unwrap_or_else(|findings| panic!("{findings}"));
    let mut leading = plan.workloads.leading().clone();
    leading.workload = Workload::steady("10/s".parse().unwrap());
    leading.objectives.baseline_success = crate::units::Ratio::new(0.95).unwrap();
    let other = NamedWorkload { name: "beside".into(), judged: is_judged, ..leading.clone() };
    plan.workloads = Workloads::new(vec![leading, other]).unwrap();
    plan
}

/// So many good and failed requests of each of the two, those of the second with status 429.
fn live(plan: &DrillPlan, first: (u64, u64), second: (u64, u64)) -> Live {
    let total = |(good, failed)| Bucket { good, failed, ..Bucket::default() };
    let why = |word: &str, count| BTreeMap::from([(word.to_owned(), count)]);
    let counts =
        |counts: (u64, u64), word: &str| LiveWorkload { total: total(counts), why: why(word, counts.1), ..LiveWorkload::default() };
    Live {
        plan: Some(Arc::new(plan.clone())),
        workloads: vec![counts(first, "status-503"), counts(second, "status-429")],
        ..Live::default()
    }
}

fn baseline<'a>(plan: &'a DrillPlan, said: &'a FirstLines, sight: Option<watch::Receiver<SightSummary>>) -> BaselinePolicy<'a> {
    BaselinePolicy { plan, live: watch::channel(Arc::default()).1, said, sight, due: vec![100, 100] }
}

#[test]
fn it_can_hold_as_long_as_what_is_due_could_make_up_for_what_was_bad() {
    let said = FirstLines::default();
    for (what, is_judged, first, second, wanted) in [
        ("nothing was asked", true, (0, 0), (0, 0), None),
        ("five of a hundred may fail", true, (0, 5), (0, 5), None),
        ("six may not", true, (0, 6), (0, 0), Some("only 0 of the first 6 requests were good; 6 ended with status-503")),
        ("nor of the second", true, (0, 0), (3, 6), Some("of beside before the fault is not steady: only 3 of the first 9")),
        ("of which nothing is asked, it may", false, (0, 0), (3, 60), None),
        (
            "and then its failures are no reason",
            false,
            (90, 6),
            (3, 60),
            Some("of the first 96 requests were good; 6 ended with status-503;"),
        ),
        ("more came than were due", true, (200, 5), (0, 0), None),
    ] {
        let plan = plan(is_judged);
        let told = baseline(&plan, &said, None).can_hold(&live(&plan, first, second)).err().map(|stop| stop.detail);
        let is_so = match (&told, wanted) {
            (Some(told), Some(wanted)) => told.contains(wanted),
            (told, wanted) => told.is_none() && wanted.is_none(),
        };
        assert!(is_so, "{what}: {told:?}");
    }
}

#[test]
fn the_reasons_are_those_of_the_workload() {
    let (plan, said) = (plan(true), FirstLines::default());
    let mut sight = SightSummary::default();
    for (place, status, times) in [(0, 503, 6), (1, 429, 60)] {
        (0..times).for_each(|number| sight.note(&exchange("first", Some((TAG, request_id(place, number))), status, true), TAG));
    }
    let seen = watch::channel(sight).1;
    let told = baseline(&plan, &said, Some(seen)).can_hold(&live(&plan, (4, 6), (0, 60))).unwrap_err().detail;
    assert!(
        told.contains("; 6 ended with status-503; first answered 6 with status 503; it can no longer") && !told.contains("429"),
        "{told}"
    );
}

#[test]
fn answers_that_passed_no_proxy_end_it() {
    let (plan, said) = (plan(true), FirstLines::default());
    let (own, beside) = (Some((TAG, 0)), Some((TAG, request_id(1, 0))));
    for (what, exchanges, good, wanted) in [
        ("too few to tell", vec![], (LEAST - 1, 0), None),
        ("none passed", vec![], (LEAST, 0), Some("20 of 20 requests")),
        ("one did", vec![(own, true)], (LEAST, 0), None),
        ("one that bears no mark may have been", vec![(None, true)], (LEAST, 0), None),
        ("health checks are others'", vec![(None, false)], (LEAST, 0), Some("20 of 20 requests")),
        ("another drill's are others'", vec![(Some((TAG + 1, 0)), true)], (LEAST, 0), Some("20 of 20 requests")),
        ("those of the preflight came before", vec![(Some((!TAG, 0)), true)], (LEAST, 0), Some("20 of 20 requests")),
        ("only those of the other workload", vec![(beside, true)], (LEAST, 0), Some("20 of 20 requests")),
        ("only those of the first", vec![(own, true)], (LEAST, LEAST), Some("requests of beside were answered, and none passed a proxy")),
        ("of both", vec![(own, true), (beside, true)], (LEAST, LEAST), None),
    ] {
        let mut sight = SightSummary::default();
        exchanges.iter().for_each(|(mark, posts)| sight.note(&exchange("first", *mark, 200, *posts), TAG));
        let seen = watch::channel(sight).1;
        let told = baseline(&plan, &said, Some(seen)).passes_a_proxy(&live(&plan, (good.0, 0), (good.1, 0)));
        let told = told.err().map(|stop| stop.detail);
        assert_eq!(told.is_some(), wanted.is_some(), "{what}: {told:?}");
        assert!(wanted.is_none_or(|wanted| told.as_ref().unwrap().contains(wanted)), "{what}: {told:?}");
    }
}
