//! What is wrong with a text that is no YAML, told by what people get wrong: where a parser gives up is seldom where the mistake is.
//!
//! Looked at are the line where the parser stopped and those above it, because a quote or a bracket that is not closed is only noticed later.
//! What this file does not do: parse. Where none of its guesses fits, the parser's own words stay.

use super::finding::{Finding, blotted};
use super::source::{SourceText, Spot};
use super::tree::NOT_YAML;

/// So many lines above are looked at for a quote that was opened.
const LINES_ABOVE: usize = 200;
/// A longer line is not looked into.
const LONGEST: usize = 2_000;
/// What else to look at.
pub(super) const USUAL: &str = "see indentation, quotes and brackets here and on the line before; texts with `: ` or ` #` need quotes";

/// The finding for where the parser stopped, with its words; `open` is the innermost bracket that is open there.
pub(super) fn explained(source: &SourceText, stopped: Spot, words: &str, open: Option<Spot>) -> Finding {
    let lines = LinesAbove::up_to(source, stopped);
    let found = merge_key(&lines, words)
        .or_else(|| odd_space(&lines))
        .or_else(|| open_quote(source, &lines, stopped))
        .or_else(|| open_bracket(source, stopped, words, open))
        .or_else(|| second_colon(&lines, stopped, words))
        .or_else(|| no_space(&lines, words))
        .or_else(|| dashes(&lines, words))
        .or_else(|| indentation(&lines, words));
    match found {
        Some(Guess { line, column, length, message, hint }) => {
            let offset = lines.offset(source, line, column);
            source.error(Spot { line, column, length, offset }, format!("{NOT_YAML}: {message}"), hint)
        }
        None => source.error(stopped, format!("{NOT_YAML}: {words}"), USUAL),
    }
}

struct Guess {
    line: usize,
    column: usize,
    length: usize,
    message: String,
    hint: String,
}

fn guess(line: usize, column: usize, message: impl Into<String>, hint: impl Into<String>) -> Option<Guess> {
    Some(Guess { line, column, length: 1, message: message.into(), hint: hint.into() })
}

/// The lines among which a mistake of syntax is sought: the line where the parser stopped, and those above it, nearest first, each with its number.
struct LinesAbove<'s>(Vec<(usize, &'s str)>);

impl<'s> LinesAbove<'s> {
    fn up_to(source: &'s SourceText, stopped: Spot) -> Self {
        let first = stopped.line.saturating_sub(LINES_ABOVE);
        let all = source.text.split('\n').enumerate().skip(first.saturating_sub(1)).take(LINES_ABOVE + 2);
        let mut lines: Vec<(usize, &str)> = all.map(|(place, line)| (place + 1, line.trim_end_matches('\r'))).collect();
        lines.retain(|(number, line)| *number <= stopped.line && line.len() <= LONGEST);
        lines.reverse();
        Self(lines)
    }

    /// The line itself.
    fn here(&self) -> Option<(usize, &'s str)> {
        self.0.first().copied()
    }

    /// The nearest line above that says something.
    fn above(&self) -> Option<(usize, &'s str)> {
        self.0.iter().skip(1).copied().find(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    }

    /// In bytes, of a column in characters.
    fn offset(&self, source: &SourceText, line: usize, column: usize) -> usize {
        let start: usize = source.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        start + source.text[start..].chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>()
    }
}

/// Columns before the first letter.
fn indent(line: &str) -> usize {
    line.chars().take_while(|c| *c == ' ').count()
}

/// The column, from 1, of a byte.
fn column(line: &str, at: usize) -> usize {
    line[..at].chars().count() + 1
}

/// `<<: *base`, where nobody declared `base`.
fn merge_key(lines: &LinesAbove<'_>, words: &str) -> Option<Guess> {
    let (number, line) = lines.here()?;
    if !words.contains("anchor") {
        return None;
    }
    if line.trim_start().starts_with("<<") {
        return guess(number, indent(line) + 1, MERGE.0, MERGE.1);
    }
    let at = line.find('*')?;
    let name: String = line[at + 1..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
    let hint = format!("write `&{name}` in front of the value that is meant, above this line");
    Some(Guess { length: name.chars().count() + 1, ..guess(number, column(line, at), format!("nothing is called `&{name}`"), hint)? })
}

/// What is said of a merge key.
pub(super) const MERGE: (&str, &str) =
    ("a merge key (`<<`) is not read here", "write the values out; `*NAME` may stand for one whole value");

/// A tab or a no-break space where only spaces count.
fn odd_space(lines: &LinesAbove<'_>) -> Option<Guess> {
    for (number, line) in [lines.here(), lines.above()].into_iter().flatten() {
        let blank = line.len() - line.trim_start().len();
        if let Some(at) = line[..blank].find('\t') {
            return guess(number, column(line, at), "a tab stands here, and YAML is indented with spaces", "write spaces in its place");
        }
        let content = line.split(" #").next().unwrap_or_default();
        if let Some(at) = content.find(['\u{a0}', '\u{202f}', '\u{2007}']).filter(|at| *at < blank || line[..*at].ends_with([':', '-'])) {
            return guess(number, column(line, at), "a no-break space stands here, and YAML takes only plain ones", "write a plain space");
        }
    }
    None
}

/// A quote that is open at the end of its line, here or above, and is not closed on a later one.
fn open_quote(source: &SourceText, lines: &LinesAbove<'_>, stopped: Spot) -> Option<Guess> {
    let open = lines.0.iter().filter_map(|(number, line)| unclosed(line).map(|(at, quote)| (*number, at, quote)));
    let mut open = open.filter(|(number, at, quote)| {
        let start = lines.offset(source, *number, *at);
        !closes(source.text.get(start..).unwrap_or_default(), stopped.offset.saturating_sub(start), *quote)
    });
    let (number, at, quote) = open.next()?;
    guess(number, at, "this quote is not closed", format!("write `{quote}` where the text ends"))
}

/// True where a text that begins with a quote closes it within so many bytes, and goes on as YAML does behind a text: else it is another's
/// quote that closes this one.
fn closes(text: &str, within: usize, quote: char) -> bool {
    let mut letters = text.char_indices().skip(1).take_while(|(at, _)| *at < within).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quote == '"' => drop(letters.next()),
            '\'' if quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == '\'') => drop(letters.next()),
            letter if letter == quote => {
                let behind = text[at + 1..].lines().next().unwrap_or_default().trim_start();
                return behind.is_empty() || behind.starts_with(['#', ',', '}', ']', ':']);
            }
            _ => {}
        }
    }
    false
}

/// The column of the quote that a line opens and does not close.
fn unclosed(line: &str) -> Option<(usize, char)> {
    let letters: Vec<char> = line.chars().collect();
    let mut at = 0;
    while at < letters.len() {
        let before = letters[..at].iter().rev().find(|c| **c != ' ');
        let begins = before.is_none_or(|before| matches!(before, ':' | ',' | '[' | '{' | '-'));
        match letters[at] {
            '#' if at == 0 || letters[at - 1] == ' ' => return None,
            quote @ ('"' | '\'') if begins => {
                let start = at;
                at += 1;
                loop {
                    match letters.get(at) {
                        None => return Some((start + 1, quote)),
                        Some('\\') if quote == '"' => at += 1,
                        Some('\'') if quote == '\'' && letters.get(at + 1) == Some(&'\'') => at += 1,
                        Some(letter) if *letter == quote => break,
                        Some(_) => {}
                    }
                    at += 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// A bracket that was opened above and is still open, or one that is closed too often.
fn open_bracket(source: &SourceText, stopped: Spot, words: &str, open: Option<Spot>) -> Option<Guess> {
    let is_about_one = ["flow", "bracket", "EOF"].iter().any(|word| words.contains(word));
    // The parser stopped at the bracket itself, or at the next key, which may not stand in what is still open.
    let is_at_bracket = words.contains("unclosed bracket");
    let is_key = words.contains("placement of ':'") && open.is_some_and(|open| open.line < stopped.line);
    let open = if is_at_bracket { Some(stopped) } else { open.filter(|_| is_about_one || is_key) }?;
    let bracket = source.text.get(open.offset..)?.chars().next().filter(|c| matches!(c, '{' | '['))?;
    let closing = if bracket == '{' { '}' } else { ']' };
    if is_at_bracket || open.line < stopped.line {
        return guess(open.line, open.column, format!("this `{bracket}` is not closed"), format!("write `{closing}` where it ends"));
    }
    let message = format!("a comma or `{closing}` is missing before this");
    guess(
        stopped.line,
        stopped.column,
        message,
        format!("write `,` between two entries and `{closing}` after the last; quote a text with `, ` or `: ` in it"),
    )
}

/// `title: Azure: it stops`.
fn second_colon(lines: &LinesAbove<'_>, stopped: Spot, words: &str) -> Option<Guess> {
    let (number, line) = lines.here().filter(|_| words.contains("mapping values"))?;
    let (key, value) = line.split_once(": ")?;
    let second = value.find(": ").or_else(|| value.ends_with(':').then(|| value.len() - 1))?;
    let at = column(line, key.len() + 2 + second);
    if at != stopped.column {
        return None;
    }
    let value = value.trim();
    let letters: Vec<char> = line.chars().collect();
    let hint = if value.contains(['"', '\\', '{', '[']) || blotted(&letters) != letters {
        "put the text into quotes".into()
    } else {
        format!("put the text into quotes: `{}: \"{value}\"`", key.trim())
    };
    guess(number, at, "a text with `: ` in it stands without quotes", hint)
}

/// `rate:50/s` above the line where the parser stopped, or on it where that is the last one.
fn no_space(lines: &LinesAbove<'_>, words: &str) -> Option<Guess> {
    let here = lines.here().filter(|_| words.contains("expected ':'"));
    [lines.above(), here].into_iter().flatten().find_map(|(number, line)| tight(number, line))
}

fn tight(number: usize, line: &str) -> Option<Guess> {
    let entry = line.trim_start().trim_start_matches("- ");
    let (key, value) = entry.split_once(':')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let is_tight = value.starts_with(|c: char| !c.is_whitespace() && c != '/');
    if !(is_key && is_tight) {
        return None;
    }
    let at = column(line, line.len() - entry.len() + key.len());
    guess(number, at, "a space is missing after this colon", format!("write `{key}: {}`", value.trim_end()))
}

/// Entries with `- ` and without it beside each other.
fn dashes(lines: &LinesAbove<'_>, words: &str) -> Option<Guess> {
    let (number, line) = lines.here()?;
    let is_item = |line: &str| line.trim_start().starts_with("- ");
    let mixed = words.contains("'-' indicator")
        || words.contains("block sequence entries")
        || words.contains("did not find expected key") && is_item(line);
    if !mixed {
        return None;
    }
    let hint = "write `- ` in front of every item of a list, and of none of a map's keys";
    guess(number, indent(line) + 1, "some entries here begin with `- `, and some do not", hint)
}

/// A line that is indented otherwise than those that it belongs to.
fn indentation(lines: &LinesAbove<'_>, words: &str) -> Option<Guess> {
    let about = ["did not find expected key", "mapping values", "indentation", "simple key", "document start", "block mapping"];
    let (number, line) = lines.here().filter(|_| about.iter().any(|part| words.contains(part)))?;
    let (_, above) = lines.above()?;
    let (here, before) = (indent(line), indent(above));
    if here == before {
        return None;
    }
    let than = if here > before { "more" } else { "less" };
    let message = format!("this line is indented {than} than the one above it, and does not go on with it");
    let word = if before == 1 { "space" } else { "spaces" };
    guess(number, here + 1, message, format!("write {before} {word} in front of it, or as many as what it belongs to has"))
}

#[cfg(test)]
mod tests {
    use super::unclosed;
    use crate::project::document::SourceDocument;
    use crate::project::source::SourceText;

    #[test]
    fn a_mistake_is_told_where_it_is() {
        for (text, said) in [
            ("watch:15s\n", "4:6: a space is missing after this colon"),
            ("watch:15s", "4:6: a space is missing after this colon"),
            ("watch:15s\nfor: 3s\n", "4:6: a space is missing after this colon"),
            ("faults: [{a: b}\nservice: b\n", "4:9: this `[` is not closed"),
            ("faults: [{a: b}, {c: d}\n", "4:9: this `[` is not closed"),
            ("faults:\n  - {a: b, c: d\n  - {a: b}\n", "5:5: this `{` is not closed"),
            ("faults:\n  - {a: b, c: d\n", "5:5: this `{` is not closed"),
            ("title: \"a long\n  title\"\nnote: b: c\n", "6:8: a text with `: ` in it stands without quotes"),
            ("title: 'a long\n  title' # it''s\nnote: b: c\n", "6:8: a text with `: ` in it stands without quotes"),
            ("title: \"a long\nnote: \"b\"\n", "4:8: this quote is not closed"),
            ("a:\n  title: \"a long\n   note: \"b\"\n", "5:10: this quote is not closed"),
            ("title: \"a long\nnote: b\n", "4:8: this quote is not closed"),
        ] {
            let text = format!("version: 1\nscenario: a\nservice: b\n{text}");
            let found = SourceDocument::of_yaml(SourceText { path: "a.yaml".into(), text: text.clone() }).findings;
            let found: Vec<String> = found.iter().map(|one| format!("{}:{}: {}", one.line, one.column, one.message)).collect();
            assert_eq!(found, [said.replacen(": ", ": this is not YAML: ", 1)], "{text}");
        }
    }

    #[test]
    fn a_quote_is_followed_to_its_end() {
        for (line, found) in [
            ("title: \"Azure stops", Some((8, '"'))),
            ("title: 'it''s", Some((8, '\''))),
            ("a: [\"x\", \"y]", Some((10, '"'))),
            ("title: \"a \\\" b\"", None),
            ("title: it's fine", None),
            ("title: x # a \"comment", None),
            ("title: 'it''s'", None),
            ("", None),
        ] {
            assert_eq!(unclosed(line), found, "{line}");
        }
    }
}
