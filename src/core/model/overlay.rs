//! Series of the team's own monitoring that a report shows beside a drill.

use serde::{Deserialize, Serialize};

/// The most points that are kept of a series.
pub const OVERLAY_POINTS: usize = 2_000;
/// The most series that a scenario may name.
pub const OVERLAYS_MAX: usize = 12;

/// A series, by where it is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// What it is called in the report (`as` in YAML).
    pub name: String,
    /// Its unit, as `s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Where it is found.
    pub from: OverlaySource,
}

/// Where a series is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverlaySource {
    /// A Prometheus, or whatever else answers its query API.
    Prometheus {
        /// Its base URL; may contain `${prometheus.url}`, the environment's.
        url: String,
        /// The query. Of several series that it yields the first is shown.
        promql: String,
    },
    /// A CSV with a header, below the project's root.
    Csv {
        /// Its path from the project's root.
        path: String,
        /// The column with moments.
        time: String,
        /// The column with values.
        value: String,
    },
}

/// The environment's Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrometheusBinding {
    /// Its base URL.
    pub url: String,
    /// The environment variable that holds the token that it asks for; `None` sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_from: Option<String>,
}
