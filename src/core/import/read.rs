//! Reads a record as a stream, line by line. Lines have a bounded length, and those that cannot be read are counted.

use super::lines::{LineReader, TextLine};
use super::moment::RecordTime;
use super::plain::plain;
use super::record::{ImportError, ImportedRecord, RowCollector};
use super::record_reader::RecordReader;
use super::source::{LoadModel, RecordSource};
use super::{envoy, haproxy, k6, locust, nginx, oha, vegeta};
use std::io::BufRead;

/// After this many lines of which most cannot be read, the file is something else.
const ENOUGH: u64 = 1000;
/// In nanoseconds.
const HOUR: u64 = 3_600_000_000_000;

/// The settings by which a record is read.
#[derive(Debug, Clone)]
pub struct ImportSettings {
    /// The tool that wrote it.
    pub source: RecordSource,
    /// How the generator sent, where its record does not tell (k6).
    pub pace: Option<LoadModel>,
    /// The format line of an access log.
    pub template: Option<String>,
    /// The field that tells who served: a tag of k6, a header in Vegeta's JSON, a column of a CSV, a field of the format line.
    pub served_by: Option<String>,
    /// Requests that were sent before are left out.
    pub since: Option<RecordTime>,
    /// Requests that were sent after are left out.
    pub until: Option<RecordTime>,
}

/// Reads a record to its end.
///
/// # Errors
/// See [`ImportError`].
pub fn read(input: impl BufRead, settings: &ImportSettings) -> Result<ImportedRecord, ImportError> {
    let mut format = format(settings)?;
    let absolute = |moment: Option<RecordTime>| match moment {
        Some(RecordTime::At(at)) => Some(at),
        _ => None,
    };
    let mut rows = RowCollector { since: absolute(settings.since), until: absolute(settings.until), ..RowCollector::default() };
    let mut first: Option<(u64, String)> = None;
    let (mut lines, mut skipped) = (0_u64, 0_u64);
    let mut input = LineReader::new(plain(input)?);
    while let Some(line) = input.next()? {
        lines += 1;
        let done = match line {
            TextLine::Long => Err("it is longer than a mebibyte".into()),
            TextLine::Text(text) if text.trim().is_empty() => Ok(0),
            TextLine::Text(text) => row(&text, format.as_mut(), &mut input, &mut rows)?,
        };
        match done {
            Ok(more) => lines += more,
            Err(why) => {
                skipped += 1;
                rows.miss();
                first.get_or_insert((lines, why));
            }
        }
        if rows.full {
            return Err(ImportError::Many);
        }
        if lines >= ENOUGH && skipped * 2 > lines {
            break;
        }
    }
    if let Some((line, why)) = first.filter(|_| skipped * 100 > lines) {
        return Err(ImportError::Unreadable { of: settings.source, unreadable: skipped, lines, line, why, hint: format.hint() });
    }
    format.end(&mut rows);
    let RowCollector { rows, names, grain, start, relative, last, until, gaps, disorder, .. } = rows;
    let start = if relative { 0 } else { start.unwrap_or(0) };
    let mut record =
        ImportedRecord { rows, names, nature: format.nature(), grain, start, relative, last, until, lines, skipped, gaps, disorder };
    cut(&mut record, settings);
    if record.rows.is_empty() {
        let hint = match (settings.since, settings.until) {
            (None, None) => format.hint(),
            _ => "check that `--since` and `--until` are by the record's own clock",
        };
        return Err(ImportError::Empty { hint });
    }
    Ok(record)
}

/// Takes in a row that begins with this line, and says how many more lines it has. Where the whole cannot be read, its first line alone
/// cannot: what follows may be rows of its own. So it is where one of these lines is a row of the same hour: then a stray quote holds them
/// together. (Of another age, it is something that an exception says.)
fn row(
    first: &str,
    format: &mut dyn RecordReader,
    input: &mut LineReader<impl BufRead>,
    rows: &mut RowCollector,
) -> std::io::Result<Result<u64, String>> {
    let more = format.quotes(first).map_or(Ok(Vec::new()), |quotes| input.closing(quotes, first))?;
    if more.is_empty() {
        return Ok(format.line(first, rows).map(|()| 0));
    }
    let own = format.moment(first);
    let mut is_row =
        |line: &str| format.is_row(line) && own.zip(format.moment(line)).is_none_or(|(own, other)| own.abs_diff(other) <= HOUR);
    if more.iter().any(|line| is_row(line)) {
        input.put_back(more);
        return Ok(Err("a quote in it is closed by another row's".into()));
    }
    let whole = std::iter::once(first).chain(more.iter().map(String::as_str)).collect::<Vec<_>>().join("\n");
    let done = format.line(&whole, rows).map(|()| more.len() as u64);
    if done.is_err() {
        input.put_back(more);
    }
    Ok(done)
}

fn format(settings: &ImportSettings) -> Result<Box<dyn RecordReader>, ImportError> {
    let ImportSettings { source, pace, template, served_by, .. } = settings;
    let no = |option: &'static str, hint: &'static str| ImportError::Option { option, of: *source, hint };
    let log = matches!(source, RecordSource::Nginx | RecordSource::Haproxy | RecordSource::Envoy);
    if pace.is_some() && *source != RecordSource::K6 {
        return Err(no("model", "only k6 can send either way without saying which"));
    }
    if template.is_some() && !log {
        return Err(no("log-format", "only access logs have a format line"));
    }
    if served_by.is_some() && *source == RecordSource::Oha {
        return Err(no("served-by", "oha does not record who served"));
    }
    let (template, served_by) = (template.as_deref(), served_by.clone());
    Ok(match source {
        RecordSource::K6 => Box::new(k6::K6::new(pace.unwrap_or(LoadModel::Closed), served_by)),
        RecordSource::Oha => Box::new(oha::Oha::default()),
        RecordSource::Vegeta => Box::new(vegeta::Vegeta::new(served_by)),
        RecordSource::Locust => Box::new(locust::Locust::new(served_by)),
        RecordSource::Nginx => Box::new(nginx::format(template, served_by.as_deref())?),
        RecordSource::Haproxy => Box::new(haproxy::format(template, served_by.as_deref())?),
        RecordSource::Envoy => Box::new(envoy::format(template, served_by.as_deref())?),
    })
}

/// Leaves out what lies before and after the moments that were given from the record's start, which is known only now.
fn cut(record: &mut ImportedRecord, settings: &ImportSettings) {
    let start = record.start;
    let from_start = |moment: Option<RecordTime>| match moment {
        Some(RecordTime::After(after)) => Some(start.saturating_add(after)),
        _ => None,
    };
    let (since, until) = (from_start(settings.since), from_start(settings.until));
    if since.is_some() || until.is_some() {
        record.rows.retain(|row| since.is_none_or(|since| row.sent >= since) && until.is_none_or(|until| row.sent <= until));
        record.until = record.until.or(until);
    }
}
