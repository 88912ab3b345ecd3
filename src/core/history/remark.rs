//! What whoever reads a history must know besides what was measured.

use crate::model::words;

words! {
    /// What a remark is about.
    RemarkAbout {
        /// A secret that is not known here: whatever prints it, it stands in this history as it was printed.
        Redaction = "redaction",
        /// What the fault proxy saw.
        Sight = "sight",
        /// A store of keys that the drill wrote into.
        Store = "store",
        /// The fault proxy's clock.
        Clock = "clock",
        /// What somebody else's generator sent.
        Traffic = "traffic",
        /// The history's own format.
        Format = "format",
        /// The team's own alerts.
        Alerts = "alerts",
        /// What stays open at a paging service or on a status page.
        Open = "open",
    }
}

/// Something that whoever reads the history must know, and that is not what was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// About what.
    pub about: RemarkAbout,
    /// In words.
    pub text: String,
}
