//! Texts in cells of others' tables: spreadsheets take some for formulas, Markdown some for markup, terminals some for commands.

use crate::units::one_line;
use crate::verdict::Interval;

/// As a cell of CSV: one line, and never a formula (OWASP, CSV injection): what would begin one is put behind an apostrophe.
pub(super) fn csv_cell(text: &str) -> String {
    let begins = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']);
    let line = one_line(text);
    if begins { format!("'{line}") } else { line }
}

/// Rows as CSV (RFC 4180), the first of them the names of the columns.
pub(super) fn csv_text(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing into memory cannot fail, and each row has as many cells as there are columns.
    let _ = writer.write_record(columns);
    for row in rows {
        let _ = writer.write_record(row.iter().map(|cell| csv_cell(cell)));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// As a cell of a table in Markdown: nothing in it is markup.
pub(super) fn markdown_cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in one_line(text).chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '#' | '~' => {
                safe.push('\\');
                safe.push(letter);
            }
            _ => safe.push(letter),
        }
    }
    // GitHub makes links of bare addresses.
    safe.replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.")
}

/// A table in Markdown. The cells of its rows are Markdown already.
pub(super) fn markdown_table(columns: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = row(columns) + &format!("|{}\n", "---|".repeat(columns.len()));
    rows.for_each(|cells| text += &row(&cells));
    text
}

/// A text on one line in so many columns; what is cut ends in `…`.
pub(super) fn fit(text: &str, width: usize) -> String {
    let text = one_line(text);
    if text.chars().count() <= width { text } else { text.chars().take(width.saturating_sub(1)).chain(['…']).collect() }
}

/// How long a cutover took, in seconds: the last moment before, and the first after.
pub(super) fn cutover_text(cutover: Interval) -> String {
    let seconds = |ns: i64| format!("{:.1}", ns as f64 / 1e9);
    match cutover.hi {
        Some(hi) if seconds(hi) == seconds(cutover.lo) => format!("{} s", seconds(hi)),
        Some(hi) => format!("{} to {} s", seconds(cutover.lo), seconds(hi)),
        None => format!("more than {} s", seconds(cutover.lo)),
    }
}

/// A document in JSON: two blanks of indentation, a line break at the end.
pub(super) fn json_text(document: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_markup() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1"] {
            assert!(csv_cell(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!([csv_cell("2026-11-30"), csv_cell("a=b")], ["2026-11-30", "a=b"]);
        assert_eq!(csv_text(&["a", "b"], std::iter::once(vec!["x,\"y".into(), "=z\n".into()])), "a,b\r\n\"x,\"\"y\",'=z\\n\r\n");
        assert_eq!(markdown_cell("a|b <b> `c`\n*d*"), "a\\|b &lt;b&gt; \\`c\\`\\\\n\\*d\\*");
        assert_eq!([fit("abcdef", 4), fit("ab", 4)], ["abc…", "ab"]);
        let cutover = |lo, hi| cutover_text(Interval { lo, hi });
        assert_eq!(cutover(4_210_000_000, Some(4_840_000_000)), "4.2 to 4.8 s");
        assert_eq!([cutover(4_210_000_000, Some(4_220_000_000)), cutover(9_000_000_000, None)], ["4.2 s", "more than 9.0 s"]);
    }
}
