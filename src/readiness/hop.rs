//! A hop: who is asked, and for which services.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a hop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HopKind {
    /// A provider.
    Provider,
    /// What stands between a service's users and its providers.
    Gateway,
}

/// A hop, with the services that use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// What it is.
    pub kind: HopKind,
    /// A provider's name; of a gateway, that of its service.
    pub name: String,
    /// The services that use it, by name.
    pub services: Vec<String>,
    /// True where it is the primary of one of them.
    pub is_primary: bool,
}

impl Hop {
    /// By what it is kept and counted: a provider's name, or `gateway:SERVICE`.
    pub fn id(&self) -> String {
        match self.kind {
            HopKind::Provider => self.name.clone(),
            HopKind::Gateway => format!("gateway:{}", self.name),
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            HopKind::Provider => f.write_str(&self.name),
            HopKind::Gateway => write!(f, "the gateway of {}", self.name),
        }
    }
}
