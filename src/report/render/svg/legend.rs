//! What the patterns mean: who served, or how it ended, and how many requests.

use super::ink::{N, fitted, wide};
use super::sheet::Sheet;
use super::style::pattern_of;
use crate::report::model::DrillPicture;
use crate::units::grouped;

/// Between two entries.
const GAP: f64 = 16.0;

/// A swatch, a name and a count for each series, in as many lines as it takes.
pub(super) fn legend(sheet: &mut Sheet<'_>, picture: &DrillPicture) {
    let frame = sheet.frame;
    let (first, last) = if frame.roomy { (frame.left, frame.edge()) } else { (6.0, frame.width - 6.0) };
    let mut x = first;
    sheet.y += frame.line();
    for series in &picture.series {
        let count = grouped(series.counts.iter().map(|count| u64::from(*count)).sum());
        let name = fitted(&series.name, (last - first) * 0.7, frame.em);
        let (named, counted) = (wide(&name, frame.em), wide(&count, frame.em));
        let width = 22.0 + named + 6.0 + counted;
        if x > first && x + width > last {
            x = first;
            sheet.y += frame.line() + 2.0;
        }
        let fill = sheet.pattern(pattern_of(series.ending));
        let (y, high) = (sheet.y - frame.em, frame.em + 1.0);
        let at = [
            ("class", &"lb-swatch" as &dyn std::fmt::Display),
            ("fill", &fill),
            ("x", &N(x)),
            ("y", &N(y)),
            ("width", &16),
            ("height", &N(high)),
        ];
        sheet.ink.empty("rect", &at);
        sheet.ink.text("lb-name", x + 22.0, sheet.y - 1.0, "start", &name);
        sheet.ink.text("lb-soft", x + 22.0 + named + 6.0, sheet.y - 1.0, "start", &count);
        x += width + GAP;
    }
    sheet.y += 6.0;
}
