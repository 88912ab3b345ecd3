//! A CSV with one row a request and its names in the first row, as a `request` listener of Locust writes it, or JMeter's listener (JTL).
//!
//! Locust's own CSV files hold sums over seconds (`stats_history`) or over the whole run: no request in them has a moment, and there is
//! nothing that a cutover could be seen by. Its users wait for their answers, so it is a closed model.

use super::cells::cells;
use super::moment::{self, length};
use super::read::Format;
use super::record::{Nature, Row, Rows};
use super::{Pace, Source};
use crate::history::Kind;

const SENT: [&str; 4] = ["start_time", "timestamp", "time", "sent"];
const TOOK: [&str; 3] = ["response_time", "elapsed", "response_time_ms"];
const STATUS: [&str; 4] = ["status_code", "response_code", "responsecode", "status"];
const ERROR: [&str; 3] = ["exception", "error", "failuremessage"];
const SUMS: &str = "this file holds sums, not requests: Locust's own CSV cannot tell when service came back";

pub(super) struct Locust {
    served_by: Option<String>,
    head: Option<Head>,
    sums: bool,
}

struct Head {
    text: String,
    sent: usize,
    took: usize,
    status: Option<usize>,
    success: Option<usize>,
    error: Option<usize>,
    who: Option<usize>,
}

impl Locust {
    pub(super) const fn new(served_by: Option<String>) -> Self {
        Self { served_by, head: None, sums: false }
    }

    fn head(&self, line: &str) -> Result<Head, String> {
        let names: Vec<String> = cells(line).ok_or("a quote is not closed")?.iter().map(|name| name.trim().to_lowercase()).collect();
        let any = |wanted: &[&str]| wanted.iter().find_map(|wanted| names.iter().position(|name| name == wanted));
        let needs = |what: &str, wanted: &[&str]| format!("the first row names no column for {what} ({})", wanted.join(", "));
        let who = match self.served_by.as_deref() {
            Some(name) => Some(any(&[&name.to_lowercase()]).ok_or_else(|| format!("the first row names no column `{name}`"))?),
            None => None,
        };
        Ok(Head {
            text: line.to_owned(),
            sent: any(&SENT).ok_or_else(|| needs("when a request was sent", &SENT))?,
            took: any(&TOOK).ok_or_else(|| needs("how long it took", &TOOK))?,
            status: any(&STATUS),
            success: any(&["success"]),
            error: any(&ERROR),
            who,
        })
    }
}

impl Format for Locust {
    fn line(&mut self, line: &str, rows: &mut Rows) -> Result<(), String> {
        if self.sums || line.contains("Total Request Count") || line.contains("Requests/s") || line.contains("Average Response Time") {
            self.sums = true;
            return Err(SUMS.into());
        }
        let Some(head) = &self.head else {
            self.head = Some(self.head(line)?);
            return Ok(());
        };
        // Files that were put together repeat it.
        if line == head.text {
            return Ok(());
        }
        let cells = cells(line).ok_or("a quote is not closed")?;
        let cell = |place: usize| cells.get(place).map(|cell| cell.trim()).ok_or_else(|| format!("it has {} cells only", cells.len()));
        let maybe = |place: Option<usize>| place.and_then(|place| cells.get(place)).map(|cell| cell.trim()).unwrap_or_default();
        let sent = cell(head.sent)?;
        let sent = moment::stamp(sent).or_else(|| moment::number(sent)).ok_or_else(|| format!("`{sent}` is not a moment"))?;
        let took = cell(head.took)?;
        let took = length(took, 6).ok_or_else(|| format!("`{took}` is not a number of milliseconds"))?;
        let (status, error) = (maybe(head.status).parse::<u16>().unwrap_or(0), maybe(head.error));
        let told = head.status.is_some() || head.success.is_some() || head.error.is_some();
        let failed = !matches!(error, "" | "None" | "null")
            || maybe(head.success).eq_ignore_ascii_case("false")
            || (head.status.is_some() && !(200..400).contains(&status));
        let kind = match (told, failed) {
            (false, _) => return Err("no column tells how it ended (exception, success or status_code)".into()),
            (true, false) => Kind::Ok,
            (true, true) if error.to_lowercase().contains("timeout") || error.contains("timed out") => Kind::Timeout,
            (true, true) => Kind::Error,
        };
        let who = rows.who(maybe(head.who));
        rows.rounded_to(1_000_000);
        rows.push(Row { sent, doubt: 0, took: Some(took), head: None, kind, who });
        Ok(())
    }

    fn nature(&self) -> Nature {
        Nature { source: Source::Locust, pace: Some(Pace::Closed), unanswered_seen: true }
    }

    fn hint(&self) -> &'static str {
        "let a listener of Locust's event `request` write a row a request, with the columns start_time, response_time, exception; the README shows one"
    }
}
