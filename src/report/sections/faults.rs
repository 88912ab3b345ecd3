//! The fault, and that it took effect: when it was asked for, active and healed, by what was read back, and which requests it touched.

use super::providers;
use super::subject::Subject;
use crate::fault::unsaid;
use crate::history::{Event, FaultConfirmed, FaultHealed, FaultRequested, Spared, Stamped};
use crate::report::digest::Digest;
use crate::report::model::{Paragraph, Quantity, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::wording::capital;
use crate::units::{counted, grouped};
use crate::verdict::{ObservedEffect, Verdict};

/// The section; nothing where nothing was broken or replaced.
pub(in crate::report) fn section(verdict: &Verdict, digest: &Digest, subjects: &[Subject<'_>]) -> Option<Section> {
    let (mut rows, mut spared): (Vec<TableRow>, Vec<&Spared>) = (Vec::new(), Vec::new());
    for stamped in &digest.notable {
        match &stamped.event {
            Event::FaultRequested(fault) => rows.push(requested(fault, stamped, digest)),
            Event::FaultConfirmed(fault) => {
                if let Some(row) = rows.get_mut(fault.fault as usize) {
                    row.cells[2] = confirmed(fault, digest);
                }
            }
            Event::FaultHealed(fault) => {
                if let Some(row) = rows.get_mut(fault.fault as usize) {
                    row.cells.splice(3.., healed(fault, digest));
                }
            }
            Event::Spared(told) => spared.push(told),
            _ => {}
        }
    }
    if rows.is_empty() {
        return None;
    }
    let title = if verdict.only_rotates { "What was done" } else { "The fault, and that it took effect" };
    let columns = vec!["fault", "requested", "active", "healed", "requests touched"];
    let mut section = Section::new(SectionKind::Faults, title).with(Paragraph::plain("Times are since the traffic began."));
    section = section.with(ReportTable { columns, rows });
    for told in spared {
        section = section.with(Paragraph::plain(Text::outside(format!("{}.", capital(&told.told())))));
    }
    for subject in subjects {
        if let Some(told) = bit(subject.verdict) {
            let whose = subject.name().map(|name| Text::outside(name).then(": ")).unwrap_or_default();
            section = section.with(Paragraph::plain(whose.then(format!("{told}."))));
        }
    }
    Some(section)
}

/// A moment, in seconds of the traffic.
fn at(moment: u64, digest: &Digest) -> (String, i64) {
    let since = moment.saturating_sub(digest.zero());
    (format!("{:.3} s", since as f64 / 1e9), i64::try_from(since).unwrap_or(i64::MAX))
}

fn requested(fault: &FaultRequested, stamped: &Stamped, digest: &Digest) -> TableRow {
    let what = format!("{}{}{} on {}", fault.what, fault.aim, unsaid(&fault.what, &fault.aim), fault.on);
    let (when, ns) = at(stamped.t, digest);
    let when = TableCell::of(when, Some(Quantity::Nanoseconds(ns)));
    TableRow::of([what.into(), when, "never".into(), "never".into(), "not known".into()])
}

fn confirmed(fault: &FaultConfirmed, digest: &Digest) -> TableCell {
    let ((lo, lo_ns), (_, hi_ns)) = (at(fault.lo, digest), at(fault.hi, digest));
    let words = format!("{lo} (± {:.2} ms)", (fault.hi - fault.lo) as f64 / 2e6);
    TableCell::of(words, Some(Quantity::Between { lo_ns, hi_ns: Some(hi_ns) }))
}

/// When it was healed, and what it touched.
fn healed(fault: &FaultHealed, digest: &Digest) -> [TableCell; 2] {
    let (lo, ns) = at(fault.lo, digest);
    let healed = match (digest.of_credential(fault.fault), fault.expired) {
        (true, _) => format!("never; watched until {lo}").into(),
        (false, true) => TableCell::of(format!("{lo}, by itself when its lease ran out"), Some(Quantity::Nanoseconds(ns))),
        (false, false) => TableCell::of(lo, Some(Quantity::Nanoseconds(ns))),
    };
    let touched = fault.touched.map_or_else(|| "not counted".to_owned(), |count| touched(digest, &fault.on, count));
    [healed, TableCell::of(touched, fault.touched.map(Quantity::Count))]
}

/// What a fault touched, by whose it was where no other fault was on the same provider.
fn touched(digest: &Digest, on: &str, total: u64) -> String {
    let faults = digest.started.as_ref().map(|started| &started.plan.scenario.timeline.faults);
    let alone = faults.is_some_and(|faults| faults.iter().filter(|planned| planned.on == on).count() == 1);
    let by = digest.touched.get(on).copied().unwrap_or_default();
    if alone { providers::touched(total, by) } else { grouped(total) }
}

/// What the requests tell of the fault, where no proxy counted.
fn bit(verdict: &Verdict) -> Option<String> {
    let ObservedEffect { worse, of, proven } = verdict.evidence.effect?;
    let told = if proven { "that is no coincidence: it took effect" } else { "that can be coincidence" };
    Some(format!("{} of {} failed or were slower than those before the fault; {told}", grouped(worse), counted(of, "request")))
}
