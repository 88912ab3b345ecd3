//! Texts within Markdown: nothing in them is markup but what a report means as such.
//!
//! What comes from outside is kept from being any markup; in sentences of Lifeboat's, which may hold names and reasons from outside, what could
//! be HTML, a link or the end of a cell.

use crate::report::model::{Phrase, PhraseForm, PhraseSource, Text};
use crate::units::is_unprintable;

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextPlace {
    /// At the beginning of a line, where some letters make a list or a heading.
    LineStart,
    /// In a heading, which is one line.
    Heading,
    /// In a cell of a table, which is one line, too.
    Cell,
}

/// A text as Markdown.
pub(super) fn inline(text: &Text, place: TextPlace) -> String {
    let phrase = |phrase: &Phrase| match (phrase.source, phrase.form) {
        (PhraseSource::Outside, PhraseForm::Prose) => escaped(&phrase.words),
        (PhraseSource::Outside, PhraseForm::Code) => escaped(&format!("`{}`", phrase.words)),
        (PhraseSource::Lifeboat, PhraseForm::Prose) => own(&phrase.words),
        (PhraseSource::Lifeboat, PhraseForm::Code) => code(&phrase.words, place),
    };
    let whole: String = text.0.iter().map(phrase).collect();
    match place {
        TextPlace::LineStart => at_line_start(whole),
        TextPlace::Heading | TextPlace::Cell => whole.replace('\n', "<br>"),
    }
}

/// A row of a table.
pub(super) fn row(cells: &[String]) -> String {
    let cells = cells.iter().map(|cell| if cell.is_empty() { " ".to_owned() } else { format!(" {cell} ") });
    format!("|{}|", cells.collect::<Vec<_>>().join("|"))
}

/// Lines as they are, whatever stands in them.
pub(super) fn fenced(lines: &str) -> String {
    let fence = "`".repeat(longest_run(lines).max(2) + 1);
    format!("{fence}text\n{lines}\n{fence}")
}

/// Text from files and programs, safe anywhere in a line, and within a table's cell.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (place, letter) in text.char_indices() {
        match letter {
            '\n' => safe.push_str("<br>"),
            ':' if is_odd_address(&text[place..]) => safe.push_str("\\:"),
            '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '&' | '~' => {
                safe.push('\\');
                safe.push(letter);
            }
            letter if is_unprintable(letter) || letter == '\t' => {}
            letter => safe.push(letter),
        }
    }
    safe
}

/// An address that an engine would make a link of, with what is escaped here in it: the link would hold the escapes.
fn is_odd_address(rest: &str) -> bool {
    let address = rest.split_whitespace().next().unwrap_or_default();
    rest.starts_with("://") && address.contains(['|', '<', '>', '*', '_', '`', '[', ']', '\\', '#', '&', '~'])
}

/// A sentence of Lifeboat's.
fn own(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    let mut place = 0;
    while let Some(letter) = letters.next() {
        // Within a word it makes no emphasis: names of objectives stay as they are.
        let inside = before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_');
        if matches!(letter, '|' | '<' | '[' | '&' | '*' | '~' | '\\')
            || letter == '_' && !inside
            || letter == ':' && is_odd_address(&text[place..])
        {
            safe.push('\\');
        }
        safe.push(letter);
        place += letter.len_utf8();
        before = letter;
    }
    safe
}

/// What is to be typed: between more backticks than it holds.
fn code(words: &str, place: TextPlace) -> String {
    let (ticks, words) = ("`".repeat(longest_run(words) + 1), words.replace('\n', " "));
    // A table ends its cell at a bar, wherever that stands.
    let words = if place == TextPlace::Cell { words.replace('|', "\\|") } else { words };
    let room = if words.starts_with('`') || words.ends_with('`') { " " } else { "" };
    format!("{ticks}{room}{words}{room}{ticks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

/// What begins a list, a heading or code there does not.
fn at_line_start(text: String) -> String {
    let text = text.trim_start();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marks = match text[digits..].chars().next() {
        Some('.' | ')') if digits > 0 => Some(digits),
        Some('-' | '+' | '=' | '#') if digits == 0 => Some(0),
        _ => None,
    };
    marks.map_or_else(|| text.to_owned(), |place| format!("{}\\{}", &text[..place], &text[place..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let cases = [
            (Text::outside("- a"), TextPlace::LineStart, "\\- a"),
            (Text::outside("12. a"), TextPlace::LineStart, "12\\. a"),
            (Text::outside("    code"), TextPlace::LineStart, "code"),
            (Text::outside("&lt;b&gt; ~~x~~"), TextPlace::Cell, r"\&lt;b\&gt; \~\~x\~\~"),
            (Text::own("it says <b>|[x](y)"), TextPlace::Cell, r"it says \<b>\|\[x](y)"),
            (Text::own("old_key_refused: _x_ *y* \\<b>"), TextPlace::Cell, r"old_key_refused: \_x\_ \*y\* \\\<b>"),
            (Text::outside("https://a.example/x <https://a.example|x>"), TextPlace::Cell, r"https://a.example/x \<https\://a.example\|x\>"),
            (Text::own("`a|b`"), TextPlace::Cell, r"`a\|b`"),
            (Text::own("`a|b`"), TextPlace::LineStart, "`a|b`"),
            (Text::own("1.5 s\nand more"), TextPlace::Cell, "1.5 s<br>and more"),
        ];
        for (text, place, wanted) in cases {
            assert_eq!(inline(&text, place), wanted);
        }
        assert_eq!(fenced("a\n```\nb"), "````text\na\n```\nb\n````");
    }
}
