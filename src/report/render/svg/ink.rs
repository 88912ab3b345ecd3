//! Elements of SVG as text. Everything that is written goes through here, and nothing of it can be read as markup.

use crate::units::one_line;
use std::fmt::{self, Display};

/// A document in the making.
#[derive(Debug, Default)]
pub(super) struct Ink(String);

/// A length in the units of the drawing, to a tenth.
#[derive(Debug, Clone, Copy)]
pub(super) struct N(pub(super) f64);

impl Display for N {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        let sign = if tenths < 0 { "-" } else { "" };
        let (whole, rest) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
        if rest == 0 { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{rest}") }
    }
}

/// Attributes of an element, by name.
pub(super) type SvgAttributes<'a> = &'a [(&'a str, &'a dyn Display)];

impl Ink {
    pub(super) fn open(&mut self, name: &str, attributes: SvgAttributes<'_>) {
        self.begin(name, attributes);
        self.0.push('>');
    }

    pub(super) fn close(&mut self, name: &str) {
        self.0 += &format!("</{name}>");
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: SvgAttributes<'_>) {
        self.begin(name, attributes);
        self.0.push_str("/>");
    }

    /// An element that holds nothing but this text.
    pub(super) fn leaf(&mut self, name: &str, attributes: SvgAttributes<'_>, text: &str) {
        self.open(name, attributes);
        self.0.push_str(&escaped(text));
        self.close(name);
    }

    /// What was drawn elsewhere with another of these.
    pub(super) fn raw(&mut self, drawn: &str) {
        self.0.push_str(drawn);
    }

    pub(super) fn done(self) -> String {
        self.0
    }

    fn begin(&mut self, name: &str, attributes: SvgAttributes<'_>) {
        self.0 += &format!("<{name}");
        for (name, value) in attributes {
            self.0 += &format!(" {name}=\"{}\"", escaped(&value.to_string()));
        }
    }

    pub(super) fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let (width, height) = (N(width.max(0.0)), N(height.max(0.0)));
        self.empty("rect", &[("class", &class), ("x", &N(x)), ("y", &N(y)), ("width", &width), ("height", &height)]);
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let path = format!("M{} {}L{} {}", N(from.0), N(from.1), N(to.0), N(to.1));
        self.path(class, &path);
    }

    pub(super) fn path(&mut self, class: &str, path: &str) {
        self.empty("path", &[("class", &class), ("d", &path)]);
    }

    /// A line of text; `anchor` is `start`, `middle` or `end`.
    pub(super) fn text(&mut self, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
        self.leaf("text", &[("class", &class), ("x", &N(x)), ("y", &N(y)), ("text-anchor", &anchor)], text);
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in one_line(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML has no place for these, not even escaped.
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

/// About how wide a text is, in units, at this size: nobody can measure letters here, so rather a little more.
pub(super) fn wide(text: &str, size: f64) -> f64 {
    let letter = |letter: char| match letter {
        'i' | 'l' | 'j' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'I' => 0.3,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '-' | '/' => 0.37,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.9,
        'A'..='Z' => 0.69,
        '0'..='9' => 0.63,
        letter if letter.is_ascii() => 0.61,
        '\u{1100}'.. => 1.05,
        _ => 0.65,
    };
    text.chars().map(letter).sum::<f64>() * size
}

/// The text, cut where it does not fit into so many units; that it was cut is seen.
pub(super) fn fitted(text: &str, room: f64, size: f64) -> String {
    // What is longer than any line is not looked at to its end.
    let text = one_line(&text.chars().take(400).collect::<String>());
    if wide(&text, size) <= room {
        return text;
    }
    let mut kept = String::new();
    let mut left = room - wide("…", size);
    for letter in text.chars() {
        left -= wide(letter.encode_utf8(&mut [0; 4]), size);
        if left < 0.0 {
            break;
        }
        kept.push(letter);
    }
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_written_is_markup_and_what_is_cut_shows_it() {
        let mut ink = Ink::default();
        ink.text("\"><script>", 1.04, -2.0, "end", "a<b> & \u{1b}[2J\u{ffff}\0\n\u{202e}z");
        let told = ink.done();
        assert_eq!(
            told,
            "<text class=\"&quot;&gt;&lt;script&gt;\" x=\"1\" y=\"-2\" text-anchor=\"end\">a&lt;b&gt; &amp; \\u{1b}[2J\u{fffd}\\u{0}\\n\\u{202e}z</text>"
        );
        let cut = fitted(&"x".repeat(5_000), 100.0, 12.0);
        assert!(cut.ends_with('…') && wide(&cut, 12.0) <= 100.0 && cut.len() > 10, "{cut}");
        assert_eq!(fitted("short", 100.0, 12.0), "short");
    }
}
