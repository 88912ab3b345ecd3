//! Where a secret stands in bytes, in any disguise and however it is folded.

use super::disguise::forms;
use super::normalized::NormalizedBytes;
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::Range;

/// Looks for every form of every secret in one pass over each reading of the bytes.
#[derive(Default)]
pub(super) struct Finder {
    /// `None` where there is nothing to look for.
    machine: Option<AhoCorasick>,
    /// Whose each form is.
    owners: Vec<usize>,
    /// The forms in small letters, in order, so that the beginning of one is found by halving.
    sorted: Vec<Vec<u8>>,
    longest: usize,
}

/// The places where secrets were found in bytes.
pub(super) struct SecretMatches {
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
        let mut sorted: Vec<Vec<u8>> = forms.iter().map(|form| form.to_ascii_lowercase()).collect();
        sorted.sort();
        sorted.dedup();
        Self { machine, owners, sorted, longest }
    }

    /// Everything that is found. Where `more` may follow, what could still become a secret is left open.
    pub(super) fn find(&self, bytes: &[u8], more: bool) -> SecretMatches {
        let Some(machine) = &self.machine else { return SecretMatches { places: Vec::new(), open: bytes.len() } };
        let (plain, unfolded) = (NormalizedBytes::plain(bytes), NormalizedBytes::unfolded(bytes, more));
        // Mostly nothing is folded, and there is one reading.
        let second = (unfolded.at.len() != plain.at.len()).then_some(unfolded);
        let (mut open, mut found) = (bytes.len(), Vec::new());
        for reading in std::iter::once(plain).chain(second) {
            let begun = if more { self.begun(&reading.text) } else { reading.text.len() };
            open = open.min(reading.at.get(begun).copied().unwrap_or(bytes.len()));
            for place in machine.find_iter(&reading.text).take_while(|place| place.start() < begun) {
                found.push((reading.at[place.start()]..reading.at[place.end() - 1] + 1, self.owners[place.pattern().as_usize()]));
            }
        }
        let mut places = apart(found);
        // What reaches into what is not decided waits for it: more of it may be secret than is known yet.
        if let Some(across) = places.iter().find(|(place, _)| place.start < open && place.end > open) {
            open = across.0.start;
        }
        places.retain(|(place, _)| place.end <= open);
        SecretMatches { places, open }
    }

    /// Where the longest end of the text begins that is the beginning of a form.
    fn begun(&self, text: &[u8]) -> usize {
        let first = text.len().saturating_sub(self.longest.saturating_sub(1));
        let end = text[first..].to_ascii_lowercase();
        let begins = |end: &[u8]| {
            let next = self.sorted.partition_point(|form| form.as_slice() <= end);
            self.sorted.get(next).is_some_and(|form| form.starts_with(end))
        };
        (0..end.len()).find(|at| begins(&end[*at..])).map_or(text.len(), |at| first + at)
    }
}

/// In order; what overlaps is one place, and belongs to whoever begins it.
fn apart(mut found: Vec<(Range<usize>, usize)>) -> Vec<(Range<usize>, usize)> {
    found.sort_by_key(|(place, _)| (place.start, std::cmp::Reverse(place.end)));
    let mut places: Vec<(Range<usize>, usize)> = Vec::with_capacity(found.len());
    for (place, owner) in found {
        match places.last_mut() {
            Some((last, _)) if place.start < last.end => last.end = last.end.max(place.end),
            _ => places.push((place, owner)),
        }
    }
    places
}
