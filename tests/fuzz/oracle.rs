//! What must hold of whatever was read of a record, and requests that are known because they were made here.

// Each target uses its part of it.
#![allow(dead_code)]

use flate2::{Compression, write::GzEncoder};
use lifeboat::history::Outcome;
use lifeboat::import::{ImportSettings, ImportedRecord, RecordTime, StatedFacts, evidence, read};
use lifeboat::verdict::judge;
use std::io::Write;

/// The year 2096 in nanoseconds: no moment is later.
const LATEST: i64 = 4_000_000_000_000_000_000;

/// Judges a record, and asserts what must hold of any.
pub fn holds(data: &[u8], settings: &ImportSettings, record: ImportedRecord, fault: i64, uncertainty: i64) {
    assert!(record.skipped <= record.lines, "{} of {} lines", record.skipped, record.lines);
    for row in &record.rows {
        assert!((0..LATEST).contains(&row.sent) && row.took.is_none_or(|took| took >= 0) && row.doubt >= 0, "{row:?}");
    }
    assert!(record.grain >= 0);
    // The same bytes in another wrapping are the same record.
    let is_text = data.iter().take(4).all(|byte| *byte != 0 && byte.is_ascii());
    if is_text {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(data).unwrap();
        for other in [packed.finish().unwrap(), [b"\xef\xbb\xbf", data].concat()] {
            let again = read(&other[..], settings).expect("it was read without the wrapping");
            assert_eq!(format!("{:?}", (again.rows, again.names, again.skipped, again.grain)), told(&record));
        }
    }
    let _ = record.outline();
    let rows = record.rows.len();
    let told = StatedFacts {
        providers: vec!["first".into(), "second".into()],
        fault: Some(RecordTime::After(fault)),
        uncertainty,
        ..StatedFacts::default()
    };
    if let Ok(evidence) = evidence(record, &told) {
        assert!(evidence.requests.len() <= rows && evidence.requests.iter().is_sorted_by_key(|request| request.due));
        let _ = judge(&evidence);
    }
}

fn told(record: &ImportedRecord) -> String {
    format!("{:?}", (&record.rows, &record.names, record.skipped, record.grain))
}

/// A request in milliseconds since 2026-11-20T14:00:00Z.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub sent: i64,
    pub took: i64,
    pub good: bool,
    pub rescued: bool,
}

/// That moment, in milliseconds since 1970.
pub const ZERO: i64 = 1_795_183_200_000;

impl Asked {
    /// `14:00:00.000`
    pub fn clock(&self) -> String {
        let of_day = self.sent + 14 * 3_600_000;
        format!("{:02}:{:02}:{:02}.{:03}", of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000)
    }

    /// The end in seconds since 1970.
    pub fn end(&self) -> String {
        let end = ZERO + self.sent + self.took;
        format!("{}.{:03}", end / 1000, end % 1000)
    }

    pub const fn status(&self) -> u16 {
        if self.good { 200 } else { 502 }
    }
}

/// Requests, three bytes each.
pub fn requests(data: &[u8]) -> Vec<Asked> {
    let mut sent = 0;
    data.chunks_exact(3)
        .take(64)
        .map(|bytes| {
            sent += i64::from(bytes[0]) * 3;
            Asked { sent, took: i64::from(bytes[1]) * 7, good: bytes[2] & 1 == 0, rescued: bytes[2] & 2 != 0 }
        })
        .collect()
}

/// Asserts that what was written is read: when each was sent, how long it took, whether it was served.
pub fn comes_back(written: &str, settings: &ImportSettings, requests: &[Asked]) -> Option<ImportedRecord> {
    if requests.is_empty() {
        return None;
    }
    let record = read(written.as_bytes(), settings).unwrap_or_else(|error| panic!("{error}\n{written}"));
    let mut read: Vec<_> = record.rows.iter().map(|row| (row.sent, row.took, row.kind == Outcome::Ok)).collect();
    let mut wanted: Vec<_> =
        requests.iter().map(|asked| ((ZERO + asked.sent) * 1_000_000, Some(asked.took * 1_000_000), asked.good)).collect();
    read.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(read, wanted, "{written}");
    assert_eq!(record.skipped, 0, "{written}");
    Some(record)
}
