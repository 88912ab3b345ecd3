//! `k6 run --out json=FILE`: what [`K6Points`] reads, as rows.

use super::k6_points::{K6Point, K6Points, K6Sample};
use super::moment::SECOND;
use super::record::{RecordNature, RecordRow, RecordedProvider, RowCollector, Stamps};
use super::record_reader::RecordReader;
use super::source::{LoadModel, RecordSource};
use crate::history::Outcome;

/// k6 lets a request take this long, unless its script says otherwise.
const TIMEOUT: i64 = 60 * SECOND;

/// The reader of k6's JSON lines.
pub(super) struct K6 {
    pace: LoadModel,
    points: K6Points,
}

impl K6 {
    pub(super) fn new(pace: LoadModel, served_by: Option<String>) -> Self {
        Self { pace, points: K6Points::new(served_by.into_iter().collect()) }
    }

    fn take(&self, told: Option<K6Point>, rows: &mut RowCollector) {
        match told {
            Some(K6Point::Request(sample)) => {
                let row = row(&sample, rows);
                rows.push(row);
            }
            Some(K6Point::Dropped { at, count }) if self.pace == LoadModel::Open => {
                for _ in 0..count {
                    rows.push(RecordRow {
                        sent: at,
                        doubt: 0,
                        took: None,
                        head: None,
                        kind: Outcome::Unsent,
                        who: RecordedProvider::Nobody,
                    });
                }
            }
            _ => {}
        }
    }
}

impl RecordReader for K6 {
    fn line(&mut self, line: &str, rows: &mut RowCollector) -> Result<(), String> {
        let told = self.points.line(line)?;
        self.take(told, rows);
        Ok(())
    }

    fn end(&mut self, rows: &mut RowCollector) {
        let told = self.points.end();
        self.take(told, rows);
    }

    fn nature(&self) -> RecordNature {
        RecordNature { source: RecordSource::K6, pace: Some(self.pace), unanswered_seen: true, stamps: Stamps::Requests }
    }

    fn hint(&self) -> &'static str {
        "record with `k6 run --out json=run.json script.js`; the summary that k6 prints contains no requests"
    }
}

fn row(sample: &K6Sample, rows: &mut RowCollector) -> RecordRow {
    let kind = sample.kind();
    let whole = sample.blocked + sample.took;
    let who = match sample.tags.first() {
        Some(Some(name)) if kind == Outcome::Ok => rows.who(name),
        _ if kind == Outcome::Ok => RecordedProvider::Untold,
        _ => RecordedProvider::Nobody,
    };
    RecordRow {
        sent: sample.ended - whole,
        doubt: if sample.was_sent() { 0 } else { TIMEOUT },
        took: Some(whole),
        head: sample.head.map(|head| sample.blocked + head),
        kind,
        who,
    }
}
