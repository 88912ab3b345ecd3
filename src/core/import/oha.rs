//! `oha --output-format csv`: a row for each answer, in seconds from oha's start.
//!
//! oha 1.16 keeps a row for a request only where it was answered, in its CSV as in its SQLite database; of the others it counts the error
//! messages. Its JSON is a summary. Its connections wait for their answers, so it is a closed model, with `-q` and latency correction too.

use super::cells::{Divider, cells};
use super::moment;
use super::record::{RecordNature, RecordRow, RecordedProvider, RowCollector, Stamps};
use super::record_reader::RecordReader;
use super::source::{LoadModel, RecordSource};
use crate::history::Outcome;

const HEAD: &str = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status";

/// The reader of oha's CSV.
#[derive(Default)]
pub(super) struct Oha {
    headed: bool,
}

impl RecordReader for Oha {
    fn line(&mut self, line: &str, rows: &mut RowCollector) -> Result<(), String> {
        if line == HEAD {
            self.headed = true;
            return Ok(());
        }
        if !self.headed {
            return Err(format!("the first line is not `{HEAD}`"));
        }
        rows.relative = true;
        let cells = cells(line, Divider::Comma).ok_or("a quote is not closed")?;
        let [start, _, _, head, took, _, status] = cells.as_slice() else { return Err(format!("it has {} cells, not 7", cells.len())) };
        let bad = |what: &str, text: &str| format!("`{text}` is not {what}");
        let status: u16 = status.parse().map_err(|_| bad("a status", status))?;
        let length = |text: &str| moment::length(text, 9).ok_or_else(|| bad("a number of seconds", text));
        rows.push(RecordRow {
            sent: length(start)?,
            doubt: 0,
            took: Some(length(took)?),
            head: length(head).ok().filter(|head| *head > 0),
            kind: if (200..400).contains(&status) { Outcome::Ok } else { Outcome::Error },
            who: RecordedProvider::Untold,
        });
        Ok(())
    }

    fn nature(&self) -> RecordNature {
        RecordNature { source: RecordSource::Oha, pace: Some(LoadModel::Closed), unanswered_seen: false, stamps: Stamps::Requests }
    }

    fn hint(&self) -> &'static str {
        "record with `oha --output-format csv --no-tui URL > run.csv`; oha's JSON is a summary, and its database holds the same rows"
    }
}
