//! What metrics tell, read from the store and from this process at one moment.

use crate::scheduler::{DrillFacts, drill_facts};
use crate::serve::App;
use crate::serve::page::{PageProblem, known_hops, looked};
use crate::store::{DeliveryCount, HopRecord, RoundRecord};
use chrono::Utc;

/// What is known at one moment.
#[derive(Debug, Default)]
pub(super) struct MetricFacts {
    /// Schedules, and the last drill of each scenario.
    pub(super) facts: DrillFacts,
    /// How many drills this process runs.
    pub(super) running: usize,
    /// Notices on their way.
    pub(super) deliveries: Vec<DeliveryCount>,
    /// Notices that nobody has addressed yet.
    pub(super) unaddressed: usize,
    /// Hops as they were found last.
    pub(super) hops: Vec<HopRecord>,
    /// The last round of each environment.
    pub(super) rounds: Vec<RoundRecord>,
}

impl MetricFacts {
    /// Everything as it is now.
    pub(super) async fn of(app: &App) -> Result<Self, PageProblem> {
        app.synced().await?;
        Ok(Self {
            facts: drill_facts(app.store(), &looked(app).await?, Utc::now()).await?,
            running: app.running().all().len(),
            deliveries: app.store().delivery_counts().await?,
            unaddressed: app.store().unaddressed().await?.len(),
            hops: known_hops(app).await?,
            rounds: app.store().last_rounds().await?,
        })
    }
}
