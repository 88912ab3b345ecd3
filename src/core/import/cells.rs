//! The cells of one row of a CSV (RFC 4180): a cell in quotes may hold what divides cells, doubled quotes and line feeds. What divides cells
//! is a comma, or a semicolon or a tab where a spreadsheet wrote the file.

use std::borrow::Cow;

/// The character between the cells of a CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Divider {
    Comma,
    Semicolon,
    Tab,
}

impl Divider {
    /// By the first row: what stands in it most often, outside of quotes.
    pub(super) fn of(first: &str) -> Self {
        let outside = || first.split('"').step_by(2).flat_map(str::bytes);
        let count = |divider: Self| outside().filter(|byte| *byte == divider.byte()).count();
        // Of equals, the last is taken: a comma.
        [Self::Tab, Self::Semicolon, Self::Comma].into_iter().max_by_key(|divider| count(*divider)).unwrap_or(Self::Comma)
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    const fn letter(self) -> char {
        self.byte() as char
    }

    /// A number as the rest of the world writes it: where cells are not divided by commas, decimals may be.
    pub(super) fn number(self, cell: &str) -> Cow<'_, str> {
        let commas = cell.bytes().filter(|byte| *byte == b',').count();
        let decimal = self != Self::Comma && commas == 1 && cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
        if decimal { Cow::Owned(cell.replace(',', ".")) } else { Cow::Borrowed(cell) }
    }
}

/// The state of quotes over the lines of a row: one that is not closed goes on in the next line.
#[derive(Debug)]
pub(super) struct Quotes {
    divider: Divider,
    open: bool,
}

impl Quotes {
    pub(super) const fn new(divider: Divider) -> Self {
        Self { divider, open: false }
    }

    /// Takes the next line in: true where a cell is still open at its end.
    pub(super) fn stay_open(&mut self, line: &str) -> bool {
        let mut rest = line.as_bytes();
        let mut fresh = !self.open;
        loop {
            if self.open {
                let Some(quote) = rest.iter().position(|byte| *byte == b'"') else { return true };
                let doubled = rest.get(quote + 1) == Some(&b'"');
                self.open = doubled;
                rest = &rest[quote + 1 + usize::from(doubled)..];
            } else if fresh && rest.first() == Some(&b'"') {
                (self.open, rest) = (true, &rest[1..]);
            } else {
                let Some(next) = rest.iter().position(|byte| *byte == self.divider.byte()) else { return false };
                (fresh, rest) = (true, &rest[next + 1..]);
            }
        }
    }
}

/// The cells of a row; `None` where a quote is not closed, or something stands between a cell's closing quote and the next cell.
pub(super) fn cells(row: &str, divider: Divider) -> Option<Vec<Cow<'_, str>>> {
    let mut found = Vec::new();
    let mut rest = row;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            None => {
                let end = rest.find(divider.letter()).unwrap_or(rest.len());
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
        match after.strip_prefix(divider.letter()) {
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
        let quote = from + quoted[from..].find('"')?;
        if !quoted[quote + 1..].starts_with('"') {
            return Some(quote);
        }
        from = quote + 2;
    }
}
