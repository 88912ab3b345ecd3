//! `vegeta encode --to json` and `--to csv`: a line a request, stamped when it was really sent.
//!
//! Vegeta sends on a schedule while `-max-workers` suffice; what it sent late, it does not tell.

use super::cells::{Divider, Quotes, cells};
use super::moment;
use super::record::{RecordNature, RecordRow, RowCollector, Stamps};
use super::record_reader::RecordReader;
use super::source::{LoadModel, RecordSource};
use crate::history::Outcome;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The reader of Vegeta's JSON lines and CSV.
pub(super) struct Vegeta {
    served_by: Option<String>,
    /// What divides the cells of its CSV, and how many each row has: by the first one.
    divider: Option<Divider>,
    cells: Option<usize>,
}

/// One line of Vegeta's JSON.
#[derive(Deserialize)]
struct Hit<'a> {
    code: u16,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    latency: i64,
    #[serde(borrow, default)]
    error: Cow<'a, str>,
    // Older versions write it in the singular.
    #[serde(default, alias = "header")]
    headers: Option<BTreeMap<String, Vec<String>>>,
}

impl Vegeta {
    pub(super) const fn new(served_by: Option<String>) -> Self {
        Self { served_by, divider: None, cells: None }
    }

    /// What stands behind the first row's timestamp. Its other cells are no help: an error may hold anything.
    fn divider(&mut self, line: &str) -> Divider {
        let behind = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
        *self.divider.get_or_insert_with(|| Divider::of(behind.get(..1).unwrap_or_default()))
    }
}

fn row(sent: Option<i64>, latency: i64, code: u16, error: &str, who: super::record::RecordedProvider) -> Result<RecordRow, String> {
    let sent = sent.ok_or("its timestamp is not a time")?;
    let took = moment::span(latency).ok_or_else(|| format!("a latency of {latency} ns is not a duration"))?;
    let kind = match code {
        200..400 if error.is_empty() => Outcome::Ok,
        200..400 => Outcome::Truncated,
        _ if error.contains("deadline exceeded") || error.contains("Client.Timeout") || error.contains("i/o timeout") => Outcome::Timeout,
        _ => Outcome::Error,
    };
    Ok(RecordRow { sent, doubt: 0, took: Some(took), head: None, kind, who })
}

impl RecordReader for Vegeta {
    fn quotes(&mut self, line: &str) -> Option<Quotes> {
        (!line.starts_with('{')).then(|| Quotes::new(self.divider(line)))
    }

    fn is_row(&mut self, line: &str) -> bool {
        let divider = self.divider(line);
        let Some(cells) = cells(line, divider) else { return false };
        let [timestamp, code, latency, _, _, _, ..] = cells.as_slice() else { return false };
        self.cells.is_none_or(|wanted| wanted == cells.len())
            && timestamp.parse().ok().and_then(moment::moment).is_some()
            && code.parse::<u16>().is_ok()
            && latency.parse::<i64>().is_ok()
    }

    fn moment(&mut self, line: &str) -> Option<i64> {
        let digits = line.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(line.len());
        line[..digits].parse().ok().and_then(moment::moment)
    }

    fn line(&mut self, line: &str, rows: &mut RowCollector) -> Result<(), String> {
        if line.starts_with('{') {
            let hit: Hit<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
            let wanted = self.served_by.as_deref().zip(hit.headers.as_ref());
            let header = wanted.and_then(|(name, headers)| headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)));
            let who = rows.who(header.and_then(|(_, values)| values.first()).map_or("", String::as_str));
            rows.push(row(moment::stamp(&hit.timestamp), hit.latency, hit.code, &hit.error, who)?);
            return Ok(());
        }
        let divider = self.divider(line);
        let cells = cells(line, divider).ok_or("a quote is not closed, or something follows the closing one")?;
        let [timestamp, code, latency, _, _, error, ..] = cells.as_slice() else {
            return Err("it is neither JSON nor a row of `vegeta encode --to csv`".into());
        };
        // A row that was cut would lose its error.
        let wanted = *self.cells.get_or_insert(cells.len());
        if cells.len() != wanted {
            return Err(format!("it has {} cells, and the first row {wanted}", cells.len()));
        }
        let code = code.parse().map_err(|_| format!("`{code}` is not a status"))?;
        let latency = latency.parse().map_err(|_| format!("`{latency}` is not a number of nanoseconds"))?;
        let sent = timestamp.parse().ok().and_then(moment::moment);
        let who = rows.who("");
        rows.push(row(sent, latency, code, error, who)?);
        Ok(())
    }

    fn nature(&self) -> RecordNature {
        RecordNature { source: RecordSource::Vegeta, pace: Some(LoadModel::Open), unanswered_seen: true, stamps: Stamps::Requests }
    }

    fn hint(&self) -> &'static str {
        "write it with `vegeta encode --to json results.bin > run.json`; a report contains no requests"
    }
}
