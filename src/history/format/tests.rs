use super::plan::PlanRecord;
use super::record::Recorded;
use crate::history::{Event, Stamped};

/// What the last build before format 2 read and wrote again, byte for byte: every kind of event, and every kind of thing that a plan can name.
const EVERY_LINE: &str = include_str!("../../../tests/data/drills/every-line-of-format-1.jsonl");

#[test]
fn every_line_of_format_1_reads_and_is_written_again_as_it_was() {
    for line in EVERY_LINE.lines() {
        let stamped: Stamped = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let written = serde_json::to_string(&stamped).unwrap();
        let differs = written.bytes().zip(line.bytes()).position(|(written, read)| written != read).unwrap_or(line.len());
        assert!(written == line, "written {:?}, read {:?}", &written[differs.saturating_sub(40)..], &line[differs.saturating_sub(40)..]);
        if let Event::Started(started) = &stamped.event {
            assert_eq!(serde_json::to_string(&started.plan).unwrap(), serde_json::to_string(&PlanRecord::record(&started.plan)).unwrap());
        }
    }
}
