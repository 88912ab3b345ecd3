//! What was drilled and what was not: the matrix of services by failures, and the control ledger of four quarters, from the command line and by rules
//! that are told; as OSCAL it is read by OSCAL's own models.

use crate::support::Project;
use crate::support::reports::{understood, written};
use chrono::{DateTime, TimeDelta, Utc};
use lifeboat::coverage::{CellState, LedgerFacts, LedgerState, Matrix, PastDrill, PastFile, PlannedScenario, ledger, matrix};
use lifeboat::model::{DrillSchedule, FailureMode, IfMissed, Inventory, OverlapPolicy, ScheduleNotices};
use lifeboat::schedule::{Deferral, DeferredSubject, MissReason, Occurrence, OccurrenceEnd, OccurrenceState, Quarter, read_rule, starts};
use lifeboat::units::Duration;
use lifeboat::verdict::{Decision, Interval};
use std::path::Path;

const NOW: &str = "2026-11-30T12:00:00Z";

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Two services: one that everything depends on, one that is optional.
fn inventory() -> Inventory {
    let project = Project::quick();
    let text = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    let inventory = lifeboat::project::Project::open(&project.path(".")).0.inventory;
    let (name, service) = inventory.services.iter().next().unwrap_or_else(|| panic!("{text}"));
    let of = |criticality: &str| {
        let mut value = serde_json::to_value(service).unwrap();
        value["criticality"] = criticality.into();
        serde_json::from_value(value).unwrap()
    };
    let mut inventory = inventory.clone();
    inventory.services.remove(name);
    inventory.services.insert("chat".to_owned(), of("single-point-of-failure"));
    inventory.services.insert("hints".to_owned(), of("optional"));
    inventory
}

fn drill(id: &str, service: &str, scenario: &str, started: &str, verdict: Option<Decision>) -> PastDrill {
    PastDrill {
        id: id.to_owned(),
        service: service.to_owned(),
        scenario: scenario.to_owned(),
        environment: "lab".to_owned(),
        started: moment(started),
        ended: Some(moment(started) + TimeDelta::minutes(2)),
        verdict,
        cutover: Some(Interval { lo: 4_200_000_000, hi: Some(4_800_000_000) }),
        plan: "aa".repeat(32),
        modes: vec![FailureMode::Outage],
        files: vec![PastFile { path: "gateway.yaml".to_owned(), sha256: "01".repeat(32) }],
        evidence: Some("ee".repeat(32)),
        who: "ana".to_owned(),
    }
}

fn scenario(name: &str, modes: &[FailureMode]) -> PlannedScenario {
    PlannedScenario {
        file: format!("scenarios/{name}.yaml"),
        name: name.to_owned(),
        service: "chat".to_owned(),
        environment: "lab".to_owned(),
        plan: "aa".repeat(32),
        modes: modes.to_vec(),
        files: vec![PastFile { path: "gateway.yaml".to_owned(), sha256: "01".repeat(32) }],
        proven: false,
    }
}

fn state(matrix: &Matrix, mode: FailureMode) -> (CellState, String) {
    let row = matrix.rows.iter().find(|row| row.service == "chat").unwrap();
    let cell = row.cells.iter().find(|cell| cell.mode == mode).unwrap();
    (cell.state, cell.why.clone())
}

#[test]
fn a_cell_is_what_the_newest_drill_showed_until_what_was_drilled_has_changed() {
    let inventory = inventory();
    let drills = [drill("a", "chat", "outage", "2026-10-01T10:00:00Z", Some(Decision::Met))];
    let of = |scenarios: &[PlannedScenario], drills: &[PastDrill]| {
        state(&matrix(&inventory, scenarios, drills, moment(NOW)), FailureMode::Outage)
    };
    let today = scenario("outage", &[FailureMode::Outage]);
    assert_eq!(of(std::slice::from_ref(&today), &drills), (CellState::Met, String::new()));
    let stale = |change: &dyn Fn(&mut PlannedScenario)| {
        let mut changed = today.clone();
        change(&mut changed);
        of(&[changed], &drills)
    };
    assert_eq!(stale(&|it| it.plan = "bb".repeat(32)), (CellState::Stale, "its plan has changed since".into()));
    assert_eq!(stale(&|it| it.files[0].sha256 = "02".repeat(32)), (CellState::Stale, "gateway.yaml has changed since".into()));
    assert_eq!(stale(&|it| it.name = "other".into()), (CellState::Stale, "its scenario is gone, or not valid".into()));
    let old = [drill("a", "chat", "outage", "2025-11-01T10:00:00Z", Some(Decision::Met))];
    assert_eq!(of(std::slice::from_ref(&today), &old), (CellState::Stale, "it was more than a year ago".into()));
    let missed = [drills[0].clone(), drill("b", "chat", "outage", "2026-11-01T10:00:00Z", Some(Decision::Missed))];
    assert_eq!(of(std::slice::from_ref(&today), &missed).0, CellState::Missed);
    let void = [drill("b", "chat", "outage", "2026-11-01T10:00:00Z", Some(Decision::Void))];
    assert_eq!(of(std::slice::from_ref(&today), &void), (CellState::Unclear, "its last drill was void".into()));
    assert_eq!(
        of(std::slice::from_ref(&today), &[drills[0].clone(), void[0].clone()]).0,
        CellState::Met,
        "what shows nothing takes nothing away"
    );

    let unproven = |proven: bool| {
        let known = PlannedScenario { proven, ..today.clone() };
        matrix(&inventory, &[known], &drills, moment(NOW)).rows[0]
            .cells
            .iter()
            .find(|cell| cell.mode == FailureMode::Outage)
            .unwrap()
            .unproven
    };
    assert_eq!([unproven(false), unproven(true)], [true, false], "nobody knows whether a drill that was never seen red would notice");
    assert!(matrix(&inventory, std::slice::from_ref(&today), &drills, moment(NOW)).to_text().contains("unproven"));

    let slow = scenario("slow", &[FailureMode::BrownOut]);
    let whole = matrix(&inventory, &[today, slow], &drills, moment(NOW));
    let cell = whole.rows[0].cells.iter().find(|cell| cell.mode == FailureMode::BrownOut).unwrap();
    assert_eq!(
        (cell.state, cell.demanded, cell.not_run.as_slice()),
        (CellState::Never, true, ["scenarios/slow.yaml".to_owned()].as_slice())
    );
    assert_eq!([FailureMode::Price, FailureMode::Region].map(|mode| state(&whole, mode).0), [CellState::Never, CellState::Impossible]);
    let text = whole.to_text();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("brown-out          never!") && text.contains("not run: scenarios/slow.yaml"), "{text}");
    assert!(text.contains("outage             met?          2026-10-01  4.2 to 4.8 s  outage in lab"), "{text}");
    assert_eq!(whole.to_csv().lines().count(), 1 + 2 * 10);
    assert!(whole.to_markdown().contains("| service | criticality | outage | brown-out |"), "{}", whole.to_markdown());
}

fn schedule() -> DrillSchedule {
    DrillSchedule {
        name: "chat-quarterly".to_owned(),
        scenarios: vec!["scenarios/outage.yaml".to_owned()],
        environment: "lab".to_owned(),
        when: read_rule("second Tuesday of every quarter, 10:00 UTC", None).unwrap(),
        window: Duration::from_secs(7_200),
        jitter: Duration::ZERO,
        if_missed: IfMissed::RunLate,
        overlap: OverlapPolicy::Skip,
        cadence: None,
        approval: None,
        notify: ScheduleNotices::default(),
    }
}

fn deferral(subject: DeferredSubject, name: &str, quarter: &str, until: &str) -> Deferral {
    Deferral {
        subject,
        name: name.to_owned(),
        quarter: quarter.parse().unwrap(),
        by: "=ana".to_owned(),
        why: "+the gateway | moves <b>soon</b>".to_owned(),
        until: until.parse().unwrap(),
        made: moment("2026-01-02T09:00:00Z"),
    }
}

/// The states of a row, by quarter.
fn states(facts: &LedgerFacts<'_>, name: &str) -> Vec<LedgerState> {
    let ledger = ledger(facts, &Quarter::of_year(2026), moment(NOW));
    ledger.rows.iter().find(|row| row.name == name).unwrap().cells.iter().map(|cell| cell.state).collect()
}

#[test]
fn a_quarter_is_done_late_deferred_missed_or_open() {
    use LedgerState::{Deferred, Done, Late, Missed, NotDue, Open, Unrecorded};
    let (inventory, scenarios, schedules) = (inventory(), [scenario("outage", &[FailureMode::Outage])], [schedule()]);
    let facts =
        LedgerFacts { inventory: &inventory, schedules: &schedules, scenarios: &scenarios, occurrences: &[], deferrals: &[], drills: &[] };
    assert_eq!(states(&facts, "chat"), [Unrecorded, Unrecorded, Unrecorded, Open], "before anything was recorded nothing is missed");
    assert_eq!(states(&facts, "chat-quarterly"), [Unrecorded, Unrecorded, Unrecorded, Unrecorded]);
    assert_eq!(states(&facts, "hints"), [Unrecorded, Unrecorded, Unrecorded, NotDue]);

    // Due on 13 January, 14 April, 14 July and 13 October; started by cron, so that drills alone tell.
    let met = |id: &str, started: &str| drill(id, "chat", "outage", started, Some(Decision::Met));
    let drills = [
        met("a", "2026-01-13T10:00:30Z"),
        met("b", "2026-05-20T10:00:00Z"),
        met("c", "2026-10-02T10:00:00Z"),
        met("d", "2026-10-13T11:59:00Z"),
    ];
    let by_drills = LedgerFacts { drills: &drills, ..facts };
    assert_eq!(states(&by_drills, "chat-quarterly"), [Done, Late, Late, Done]);
    assert_eq!(states(&by_drills, "chat"), [Done, Done, Late, Done], "of two drills in October the first makes up for the quarter before");
    let fewer = [drills[0].clone(), drills[3].clone()];
    assert_eq!(states(&LedgerFacts { drills: &fewer, ..facts }, "chat"), [Done, Missed, Missed, Done]);
    assert_eq!(states(&LedgerFacts { drills: &fewer, ..facts }, "chat-quarterly"), [Done, Missed, Missed, Done]);

    // A deferral holds until its day, and then it is missed; done by then it is late.
    let second = [deferral(DeferredSubject::Schedule, "chat-quarterly", "2026-Q2", "2026-12-20")];
    let deferred = LedgerFacts { drills: &fewer, deferrals: &second, ..facts };
    assert_eq!(states(&deferred, "chat-quarterly"), [Done, Late, Missed, Done], "the drill of October came by its day");
    let alone = LedgerFacts { drills: &fewer[..1], deferrals: &second, ..facts };
    assert_eq!(states(&alone, "chat-quarterly"), [Done, Deferred, Missed, Missed]);
    assert_eq!(states(&alone, "chat"), [Done, Deferred, Missed, Open], "its service is deferred with it");
    let passed = [deferral(DeferredSubject::Service, "chat", "2026-Q2", "2026-08-01")];
    assert_eq!(states(&LedgerFacts { drills: &fewer, deferrals: &passed, ..facts }, "chat")[1], Missed);

    // What a daemon kept tells more than drills do.
    let due = starts(&schedules[0], moment("2026-01-01T00:00:00Z"), moment("2026-12-31T00:00:00Z"));
    let kept = |place: usize, state, end: Option<OccurrenceEnd>, reason| Occurrence {
        state,
        end,
        reason,
        ..Occurrence::new("chat-quarterly", due[place])
    };
    let over = OccurrenceState::Over;
    let occurrences = [
        kept(0, over, Some(OccurrenceEnd::Kept), None),
        kept(1, over, Some(OccurrenceEnd::Missed), Some(MissReason::Freeze)),
        kept(2, over, Some(OccurrenceEnd::Late), None),
        kept(3, OccurrenceState::Asked, None, None),
    ];
    assert_eq!(states(&LedgerFacts { occurrences: &occurrences, ..facts }, "chat-quarterly"), [Done, Missed, Late, Open]);
}

#[test]
fn the_ledger_is_read_by_oscal_s_models_and_no_cell_of_it_is_a_formula() {
    let (inventory, scenarios, schedules) = (inventory(), [scenario("outage", &[FailureMode::Outage])], [schedule()]);
    let drills = [
        drill("=cmd|' /C calc'!A0", "chat", "outage", "2026-01-13T10:00:30Z", Some(Decision::Missed)),
        drill("b", "chat", "outage", "2026-04-14T10:00:00Z", Some(Decision::Met)),
    ];
    let deferrals = [
        deferral(DeferredSubject::Service, "chat", "2026-Q3", "2026-12-20"),
        deferral(DeferredSubject::Schedule, "chat-quarterly", "2026-Q3", "2026-12-20"),
    ];
    let facts = LedgerFacts {
        inventory: &inventory,
        schedules: &schedules,
        scenarios: &scenarios,
        occurrences: &[],
        deferrals: &deferrals,
        drills: &drills,
    };
    let ledger = ledger(&facts, &Quarter::of_year(2026), moment(NOW));
    let folder = tempfile::tempdir().unwrap();
    let told = understood("oscal", &written(folder.path(), "json", [ledger.to_oscal()]));
    let findings = told[0]["findings"].as_array().unwrap();
    let state = |target: &str| {
        findings.iter().find(|finding| finding["target"] == target).unwrap_or_else(|| panic!("{findings:#?}"))["state"].clone()
    };
    assert_eq!(state("service.chat.2026-Q1"), "satisfied", "a control was exercised though its objective was missed");
    assert_eq!((state("service.chat.2026-Q3"), state("schedule.chat-quarterly.2026-Q4")), ("not-satisfied".into(), "not-satisfied".into()));
    assert_eq!(told[0]["observations"], 2);
    assert_eq!(ledger.to_oscal(), ledger.to_oscal(), "the same ledger is the same document");

    let csv = ledger.to_csv();
    for begins in ["=", "+", "-", "@"] {
        assert!(!csv.lines().any(|line| line.split(',').any(|cell| cell.trim_start_matches('"').starts_with(begins))), "{begins}: {csv}");
    }
    assert!(csv.contains("'=ana") && csv.contains("2026-12-20") && csv.contains(&"ee".repeat(32)), "{csv}");
    let seen = understood("markdown", &written(folder.path(), "md", [ledger.to_markdown()]));
    for engine in seen[0].as_array().unwrap() {
        assert_eq!(engine["tables"].as_array().unwrap().len(), 2, "{}", ledger.to_markdown());
        let strange =
            engine["elements"].as_array().unwrap().iter().filter(|tag| ["b", "script", "a", "img"].iter().any(|bad| *tag == bad)).count();
        assert_eq!(strange, 0, "{engine}");
        for table in engine["tables"].as_array().unwrap() {
            let rows = table.as_array().unwrap();
            assert!(rows.iter().all(|cells| cells == &rows[0]), "{}", ledger.to_markdown());
        }
    }
    let text = ledger.to_text();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("deferred until 2026-12-20 by =ana"), "{text}");
}

const SCHEDULE: &str = "version: 1
schedule: chat-quarterly
scenarios: [scenarios/quick.yaml]
environment: lab
when: second Tuesday of every quarter, 10:00 Europe/Berlin
";

#[test]
fn a_drill_fills_its_cell_a_change_makes_it_stale_and_a_deferral_says_who_why_and_until_when() {
    let project = Project::quick();
    project.write("schedules/chat.yaml", SCHEDULE);
    project.lifeboat(&["coverage"]).exits_with(0).says("never!").says("not run: scenarios/quick.yaml");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--out", "drills/one", "--yes"]).exits_with(0);
    let covered = project.lifeboat(&["coverage"]);
    covered.exits_with(0).says("quick in lab");
    let outage = |run: &crate::support::Run| run.stdout.lines().find(|line| line.starts_with("  outage ")).unwrap().to_owned();
    assert!(outage(&covered).contains(" met? "), "it was never seen to go red: {covered:?}");
    project.lifeboat(&["coverage", "--strict"]).exits_with(1);
    let ledger = project.lifeboat(&["ledger", "--format", "csv"]);
    let row = ledger.stdout.lines().rfind(|line| line.starts_with("service,")).unwrap();
    assert!(row.contains(",done,") && row.contains(",met,quick,lab,"), "{ledger:?}");
    let manifest = std::fs::read(project.path("drills/one/manifest.json")).unwrap();
    assert!(row.contains(&lifeboat::units::sha256_hex(&manifest)), "{row}");

    project.edit("scenarios/quick.yaml", "watch: 1s", "watch: 2s");
    let stale = project.lifeboat(&["coverage"]);
    assert!(outage(&stale).contains("stale!") && outage(&stale).contains("its plan has changed since"), "{stale:?}");

    let defer = |more: &[&str]| project.lifeboat(&[["schedule", "defer"].as_slice(), more].concat());
    defer(&["chat-quarterly", "--until", "2099-01-15"]).exits_with(2).says("--reason");
    defer(&["chat-quarterly", "--reason", "moves"]).exits_with(2).says("--until");
    defer(&["chat-quarterly", "--until", "2099-01-15", "--reason", " "]).exits_with(2).says("must say why");
    defer(&["chat-quarterly", "--until", "2001-01-15", "--reason", "x"]).exits_with(2).says("overdue at once");
    defer(&["chat-quarterly", "--until", "2099-01-15", "--reason", "x", "--by", ""]).exits_with(2).says("who decided");
    defer(&["chat-quartely", "--until", "2099-01-15", "--reason", "x"]).exits_with(2).says("did you mean `chat-quarterly`?");
    defer(&["chat", "--until", "2099-01-15", "--reason", "x"]).exits_with(2).says("--service");
    let kept =
        defer(&["--service", "chat", "--quarter", "2030-Q1", "--until", "2099-01-15", "--reason", "the gateway moves", "--by", "ana"]);
    kept.exits_with(0).says("service chat in 2030-Q1: deferred until 2099-01-15 by ana: the gateway moves");
    let ledger = project.lifeboat(&["ledger", "--year", "2030"]);
    ledger.exits_with(0).says("deferred until 2099-01-15 by ana");
    assert!(ledger.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ledger.stdout);
    project.lifeboat(&["ledger", "--from", "2031-Q1", "--to", "2030-Q1"]).exits_with(2).says("is after");
    for format in ["json", "oscal", "md"] {
        project.lifeboat(&["ledger", "--year", "2030", "--format", format]).exits_with(0).says("ana");
    }
    for format in ["json", "csv", "md"] {
        project.lifeboat(&["coverage", "--format", format]).exits_with(0).says("stale");
    }
}

#[test]
fn what_a_scenario_shows_follows_from_its_faults() {
    let project = Project::quick();
    let of = |faults: &str| {
        let text = std::fs::read_to_string(project.path("scenarios/quick.yaml")).unwrap();
        let (before, rest) = text.split_once("faults:").unwrap();
        let after = rest.split_once('\n').map_or("", |(_, after)| after);
        project.write("scenarios/other.yaml", &format!("{before}faults: [{faults}]\n{after}"));
        let opened = lifeboat::project::Project::open(&project.path(".")).0;
        let plan = opened.plan(&project.path("scenarios/other.yaml"), "lab");
        let (plan, _) =
            plan.unwrap_or_else(|findings| panic!("{faults}: {}", findings.into_iter().map(|each| each.to_string()).collect::<String>()));
        FailureMode::of_plan(&plan).iter().map(|mode| mode.word()).collect::<Vec<_>>().join(" ")
    };
    let inventory = lifeboat::project::Project::open(Path::new(&project.path("."))).0.inventory;
    let providers = inventory.services["chat"].providers.clone();
    let (first, second) = (&providers[0], &providers[1]);
    let fault = |on: &str, fault: &str| format!("{{at: 0s, on: {on}, fault: {{{fault}}}, for: 7500ms}}");
    assert_eq!(of(&fault(first, "blackhole: {}")), "outage");
    assert_eq!(of(&fault(first, "status: {code: 429}")), "rate-limit");
    assert_eq!(of(&fault(first, "status: {code: 503, probability: 30%}")), "brown-out");
    assert_eq!(of(&fault(first, "empty-answer: {}")), "silent-corruption");
    assert_eq!(of(&fault(second, "blackhole: {}")), "", "nobody notices a standby that breaks alone");
    assert_eq!(of(&format!("{}, {}", fault(first, "blackhole: {}"), fault(second, "status: {code: 402}"))), "outage quota two-vendors");
}
