//! Series of the team's own monitoring: the answer of a Prometheus to a range query, and a CSV with a column of moments and one of values.
//!
//! What this file does not do: ask or open anything (a drill does), or shift moments onto a drill's clock.

use super::cells::{Divider, cells};
use super::lines::{LineReader, TextLine};
use super::moment::RecordTime;
use super::plain::plain;
use crate::units::{Problem, closest};
use serde::Deserialize;
use std::io::BufRead;

/// More rows than this are not looked at.
const ROWS_MAX: usize = 2_000_000;

/// What a Prometheus answered: the points of the first series, in nanoseconds since 1970, and how many series there were.
#[derive(Debug, Clone, PartialEq)]
pub struct AnsweredSeries {
    /// In order.
    pub points: Vec<(i64, f64)>,
    /// How many series the query yielded.
    pub of: u64,
}

#[derive(Deserialize)]
struct RangeAnswer {
    #[serde(default)]
    data: Option<RangeData>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
struct RangeData {
    #[serde(rename = "resultType")]
    kind: String,
    result: Vec<RangeSeries>,
}

#[derive(Deserialize)]
struct RangeSeries {
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// Reads the body of an answer to `/api/v1/query_range`.
///
/// # Errors
/// Where it is none, or the server says what is wrong with the query.
pub fn answered(body: &[u8]) -> Result<AnsweredSeries, Problem> {
    let answer: RangeAnswer = serde_json::from_slice(body).map_err(|_| {
        Problem::new("it did not answer as a Prometheus does")
            .hint("name the base URL of a Prometheus, to which `/api/v1/query_range` belongs")
    })?;
    let data = match (answer.data, answer.error) {
        (Some(data), None) => data,
        (_, Some(error)) => return Err(Problem::new(format!("it refused the query: {}", error.chars().take(300).collect::<String>()))),
        (None, None) => return Err(Problem::new("it answered without data")),
    };
    if data.kind != "matrix" {
        return Err(Problem::new(format!("the query yields a {}, and no series", data.kind.chars().take(40).collect::<String>())));
    }
    let of = data.result.len() as u64;
    let Some(first) = data.result.into_iter().next() else { return Err(Problem::new("the query yields no series in this time")) };
    let point = |(at, value): (f64, String)| {
        let at = (0.0..4e9).contains(&at).then_some((at * 1e3).round() as i64 * 1_000_000)?;
        value.parse::<f64>().ok().filter(|value| value.is_finite()).map(|value| (at, value))
    };
    Ok(AnsweredSeries { points: ordered(first.values.into_iter().filter_map(point).collect()), of })
}

/// Reads two columns of a CSV with a header; moments in nanoseconds since 1970. Rows in which either is no number are left out, unless most
/// are.
///
/// # Errors
/// Where it cannot be read, or has no such columns.
pub fn columns(input: impl BufRead, time: &str, value: &str) -> Result<Vec<(i64, f64)>, Problem> {
    let unread = |error: std::io::Error| Problem::new(format!("it cannot be read: {error}"));
    let mut lines = LineReader::new(plain(input).map_err(|error| Problem::new(error.to_string()))?);
    let Some(TextLine::Text(header)) = lines.next().map_err(unread)? else { return Err(Problem::new("it is empty")) };
    let header = header.trim_start_matches('\u{feff}');
    let divider = Divider::of(header);
    let names = cells(header, divider).ok_or_else(|| Problem::new("its first line is no header of a CSV"))?;
    let place = |wanted: &str| {
        names.iter().position(|name| name.trim() == wanted).ok_or_else(|| {
            let there = closest(wanted, names.iter().map(|name| name.trim()));
            let hint = there.map_or_else(|| format!("its columns are {}", names.join(", ")), |there| format!("did you mean `{there}`?"));
            Problem::new(format!("it has no column `{wanted}`")).hint(hint.chars().take(300).collect::<String>())
        })
    };
    let (time, value) = (place(time)?, place(value)?);
    let (mut points, mut rows) = (Vec::new(), 0);
    while let Some(line) = lines.next().map_err(unread)? {
        let TextLine::Text(line) = line else { continue };
        if line.trim().is_empty() {
            continue;
        }
        rows += 1;
        if rows > ROWS_MAX {
            return Err(Problem::new("it has more than two million rows").hint("keep the part of it that is about the drill"));
        }
        let row = cells(&line, divider);
        let point = row.as_ref().and_then(|row| {
            let Ok(RecordTime::At(at)) = row.get(time)?.trim().parse() else { return None };
            let value: f64 = divider.number(row.get(value)?.trim()).parse().ok()?;
            value.is_finite().then_some((at, value))
        });
        points.extend(point);
    }
    if points.len() * 2 < rows {
        return Err(Problem::new(format!("{} of its {rows} rows have no moment and number in these columns", rows - points.len()))
            .hint("write moments as 2026-11-20T14:03:07Z or as seconds since 1970, and plain numbers"));
    }
    Ok(ordered(points))
}

fn ordered(mut points: Vec<(i64, f64)>) -> Vec<(i64, f64)> {
    points.sort_by_key(|(at, _)| *at);
    points.dedup_by_key(|(at, _)| *at);
    points
}

/// At most so many points, over the same time: the largest of each stretch, so that no peak is lost.
pub fn thinned(points: Vec<(i64, f64)>, most: usize) -> Vec<(i64, f64)> {
    if points.len() <= most {
        return points;
    }
    let largest = |chunk: &[(i64, f64)]| chunk.iter().copied().max_by(|one, other| one.1.total_cmp(&other.1));
    points.chunks(points.len().div_ceil(most.max(1))).filter_map(largest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_prometheus_is_read_and_anything_else_is_told() {
        let body = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1700000000.5,"0.25"],[1700000001.5,"NaN"],[1700000002.5,"3"]]},{"metric":{},"values":[]}]}}"#;
        let told = answered(body.as_bytes()).unwrap();
        assert_eq!(told, AnsweredSeries { points: vec![(1_700_000_000_500_000_000, 0.25), (1_700_000_002_500_000_000, 3.0)], of: 2 });
        for (body, says) in [
            (r#"{"status":"error","errorType":"bad_data","error":"parse error at char 3"}"#, "parse error at char 3"),
            (r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#, "no series"),
            (r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#, "a vector"),
            ("<html>", "not answer as a Prometheus"),
            ("{}", "without data"),
        ] {
            assert!(answered(body.as_bytes()).unwrap_err().message.contains(says), "{body}");
        }
    }

    #[test]
    fn two_columns_of_a_csv_become_a_series() {
        let csv = "\u{feff}time;orders;note\n2026-11-20T14:03:08Z;2,5;\"a;b\"\n1795183387;1;\n;;\n";
        assert_eq!(
            columns(csv.as_bytes(), "time", "orders").unwrap(),
            [(1_795_183_387_000_000_000, 1.0), (1_795_183_388_000_000_000, 2.5)]
        );
        let missing = columns("time,orders\n".as_bytes(), "time", "order").unwrap_err();
        assert_eq!((missing.message.as_str(), missing.hint.as_deref()), ("it has no column `order`", Some("did you mean `orders`?")));
        assert!(columns("time,v\nx,1\ny,2\n".as_bytes(), "time", "v").unwrap_err().message.contains("2 of its 2 rows"));
        assert!(columns("".as_bytes(), "time", "v").unwrap_err().message.contains("empty"));
    }

    #[test]
    fn a_long_series_keeps_its_peaks() {
        let points: Vec<(i64, f64)> = (0..10_000).map(|at| (at, if at == 4_321 { 99.0 } else { 1.0 })).collect();
        let thin = thinned(points, 2_000);
        assert!(thin.len() <= 2_000 && thin.contains(&(4_321, 99.0)) && thin.is_sorted_by_key(|(at, _)| *at));
    }
}
