//! The first screen: the verdict in a sentence, the picture, what to do next, and the numbers that were promised.
//!
//! What this file does not do: choose numbers. Those that it shows stand in the tables of objectives below, with what was promised.

use super::block;
use super::phrase::{badge, grade, text};
use super::place::PagePlace;
use crate::report::model::{Block, Grade, Paragraph, ParagraphKind, Report, ReportStatus, Section, SectionKind, TableRow, Text};
use maud::{Markup, html};

/// Numbers that one look takes in.
const NUMBERS: usize = 6;
/// Letters of a measurement that are written large.
const LARGE: usize = 34;
/// Workloads that are each told in a sentence.
const SENTENCES: usize = 8;

/// All of it.
pub(super) fn first_screen(report: &Report, ids: &[String]) -> Markup {
    let kind = |block: &Block| match block {
        Block::Paragraph(Paragraph { kind: ParagraphKind::Key, .. }) => 0,
        Block::Picture(_) | Block::Intervals(_) => 1,
        Block::Paragraph(Paragraph { kind: ParagraphKind::Advice, .. }) => 2,
        _ => 3,
    };
    let of = |wanted: u8| report.opening.iter().filter(|block| kind(block) == wanted).collect::<Vec<&Block>>();
    let place = PagePlace::of("opening", 2, &report.title);
    let workloads: Vec<(&Section, &String)> =
        report.sections.iter().zip(ids).filter(|(section, _)| section.kind == SectionKind::Workload).collect();
    html! {
        section.first aria-labelledby="verdict" {
            h2.quiet #verdict { "Verdict" }
            div class={ "verdict " (grade(report.status.grade)) } {
                (badge(&report.status))
                div { (block::blocks(&of(0), &place)) }
            }
            (each(&workloads))
            (block::blocks(&of(1), &place))
            (block::blocks(&of(2), &place))
            (numbers(report))
            (block::blocks(&of(3), &place))
        }
    }
}

/// Each of several workloads in a line.
fn each(workloads: &[(&Section, &String)]) -> Markup {
    html! {
        @if !workloads.is_empty() {
            ul.workloads {
                @for (section, id) in workloads {
                    li {
                        @if let Some(status) = &section.status { (badge(status)) }
                        div {
                            a href={ "#" (id) } { (text(&section.title)) }
                            @if workloads.len() <= SENTENCES { @for line in key(section) { p { (text(line)) } } }
                        }
                    }
                }
            }
        }
    }
}

/// What no reader of a section must miss.
fn key(section: &Section) -> impl Iterator<Item = &Text> {
    let lines = |block| match block {
        &Block::Paragraph(Paragraph { kind: ParagraphKind::Key, ref lines }) => lines.as_slice(),
        _ => &[],
    };
    section.blocks.iter().flat_map(lines)
}

/// A number of the first screen.
struct KeyNumber<'a> {
    label: &'a Text,
    promised: Option<&'a Text>,
    measured: &'a Text,
    status: &'a ReportStatus,
}

/// What was measured of each promise, those that were not kept first where there are many.
fn numbers(report: &Report) -> Markup {
    let mut numbers: Vec<KeyNumber<'_>> = report.sections.iter().flat_map(|section| &section.blocks).flat_map(promises).collect();
    if numbers.len() > NUMBERS {
        numbers.sort_by_key(|number| number.status.grade == Grade::Good);
        numbers.truncate(NUMBERS);
    }
    // All alike: no promise weighs more than another because it has fewer words.
    let large = numbers.iter().all(|number| number.measured.plain().chars().count() <= LARGE);
    html! {
        @if !numbers.is_empty() {
            ul.numbers {
                @for number in &numbers {
                    li class=(grade(number.status.grade)) {
                        span.label { (text(number.label)) }
                        span class=(if large { "value" } else { "value small" }) { (text(number.measured)) }
                        @if let Some(promised) = number.promised { span.promised { (text(promised)) } }
                        (badge(number.status))
                    }
                }
            }
        }
    }
}

/// The rows of a table that says what was promised and measured.
fn promises(block: &Block) -> Vec<KeyNumber<'_>> {
    let Block::Table(table) = block else { return Vec::new() };
    let column = |name: &str| table.columns.iter().position(|column| *column == name);
    let Some((promised, measured)) = column("promised").zip(column("measured")) else { return Vec::new() };
    table.rows.iter().filter_map(|row| promise(row, promised, measured)).collect()
}

/// What a row says, with its promise and its measurement in these columns.
fn promise(row: &TableRow, promised: usize, measured: usize) -> Option<KeyNumber<'_>> {
    let cell = |place: usize| row.cells.get(place).and_then(|cell| cell.text.as_ref());
    let (label, measured, status) = (cell(0)?, cell(measured)?, row.status.as_ref()?);
    Some(KeyNumber { label, promised: cell(promised).filter(|text| !text.is_empty()), measured, status })
}
