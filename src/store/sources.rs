//! What a drill was made from, by its manifest.

use serde::{Deserialize, Serialize};

/// What a drill was made from; nothing where its folder has no manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DrillSources {
    /// SHA-256 of its manifest, which covers every other file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The files that its plan was read from, and that what it starts reads: each path from the project's root, and its SHA-256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<(String, String)>,
}
