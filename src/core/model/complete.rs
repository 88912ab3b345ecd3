//! What makes an answer of a service whole, where the service is known to leave something out that its dialect has.

use super::words;
use serde::{Deserialize, Serialize};

words! {
    /// What the streams of a service end with.
    #[derive(Default)]
    StreamEnd {
        /// The dialect's terminal marker, `[DONE]` or `message_stop`.
        #[default]
        Marker = "marker",
        /// The reason for the end; no marker follows. A stream that is cut behind it cannot be told from a whole one.
        FinishReason = "finish_reason",
    }
}

words! {
    /// Whether the answers of a service tell how many tokens they used.
    #[derive(Default)]
    UsageReport {
        /// They do.
        #[default]
        Reported = "reported",
        /// They do not, or not always.
        Absent = "absent",
    }
}

/// What makes an answer of a service whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complete {
    /// What its streams end with.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub stream_ends_with: StreamEnd,
    /// Whether it tells its tokens.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub usage: UsageReport,
}

impl Complete {
    /// True where nothing is left out.
    pub fn is_usual(&self) -> bool {
        is_usual(self)
    }
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
