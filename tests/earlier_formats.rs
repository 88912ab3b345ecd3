//! Drills that older versions recorded: each is judged to the same verdict with the same numbers, for ever.

use flate2::read::GzDecoder;
use lifeboat::exercise::judge;
use lifeboat::report::{DrillContext, drill, execution, markdown};
use lifeboat::verdict::VerdictRecord;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The stored drills, a folder each, of all formats.
fn stored() -> Vec<PathBuf> {
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills");
    let below = |folder: &Path| {
        let mut found: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
        found.sort();
        found
    };
    below(&formats).iter().flat_map(|format| below(format)).collect()
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{}/{name}: {error}", folder.display()))
}

/// Its history, under another name than the drill had.
fn unpacked(folder: &Path, to: &Path) -> PathBuf {
    let mut history = Vec::new();
    GzDecoder::new(File::open(folder.join("history.jsonl.gz")).unwrap()).read_to_end(&mut history).unwrap();
    std::fs::write(to.join("history.jsonl"), history).unwrap();
    to.to_owned()
}

/// What was said then and is said otherwise now, by its place. What is said besides does no harm.
fn changed(then: &Value, now: &Value, at: &str, found: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            for (key, then) in then {
                changed(then, now.get(key).unwrap_or(&Value::Null), &format!("{at}/{key}"), found);
            }
        }
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
            then.iter().zip(now).enumerate().for_each(|(index, (then, now))| changed(then, now, &format!("{at}/{index}"), found));
        }
        (then, now) if then == now => {}
        (then, now) => found.push(format!("{at}: it was {then}, and is {now}")),
    }
}

/// A verdict is read back as it was written, and one of then says of which drill it is in no other way than it said then.
fn readable(then: &str, now: &str, found: &mut Vec<String>) {
    let (old, new) = (VerdictRecord::read(then.as_bytes()).unwrap(), VerdictRecord::read(now.as_bytes()).unwrap());
    if serde_json::to_value(&new).unwrap() != serde_json::from_str::<Value>(now).unwrap() {
        found.push("the verdict is not read back as it was written".to_owned());
    }
    if new.drill.is_none() || new.scenario.is_none() || new.environment.is_none() || new.seed.is_none() || new.started_at.is_none() {
        found.push("the verdict does not say of which drill it is".to_owned());
    }
    // Who judges it, and in which form, is what may change; and at first a verdict did not say of which drill it is.
    let mut same = VerdictRecord { format: old.format, lifeboat: old.lifeboat.clone(), ..new };
    if old.drill.is_none() {
        same = VerdictRecord { drill: None, scenario: None, environment: None, seed: None, started_at: None, ..same };
    }
    if old != same {
        found.push("the verdict of then is read as another".to_owned());
    }
}

/// What a report says may grow from version to version; what it is about and how that ended may not change.
fn reworded(then: &str, now: &str, found: &mut Vec<String>) {
    let title = |report: &str| report.lines().next().map(str::to_owned);
    if title(then) != title(now) {
        found.push(format!("it said: {:?}\n     it says: {:?}", title(then), title(now)));
    }
}

#[test]
fn drills_of_earlier_formats_are_judged_as_they_were_then() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for folder in stored() {
        let place = tempfile::tempdir().unwrap();
        let history = unpacked(&folder, place.path());
        let mut found = Vec::new();
        if folder.join("verdict.json").exists() {
            let judged = judge(&history).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            let (then, now) = (text(&folder, "verdict.json"), judged.json());
            let mut told: Value = serde_json::from_str(&then).unwrap();
            told.as_object_mut().unwrap().retain(|key, _| key != "format" && key != "lifeboat");
            changed(&told, &serde_json::from_str(&now).unwrap(), "verdict", &mut found);
            readable(&then, &now, &mut found);
            reworded(
                &text(&folder, "report.md"),
                &markdown(&drill(&judged.verdict, &judged.digest, &judged.hash, &DrillContext::default())),
                &mut found,
            );
        } else {
            let events = lifeboat::history::read(std::io::BufReader::new(File::open(history.join("history.jsonl")).unwrap())).unwrap();
            reworded(&text(&folder, "report.md"), &markdown(&execution(&events).unwrap()), &mut found);
        }
        seen += 1;
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", folder.display())));
    }
    assert!(seen >= 23, "{seen} stored drills");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
