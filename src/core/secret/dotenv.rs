//! The form of .env files: `NAME=value` lines, `export` before them, comments, values bare, in `'…'` as they stand, or in `"…"` with
//! `\n`, `\r`, `\t`, `\"`, `\\` and `\$`; a quoted value may span lines. Of several lines of one name the last holds. A comment begins with a
//! `#` behind a blank, so that `A=#1` has a value and `A= # none` has none; what has none is filled in directly behind the `=`.
//!
//! Only one value's bytes are ever changed; everything else in the file stays as it is. Variables in values are not filled in.

use std::ops::Range;
use zeroize::Zeroizing;

/// An entry of a .env file: where it stands in the file, with its quotes, and what it means.
struct DotenvEntry {
    span: Range<usize>,
    quote: Option<u8>,
    value: Zeroizing<String>,
}

/// The value of a name.
pub(super) fn value(text: &str, name: &str) -> Option<Zeroizing<String>> {
    find(text, name).map(|entry| entry.value)
}

/// The file with another value of a name; a name that is not there is added at its end.
pub(super) fn with_value(text: &str, name: &str, value: &str) -> Zeroizing<String> {
    let mut new = Zeroizing::new(String::with_capacity(text.len() + name.len() + 2 * value.len() + 4));
    match find(text, name) {
        Some(entry) => {
            new.push_str(&text[..entry.span.start]);
            written(value, entry.quote, &mut new);
            new.push_str(&text[entry.span.end..]);
        }
        None => {
            let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
            new.push_str(text);
            if !text.is_empty() && !text.ends_with('\n') {
                new.push_str(line_end);
            }
            new.push_str(name);
            new.push('=');
            written(value, None, &mut new);
            new.push_str(line_end);
        }
    }
    new
}

/// A value in the quotes that stand there already, if it can bear them.
fn written(value: &str, quote: Option<u8>, into: &mut String) {
    let bare = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:+=@,%^~".contains(&byte));
    let literal = !value.contains(['\'', '\n', '\r']);
    match quote {
        None if bare => into.push_str(value),
        None | Some(b'\'') if literal => {
            into.push('\'');
            into.push_str(value);
            into.push('\'');
        }
        _ => {
            into.push('"');
            for character in value.chars() {
                match character {
                    '\n' => into.push_str("\\n"),
                    '\r' => into.push_str("\\r"),
                    '\t' => into.push_str("\\t"),
                    '"' | '\\' | '$' => into.extend(['\\', character]),
                    other => into.push(other),
                }
            }
            into.push('"');
        }
    }
}

fn find(text: &str, name: &str) -> Option<DotenvEntry> {
    let (mut at, mut found) = (0, None);
    while at < text.len() {
        let line = &text[at..at + text[at..].find('\n').unwrap_or(text.len() - at)];
        let Some((key, before)) = key_of(line) else {
            at += line.len() + 1;
            continue;
        };
        let entry = entry(text, at + before, at + line.len());
        // A quoted value may have gone on over the line's end.
        let end = entry.span.end.max(at + line.len());
        at = end + text[end..].find('\n').map_or(text.len() - end, |more| more + 1);
        if key == name {
            found = Some(entry);
        }
    }
    found
}

/// The name in a line, and the place behind its `=`.
fn key_of(line: &str) -> Option<(&str, usize)> {
    let (left, _) = line.split_once('=')?;
    let key = left.trim();
    let key = key.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).map_or(key, str::trim);
    let name = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    name.then_some((key, left.len() + 1))
}

fn entry(text: &str, behind: usize, line_end: usize) -> DotenvEntry {
    let bytes = text.as_bytes();
    let start = line_end - text[behind..line_end].trim_start_matches([' ', '\t']).len();
    if let Some(quote @ (b'\'' | b'"')) = bytes.get(start).copied().filter(|_| start < line_end)
        && let Some((value, end)) = quoted(&text[start + 1..], quote)
    {
        return DotenvEntry { span: start..start + 1 + end, quote: Some(quote), value };
    }
    let rest = &text[start..line_end];
    let after_blank = |place: usize| text[behind..start + place].ends_with([' ', '\t']);
    let comment = rest.char_indices().find(|(place, letter)| *letter == '#' && after_blank(*place));
    let value = rest[..comment.map_or(rest.len(), |(place, _)| place)].trim_end();
    let at = if value.is_empty() { behind } else { start };
    DotenvEntry { span: at..at + value.len(), quote: None, value: Zeroizing::new(value.to_owned()) }
}

/// A quoted value and where it ends behind its closing quote; `None` where that never comes.
fn quoted(text: &str, quote: u8) -> Option<(Zeroizing<String>, usize)> {
    let mut value = Zeroizing::new(String::with_capacity(text.len().min(256)));
    let mut letters = text.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            _ if letter == char::from(quote) => return Some((value, place + 1)),
            '\\' if quote == b'"' => match letters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            _ => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = "# keys\r\nA=1\r\nexport B = 'two words' # a comment\r\n\nC=\"x\nB=not this\\n\\\"\"\nD=\n E=e#e #f\nA=last";

    fn read(name: &str) -> Option<String> {
        value(FILE, name).map(|value| value.to_string())
    }

    #[test]
    fn values_are_read_as_programs_read_them() {
        let read: Vec<_> = ["A", "B", "C", "D", "E", "F", "x"].map(read).into();
        let wanted = [Some("last"), Some("two words"), Some("x\nB=not this\n\""), Some(""), Some("e#e"), None, None];
        assert_eq!(read, wanted.map(|text| text.map(str::to_owned)));
    }

    #[test]
    fn one_value_changes_and_every_other_byte_stays() {
        assert_eq!(*with_value(FILE, "B", "new"), FILE.replace("'two words'", "'new'"));
        assert_eq!(*with_value(FILE, "A", "sk-1"), FILE.replace("A=last", "A=sk-1"));
        assert_eq!(*with_value(FILE, "D", "a b"), FILE.replace("D=\n", "D='a b'\n"));
        assert_eq!(*with_value(FILE, "N", "it's"), format!("{FILE}\r\nN=\"it's\"\r\n"));
        assert_eq!(*with_value("", "N", "n"), "N=n\n");
    }

    #[test]
    fn a_comment_is_no_part_of_a_value_that_is_filled_in() {
        for (file, old, new) in [
            ("B=#\n", "#", "B=a\n"),
            ("B=#x #y\n", "#x", "B=a #y\n"),
            ("B= # none\n", "", "B=a # none\n"),
            ("B=\t# none\r\n", "", "B=a\t# none\r\n"),
            ("B= \n", "", "B=a \n"),
            ("B= b# c\t#d\n", "b# c", "B= a\t#d\n"),
        ] {
            assert_eq!(value(file, "B").unwrap().as_str(), old, "{file:?}");
            assert_eq!(*with_value(file, "B", "a"), new, "{file:?}");
            assert_eq!(value(new, "B").unwrap().as_str(), "a", "{new:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_the_others_stay(value in "[ -~\n\r\t\\\\'\"$#é]{0,20}", file in "([A-D]=[ \t]{0,2}('[a-z ]{0,4}'|\"[a-z\n]{0,4}\"|[a-z#]{0,4})([ \t]#x)?\n){0,5}") {
            let new = with_value(&file, "B", &value);
            prop_assert_eq!(super::value(&new, "B").map(|read| read.to_string()), Some(value));
            for name in ["A", "C", "D"] {
                prop_assert_eq!(super::value(&new, name), super::value(&file, name));
            }
        }
    }
}
