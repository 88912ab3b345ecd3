//! What real gateways did after they had failed over (`tests/records`): equivalent drills are judged alike, and nobody is told that service
//! stayed where it did not.

use crate::support::Project;
use serde_json::{Value, json};

fn record(name: &str) -> String {
    format!("{}/tests/records/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What the verdict says of it, in JSON and on the screen.
fn judged(project: &Project, name: &str) -> (Value, String) {
    let json = project.lifeboat(&["judge", "--format", "json", &record(name)]);
    let text = project.lifeboat(&["judge", &record(name)]).stdout;
    (serde_json::from_str(&json.stdout).unwrap(), text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn equivalent_drills_of_a_gateway_that_relapses_are_judged_alike_and_none_is_told_to_have_stayed() {
    let project = Project::empty();
    for name in ["envoy-second-wave.jsonl", "envoy-second-wave-b.json", "envoy-second-wave-h2.json"] {
        let (verdict, text) = judged(&project, name);
        assert_eq!(verdict["verdict"], "missed", "{name}");
        let objectives = json!([{"name": "rto", "verdict": "met"}, {"name": "stability", "verdict": "missed"}]);
        assert_eq!((&verdict["objectives"], &verdict["measures"]["relapses"]), (&objectives, &json!(1)), "{name}");
        let relapse = &verdict["measures"]["departures"][0];
        let (first, last) = (relapse["first_ms"].as_f64().unwrap(), relapse["last_ms"].as_f64().unwrap());
        assert!((8_200.0..8_700.0).contains(&first) && (9_900.0..10_200.0).contains(&last), "{name}: {first} to {last}");
        assert_eq!(relapse["failed_at"], json!([{"provider": null, "requests": relapse["bad"]}]), "{name}: the dead primary got none");
        assert!(verdict["measures"]["sustained"]["lo_ms"].as_f64() > Some(8_900.0), "{name}: {}", verdict["measures"]["sustained"]);
        assert!(!text.contains("stayed good") && text.contains("Service did not stay good: "), "{name}: {text}");
    }
    let (_, text) = judged(&project, "envoy-second-wave.jsonl");
    let told = "9 of 27 requests were bad 8.27 to 10.02 s after the fault, and reached no proxy. Objective stability: missed.";
    assert!(text.contains(told) && text.contains(" sustained 9.59 to 10.36 s "), "{text}");
}

#[test]
fn two_late_neighbours_among_160_are_within_a_promise_of_98_per_cent() {
    let (verdict, _) = judged(&Project::empty(), "late-neighbours.json");
    assert_eq!(
        (&verdict["verdict"], &verdict["measures"]["late"], &verdict["measures"]["relapses"]),
        (&json!("met"), &json!(2), &json!(0))
    );
}
