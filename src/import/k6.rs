//! `k6 run --out json=FILE`: what [`Points`] reads, as rows.

use super::moment::SECOND;
use super::points::{Point, Points, Sample};
use super::read::Format;
use super::record::{Nature, Row, Rows, Stamps, Who};
use super::{Pace, Source};
use crate::history::Outcome;

/// k6 lets a request take this long, unless its script says otherwise.
const TIMEOUT: i64 = 60 * SECOND;

pub(super) struct K6 {
    pace: Pace,
    points: Points,
}

impl K6 {
    pub(super) fn new(pace: Pace, served_by: Option<String>) -> Self {
        Self { pace, points: Points::new(served_by.into_iter().collect()) }
    }

    fn take(&self, told: Option<Point>, rows: &mut Rows) {
        match told {
            Some(Point::Request(sample)) => {
                let row = row(&sample, rows);
                rows.push(row);
            }
            Some(Point::Dropped { at, count }) if self.pace == Pace::Open => {
                for _ in 0..count {
                    rows.push(Row { sent: at, doubt: 0, took: None, head: None, kind: Outcome::Unsent, who: Who::Nobody });
                }
            }
            _ => {}
        }
    }
}

impl Format for K6 {
    fn line(&mut self, line: &str, rows: &mut Rows) -> Result<(), String> {
        let told = self.points.line(line)?;
        self.take(told, rows);
        Ok(())
    }

    fn end(&mut self, rows: &mut Rows) {
        let told = self.points.end();
        self.take(told, rows);
    }

    fn nature(&self) -> Nature {
        Nature { source: Source::K6, pace: Some(self.pace), unanswered_seen: true, stamps: Stamps::Requests }
    }

    fn hint(&self) -> &'static str {
        "record with `k6 run --out json=run.json script.js`; the summary that k6 prints contains no requests"
    }
}

fn row(sample: &Sample, rows: &mut Rows) -> Row {
    let kind = sample.kind();
    let whole = sample.blocked + sample.took;
    let who = match sample.tags.first() {
        Some(Some(name)) if kind == Outcome::Ok => rows.who(name),
        _ if kind == Outcome::Ok => Who::Untold,
        _ => Who::Nobody,
    };
    Row {
        sent: sample.ended - whole,
        doubt: if sample.was_sent() { 0 } else { TIMEOUT },
        took: Some(whole),
        head: sample.head.map(|head| sample.blocked + head),
        kind,
        who,
    }
}
