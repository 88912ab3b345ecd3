//! A CSV with one row a request and its names in the first row, as a `request` listener of Locust writes it, or JMeter's listener (JTL).
//!
//! Locust's own CSV files hold sums over seconds (`stats_history`) or over the whole run: no request in them has a moment, and there is
//! nothing that a cutover could be seen by. Its users wait for their answers, so it is a closed model.
//!
//! A row has as many cells as the first one; one that was cut would else count as good, for what tells of a failure comes last. Moments are
//! as fine as the finest of them is written, because a number like `12.5` may have lost its zeros.

use super::cells::{Divider, Quotes, cells};
use super::moment::{self, grain, length};
use super::record::{RecordNature, RecordRow, RowCollector, Stamps};
use super::record_reader::RecordReader;
use super::source::{LoadModel, RecordSource};
use crate::history::Outcome;

const SENT: [&str; 4] = ["start_time", "timestamp", "time", "sent"];
const TOOK: [&str; 3] = ["response_time", "elapsed", "response_time_ms"];
const STATUS: [&str; 4] = ["status_code", "response_code", "responsecode", "status"];
const ERROR: [&str; 3] = ["exception", "error", "failuremessage"];
const BROKEN: &str = "a quote is not closed, or something follows the closing one";
const FORMS: &str = "2026-11-20 14:03:07.123, 2026/11/20 14:03:07.123 or 11/20/26 14:03:07";
const SUMS: &str = "this file has totals, not requests: Locust's own CSV cannot show when service came back";

/// The reader of a CSV with a row a request.
pub(super) struct Locust {
    served_by: Option<String>,
    divider: Option<Divider>,
    head: Option<CsvHeader>,
    sums: bool,
    finest: Option<i64>,
}

/// The first row: which column holds what.
struct CsvHeader {
    text: String,
    cells: usize,
    sent: usize,
    took: usize,
    status: Option<usize>,
    success: Option<usize>,
    error: Option<usize>,
    who: Option<usize>,
}

impl Locust {
    pub(super) const fn new(served_by: Option<String>) -> Self {
        Self { served_by, divider: None, head: None, sums: false, finest: None }
    }

    /// What divides the cells of this file, by its first line.
    fn divider(&mut self, line: &str) -> Divider {
        *self.divider.get_or_insert_with(|| Divider::of(line))
    }

    fn head(&self, line: &str, divider: Divider) -> Result<CsvHeader, String> {
        let names: Vec<String> = cells(line, divider).ok_or(BROKEN)?.iter().map(|name| name.trim().to_lowercase()).collect();
        let any = |wanted: &[&str]| wanted.iter().find_map(|wanted| names.iter().position(|name| name == wanted));
        let needs = |what: &str, wanted: &[&str]| format!("the first row names no column for {what} ({})", wanted.join(", "));
        let who = match self.served_by.as_deref() {
            Some(name) => Some(any(&[&name.to_lowercase()]).ok_or_else(|| format!("the first row names no column `{name}`"))?),
            None => None,
        };
        Ok(CsvHeader {
            text: line.to_owned(),
            cells: names.len(),
            sent: any(&SENT).ok_or_else(|| needs("when a request was sent", &SENT))?,
            took: any(&TOOK).ok_or_else(|| needs("how long it took", &TOOK))?,
            status: any(&STATUS),
            success: any(&["success"]),
            error: any(&ERROR),
            who,
        })
    }
}

impl RecordReader for Locust {
    fn quotes(&mut self, line: &str) -> Option<Quotes> {
        Some(Quotes::new(self.divider(line)))
    }

    fn is_row(&mut self, line: &str) -> bool {
        let divider = self.divider(line);
        let Some(head) = &self.head else { return false };
        let closed = format!("{line}\"");
        let Some(cells) = whole(line, &closed, divider) else { return false };
        let number = |index: usize| divider.number(cells[index].trim());
        cells.len() >= head.cells
            && cells[head.cells..].iter().all(|cell| cell.is_empty())
            && stamp(&number(head.sent)).is_some()
            && length(&number(head.took), 6).is_some()
    }

    fn moment(&mut self, line: &str) -> Option<i64> {
        let divider = self.divider(line);
        let closed = format!("{line}\"");
        stamp(&divider.number(whole(line, &closed, divider)?.get(self.head.as_ref()?.sent)?.trim()))
    }

    fn line(&mut self, line: &str, rows: &mut RowCollector) -> Result<(), String> {
        // By its first row: what an exception says is no name of a column.
        let sums = ["Total Request Count", "Requests/s", "Average Response Time"];
        if self.sums || self.head.is_none() && sums.iter().any(|name| line.contains(name)) {
            self.sums = true;
            return Err(SUMS.into());
        }
        let divider = self.divider(line);
        let Some(head) = &self.head else {
            // Excel's way of saying what divides cells.
            if !line.starts_with("sep=") {
                self.head = Some(self.head(line, divider)?);
            }
            return Ok(());
        };
        // Files that were put together repeat it.
        if line == head.text {
            return Ok(());
        }
        let cells = cells(line, divider).ok_or(BROKEN)?;
        if cells.len() < head.cells || cells[head.cells..].iter().any(|cell| !cell.is_empty()) {
            return Err(format!("it has {} cells, and the first row {}", cells.len(), head.cells));
        }
        let cell = |index: usize| cells[index].trim();
        let maybe = |index: Option<usize>| index.map_or("", cell);
        let text = divider.number(cell(head.sent));
        let sent = stamp(&text).ok_or_else(|| format!("`{text}` is not a time in any known form: milliseconds since 1970, {FORMS}"))?;
        let fine = grain(&text, 9);
        let text = divider.number(cell(head.took));
        let took = length(&text, 6).ok_or_else(|| format!("`{text}` is not a number of milliseconds"))?;
        let status = maybe(head.status).parse::<u16>().unwrap_or(0);
        // An exception that says nothing but a line feed is one.
        let error = head.error.map_or("", |index| cells[index].trim_matches([' ', '\t']));
        let told = head.status.is_some() || head.success.is_some() || head.error.is_some();
        let failed = !matches!(error, "" | "None" | "null")
            || maybe(head.success).eq_ignore_ascii_case("false")
            || (head.status.is_some() && !(200..400).contains(&status));
        let kind = match (told, failed) {
            (false, _) => return Err("no column tells how it ended (exception, success or status_code)".into()),
            (true, false) => Outcome::Ok,
            // JMeter tells what went wrong in the place of the status.
            (true, true) if [error, maybe(head.status)].iter().any(|text| is_timeout(text)) => Outcome::Timeout,
            (true, true) => Outcome::Error,
        };
        let who = rows.who(maybe(head.who));
        self.finest = Some(self.finest.map_or(fine, |finest| finest.min(fine)));
        rows.push(RecordRow { sent, doubt: 0, took: Some(took), head: None, kind, who });
        Ok(())
    }

    fn end(&mut self, rows: &mut RowCollector) {
        // Lengths are written to the millisecond.
        rows.rounded_to(self.finest.unwrap_or(0).max(1_000_000));
    }

    fn nature(&self) -> RecordNature {
        RecordNature { source: RecordSource::Locust, pace: Some(LoadModel::Closed), unanswered_seen: true, stamps: Stamps::Requests }
    }

    fn hint(&self) -> &'static str {
        "let a listener of Locust's event `request` write a row a request, with the columns start_time, response_time, exception; `lifeboat \
         help records` shows one. JMeter's listener writes timeStamp, elapsed, success (jmeter.save.saveservice.output_format=csv)"
    }
}

/// The cells of a line, or of that line with the quote closed that it leaves open.
fn whole<'a>(line: &'a str, closed: &'a str, divider: Divider) -> Option<Vec<std::borrow::Cow<'a, str>>> {
    cells(line, divider).or_else(|| cells(closed, divider))
}

fn stamp(text: &str) -> Option<i64> {
    moment::stamp(text).or_else(|| moment::sheet_stamp(text)).or_else(|| moment::number(text))
}

fn is_timeout(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("timeout") || text.contains("timed out")
}
