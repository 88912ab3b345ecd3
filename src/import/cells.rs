//! The cells of one line of CSV. A cell in quotes may hold commas and doubled quotes, but no line break: lines are what bounds a record's
//! memory.

use std::borrow::Cow;

/// The cells of a line; `None` where a quote is not closed.
pub(super) fn cells(line: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut found = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (Cow::Borrowed(&rest[..end]), &rest[end..])
            }
            Some(quoted) => {
                let end = closing(quoted)?;
                let cell = &quoted[..end];
                let cell = if cell.contains("\"\"") { Cow::Owned(cell.replace("\"\"", "\"")) } else { Cow::Borrowed(cell) };
                (cell, &quoted[end + 1..])
            }
        };
        found.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(found),
            None => return None,
        }
    }
}

/// Where the quote ends that is not doubled.
fn closing(quoted: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let place = from + quoted[from..].find('"')?;
        if !quoted[place + 1..].starts_with('"') {
            return Some(place);
        }
        from = place + 2;
    }
}
