//! The sentences that say which claim a record cannot support, why, and what would have to be recorded.

use super::record::{ImportedRecord, RecordNature, Stamps};
use super::source::{LoadModel, RecordSource};
use crate::history::{Caveat, Lost, Outcome};

pub(super) fn caveat(name: Lost, text: impl Into<String>) -> Caveat {
    Caveat { name, text: text.into() }
}

/// What a record cannot show because of the tool that wrote it, and of how it was written.
pub(super) fn by_nature(record: &ImportedRecord) -> Vec<Caveat> {
    let nature = &record.nature;
    let mut found = by_pace(nature);
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
    found.extend(answer_times(record));
    found.extend(connection_times(nature));
    found.extend(send_times(record));
    found
}

/// What follows from whether requests waited for each other, and from whether a generator wrote the record at all.
fn by_pace(nature: &RecordNature) -> Vec<Caveat> {
    let due_times = caveat(Lost::DueTimes, "when requests were due is not recorded: latencies count from sending");
    match nature.pace {
        Some(LoadModel::Closed) => {
            let more = match nature.source {
                RecordSource::K6 => "; if the executor has an arrival rate, add `--model open`",
                RecordSource::Oha => "; this holds with -q and with latency correction too",
                _ => "",
            };
            let text = format!(
                "a worker that waits sends nothing, so requests that users would have sent meanwhile are missing: counts are lower bounds, and that \
                 service held cannot be proven{more}"
            );
            vec![caveat(Lost::OpenModel, text), due_times]
        }
        Some(LoadModel::Open) => vec![caveat(
            Lost::DueTimes,
            "how late each request was sent is not recorded: latencies count from sending, and that the generator kept up is only its own claim",
        )],
        None => {
            let text = "requests that never reached this gateway, and those that had not ended with the record, are not in it: counts are lower bounds";
            vec![caveat(Lost::Unreached, text), due_times]
        }
    }
}

/// Whether it is recorded how long answers took.
fn answer_times(record: &ImportedRecord) -> Option<Caveat> {
    // What was never sent has no end.
    record.rows.iter().find(|row| row.took.is_none() && row.kind != Outcome::Unsent)?;
    let remedy = match record.nature.source {
        RecordSource::Nginx => "; log $request_time (and $msec)",
        RecordSource::Haproxy => "; log %Ta (and %tr)",
        RecordSource::Envoy => "; log %DURATION%",
        RecordSource::K6 | RecordSource::Oha | RecordSource::Vegeta | RecordSource::Locust => "",
    };
    let text = format!("how long answers took is not recorded, so nothing proves that they came in time{remedy}");
    Some(caveat(Lost::AnswerTimes, text))
}

/// Whether the times are those of requests.
fn connection_times(nature: &RecordNature) -> Option<Caveat> {
    (nature.stamps == Stamps::Connections).then(|| {
        caveat(
            Lost::SendTimes,
            "the times are those of connections (%t, %T, %Ts), which may wait for a request for any length of time, so each request may \
             have arrived later than recorded and have taken less; log %tr and %Ta, or %Th and %Ti beside them",
        )
    })
}

/// Whether it is recorded when each request began.
fn send_times(record: &ImportedRecord) -> Option<Caveat> {
    let doubted = record.rows.iter().filter(|row| row.doubt > 0);
    let (count, most) = doubted.fold((0, 0), |(count, most), row| (count + 1, row.doubt.max(most)));
    if count == 0 {
        return None;
    }
    let seconds = most as f64 / 1e9;
    let text = if record.nature.source == RecordSource::Haproxy {
        format!(
            "for {count} requests it is known when they had arrived, but not when they began, up to {seconds} s earlier; log %Th and %Ti, or %tr"
        )
    } else {
        format!(
            "{count} requests failed before they were sent, and when they began is not recorded: each may have begun up to a minute earlier"
        )
    };
    Some(caveat(Lost::SendTimes, text))
}
