//! The tables of a report on candidate providers.

use crate::evaluation::{
    BoundedQuantile, ChangeKind, CompareMeasure, ComparedCandidate, Comparison, CountedShare, MeasureChange, PairOrder,
};
use crate::report::model::{Block, Grade, Quantity, ReportStatus, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::candidates::{TOLD, name};
use crate::units::Money;

/// Milliseconds as people read them.
fn time(milliseconds: f64) -> String {
    match milliseconds {
        short if short < 9.95 => format!("{short:.1} ms"),
        short if short < 9950.0 => format!("{short:.0} ms"),
        long => format!("{:.1} s", long / 1000.0),
    }
}

fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A percentile with its bounds.
fn quantile(found: Option<BoundedQuantile>) -> TableCell {
    let Some(found) = found else { return TableCell::BLANK };
    let bounds = match (found.lo, found.hi) {
        (Some(lo), Some(hi)) => format!(" ({} to {})", time(lo), time(hi)),
        (Some(lo), None) => format!(" ({} or more)", time(lo)),
        (None, Some(hi)) => format!(" ({} or less)", time(hi)),
        (None, None) => String::new(),
    };
    TableCell::of(time(found.value) + &bounds, Some(Quantity::Nanoseconds((found.value * 1e6) as i64)))
}

/// A share with its bounds and its counts.
fn share(found: CountedShare) -> TableCell {
    match found.share() {
        Some(share) => {
            let bounds = format!("{} to {}", percent(found.lo), percent(found.hi));
            TableCell::of(format!("{} ({bounds}), {} of {}", percent(share), found.hits, found.of), None)
        }
        None => TableCell::BLANK,
    }
}

/// A request's cost is a fraction of a cent.
fn dollars(dollars: f64) -> String {
    let digits = if dollars <= 0.0 { 2 } else { (3 - dollars.log10().floor() as i32).clamp(2, 8) };
    format!("{dollars:.*} USD", usize::try_from(digits).unwrap_or(2))
}

fn month(money: Money) -> String {
    let dollars = money.as_nanos() as f64 / 1e9;
    if dollars < 100.0 { format!("{dollars:.2} USD") } else { format!("{dollars:.0} USD") }
}

fn named(candidate: &ComparedCandidate, cells: Vec<TableCell>) -> TableRow {
    let name = &candidate.who.name;
    let cells = std::iter::once(Text::outside(name).into()).chain(cells).collect();
    TableRow { key: Some(name.clone()), status: None, cells }
}

/// All but times.
pub(super) fn other_numbers(comparison: &Comparison) -> ReportTable {
    let has_quality = comparison.candidates.iter().any(|candidate| candidate.quality.is_some());
    let has_score = comparison.candidates.iter().any(|candidate| candidate.score.is_some());
    let has_month = comparison.head.volume.is_some();
    let row = |candidate: &ComparedCandidate| {
        let mut cells = vec![share(candidate.availability)];
        if has_quality {
            cells.push(candidate.quality.map_or(TableCell::BLANK, share));
        }
        if has_score {
            cells.push(candidate.score.map_or(TableCell::BLANK, |score| format!("{score:.2}").into()));
        }
        cells.push(share(candidate.refusals));
        let tokens = candidate.input_tokens.zip(candidate.output_tokens);
        cells.push(tokens.map_or(TableCell::BLANK, |(input, output)| format!("{input:.0} in, {output:.0} out").into()));
        cells.push(candidate.request_usd.map_or(TableCell::BLANK, |cost| dollars(cost).into()));
        if has_month {
            cells.push(candidate.month.map_or(TableCell::BLANK, |cost| month(cost).into()));
        }
        named(candidate, cells)
    };
    let mut columns = vec!["candidate", "answered"];
    columns.extend(has_quality.then_some("right"));
    columns.extend(has_score.then_some("mean score"));
    columns.extend(["refused", "tokens", "a request"]);
    columns.extend(has_month.then_some("a month"));
    ReportTable { columns, rows: comparison.candidates.iter().map(row).collect() }
}

/// Times and pace.
pub(super) fn times(comparison: &Comparison) -> ReportTable {
    let row = |candidate: &ComparedCandidate| {
        let mut cells = Vec::new();
        for times in [candidate.first_token_ms, candidate.end_ms] {
            cells.extend([
                quantile(times.map(|times| times.p50)),
                quantile(times.map(|times| times.p95)),
                quantile(times.map(|times| times.p99)),
            ]);
        }
        cells.push(candidate.tokens_a_second.map_or(TableCell::BLANK, |pace| format!("{:.0} tokens/s", pace.value).into()));
        named(candidate, cells)
    };
    let columns =
        vec!["candidate", "first token, p50", "first token, p95", "first token, p99", "end, p50", "end, p95", "end, p99", "pace, median"];
    ReportTable { columns, rows: comparison.candidates.iter().map(row).collect() }
}

/// Every pair by every measure.
pub(super) fn order(comparison: &Comparison) -> Option<Section> {
    // Two that were alike every time are ahead of nobody.
    let of = |measure: CompareMeasure| comparison.order.iter().filter(move |pair| pair.measure == measure && pair.wins + pair.losses > 0);
    let row = |pair: &PairOrder| {
        let chance = if pair.chance < 0.0001 { "under 0.0001".to_owned() } else { format!("{:.4}", pair.chance) };
        let who = Text::outside(&pair.better).then(" before ").then(Text::outside(&pair.worse));
        let status = if pair.shown { ("shown", Grade::Good) } else { ("not shown", Grade::Neutral) };
        let status = ReportStatus { word: status.0.to_owned(), grade: status.1 };
        let counts = format!("{} to {}, {} alike", pair.wins, pair.losses, pair.ties);
        let cells = vec![name(pair.measure).into(), who.into(), counts.into(), chance.into(), status.word.clone().into()];
        TableRow { key: None, status: Some(status), cells }
    };
    let rows: Vec<TableRow> = TOLD.into_iter().flat_map(of).map(row).collect();
    let columns = vec!["by", "who is ahead", "prompts", "chance alone", "shown"];
    (!rows.is_empty()).then(|| Section::new(SectionKind::Comparison, "What is shown").with(ReportTable { columns, rows }))
}

/// How often answers differ.
pub(super) fn differences(comparison: &Comparison) -> Option<Section> {
    let pairs = comparison.differences.iter().map(|pair| {
        let who = Text::outside(&pair.one).then(" and ").then(Text::outside(&pair.other));
        TableRow::of([who.into(), share(pair.differing)])
    });
    let itself = comparison.candidates.iter().filter_map(|candidate| {
        let who = Text::outside(&candidate.who.name).then(" and itself, asked again");
        Some(TableRow::of([who.into(), share(candidate.unlike_itself?)]))
    });
    let rows: Vec<TableRow> = pairs.chain(itself).collect();
    let table = ReportTable { columns: vec!["between", "prompts answered differently"], rows };
    (!table.rows.is_empty()).then(|| Section::new(SectionKind::Candidates, "Different answers").with(table))
}

/// Why there was no answer.
pub(super) fn failures(comparison: &Comparison) -> Option<Section> {
    let each = comparison.candidates.iter().flat_map(|candidate| {
        candidate.failures.iter().map(|(word, count)| {
            TableRow::of([Text::outside(&candidate.who.name).into(), Text::outside(word).into(), TableCell::count(*count)])
        })
    });
    let rows: Vec<TableRow> = each.collect();
    let columns = vec!["candidate", "what came instead of an answer", "times"];
    (!rows.is_empty()).then(|| Section::new(SectionKind::Candidates, "Failures").with(ReportTable { columns, rows }))
}

/// What changed since the comparison that it was held against.
pub(super) fn changes(comparison: &Comparison) -> Option<Section> {
    let against = comparison.against.as_ref()?;
    let told = |change: &&MeasureChange| change.change != ChangeKind::Unknown;
    let row = |change: &MeasureChange| {
        let grade = if change.is_worse() { Grade::Bad } else { Grade::Good };
        let status = ReportStatus { word: change.change.to_string(), grade };
        let value = |value: Option<f64>| value.map_or(TableCell::BLANK, |value| number(change.measure, value).into());
        let was = value(change.before).text.map_or(TableCell::BLANK, |text| Text::own("was ").then(text).into());
        let what = Text::own(format!("{} of ", name(change.measure))).then(Text::outside(&change.candidate));
        let key = Some(format!("{} {}", change.candidate, change.measure));
        let cells = vec![what.into(), was, value(change.now), status.word.clone().into()];
        TableRow { key, status: Some(status), cells }
    };
    let rows: Vec<TableRow> = comparison.changes.iter().filter(told).map(row).collect();
    let said = Text::own("Against ").then(Text::outside(against)).then(", by the prompts that both have.");
    let section = Section::new(SectionKind::Objectives, "Since the comparison before").with(crate::report::model::Paragraph::plain(said));
    if rows.is_empty() {
        return Some(section.with(Block::List(vec!["The two have no candidate and no prompt in common.".into()])));
    }
    Some(section.with(ReportTable { columns: vec!["measure", "promised", "measured", "verdict"], rows }))
}

fn number(measure: CompareMeasure, value: f64) -> String {
    match measure {
        CompareMeasure::Availability | CompareMeasure::Quality | CompareMeasure::Refusals => percent(value),
        CompareMeasure::FirstToken | CompareMeasure::Whole => time(value),
        CompareMeasure::Pace => format!("{value:.0} tokens/s"),
        CompareMeasure::Cost => dollars(value),
    }
}
