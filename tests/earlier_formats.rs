//! Drills that older versions recorded: each is judged to the same verdict with the same numbers, and told in the same words, for ever.

use flate2::read::GzDecoder;
use lifeboat::exercise::{Judged, judge};
use lifeboat::report::{json, markdown};
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

/// The lines that differ, of those that were written then.
fn reworded(then: &str, now: &str, found: &mut Vec<String>) {
    if then.lines().count() != now.lines().count() {
        found.push(format!("the report has {} lines and had {}", now.lines().count(), then.lines().count()));
    }
    found.extend(
        then.lines()
            .zip(now.lines())
            .filter(|(then, now)| then != now)
            .map(|(then, now)| format!("it said: {then}\n     it says: {now}"))
            .take(3),
    );
}

#[test]
fn drills_of_earlier_formats_are_judged_and_told_as_they_were_then() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for folder in stored() {
        let place = tempfile::tempdir().unwrap();
        let history = unpacked(&folder, place.path());
        let mut found = Vec::new();
        if folder.join("verdict.json").exists() {
            let Judged { verdict, digest, hash, .. } = judge(&history).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            let (then, now) = (text(&folder, "verdict.json"), json(&verdict));
            changed(&serde_json::from_str(&then).unwrap(), &serde_json::from_str(&now).unwrap(), "verdict", &mut found);
            reworded(&text(&folder, "report.md"), &markdown(&verdict, &digest.unwrap(), &hash), &mut found);
        } else {
            let events = lifeboat::history::read(std::io::BufReader::new(File::open(history.join("history.jsonl")).unwrap())).unwrap();
            reworded(&text(&folder, "report.md"), &lifeboat::report::execution(&events), &mut found);
        }
        seen += 1;
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", folder.display())));
    }
    assert!(seen >= 20, "{seen} stored drills");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
