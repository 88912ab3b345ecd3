//! Rounds of readiness: kept in the store, and begun by themselves every so often.
//!
//! Of several processes over one store one begins each round: whoever takes its turn, which the store gives once in that time.
//!
//! What this file does not do: ask a hop (`readiness`), or judge it.

use crate::model::HopReason;
use crate::project::Project;
use crate::readiness::{ProbeDepth, ReadinessRound, RoundOrder, round};
use crate::secret::SecretContext;
use crate::store::{DrillStore, FoundHop, HopRecord, RoundRecord, StoreError};
use crate::units::{Problem, explained};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;

/// How often it is looked whether a round is due: what another process began is known soon after that.
const LOOK: Duration = Duration::from_secs(5);

/// Rounds that are begun by themselves.
#[derive(Debug, Clone)]
pub struct ReadinessWatch {
    /// The project's root.
    pub root: PathBuf,
    /// The environment whose hops are asked.
    pub environment: String,
    /// How often.
    pub every: Duration,
    /// Who begins them.
    pub holder: String,
}

/// Keeps a round in the store; how its hops are, and since when.
///
/// # Errors
/// Where the store cannot be written.
pub async fn keep_round(store: &DrillStore, round: &ReadinessRound) -> Result<Vec<HopRecord>, StoreError> {
    let record = RoundRecord {
        environment: round.environment.clone(),
        at: round.at,
        requests: round.cost.requests,
        tokens: round.cost.tokens,
        most: round.cost.most.as_nanos(),
    };
    // What there was no money for is as it was before.
    let asked = round.hops.iter().filter(|reading| reading.reason != Some(HopReason::SpendCap));
    let found = asked.map(|reading| FoundHop {
        hop: reading.hop.id(),
        state: reading.state,
        reason: reading.reason,
        told: reading.told.clone(),
        services: reading.hop.services.clone(),
    });
    store.enter_round(&record, found.collect()).await
}

impl ReadinessWatch {
    /// Begins a round whenever one is due, until it is to stop. What changes is told line by line.
    pub async fn watch(self, store: DrillStore, mut stop: watch::Receiver<bool>, tell: impl Fn(String)) {
        let look = LOOK.min(self.every);
        loop {
            let turn = store.take_readiness_turn(&self.environment, &self.holder, self.every).await;
            let done = match turn {
                Ok(true) => self.once(&store).await,
                Ok(false) => Ok(Vec::new()),
                Err(error) => Err(explained(&error)),
            };
            match done {
                Ok(changed) => {
                    for HopRecord { hop, state, told, environment, .. } in changed {
                        tell(format!("{hop} in {environment}: {state}, {told}"));
                    }
                }
                Err(why) => tell(format!("warning: no round of readiness: {why}")),
            }
            tokio::select! {
                () = tokio::time::sleep(look) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// One round of the project as its files are now; what it changed.
    async fn once(&self, store: &DrillStore) -> Result<Vec<HopRecord>, String> {
        let root = self.root.clone();
        let (project, findings) = tokio::task::spawn_blocking(move || Project::open(&root)).await.map_err(|error| error.to_string())?;
        if findings.has_errors() {
            return Err("the inventory does not validate".to_owned());
        }
        let round = asked(&project, &self.environment).await.map_err(|problem| explained(&problem))?;
        let records = keep_round(store, &round).await.map_err(|error| explained(&error))?;
        Ok(records.into_iter().filter(|record| record.changed).collect())
    }
}

async fn asked(project: &Project, name: &str) -> Result<ReadinessRound, Problem> {
    let environment = project.inventory.environments.get(name).ok_or_else(|| Problem::new(format!("there is no environment `{name}`")))?;
    let order = RoundOrder {
        inventory: &project.inventory,
        environment,
        environment_name: name,
        services: &[],
        depth: ProbeDepth::All,
        max_spend: RoundOrder::MAX_SPEND,
        within: RoundOrder::WITHIN,
    };
    let root: &Path = &project.root;
    round(&order, SecretContext { stores: &project.inventory.stores, root }).await
}
