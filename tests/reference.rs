//! The judge against an independent reference in another language (`tests/reference/judge.py`, written from the definitions alone): every
//! number of both, over the worked histories and over random bare histories.

use lifeboat::history::bare;
use lifeboat::verdict::{VerdictRecord, judge};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// How many random histories are judged by both.
const RANDOM: usize = 120;
/// Of these, how many by the command as well.
const BY_COMMAND: usize = 5;

/// What the reference says of each.
fn by_reference(histories: &[Value]) -> Vec<Value> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/judge.py");
    let mut child =
        Command::new("python3").arg(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the reference needs python3");
    let mut input = child.stdin.take().unwrap();
    let lines: String = histories.iter().map(|history| format!("{history}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the reference failed");
    writer.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn by_us(history: &Value) -> Value {
    serde_json::to_value(VerdictRecord::new(&judge(&bare(&serde_json::to_vec(history).unwrap()).unwrap()), None)).unwrap()
}

/// Where what was found differs from what the reference says. What only one of them tells (our terms, our sight of providers) is not compared.
fn differences(path: &str, found: &Value, reference: &Value, told: &mut Vec<String>) {
    match (found, reference) {
        (Value::Object(found), Value::Object(reference)) => {
            for (key, wanted) in reference {
                differences(&format!("{path}.{key}"), found.get(key).unwrap_or(&Value::Null), wanted, told);
            }
        }
        (Value::Array(found), Value::Array(reference)) if found.len() == reference.len() => {
            for (place, (found, wanted)) in found.iter().zip(reference).enumerate() {
                differences(&format!("{path}[{place}]"), found, wanted, told);
            }
        }
        // Nothing is written where nothing was.
        (Value::Null, Value::Array(none)) if none.is_empty() => {}
        _ => {
            // Ours are whole nanoseconds.
            let near = |(found, wanted): (f64, f64)| (found - wanted).abs() < 1.5e-6;
            if found != reference && !found.as_f64().zip(reference.as_f64()).is_some_and(near) {
                told.push(format!("{path}: {found}, and the reference says {reference}"));
            }
        }
    }
}

fn compare(found: &Value, reference: &Value) -> Vec<String> {
    let mut told = Vec::new();
    for key in ["verdict", "reason", "resolution_ms"] {
        differences(key, &found[key], &reference[key], &mut told);
    }
    // What proves nothing is not measured.
    if !matches!(found["verdict"].as_str(), Some("void" | "invalid plan")) {
        differences("objectives", &found["objectives"], &reference["objectives"], &mut told);
        differences("measures", &found["measures"], &reference["measures"], &mut told);
    }
    told
}

/// A number of milliseconds with at most three decimals, which both sides read exactly.
fn ms(random: &mut ChaCha8Rng, from: f64, to: f64) -> Value {
    json!((random.random_range(from..to) * 1000.0).round() / 1000.0)
}

/// Goals of all kinds; most plans can be judged, some cannot.
fn goals(random: &mut ChaCha8Rng, gap: f64) -> Value {
    let mut goals = Map::new();
    let mut set = |key: &str, value: Value| drop(goals.insert(key.into(), value));
    set("gap_ms", json!(gap));
    set("gate", json!(["cutover", "restore"][random.random_range(0..2)]));
    set("success", json!([0.9, 0.98, 0.99, 0.995, 1.0][random.random_range(0..5)]));
    set("hold_ms", json!(random.random_range(4..12) as f64 * gap + [0.0, 0.5][random.random_range(0..2)] * gap));
    set("slo_on", json!(["done", "proof"][random.random_range(0..2)]));
    set("slo_ms", ms(random, 100.0, 500.0));
    set("deadline_ms", ms(random, 480.0, 900.0));
    set("rto_ms", ms(random, 900.0, 9_000.0));
    set("lead_in", json!(random.random_range(1..6)));
    set("max_consecutive_bad", json!(random.random_range(0..3)));
    set("clock_error_ms", ms(random, 0.0, 20.0));
    set("fault_uncertainty_ms", ms(random, 0.0, 30.0));
    let caps = ["max_lost", "max_truncated", "max_duplicates"];
    for cap in caps.into_iter().filter(|_| random.random_bool(0.4)).collect::<Vec<_>>() {
        set(cap, json!(random.random_range(0..40)));
    }
    let optional =
        [("max_overshoot", 0.2, 3.0), ("failback_rto_ms", 100.0, 5000.0), ("failback_hold_ms", 300.0, 3000.0), ("rpo_ms", 0.0, 900.0)];
    for (key, from, to) in optional {
        if random.random_bool(0.4) {
            set(key, ms(random, from, to));
        }
    }
    if random.random_bool(0.1) {
        set("planned_fault_ms", ms(random, 5_000.0, 20_000.0));
    }
    Value::Object(goals)
}

/// A request of a system that is in one of several moods: well, failing, failing in part, slow, served by the wrong one, unknown.
fn request(random: &mut ChaCha8Rng, due: f64, mood: u32, lag: f64) -> Value {
    let sent = due + (random.random_range(0.0..lag) * 1000.0).round() / 1000.0;
    let quick = (random.random_range(5.0..90.0_f64) * 1000.0).round() / 1000.0;
    let fails = match mood {
        1 => true,
        2 => random.random_bool(0.4),
        _ => random.random_bool(0.004),
    };
    let (outcome, by, took) = match (fails, mood) {
        (true, _) => {
            (["error", "timeout", "truncated"][random.random_range(0..3)], [None, Some("azure")][random.random_range(0..2)], quick)
        }
        (_, 3) => ("ok", Some("bedrock"), quick * 10.0),
        (_, 4) => ("ok", Some("azure"), quick),
        (_, 5) => ("ok", Some("unknown"), quick),
        (_, 6) => ("unknown", [None, Some("unknown")][random.random_range(0..2)], quick),
        _ => ("ok", Some("bedrock"), quick),
    };
    let round = |value: f64| (value * 1000.0).round() / 1000.0;
    let mut line = json!({"due_ms": due, "sent_ms": sent, "done_ms": round(sent + took), "outcome": outcome, "served_by": by});
    if random.random_bool(0.7) {
        line["proof_ms"] = json!(round(sent + took * random.random_range(0.1..1.0)));
    }
    if outcome != "ok" && random.random_bool(0.2) {
        line.as_object_mut().unwrap().remove("done_ms");
    }
    let mut tries = Vec::new();
    for provider in ["azure", "bedrock", "bedrock"] {
        if random.random_bool(0.3) {
            let at = round(sent + random.random_range(0.0..quick));
            tries.push(json!({"provider": provider, "at_ms": at, "completed": random.random_bool(0.5)}));
        }
    }
    if !tries.is_empty() {
        line["attempts"] = json!(tries);
    }
    line
}

fn history(random: &mut ChaCha8Rng) -> Value {
    let round = |value: f64| (value * 1000.0).round() / 1000.0;
    let gap = [20.0, 50.0, 90.0][random.random_range(0..3)];
    let (heal, observed) = (round(random.random_range(12_000.0..16_000.0)), round(random.random_range(15_000.0..22_000.0)));
    let fault_lo = round(random.random_range(-20.0..20.0));
    let lag = if random.random_bool(0.05) { 12.0 } else { 5.0 };
    let mut requests = Vec::new();
    let mut due = -40.0 * gap + fault_lo;
    // Half of them recover, and stay so; half of these have no objective besides.
    let (calm, plain) = (random.random_bool(0.5), random.random_bool(0.5));
    let (mut mood, mut until) = (4, fault_lo);
    while due < observed + 1_000.0 {
        if due >= until {
            mood = match due {
                before if before < fault_lo => 4,
                after if calm && after > fault_lo + 400.0 => 0,
                _ => random.random_range(0..9),
            };
            until = due + random.random_range(100.0..4_000.0);
        }
        // On an even grid, many requests lie exactly on the edges of holds and windows.
        let moved = if random.random_bool(0.5) { due } else { due + random.random_range(0.0..gap / 2.0) };
        requests.push(request(random, round(moved), mood, lag));
        due += gap;
    }
    if random.random_bool(0.02) {
        let place = random.random_range(0..requests.len());
        requests[place]["outcome"] = json!("unsent");
    }
    let mut history = json!({
        "bare_history": 1, "objectives": goals(random, gap), "primary": ["azure"], "standbys": ["bedrock"], "observed_until_ms": observed,
        "fault": {"lo_ms": fault_lo, "hi_ms": round(fault_lo + random.random_range(0.0..30.0)), "requests_touched": random.random_range(0..30)},
        "requests": requests,
    });
    if calm && plain {
        let objectives = history["objectives"].as_object_mut().unwrap();
        objectives.retain(|name, _| !name.starts_with("max_") && !name.starts_with("failback") && name != "rpo_ms");
    }
    if random.random_bool(0.8) {
        history["heal"] = json!({"lo_ms": heal, "hi_ms": round(heal + random.random_range(0.0..20.0))});
    }
    if random.random_bool(0.4) {
        let entry = |random: &mut ChaCha8Rng| json!({"acknowledged_ms": ms(random, -900.0, 0.0), "found": random.random_bool(0.6)});
        history["ledger"] = json!((0..5).map(|_| entry(random)).collect::<Vec<_>>());
    }
    history
}

/// A number that is another one in every run.
fn fresh() -> u64 {
    RandomState::new().hash_one("seed")
}

#[test]
fn random_histories_give_the_same_numbers_in_another_language() {
    let seed = std::env::var("LIFEBOAT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(fresh);
    println!("LIFEBOAT_SEED={seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let histories: Vec<Value> = (0..RANDOM).map(|_| history(&mut random)).collect();
    let mut decisions: Map<String, Value> = Map::new();
    let mut wrong = Vec::new();
    let folder = tempfile::tempdir().unwrap();
    for (place, (history, reference)) in histories.iter().zip(by_reference(&histories)).enumerate() {
        let found = by_us(history);
        let count = decisions.entry(found["verdict"].as_str().unwrap()).or_insert(json!(0));
        *count = json!(count.as_u64().unwrap() + 1);
        wrong.extend(compare(&found, &reference).into_iter().map(|difference| format!("history {place}: {difference}")));
        if place < BY_COMMAND {
            let file = folder.path().join("history.json");
            std::fs::write(&file, history.to_string()).unwrap();
            let printed =
                Command::new(env!("CARGO_BIN_EXE_lifeboat")).args(["judge", "--format", "json"]).arg(&file).output().unwrap().stdout;
            let ours: Value = serde_json::from_slice(&serde_json::to_vec(&found).unwrap()).unwrap();
            let mut printed: Value = serde_json::from_slice(&printed).unwrap();
            // The command puts the reason in words too.
            printed.as_object_mut().unwrap().retain(|key, _| key != "because" && key != "hint");
            assert_eq!(printed, ours, "the command judges as the library does");
        }
    }
    println!("{decisions:?}");
    assert!(wrong.is_empty(), "LIFEBOAT_SEED={seed}: {} differences\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    for decision in ["met", "missed", "inconclusive", "void", "invalid plan"] {
        assert!(decisions.contains_key(decision), "LIFEBOAT_SEED={seed}: no random history is {decision}: {decisions:?}");
    }
}

#[test]
fn the_worked_histories_give_the_same_numbers_in_another_language() {
    let histories = crate::vectors::bare_histories();
    let ids: Vec<&String> = histories.iter().map(|(id, _)| id).collect();
    let documents: Vec<Value> = histories.iter().map(|(_, history)| history.clone()).collect();
    let mut wrong = Vec::new();
    for ((id, history), reference) in ids.iter().zip(&documents).zip(by_reference(&documents)) {
        wrong.extend(compare(&by_us(history), &reference).into_iter().map(|difference| format!("{id}: {difference}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
