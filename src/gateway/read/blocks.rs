//! nginx's text → directives, nested in blocks, each with its line.
//!
//! Known are quotes, backslashes, comments and blocks; a block of Lua is passed over as a whole. Held here: at most 32 levels.

use crate::units::Problem;

const DEPTH_MAX: usize = 32;

/// A directive: its words, its line, and what stands in its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) words: Vec<String>,
    /// From 1.
    pub(super) line: usize,
    pub(super) inner: Vec<Directive>,
}

impl Directive {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Its first argument.
    pub(super) fn value(&self) -> &str {
        self.words.get(1).map_or("", String::as_str)
    }
}

/// Directives of this name among those.
pub(super) fn of_name<'d>(list: &'d [Directive], name: &'d str) -> impl Iterator<Item = &'d Directive> {
    list.iter().filter(move |directive| directive.name() == name)
}

/// A word, or a mark that ends a directive.
enum Piece {
    Word(String, usize),
    End,
    Open,
    Close(usize),
}

/// All directives of a text.
///
/// # Errors
/// Where braces do not match, or a quote is not closed.
pub(super) fn parse(text: &str) -> Result<Vec<Directive>, Problem> {
    let mut levels: Vec<(Vec<Directive>, Option<Directive>)> = vec![(Vec::new(), None)];
    let mut words: Vec<String> = Vec::new();
    let mut line = 1;
    let mut pieces = Pieces { letters: text.chars().peekable(), line: 1 };
    while let Some(piece) = pieces.next()? {
        match piece {
            Piece::Word(word, at) => {
                if words.is_empty() {
                    line = at;
                }
                words.push(word);
            }
            Piece::End => {
                if !words.is_empty()
                    && let Some((list, _)) = levels.last_mut()
                {
                    list.push(Directive { words: std::mem::take(&mut words), line, inner: Vec::new() });
                }
            }
            Piece::Open => {
                let directive = Directive { words: std::mem::take(&mut words), line, inner: Vec::new() };
                if directive.name().contains("_by_lua") {
                    pieces.skip_block();
                    if let Some((list, _)) = levels.last_mut() {
                        list.push(directive);
                    }
                } else if levels.len() > DEPTH_MAX {
                    return Err(
                        Problem::new(format!("blocks are nested more than {DEPTH_MAX} levels deep on line {line}")).hint("see the braces")
                    );
                } else {
                    levels.push((Vec::new(), Some(directive)));
                }
            }
            Piece::Close(at) => match levels.pop() {
                Some((inner, Some(directive))) if words.is_empty() => {
                    if let Some((list, _)) = levels.last_mut() {
                        list.push(Directive { inner, ..directive });
                    }
                }
                _ => {
                    return Err(Problem::new(format!("a `}}` that closes nothing stands on line {at}"))
                        .hint("see the braces, and the `;` before it"));
                }
            },
        }
    }
    match (levels.pop(), levels.is_empty() && words.is_empty()) {
        (Some((list, None)), true) => Ok(list),
        _ => Err(Problem::new(format!("this ends within what began on line {line}")).hint("close it with `;` or `}`")),
    }
}

struct Pieces<'t> {
    letters: std::iter::Peekable<std::str::Chars<'t>>,
    line: usize,
}

impl Pieces<'_> {
    fn step(&mut self) -> Option<char> {
        let letter = self.letters.next()?;
        if letter == '\n' {
            self.line += 1;
        }
        Some(letter)
    }

    fn next(&mut self) -> Result<Option<Piece>, Problem> {
        loop {
            let Some(letter) = self.letters.peek().copied() else { return Ok(None) };
            match letter {
                '#' => {
                    while self.letters.peek().is_some_and(|letter| *letter != '\n') {
                        self.step();
                    }
                }
                letter if letter.is_whitespace() => {
                    self.step();
                }
                ';' => {
                    self.step();
                    return Ok(Some(Piece::End));
                }
                '{' => {
                    self.step();
                    return Ok(Some(Piece::Open));
                }
                '}' => {
                    self.step();
                    return Ok(Some(Piece::Close(self.line)));
                }
                _ => return self.word().map(Some),
            }
        }
    }

    /// A word, with its quotes taken off; `${name}` belongs to it.
    fn word(&mut self) -> Result<Piece, Problem> {
        let (begin, mut word) = (self.line, String::new());
        let quote = self.letters.peek().copied().filter(|letter| matches!(letter, '"' | '\''));
        if let Some(quote) = quote {
            self.step();
            loop {
                match self.step() {
                    None => return Err(Problem::new(format!("a quote that is opened on line {begin} is not closed")).hint("close it")),
                    Some(letter) if letter == quote => return Ok(Piece::Word(word, begin)),
                    Some('\\') if self.letters.peek().is_some_and(|next| *next == quote || *next == '\\') => word.extend(self.step()),
                    Some(letter) => word.push(letter),
                }
            }
        }
        while let Some(letter) = self.letters.peek().copied() {
            let is_variable = letter == '{' && word.ends_with('$');
            if letter.is_whitespace() || letter == ';' || (letter == '{' && !is_variable) || (letter == '}' && !word.contains("${")) {
                break;
            }
            self.step();
            if letter == '\\' {
                word.push(letter);
                word.extend(self.step());
                continue;
            }
            word.push(letter);
        }
        Ok(Piece::Word(word, begin))
    }

    /// To the brace that closes the one that was just opened.
    fn skip_block(&mut self) {
        let mut depth = 1;
        while let Some(letter) = self.step() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_nest_and_lines_count() {
        let text = "# head\nevents { }\nhttp {\n  upstream a {\n    server \"x y\" max_fails=1;\n  }\n  location ~ \\.php$ { set $a '${b}'; }\n}\n";
        let list = parse(text).unwrap();
        let http = of_name(&list, "http").next().unwrap();
        assert_eq!((http.line, http.inner[0].value(), http.inner[0].inner[0].line), (3, "a", 5));
        assert_eq!(http.inner[0].inner[0].words, ["server", "x y", "max_fails=1"]);
        assert_eq!(http.inner[1].words, ["location", "~", "\\.php$"]);
    }

    #[test]
    fn lua_is_passed_over_and_open_braces_are_told() {
        let list = parse("location / { content_by_lua_block { if a then b = {} end } proxy_pass http://x; }").unwrap();
        assert_eq!(list[0].inner[1].words, ["proxy_pass", "http://x"]);
        assert!(parse("http { server {").is_err() && parse("}").is_err() && parse("a 'b").is_err() && parse("a b").is_err());
    }
}
