//! What metrics tell, read from the store and from this process at one moment.

use crate::serve::App;
use crate::store::{DeliveryCount, StoreError};
use chrono::{DateTime, Utc};

/// What is known at one moment.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// The last drill of each scenario in each environment.
    pub(super) drills: Vec<LastDrill>,
    /// Each schedule.
    pub(super) schedules: Vec<ScheduleState>,
    /// When somebody last looked at the schedules.
    pub(super) looked: Option<DateTime<Utc>>,
    /// How many drills this process runs.
    pub(super) running: usize,
    /// Notices on their way.
    pub(super) deliveries: Vec<DeliveryCount>,
    /// Notices that nobody has addressed yet.
    pub(super) unaddressed: usize,
}

/// The last drill of a scenario.
#[derive(Debug, Clone)]
pub(super) struct LastDrill {
    pub(super) scenario: String,
    pub(super) environment: String,
    pub(super) service: String,
    /// When it began.
    pub(super) at: DateTime<Utc>,
    /// Its verdict's word; `None` where it has none.
    pub(super) verdict: Option<&'static str>,
    /// Seconds: between what bounds the cutover was.
    pub(super) cutover: Option<(f64, Option<f64>)>,
    /// Seconds: what was promised.
    pub(super) objective: Option<f64>,
}

/// A schedule, and whether it is kept.
#[derive(Debug, Clone)]
pub(super) struct ScheduleState {
    pub(super) name: String,
    /// When it is due next.
    pub(super) next: Option<DateTime<Utc>>,
    /// When something last kept it.
    pub(super) kept: Option<DateTime<Utc>>,
    /// By when it must be kept again.
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) overdue: bool,
    pub(super) never: bool,
}

impl Observed {
    /// Everything as it is now.
    pub(super) async fn of(app: &App) -> Result<Self, StoreError> {
        Ok(Self {
            running: app.running().all().len(),
            deliveries: app.store().delivery_counts().await?,
            unaddressed: app.store().unaddressed().await?.len(),
            ..Self::default()
        })
    }
}
