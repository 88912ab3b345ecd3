//! A comparison as a table for spreadsheets: a row for each candidate, and each number in a column of its own.

use super::bounds::{BoundedQuantile, CountedShare};
use super::comparison::{ComparedCandidate, Comparison};

const COLUMNS: [&str; 32] = [
    "candidate",
    "dialect",
    "model",
    "region",
    "asked",
    "answered",
    "first_token_p50_ms",
    "first_token_p50_ms_lo",
    "first_token_p50_ms_hi",
    "first_token_p95_ms",
    "first_token_p95_ms_lo",
    "first_token_p95_ms_hi",
    "first_token_p99_ms",
    "end_p50_ms",
    "end_p50_ms_lo",
    "end_p50_ms_hi",
    "end_p95_ms",
    "end_p95_ms_lo",
    "end_p95_ms_hi",
    "end_p99_ms",
    "tokens_a_second",
    "input_tokens",
    "output_tokens",
    "request_usd",
    "month_usd",
    "right",
    "right_of",
    "right_share",
    "right_share_lo",
    "right_share_hi",
    "refused",
    "unlike_itself",
];

/// The whole table, with its head.
pub fn comparison_csv(comparison: &Comparison) -> String {
    let mut table = csv::Writer::from_writer(Vec::new());
    let rows = comparison.candidates.iter().map(row);
    for row in std::iter::once(COLUMNS.map(str::to_owned).to_vec()).chain(rows) {
        table.write_record(&row).expect("nothing is written but to memory");
    }
    let bytes = table.into_inner().expect("nothing is written but to memory");
    String::from_utf8(bytes).expect("all cells are texts")
}

fn row(candidate: &ComparedCandidate) -> Vec<String> {
    let number = |value: Option<f64>| value.map(|value| format!("{value}")).unwrap_or_default();
    let milliseconds = |value: Option<f64>| value.map(|value| format!("{value:.1}")).unwrap_or_default();
    let bounded = |quantile: Option<BoundedQuantile>| {
        let of = |which: fn(BoundedQuantile) -> Option<f64>| milliseconds(quantile.and_then(which));
        [of(|quantile| Some(quantile.value)), of(|quantile| quantile.lo), of(|quantile| quantile.hi)]
    };
    let who = &candidate.who;
    let mut cells = vec![who.name.clone(), who.dialect.clone(), who.model.clone(), who.region.clone().unwrap_or_default()];
    cells.extend([candidate.availability.of.to_string(), candidate.availability.hits.to_string()]);
    for times in [candidate.first_token_ms, candidate.end_ms] {
        cells.extend(bounded(times.map(|times| times.p50)));
        cells.extend(bounded(times.map(|times| times.p95)));
        cells.push(milliseconds(times.map(|times| times.p99.value)));
    }
    cells.push(milliseconds(candidate.tokens_a_second.map(|pace| pace.value)));
    cells.extend([candidate.input_tokens, candidate.output_tokens].map(milliseconds));
    cells.push(number(candidate.request_usd));
    cells.push(candidate.month.map(|month| format!("{:.2}", month.as_nanos() as f64 / 1e9)).unwrap_or_default());
    let quality = candidate.quality;
    let count = |of: fn(CountedShare) -> u64| quality.map(|share| of(share).to_string()).unwrap_or_default();
    cells.extend([count(|share| share.hits), count(|share| share.of)]);
    cells.extend([quality.and_then(CountedShare::share), quality.map(|share| share.lo), quality.map(|share| share.hi)].map(number));
    cells.push(candidate.refusals.hits.to_string());
    cells.push(candidate.unlike_itself.map(|share| share.hits.to_string()).unwrap_or_default());
    cells
}
