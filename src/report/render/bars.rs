//! The picture of a drill as lines of text, where nothing else goes: a row for each of those who served, one for each way to be bad, and what happened
//! meanwhile below them.
//!
//! What this file does not do: say anything but how it is drawn.

use crate::report::model::{DrillPicture, Grade, IntervalPlot, PictureMark, PictureSpan, Quantity, SpanKind};
use crate::report::words::wording::between;
use crate::units::one_line;
use crate::verdict::Interval;

/// Columns of time.
const COLUMNS: usize = 72;
/// Letters before them.
const LABELS: usize = 22;
/// Columns of a plot of intervals, which has words beside it.
const PLOT: usize = 44;
/// Rows of steps, and of marks, at most.
const LANES: usize = 8;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// All rows, each with its line break, and how to read them.
pub(in crate::report) fn bars(picture: &DrillPicture) -> String {
    bars_within(picture, COLUMNS + LABELS)
}

/// The same, no wider than this.
pub(in crate::report) fn bars_within(picture: &DrillPicture, width: usize) -> String {
    let axis = Axis::of(picture, width.saturating_sub(LABELS).clamp(10, COLUMNS));
    let mut lines: Vec<String> = Vec::new();
    let sums: Vec<Vec<u32>> = picture.series.iter().map(|series| axis.sums(&series.counts)).collect();
    let top = (0..axis.columns).map(|column| sums.iter().map(|counts| counts[column]).sum::<u32>()).max().unwrap_or(1).max(1);
    for (series, counts) in picture.series.iter().zip(&sums) {
        let bars: String = counts.iter().map(|count| bar(*count, top)).collect();
        lines.push(row(&series.name, &bars));
    }
    lines.extend(spans(picture, &axis, SpanKind::Fault, '▒', "fault: "));
    lines.extend(measured(picture, &axis));
    lines.extend(spans(picture, &axis, SpanKind::Breaker, '░', ""));
    lines.extend(spans(picture, &axis, SpanKind::Guard, '▓', "guard: "));
    lines.extend(spans(picture, &axis, SpanKind::Step, '━', ""));
    lines.extend(picture.marks.iter().take(LANES).map(|mark| moment(mark, &axis)));
    let latency = latencies(picture, &axis);
    lines.extend((!latency.is_empty()).then(|| row("p95 latency", &latency)));
    lines.push(axis.numbers());
    let since = if picture.fault_ns.is_some() { "after the fault" } else { "of traffic" };
    let wide = axis.width_ns as f64 / 1e9;
    format!(
        "{}\n\nOne column is {wide} s; the axis counts seconds {since}.\n",
        lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
    )
}

/// Time as columns of text.
struct Axis {
    /// Columns of the picture in one of text.
    each: usize,
    columns: usize,
    width_ns: u64,
    /// What the numbers count from.
    zero_ns: u64,
}

impl Axis {
    fn of(picture: &DrillPicture, most: usize) -> Self {
        let each = picture.columns.div_ceil(most).max(1);
        let (columns, width_ns) = (picture.columns.div_ceil(each), picture.column_ns.saturating_mul(each as u64));
        Self { each, columns, width_ns: width_ns.max(1), zero_ns: picture.fault_ns.unwrap_or(0) }
    }

    fn sums(&self, counts: &[u32]) -> Vec<u32> {
        counts.chunks(self.each).map(|column| column.iter().sum()).collect()
    }

    /// The column of a moment; beyond the last, the last.
    fn column(&self, ns: u64) -> usize {
        ((ns / self.width_ns) as usize).min(self.columns.saturating_sub(1))
    }

    /// Every tenth column, in seconds.
    fn numbers(&self) -> String {
        let zero = self.column(self.zero_ns) % 10;
        let mut text = " ".repeat(zero);
        for column in (zero..self.columns).step_by(10) {
            let seconds = (column as f64 - self.column(self.zero_ns) as f64) * self.width_ns as f64 / 1e9;
            text += &format!("{:<10}", (seconds * 10.0).round() / 10.0);
        }
        row("seconds", &text)
    }
}

fn row(label: &str, cells: &str) -> String {
    let mut name: String = one_line(label).chars().take(LABELS - 1).collect();
    if one_line(label).chars().count() > LABELS - 1 {
        name.pop();
        name.push('…');
    }
    format!("{name:<LABELS$}{}", cells.trim_end())
}

fn bar(count: u32, top: u32) -> char {
    let eighths = (f64::from(count) / f64::from(top) * 8.0).round() as usize;
    BARS[if count > 0 { eighths.clamp(1, 8) } else { 0 }]
}

fn spans(picture: &DrillPicture, axis: &Axis, kind: SpanKind, letter: char, before: &str) -> Vec<String> {
    let of_kind: Vec<&PictureSpan> = picture.spans.iter().filter(|span| span.kind == kind).collect();
    let mut rows: Vec<(String, Vec<char>)> = Vec::new();
    for span in of_kind {
        let name = format!("{before}{}", span.name.plain());
        let place = rows.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            rows.push((name, vec![' '; axis.columns]));
            rows.len() - 1
        });
        let (from, until) = (axis.column(span.from_ns), span.until_ns.map_or(axis.columns - 1, |until| axis.column(until)));
        rows[place].1[from..=until.max(from)].fill(letter);
    }
    // What comes again and again says no more than that it did.
    rows.truncate(LANES);
    rows.into_iter().map(|(name, cells)| row(&name, &cells.into_iter().collect::<String>())).collect()
}

fn moment(mark: &PictureMark, axis: &Axis) -> String {
    row(&mark.name.plain(), &format!("{}▲", " ".repeat(axis.column(mark.at_ns))))
}

/// The measured interval and what it is held against, on one row each.
fn measured(picture: &DrillPicture, axis: &Axis) -> Vec<String> {
    let Some(fault) = picture.fault_ns else { return Vec::new() };
    let from = axis.column(fault);
    let mut lines = Vec::new();
    if let Some(cutover) = &picture.cutover {
        let at = |ns: i64| axis.column(fault.saturating_add_signed(ns));
        let lo = at(cutover.between.lo_ns);
        let rest = match cutover.between.hi_ns.map(at) {
            Some(hi) if hi > lo => format!("[{}]", "─".repeat(hi - lo - 1)),
            Some(_) => "╂".to_owned(),
            None => format!("[{}?", "─".repeat(axis.columns.saturating_sub(lo + 2))),
        };
        lines.push(row("", &format!("{}{}{rest} {}", " ".repeat(from), "─".repeat(lo.saturating_sub(from)), beside(&cutover.label))));
    }
    if let Some(objective) = &picture.objective {
        let beyond = fault.saturating_add(objective.ns) > picture.end_ns;
        let until = axis.column(fault.saturating_add(objective.ns));
        let line = "─".repeat(until.saturating_sub(from + 1));
        lines.push(row("", &format!("{}├{line}{} {}", " ".repeat(from), if beyond { '→' } else { '┤' }, beside(&objective.label))));
    }
    lines
}

/// What stands beside a line, no longer than a line is.
fn beside(label: &str) -> String {
    one_line(label).chars().take(LABELS * 2).collect()
}

/// The 95th percentile on a scale of logarithms.
fn latencies(picture: &DrillPicture, axis: &Axis) -> String {
    let Some(line) = picture.latency.iter().find(|line| line.name == "p95") else { return String::new() };
    let each: Vec<Option<u64>> = line.ns.chunks(axis.each).map(|column| column.iter().flatten().copied().max()).collect();
    let logs = || each.iter().flatten().map(|ns| (*ns as f64).max(1.0).log10());
    let (low, high) = (logs().fold(f64::INFINITY, f64::min).floor(), logs().fold(f64::NEG_INFINITY, f64::max).ceil());
    let letter =
        |ns: &Option<u64>| ns.map_or(' ', |ns| BARS[(((ns as f64).max(1.0).log10() - low) / (high - low).max(1.0) * 7.0) as usize + 1]);
    each.iter().map(letter).collect()
}

/// Intervals on one axis, a row each, with their lengths and how the drill ended.
pub(in crate::report) fn intervals(plot: &IntervalPlot) -> String {
    let ends = |quantity: &Option<Quantity>| match quantity {
        Some(Quantity::Between { lo_ns, hi_ns }) => Some((*lo_ns, *hi_ns)),
        _ => None,
    };
    let known = plot.rows.iter().filter_map(|row| ends(&row.interval)).map(|(lo, hi)| hi.unwrap_or(lo));
    let most = known.chain(plot.objective_ns).max().unwrap_or(1).max(1) as f64;
    let at = |ns: i64| ((ns.max(0) as f64 / most * (PLOT - 1) as f64) as usize).min(PLOT - 1);
    let mut lines: Vec<String> = Vec::new();
    for each in &plot.rows {
        let mut cells = vec![' '; PLOT];
        let mut told = "not measured".to_owned();
        if let Some((lo, hi)) = ends(&each.interval) {
            let letter = if each.status.grade == Grade::Bad { '▓' } else { '█' };
            cells[at(lo)..=hi.map_or(PLOT - 1, at).max(at(lo))].fill(if hi.is_some() { letter } else { '░' });
            told = between(Interval { lo, hi });
        }
        if let Some(limit) = plot.objective_ns {
            cells[at(limit)] = '│';
        }
        let bar: String = cells.into_iter().collect();
        lines.push(format!("{} {told:<16} {}", row(&each.label.plain(), &format!("{bar}.")).trim_end_matches('.'), each.status.word));
    }
    lines.push(row("seconds", &format!("0{:>width$.1}", most / 1e9, width = PLOT - 1)));
    if let Some(limit) = plot.objective_ns {
        lines.push(row("", &format!("│ objective {:.2} s", limit as f64 / 1e9)));
    }
    lines.join("\n") + "\n"
}
