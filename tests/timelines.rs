//! Timelines of more than one fault, and drills at the same time.

use crate::support::Project;
use serde_json::Value;

const FAULT: &str = "{at: 0s, on: first, fault: blackhole, for: 7500ms}";

/// For each fault in the order of its place: when it was confirmed and when it was healed, in milliseconds from the first, and how many
/// requests it touched.
fn faults(events: &[Value]) -> Vec<(u64, u64, u64)> {
    let of = |kind: &str, place: u64| {
        events.iter().filter_map(|event| event.get(kind)).find(|event| event["fault"] == place).cloned().unwrap_or_default()
    };
    let zero = of("fault_confirmed", 0)["hi"].as_u64().unwrap();
    let from_zero = |moment: &Value| moment.as_u64().unwrap().saturating_sub(zero) / 1_000_000;
    let count = events.iter().filter(|event| event.get("fault_confirmed").is_some()).count() as u64;
    (0..count)
        .map(|place| {
            let healed = of("fault_healed", place);
            (from_zero(&of("fault_confirmed", place)["hi"]), from_zero(&healed["lo"]), healed["touched"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn a_standby_that_is_slow_while_the_primary_is_down() {
    let project = Project::quick();
    let slow = "{at: 1s, on: second, fault: {latency: {latency: 50ms}}, for: 6s}";
    project.edit("scenarios/quick.yaml", FAULT, &format!("{FAULT}, {slow}"));
    project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]).exits_with(0).says("met");
    let faults = faults(&project.events("drill"));
    let [(_, first_healed, first), (second_at, second_healed, second)] = faults[..] else { panic!("{faults:?}") };
    assert!(first > 0 && second > 100, "{faults:?}");
    assert!(1000 <= second_at && second_at < second_healed && second_healed < first_healed, "{faults:?}");
}

#[test]
fn one_fault_after_another_on_the_primary() {
    let project = Project::quick();
    project.edit(
        "scenarios/quick.yaml",
        FAULT,
        "{at: 0s, on: first, fault: blackhole, for: 3s}, {at: 3s, on: first, fault: {status: {code: 503}}, for: 4500ms}",
    );
    project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]).exits_with(0).says("met");
    let faults = faults(&project.events("drill"));
    let [(_, first_healed, first), (second_at, _, second)] = faults[..] else { panic!("{faults:?}") };
    assert!(first > 0 && second > 0, "{faults:?}");
    // The first ends before the second begins, and the gap is a few calls to the control API; a second tells it from a lost fault.
    assert!(first_healed <= second_at && second_at < first_healed + 1000, "{faults:?}");
}

#[test]
fn two_drills_at_the_same_time_do_not_disturb_each_other() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "rate: 50/s", "rate: 25/s");
    let arguments = ["run", "scenarios/quick.yaml", "--seed", "7"];
    let drills = [project.start(&arguments), project.start(&arguments)];
    for drill in drills {
        drill.finish().exits_with(0).says("met");
    }
    let folders: Vec<_> = std::fs::read_dir(project.path("drills")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(folders.len(), 2, "{folders:?}");
    for folder in folders {
        let events = project.events(&format!("drills/{}", folder.display()));
        let count = |kind: &str| events.iter().filter(|event| event.get(kind).is_some()).count() as u64;
        assert_eq!(events.last().unwrap()["finished"]["requests"].as_u64(), Some(count("request")));
        // Every answer was seen by the drill's own proxies, and by no other's: as many whole exchanges as whole answers at most twice.
        let answered = events.iter().filter(|event| event["request"]["outcome"] == "ok").count() as u64;
        assert!(count("served") >= answered && count("served") < 2 * count("request"), "{} exchanges", count("served"));
    }
}
