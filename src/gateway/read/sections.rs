//! HAProxy's text → sections of lines, each line in words with its number.
//!
//! Known are quotes, backslashes and comments, as its manual has them. What this file does not do: conditional blocks (`.if`), which are read as
//! if all of them held.

/// `frontend`, `backend`, `listen`, `defaults`, `global` and others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedSection {
    pub(super) kind: String,
    pub(super) name: String,
    /// The defaults that it names.
    pub(super) from: Option<String>,
    /// From 1.
    pub(super) line: usize,
    pub(super) lines: Vec<Line>,
}

/// A line of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) words: Vec<String>,
    /// From 1.
    pub(super) line: usize,
}

impl Line {
    /// True where it begins with these words.
    pub(super) fn begins(&self, words: &[&str]) -> bool {
        self.words.len() >= words.len() && self.words.iter().zip(words).all(|(own, word)| own == word)
    }

    /// True where this word stands in it.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }
}

/// Options of servers that take no value.
const BARE: [&str; 3] = ["check", "ssl", "backup"];

/// The value of an option of a `server` or `default-server`; an empty one where it takes none.
pub(super) fn option<'l>(line: &'l Line, name: &str) -> Option<&'l str> {
    let place = line.words.iter().skip(1).position(|word| word == name)? + 1;
    if BARE.contains(&name) {
        return Some("");
    }
    line.words.get(place + 1).map(String::as_str)
}

const KINDS: [&str; 13] = [
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "peers",
    "resolvers",
    "mailers",
    "userlist",
    "cache",
    "program",
    "ring",
    "http-errors",
];

/// The sections of a text.
pub(super) fn sections(text: &str) -> Vec<NamedSection> {
    let mut found: Vec<NamedSection> = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let words = words(line);
        let Some(first) = words.first() else { continue };
        if KINDS.contains(&first.as_str()) {
            let from = words.iter().position(|word| word == "from").and_then(|place| words.get(place + 1)).cloned();
            let name = words.get(1).filter(|word| *word != "from").cloned().unwrap_or_default();
            found.push(NamedSection { kind: first.clone(), name, from, line: place + 1, lines: Vec::new() });
        } else if let Some(section) = found.last_mut() {
            section.lines.push(Line { words, line: place + 1 });
        }
    }
    found
}

/// The words of a line, quotes taken off.
fn words(line: &str) -> Vec<String> {
    let (mut found, mut word, mut began, mut quote) = (Vec::new(), String::new(), false, None);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, '#') => break,
            (None, '\'' | '"') => (quote, began) = (Some(letter), true),
            (Some(open), letter) if open == letter => quote = None,
            (None | Some('"'), '\\') => {
                word.extend(letters.next());
                began = true;
            }
            (None, letter) if letter.is_whitespace() => {
                if began {
                    found.push(std::mem::take(&mut word));
                    began = false;
                }
            }
            (_, letter) => {
                word.push(letter);
                began = true;
            }
        }
    }
    if began {
        found.push(word);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_belong_to_sections_and_quotes_hold_words_together() {
        let text = "global\n  maxconn 10 # many\nbackend b from d\n  http-request set-header authorization \"Bearer ${KEY}\"\n  server a\\ b 1.2.3.4:80 check inter 5s\n";
        let list = sections(text);
        assert_eq!((list[1].name.as_str(), list[1].from.as_deref(), list[1].line), ("b", Some("d"), 3));
        assert_eq!(list[1].lines[0].words[3], "Bearer ${KEY}");
        let server = &list[1].lines[1];
        assert_eq!(
            (server.words[1].as_str(), option(server, "inter"), option(server, "check"), option(server, "fall")),
            ("a b", Some("5s"), Some(""), None)
        );
        assert_eq!(list[0].lines[0].words, ["maxconn", "10"]);
    }
}
