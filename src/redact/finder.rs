//! Where a secret stands in bytes, in any disguise, line ends within it not counted.

use super::disguise::{forms, is_line_end};
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::Range;

/// Looks for every form of every secret in one pass.
#[derive(Default)]
pub(super) struct Finder {
    /// `None` where there is nothing to look for.
    machine: Option<AhoCorasick>,
    forms: Vec<Vec<u8>>,
    /// Whose each form is.
    owners: Vec<usize>,
    longest: usize,
}

/// What was found in bytes.
pub(super) struct Found {
    /// Each secret with its place among those that the finder was made of; in order, apart from each other.
    pub(super) places: Vec<(Range<usize>, usize)>,
    /// From here on more bytes may make a secret of it.
    pub(super) open: usize,
}

impl Finder {
    pub(super) fn of<'s>(secrets: impl Iterator<Item = &'s str>) -> Self {
        let all: Vec<(usize, Vec<u8>)> =
            secrets.enumerate().flat_map(|(owner, secret)| forms(secret).into_iter().map(move |form| (owner, form))).collect();
        let (owners, forms): (Vec<usize>, Vec<Vec<u8>>) = all.into_iter().unzip();
        let machine = (!forms.is_empty()).then(|| {
            let mut builder = AhoCorasick::builder();
            builder.match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(true);
            builder.build(&forms).expect("secrets fit into memory many times, and so do their forms")
        });
        let longest = forms.iter().map(Vec::len).max().unwrap_or(0);
        Self { machine, forms, owners, longest }
    }

    /// Everything that is found. Where `more` may follow, what could still become a secret is left open.
    pub(super) fn find(&self, bytes: &[u8], more: bool) -> Found {
        let Some(machine) = &self.machine else { return Found { places: Vec::new(), open: bytes.len() } };
        let (text, at): (Vec<u8>, Vec<usize>) =
            bytes.iter().enumerate().filter(|(_, byte)| !is_line_end(**byte)).map(|(at, byte)| (*byte, at)).unzip();
        let begun = if more { self.begun(&text) } else { text.len() };
        let mut open = at.get(begun).copied().unwrap_or(bytes.len());
        let mut places = Vec::new();
        for found in machine.find_iter(&text).take_while(|found| found.start() < begun) {
            let end = at[found.end() - 1] + 1;
            places.push((at[found.start()]..end, self.owners[found.pattern().as_usize()]));
            // What begins another form was the end of this one.
            open = open.max(end);
        }
        Found { places, open }
    }

    /// Where the longest end of the text begins that is the beginning of a form.
    fn begun(&self, text: &[u8]) -> usize {
        let first = text.len().saturating_sub(self.longest.saturating_sub(1));
        let begins = |end: &[u8]| self.forms.iter().any(|form| form.len() > end.len() && form[..end.len()].eq_ignore_ascii_case(end));
        (first..text.len()).find(|at| begins(&text[*at..])).unwrap_or(text.len())
    }
}
