//! How a history is kept on disk: as text, or compressed while it is written.
//!
//! What this file does not do: read or write one (`run_folder`, `journal`).

use super::words;

/// A drill that plans more requests than this keeps its history compressed unless somebody says otherwise: as text that is some 50 MB.
const MANY: u64 = 200_000;

words! {
    /// How a history is kept on disk. Its lines are the same either way, and so are its seals.
    HistoryForm {
        /// As text, a line an event.
        Plain = "plain",
        /// The same lines in frames of Zstandard, each readable as soon as it is written.
        Compressed = "compressed",
    }
}

impl HistoryForm {
    /// What a drill of so many requests has where nobody says otherwise: people look into short ones with `grep` and `jq`.
    pub const fn usual(requests: u64) -> Self {
        if requests > MANY { Self::Compressed } else { Self::Plain }
    }

    /// What its file is called.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Plain => "history.jsonl",
            Self::Compressed => "history.jsonl.zst",
        }
    }

    /// What prints its lines, for a person who types it where the file is.
    pub const fn printed(self) -> &'static str {
        match self {
            Self::Plain => "cat history.jsonl",
            Self::Compressed => "zstd -dc history.jsonl.zst",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_drills_are_compressed_unasked() {
        assert_eq!([0, MANY, MANY + 1].map(HistoryForm::usual), [HistoryForm::Plain, HistoryForm::Plain, HistoryForm::Compressed]);
        assert!([HistoryForm::Plain, HistoryForm::Compressed].iter().all(|form| form.printed().ends_with(form.file())));
    }
}
