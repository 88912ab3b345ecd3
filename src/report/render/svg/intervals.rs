//! Intervals of several drills, one below the other, with what was promised as a line through all of them.

use super::axis::round_up;
use super::frame::{Drawing, PictureFrame};
use super::ink::{Ink, N, fitted, wide};
use crate::report::model::{Grade, IntervalPlot, PlottedInterval, Quantity};
use crate::units::{Duration, counted};

/// The height of a row.
const ROW: f64 = 20.0;

/// Where things are.
struct Plot<'a> {
    frame: &'a PictureFrame,
    left: f64,
    edge: f64,
    /// Nanoseconds at the right edge.
    most: f64,
}

impl Plot<'_> {
    fn x(&self, ns: i64) -> f64 {
        self.left + (ns as f64 / self.most).clamp(0.0, 1.0) * (self.edge - self.left)
    }
}

fn ends(row: &PlottedInterval) -> Option<(i64, Option<i64>)> {
    match row.interval {
        Some(Quantity::Between { lo_ns, hi_ns }) => Some((lo_ns, hi_ns)),
        _ => None,
    }
}

/// The plot on such a frame.
pub(super) fn drawn(plot: &IntervalPlot, frame: &PictureFrame) -> Drawing {
    let known = plot.rows.iter().filter_map(ends).map(|(lo, hi)| hi.unwrap_or(lo));
    let most = known.chain(plot.objective_ns).max().unwrap_or(0).max(1) as f64;
    let label = plot.rows.iter().map(|row| wide(&row.label.plain(), frame.em)).fold(0.0, f64::max);
    let left = (label + 14.0).clamp(40.0, frame.width * 0.3);
    let room = if frame.roomy { 130.0 } else { 92.0 };
    let most = round_up(most * 1.02 / 1e9) * 1e9;
    let place = Plot { frame, left, edge: frame.width - room, most };
    let mut ink = Ink::default();
    let (mut y, top) = (frame.line() * 2.0 + 4.0, frame.line() * 2.0 - 2.0);
    ink.text("lb-head", 4.0, frame.em + 2.0, "start", &fitted(&plot.caption.plain().replace('`', ""), frame.width - 8.0, frame.em));
    let bottom = y + ROW * plot.rows.len() as f64;
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let x = place.x((most * share) as i64);
        ink.line(if share > 0.0 { "lb-rule" } else { "lb-base" }, (x, top), (x, bottom));
        let seconds = (most * share / 1e7).round() / 100.0;
        ink.text("lb-soft", x, bottom + frame.line(), "middle", &if share > 0.0 { format!("{seconds} s") } else { "0".into() });
    }
    for row in &plot.rows {
        drawn_row(&mut ink, &place, row, y + ROW / 2.0);
        y += ROW;
    }
    if let Some(limit) = plot.objective_ns {
        let x = place.x(limit);
        ink.line("lb-target", (x, top), (x, bottom));
        let text = format!("objective {}", Duration::from_nanos(limit.unsigned_abs()));
        let half = wide(&text, frame.em) / 2.0;
        ink.text("lb-targettext", x.clamp(half, frame.width - half), top - 4.0, "middle", &text);
    }
    Drawing { body: ink.done(), height: bottom + frame.line() + 8.0 }
}

fn drawn_row(ink: &mut Ink, place: &Plot<'_>, row: &PlottedInterval, y: f64) {
    let em = place.frame.em;
    let baseline = y + em * 0.35;
    ink.text("lb-name", place.left - 8.0, baseline, "end", &fitted(&row.label.plain().replace('`', ""), place.left - 12.0, em));
    let class = match row.status.grade {
        Grade::Good | Grade::Neutral => "lb-foundfill",
        Grade::Bad => "lb-barbad",
        Grade::Open => "lb-baropen",
    };
    let told = match ends(row) {
        None => "not measured".to_owned(),
        Some((lo, None)) => {
            let (from, edge) = (place.x(lo), place.edge);
            ink.path("lb-edge", &format!("M{} {}H{}", N(from), N(y), N(edge)));
            ink.path("lb-found", &format!("M{} {}v10M{} {}l6 5l-6 5", N(from), N(y - 5.0), N(edge - 6.0), N(y - 5.0)));
            format!("over {:.2} s", (lo as f64 / 1e7).floor() / 100.0)
        }
        Some((lo, Some(hi))) => {
            let (from, until) = (place.x(lo), place.x(hi));
            let width = (until - from).max(3.0);
            ink.rect(class, from, y - 5.0, width, 10.0);
            ink.path("lb-found", &format!("M{} {}v12M{} {}v12", N(from), N(y - 6.0), N(from + width), N(y - 6.0)));
            format!("{:.2} to {:.2} s", (lo as f64 / 1e7).floor() / 100.0, (hi as f64 / 1e7).ceil() / 100.0)
        }
    };
    let class = if row.status.grade == Grade::Bad { "lb-head" } else { "lb-soft" };
    ink.text(class, place.edge + 8.0, baseline, "start", &told);
}

/// The same in words.
pub(super) fn words(plot: &IntervalPlot) -> String {
    let measured: Vec<(i64, Option<i64>)> = plot.rows.iter().filter_map(ends).collect();
    let within = |limit: i64| measured.iter().filter(|(_, hi)| hi.is_some_and(|hi| hi <= limit)).count();
    let seconds = |ns: i64| format!("{:.2} s", ns as f64 / 1e9);
    let mut words = format!("{} as intervals on one axis.", counted(plot.rows.len() as u64, "drill"));
    if let Some((low, high)) = measured.iter().map(|(lo, _)| *lo).min().zip(measured.iter().filter_map(|(_, hi)| *hi).max()) {
        words += &format!(" They lie between {} and {}.", seconds(low), seconds(high));
    }
    if let Some(limit) = plot.objective_ns {
        words += &format!(" {} of {} end before the objective of {}.", within(limit), plot.rows.len(), seconds(limit));
    }
    words
}
