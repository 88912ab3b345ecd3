//! Services whose providers share the load: what a drill of them says when one is taken away, by worked histories and by a whole drill.

use crate::support::Project;
use lifeboat::history::bare;
use lifeboat::verdict::{Decision, Reason, Verdict, VerdictRecord, judge};
use serde_json::{Value, json};

/// What becomes of a request that is meant for the broken provider.
#[derive(Clone, Copy)]
enum Meant {
    /// It waits for it, as a proxy saw, and is answered by the other one.
    Rescued,
    /// The same where a blackhole swallowed the first attempt, so that nobody saw it.
    Swallowed,
    /// It goes to the other one at once.
    Moved,
    /// It is answered by the one it is meant for.
    Served,
}

/// `a` and `b` take turns; `a` is broken from 0 to 20 s. `meant` says what becomes of its requests by when they are due.
fn history(on: Value, meant: impl Fn(i64) -> Meant) -> Value {
    let mut requests = Vec::new();
    for (number, due) in (-9_970..40_000).step_by(100).enumerate() {
        let at = due + 2;
        let turn = number % 2 == 0;
        let (by, waits, seen) = match meant(due) {
            _ if !turn => ("b", 0, false),
            Meant::Rescued => ("b", 500, true),
            Meant::Swallowed => ("b", 500, false),
            Meant::Moved => ("b", 0, false),
            Meant::Served => ("a", 0, false),
        };
        let first = seen.then(|| json!({"provider": "a", "at_ms": at, "completed": false}));
        let answer = json!({"provider": by, "at_ms": at + waits, "completed": true});
        let attempts: Vec<Value> = first.into_iter().chain([answer]).collect();
        let done = due + waits + 60;
        requests.push(json!({"due_ms": due, "done_ms": done, "outcome": "ok", "served_by": by, "attempts": attempts}));
    }
    json!({
        "bare_history": 1,
        "objectives": {"rto_ms": 5000, "slo_ms": 1000, "failback_rto_ms": 5000},
        "fault": {"lo_ms": 0, "hi_ms": 0, "on": on}, "heal": {"lo_ms": 20_000, "hi_ms": 20_000}, "observed_until_ms": 40_000,
        "primary": ["a", "b"], "standbys": [], "requests": requests,
    })
}

fn judged(history: &Value) -> Verdict {
    judge(&bare(history.to_string().as_bytes()).unwrap())
}

fn span(verdict: &Verdict, name: &str) -> (f64, Option<f64>) {
    let value = serde_json::to_value(VerdictRecord::new(verdict, None)).unwrap()["measures"][name].clone();
    (value["lo_ms"].as_f64().unwrap(), value["hi_ms"].as_f64())
}

fn objective(verdict: &Verdict, name: &str) -> Decision {
    verdict.objectives.iter().find(|objective| objective.name.word() == name).unwrap().verdict
}

/// The share moves after two seconds, and `a` gets it again three seconds after the heal.
fn back(due: i64, first: Meant) -> Meant {
    match due {
        0..2_000 => first,
        2_000..23_000 => Meant::Moved,
        _ => Meant::Served,
    }
}

#[test]
fn a_share_has_moved_once_nobody_waits_for_the_broken_one() {
    for first in [Meant::Rescued, Meant::Swallowed] {
        let verdict = judged(&history(json!(["a"]), |due| if due < 0 { Meant::Served } else { back(due, first) }));
        // Everybody is well served from the beginning; a turn of `a` comes every 200 ms, and the last that waited was due at 1,830 ms.
        assert_eq!(verdict.verdict, Decision::Met, "{verdict:#?}");
        assert_eq!(span(&verdict, "restore").0, 0.0);
        assert_eq!(span(&verdict, "cutover"), (1_830.0, Some(1_990.0)));
        let share = verdict.measures.as_ref().unwrap().share.as_ref().unwrap();
        assert_eq!((share.of.as_slice(), share.before, share.waited), (&["a".to_owned()][..], 0.5, 10));
        assert_eq!(share.until.unwrap().seconds(), 1.83);
        let (lo, hi) = span(&verdict, "failback");
        assert!((0.0..=3_000.0).contains(&lo) && hi == Some(3_090.0), "({lo}, {hi:?}]");
    }
}

#[test]
fn a_share_that_does_not_move_is_missed_though_every_request_is_rescued() {
    for first in [Meant::Rescued, Meant::Swallowed] {
        let verdict = judged(&history(json!(["a"]), |due| if (0..20_000).contains(&due) { first } else { Meant::Served }));
        assert_eq!((objective(&verdict, "rto"), span(&verdict, "cutover").1), (Decision::Missed, None));
        assert_eq!(span(&verdict, "restore"), (0.0, Some(30.0)), "users were well served all the time");
        assert_eq!(verdict.measures.unwrap().share.unwrap().waited, 100);
    }
}

#[test]
fn a_share_that_does_not_come_back_is_missed() {
    let never = judged(&history(json!(["a"]), |due| if due < 0 { Meant::Served } else { Meant::Moved }));
    assert_eq!((objective(&never, "rto"), objective(&never, "failback")), (Decision::Met, Decision::Missed), "{never:#?}");
    // One request in four seconds is a probe and no share.
    let probed = judged(&history(json!(["a"]), |due| match due {
        ..0 => Meant::Served,
        20_000.. if due % 4_000 < 200 => Meant::Served,
        _ => Meant::Moved,
    }));
    assert_ne!(objective(&probed, "failback"), Decision::Met, "{probed:#?}");
    assert_eq!(span(&probed, "failback").1, None);
}

#[test]
fn a_broken_provider_that_had_no_share_tests_nothing() {
    let verdict = judged(&history(json!(["a"]), |_| Meant::Moved));
    assert_eq!((verdict.verdict, verdict.reason), (Decision::Inconclusive, Some(Reason::CutoverNotExercised)));
}

#[test]
fn without_proxies_nobody_can_say_that_nobody_waited() {
    let mut history = history(json!(["a"]), |due| if due < 0 { Meant::Served } else { back(due, Meant::Moved) });
    for request in history["requests"].as_array_mut().unwrap() {
        request["attempts"] = json!([]);
    }
    let verdict = judged(&history);
    assert_eq!((objective(&verdict, "rto"), span(&verdict, "cutover")), (Decision::Inconclusive, (0.0, None)));
}

#[test]
fn a_balanced_service_that_does_not_say_so_is_told_what_to_write() {
    let project = Project::empty();
    let mut history = history(json!(null), |due| if due < 0 { Meant::Served } else { back(due, Meant::Rescued) });
    history["primary"] = json!(["a"]);
    history["standbys"] = json!(["b"]);
    project.write("balanced.json", &history.to_string());
    let run = project.lifeboat(&["judge", "balanced.json"]);
    run.exits_with(3).says("void");
    // The screen breaks its lines where it must.
    let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("if a and b share the load on purpose, say so in the inventory: `providers: {share: [a, b]}`"), "{said}");
}

#[test]
fn a_drill_takes_one_of_two_that_share_away_and_gives_it_back() {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "providers: [first, second]", "providers: {share: [first, second]}").edit(
        "scenarios/quick.yaml",
        "  watch: 1s\n",
        "  watch: 9s\nobjectives: {failback: 4s}\n",
    );
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "5", "--out", "drill"]);
    run.exits_with(0).says("obody waited for");
    let (verdict, events) = (project.json("drill/verdict.json"), project.events("drill"));
    let share = &verdict["measures"]["share"];
    assert_eq!(share["of"], json!(["first"]));
    assert!((0.4..0.6).contains(&share["before"].as_f64().unwrap()), "{share}");
    // The breaker opens once five requests, one in 40 ms, have waited 300 ms each; nobody is proved to have moved before.
    let (lo, hi) = (verdict["measures"]["cutover"]["lo_ms"].as_f64().unwrap(), verdict["measures"]["cutover"]["hi_ms"].as_f64().unwrap());
    assert!(50.0 < lo && lo < hi && hi < 2_000.0, "({lo}, {hi}]");
    let healed = events.iter().find_map(|event| event.get("fault_healed")).unwrap()["hi"].as_u64().unwrap();
    let since = |by: &str| {
        events
            .iter()
            .filter_map(|event| event.get("served"))
            .filter(|seen| seen["by"] == by && seen["at"].as_u64().unwrap() > healed)
            .count()
    };
    assert!(since("first") > 50 && since("second") > 50, "{} {}", since("first"), since("second"));
    let report = project.lifeboat(&["report", "drill"]);
    report.exits_with(0);
    let text = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    assert!(
        text.contains("has moved, and no request waits for it")
            && text.contains("first has a share again")
            && text.contains("first and second sharing the load"),
        "{text}"
    );
}

#[test]
fn a_share_of_one_and_a_provider_named_twice_are_told() {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "providers: [first, second]", "providers: {share: [first], standbys: [second, first]}");
    let run = project.lifeboat(&["check", "scenarios/quick.yaml"]);
    run.exits_with(2).says("one provider shares the load with nobody").says("the standby `first` is the primary");
    project.edit("runbooks/inventory.yaml", "{share: [first], standbys: [second, first]}", "{share: [first, second, first, nobody]}");
    let run = project.lifeboat(&["check", "scenarios/quick.yaml"]);
    run.exits_with(2).says("`first` shares the load already").says("`nobody` is not a provider of this inventory");
    project.edit("runbooks/inventory.yaml", "{share: [first, second, first, nobody]}", "{share: [first, second]}");
    let faults = "faults: [{at: 0s, on: first, fault: blackhole, for: 7500ms}]";
    project.edit(
        "scenarios/quick.yaml",
        faults,
        "faults: [{at: 0s, on: first, fault: blackhole, for: 7500ms}, {at: 0s, on: second, fault: blackhole, for: 7500ms}]",
    );
    project.lifeboat(&["check", "scenarios/quick.yaml"]).exits_with(2).says("is broken, so it can move nowhere");
}

/// Which requests a fault takes is told before anything is sent.
#[test]
fn a_plan_says_which_requests_a_fault_takes() {
    let project = Project::quick();
    let told = |fault: &str, said: &str| {
        project.write(
            "scenarios/other.yaml",
            &std::fs::read_to_string(project.path("scenarios/quick.yaml")).unwrap().replace("blackhole", fault),
        );
        project.lifeboat(&["run", "scenarios/other.yaml", "--dry-run"]).exits_with(0).says(said);
    };
    told("{status: {code: 429}}", "status 429, inference requests only on first");
    told("{status: {code: 429, match: {requests: all}}}", "status 429, all requests on first");
    told("{status: {code: 503}}", "status 503 on first");
    told("{stall: {match: {requests: inference}}}", "stall, inference requests only on first");
}
