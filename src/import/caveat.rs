//! The sentences that say which claim a record cannot support, why, and what would have to be recorded.

use super::record::{ImportedRecord, Stamps};
use super::{LoadModel, RecordSource};
use crate::history::{Caveat, Lost, Outcome};

pub(super) fn caveat(name: Lost, text: impl Into<String>) -> Caveat {
    Caveat { name, text: text.into() }
}

/// What follows from whose record it is.
pub(super) fn by_nature(record: &ImportedRecord) -> Vec<Caveat> {
    let nature = &record.nature;
    let mut found = Vec::new();
    match nature.pace {
        Some(LoadModel::Closed) => {
            let mut text =
                "a worker that waits sends nothing, so requests that users would have sent meanwhile are missing: counts are lower \
                            bounds, and that service held cannot be proven"
                    .to_owned();
            match nature.source {
                RecordSource::K6 => text.push_str("; if the executor has an arrival rate, add `--model open`"),
                RecordSource::Oha => text.push_str("; this holds with -q and with latency correction too"),
                _ => {}
            }
            found.push(caveat(Lost::OpenModel, text));
        }
        Some(LoadModel::Open) => {
            found.push(caveat(
                Lost::DueTimes,
                "how late each request was sent is not recorded: latencies count from sending, and that the generator kept up is only its own claim",
            ));
        }
        None => {
            found.push(caveat(
                Lost::Unreached,
                "requests that never reached this gateway, and those that had not ended with the record, are not in it: counts are lower bounds",
            ));
        }
    }
    if nature.pace == Some(LoadModel::Closed) || nature.pace.is_none() {
        found.push(caveat(Lost::DueTimes, "when requests were due is not recorded: latencies count from sending"));
    }
    if !nature.unanswered_seen {
        found.push(caveat(
            Lost::Unanswered,
            "requests without an answer have no row, so no recovery can be proven; record with k6 or Vegeta, which keep them",
        ));
    }
    found.push(caveat(
        Lost::Completeness,
        "whether an answer was complete is not recorded: one that ended early without an error counts as good",
    ));
    if record.skipped > 0 {
        found.push(caveat(Lost::EveryLine, format!("{} of {} lines could not be read and were left out", record.skipped, record.lines)));
    }
    if record.grain > 1_000_000 {
        let grain = record.grain as f64 / 1e9;
        found.push(caveat(Lost::FineTimes, format!("times are written to {grain} s, so every interval is that much wider at both ends")));
    }
    // What was never sent has no end.
    let untimed = record.rows.iter().any(|row| row.took.is_none() && row.kind != Outcome::Unsent);
    if untimed {
        let remedy = match nature.source {
            RecordSource::Nginx => "; log $request_time (and $msec)",
            RecordSource::Haproxy => "; log %Ta (and %tr)",
            RecordSource::Envoy => "; log %DURATION%",
            RecordSource::K6 | RecordSource::Oha | RecordSource::Vegeta | RecordSource::Locust => "",
        };
        let text = format!("how long answers took is not recorded, so nothing proves that they came in time{remedy}");
        found.push(caveat(Lost::AnswerTimes, text));
    }
    if nature.stamps == Stamps::Connections {
        found.push(caveat(
            Lost::SendTimes,
            "the times are those of connections (%t, %T, %Ts), which may wait for a request for any length of time, so each request may \
             have arrived later than recorded and have taken less; log %tr and %Ta, or %Th and %Ti beside them",
        ));
    }
    let doubted = record.rows.iter().filter(|row| row.doubt > 0);
    let (unsent, most) = doubted.fold((0, 0), |(count, most), row| (count + 1, row.doubt.max(most)));
    if unsent > 0 {
        let seconds = most as f64 / 1e9;
        let text = if nature.source == RecordSource::Haproxy {
            format!(
                "for {unsent} requests it is known when they had arrived, but not when they began, up to {seconds} s earlier; log %Th and %Ti, or %tr"
            )
        } else {
            format!(
                "{unsent} requests failed before they were sent, and when they began is not recorded: each may have begun up to a minute earlier"
            )
        };
        found.push(caveat(Lost::SendTimes, text));
    }
    found
}
