//! How long answers took: percentiles over time, a panel for each kind of latency, on a scale of logarithms.

use super::axis::{LogScale, TimeAxis};
use super::bracket::fall;
use super::ink::N;
use super::sheet::Sheet;
use crate::report::model::{DrillPicture, LatencyKind, LatencyLine};
use crate::units::Duration;

/// Every panel for which there are lines.
pub(super) fn latencies(sheet: &mut Sheet<'_>, picture: &DrillPicture) {
    let kinds = [
        (LatencyKind::Service, "Time to an answer"),
        (LatencyKind::FirstToken, "Time to the first token"),
        (LatencyKind::Streaming, "Streaming: from the first token to the end"),
    ];
    for (kind, heading) in kinds {
        let lines: Vec<&LatencyLine> = picture.latency.iter().filter(|line| line.kind == kind).collect();
        if !lines.is_empty() {
            panel(sheet, picture, heading, &lines);
        }
    }
}

fn panel(sheet: &mut Sheet<'_>, picture: &DrillPicture, heading: &str, lines: &[&LatencyLine]) {
    let kind = lines[0].kind;
    let limit = picture.limit.filter(|limit| limit.kind == kind);
    sheet.y += 8.0;
    sheet.heading(heading);
    let (top, height) = (sheet.y, sheet.frame.tall * if limit.is_some() { 0.62 } else { 0.42 });
    let bottom = top + height;
    let lengths = lines.iter().flat_map(|line| line.ns.iter().flatten().copied()).chain(limit.map(|limit| limit.ns));
    let Some(scale) = LogScale::of(lengths, top, bottom) else { return };
    for (ns, text) in scale.ticks() {
        let y = scale.y(ns);
        sheet.ink.line("lb-rule", (sheet.frame.left, y), (sheet.frame.edge(), y));
        sheet.beside(y, &text);
    }
    sheet.ink.line("lb-base", (sheet.frame.left, bottom), (sheet.frame.edge(), bottom));
    fall(sheet, picture, top, bottom);
    // What matters most is drawn last.
    for line in lines.iter().rev() {
        let class = if line.quantile < 0.9 {
            "lb-p50"
        } else if line.quantile < 0.97 {
            "lb-p95"
        } else {
            "lb-p99"
        };
        let path = steps(line, picture, sheet.axis, &scale);
        sheet.ink.path(class, &path);
    }
    if let Some(limit) = limit {
        let y = scale.y(limit.ns);
        sheet.target((sheet.frame.left, y), (sheet.frame.edge(), y));
        let text = format!("limit {}", Duration::from_nanos(limit.ns));
        let above = y - 4.0 - sheet.frame.em > top;
        let baseline = if above { y - 4.0 } else { y + sheet.frame.em + 2.0 };
        sheet.ink.text("lb-targettext", sheet.frame.left + 4.0, baseline, "start", &text);
    }
    names(sheet, lines, &scale, (top, bottom));
    sheet.y = bottom;
}

/// A line that is level within each column, and ends where nothing was answered.
fn steps(line: &LatencyLine, picture: &DrillPicture, axis: &TimeAxis, scale: &LogScale) -> String {
    let edge = |column: usize| axis.edge(picture, column);
    let mut path = String::new();
    let mut column = 0;
    let mut draws = false;
    while column < line.ns.len() {
        let Some(ns) = line.ns[column] else {
            draws = false;
            column += 1;
            continue;
        };
        let first = column;
        while column < line.ns.len() && line.ns[column] == Some(ns) {
            column += 1;
        }
        let y = N(scale.y(ns));
        path += &if draws { format!("V{y}") } else { format!("M{} {y}", N(edge(first))) };
        path += &format!("H{}", N(edge(column)));
        draws = true;
    }
    path
}

/// The name of each line at its end, apart from each other.
fn names(sheet: &mut Sheet<'_>, lines: &[&LatencyLine], scale: &LogScale, (top, bottom): (f64, f64)) {
    let em = sheet.frame.em;
    let mut ends: Vec<(f64, &str)> =
        lines.iter().filter_map(|line| line.ns.iter().rev().find_map(|ns| *ns).map(|ns| (scale.y(ns), line.name.as_str()))).collect();
    // The highest first: each that follows stands at least a line below it.
    ends.sort_by(|one, other| one.0.total_cmp(&other.0).then_with(|| other.1.cmp(one.1)));
    let mut last = top - em / 2.0;
    for (y, _) in &mut ends {
        *y = y.max(last + em);
        last = *y;
    }
    // Whatever was pushed out below comes up again.
    let mut next = bottom + em * 0.6;
    for (y, _) in ends.iter_mut().rev() {
        *y = y.min(next - em);
        next = *y;
    }
    for (y, name) in ends {
        sheet.ink.text("lb-soft", sheet.frame.edge() + 4.0, y + em * 0.35, "start", name);
    }
}
