//! A series of the team's own monitoring, as it was read once a drill's traffic had ended.

/// A series, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlayRead {
    /// What the scenario calls it.
    pub name: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Nanoseconds since the origin, which may be negative, and the value; in order, and at most some thousands.
    pub points: Vec<(i64, f64)>,
    /// How many series the query yielded, where only the first of them was kept.
    pub of: Option<u64>,
    /// Why it could not be read, in words.
    pub problem: Option<String>,
}
