//! Requests a second, on top of each other by who served them and how they ended.

use super::axis::{moment, round_up};
use super::bracket::fall;
use super::ink::{N, fitted, wide};
use super::sheet::Sheet;
use super::style::pattern_of;
use crate::report::model::{DrillPicture, Grade, PictureSeries};

/// What is bad is seen, however little it is.
const LEAST: f64 = 2.0;

/// Of each series and column, from where to where it reaches, upwards in units from the bottom.
struct Stack {
    layers: Vec<Vec<(f64, f64)>>,
    /// Where columns begin, and where the last ends.
    edges: Vec<f64>,
    /// Requests a second at the top.
    top: f64,
}

/// The panel.
pub(super) fn requests(sheet: &mut Sheet<'_>, picture: &DrillPicture) {
    sheet.heading("Requests a second");
    let (top, height) = (sheet.y, sheet.frame.tall);
    let bottom = top + height;
    let stack = Stack::of(sheet, picture, height);
    for (share, rate) in [(0.0, 0.0), (0.5, stack.top / 2.0), (1.0, stack.top)] {
        let y = bottom - share * height;
        sheet.ink.line(if share > 0.0 { "lb-rule" } else { "lb-base" }, (sheet.frame.left, y), (sheet.frame.edge(), y));
        sheet.beside(y, &rate_word(rate));
    }
    for (series, layer) in picture.series.iter().zip(&stack.layers) {
        let path = area(layer, &stack.edges, bottom);
        if !path.is_empty() {
            let fill = sheet.pattern(pattern_of(series.ending));
            sheet.ink.empty("path", &[("class", &"lb-area"), ("fill", &fill), ("d", &path)]);
        }
    }
    fall(sheet, picture, top, bottom);
    for (series, layer) in picture.series.iter().zip(&stack.layers) {
        name(sheet, series, layer, &stack.edges, bottom);
    }
    sheet.y = bottom;
}

fn rate_word(rate: f64) -> String {
    if rate == 0.0 || rate >= 10.0 { format!("{rate:.0}") } else { format!("{}", (rate * 100.0).round() / 100.0) }
}

impl Stack {
    fn of(sheet: &Sheet<'_>, picture: &DrillPicture, height: f64) -> Self {
        let edges: Vec<f64> = (0..=picture.columns).map(|column| sheet.axis.edge(picture, column)).collect();
        let seconds: Vec<f64> = (0..picture.columns)
            .map(|column| moment(picture, column + 1).saturating_sub(moment(picture, column)).max(1) as f64 / 1e9)
            .collect();
        let rate = |column: usize, count: u32| f64::from(count) / seconds[column];
        // A last column that is hardly one says little of the rate.
        let whole = |column: &usize| seconds[*column] * 2e9 >= picture.column_ns as f64 || picture.columns == 1;
        let total = |column: usize| rate(column, picture.series.iter().map(|series| series.counts[column]).sum());
        let most = (0..picture.columns).filter(whole).map(total).fold(0.0, f64::max);
        let top = round_up(most);
        let mut below = vec![0.0; picture.columns];
        let mut layers = Vec::with_capacity(picture.series.len());
        for series in &picture.series {
            let least = if series.grade == Grade::Good { 0.0 } else { LEAST };
            let layer: Vec<(f64, f64)> = (0..picture.columns)
                .map(|column| {
                    let high = rate(column, series.counts[column]) / top * height;
                    let high = if series.counts[column] > 0 { high.max(least) } else { 0.0 };
                    let from: f64 = below[column];
                    below[column] = (from + high).min(height);
                    (from, below[column])
                })
                .collect();
            layers.push(layer);
        }
        Self { layers, edges, top }
    }
}

/// The outline of all columns in which there is something: along the tops and back along the bottoms.
fn area(layer: &[(f64, f64)], edges: &[f64], floor: f64) -> String {
    let mut path = String::new();
    let mut column = 0;
    while column < layer.len() {
        let first = column;
        while column < layer.len() && layer[column].1 > layer[column].0 {
            column += 1;
        }
        if column == first {
            column += 1;
            continue;
        }
        path += &format!("M{} {}", N(edges[first]), N(floor - layer[first].0));
        // Neighbours of one height are one line.
        let differs = |one: f64, other: f64| (one - other).abs() >= 0.05;
        for place in first..column {
            if place + 1 == column || differs(layer[place].1, layer[place + 1].1) {
                path += &format!("V{}H{}", N(floor - layer[place].1), N(edges[place + 1]));
            }
        }
        for place in (first..column).rev() {
            if place == first || differs(layer[place].0, layer[place - 1].0) {
                path += &format!("V{}H{}", N(floor - layer[place].0), N(edges[place]));
            }
        }
        path.push('Z');
    }
    path
}

/// The name of a series where it is widest, if there is room.
fn name(sheet: &mut Sheet<'_>, series: &PictureSeries, layer: &[(f64, f64)], edges: &[f64], floor: f64) {
    let em = sheet.frame.em;
    let thick = |column: usize| layer[column].1 - layer[column].0 >= em + 6.0;
    let mut best: Option<(usize, usize)> = None;
    let mut first = 0;
    for column in 0..=layer.len() {
        if column < layer.len() && thick(column) {
            continue;
        }
        let wider = best.is_none_or(|(from, until)| edges[column] - edges[first] > edges[until] - edges[from]);
        if column > first && wider {
            best = Some((first, column));
        }
        first = column + 1;
    }
    let Some((from, until)) = best else { return };
    let room = edges[until] - edges[from] - 10.0;
    let text = fitted(&series.name, room, em);
    // A few letters of a long name say nothing.
    if wide(&text, em) > room || (text != series.name && room < 8.0 * em) {
        return;
    }
    let all = &layer[from..until];
    let middle = all.iter().map(|(low, high)| (low + high) / 2.0).sum::<f64>() / all.len() as f64;
    sheet.plate((edges[from] + edges[until]) / 2.0, floor - middle, &text);
}
