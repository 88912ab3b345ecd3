//! Every line of every format is read and written as it should be.

use crate::history::{Event, FORMAT, FormatVersion, ReadError, Reader, RemarkAbout, RunOrigin, Stamped, Started};
use crate::units::Explained;

/// What the last build of format 1 read and wrote again: every kind of event, and every kind of thing that a plan can name.
const EVERY_LINE_1: &str = include_str!("../../../../tests/data/formats/every-line-1.jsonl");
/// The same as the builds of format 2.0 wrote it.
const EVERY_LINE_2_0: &str = include_str!("../../../../tests/data/formats/every-line-2.0.jsonl");
/// The same as the builds of format 2.1 wrote it.
const EVERY_LINE_2_1: &str = include_str!("../../../../tests/data/formats/every-line-2.1.jsonl");
/// The same as the builds of format 2.2 wrote it.
const EVERY_LINE_2_2: &str = include_str!("../../../../tests/data/formats/every-line-2.2.jsonl");
/// The same as the builds of format 2.3 wrote it.
const EVERY_LINE_2_3: &str = include_str!("../../../../tests/data/formats/every-line-2.3.jsonl");
/// The same as this build writes it.
const EVERY_LINE_2: &str = include_str!("../../../../tests/data/formats/every-line-2.4.jsonl");

fn parsed(line: &str) -> Stamped {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// Where two values differ first, and in what; the order of keys means nothing.
fn difference(path: &str, one: &serde_json::Value, other: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
            let mut of = keys.map(|key| (key, one.get(key), other.get(key)));
            of.find_map(|(key, one, other)| match (one, other) {
                (Some(one), Some(other)) => difference(&format!("{path}.{key}"), one, other),
                _ => Some(format!("{path}.{key}: written {one:?}, read {other:?}")),
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).enumerate().find_map(|(place, (one, other))| difference(&format!("{path}[{place}]"), one, other))
        }
        _ => (one != other).then(|| format!("{path}: written {one}, read {other}")),
    }
}

/// Fails with what differs, and not with all that is the same.
fn assert_same(written: &str, line: &str) {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    if let Some(differs) = difference("", &value(written), &value(line)) {
        panic!("{}…\nin {}…", differs.chars().take(400).collect::<String>(), line.chars().take(80).collect::<String>());
    }
}

#[test]
fn every_line_of_the_newest_format_is_written_as_it_was_read() {
    for line in EVERY_LINE_2.lines() {
        assert_same(&serde_json::to_string(&parsed(line)).unwrap(), line);
    }
}

#[test]
fn every_line_of_format_1_reads_as_what_the_newest_format_says_in_its_own_way() {
    // What only the newest can say stands after what both can.
    assert!(EVERY_LINE_1.lines().count() <= EVERY_LINE_2.lines().count());
    for (old, new) in EVERY_LINE_1.lines().zip(EVERY_LINE_2.lines()) {
        let old = parsed(old);
        if let Event::Started(started) = &old.event {
            assert_eq!((started.format, &started.origin), (FormatVersion { major: 1, minor: 0 }, &RunOrigin::default()));
        }
        assert_same(&serde_json::to_string(&old).unwrap(), new);
    }
}

#[test]
fn every_line_of_an_older_minor_format_reads_as_the_same_line_of_the_newest() {
    for older in [EVERY_LINE_2_0, EVERY_LINE_2_1, EVERY_LINE_2_2, EVERY_LINE_2_3] {
        for (old, new) in older.lines().zip(EVERY_LINE_2.lines()) {
            assert_same(&serde_json::to_string(&parsed(old)).unwrap(), new);
        }
    }
    let (mut reader, mut kinds) = (Reader::new(EVERY_LINE_2_0.as_bytes()), 0);
    while let Some(stamped) = reader.next_event().unwrap() {
        kinds += 1;
        assert!(
            !matches!(stamped.event, Event::Remark(remark) if remark.about == RemarkAbout::Format),
            "an older minor format lacks nothing"
        );
        if kinds == 2 {
            break;
        }
    }
}

/// The first line of a drill, as another build would have written it.
fn first(change: impl Fn(Started) -> Started, format: &str) -> String {
    let stamped = parsed(EVERY_LINE_2.lines().next().unwrap());
    let Event::Started(started) = stamped.event else { panic!("it begins a drill") };
    let event = Event::Started(Box::new(change(*started)));
    let line = serde_json::to_string(&Stamped { event, ..stamped }).unwrap();
    line.replacen(&format!("\"format\":\"{FORMAT}\""), &format!("\"format\":{format}"), 1) + "\n"
}

fn events(text: &str) -> Result<Vec<Stamped>, ReadError> {
    let mut reader = Reader::new(text.as_bytes());
    std::iter::from_fn(|| reader.next_event().transpose()).collect()
}

#[test]
fn a_newer_major_format_is_refused_by_whom_it_was_written_and_with_what_to_do() {
    let text = first(|started| Started { lifeboat: "0.3.0".into(), ..started }, "\"3.0\"");
    // What a newer plan looks like nobody knows: it need not even parse.
    for text in [text.clone(), text.replace("\"plan\":{", "\"plan\":{\"scenario\":7,")] {
        let error = events(&text).unwrap_err();
        let build = env!("CARGO_PKG_VERSION");
        assert_eq!(error.to_string(), format!("written by lifeboat 0.3.0 in format 3.0; this build ({build}) reads formats 1 to 2.x"));
        assert_eq!(error.hint().unwrap(), "update lifeboat");
    }
    let error = events(&first(|started| started, "0")).unwrap_err();
    assert!(matches!(&error, ReadError::Version { .. }) && error.hint().unwrap().contains("names the version"), "{error}");
}

#[test]
fn what_a_newer_minor_format_added_is_left_out_and_a_remark_says_so() {
    let newer = first(|started| Started { lifeboat: "0.2.0".into(), ..started }, "\"2.7\"").replacen(
        "\"plan\":{",
        "\"weather\":1,\"plan\":{\"mood\":[],",
        1,
    );
    let rest = "{\"t\":10,\"phase\":{\"name\":\"baseline\",\"why\":\"x\"}}\n{\"t\":11,\"sunrise\":{\"at\":3}}\n{\"t\":12,\"shed\":{\"id\":1,\"due\":2}}\n";
    let told = events(&format!("{newer}{rest}")).unwrap();
    let kinds: Vec<_> = told.iter().map(|stamped| stamped.event.kind()).collect();
    assert_eq!(kinds, ["started", "remark", "phase", "shed"]);
    let Event::Remark(remark) = &told[1].event else { panic!("a remark follows") };
    assert_eq!(remark.about, RemarkAbout::Format);
    assert!(remark.text.contains("lifeboat 0.2.0 in format 2.7") && remark.text.contains("format 2.4"), "{}", remark.text);
    // In a file of its own format a kind that nobody knows is damage, and so is a word in a newer one.
    let own = events(&format!("{}{rest}", first(|started| started, "\"2.4\""))).unwrap_err();
    assert!(matches!(&own, ReadError::Line { line: 3, newer: None, .. }), "{own}");
    let word = events(&format!("{newer}{{\"t\":10,\"phase\":{{\"name\":\"sleeping\"}}}}\n")).unwrap_err();
    assert!(word.to_string().contains("sleeping") && word.hint().unwrap().contains("update"), "{word}");
}
