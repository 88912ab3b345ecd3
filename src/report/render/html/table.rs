//! Rows and columns: numbers to the right, a row called by its first cell, and what is too wide scrolls by itself.

use super::phrase::{UNITS, badge, is_long, text};
use super::place::PagePlace;
use crate::report::model::{ReportTable, TableCell, TableRow};
use crate::units::one_line;
use maud::{Markup, html};

/// Columns up to which a table stands row by row where there is no room beside each other.
const STACKED: usize = 5;
/// Letters of a number with its unit.
const NUMBER: usize = 22;

/// A table.
pub(super) fn table(table: &ReportTable, place: &PagePlace<'_>) -> Markup {
    let numeric: Vec<bool> = (0..table.columns.len()).map(|column| is_numeric(table, column)).collect();
    let class = if table.columns.len() <= STACKED { "stacks" } else { "scrolls" };
    html! {
        // Whoever has no mouse scrolls it as well.
        div.scroll role="group" tabindex="0" aria-label={ "Table: " (one_line(&place.title.plain())) } {
            table class=(class) {
                thead {
                    tr { @for (column, numeric) in table.columns.iter().zip(&numeric) { th scope="col" class=[numeric.then_some("number")] { (column) } } }
                }
                tbody { @for each in &table.rows { (row(each, &table.columns, &numeric)) } }
            }
        }
    }
}

fn row(row: &TableRow, columns: &[&'static str], numeric: &[bool]) -> Markup {
    html! {
        tr {
            @for (place, ((cell, numeric), column)) in row.cells.iter().zip(numeric).zip(columns).enumerate() {
                @let class = class(cell, *numeric);
                @if place == 0 && !is_blank(cell) {
                    th scope="row" class=[class] data-label=(column) { (shown(cell, row)) }
                } @else {
                    td class=[class] data-label=(column) { (shown(cell, row)) }
                }
            }
        }
    }
}

/// A cell; the word in which the row ended as such.
fn shown(cell: &TableCell, row: &TableRow) -> Markup {
    html! {
        // One box, whatever it is made of: on narrow screens it stands beside the column's name.
        @if let Some(words) = cell.text.as_ref().filter(|words| !words.is_empty()) {
            span { @match row.status.as_ref().filter(|status| status.word == words.plain()) {
                Some(status) => { (badge(status)) }
                None => { (text(words)) }
            } }
        }
    }
}

fn class(cell: &TableCell, numeric: bool) -> Option<&'static str> {
    match &cell.text {
        _ if numeric => Some("number"),
        Some(words) if is_long(words) => Some("long"),
        _ if is_blank(cell) => Some("blank"),
        _ => None,
    }
}

fn is_blank(cell: &TableCell) -> bool {
    cell.text.as_ref().is_none_or(|text| text.plain().trim().is_empty())
}

/// Whether a column holds numbers, which are compared by their last figures.
fn is_numeric(table: &ReportTable, column: usize) -> bool {
    let cells = || table.rows.iter().filter_map(|row| row.cells.get(column)).filter(|cell| !is_blank(cell));
    let is_number = |cell: &TableCell| {
        let words = cell.text.as_ref().map(crate::report::model::Text::plain).unwrap_or_default();
        words.chars().count() <= NUMBER && (cell.quantity.is_some() || words.split_whitespace().all(is_figure))
    };
    cells().next().is_some() && cells().all(is_number)
}

/// A figure, or what stands between figures or behind them: `2.90 to 3.10 s (± 0.3 ms)`, and not `1. Say so`.
fn is_figure(word: &str) -> bool {
    let bare = word.trim_matches(|letter: char| letter.is_ascii_punctuation() || letter == '±');
    let is_number = !bare.is_empty() && bare.chars().all(|letter| letter.is_ascii_digit() || ".,:".contains(letter));
    bare.is_empty() || is_number || bare == "to" || UNITS.contains(&bare)
}
