//! Access logs: the fields of a line → a row, whichever gateway wrote it.
//!
//! A line is written when its request ends, so where a log has the end's moment only, the start is that less the duration. A log knows
//! nothing of requests that never reached the gateway.

use super::moment::{self, grain, length};
use super::record::{ImportError, RecordNature, RecordRow, RecordedProvider, RowCollector, Stamps};
use super::record_reader::RecordReader;
use super::session::{SessionTimer, SessionTimes};
use super::source::RecordSource;
use super::template::Template;
use crate::history::Outcome;
use crate::units::Problem;
use serde_json::Value;

/// The meaning of a field of an access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldMeaning {
    /// When the request came.
    Came,
    /// When it ended.
    Ended,
    /// From its coming to its end, in units of `10^-(9 - scale)` s.
    Took(u32),
    /// From its coming to the head of the answer, likewise.
    Head(u32),
    /// From asking a server to the end of its answer, and to its head; of several servers the last counts.
    Answered(u32),
    /// See [`FieldMeaning::Answered`].
    Headed(u32),
    /// What HAProxy tells of a session.
    Session(SessionTimer),
    /// The status that was answered.
    Status,
    /// Who served; of several, separated by commas or colons with blanks, the last.
    Served,
    /// The group that the server belongs to.
    Group,
    /// How the exchange ended, in HAProxy's two or four letters.
    Termination,
    /// How it ended, in Envoy's flags.
    Flags,
}

/// The layout of a log's lines, by which they are taken apart.
#[derive(Debug)]
pub(super) enum LogLayout {
    /// By a format line.
    Line(Template<FieldMeaning>),
    /// JSON, by keys.
    Keys(Vec<(String, FieldMeaning)>),
    /// By any of these: the line itself shows which.
    Either(Vec<Template<FieldMeaning>>, Vec<(String, FieldMeaning)>),
}

/// The reader of an access log, whichever gateway wrote it.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) source: RecordSource,
    shape: LogLayout,
    hint: &'static str,
    stamps: Stamps,
}

/// The values of one line, by their meaning.
#[derive(Default)]
struct LineValues<'l> {
    came: Option<i64>,
    ended: Option<i64>,
    took: Option<i64>,
    head: Option<i64>,
    answered: Option<i64>,
    headed: Option<i64>,
    status: u16,
    served: Option<&'l str>,
    group: Option<&'l str>,
    cut: Option<Outcome>,
    session: SessionTimes,
    grain: i64,
}

impl Access {
    /// # Errors
    /// Where the format line lacks what every judgement needs.
    pub(super) fn new(source: RecordSource, shape: LogLayout, hint: &'static str) -> Result<Self, ImportError> {
        let has = |wanted: &dyn Fn(FieldMeaning) -> bool| match &shape {
            LogLayout::Line(template) => template.has(wanted),
            LogLayout::Either(templates, _) => templates.iter().any(|template| template.has(wanted)),
            LogLayout::Keys(keys) => keys.iter().any(|(_, sense)| wanted(*sense)),
        };
        for (what, found) in [
            (
                "when a request came or ended",
                has(&|sense| matches!(sense, FieldMeaning::Came | FieldMeaning::Ended | FieldMeaning::Session(SessionTimer::Accepted))),
            ),
            ("its status", has(&|sense| sense == FieldMeaning::Status)),
        ] {
            if !found {
                return Err(ImportError::Template(Problem::new(format!("it has no field for {what}")).hint(hint)));
            }
        }
        let of_connections = SessionTimes::is_of_connections(
            |timer| has(&|sense| sense == FieldMeaning::Session(timer)),
            has(&|sense| matches!(sense, FieldMeaning::Came | FieldMeaning::Ended)),
        );
        let stamps = if of_connections { Stamps::Connections } else { Stamps::Requests };
        Ok(Self { source, shape, hint, stamps })
    }
}

impl RecordReader for Access {
    fn line(&mut self, line: &str, rows: &mut RowCollector) -> Result<(), String> {
        let line = without_syslog(line, self.source);
        let row = match &self.shape {
            LogLayout::Keys(keys) | LogLayout::Either(_, keys) if line.starts_with('{') => by_keys(keys, line, rows),
            LogLayout::Line(template) => by_line(template, line, rows),
            // What is wrong by the first of them is said, unless another fits.
            LogLayout::Either(templates, _) => templates
                .iter()
                .map(|template| by_line(template, line, rows))
                .reduce(|first, next| if next.is_ok() && first.is_err() { next } else { first })
                .unwrap_or_else(|| Err("no format line is known".into())),
            LogLayout::Keys(_) => Err("it is not JSON, and the format line is".into()),
        }?;
        rows.push(row);
        Ok(())
    }

    fn nature(&self) -> RecordNature {
        RecordNature { source: self.source, pace: None, unanswered_seen: true, stamps: self.stamps }
    }

    fn hint(&self) -> &'static str {
        self.hint
    }
}

fn by_line(template: &Template<FieldMeaning>, line: &str, rows: &mut RowCollector) -> Result<RecordRow, String> {
    let mut seen = LineValues::default();
    template.each(line, |sense, value| seen.take(sense, value))?;
    seen.row(rows)
}

fn by_keys(keys: &[(String, FieldMeaning)], line: &str, rows: &mut RowCollector) -> Result<RecordRow, String> {
    let object: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let texts: Vec<(FieldMeaning, String)> = keys.iter().filter_map(|(key, sense)| Some((*sense, text(object.get(key)?)))).collect();
    let mut seen = LineValues::default();
    texts.iter().try_for_each(|(sense, value)| seen.take(*sense, value))?;
    seen.row(rows)
}

/// A JSON value as a log line would have it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".into(),
        other => other.to_string(),
    }
}

/// What stands behind the tag of syslog, where the line has one.
fn without_syslog(line: &str, source: RecordSource) -> &str {
    let tag = source.word();
    let named = line.find(tag).filter(|start| *start > 0 && *start < 120 && !line[..*start].contains(['"', '{', '/']));
    let Some(start) = named else { return line };
    let after = &line[start + tag.len()..];
    match after.find(": ") {
        Some(end) if after[..end].bytes().all(|byte| byte.is_ascii_digit() || byte == b'[' || byte == b']') => &after[end + 2..],
        _ => line,
    }
}

impl<'l> LineValues<'l> {
    fn take(&mut self, sense: FieldMeaning, value: &'l str) -> Result<(), String> {
        let moment = || {
            let at = moment::stamp(value).or_else(|| moment::log_stamp(value)).or_else(|| moment::number(value));
            at.ok_or_else(|| format!("`{value}` is not a time"))
        };
        match sense {
            FieldMeaning::Came => {
                self.came = Some(moment()?);
                self.grain = self.grain.max(grain(value, 9));
            }
            FieldMeaning::Ended => {
                self.ended = Some(moment()?);
                self.grain = self.grain.max(grain(value, 9));
            }
            FieldMeaning::Took(scale) => {
                self.took = lapse(value, scale)?;
                if self.took.is_some() {
                    self.grain = self.grain.max(grain(value, scale));
                }
            }
            FieldMeaning::Head(scale) => self.head = lapse(value, scale)?,
            FieldMeaning::Answered(scale) => self.answered = lapse(last(value), scale)?,
            FieldMeaning::Headed(scale) => self.headed = lapse(last(value), scale)?,
            FieldMeaning::Session(timer) => {
                let of_moment = timer == SessionTimer::Accepted;
                let told = if of_moment { Some(moment()?) } else { lapse(value, 6)? };
                self.session.take(timer, told);
                if of_moment {
                    self.grain = self.grain.max(grain(value, 9));
                } else if told.is_some() {
                    self.grain = self.grain.max(grain(value, 6));
                }
            }
            FieldMeaning::Status => self.status = status(value)?,
            FieldMeaning::Served => self.served = Some(last(value)),
            FieldMeaning::Group => self.group = Some(value),
            FieldMeaning::Termination => self.cut = self.cut.or(termination(value)),
            FieldMeaning::Flags => self.cut = self.cut.or(flags(value)),
        }
        Ok(())
    }

    fn row(&self, rows: &mut RowCollector) -> Result<RecordRow, String> {
        let began = self.session.began();
        let took = self.took.or_else(|| self.session.took());
        let (sent, doubt) = match (self.came, self.ended, began) {
            (Some(came), _, _) => (came, 0),
            (None, Some(ended), _) => (ended - took.unwrap_or(0), 0),
            (None, None, Some(began)) => (began.at, began.doubt),
            (None, None, None) => return Err("it has no time".into()),
        };
        if moment::moment(sent).is_none() {
            return Err("it began before 1970".into());
        }
        let took = took.or_else(|| self.ended.filter(|ended| *ended >= sent && self.came.is_some()).map(|ended| ended - sent));
        rows.rounded_to(self.session.grain(self.grain));
        // nginx tells when the head came by the server's clock: as long before the end as the rest of the answer took.
        let rest = self.answered.zip(self.headed).map(|(answered, headed)| answered - headed + 2 * self.grain);
        let head = self.head.or_else(|| Some((took? - rest?).max(0)));
        let kind = match (self.status, self.cut) {
            (200..400, None) => Outcome::Ok,
            (200..400, Some(cut)) => cut,
            (408 | 499 | 504, _) | (0, Some(Outcome::Timeout)) => Outcome::Timeout,
            _ => Outcome::Error,
        };
        let who = match (kind, self.group, self.served) {
            (_, _, Some("<NOSRV>")) => RecordedProvider::Nobody,
            (Outcome::Ok, Some(group), Some(server)) => rows.who(&format!("{group}/{server}")),
            (Outcome::Ok, group, served) => rows.who(served.or(group).unwrap_or_default()),
            _ => RecordedProvider::Nobody,
        };
        Ok(RecordRow { sent, doubt, took, head, kind, who })
    }
}

/// A status of three digits; 0 where none was sent. Anything else is another field's value.
fn status(value: &str) -> Result<u16, String> {
    let is_status = value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_digit());
    match value {
        "-" | "-1" | "" | "0" => Ok(0),
        text if is_status => text.parse().map_err(|_| format!("`{text}` is not a status")),
        text => Err(format!("`{text}` is not a status")),
    }
}

/// The last of several values: nginx writes one for every server that was tried, and the last of them served.
fn last(value: &str) -> &str {
    value.rsplit([',', ' ']).map(str::trim).find(|part| !part.is_empty() && *part != ":").unwrap_or(value)
}

/// A length of time; `None` where the log says that there is none.
fn lapse(value: &str, scale: u32) -> Result<Option<i64>, String> {
    match value {
        "-" | "-1" | "" => Ok(None),
        // HAProxy writes a plus where it did not wait for the end.
        text => length(text.trim_start_matches('+'), scale).map(Some).ok_or_else(|| format!("`{text}` is not a duration")),
    }
}

/// HAProxy's session state at disconnection: the first letter tells who ended it, the second when.
fn termination(value: &str) -> Option<Outcome> {
    let mut letters = value.chars();
    match (letters.next()?, letters.next()?) {
        ('-', _) => None,
        // The client left in the middle of the answer: whether it would have come to its end, nobody knows.
        ('C' | 'c', 'D' | 'L') => Some(Outcome::Unknown),
        (_, 'D' | 'L') => Some(Outcome::Truncated),
        ('C' | 'c' | 's', _) => Some(Outcome::Timeout),
        _ => Some(Outcome::Error),
    }
}

/// Envoy's response flags that tell of an answer that did not come to its end.
fn flags(value: &str) -> Option<Outcome> {
    value.split(',').find_map(|flag| match flag.trim() {
        "DC" | "DownstreamConnectionTermination" => Some(Outcome::Unknown),
        "UT" | "SI" | "DT" | "UMSDR" | "UpstreamRequestTimeout" | "StreamIdleTimeout" => Some(Outcome::Timeout),
        "UC" | "UR" | "LR" | "UPE" | "UF" | "UpstreamConnectionTermination" | "UpstreamRemoteReset" => Some(Outcome::Truncated),
        _ => None,
    })
}
