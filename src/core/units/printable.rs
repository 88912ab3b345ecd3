//! Texts of others as they may be shown: nothing in them drives a terminal or turns the direction of writing.

use std::borrow::Cow;
use std::fmt::Write as _;

/// True for what must not reach a terminal: control characters of both sets (C0 without line ends and tabs, DEL, C1, which some terminals
/// take for escape sequences of one byte), and what turns the direction of writing, so that a text reads otherwise than it is (Unicode
/// Standard Annex 9).
pub fn is_unprintable(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => true,
        letter => letter.is_control(),
    }
}

/// A text with each of those as an escape that can be read: `\u{1b}`. A line end may be two characters.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' if letters.peek() == Some(&'\n') => {}
            // Writing to a string cannot fail.
            letter if is_unprintable(letter) => drop(write!(shown, "{}", letter.escape_default())),
            letter => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

/// The same in one line: a name that somebody else chose cannot begin a line of its own.
pub fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n").replace('\t', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_drives_a_terminal_and_what_is_harmless_stays() {
        for harmless in ["", "two\nlines\tand a tab", "Größe ✓ 日本 👩‍🚀", "[31m"] {
            assert_eq!(printable(harmless), harmless);
            assert!(matches!(printable(harmless), Cow::Borrowed(_)));
        }
        assert_eq!(printable("a\u{1b}[2J\u{1b}]52;c;eA==\u{7}b\r\nc\rd"), "a\\u{1b}[2J\\u{1b}]52;c;eA==\\u{7}b\nc\\rd");
        assert_eq!(printable("\u{9b}31m\u{7f}\u{85}"), "\\u{9b}31m\\u{7f}\\u{85}");
        assert_eq!(printable("x\u{202e}y\u{2066}z"), "x\\u{202e}y\\u{2066}z");
        assert_eq!(one_line("a\nerror: b"), "a\\nerror: b");
        for letter in (0..=0x2100_u32).filter_map(char::from_u32) {
            assert!(!printable(&letter.to_string()).chars().any(is_unprintable), "{letter:?}");
        }
    }
}
