//! What is to be begun and for whom, and everything that is asked before it may.

use super::not_begun::NotBegun;
use crate::exercise::{Consent, DrillOrders, PlannedDrill, ReadScenario, Refusal, drawn_seed, take_approvals};
use crate::model::Executable;
use crate::permission::trust::{TrustBook, TrustStanding, is_everything_trusted, known};
use crate::units::{Duration, Seed};
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// What is to be begun, and for whom.
#[derive(Debug, Clone, Default)]
pub struct DrillStart {
    /// The scenario's file, from the project's root.
    pub scenario: PathBuf,
    /// Where it runs.
    pub environment: String,
    /// Where its randomness comes from; drawn where nothing is said.
    pub seed: Option<Seed>,
    /// Why, and for whom: kept in its history.
    pub reason: Option<String>,
    /// Who begins it, where that is known: kept with the reason.
    pub by: Option<String>,
    /// Files of approvals.
    pub approvals: Vec<PathBuf>,
    /// Whether somebody answers the questions of its runbook; else they are answered with yes.
    pub attended: bool,
    /// What somebody has agreed to beforehand. Where a drill needs more, it does not begin.
    pub agreed: Vec<Consent>,
    /// How long it waits for what another drill holds.
    pub wait: Option<Duration>,
}

impl DrillStart {
    /// The drill, where its files are valid and its commands are trusted.
    ///
    /// # Errors
    /// Why it may not begin.
    pub(super) fn planned(&self, root: &Path) -> Result<PlannedDrill, NotBegun> {
        let read = ReadScenario::of(&root.join(&self.scenario), &self.environment)?;
        if let Some(problem) = read.unaffordable {
            return Err(NotBegun::Unaffordable(problem));
        }
        let Some(planned) = read.planned.filter(|_| !read.findings.has_errors()) else {
            return Err(NotBegun::Invalid { findings: Box::new(read.findings) });
        };
        trusted(&planned)?;
        let mut drills = vec![planned];
        take_approvals(&mut drills, &self.approvals, chrono::Utc::now())?;
        Ok(drills.remove(0))
    }

    /// The orders for it, where everything that they need was agreed to.
    ///
    /// # Errors
    /// What was not.
    pub(super) fn orders(&self, planned: PlannedDrill, supervisor: &Path, stop: watch::Receiver<bool>) -> Result<DrillOrders, NotBegun> {
        let orders = DrillOrders {
            drills: vec![planned],
            repeat: 1,
            until_known: false,
            seed: self.seed.unwrap_or_else(drawn_seed),
            reason: self.told_reason(),
            out: None,
            history: None,
            sign: None,
            supervisor: supervisor.to_owned(),
            wait: self.wait,
            locks: None,
            stop,
        };
        // Where nobody attends, the questions of its runbook are answered beforehand, and where somebody does they are asked then.
        let agreed = orders.agree(|consent| Some(consent == Consent::Presence || self.agreed.contains(&consent)));
        match agreed {
            Ok(()) => Ok(orders),
            Err(Refusal::Declined(consent) | Refusal::Unasked(consent)) => Err(NotBegun::Unagreed { consent }),
        }
    }

    fn told_reason(&self) -> Option<String> {
        match (&self.reason, &self.by) {
            (Some(reason), Some(by)) => Some(format!("{reason} (begun by {by})")),
            (None, Some(by)) => Some(format!("begun by {by}")),
            (reason, None) => reason.clone(),
        }
    }
}

/// Commands of a project that nobody trusts are started by nobody.
fn trusted(planned: &PlannedDrill) -> Result<(), NotBegun> {
    let executables = Executable::of_drill(&planned.plan, &planned.evidence);
    if executables.is_empty() || is_everything_trusted() {
        return Ok(());
    }
    let commands = known(&planned.root, &executables)?;
    match TrustBook::open()?.standing(&planned.root, &commands) {
        TrustStanding::Trusted => Ok(()),
        TrustStanding::Untrusted(new) => {
            Err(NotBegun::Untrusted { commands: new.into_iter().map(|(command, _)| format!("`{}`", command.line)).collect() })
        }
    }
}
