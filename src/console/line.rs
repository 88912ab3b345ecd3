//! One line for the terminal: spans of text, each with a tone, cut to a width. Pure.

use crate::units::is_unprintable;
use std::fmt::Write as _;

/// How a span looks where colours are on. Restrained: most text has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As the terminal has it.
    Plain,
    /// What matters less.
    Dim,
    /// The title.
    Bold,
    /// Served.
    Good,
    /// Errors.
    Bad,
    /// A fault in force.
    Warn,
}

impl Tone {
    /// The parameters of the escape sequence that begins it (ECMA-48, select graphic rendition).
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Dim => Some("2"),
            Self::Bold => Some("1"),
            Self::Good => Some("32"),
            Self::Bad => Some("31"),
            Self::Warn => Some("33"),
        }
    }
}

/// A line of the terminal: spans of text, each with a tone. Control characters never get in, so that a name or an output cannot drive the terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StyledLine(Vec<(Tone, String)>);

impl StyledLine {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more span at its end.
    #[must_use]
    pub fn with(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        self.0.push((tone, clean(text.as_ref())));
        self
    }

    /// With another line's spans at its end.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// With as much blank at its end as makes it `columns` wide; at least one.
    #[must_use]
    pub fn to(self, columns: usize) -> Self {
        let blank = columns.saturating_sub(self.columns()).max(1);
        self.with(Tone::Plain, " ".repeat(blank))
    }

    /// How many columns it takes.
    pub fn columns(&self) -> usize {
        self.0.iter().map(|(_, text)| columns(text)).sum()
    }

    /// Cut to a width, with an ellipsis where something is missing.
    #[must_use]
    pub fn cut(self, width: usize) -> Self {
        if self.columns() <= width {
            return self;
        }
        let mut left = width;
        let mut spans = Vec::new();
        for (tone, text) in self.0 {
            let whole = columns(&text);
            if whole < left {
                left -= whole;
                spans.push((tone, text));
            } else {
                spans.push((tone, cut(&text, left)));
                // What ends exactly at the edge still needs the ellipsis: more follows it.
                if let Some((_, last)) = spans.last_mut()
                    && !last.ends_with('…')
                    && left > 0
                {
                    *last = cut(&format!("{last} "), left);
                }
                break;
            }
        }
        Self(spans)
    }

    /// Its text alone, without blanks at the end.
    pub fn plain(&self) -> String {
        let text: String = self.0.iter().map(|(_, text)| text.as_str()).collect();
        text.trim_end().to_owned()
    }

    /// Its text with escape sequences for the tones.
    pub fn coloured(&self) -> String {
        self.0.iter().fold(String::new(), |mut line, (tone, text)| {
            // Writing to a string cannot fail.
            let _ = match tone.code() {
                Some(code) if !text.trim().is_empty() => write!(line, "\u{1b}[{code}m{text}\u{1b}[0m"),
                _ => write!(line, "{text}"),
            };
            line
        })
    }
}

/// A text without what drives a terminal or turns the direction of writing; line breaks and tabs become blanks.
pub(super) fn clean(text: &str) -> String {
    text.chars().filter_map(|c| if c.is_whitespace() { Some(' ') } else { (!is_unprintable(c)).then_some(c) }).collect()
}

/// A text cut to a width, with an ellipsis where something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut left = width.saturating_sub(1);
    for c in text.chars() {
        let wide = columns_of(c);
        if wide > left {
            break;
        }
        left -= wide;
        kept.push(c);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// How many columns a text takes on a terminal.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Near enough for names: nothing for marks that combine, two for East Asian scripts and pictures (Unicode Annex 11), else one.
const fn columns_of(c: char) -> usize {
    match c as u32 {
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 2,
        0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_by_columns_and_says_so() {
        let line = StyledLine::new().with(Tone::Plain, "azure").with(Tone::Good, "-sweden").with(Tone::Dim, "central");
        for (width, shown) in
            [(19, "azure-swedencentral"), (18, "azure-swedencentr…"), (12, "azure-swede…"), (5, "azur…"), (1, "…"), (0, "")]
        {
            let cut = line.clone().cut(width);
            assert_eq!(cut.plain(), shown, "{width}");
            assert!(cut.columns() <= width, "{width}");
        }
        assert_eq!(cut("日本の地域", 7), "日本の…");
    }

    #[test]
    fn nothing_in_a_name_drives_the_terminal() {
        let line = StyledLine::new().with(Tone::Warn, "a\u{1b}[2Jb\nc\u{7}\u{202e}");
        assert_eq!(line.plain(), "a[2Jb c");
        assert_eq!(line.coloured(), "\u{1b}[33ma[2Jb c\u{1b}[0m");
    }
}
