//! One change of a text: what stood at a place, and what stands there now. It can be taken back exactly, also where others have changed the text
//! elsewhere since.

use serde::{Deserialize, Serialize};

/// A change of a text at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Splice {
    /// The whole text before it.
    before: String,
    /// Where, in bytes.
    at: usize,
    old: String,
    new: String,
}

impl Splice {
    /// The change of a part of a text.
    pub(super) fn new(before: &str, range: std::ops::Range<usize>, new: impl Into<String>) -> Self {
        Self { before: before.to_owned(), at: range.start, old: before[range].to_owned(), new: new.into() }
    }

    /// What makes one text of another.
    #[cfg(test)]
    fn between(before: &str, after: &str) -> Self {
        let pairs = before.char_indices().zip(after.chars());
        let start = pairs.take_while(|((_, one), other)| one == other).last().map_or(0, |((at, letter), _)| at + letter.len_utf8());
        let (rest, other) = (&before[start..], &after[start..]);
        let same = rest.chars().rev().zip(other.chars().rev()).take_while(|(one, other)| one == other);
        let end: usize = same.map(|(letter, _)| letter.len_utf8()).sum();
        Self::new(before, start..before.len() - end, &after[start..after.len() - end])
    }

    /// True where it only adds.
    pub(super) const fn only_adds(&self) -> bool {
        self.old.is_empty()
    }

    /// True of the text before it.
    pub fn is_before(&self, text: &str) -> bool {
        self.before == text
    }

    fn head(&self) -> &str {
        &self.before[..self.at]
    }

    fn tail(&self) -> &str {
        &self.before[self.at + self.old.len()..]
    }

    /// The text after it.
    pub fn after(&self) -> String {
        format!("{}{}{}", self.head(), self.new, self.tail())
    }

    /// A text with it taken back; `None` where its place is not found any more.
    pub fn taken_back(&self, text: &str) -> Option<String> {
        let (head, new, tail) = (self.head(), &self.new, self.tail());
        if let Some(rest) = text.strip_prefix(head).and_then(|rest| rest.strip_prefix(new.as_str())) {
            return Some(format!("{head}{}{rest}", self.old));
        }
        if let Some(rest) = text.strip_suffix(tail).and_then(|rest| rest.strip_suffix(new.as_str())) {
            return Some(format!("{rest}{}{tail}", self.old));
        }
        let once = !new.is_empty() && text.matches(new.as_str()).count() == 1;
        once.then(|| text.replacen(new.as_str(), &self.old, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_taken_back_also_where_others_have_changed_the_rest() {
        let added = Splice::between("a: 1\nb: 2\n", "a: 1\nnew: é\nb: 2\n");
        assert!(added.only_adds());
        assert_eq!(added.after(), "a: 1\nnew: é\nb: 2\n");
        for (now, back) in [
            ("a: 1\nnew: é\nb: 2\n", "a: 1\nb: 2\n"),
            ("a: 1\nnew: é\nb: 3\nc: 4\n", "a: 1\nb: 3\nc: 4\n"),
            ("z: 0\na: 1\nnew: é\nb: 2\n", "z: 0\na: 1\nb: 2\n"),
            ("z: 0\na: 1\nnew: é\nb: 3\n", "z: 0\na: 1\nb: 3\n"),
        ] {
            assert_eq!(added.taken_back(now).as_deref(), Some(back), "{now}");
        }
        assert_eq!(added.taken_back("z: 0\na: 1\nb: 3\n"), None);
        let removed = Splice::between("a: 1\nb: 2\nc: 3\n", "a: 1\nc: 3\n");
        assert_eq!(removed.taken_back("a: 1\nc: 4\n").unwrap(), "a: 1\nb: 2\nc: 4\n");
        assert_eq!(removed.taken_back("a: 0\nc: 3\n").unwrap(), "a: 0\nb: 2\nc: 3\n");
        assert_eq!(removed.taken_back("a: 0\nc: 4\n"), None);
    }
}
