//! Drills beside others: two against each other, the trend of a scenario, an incident beside the drills of its scenario. No drill runs here: all are
//! stored ones, and hand-made records.

use super::support::Project;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Puts a stored drill into the project, changed so; with its `verdict.json` changed likewise.
fn stored(project: &Project, drill: &str, to: &str, changes: &[(&str, &str)]) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills").join(drill);
    let mut history = String::new();
    GzDecoder::new(File::open(from.join("history.jsonl.gz")).unwrap()).read_to_string(&mut history).unwrap();
    let verdict = std::fs::read_to_string(from.join("verdict.json")).unwrap_or_default();
    let changed = |text: String| changes.iter().fold(text, |text, (old, new)| text.replace(old, new));
    project.write(&format!("{to}/history.jsonl"), &changed(history));
    if !verdict.is_empty() {
        project.write(&format!("{to}/verdict.json"), &changed(verdict));
    }
}

const OUTAGE: &str = "format-2.0/azure-outage";
const SLOW: &str = "format-1/slow-breaker";

/// An outage of 20 s from 0 on, as somebody else recorded it: a request every 100 ms, those of the first `bad` seconds lost, and beyond that every
/// `nth` lost or none.
fn outage(bad: u32, nth: u32) -> String {
    let request = |due: i32| {
        let lost = (0..20_000).contains(&due) && (due < bad as i32 * 1000 || (nth > 0 && (due / 100) % nth as i32 == 0));
        let by = if due < 0 { "first" } else { "second" };
        match lost {
            true => json!({"due_ms": due, "done_ms": due + 30, "outcome": "error"}),
            false => json!({"due_ms": due, "done_ms": due + 30, "outcome": "ok", "served_by": by}),
        }
    };
    let requests: Vec<Value> = (-50..250).map(|number| request(number * 100)).collect();
    let objectives = json!({"rto_ms": 10000, "success": 0.9, "hold_ms": 5000});
    let (fault, heal) = (json!({"lo_ms": 0, "hi_ms": 0}), json!({"lo_ms": 20000, "hi_ms": 20000}));
    json!({"bare_history": 1, "primary": ["first"], "standbys": ["second"], "objectives": objectives, "fault": fault, "heal": heal,
        "observed_until_ms": 25000, "requests": requests})
    .to_string()
}

#[test]
fn two_drills_under_different_plans_are_told_as_that_first_and_then_what_differs() {
    let project = Project::empty().unsearched();
    stored(&project, OUTAGE, "drills/fast", &[]);
    stored(&project, SLOW, "drills/slow", &[]);
    let run = project.lifeboat(&["report", "drills/fast", "--against", "drills/slow"]);
    run.exits_with(0).says("# fast against slow: sooner");
    let (unlike, took) = (run.stdout.find("A and B were not drilled alike").unwrap(), run.stdout.find("Cutover took").unwrap());
    assert!(unlike < took, "{}", run.stdout);
    run.says("beyond what one probe can hide").says("| the lab's gateway, breaker, failures |").says("| yes: sooner by");
    run.says("One drill each").says("Fisher's exact test");
    // Seen from the other side it is the other way round, and both ways are written the same twice.
    let back = project.lifeboat(&["report", "drills/slow", "--against", "drills/fast"]);
    back.exits_with(0).says("# slow against fast: later").says("| yes: later by");
    assert_eq!(back.stdout, project.lifeboat(&["report", "drills/slow", "--against", "drills/fast"]).stdout);
}

#[test]
fn a_drill_against_itself_shows_no_difference() {
    let project = Project::empty().unsearched();
    stored(&project, OUTAGE, "drills/one", &[]);
    // Another history with the same requests.
    stored(
        &project,
        OUTAGE,
        "drills/two",
        &[("third quarter", "fourth quarter"), ("\"seed\":\"0000000000000007\"", "\"seed\":\"0000000000000008\"")],
    );
    let itself = project.lifeboat(&["report", "drills/one", "--against", "drills/one/history.jsonl"]);
    itself.exits_with(0).says("A and B are the same history").says("no difference shown");
    let alike = project.lifeboat(&["report", "drills/one", "--against", "drills/two"]);
    alike.exits_with(0).says("the two overlap, so no difference is shown").says("Nothing: scenario, traffic, faults");
    for run in [itself, alike] {
        assert!(!run.stdout.contains("| yes"), "{}", run.stdout);
        assert!(!run.stdout.contains("not drilled alike"), "{}", run.stdout);
    }
}

#[test]
fn where_one_setting_differs_that_one_is_told_and_what_falls_with_it() {
    for (old, new, setting, falls) in [
        ("\"rate\":\"50/s\"", "\"rate\":\"40/s\"", "| traffic of support-chat, rate | 50/s | 40/s |", "They sent different traffic"),
        (
            "\"slo\":\"2.5s\",\"slo_on\":\"proof\",\"deadline\":\"8s\",\"lead_in\":5",
            "\"slo\":\"2s\",\"slo_on\":\"proof\",\"deadline\":\"8s\",\"lead_in\":5",
            "| objectives of support-chat, slo | 2.5s | 2s |",
            "They call different answers good",
        ),
        ("\"fault\":\"blackhole\"", "\"fault\":\"reset\"", "| fault 1 | blackhole | reset |", "They broke different things"),
        (
            "\"try_timeout\":\"3s\"",
            "\"try_timeout\":\"2s\"",
            "| the lab's gateway, try timeout | 3s | 2s |",
            "They ran elsewhere or with other settings",
        ),
    ] {
        let project = Project::empty().unsearched();
        stored(&project, OUTAGE, "one", &[]);
        stored(&project, OUTAGE, "two", &[(old, new)]);
        let run = project.lifeboat(&["report", "one", "--against", "two"]);
        run.exits_with(0).says(setting).says(falls).says("1 setting differs");
    }
}

#[test]
fn records_of_others_are_held_against_each_other_and_only_what_differs_is_called_different() {
    let project = Project::empty().unsearched();
    project.write("quick.json", &outage(2, 0)).write("slow.json", &outage(9, 0)).write("lossy.json", &outage(2, 25));
    let slow = project.lifeboat(&["report", "slow.json", "--against", "quick.json"]);
    slow.exits_with(0).says("# slow.json against quick.json: later").says("Of A and B there is no plan");
    // The same cutover, and more was lost.
    let lossy = project.lifeboat(&["report", "lossy.json", "--against", "quick.json"]);
    lossy.exits_with(0).says("so no difference is shown").says("| lost during the fault | 27 of 200 requests | 20 of 200 requests |");
}

#[test]
fn what_cannot_be_compared_says_what_to_type() {
    let project = Project::empty().unsearched();
    stored(&project, OUTAGE, "drill", &[]);
    stored(&project, "format-1/execution", "walk", &[]);
    project.write("notes.txt", "nothing").write("none/readme", "");
    project.write("bare.json", "{\"bare_history\": 1, \"primary\": [\"a\"], \"standbys\": [\"b\"], \"requests\": []}");
    let against = |other: &str| project.lifeboat(&["report", "drill", "--against", other]);
    against("walk").exits_with(2).says("error: walk is a runbook that was walked").says("hint: `lifeboat report walk` shows its report");
    against("notes.txt").exits_with(2).says("notes.txt: this is no history of a drill");
    against("none").exits_with(2).says("cannot read none/history.jsonl").says("hint: name a drill's folder");
    // A history without a request, and one that breaks off, are compared as far as they go.
    against("bare.json").exits_with(0).says("One of the two measured no recovery").says("Of B there is no plan");
    let whole = std::fs::read_to_string(project.path("drill/history.jsonl")).unwrap();
    project.write("torn/history.jsonl", &whole[..whole.len() / 2]);
    against("torn").exits_with(0).says("warning: the last line is incomplete").says("One of the two measured no recovery");
    project.lifeboat(&["report", "drill", "--against", "drill", "--trend"]).exits_with(2).says("cannot be used with");
    project.lifeboat(&["report", "drill", "--incident", "INC-1"]).exits_with(2).says("error: a drill is no incident");
    project.lifeboat(&["report", "bare.json", "--trend"]).exits_with(2).says("error: only drills have a trend");
    // Drills of two scenarios.
    stored(&project, "format-1/key-revoked", "key", &[]);
    against("key").exits_with(0).says("They broke different things");
}

#[test]
fn the_drills_before_one_are_shown_where_they_are_asked_for_and_only_then() {
    let project = Project::empty().unsearched();
    let day = |day: &str| ("2026-11-29T19:35:49.991", format!("{day}T19:35:49.991"));
    for (name, date, id) in
        [("third", "2026-11-29", "3"), ("first", "2026-05-02", "1"), ("second", "2026-08-11", "2"), ("later", "2026-12-24", "4")]
    {
        let (old, new) = day(date);
        let drill = format!("2026-11-29T19-35-49-azure-outage-000{id}");
        let mut changes = vec![(old, new.as_str()), ("2026-11-29T19-35-49-azure-outage-0007", drill.as_str())];
        if id == "1" {
            changes.push(("\"try_timeout\":\"3s\"", "\"try_timeout\":\"2s\""));
        }
        stored(&project, OUTAGE, &format!("drills/{name}"), &changes);
    }
    stored(&project, "format-1/key-revoked", "drills/key", &[]);
    stored(&project, OUTAGE, "drills/killed", &[("2026-11-29T19-35-49-azure-outage-0007", "killed")]);
    std::fs::remove_file(project.path("drills/killed/verdict.json")).unwrap();
    let plain = project.lifeboat(&["report", "drills/third"]);
    assert!(!plain.stdout.contains("The drills before it"), "{}", plain.stdout);
    let trend = project.lifeboat(&["report", "drills/third", "--trend"]);
    trend.exits_with(0).says("## The drills before it").says("3 of the last 3 drills met their objectives, this one included.");
    trend
        .says("| first | 2026-05-02 19:35 | met | 2.90 to 3.12 s | |")
        .says("| second | 2026-08-11 19:35 | met | 2.90 to 3.12 s | environment |");
    trend.says("it overlaps with each of the 2 before it").says("What was drilled was changed once among them");
    trend.says("1 drill of this scenario has no verdict that can be read");
    let two = project.lifeboat(&["report", "drills/third/history.jsonl", "--trend", "1"]);
    two.exits_with(0).says("2 of the last 2 drills met their objectives, this one included (one older one is not shown).");
    let alone = project.lifeboat(&["report", "drills/first", "--trend"]);
    alone.exits_with(0).says("There is no earlier drill of this scenario");
}

#[test]
fn an_incident_has_a_report_of_the_same_form_beside_the_drills_of_its_scenario() {
    let project = Project::shipped().unsearched();
    stored(&project, OUTAGE, "drills/drilled", &[]);
    project.write("day.json", &outage(9, 0));
    let plain = project.lifeboat(&["report", "day.json"]);
    plain.exits_with(0).says("# day.json: met").says("9.0").says("## What is not known").says("| record | day.json |");
    let run = project.lifeboat(&["report", "day.json", "--incident", "INC-123", "--objectives", "scenarios/azure-outage.yaml"]);
    run.exits_with(0).says("# INC-123: day.json").says("Drilled at 2.90 to 3.12 s on 2026-11-29; on the day it took");
    run.says("longer than drilled").says("Most of the difference").says("| incident | INC-123 |");
    let json: Value = serde_json::from_str(
        &project
            .lifeboat(&["report", "day.json", "--incident", "INC-123", "--objectives", "scenarios/azure-outage.yaml", "--format", "json"])
            .stdout,
    )
    .unwrap();
    assert_eq!(json["report"]["identity"]["incident"], "INC-123");
    assert_eq!(json["report"]["kind"], "incident");
    // A folder that was named must be there; one that was not need not.
    let nowhere =
        project.lifeboat(&["report", "day.json", "--incident", "I", "--objectives", "scenarios/azure-outage.yaml", "--drills", "nowhere"]);
    nowhere.exits_with(2).says("error: nowhere is no folder").says("hint: name the folder");
}

#[test]
fn an_access_log_has_a_report_with_what_it_cannot_tell() {
    let project = Project::empty().unsearched();
    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records/haproxy.log");
    std::fs::copy(log, project.path("haproxy.log")).unwrap();
    let run =
        project.lifeboat(&["report", "haproxy.log", "--from", "haproxy", "--fault-at", "2026-11-20T19:33:24.209Z", "--incident", "INC-7"]);
    run.exits_with(0).says("# INC-7: haproxy.log: inconclusive").says("## What is not known").says("taken from --fault-at");
    // Markup in a name is none.
    let odd = project.lifeboat(&["report", "haproxy.log", "--from", "haproxy", "--incident", "<script>alert(1)</script>\u{1b}[31m"]);
    odd.exits_with(0);
    let unescaped = odd.stdout.replace("\\<", "");
    assert!(!unescaped.contains("<script") && !odd.stdout.contains('\u{1b}'), "{}", odd.stdout);
}

#[test]
fn a_walked_runbook_is_an_incident_whose_seconds_begin_with_the_outage() {
    let project = Project::shipped().unsearched();
    stored(&project, "format-1/execution", "walk", &[]);
    stored(&project, OUTAGE, "drills/drilled", &[("2026-11-29T19:35:49.991", "2026-01-29T19:35:49.991")]);
    let history = std::fs::read_to_string(project.path("walk/history.jsonl")).unwrap();
    let first: Value = serde_json::from_str(history.lines().next().unwrap()).unwrap();
    let began = first["execution_started"]["wall_clock"].as_str().unwrap();
    let began = chrono::DateTime::parse_from_rfc3339(began).unwrap();
    let outage_at = (began - chrono::Duration::seconds(125)).to_rfc3339();
    let walk = |options: &[&str]| project.lifeboat(&[&["report", "walk", "--incident", "INC-9"], options].concat());
    let run = walk(&["--fault-at", &outage_at, "--objectives", "scenarios/azure-outage.yaml"]);
    run.exits_with(0).says("# INC-9: simple: done").says("went by before the runbook was started").says("## Where the seconds went");
    run.says("## What happened").says("Most of the difference").says("is detection").says("## Beside the last drills of this scenario");
    // What users saw meanwhile stands beside it, where somebody recorded it.
    project.write("day.json", &outage(9, 0));
    let both = walk(&["--fault-at", &outage_at, "--objectives", "scenarios/azure-outage.yaml", "--traffic", "day.json"]);
    both.exits_with(0).says("What users saw, by day.json").says("on the day it took 8.90 to 9.03 s");
    walk(&[]).exits_with(0).says("# INC-9: simple");
    walk(&["--fault-at", "+3s"]).exits_with(2).says("error: an execution has no requests to count from");
    let plain = project.lifeboat(&["report", "walk"]);
    plain.exits_with(0);
    assert!(!plain.stdout.contains("Beside the last drills"), "{}", plain.stdout);
}
