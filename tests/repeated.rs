//! Several drills of one scenario: run in a folder of their own, told together, and told again alike from what they left behind.

use crate::support::{Project, wait_for};
use flate2::read::GzDecoder;
use lifeboat::console::WorkProgress;
use lifeboat::exercise::judge_repeats;
use lifeboat::report::TrialOutcome;
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The phase that a trial's history tells: by how much its baseline is longer than that of the scenario.
fn phase_in(project: &Project, trial: &str) -> f64 {
    let started = project.events(trial)[0]["started"].clone();
    let baseline = started["plan"]["scenario"]["timeline"]["baseline"].as_str().unwrap().to_owned();
    let baseline: lifeboat::units::Duration = baseline.parse().unwrap();
    baseline.as_nanos() as f64 / 1e6 - 1500.0
}

#[test]
fn drills_of_one_scenario_have_one_report_that_is_the_same_when_it_is_made_again() {
    let project = Project::quick();
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--repeat", "3", "--seed", "7", "--out", "series"]);
    let record = project.json("series/repeats.json");
    let trials = record["trials"].as_array().unwrap();
    assert_eq!((trials.len(), record["ended"]["why"].as_str(), record["reset"].as_str()), (3, Some("all_ran"), Some("fresh")));
    let mut drawn: Vec<(String, String)> = Vec::new();
    for (trial, told) in trials.iter().zip(record["statement"]["trials"].as_array().unwrap()) {
        let folder = format!("series/{}", trial["folder"].as_str().unwrap());
        let phase = trial["phase_ms"].as_f64().unwrap();
        assert!((0.0..1000.0).contains(&phase) && (phase_in(&project, &folder) - phase).abs() < 1e-6, "{trial}");
        assert_eq!(project.events(&folder)[0]["started"]["seed"], trial["seed"]);
        let verdict = project.json(&format!("{folder}/verdict.json"));
        if told["result"] == verdict["verdict"] && told["result"] != "void" {
            assert_eq!(told["interval"], verdict["measures"]["cutover"], "{folder}");
        }
        drawn.push((trial["seed"].to_string(), trial["phase_ms"].to_string()));
    }
    drawn.sort();
    drawn.dedup_by(|left, right| left.0 == right.0 || left.1 == right.1);
    assert_eq!(drawn.len(), 3, "each has a seed and a phase of its own");
    // On a quiet machine all of them are met; on a busy one the generator may be late, and says so.
    let code = match record["statement"]["verdict"].as_str().unwrap() {
        "met" => 0,
        "missed" => 1,
        _ => 3,
    };
    run.exits_with(code).says("trial 2 of 3: 1 ").says(record["statement"]["text"].as_str().unwrap());
    if code == 0 {
        assert_eq!(record["statement"]["counts"]["met"], 3);
        run.says("3 of 3 trials met the RTO of 2 s; the slowest cut over").says("exceeds 36%");
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    told_again(&project);
    project.lifeboat(&["run", "scenarios/quick.yaml", "--repeat", "2", "--out", "series"]).exits_with(2).says("already holds a drill");
}

/// Every form of it is the same, whenever and wherever it is made again.
fn told_again(project: &Project) {
    let read = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    for (format, file) in [("md", "series/report.md"), ("html", "series/report.html"), ("verdict", "series/repeats.json")] {
        let mut command = project.command(&["report", "series", "--format", format]);
        let run = project.run(command.env("TZ", "Pacific/Apia"));
        assert_eq!(run.exits_with(0).stdout, read(file), "{file}");
    }
    assert_eq!(project.lifeboat(&["judge", "series", "--format", "json"]).stdout, read("series/repeats.json"));
    let report = read("series/report.md");
    for part in [
        "## What may be said",
        "## What must not be said",
        "## The trials, in their order",
        "`trial-02/report.md`",
        "Not that 90% of drills",
    ] {
        assert!(report.contains(part), "{part} in\n{report}");
    }
    let page = read("series/report.html");
    assert!(page.contains("trial 3") && page.contains("What must not be said"), "{page}");
}

#[test]
fn a_person_ends_a_series_after_healing_and_the_stopped_trial_counts_as_not_met() {
    let project = Project::quick();
    let args = ["run", "scenarios/quick.yaml", "--repeat", "3", "--until-known", "--seed", "9", "--out", "series"];
    let mut drill = project.start(&args);
    drill.until("trial 2 of 3");
    let history = || std::fs::read_to_string(project.path("series/trial-02/history.jsonl")).unwrap_or_default();
    // Into the fault, so that requests are hurt and none of the objectives is decided.
    wait_for("the fault of the second trial", || history().contains("\"fault_confirmed\"").then_some(()));
    let before = project.json("series/repeats.json");
    assert!(before["ended"].is_null() && before["statement"].is_null(), "{before}");
    let limits =
        |key: &str| before["sequential"][key].as_array().unwrap().iter().map(|limit| limit["trials"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!((limits("accept"), limits("reject")), (vec![], vec![3, 3]), "cut off after 3");
    drill.signal(2);
    let run = drill.finish();
    run.exits_with(4).says("stopping: every fault is healed");
    project.stopped_cleanly("series/trial-02", "person");
    let record = project.json("series/repeats.json");
    assert_eq!((&record["ended"]["why"], &record["ended"]["after"]), (&json!("person"), &json!(2)));
    let results: Vec<&Value> = record["statement"]["trials"].as_array().unwrap().iter().map(|trial| &trial["result"]).collect();
    assert_eq!(results[1..], ["stopped", "not run"], "{record:#}");
    assert!(!project.path("series/trial-03").exists());
    let counts = &record["statement"]["counts"];
    assert_eq!((&counts["stopped"], &counts["not_run"]), (&json!(1), &json!(1)));
    let report = std::fs::read_to_string(project.path("series/report.md")).unwrap();
    assert!(
        report.contains("2 of 3 times")
            && report.contains("A person stopped the series in trial 2 of 3.")
            && report.contains("1 was stopped before that was known"),
        "{report}"
    );
    assert_eq!(project.lifeboat(&["report", "series"]).exits_with(0).stdout, report);
}

#[test]
fn a_reset_that_fails_ends_the_series_with_what_it_said_and_without_secrets() {
    let project = Project::quick();
    let gateway = |reset: &str| format!("services: {{chat: {{url: \"http://127.0.0.1:9/v1\", reset: {reset}}}}}");
    project.environment("broken", &gateway("{run: [sh, -c, \"echo no lock on $RESET_TOKEN; exit 3\"], pass: [RESET_TOKEN]}"));
    project.environment("slow", &gateway("{run: [sleep, \"60\"], within: 200ms}"));
    project.environment("counting", &gateway("[sh, -c, \"echo ${service.name} >> resets\"]"));
    let run = |environment: &str| {
        let args = ["run", "scenarios/quick.yaml", "--env", environment, "--repeat", "3", "--out", environment];
        project.run(project.command(&args).env("RESET_TOKEN", "a-token-that-nobody-may-read"))
    };
    let broken = run("broken");
    broken.exits_with(3).says("the system could not be put back").says("the reset of `chat` failed").says("exit code 3").says("no lock on");
    let kept = std::fs::read_to_string(project.path("broken/repeats.json")).unwrap()
        + &std::fs::read_to_string(project.path("broken/report.md")).unwrap();
    assert!(!kept.contains("nobody-may-read") && !broken.stdout.contains("nobody-may-read") && !broken.stderr.contains("nobody-may-read"));
    let record = project.json("broken/repeats.json");
    assert_eq!((&record["ended"]["why"], &record["ended"]["after"], &record["reset"]), (&json!("reset"), &json!(0), &json!("command")));
    assert_eq!(record["statement"]["counts"]["not_run"], 3);
    run("slow").exits_with(3).says("did not end within");
    // It is put back before the first trial as well; that then finds nobody at the service, and the series ends.
    run("counting").exits_with(3).says("The series ended with trial 1 of 3");
    assert_eq!(std::fs::read_to_string(project.path("resets")).unwrap(), "chat\n");
    let plan = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "lab", "--repeat", "4", "--dry-run"]);
    plan.exits_with(0).says("4, each with a phase of the fault of its own");
    project.environment("unknown", &gateway("[\"./reset.sh\", \"${proxy.first.url}\"]"));
    let checked = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "unknown", "--dry-run"]);
    checked.exits_with(2).says("a reset runs between drills, where `${proxy.first.url}` stands for nothing");
}

/// The history of a stored drill.
fn stored(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills").join(name).join("history.jsonl.gz");
    let mut history = Vec::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut history).unwrap();
    history
}

/// A folder of trials with these histories, planned as they are; no history: it did not run.
fn series(project: &Project, name: &str, histories: &[Option<&[u8]>]) -> PathBuf {
    let plan =
        |trial: usize| json!({"trial": trial, "folder": format!("trial-{trial:02}"), "seed": format!("{trial:016x}"), "phase_ms": 0.0});
    let record = json!({
        "format": "1.0", "lifeboat": "0.1.0", "campaign": name, "scenario": "azure-outage", "title": "Azure <b>stops</b> answering",
        "environment": "lab", "seed": "0000000000000007", "planned_at": "2026-11-29T13:05:07.000+00:00", "configuration_sha256": "",
        "confidence": 0.95, "excluded_most": 0.2, "baseline_ms": 10000.0, "phase_within_ms": 1000.0, "reset": "nothing",
        "trials": (1..=histories.len()).map(plan).collect::<Vec<_>>(), "ended": {"why": "all_ran", "after": histories.len()},
    });
    for (history, trial) in histories.iter().zip(1..) {
        if let Some(history) = history {
            project.write(&format!("{name}/trial-{trial:02}/history.jsonl"), std::str::from_utf8(history).unwrap());
        }
    }
    project.write(&format!("{name}/repeats.json"), &record.to_string());
    // Their plan is what the first of them did.
    let drills = judge_repeats(&project.path(name), &WorkProgress::default()).unwrap();
    let configuration = match &drills.trials[0].outcome {
        TrialOutcome::Judged(judged) => judged.configuration.clone(),
        other => panic!("{other:?}"),
    };
    project.edit(
        &format!("{name}/repeats.json"),
        "\"configuration_sha256\":\"\"",
        &format!("\"configuration_sha256\":\"{configuration}\""),
    );
    project.path(name)
}

#[test]
fn stored_drills_are_told_together_and_nothing_more_than_their_number_carries() {
    let project = Project::empty().unsearched();
    let outage = stored("format-2.0/azure-outage");
    series(&project, "twenty", &[Some(outage.as_slice()); 20]);
    let judged = project.lifeboat(&["judge", "twenty"]);
    judged.exits_with(0).says("20 of 20 trials met the RTO of").says("exceeds 86%").says("80% within");
    let report = project.lifeboat(&["report", "twenty"]).exits_with(0).stdout.clone();
    for part in [
        "Not that 95% of such outages end within",
        "it is only 64% sure that the slowest of 20 trials is slower than 95% of all",
        "that takes 29 trials without a miss, or 46 with one",
        "was not put back between",
    ] {
        assert!(report.contains(part), "{part} in\n{report}");
    }
    assert!(!report.contains("<b>") && !report.contains("P95"), "{report}");
    let page = project.lifeboat(&["report", "twenty", "--format", "html"]).exits_with(0).stdout.clone();
    assert!(!page.contains("<b>stops") && page.contains("trial 20"), "{page}");
    // One that was stopped is another plan, one is torn, one did not run: what is told is the worst of it, and no rate.
    let (stopped, torn) = (stored("format-1/stopped"), outage[..outage.len() / 2].to_vec());
    series(&project, "mixed", &[Some(&outage), Some(&stopped), Some(&torn), None, Some(b"{\"t\":nonsense\n")]);
    let mixed = project.lifeboat(&["judge", "mixed"]);
    mixed.exits_with(3).says("The trials are not alike, so nothing is claimed of them together.");
    let report = project.lifeboat(&["report", "mixed"]).exits_with(0).stdout.clone();
    assert!(report.contains("trial 2 ran with a plan other than the others") && report.contains("not run"), "{report}");
    assert!(!report.contains("exceeds") && !report.contains(&project.path("mixed").display().to_string()), "{report}");
}

#[test]
fn what_is_no_plan_of_repeated_drills_is_refused_with_a_reason() {
    let project = Project::empty().unsearched();
    let outage = stored("format-2.0/azure-outage");
    series(&project, "series", &[Some(outage.as_slice())]);
    let whole = std::fs::read_to_string(project.path("series/repeats.json")).unwrap();
    for (from, to, told) in [
        ("\"format\":\"1.0\"", "\"format\":\"2.0\"", "update lifeboat"),
        ("\"folder\":\"trial-01\"", "\"folder\":\"../elsewhere\"", "not beside them"),
        ("\"trials\":", "\"trails\":", "this is no plan of repeated drills"),
    ] {
        assert!(whole.contains(from), "{from} in {whole}");
        project.write("series/repeats.json", &whole.replace(from, to));
        for command in ["report", "judge"] {
            project.lifeboat(&[command, "series"]).exits_with(2).says(told);
        }
    }
}
