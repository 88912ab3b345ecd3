//! The worked histories of `tests/data/measurement-vectors.yaml`: each is written out as a bare history and judged.
//! The header of that file is normative.

use lifeboat::history::bare;
use lifeboat::verdict::repeats::{RepeatTrial, Repeats, SequentialDecision, SequentialTest, TrialResult, covers, quantile_rank, survival};
use lifeboat::verdict::{Decision, Verdict, VerdictRecord, judge};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("data/measurement-vectors.yaml");

fn vectors() -> Value {
    serde_saphyr::from_str(VECTORS).expect("the vectors are YAML")
}

/// A vector's segments, written out as a bare history.
fn bare_history(vector: &Value) -> Value {
    let config = &vector["config"];
    let or = |key: &str, default: Value| if config[key].is_null() { default } else { config[key].clone() };
    let mut requests = Vec::new();
    for segment in vector["requests"].as_array().unwrap() {
        let number = |key: &str, default: i64| segment[key].as_i64().unwrap_or(default);
        let step = number("step", or("step", json!(100)).as_i64().unwrap());
        let mut due = number("first", 0);
        while due <= number("last", 0) {
            let sent = due + number("lag", 0);
            let done = segment["end"].as_i64().unwrap_or(sent + number("lat", 0));
            let proof = segment["proof"].as_i64().map_or(done, |proof| sent + proof);
            let tries = segment["att"].as_array().into_iter().flatten().map(|attempt| (attempt, sent));
            let tries = tries.chain(segment["att_abs"].as_array().into_iter().flatten().map(|attempt| (attempt, 0)));
            let attempts: Vec<Value> = tries
                .map(|(attempt, from)| json!({"provider": attempt[0], "at_ms": from + attempt[1].as_i64().unwrap(), "completed": attempt[2]}))
                .collect();
            requests.push(json!({
                "due_ms": due, "sent_ms": sent, "proof_ms": proof, "done_ms": done,
                "outcome": match segment["outcome"].as_str().unwrap() { "err" => "error", other => other },
                "served_by": match segment["by"].as_str().unwrap() { "none" => Value::Null, name => json!(name) },
                "attempts": attempts,
            }));
            due += step;
        }
    }
    let span = |key: &str| json!({"lo_ms": vector[key]["lo"], "hi_ms": vector[key]["hi"]});
    let mut fault = span("fault");
    fault["requests_touched"] = vector.get("impaired").cloned().unwrap_or(json!(1));
    json!({
        "bare_history": 1,
        "objectives": {
            "rto_ms": or("rto", json!(5000)), "gate": or("metric", json!("cutover")), "slo_ms": or("slo", json!(1000)),
            "slo_on": match or("slo_on", json!("end")).as_str().unwrap() { "end" => "done", other => other }.to_owned(),
            "deadline_ms": or("deadline", json!(2000)), "success": or("theta_milli", json!(990)).as_f64().unwrap() / 1000.0,
            "lead_in": or("lead_in", json!(5)), "max_consecutive_bad": or("max_consec_bad", json!(1)), "hold_ms": or("hold", json!(5000)),
            "gap_ms": or("step", json!(100)), "lag_max_ms": or("lag_max", json!(10)), "clock_error_ms": or("eps", json!(0)),
            "fault_uncertainty_ms": or("fault_unc", json!(0)), "planned_fault_ms": config["planned_fault"],
            "failback_rto_ms": config["failback_rto"], "rpo_ms": config["rpo"], "max_lost": config["max_lost"],
            "max_truncated": config["max_truncated"], "max_duplicates": config["max_dup_exec"],
        },
        "fault": fault, "heal": span("heal"), "observed_until_ms": vector["observe_until"],
        "primary": ["primary"], "standbys": ["standby"], "requests": requests,
        "ledger": vector["ledger"].as_array().into_iter().flatten()
            .map(|entry| json!({"acknowledged_ms": entry[0], "found": entry[1]})).collect::<Vec<_>>(),
    })
}

/// Every single trial by its name, as a bare history.
pub(crate) fn bare_histories() -> Vec<(String, Value)> {
    let vectors = vectors();
    let trials = vectors["single_trial"].as_array().unwrap();
    trials.iter().map(|vector| (vector["id"].as_str().unwrap().to_owned(), bare_history(vector))).collect()
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Met => "PASS",
        Decision::Missed => "FAIL",
        Decision::Inconclusive => "INCONCLUSIVE",
        Decision::Void => "VOID",
        Decision::InvalidPlan => "PLAN_INVALID",
    }
}

/// What the verdict says about a key of `expect`, in the vectors' own units.
fn said(verdict: &Verdict, key: &str) -> Value {
    let json = serde_json::to_value(VerdictRecord::new(verdict, None)).unwrap();
    let measures = &json["measures"];
    let interval = |value: &Value| if value.is_null() { Value::Null } else { json!([value["lo_ms"], value["hi_ms"]]) };
    let milli = |value: &Value| value.as_f64().map_or(Value::Null, |ratio| json!((ratio * 1000.0).floor()));
    match key {
        "verdict" => json!(word(verdict.verdict)),
        "reason" => json["reason"].clone(),
        "resolution" => json["resolution_ms"].clone(),
        "cutover" | "restore" | "first_standby" | "sustained" | "failback" => interval(&measures[key]),
        "outage" => interval(&measures["outage"]),
        "outage_runs" => measures["outage"]["runs"].clone(),
        "loss_derived" => measures["loss_derived_ms"].clone(),
        "degraded_area" => measures["degraded_area_ms"].clone(),
        "lost_inflight" => measures["lost_in_flight"].clone(),
        "first_standby_dispatch" => measures["first_standby_dispatch_ms"].clone(),
        "dup_exec" => measures["duplicates"].clone(),
        "amplification_milli" => milli(&measures["amplification"]),
        "overshoot_milli" => milli(&measures["overshoot"]),
        "acked_lost" => measures["acknowledged_lost"].clone(),
        "rpa" => measures["rpa_ms"].clone(),
        "bad" | "lost" | "late" | "truncated" | "relapses" | "residual_bad" | "censored" | "failback_lost" => measures[key].clone(),
        _ => panic!("the vectors expect `{key}`, which this test does not know"),
    }
}

/// Equal, where 40 and 40.0 are the same number.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r)),
        _ => left == right || left.as_f64().is_some_and(|number| Some(number) == right.as_f64()),
    }
}

/// A vector's bare history after a change, judged.
fn judged(id: &str, change: impl Fn(&mut Value)) -> Value {
    let vectors = vectors();
    let vector = vectors["single_trial"].as_array().unwrap().iter().find(|vector| vector["id"] == id).unwrap();
    let mut history = bare_history(vector);
    change(&mut history);
    serde_json::to_value(VerdictRecord::new(&judge(&bare(&serde_json::to_vec(&history).unwrap()).unwrap()), None)).unwrap()
}

#[test]
fn under_the_restore_gate_a_fault_that_bit_and_that_nobody_felt_is_met_and_one_that_was_only_said_is_not() {
    let restore = |history: &mut Value| history["objectives"]["gate"] = json!("restore");
    let counted = judged("V17", restore);
    assert_eq!((&counted["verdict"], &counted["reason"]), (&json!("met"), &Value::Null));
    assert_eq!(counted["measures"]["restore"], json!({"lo_ms": 0.0, "hi_ms": 30.0}));
    let said = judged("V17", |history| {
        restore(history);
        history["fault"].as_object_mut().unwrap().remove("requests_touched");
    });
    assert_eq!((&said["verdict"], &said["reason"]), (&json!("inconclusive"), &json!("record_cannot_tell")));
    let touched_nothing = judged("V17", |history| {
        restore(history);
        history["fault"]["requests_touched"] = json!(0);
    });
    assert_eq!((&touched_nothing["verdict"], &touched_nothing["reason"]), (&json!("void"), &json!("fault_not_effective")));
}

#[test]
fn a_fault_without_a_count_is_believed_and_a_count_of_nothing_is_not() {
    let counted = |history: &mut Value| history["fault"]["requests_touched"] = json!(0);
    let uncounted = |history: &mut Value| drop(history["fault"].as_object_mut().unwrap().remove("requests_touched"));
    assert_eq!(judged("V01", counted)["reason"], "fault_not_effective");
    assert_eq!(judged("V01", uncounted)["verdict"], "met");
}

#[test]
fn a_standby_that_serves_within_the_edge_is_the_first_to_serve_but_no_proof_of_recovery() {
    let verdict = judged("V22", |history| {
        for request in history["requests"].as_array_mut().unwrap().iter_mut().filter(|request| request["due_ms"].as_f64() > Some(0.0)) {
            let due = request["due_ms"].as_f64().unwrap();
            (request["outcome"], request["served_by"]) = (json!("ok"), json!("standby"));
            (request["proof_ms"], request["done_ms"]) = (json!(due + 50.0), json!(due + 50.0));
        }
    });
    // Sent at 30, answered at 80; the edge lies within 0 and 60 and the clocks within 20.
    assert_eq!(verdict["measures"]["first_standby"], json!({"lo_ms": 0.0, "hi_ms": 100.0}));
    assert_eq!(verdict["measures"]["cutover"]["hi_ms"], json!(200.0));
}

#[test]
fn every_single_trial_gives_the_numbers_that_it_must() {
    let vectors = vectors();
    let trials = vectors["single_trial"].as_array().unwrap();
    assert_eq!(trials.len(), 35, "the file holds 35 single trials");
    let mut wrong = Vec::new();
    for vector in trials {
        let id = vector["id"].as_str().unwrap();
        let document = serde_json::to_vec(&bare_history(vector)).unwrap();
        let verdict = judge(&bare(&document).unwrap_or_else(|error| panic!("{id}: {error}")));
        for (key, wanted) in vector["expect"].as_object().unwrap() {
            if key == "criteria" {
                for (name, wanted) in wanted.as_object().unwrap() {
                    let name = if name == "dup_exec" { "duplicates" } else { name };
                    let found =
                        verdict.objectives.iter().find(|objective| objective.name.word() == name).map(|objective| word(objective.verdict));
                    if found != wanted.as_str() {
                        wrong.push(format!("{id} {name}: {found:?} instead of {wanted}"));
                    }
                }
                continue;
            }
            let found = said(&verdict, key);
            if !same(&found, wanted) {
                wrong.push(format!("{id} {key}: {found} instead of {wanted}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// So many trials of each kind.
fn trials(counts: &Value) -> Vec<RepeatTrial> {
    let kinds = [
        ("pass", TrialResult::Met),
        ("fail", TrialResult::Missed),
        ("inconclusive", TrialResult::Inconclusive),
        ("void", TrialResult::Excluded),
    ];
    let each = |(key, result): (&str, TrialResult)| {
        std::iter::repeat_n(RepeatTrial { result, interval: None }, counts[key].as_u64().unwrap() as usize)
    };
    kinds.into_iter().flat_map(each).collect()
}

#[test]
fn several_drills_support_what_the_worked_campaigns_say() {
    let vectors = vectors();
    for vector in vectors["campaign"].as_array().unwrap() {
        let (id, expect) = (&vector["id"], &vector["expect"]);
        let repeats = Repeats::of(trials(&vector["counts"]), None);
        let near = |value: f64, key: &str| (value - expect[key].as_f64().unwrap()).abs() <= 1e-4;
        assert_eq!(Some(repeats.counts.counted()), expect["n"].as_u64(), "{id}");
        assert_eq!(word(repeats.gate), expect["gate"], "{id}");
        assert!(near(repeats.pass_rate.lo, "p_low") && near(repeats.pass_rate.hi, "p_up"), "{id}: {:?}", repeats.pass_rate);
        assert_eq!(word(repeats.claim(0.9)), expect["claim"], "{id}");
    }
    for vector in vectors["quantile_bounds"].as_array().unwrap() {
        let trials = vector["n"].as_u64().unwrap();
        for (key, share) in [("p50", 0.5), ("p80", 0.8), ("p90", 0.9), ("p95", 0.95)] {
            assert_eq!(quantile_rank(share, trials), vector["rank"][key].as_u64(), "{} {key}", vector["id"]);
        }
        let wanted = vector["confidence_that_max_covers_p95"].as_f64().unwrap();
        assert!((covers(0.95, trials) - wanted).abs() <= 1e-4, "{}", vector["id"]);
    }
    for vector in vectors["kaplan_meier"].as_array().unwrap() {
        let pairs = vector["data"].as_array().unwrap().iter().map(|pair| (pair[0].as_i64().unwrap(), pair[1] == 1));
        let told = survival(&pairs.collect::<Vec<_>>());
        assert_eq!(told.len(), vector["survival"].as_object().unwrap().len());
        for (at, share) in &told {
            let wanted = vector["survival"][at.to_string()].as_f64().unwrap();
            assert!((share - wanted).abs() <= 1e-4, "{} at {at}: {share}", vector["id"]);
        }
        let middle = told.iter().find(|(_, share)| *share <= 0.5).map(|(at, _)| *at);
        assert_eq!(middle, vector["median"].as_i64());
    }
}

#[test]
fn the_sequential_test_decides_the_worked_sequences() {
    let test = SequentialTest::within(20);
    for vector in vectors()["sprt"].as_array().unwrap() {
        let results = |letter| if letter == 'P' { TrialResult::Met } else { TrialResult::Missed };
        let results: Vec<TrialResult> = vector["trials"].as_str().unwrap().chars().map(results).collect();
        // Looked at after each trial, as a campaign does.
        let mut decisions = (1..=results.len()).map(|so_far| test.decide(&results[..so_far]));
        let (word, at) = match decisions.next_back().unwrap() {
            SequentialDecision::Accepted(at) => ("ACCEPT", at),
            SequentialDecision::Rejected(at) => ("REJECT", at),
            SequentialDecision::Undecided => ("INCONCLUSIVE", results.len() as u32),
            SequentialDecision::Open => ("OPEN", 0),
        };
        assert_eq!((&json!(word), &json!(at)), (&vector["decision"], &vector["at"]), "{}", vector["id"]);
    }
}
