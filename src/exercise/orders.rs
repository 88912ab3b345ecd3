//! What is to be run: scenarios read for an environment, how many drills of them, with which seeds and in which folders, and what somebody must
//! agree to before the first of them begins. Plain data: it comes from a command line, a schedule or a test alike.

use super::{ceiling, predicted};
use crate::model::{Action, DrillPlan, EvidencePolicy, HistoryForm, ReadFile, SecretSource, StartMode};
use crate::permission::{Approval, LockTable};
use crate::project::{Findings, Project, ProjectError};
use crate::units::{Duration, Explained, Problem, Seed};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// A drill that can be run: a scenario with its environment, with today's prices.
#[derive(Debug, Clone)]
pub struct PlannedDrill {
    /// The project's root.
    pub root: PathBuf,
    /// What is done.
    pub plan: DrillPlan,
    /// The files that the plan was read from, as they were read.
    pub files: Vec<ReadFile>,
    /// What the inventory names as secret besides the plan.
    pub secrets: BTreeSet<SecretSource>,
    /// Who signs and witnesses drills of this project, and where they are kept.
    pub evidence: EvidencePolicy,
    /// Who has approved it, where its environment is protected.
    pub approvals: Vec<Approval>,
}

/// A scenario file as it was read: the drill, where it makes one, and everything that was found.
#[derive(Debug)]
pub struct ReadScenario {
    /// The drill; `None` where the files make none.
    pub planned: Option<PlannedDrill>,
    /// Why it may not begin in this environment, for what it could cost.
    pub unaffordable: Option<Problem>,
    /// What is wrong or odd in the files.
    pub findings: Findings,
}

impl ReadScenario {
    /// Reads a scenario for an environment of its project's inventory.
    ///
    /// # Errors
    /// Where there is no project around it.
    pub fn of(scenario: &Path, environment: &str) -> Result<Self, ProjectError> {
        let root = Project::find(scenario)?;
        let (project, _) = Project::open(&root);
        Ok(match project.plan_as_read(scenario, environment) {
            Ok((mut plan, findings, files)) => {
                let unaffordable = ceiling::priced(&mut plan).err();
                plan.prediction = predicted::by_configuration(&plan, &root);
                let secrets = SecretSource::of_inventory(&project.inventory);
                let evidence = project.inventory.evidence.clone();
                Self { planned: Some(PlannedDrill { root, plan, files, secrets, evidence, approvals: Vec::new() }), unaffordable, findings }
            }
            Err(findings) => Self { planned: None, unaffordable: None, findings },
        })
    }

    /// Whether it can be run.
    pub fn is_valid(&self) -> bool {
        self.planned.is_some() && self.unaffordable.is_none() && !self.findings.has_errors()
    }
}

/// Drills that are to be run one after the other.
#[derive(Debug)]
pub struct DrillOrders {
    /// Which, in their order.
    pub drills: Vec<PlannedDrill>,
    /// How often each, each time with a seed of its own. Where that is more than once, each scenario's drills are a series with one report.
    pub repeat: u32,
    /// Whether a series ends as soon as a sequential test knows the answer.
    pub until_known: bool,
    /// The seed of the first; the others derive theirs from it.
    pub seed: Seed,
    /// Why, in the words of whoever wants them.
    pub reason: Option<String>,
    /// The folder of the only drill, or above those of several; `None` makes new ones under `drills/` of the project.
    pub out: Option<PathBuf>,
    /// How their histories are kept; `None` compresses those of drills that plan very many requests.
    pub history: Option<HistoryForm>,
    /// The file of the private key that signs them, instead of the one that the inventory names.
    pub sign: Option<PathBuf>,
    /// The binary whose command `keep` supervises what a drill starts: see [`crate::process::supervise`].
    pub supervisor: PathBuf,
    /// How long each waits for what another drill holds; `None` does not wait.
    pub wait: Option<Duration>,
    /// Where drills on other hosts keep their locks, besides folders: the database of a store that several replicas share.
    pub locks: Option<Arc<dyn LockTable>>,
    /// Becomes true when a person wants them to stop.
    pub stop: watch::Receiver<bool>,
}

/// Something that somebody must agree to before drills begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Their runbooks ask people, so that somebody must be there.
    Presence,
    /// Real providers will send a bill.
    Spending,
    /// Keys are written into stores of the inventory.
    Writing,
}

/// Why drills do not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody can be asked.
    Unasked(Consent),
    /// Somebody was asked, and does not want it.
    Declined(Consent),
}

impl DrillOrders {
    /// How many drills these are.
    pub fn count(&self) -> usize {
        self.drills.len() * self.repeat as usize
    }

    /// The plans, each once.
    pub fn plans(&self) -> impl Iterator<Item = &DrillPlan> {
        self.drills.iter().map(|each| &each.plan)
    }

    /// What must be agreed to, in the order in which it is asked.
    pub fn consents(&self) -> impl Iterator<Item = Consent> {
        let needed = [
            (Consent::Presence, self.plans().any(asks_people)),
            (Consent::Spending, self.plans().any(DrillPlan::is_paid)),
            (Consent::Writing, self.plans().any(|plan| !plan.written().is_empty())),
        ];
        needed.into_iter().filter_map(|(consent, is_needed)| is_needed.then_some(consent))
    }

    /// Asks for all of it before the first drill begins. `ask` tells whether somebody agrees; `None` where nobody can be asked.
    ///
    /// # Errors
    /// What is not agreed to.
    pub fn agree(&self, mut ask: impl FnMut(Consent) -> Option<bool>) -> Result<(), Refusal> {
        self.consents().try_for_each(|consent| match ask(consent) {
            Some(true) => Ok(()),
            Some(false) => Err(Refusal::Declined(consent)),
            None => Err(Refusal::Unasked(consent)),
        })
    }

    /// Whether each scenario's drills are a series.
    pub const fn are_series(&self) -> bool {
        self.repeat > 1 || self.until_known
    }

    /// The seed of a scenario, the first of which is number 1.
    pub(super) fn seed_of(&self, number: usize) -> Seed {
        if number == 1 { self.seed } else { self.seed.derive(&number.to_string()) }
    }

    /// Where a scenario's folder was wished to be.
    pub(super) fn out_of(&self, number: usize) -> Option<PathBuf> {
        let out = self.out.clone()?;
        Some(if self.drills.len() == 1 { out } else { out.join(number.to_string()) })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unasked(Consent::Presence) => "the runbook asks a person, and there is no terminal",
            Self::Unasked(Consent::Spending) => {
                "this drill uses real providers, which will send a bill, and there is no terminal to ask on"
            }
            Self::Unasked(Consent::Writing) => "this drill writes keys into stores of the inventory, and there is no terminal to ask on",
            Self::Declined(_) => "somebody who was asked does not want this drill",
        })
    }
}

impl std::error::Error for Refusal {}

impl Explained for Refusal {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Unasked(Consent::Presence) => "run it on a terminal, or answer every question with `--yes`",
            Self::Unasked(Consent::Spending) => "see what it may cost with --dry-run, then agree beforehand with --yes",
            Self::Unasked(Consent::Writing) => "see which with --dry-run, then agree beforehand with --yes",
            Self::Declined(_) => return None,
        }))
    }
}

/// A seed that nobody chose, from what the standard library seeds its hash tables with.
pub fn drawn_seed() -> Seed {
    Seed(RandomState::new().build_hasher().finish())
}

/// Whether a drill would ask somebody.
fn asks_people(plan: &DrillPlan) -> bool {
    plan.runbook.as_ref().is_some_and(|runbook| {
        runbook.start == StartMode::ByHand
            || runbook.steps.iter().any(|step| step.action.asks_people() || step.undo.as_ref().is_some_and(Action::asks_people))
    })
}
