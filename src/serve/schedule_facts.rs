//! What is known of the project's schedules, for metrics and for notices: read from its files and from the store.

use super::App;
use crate::model::DrillSchedule;
use crate::project::Project;
use crate::schedule::Occurrence;
use crate::store::StoreError;
use chrono::{DateTime, Utc};

/// A schedule and how it stands.
#[derive(Debug, Clone)]
pub(super) struct ScheduleFacts {
    /// It, as its file has it.
    pub(super) schedule: DrillSchedule,
    /// Its occurrences, as far as they may be news.
    pub(super) known: Vec<Occurrence>,
    /// When it is due next.
    pub(super) next: Option<DateTime<Utc>>,
    /// When something last kept it.
    pub(super) kept: Option<DateTime<Utc>>,
    /// By when it must be kept again.
    pub(super) until: Option<DateTime<Utc>>,
    /// Since when it is overdue.
    pub(super) overdue: Option<DateTime<Utc>>,
    /// Contacts that own what it drills.
    pub(super) owners: Vec<String>,
}
