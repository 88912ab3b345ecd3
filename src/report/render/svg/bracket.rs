//! The measured interval and what was promised, each on a line of its own above the requests: both begin with the fault.

use super::ink::{N, wide};
use super::sheet::Sheet;
use crate::report::model::{DrillPicture, PictureInterval};

/// The least width in which both ends of an interval are seen.
const LEAST: f64 = 5.0;

/// Both lines; what reaches down into the panel is drawn by `fall`.
pub(super) fn brackets(sheet: &mut Sheet<'_>, picture: &DrillPicture) {
    let Some(fault) = picture.fault_ns else { return };
    if let Some(cutover) = &picture.cutover {
        sheet.y += sheet.frame.line() + 1.0;
        bracket(sheet, fault, cutover);
    }
    if let Some(objective) = &picture.objective {
        sheet.y += sheet.frame.line();
        let (from, at) = (sheet.axis.x(fault), fault.saturating_add(objective.ns));
        let (until, y) = (sheet.axis.x(at), sheet.y - 6.0);
        let inside = sheet.axis.holds(at);
        sheet.ink.line("lb-target", (from, y), (until, y));
        let end = if inside { format!("M{} {}v12", N(until), N(y - 6.0)) } else { format!("M{} {}l6 5l-6 5", N(until - 6.0), N(y - 5.0)) };
        sheet.ink.path("lb-target", &format!("M{} {}v8{end}", N(from), N(y - 4.0)));
        let label = if inside { objective.label.clone() } else { format!("{}, beyond the end", objective.label) };
        beside(sheet, "lb-targettext", &label, (from, until), y);
    }
    sheet.y += 2.0;
}

fn bracket(sheet: &mut Sheet<'_>, fault: u64, cutover: &PictureInterval) {
    let (from, y) = (sheet.axis.x(fault), sheet.y - 6.0);
    let (lo, hi) = interval(sheet, fault, cutover);
    // The way there …
    sheet.ink.path("lb-thin", &format!("M{} {}v8M{} {}H{}", N(from), N(y - 4.0), N(from), N(y), N(lo)));
    // … and the interval, with both of its ends.
    match hi {
        Some(hi) => {
            sheet.ink.rect("lb-foundband", lo, y - 5.0, hi - lo, 10.0);
            let ends = format!("M{} {}h-2v12h2M{} {}h2v12h-2", N(lo), N(y - 6.0), N(hi), N(y - 6.0));
            sheet.ink.path("lb-found", &ends);
            beside(sheet, "lb-foundtext", &cutover.label, (from, hi + 2.0), y);
        }
        None => {
            let edge = sheet.frame.edge();
            sheet.ink.path("lb-found", &format!("M{} {}h-2v12h2", N(lo), N(y - 6.0)));
            sheet.ink.path("lb-edge", &format!("M{} {}H{}", N(lo), N(y), N(edge)));
            sheet.ink.path("lb-found", &format!("M{} {}l6 5l-6 5", N(edge - 6.0), N(y - 5.0)));
            beside(sheet, "lb-foundtext", &cutover.label, (from, lo + 2.0), y);
        }
    }
}

/// Where the interval is drawn, wide enough to be seen.
fn interval(sheet: &Sheet<'_>, fault: u64, cutover: &PictureInterval) -> (f64, Option<f64>) {
    let at = |ns: i64| sheet.axis.x(fault.saturating_add_signed(ns));
    let lo = at(cutover.between.lo_ns);
    let hi = cutover.between.hi_ns.map(at);
    match hi {
        Some(hi) if hi - lo < LEAST => {
            let middle = (lo + hi) / 2.0;
            ((middle - LEAST / 2.0).max(sheet.frame.left), Some(middle + LEAST / 2.0))
        }
        hi => (lo, hi),
    }
}

/// A text after what it names, or before it where there is no room.
fn beside(sheet: &mut Sheet<'_>, class: &str, text: &str, (from, until): (f64, f64), y: f64) {
    let (em, edge) = (sheet.frame.em, sheet.frame.width - 4.0);
    let (width, y) = (wide(text, em) * 1.06, y + em * 0.35);
    let room_before = from - 8.0 - width > 0.0;
    let (x, anchor) = match until + 8.0 + width {
        end if end <= edge => (until + 8.0, "start"),
        _ if room_before => (from - 8.0, "end"),
        _ => (edge, "end"),
    };
    sheet.ink.text(class, x, y, anchor, text);
}

/// The interval and the promise within a panel, from its top to its bottom.
pub(super) fn fall(sheet: &mut Sheet<'_>, picture: &DrillPicture, top: f64, bottom: f64) {
    let Some(fault) = picture.fault_ns else { return };
    if let Some(cutover) = &picture.cutover
        && let (lo, Some(hi)) = interval(sheet, fault, cutover)
    {
        sheet.ink.rect("lb-foundband", lo, top, hi - lo, bottom - top);
        sheet.ink.path("lb-thin", &format!("M{} {}V{}M{} {}V{}", N(lo), N(top), N(bottom), N(hi), N(top), N(bottom)));
    }
    if let Some(objective) = &picture.objective {
        let at = fault.saturating_add(objective.ns);
        if sheet.axis.holds(at) {
            let x = sheet.axis.x(at);
            sheet.target((x, top), (x, bottom));
        }
    }
}
