//! The picture of a drill: its panels below each other on one axis of time, and behind all of them the time of the faults.

use super::axis::TimeAxis;
use super::bracket::brackets;
use super::frame::{Drawing, PictureFrame};
use super::ink::Ink;
use super::lanes;
use super::latency::latencies;
use super::legend::legend;
use super::overlay::overlays;
use super::requests::requests;
use super::sheet::Sheet;
use super::style::patterns;
use crate::report::model::{DrillPicture, MarkKind, SpanKind};

/// The picture on such a frame; every name in it begins with `id`.
pub(super) fn drawn(picture: &DrillPicture, frame: &PictureFrame, id: &str) -> Drawing {
    let axis = TimeAxis::new(frame, picture.end_ns, picture.fault_ns.unwrap_or(0));
    let mut sheet = Sheet { frame, axis: &axis, id, ink: Ink::default(), y: 2.0 };
    legend(&mut sheet, picture);
    lanes::phases(&mut sheet, picture);
    lanes::faults(&mut sheet, picture);
    let top = sheet.y + 2.0;
    brackets(&mut sheet, picture);
    requests(&mut sheet, picture);
    let below = sheet.y;
    numbers(&mut sheet, "");
    lanes::others(&mut sheet, picture);
    latencies(&mut sheet, picture);
    overlays(&mut sheet, picture);
    let bottom = sheet.y;
    let since = if picture.fault_ns.is_some() { "time since the fault began" } else { "time since the traffic began" };
    if bottom > below + frame.line() * 3.0 {
        numbers(&mut sheet, since);
    }
    let (height, front) = (sheet.y + 6.0, sheet.ink.done());
    let mut ink = Ink::default();
    patterns(&mut ink, id);
    behind(&mut ink, picture, &axis, frame, (top, bottom));
    ink.raw(&front);
    Drawing { body: ink.done(), height }
}

/// What shows through all panels: when something was broken, and when somebody noticed.
fn behind(ink: &mut Ink, picture: &DrillPicture, axis: &TimeAxis, frame: &PictureFrame, (top, bottom): (f64, f64)) {
    for fault in picture.spans.iter().filter(|span| span.kind == SpanKind::Fault) {
        let (from, until) = (axis.x(fault.from_ns), fault.until_ns.map_or(frame.edge(), |until| axis.x(until)));
        ink.rect("lb-shade", from, top, (until - from).max(1.0), bottom - top);
        ink.line("lb-edge", (from, top), (from, bottom));
        ink.line("lb-edge", (until, top), (until, bottom));
    }
    for mark in &picture.marks {
        if matches!(mark.kind, MarkKind::Alert | MarkKind::Runbook | MarkKind::Stop) {
            let x = axis.x(mark.at_ns);
            ink.line("lb-hair", (x, top), (x, bottom));
        }
    }
}

/// The numbers of the axis, and what they count.
fn numbers(sheet: &mut Sheet<'_>, words: &str) {
    let y = sheet.y + sheet.frame.line();
    for (x, text) in &sheet.axis.ticks {
        sheet.ink.line("lb-base", (*x, sheet.y), (*x, sheet.y + 4.0));
        sheet.ink.text("lb-soft", *x, y, "middle", text);
    }
    sheet.y = y + 6.0;
    if !words.is_empty() {
        sheet.y += sheet.frame.line() - 4.0;
        let middle = (sheet.frame.left + sheet.frame.edge()) / 2.0;
        sheet.ink.text("lb-soft", middle, sheet.y, "middle", words);
    }
}
