//! A drill beside those before it, of the same scenario: what became of its cutover, and what was changed in between.
//!
//! What is said of them is advice. Drills of other days are no sample: what they show is what happened.

use super::settings::{PlanPart, differing};
use crate::history::Started;
use crate::model::Gate;
use crate::report::context::{EarlierDrill, EarlierDrills};
use crate::report::model::{Block, IntervalPlot, Paragraph, PlottedInterval, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::wording::between;
use crate::units::{counted, grouped};
use crate::verdict::{Contrast, Decision, Interval, Verdict, times};
use std::collections::BTreeSet;

/// The drill that stands beside the others.
pub(in crate::report) struct TrendLast<'a> {
    /// As it is called in the table.
    pub(in crate::report) name: &'a str,
    pub(in crate::report) verdict: &'a Verdict,
    /// What was decided before it began; `None` for what nobody drilled.
    pub(in crate::report) started: Option<&'a Started>,
    /// How many findings it left, where that is known.
    pub(in crate::report) findings: Option<u64>,
}

/// One row of the trend.
struct TrendRow<'a> {
    name: &'a str,
    when: &'a str,
    verdict: Decision,
    interval: Option<Interval>,
    started: Option<&'a Started>,
    findings: Option<u64>,
}

/// The section; it says so where there is no other drill.
pub(in crate::report) fn section(last: &TrendLast<'_>, earlier: &EarlierDrills) -> Section {
    let section = Section::new(SectionKind::Trend, "The drills before it");
    let gate = last.verdict.terms.gate;
    let rows = rows(last, earlier, gate);
    if earlier.drills.is_empty() {
        let none = "There is no earlier drill of this scenario in this environment with a verdict that can be read.";
        return unread(section.with(Paragraph::plain(none)), earlier);
    }
    let plot = plot(&rows, gate, Some(last.verdict.terms.rto.nanos()));
    let told = Paragraph { lines: sentences(&rows, earlier), ..Paragraph::plain("") };
    unread(section.with(told).with(Block::Intervals(plot)).with(table(&rows, gate)), earlier)
}

/// An incident beside the drills of its scenario, with what is said of both.
pub(in crate::report) fn beside_drills(day: &TrendLast<'_>, earlier: &EarlierDrills, told: Paragraph) -> Section {
    let gate = day.verdict.terms.gate;
    let rows = rows(day, earlier, gate);
    beside(rows, earlier, gate, Some(day.verdict.terms.rto.nanos()), told)
}

/// The drills of a scenario beside an incident of which there is no interval.
pub(in crate::report) fn drills_alone(earlier: &EarlierDrills, told: Paragraph) -> Section {
    let rows = earlier.drills.iter().map(|drill| TrendRow::of(drill, Gate::Cutover)).collect();
    beside(rows, earlier, Gate::Cutover, None, told)
}

fn beside(rows: Vec<TrendRow<'_>>, earlier: &EarlierDrills, gate: Gate, objective_ns: Option<i64>, told: Paragraph) -> Section {
    let section = Section::new(SectionKind::Trend, "Beside the last drills of this scenario");
    if earlier.drills.is_empty() {
        let none = "There is no earlier drill here with a verdict that can be read, so there is nothing to hold the day against.";
        return unread(section.with(Paragraph::plain(none)), earlier);
    }
    let mut told = told;
    told.lines.push(
        "A drill is planned, and its fault begins at once; an incident is neither. What differs is a reason to look, and no proof.".into(),
    );
    unread(section.with(told).with(Block::Intervals(plot(&rows, gate, objective_ns))).with(table(&rows, gate)), earlier)
}

fn plot(rows: &[TrendRow<'_>], gate: Gate, objective_ns: Option<i64>) -> IntervalPlot {
    let caption = if gate == Gate::Cutover { "Cutover after the fault" } else { "Service good again after the fault" };
    let plotted = |row: &TrendRow<'_>| PlottedInterval {
        label: Text::outside(day(row)),
        interval: row.interval.map(Into::into),
        status: row.verdict.into(),
    };
    IntervalPlot { caption: caption.into(), objective_ns, rows: rows.iter().map(plotted).collect() }
}

impl<'a> TrendRow<'a> {
    fn of(drill: &'a EarlierDrill, gate: Gate) -> Self {
        Self {
            name: &drill.name,
            when: &drill.started_at,
            verdict: drill.verdict,
            interval: if gate == Gate::Cutover { drill.cutover } else { drill.restore },
            started: drill.started.as_deref(),
            findings: drill.findings,
        }
    }
}

fn rows<'a>(last: &TrendLast<'a>, earlier: &'a EarlierDrills, gate: Gate) -> Vec<TrendRow<'a>> {
    let measures = last.verdict.measures.as_ref().filter(|_| !last.verdict.only_rotates);
    let this = TrendRow {
        name: last.name,
        when: last.started.map_or("", |started| &started.wall_clock),
        verdict: last.verdict.verdict,
        interval: measures.map(|measures| if gate == Gate::Cutover { measures.cutover } else { measures.restore }),
        started: last.started,
        findings: last.findings,
    };
    earlier.drills.iter().map(|drill| TrendRow::of(drill, gate)).chain([this]).collect()
}

/// Its day, or its name where that is not known.
fn day<'a>(row: &TrendRow<'a>) -> &'a str {
    row.when.get(..10).unwrap_or(row.name)
}

/// What can be said of them, each in a sentence.
fn sentences(rows: &[TrendRow<'_>], earlier: &EarlierDrills) -> Vec<Text> {
    let met = rows.iter().filter(|row| row.verdict == Decision::Met).count() as u64;
    let older = match earlier.older {
        0 => String::new(),
        1 => " (one older one is not shown)".to_owned(),
        older => format!(" ({} older ones are not shown)", grouped(older)),
    };
    let mut told = vec![format!(
        "{} of the last {} met their objectives, this one included{older}.",
        grouped(met),
        counted(rows.len() as u64, "drill")
    )];
    told.extend(against_those_before(rows));
    told.extend(drift(rows));
    let changes = rows.windows(2).filter(|pair| changed(&pair[0], &pair[1]).is_some_and(|parts| !parts.is_empty())).count() as u64;
    if changes > 0 {
        told.push(format!("What was drilled was changed {} among them, so that they are not all alike.", times_over(changes)));
    }
    told.push("They show what happened, and nothing of what the next will be like; `lifeboat run --repeat` does.".to_owned());
    told.into_iter().map(Text::from).collect()
}

fn times_over(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", grouped(count)) }
}

/// How the last compares with those before it.
fn against_those_before(rows: &[TrendRow<'_>]) -> Option<String> {
    let (last, before) = rows.split_last()?;
    let interval = last.interval?;
    let before: Vec<Interval> = before.iter().filter_map(|row| row.interval).collect();
    let all = |wanted: Contrast| !before.is_empty() && before.iter().all(|other| times(Some(interval), Some(*other)) == wanted);
    let of = if before.len() == 1 { "the one".to_owned() } else { format!("each of the {}", before.len()) };
    let told = match (all(Contrast::Smaller), all(Contrast::Larger), all(Contrast::Alike)) {
        (true, ..) => format!("sooner than {of} before it, beyond what one probe can hide"),
        (_, true, _) => format!("later than {of} before it, beyond what one probe can hide"),
        (.., true) => format!("it overlaps with {of} before it, so no difference is shown"),
        _ => return None,
    };
    Some(format!("This one took {}: {told}.", between(interval)))
}

/// That each took longer than the one before, or less, for at least three steps.
fn drift(rows: &[TrendRow<'_>]) -> Option<String> {
    let contrasts: Vec<Contrast> = rows.windows(2).map(|pair| times(pair[1].interval, pair[0].interval)).collect();
    let last = *contrasts.last()?;
    let steps = contrasts.iter().rev().take_while(|contrast| **contrast == last).count();
    let word = match last {
        Contrast::Larger => "longer",
        Contrast::Smaller => "less",
        _ => return None,
    };
    (steps >= 3).then(|| format!("Each of the last {steps} took {word} than the one before it."))
}

/// Which parts of its plan differ from the drill before, in words; `None` where that is not known.
fn changed(before: &TrendRow<'_>, after: &TrendRow<'_>) -> Option<BTreeSet<&'static str>> {
    let parts = differing(before.started?, after.started?).into_iter().map(|setting| setting.part);
    Some(parts.filter(|part| *part != PlanPart::Names).map(PlanPart::word).collect())
}

fn table(rows: &[TrendRow<'_>], gate: Gate) -> ReportTable {
    let mut columns =
        vec!["drill", "started", "verdict", if gate == Gate::Cutover { "cutover" } else { "service good again" }, "set differently"];
    // That of the last is always known: alone it says nothing.
    let counted = rows.iter().filter(|row| row.findings.is_some()).count() > 1;
    if counted {
        columns.push("findings");
    }
    let mut told = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let changes = match place.checked_sub(1).map(|before| changed(&rows[before], row)) {
            None => String::new(),
            Some(None) => "not known".to_owned(),
            Some(Some(parts)) if parts.is_empty() => "nothing".to_owned(),
            Some(Some(parts)) => parts.into_iter().collect::<Vec<_>>().join(", "),
        };
        let interval =
            row.interval.map_or_else(|| "not measured".into(), |interval| TableCell::of(between(interval), Some(interval.into())));
        let mut cells = vec![
            Text::outside(row.name).into(),
            Text::outside(row.when.get(..16).unwrap_or(row.when).replace('T', " ")).into(),
            row.verdict.to_string().into(),
            interval,
            changes.into(),
        ];
        if counted {
            cells.push(row.findings.map_or(TableCell::BLANK, TableCell::count));
        }
        told.push(TableRow { key: Some(row.name.to_owned()), status: Some(row.verdict.into()), cells });
    }
    ReportTable { columns, rows: told }
}

/// That some could not be read, and what to do.
fn unread(section: Section, earlier: &EarlierDrills) -> Section {
    match earlier.unread {
        0 => section,
        count => {
            let (has, it) = if count == 1 { ("has", "it") } else { ("have", "each") };
            let told = format!(
                "{} of this scenario {has} no verdict that can be read, and {has} no place here; `lifeboat report DRILL --format verdict > DRILL/verdict.json` judges {it} again.",
                counted(count, "drill")
            );
            section.with(Paragraph::plain(told))
        }
    }
}
