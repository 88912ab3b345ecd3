//! The names of who served in a record, and the providers that they stand for.

use super::caveat::caveat;
use super::record::ImportedRecord;
use super::stated::StatedFacts;
use crate::history::{Caveat, Lost};

/// The providers that the names of a record stand for, in the order of its names. A verdict on a cutover needs them.
pub(super) struct ProviderNames {
    pub(super) providers: Vec<Option<u16>>,
}

impl ProviderNames {
    pub(super) fn of(record: &ImportedRecord, stated: &StatedFacts) -> Self {
        let provider = |name: &str| {
            let name = stated.called.get(name).map_or(name, String::as_str);
            stated.providers.iter().position(|provider| provider == name).and_then(|index| u16::try_from(index).ok())
        };
        // HAProxy's `backend/server` may be known by both, by the server, or by the backend.
        let any = |name: &String| {
            provider(name).or_else(|| name.split_once('/').and_then(|(left, right)| provider(right).or_else(|| provider(left))))
        };
        Self { providers: record.names.iter().map(any).collect() }
    }

    /// True where no name stands for a provider.
    pub(super) fn are_unknown(&self) -> bool {
        self.providers.iter().all(Option::is_none)
    }

    /// What the names can show, and what would have to be stated.
    pub(super) fn caveat(&self, record: &ImportedRecord) -> Caveat {
        if self.are_unknown() { caveat(Lost::WhoServed, self.lost(record)) } else { caveat(Lost::WhoServedProven, self.doubt(record)) }
    }

    /// Names that stand for no provider.
    fn strange<'r>(&self, record: &'r ImportedRecord) -> Vec<&'r str> {
        record.names.iter().zip(&self.providers).filter(|(_, provider)| provider.is_none()).map(|(name, _)| name.as_str()).take(4).collect()
    }

    fn lost(&self, record: &ImportedRecord) -> String {
        let text = "who served is not known, so a cutover cannot be stated from a restore, and the record is judged by when users were served by anyone";
        match self.strange(record)[..] {
            [] => format!("{text}; record it, and name the field with `--served-by`"),
            [first, ..] => format!(
                "{text}; the record names {}: say which provider that is with `--map {first}=PROVIDER`",
                self.strange(record).join(", ")
            ),
        }
    }

    fn doubt(&self, record: &ImportedRecord) -> String {
        let text = "who served is taken from the record; no proxy in front of each provider saw it";
        match self.strange(record)[..] {
            [] => text.to_owned(),
            [..] => format!("{text}; {} are mapped to no provider (`--map`)", self.strange(record).join(", ")),
        }
    }
}
