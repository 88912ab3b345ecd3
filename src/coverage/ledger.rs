//! The control ledger: quarters by services and schedules, as an auditor samples it.
//!
//! A schedule's cell is what became of each time that it was due in the quarter. Where a daemon kept them, its occurrences tell; where cron or a
//! pipeline starts the drills, drills of its scenarios within the window do, and later ones until it was due again count as late. A service's
//! cell is whether any drill of it counted in the quarter; one drill counts for one quarter: a second one right after a quarter without any
//! makes up for it, late. What was deferred is late once it is done in time, and missed once its day has passed.
//!
//! Before the first thing that was recorded nothing is missed.

use super::PastDrill;
use super::PlannedScenario;
use crate::model::{Criticality, DrillSchedule, Inventory, words};
use crate::schedule::{Deferral, DeferredSubject, Occurrence, Quarter};
use crate::verdict::Decision;
use chrono::{DateTime, Utc};
use serde::Serialize;

words! {
    /// What became of a quarter. The later, the more an auditor asks.
    LedgerState {
        /// It is older than everything that was recorded.
        Unrecorded = "not recorded",
        /// Nothing was due.
        NotDue = "nothing due",
        /// It was done in time.
        Done = "done",
        /// It was done, and late.
        Late = "late",
        /// It is still to come.
        Open = "open",
        /// Somebody decided that it is done later.
        Deferred = "deferred",
        /// It was not done.
        Missed = "missed",
    }
}

/// A drill that a cell is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LedgerDrill {
    /// Its identifier.
    pub id: String,
    /// Its scenario's name.
    pub scenario: String,
    /// Where it ran.
    pub environment: String,
    /// Its verdict; `None` where it runs or was interrupted.
    pub verdict: Option<Decision>,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it was over.
    pub ended: Option<DateTime<Utc>>,
    /// The hash of its plan.
    pub plan: String,
    /// SHA-256 of its manifest, which covers all of its files.
    pub evidence: Option<String>,
    /// Who began it.
    pub who: String,
}

impl LedgerDrill {
    pub(super) fn of(drill: &PastDrill) -> Self {
        Self {
            id: drill.id.clone(),
            scenario: drill.scenario.clone(),
            environment: drill.environment.clone(),
            verdict: drill.verdict,
            started: drill.started,
            ended: drill.ended,
            plan: drill.plan.clone(),
            evidence: drill.evidence.clone(),
            who: drill.who.clone(),
        }
    }
}

/// A quarter of a service or a schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LedgerCell {
    /// Which one.
    pub quarter: Quarter,
    /// What became of it.
    pub state: LedgerState,
    /// The same in words, where there is more to say.
    pub told: String,
    /// When it was due; of a service nothing.
    pub due: Vec<DateTime<Utc>>,
    /// The drills that it is known from.
    pub drills: Vec<LedgerDrill>,
    /// The decision that it is done later.
    pub deferral: Option<Deferral>,
}

impl LedgerCell {
    /// What became of it, in a sentence without its end.
    pub fn sentence(&self) -> String {
        match self.told.as_str() {
            "" => self.state.to_string(),
            told if told.starts_with(self.state.word()) => told.to_owned(),
            told => format!("{}: {told}", self.state),
        }
    }
}

/// A service or a schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LedgerRow {
    /// Which of the two.
    pub kind: DeferredSubject,
    /// Its name.
    pub name: String,
    /// What a service's outage means.
    pub criticality: Option<Criticality>,
    /// A service's owner.
    pub owner: Option<String>,
    /// One a quarter, in their order.
    pub cells: Vec<LedgerCell>,
}

/// The control ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ledger {
    /// The moment that it is of.
    pub at: DateTime<Utc>,
    /// Its columns.
    pub quarters: Vec<Quarter>,
    /// Services, then schedules, each in the order of their names.
    pub rows: Vec<LedgerRow>,
}

/// What a ledger is made of.
#[derive(Debug, Clone, Copy)]
pub struct LedgerFacts<'a> {
    /// The services.
    pub inventory: &'a Inventory,
    /// The schedules.
    pub schedules: &'a [DrillSchedule],
    /// The scenarios as they are today: which file has which name and service.
    pub scenarios: &'a [PlannedScenario],
    /// What a daemon kept of the times that they were due.
    pub occurrences: &'a [Occurrence],
    /// What was deferred.
    pub deferrals: &'a [Deferral],
    /// The drills.
    pub drills: &'a [PastDrill],
}
