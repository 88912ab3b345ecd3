//! Faults on requests and answers: every setting is read, and each mistake is found where it stands.

use super::super::Project;
use super::{Files, SCENARIO_PATH};

const PLANNED: &str = "fault: {blackhole: {}}";

#[test]
fn every_setting_is_read_and_told() {
    for (written, told) in [
        (
            "{status: {code: 529, retry_after: 30s, retry_form: date, probability: 30%}}",
            "status 529, Retry-After 30 s as date, 30% of requests",
        ),
        ("{refused: {error: content-filter, match: {stream: true, model: gpt-*}}}", "refused content-filter, model gpt-*, streamed"),
        ("{rate-limit: {requests: 60/min, match: {key: 0badcafe}}}", "rate-limit 60 requests/min, key 0badcafe"),
        ("{rate-limit: {requests: 2/s, tokens: 90000/min}}", "rate-limit 120 requests/min, 90000 tokens/min"),
        ("{cut: {after: 5, shape: {form: ramp, over: 10s}}}", "cut after 5 events, ramp over 10 s"),
        ("{malformed: {shape: {form: flap, on: 2s, off: 500ms}}}", "malformed after 0 events, flap 2 s on, 500 ms off"),
        (
            "{corrupt: {shape: {form: pulse, for: 3s}, match: {method: POST, path: /v1/*, header: x-team}}}",
            "corrupt, method POST, path /v1/*, header x-team, pulse of 3 s",
        ),
        ("{stall: {for: 5s, probability: 5%, shape: grey}}", "stall 5 s, 5% of requests, grey"),
        ("{wrong-model: {shape: step}}", "wrong-model"),
        ("{stall: {only: {header: {x-lifeboat-drill: '*'}}}}", "stall, only requests with x-lifeboat-drill"),
        ("{cut: {only: {header: 'x-drill: team-a*'}}}", "cut after 0 events, only requests with x-drill: team-a*"),
        ("{cut: {only: {sessions: 5%, by: x-session-id}, shape: grey}}", "cut after 0 events, only 5% of sessions (by x-session-id), grey"),
        ("{error-event: {after: 9, error: overloaded}}", "error-event overloaded after 9 events"),
    ] {
        let files = Files::new();
        files.spoil(SCENARIO_PATH, PLANNED, &format!("fault: {written}"));
        let (project, _) = Project::open(files.root());
        let (plan, _) = project.plan(&files.scenario(), "lab").unwrap_or_else(|findings| panic!("{written}: {findings}"));
        let planned = &plan.scenario.timeline.faults[0];
        assert_eq!(format!("{}{}", planned.fault, planned.aim), told, "{written}");
        let line = serde_json::to_string(planned).unwrap();
        assert_eq!(serde_json::from_str::<crate::model::PlannedFault>(&line).unwrap(), *planned, "{line}");
    }
}

#[test]
fn each_mistake_is_found_where_it_stands() {
    for (written, wrong, message, hint) in [
        ("{cut: {probability: 0.3}}", "0.3", "`0.3` has no per cent sign", "write `30%`, or `0.3%` if it is a percentage already"),
        ("{cut: {probability: 130%}}", "130%", "more than 100%", "`99%`"),
        ("{cut: {probabilty: 30%}}", "probabilty", "not a key of this fault", "did you mean `probability`?"),
        ("{blackhole: {probability: 30%}}", "probability", "not a key of this fault", "nothing to set"),
        ("{cut: {match: {modle: m}}}", "modle", "not a key of a match", "did you mean `model`?"),
        ("{cut: {match: {stream: maybe}}}", "maybe", "neither true nor false", "`true` or `false`"),
        ("{cut: {match: {key: hunter2}}}", "•••••••", "not a credential's fingerprint", "8 hexadecimal digits"),
        ("{cut: {match: {header: 'authorization: hunter2'}}}", "'authorization", "does not belong into a scenario", "fingerprint as `key`"),
        ("{cut: {only: {header: {}}}}", "{}", "one header marks a request", "x-lifeboat-drill"),
        ("{cut: {only: {header: {x-a: '*', x-b: '*'}}}}", "{x-a", "one header marks a request", "x-lifeboat-drill"),
        ("{cut: {only: {header: {'x a': '*'}}}}", "'x a'", "not the name of a header", "letters"),
        ("{cut: {only: {header: {x-drill: 'a*b'}}}}", "{x-drill", "marks no request", "any rest"),
        ("{cut: {only: {sessions: 5%}}}", "5%", "what tells one session from another", "by: x-session-id"),
        ("{cut: {only: {by: x-session-id}}}", "{by", "`header` or `sessions`", "header"),
        ("{cut: {only: {header: x-a, by: x-b}}}", "x-b", "tells sessions apart", "take `by` away"),
        ("{blackhole: {only: {header: x-a}}}", "only", "`blackhole` acts on whole connections", "`{stall: {}}`"),
        ("{latency: {latency: 2s, only: {header: x-a}}}", "only", "`latency` acts on whole connections", "`{stall: {for: 2s}}`"),
        ("{tls: {problem: expired, only: {header: x-a}}}", "only", "`tls` acts on whole connections", "`{status: {code: 502}}`"),
        ("{cut: {shape: ramp}}", "ramp", "not a shape that needs no times", "over: 30s"),
        ("{cut: {shape: {form: spiral}}}", "spiral", "not a form", "`ramp`"),
        ("{cut: {shape: {form: ramp}}}", "{form", "needs `over`", "add `over"),
        ("{cut: {shape: {form: flap, on: 5s, off: 0s}}}", "0s", "longer than zero", "30s"),
        ("{cut: {shape: {form: grey, over: 3s}}}", "over", "not a key of a shape", "form"),
        ("{status: {code: 503, retry_form: date}}", "date", "no time whose form", "retry_after: 30s"),
        ("{status: {code: 503, retry_after: 3s, retry_form: soon}}", "soon", "is not allowed here", "`date`"),
        ("rate-limit", "rate-limit", "on requests, on tokens or on both", "60/min"),
        ("{rate-limit: {requests: 60}}", "60", "has no unit of time", "write `60/s`"),
        ("{rate-limit: {requests: 1/h}}", "1/h", "from 1 to a billion a minute", "60/min"),
    ] {
        let files = Files::new();
        let said = files.spoil(SCENARIO_PATH, PLANNED, &format!("fault: {written}")).check();
        assert!(said.contains(message) && said.contains(hint) && !said.contains("hunter2"), "{written}: {said}");
        let line = said.lines().find(|line| line.starts_with(" 9 |")).unwrap_or_else(|| panic!("{written}: {said}"));
        let marks = said.lines().find(|line| line.contains("^")).unwrap();
        let place = marks.chars().position(|c| c == '^').unwrap();
        let pointed: String = line.chars().skip(place).take(wrong.chars().count()).collect();
        assert_eq!(pointed, wrong, "{said}");
    }
}

#[test]
fn another_model_is_nothing_that_bedrock_could_name() {
    let files = Files::new();
    files.spoil(super::INVENTORY_PATH, "dialect: azure-openai", "dialect: bedrock");
    let said = files.spoil(SCENARIO_PATH, PLANNED, "fault: wrong-model").check();
    assert!(said.contains("answers name no model") && said.contains("scenarios/outage.yaml:9:"), "{said}");
}

/// Whatever the declaration of a fault says: a key that it has not is found, with those that it has, and so is one that must be there.
#[test]
fn every_fault_knows_its_settings_and_no_others() {
    for kind in crate::fault::kinds() {
        let Some(word) = kind.word else { continue };
        let files = Files::new();
        let said = files.spoil(SCENARIO_PATH, PLANNED, &format!("fault: {{{word}: {{xyzzy: 1}}}}")).check();
        assert!(said.contains("`xyzzy` is not a key of this fault"), "{word}: {said}");
        for attribute in kind.attributes {
            assert!(said.contains(&format!("`{}`", attribute.name)), "{word}: {said}");
        }
        let Some(needed) = kind.attributes.iter().find(|attribute| attribute.required) else { continue };
        let said = Files::new().spoil(SCENARIO_PATH, PLANNED, &format!("fault: {{{word}: {{}}}}")).check();
        assert!(said.contains(&format!("this fault needs `{}`", needed.name)), "{word}: {said}");
        let main = kind.main().unwrap_or_else(|| panic!("`{word}` has a setting that must be there, and no example"));
        let good = format!("fault: {{{word}: {{{}: {}}}}}", main.name, main.example);
        let said = Files::new().spoil(SCENARIO_PATH, PLANNED, &good).check();
        assert!(!said.contains("this fault"), "{good}: {said}");
    }
}
