//! `k6 run --out json=FILE`: JSON lines of metrics and points.
//!
//! A request is a run of points with one moment, which is its end: `http_reqs` first, then how long it was blocked, how long it took from
//! its first byte out to its last byte in (`http_req_duration`) and to the first byte of the answer's head (`http_req_waiting` after
//! `http_req_sending`), and `http_req_failed` last. `dropped_iterations` are requests that were due and not sent, where the executor is one
//! of an arrival rate; which one it was, the record does not tell.

use super::moment::{self, SECOND};
use super::read::Format;
use super::record::{Nature, Row, Rows, Who};
use super::{Pace, Source};
use crate::history::Kind;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// k6 lets a request take this long, unless its script says otherwise.
const TIMEOUT: i64 = 60 * SECOND;
/// More than this in one point is damage.
const MOST_DROPPED: f64 = 1e6;

pub(super) struct K6 {
    pace: Pace,
    served_by: Option<String>,
    pending: Option<Pending>,
}

/// A request whose points are coming in.
struct Pending {
    ended: i64,
    took: Option<i64>,
    blocked: i64,
    sending: i64,
    waiting: Option<i64>,
    failed: Option<bool>,
    status: u16,
    error: bool,
    code: u32,
    who: Who,
}

#[derive(Deserialize)]
struct Point<'a> {
    #[serde(borrow)]
    metric: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    time: Cow<'a, str>,
    value: f64,
    #[serde(borrow, default)]
    tags: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
}

impl K6 {
    pub(super) const fn new(pace: Pace, served_by: Option<String>) -> Self {
        Self { pace, served_by, pending: None }
    }

    fn begin(&mut self, ended: i64, point: &Point<'_>, rows: &mut Rows) {
        self.end(rows);
        let tag = |name: &str| point.data.tags.as_ref().and_then(|tags| tags.get(name)).map(Cow::as_ref);
        let failed = tag("expected_response").map(|expected| expected != "true");
        let who = self.served_by.as_deref().and_then(tag).unwrap_or_default();
        self.pending = Some(Pending {
            ended,
            took: None,
            blocked: 0,
            sending: 0,
            waiting: None,
            failed,
            status: tag("status").and_then(|status| status.parse().ok()).unwrap_or(0),
            error: tag("error").is_some_and(|error| !error.is_empty()),
            code: tag("error_code").and_then(|code| code.parse().ok()).unwrap_or(0),
            who: rows.who(who),
        });
    }
}

impl Format for K6 {
    fn line(&mut self, line: &str, rows: &mut Rows) -> Result<(), String> {
        if !line.contains("\"type\":\"Point\"") {
            return if line.contains("\"type\":\"Metric\"") { Ok(()) } else { Err("it is no line of `--out json`".into()) };
        }
        if !(line.contains("\"http_req") || line.contains("\"dropped_iterations\"")) {
            return Ok(());
        }
        let point: Point<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let at = moment::stamp(&point.data.time).ok_or_else(|| format!("`{}` is not a moment", point.data.time))?;
        let value = point.data.value;
        if point.metric == "http_reqs" {
            self.begin(at, &point, rows);
            return Ok(());
        }
        if point.metric == "dropped_iterations" {
            if !(0.0..=MOST_DROPPED).contains(&value) {
                return Err(format!("{value} iterations cannot be dropped at once"));
            }
            let count = if self.pace == Pace::Open { value as u64 } else { 0 };
            for _ in 0..count {
                rows.push(Row { sent: at, doubt: 0, took: None, head: None, kind: Kind::Unsent, who: Who::Nobody });
            }
            return Ok(());
        }
        let Some(pending) = self.pending.as_mut().filter(|pending| pending.ended == at) else { return Ok(()) };
        let length = || moment::millis(value).ok_or_else(|| format!("{value} ms is not a length of time"));
        match point.metric.as_ref() {
            "http_req_duration" => pending.took = Some(length()?),
            "http_req_blocked" => pending.blocked = length()?,
            "http_req_sending" => pending.sending = length()?,
            "http_req_waiting" => pending.waiting = Some(length()?),
            "http_req_failed" => {
                pending.failed = Some(value != 0.0);
                self.end(rows);
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, rows: &mut Rows) {
        let Some(pending) = self.pending.take() else { return };
        let answered = (200..400).contains(&pending.status);
        let kind = match pending.failed.unwrap_or(!answered) {
            false if !pending.error => Kind::Ok,
            _ if pending.code == 1050 || pending.code == 1211 => Kind::Timeout,
            _ if answered && pending.error => Kind::Truncated,
            false => Kind::Ok,
            true => Kind::Error,
        };
        let took = pending.took.unwrap_or(0);
        // What failed before it was sent has no times, but for a refusal (1212), which comes at once.
        let unsent = took == 0 && pending.blocked == 0 && pending.error && pending.code != 1212;
        let whole = pending.blocked + took;
        rows.push(Row {
            sent: pending.ended - whole,
            doubt: if unsent { TIMEOUT } else { 0 },
            took: Some(whole),
            head: pending.waiting.map(|waiting| pending.blocked + pending.sending + waiting),
            kind,
            who: if kind == Kind::Ok { pending.who } else { Who::Nobody },
        });
    }

    fn nature(&self) -> Nature {
        Nature { source: Source::K6, pace: Some(self.pace), unanswered_seen: true }
    }

    fn hint(&self) -> &'static str {
        "record with `k6 run --out json=run.json script.js`; the summary that k6 prints holds no requests"
    }
}
