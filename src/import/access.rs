//! Access logs: the fields of a line → a row, whichever gateway wrote it.
//!
//! A line is written when its request ends, so where a log has the end's moment only, the start is that less the duration. A log knows
//! nothing of requests that never reached the gateway.

use super::Source;
use super::moment::{self, SECOND, length};
use super::read::Format;
use super::record::{ImportError, Nature, Row, Rows, Who};
use super::template::Template;
use crate::history::Kind;
use serde_json::Value;

/// What a field of an access log means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
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
    /// See [`Sense::Answered`].
    Headed(u32),
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

/// How a line is taken apart.
#[derive(Debug)]
pub(super) enum Shape {
    /// By a format line.
    Line(Template<Sense>),
    /// JSON, by keys.
    Keys(Vec<(String, Sense)>),
    /// By either: the line itself shows which.
    Either(Template<Sense>, Vec<(String, Sense)>),
}

/// An access log.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) source: Source,
    shape: Shape,
    hint: &'static str,
}

/// The values of one line.
#[derive(Default)]
struct Seen<'l> {
    came: Option<i64>,
    ended: Option<i64>,
    took: Option<i64>,
    head: Option<i64>,
    answered: Option<i64>,
    headed: Option<i64>,
    status: u16,
    served: Option<&'l str>,
    group: Option<&'l str>,
    cut: Option<Kind>,
    grain: i64,
}

impl Access {
    /// # Errors
    /// Where the format line lacks what every judgement needs.
    pub(super) fn new(source: Source, shape: Shape, hint: &'static str) -> Result<Self, ImportError> {
        let has = |wanted: &dyn Fn(Sense) -> bool| match &shape {
            Shape::Line(template) | Shape::Either(template, _) => template.has(wanted),
            Shape::Keys(keys) => keys.iter().any(|(_, sense)| wanted(*sense)),
        };
        for (what, found) in [
            ("when a request came or ended", has(&|sense| matches!(sense, Sense::Came | Sense::Ended))),
            ("its status", has(&|sense| sense == Sense::Status)),
        ] {
            if !found {
                return Err(ImportError::Template(format!("it has no field for {what}\n\nhint: {hint}")));
            }
        }
        Ok(Self { source, shape, hint })
    }
}

impl Format for Access {
    fn line(&mut self, line: &str, rows: &mut Rows) -> Result<(), String> {
        let line = without_syslog(line, self.source);
        let mut seen = Seen::default();
        match &self.shape {
            Shape::Keys(keys) | Shape::Either(_, keys) if line.starts_with('{') => {
                let object: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
                let texts: Vec<(Sense, String)> = keys.iter().filter_map(|(key, sense)| Some((*sense, text(object.get(key)?)))).collect();
                for (sense, value) in &texts {
                    seen.take(*sense, value)?;
                }
                let row = seen.row(rows)?;
                rows.push(row);
            }
            Shape::Line(template) | Shape::Either(template, _) => {
                template.each(line, |sense, value| seen.take(sense, value))?;
                let row = seen.row(rows)?;
                rows.push(row);
            }
            Shape::Keys(_) => return Err("it is not JSON, and the format line is".into()),
        }
        Ok(())
    }

    fn nature(&self) -> Nature {
        Nature { source: self.source, pace: None, unanswered_seen: true }
    }

    fn hint(&self) -> &'static str {
        self.hint
    }
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
fn without_syslog(line: &str, source: Source) -> &str {
    let tag = source.word();
    let named = line.find(tag).filter(|place| *place > 0 && *place < 120 && !line[..*place].contains(['"', '{', '/']));
    let Some(place) = named else { return line };
    let after = &line[place + tag.len()..];
    match after.find(": ") {
        Some(end) if after[..end].bytes().all(|byte| byte.is_ascii_digit() || byte == b'[' || byte == b']') => &after[end + 2..],
        _ => line,
    }
}

impl<'l> Seen<'l> {
    fn take(&mut self, sense: Sense, value: &'l str) -> Result<(), String> {
        let moment = || {
            let at = moment::stamp(value).or_else(|| moment::log_stamp(value)).or_else(|| moment::number(value));
            at.ok_or_else(|| format!("`{value}` is not a moment"))
        };
        match sense {
            Sense::Came => {
                self.came = Some(moment()?);
                self.grain = self.grain.max(grain(value, 9));
            }
            Sense::Ended => {
                self.ended = Some(moment()?);
                self.grain = self.grain.max(grain(value, 9));
            }
            Sense::Took(scale) => {
                self.took = lapse(value, scale)?;
                if self.took.is_some() {
                    self.grain = self.grain.max(grain(value, scale));
                }
            }
            Sense::Head(scale) => self.head = lapse(value, scale)?,
            Sense::Answered(scale) => self.answered = lapse(last(value), scale)?,
            Sense::Headed(scale) => self.headed = lapse(last(value), scale)?,
            Sense::Status => {
                self.status = match value {
                    "-" | "-1" | "" => 0,
                    text => text.parse().map_err(|_| format!("`{text}` is not a status"))?,
                }
            }
            Sense::Served => self.served = Some(last(value)),
            Sense::Group => self.group = Some(value),
            Sense::Termination => self.cut = self.cut.or(termination(value)),
            Sense::Flags => self.cut = self.cut.or(flags(value)),
        }
        Ok(())
    }

    fn row(&self, rows: &mut Rows) -> Result<Row, String> {
        let sent = match (self.came, self.ended, self.took) {
            (Some(came), _, _) => came,
            (None, Some(ended), took) => ended - took.unwrap_or(0),
            (None, None, _) => return Err("it has no moment".into()),
        };
        if moment::moment(sent).is_none() {
            return Err("it began before 1970".into());
        }
        let took = self.took.or_else(|| self.ended.filter(|ended| *ended >= sent && self.came.is_some()).map(|ended| ended - sent));
        rows.rounded_to(self.grain);
        // nginx tells when the head came by the server's clock: as long before the end as the rest of the answer took.
        let rest = self.answered.zip(self.headed).map(|(answered, headed)| answered - headed + 2 * self.grain);
        let head = self.head.or_else(|| Some((took? - rest?).max(0)));
        let kind = match (self.status, self.cut) {
            (200..400, None) => Kind::Ok,
            (200..400, Some(cut)) => cut,
            (408 | 499 | 504, _) | (0, Some(Kind::Timeout)) => Kind::Timeout,
            _ => Kind::Error,
        };
        let who = match (kind, self.group, self.served) {
            (_, _, Some("<NOSRV>")) => Who::Nobody,
            (Kind::Ok, Some(group), Some(server)) => rows.who(&format!("{group}/{server}")),
            (Kind::Ok, group, served) => rows.who(served.or(group).unwrap_or_default()),
            _ => Who::Nobody,
        };
        Ok(Row { sent, doubt: 0, took, head, kind, who })
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
        text => length(text.trim_start_matches('+'), scale).map(Some).ok_or_else(|| format!("`{text}` is not a length of time")),
    }
}

/// How coarse a number is written, in nanoseconds: one unit of its last digit.
fn grain(value: &str, scale: u32) -> i64 {
    let fraction = value.split_once('.').map_or(0, |(_, after)| after.bytes().take_while(u8::is_ascii_digit).count());
    let unit = match scale {
        // A whole number of digits that is a moment in milliseconds or finer shows it by its length.
        9 if value.bytes().all(|byte| byte.is_ascii_digit()) => match value.len() {
            0..=11 => SECOND,
            12..=14 => 1_000_000,
            15..=17 => 1000,
            _ => 1,
        },
        scale => 10_i64.pow(scale),
    };
    unit / 10_i64.pow(u32::try_from(fraction.min(9)).unwrap_or(9))
}

/// HAProxy's session state at disconnection: the first letter tells who ended it, the second when.
fn termination(value: &str) -> Option<Kind> {
    let mut letters = value.chars();
    match (letters.next()?, letters.next()?) {
        ('-', _) => None,
        // The client left in the middle of the answer: whether it would have come to its end, nobody knows.
        ('C' | 'c', 'D' | 'L') => Some(Kind::Unknown),
        (_, 'D' | 'L') => Some(Kind::Truncated),
        ('C' | 'c' | 's', _) => Some(Kind::Timeout),
        _ => Some(Kind::Error),
    }
}

/// Envoy's response flags that tell of an answer that did not come to its end.
fn flags(value: &str) -> Option<Kind> {
    value.split(',').find_map(|flag| match flag.trim() {
        "DC" | "DownstreamConnectionTermination" => Some(Kind::Unknown),
        "UT" | "SI" | "DT" | "UMSDR" | "UpstreamRequestTimeout" | "StreamIdleTimeout" => Some(Kind::Timeout),
        "UC" | "UR" | "LR" | "UPE" | "UF" | "UpstreamConnectionTermination" | "UpstreamRemoteReset" => Some(Kind::Truncated),
        _ => None,
    })
}
