//! Recordings of arrivals: CSV files with a header, one request a row.
//!
//! The columns of two public collections are known by their names: the Azure LLM inference traces (`TIMESTAMP,ContextTokens,GeneratedTokens`)
//! and BurstGPT (`Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type`). Other columns do not matter. A time is a date
//! and a time of day, or a number of seconds; only how far it lies from that of the first row counts. A file is read no further than the
//! drill needs it, so it may be far larger than what is kept.

use super::document::SourceDocument;
use super::finding::Finding;
use super::inside::{self, NamedFile};
use super::workload::{Played, RawWorkload};
use crate::model::{Arrivals, INPUT_MAX, OUTPUT_MAX, Trace, TraceRow};
use crate::units::{Duration, Rate, RunningHash};
use std::io::Read;
use std::path::Path;

/// The most rows that are played.
const ROWS_MAX: usize = 1_000_000;
/// The most bytes of a file that are read.
const BYTES_MAX: u64 = 200_000_000;
/// A drill may take a little longer than planned: so much more is kept.
const SLACK: Duration = Duration::from_secs(30);
/// What a header may be.
const HEADERS: &str = "`TIMESTAMP,ContextTokens,GeneratedTokens` or `Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type`";

/// Reads the recording that a workload plays into it. `total` is how long the drill lasts.
pub(super) fn load(root: &Path, document: &SourceDocument, told: &mut RawWorkload, total: Duration) -> Option<Finding> {
    let played = told.played.clone()?;
    let at = |message: String, hint: String| Some(document.error(&told.at(&["trace"]), message, hint));
    let named = inside::named(root, &played.file);
    if let Some((message, hint)) = inside::wrong(&named, "trace", &played.file) {
        return at(message, hint.into());
    }
    let path = if let NamedFile::File(path) = named { path } else { root.join(&played.file) };
    let file = match crate::host::regular(&path) {
        Ok(file) => file,
        Err(error) => {
            let hint = "write the path from the project's root, for example `traces/conversations.csv`";
            return at(format!("the trace `{}` cannot be read: {error}", played.file), hint.into());
        }
    };
    let until = total.plus(SLACK);
    let rows = match rows(file, played.speed, until) {
        Ok(rows) => rows,
        Err(Wrong { line, message, hint }) => {
            let message = if line == 0 { message } else { format!("line {line}: {message}") };
            return Some(Finding::of_file(&played.file, message, hint));
        }
    };
    let length = Duration::from_nanos(rows.last().map_or(0, |row| row.at));
    if length < total && !played.repeat {
        let message = format!("the trace `{}` ends after {length}, and the drill takes {total}", played.file);
        return at(message, "write `repeat: true`, play it slower with `speed:`, or shorten the timeline".into());
    }
    let Some(trace) = trace(&played, rows, length, total) else {
        return at(format!("the trace `{}` has no two moments", played.file), "a trace needs rows at different times".into());
    };
    told.workload.rate = Rate::per_second(trace.requests as f64 / total.as_secs_f64()).unwrap_or(told.workload.rate);
    told.workload.arrivals = Arrivals::Trace;
    told.workload.trace = Some(trace);
    None
}

/// A recording with what is known of it; `None` where it lasts no time.
fn trace(played: &Played, rows: Vec<TraceRow>, length: Duration, total: Duration) -> Option<Trace> {
    let mut hash = RunningHash::default();
    for row in &rows {
        hash.add(&row.at.to_le_bytes());
        hash.add(&row.input.to_le_bytes());
        hash.add(&row.output.to_le_bytes());
    }
    let rows_sha256 = hash.hex();
    let Played { file, speed, repeat } = played.clone();
    let unknown = Trace { file, rows_sha256, speed, repeat, length, requests: 0, busiest: 0, gap_max: Duration::ZERO, rows: rows.into() };
    if length == Duration::ZERO || total == Duration::ZERO {
        return None;
    }
    let due: Vec<u64> = (0..).map_while(|place| unknown.due(place)).take_while(|due| *due < total.as_nanos()).take(ROWS_MAX).collect();
    let gap_max = due.windows(2).map(|pair| pair[1] - pair[0]).chain(due.last().map(|last| total.as_nanos() - last)).max()?;
    // For each request, those due within the second that it opens.
    let mut ends = 0;
    let busiest = due.iter().enumerate().map(|(place, from)| {
        while ends < due.len() && due[ends] - from < 1_000_000_000 {
            ends += 1;
        }
        ends - place
    });
    let busiest = busiest.max()? as u64;
    Some(Trace { requests: due.len() as u64, busiest, gap_max: Duration::from_nanos(gap_max), ..unknown })
}

/// What is wrong with a file, and on which line; 0 where it concerns the whole.
#[derive(Debug)]
struct Wrong {
    line: u64,
    message: String,
    hint: String,
}

fn wrong<T>(line: u64, message: impl Into<String>, hint: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { line, message: message.into(), hint: hint.into() })
}

/// The rows up to a moment of the play and one beyond it.
fn rows(input: impl Read, speed: f64, until: Duration) -> Result<Vec<TraceRow>, Wrong> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(input.take(BYTES_MAX));
    let unreadable = |error: &csv::Error| Wrong {
        line: error.position().map_or(0, csv::Position::line),
        message: "this is not CSV in UTF-8".into(),
        hint: format!("a trace begins with {HEADERS}"),
    };
    let header = reader.headers().map_err(|error| unreadable(&error))?.clone();
    let column = |names: [&str; 2]| header.iter().position(|cell| names.iter().any(|name| cell.eq_ignore_ascii_case(name)));
    let columns =
        (column(["timestamp", "timestamp"]), column(["contexttokens", "request tokens"]), column(["generatedtokens", "response tokens"]));
    let (Some(time), Some(input), Some(output)) = columns else {
        return wrong(1, "these are not the columns of a trace that is known", format!("write a header such as {HEADERS}"));
    };
    let mut rows: Vec<TraceRow> = Vec::new();
    let mut first = None;
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| unreadable(&error))? {
        let line = record.position().map_or(0, csv::Position::line);
        // What was read last may be a torn row.
        if reader.position().byte() >= BYTES_MAX {
            let message = format!("this drill would need more than {BYTES_MAX} bytes of this file, which is the most");
            return wrong(line, message, "shorten the timeline, or cut the file");
        }
        let cell = |place: usize| record.get(place).unwrap_or_default();
        let Some(moment) = moment(cell(time)) else {
            return wrong(line, format!("`{}` is not a time", cell(time)), "write seconds, or for example `2023-11-16 18:15:46.68`");
        };
        let elapsed = moment - *first.get_or_insert(moment);
        if elapsed < 0 {
            return wrong(line, "this row is earlier than the first", "sort the rows by their times");
        }
        let at = (elapsed as f64 / speed) as u64;
        if rows.last().is_some_and(|last| at < last.at) {
            return wrong(line, "this row is earlier than the one before it", "sort the rows by their times");
        }
        let tokens =
            |place: usize, most: u32| cell(place).parse::<u64>().ok().map(|count| u32::try_from(count).unwrap_or(u32::MAX).min(most));
        let (Some(input), Some(output)) = (tokens(input, INPUT_MAX), tokens(output, OUTPUT_MAX)) else {
            return wrong(line, "this row has no number of tokens", "write whole numbers");
        };
        if rows.len() == ROWS_MAX {
            let message = format!("more than {ROWS_MAX} rows fall into this drill, which is the most");
            return wrong(line, message, "play it slower with `speed:`, or shorten the timeline");
        }
        rows.push(TraceRow { at, input, output });
        if at > until.as_nanos() {
            return Ok(rows);
        }
    }
    Ok(rows)
}

/// A time in nanoseconds: seconds as a number, or a date and a time of day.
fn moment(text: &str) -> Option<i128> {
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.is_finite() && seconds.abs() < 1e12).then_some((seconds * 1e9).round() as i128);
    }
    let (date, rest) = text.split_once([' ', 'T'])?;
    let [year, month, day] = numbers(date, '-')?;
    let (time, offset) = match rest.find(['+', '-', 'Z']) {
        Some(place) => rest.split_at(place),
        None => (rest, "Z"),
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(clock, ':')?;
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit()) && (1..=9).contains(&fraction.len());
    let nanos = digits.then(|| format!("{fraction:0<9}").parse::<i64>().ok())??;
    let ahead = match offset.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign, offset) => {
            let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "0"));
            (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?) * if sign == "-" { -60 } else { 60 }
        }
    };
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - ahead;
    valid.then(|| i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
}

fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let numbers: Vec<i64> = text.split(between).map(|part| part.parse::<u16>().ok().map(i64::from)).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// Days since 1970 of a date in the Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, speed: f64) -> Result<Vec<(u64, u32, u32)>, String> {
        let rows = rows(text.as_bytes(), speed, Duration::from_secs(60));
        rows.map(|rows| rows.iter().map(|row| (row.at / 1_000_000, row.input, row.output)).collect())
            .map_err(|wrong| format!("{}: {}", wrong.line, wrong.message))
    }

    #[test]
    fn the_public_traces_are_read_by_their_columns() {
        let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,9396,3000\n";
        assert_eq!(read(azure, 1.0).unwrap(), [(0, 374, 44), (4314, INPUT_MAX, OUTPUT_MAX)]);
        let later = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n2024-05-10 01:00:00.5+01:00,1,2\n";
        assert_eq!(read(later, 2.0).unwrap(), [(0, 2162, 5), (245, 1, 2)]);
        let burst = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n45,ChatGPT,1087,230,1317,Conversation log\n";
        assert_eq!(read(burst, 10.0).unwrap(), [(0, 472, 18), (4000, 1087, 230)]);
    }

    #[test]
    fn no_more_is_read_than_a_drill_needs() {
        let endless = "Timestamp,Request tokens,Response tokens\n0,1,1\n61,1,1\nnonsense\n";
        assert_eq!(read(endless, 1.0).unwrap().len(), 2);
        assert_eq!(read(endless, 2.0).unwrap_err(), "4: `nonsense` is not a time");
        let many = format!("Timestamp,Request tokens,Response tokens\n{}", "1,1,1\n".repeat(ROWS_MAX + 1));
        assert_eq!(read(&many, 1.0).unwrap_err(), "1000002: more than 1000000 rows fall into this drill, which is the most");
    }

    #[test]
    fn what_is_no_trace_is_told_with_its_line() {
        for (text, told) in [
            ("", "1: these are not the columns of a trace that is known"),
            ("Timestamp,Tokens\n1,2\n", "1: these are not the columns of a trace that is known"),
            ("Timestamp,Request tokens,Response tokens\nyesterday,1,1\n", "2: `yesterday` is not a time"),
            ("Timestamp,Request tokens,Response tokens\n2,1,1\n1,1,1\n", "3: this row is earlier than the first"),
            ("Timestamp,Request tokens,Response tokens\n0,1,1\n2,1,1\n1,1,1\n", "4: this row is earlier than the one before it"),
            ("Timestamp,Request tokens,Response tokens\n0,1,many\n", "2: this row has no number of tokens"),
            ("Timestamp,Request tokens,Response tokens\n0,1\n", "2: this row has no number of tokens"),
        ] {
            assert_eq!(read(text, 1.0).unwrap_err(), told, "{text}");
        }
        for time in
            ["2023-13-01 00:00:00", "2023-01-01 25:00:00", "2023-01-01", "2023-01-01 00:00:00.x", "NaN", "1e300", "2023-01-01 00:00:00+"]
        {
            assert_eq!(moment(time), None, "{time}");
        }
    }
}
