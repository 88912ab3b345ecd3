//! What a service is worth to the business that runs it, so that a report can say what lost requests stand for.

use crate::units::{Amount, Duration};
use serde::{Deserialize, Serialize};

/// What requests to a service stand for. Each is a statement of the team's; nothing here is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Business {
    /// How many requests an order takes, on average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_order: Option<u64>,
    /// What an order is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_value: Option<Amount>,
    /// After how long without an answer a user is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandon_after: Option<Duration>,
    /// What a request brings in by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue_per_request: Option<Amount>,
}
