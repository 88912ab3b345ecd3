//! Series of the team's own monitoring, a small panel each.

use super::ink::{N, fitted};
use super::sheet::Sheet;
use crate::report::model::{DrillPicture, OverlaySeries};

/// Points of a line at most: more cannot be told apart.
const POINTS: usize = 600;

/// A panel for each series.
pub(super) fn overlays(sheet: &mut Sheet<'_>, picture: &DrillPicture) {
    for series in &picture.overlays {
        panel(sheet, picture, series);
    }
}

fn panel(sheet: &mut Sheet<'_>, picture: &DrillPicture, series: &OverlaySeries) {
    let end = i64::try_from(picture.end_ns).unwrap_or(i64::MAX);
    let shown: Vec<(i64, f64)> = series.points.iter().copied().filter(|(at, value)| (0..=end).contains(at) && value.is_finite()).collect();
    let unit = series.unit.as_ref().map(|unit| format!(" ({unit})")).unwrap_or_default();
    sheet.y += 8.0;
    sheet.heading(&format!("{}{unit}", series.name.plain().replace('`', "")));
    let (top, height) = (sheet.y, sheet.frame.tall * 0.32);
    let bottom = top + height;
    sheet.ink.line("lb-base", (sheet.frame.left, bottom), (sheet.frame.edge(), bottom));
    sheet.y = bottom;
    let (low, high) = shown.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, value)| (low.min(*value), high.max(*value)));
    if !low.is_finite() {
        sheet.ink.text("lb-soft", sheet.frame.left + 4.0, (top + bottom) / 2.0, "start", "no values in this time");
        return;
    }
    // A count begins at nothing, wherever it can.
    let low = if low >= 0.0 && low < high * 0.7 { 0.0 } else { low };
    let y = |value: f64| bottom - 2.0 - (value - low) / (high - low).max(f64::MIN_POSITIVE) * (height - 6.0);
    let mut path = String::new();
    let mut letter = 'M';
    for (at, value) in shown.iter().step_by(shown.len().div_ceil(POINTS).max(1)) {
        path += &format!("{letter}{} {}", N(sheet.axis.x_signed(*at)), N(y(*value)));
        letter = 'L';
    }
    sheet.ink.path("lb-over", &path);
    for value in if high > low { vec![low, high] } else { vec![high] } {
        let text = fitted(&number(value), sheet.frame.left - 8.0, sheet.frame.em);
        sheet.beside(y(value), &text);
    }
}

/// A value of somebody else's series, in few digits.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        1e6.. => format!("{value:.1e}"),
        100.0..1e6 => format!("{value:.0}"),
        0.01..100.0 => format!("{}", (value * 100.0).round() / 100.0),
        _ => format!("{value:.1e}"),
    }
}
