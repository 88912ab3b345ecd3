//! k6's JSON lines (`--out json`), one at a time → requests as k6 saw them. For records that were written, and for a k6 that is running.
//!
//! A request is a run of points with one moment, which is its end: `http_reqs` first, then how long it was blocked, how long it took from
//! its first byte out to its last byte in (`http_req_duration`) and to the first byte of the answer's head (`http_req_waiting` after
//! `http_req_sending`), and `http_req_failed` last. `dropped_iterations` are requests that were due and not sent, where the executor is one
//! of an arrival rate; which one it was, the lines do not tell. A script's own metric [`SERVED`] says whether an answer was what it should be.

use super::moment;
use crate::history::Outcome;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The metric by which a script says whether it was served: 1 or 0, with a tag that names the request, and a tag `why` where it was not.
pub const SERVED: &str = "lifeboat_served";
/// More than this in one point is damage.
const MOST_DROPPED: f64 = 1e6;

/// One point of k6's output, as far as a drill needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum K6Point {
    /// A request ended.
    Request(K6Sample),
    /// Requests were due and not sent.
    Dropped {
        /// When, in nanoseconds since 1970.
        at: i64,
        /// How many.
        count: u64,
    },
    /// The script was run once, to its end or to an exception.
    Iterated,
    /// The script judged an answer.
    Judged {
        /// The wanted tags, in their order.
        tags: Vec<Option<String>>,
        /// Whether it was what it should be.
        served: bool,
        /// What was wrong with it.
        why: Option<String>,
    },
}

/// A request as k6 saw it. Moments in nanoseconds since 1970, lengths in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct K6Sample {
    /// When it ended.
    pub ended: i64,
    /// From its first byte out to its last byte in.
    pub took: i64,
    /// Before that: waiting for a connection, and opening it.
    pub blocked: i64,
    /// From its first byte out to the answer's head, where that is told.
    pub head: Option<i64>,
    /// HTTP status; 0 where none came.
    pub status: u16,
    /// k6's error code; 0 where there was none.
    pub code: u32,
    /// True where k6 met an error of its own.
    pub error: bool,
    /// Whether k6 counts it as failed, where it says so.
    pub failed: Option<bool>,
    /// The wanted tags, in their order.
    pub tags: Vec<Option<String>>,
}

impl K6Sample {
    /// How it ended.
    pub fn kind(&self) -> Outcome {
        let answered = (200..400).contains(&self.status);
        match self.failed.unwrap_or(!answered) {
            false if !self.error => Outcome::Ok,
            _ if self.code == 1050 || self.code == 1211 => Outcome::Timeout,
            _ if answered && self.error => Outcome::Truncated,
            false => Outcome::Ok,
            true => Outcome::Error,
        }
    }

    /// False where it failed before it was sent, so that it has no times. A refusal (1212) comes at once.
    pub const fn was_sent(&self) -> bool {
        self.took > 0 || self.blocked > 0 || !self.error || self.code == 1212
    }
}

/// A reader of k6's JSON lines, one at a time.
#[derive(Debug)]
pub struct K6Points {
    wanted: Vec<String>,
    pending: Option<(K6Sample, PendingTimes)>,
}

/// The times of a request that are put together only at its end.
#[derive(Debug, Default)]
struct PendingTimes {
    sending: i64,
    waiting: Option<i64>,
}

/// One line of k6's output: a point, or the definition of a metric.
#[derive(Deserialize)]
struct K6Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    metric: Cow<'a, str>,
    #[serde(borrow)]
    data: K6Data<'a>,
}

/// The data of a line; the definition of a metric has neither value nor tags.
#[derive(Deserialize)]
struct K6Data<'a> {
    #[serde(borrow, default)]
    time: Cow<'a, str>,
    value: Option<f64>,
    #[serde(borrow, default)]
    tags: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
}

impl K6Line<'_> {
    fn tag(&self, name: &str) -> Option<&str> {
        self.data.tags.as_ref()?.get(name).map(Cow::as_ref)
    }
}

impl K6Points {
    /// A reader that keeps these tags of every request.
    pub const fn new(wanted: Vec<String>) -> Self {
        Self { wanted, pending: None }
    }

    /// Takes one line in.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn line(&mut self, line: &str) -> Result<Option<K6Point>, String> {
        // Most lines tell of other metrics: those are not taken apart.
        let is_line = line.contains("\"type\"") && (line.contains("\"Point\"") || line.contains("\"Metric\""));
        if !is_line {
            return Err("it is not a line of `--out json`".into());
        }
        if !(line.contains("\"http_req") || line.contains("iterations\"") || line.contains(SERVED)) {
            return Ok(None);
        }
        let point: K6Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if point.kind == "Metric" {
            return Ok(None);
        }
        let at = moment::stamp(&point.data.time).ok_or_else(|| format!("`{}` is not a time", point.data.time))?;
        let value = point.data.value.ok_or("it has no value")?;
        if point.metric == "http_reqs" {
            let before = self.end();
            self.pending = Some((self.begun(at, &point), PendingTimes::default()));
            return Ok(before);
        }
        if point.metric == "iterations" {
            return Ok(Some(K6Point::Iterated));
        }
        if point.metric == "dropped_iterations" {
            if !(0.0..=MOST_DROPPED).contains(&value) {
                return Err(format!("{value} iterations cannot be dropped at once"));
            }
            return Ok(Some(K6Point::Dropped { at, count: value as u64 }));
        }
        if point.metric == SERVED {
            let why = point.tag("why").filter(|why| !why.is_empty()).map(str::to_owned);
            return Ok(Some(K6Point::Judged { tags: self.tags(&point), served: value != 0.0, why }));
        }
        let Some((sample, parts)) = self.pending.as_mut().filter(|(sample, _)| sample.ended == at) else { return Ok(None) };
        let length = || moment::millis(value).ok_or_else(|| format!("{value} ms is not a duration"));
        match point.metric.as_ref() {
            "http_req_duration" => sample.took = length()?,
            "http_req_blocked" => sample.blocked = length()?,
            "http_req_sending" => parts.sending = length()?,
            "http_req_waiting" => parts.waiting = Some(length()?),
            "http_req_failed" => {
                sample.failed = Some(value != 0.0);
                return Ok(self.end());
            }
            _ => {}
        }
        Ok(None)
    }

    /// The request whose points came last, where the lines end in the midst of them.
    pub fn end(&mut self) -> Option<K6Point> {
        let (mut sample, parts) = self.pending.take()?;
        sample.head = parts.waiting.map(|waiting| parts.sending + waiting);
        Some(K6Point::Request(sample))
    }

    fn begun(&self, ended: i64, point: &K6Line<'_>) -> K6Sample {
        K6Sample {
            ended,
            status: point.tag("status").and_then(|status| status.parse().ok()).unwrap_or(0),
            code: point.tag("error_code").and_then(|code| code.parse().ok()).unwrap_or(0),
            error: point.tag("error").is_some_and(|error| !error.is_empty()),
            failed: point.tag("expected_response").map(|expected| expected != "true"),
            tags: self.tags(point),
            ..K6Sample::default()
        }
    }

    fn tags(&self, point: &K6Line<'_>) -> Vec<Option<String>> {
        self.wanted.iter().map(|name| point.tag(name).map(str::to_owned)).collect()
    }
}
