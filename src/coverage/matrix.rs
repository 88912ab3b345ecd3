//! Services by failure modes: of each pair the drill that tells most, whether it still tells it, and what is missing.

use super::{PastDrill, PlannedScenario, demanded, possible};
use crate::model::{Criticality, FailureMode, Inventory, Service, words};
use crate::verdict::{Decision, Interval};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// What was shown longer ago is stale.
const YEAR: TimeDelta = TimeDelta::days(366);

words! {
    /// What is known of a service under a failure.
    CellState {
        /// Its last drill met every objective.
        Met = "met",
        /// Its last drill missed an objective.
        Missed = "missed",
        /// It was drilled, and what was drilled has changed since, or it was too long ago.
        Stale = "stale",
        /// There were drills, and none of them showed anything.
        Unclear = "unclear",
        /// It was never drilled.
        Never = "never",
        /// It cannot be drilled: the service has nothing that could fail so.
        Impossible = "not possible",
    }
}

/// A service under a failure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Which failure.
    pub mode: FailureMode,
    /// What is known.
    pub state: CellState,
    /// True where the service's criticality demands it.
    pub demanded: bool,
    /// Why it is stale or unclear; empty otherwise.
    pub why: String,
    /// The drill that it is known from.
    pub drill: Option<String>,
    /// Its scenario.
    pub scenario: Option<String>,
    /// Where it ran.
    pub environment: Option<String>,
    /// When it began.
    pub drilled: Option<DateTime<Utc>>,
    /// Its verdict.
    pub verdict: Option<Decision>,
    /// How long the cutover took.
    pub cutover: Option<Interval>,
    /// The hash of its plan.
    pub plan: Option<String>,
    /// True where its scenario was never seen red, so that nobody knows whether it would notice a failure. Of a cell that was drilled.
    pub unproven: bool,
    /// Files of scenarios that would show it and were never drilled.
    pub not_run: Vec<String>,
}

impl Cell {
    /// True where it is demanded and its last drill does not show that it is met.
    pub fn is_wanting(&self) -> bool {
        self.demanded && self.state != CellState::Met
    }

    /// True where it is demanded, and not drilled as the service is today.
    pub const fn is_missing(&self) -> bool {
        self.demanded && matches!(self.state, CellState::Stale | CellState::Unclear | CellState::Never)
    }
}

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatrixRow {
    /// Its name.
    pub service: String,
    /// What its outage means.
    pub criticality: Criticality,
    /// Its owner.
    pub owner: Option<String>,
    /// One a failure mode, in their order.
    pub cells: Vec<Cell>,
}

/// Services by failure modes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matrix {
    /// The moment that it is of.
    pub at: DateTime<Utc>,
    /// One a service, in the order of their names.
    pub rows: Vec<MatrixRow>,
}

impl Matrix {
    /// The columns.
    pub const MODES: [FailureMode; 10] = FailureMode::ALL;

    /// What is demanded and not met: never drilled, stale, unclear or missed.
    pub fn wanting(&self) -> impl Iterator<Item = (&MatrixRow, &Cell)> {
        self.rows.iter().flat_map(|row| row.cells.iter().filter(|cell| cell.is_wanting()).map(move |cell| (row, cell)))
    }

    /// How many cells are demanded.
    pub fn demanded(&self) -> usize {
        self.rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.demanded).count()
    }
}

/// What the drills show of each service of the inventory, by the scenarios as they are today.
pub fn matrix(inventory: &Inventory, scenarios: &[PlannedScenario], drills: &[PastDrill], now: DateTime<Utc>) -> Matrix {
    let known = Known { inventory, scenarios, drills, now };
    let row = |(name, service): (&String, &Service)| MatrixRow {
        service: name.clone(),
        criticality: service.criticality,
        owner: service.owner.clone(),
        cells: Matrix::MODES.iter().map(|mode| known.cell(name, service, *mode)).collect(),
    };
    Matrix { at: now, rows: inventory.services.iter().map(row).collect() }
}

/// What cells are made of.
struct Known<'a> {
    inventory: &'a Inventory,
    scenarios: &'a [PlannedScenario],
    drills: &'a [PastDrill],
    now: DateTime<Utc>,
}

impl Known<'_> {
    fn cell(&self, name: &str, service: &Service, mode: FailureMode) -> Cell {
        let of = |drill: &&PastDrill| drill.service == name && drill.modes.contains(&mode);
        let drills: Vec<&PastDrill> = self.drills.iter().filter(of).collect();
        let best = drills
            .iter()
            .filter(|drill| drill.counts())
            .map(|drill| (self.stale(drill), *drill))
            .max_by_key(|(stale, drill)| (stale.is_none(), !self.is_in_the_lab(drill), drill.started));
        let newest = drills.iter().max_by_key(|drill| drill.started).copied();
        let (state, why, drill) = match (best, newest) {
            (Some((Some(why), drill)), _) => (CellState::Stale, why, Some(drill)),
            (Some((None, drill)), _) if drill.verdict == Some(Decision::Met) => (CellState::Met, String::new(), Some(drill)),
            (Some((None, drill)), _) => (CellState::Missed, String::new(), Some(drill)),
            (None, Some(drill)) => (CellState::Unclear, unclear(drill), Some(drill)),
            (None, None) if possible(self.inventory, service, mode) => (CellState::Never, String::new(), None),
            (None, None) => (CellState::Impossible, String::new(), None),
        };
        Cell {
            mode,
            state,
            demanded: demanded(self.inventory, service, mode),
            why,
            drill: drill.map(|drill| drill.id.clone()),
            scenario: drill.map(|drill| drill.scenario.clone()),
            environment: drill.map(|drill| drill.environment.clone()),
            drilled: drill.map(|drill| drill.started),
            verdict: drill.and_then(|drill| drill.verdict),
            cutover: drill.and_then(|drill| drill.cutover),
            plan: drill.map(|drill| drill.plan.clone()).filter(|plan| !plan.is_empty()),
            unproven: drill.is_some_and(|drill| matches!(state, CellState::Met) && !self.is_proven(drill)),
            not_run: self.not_run(name, mode),
        }
    }

    /// Files of scenarios that would show it, and of which there is no drill in any environment that counts.
    fn not_run(&self, service: &str, mode: FailureMode) -> Vec<String> {
        let was_run = |scenario: &PlannedScenario| {
            self.drills.iter().any(|drill| drill.counts() && drill.service == service && drill.scenario == scenario.name)
        };
        let would = self.scenarios.iter().filter(|each| each.service == service && each.modes.contains(&mode) && !was_run(each));
        let mut files: Vec<String> = would.map(|each| each.file.clone()).collect();
        files.sort();
        files.dedup();
        files
    }

    /// Why it does not show any more what it showed.
    fn stale(&self, drill: &PastDrill) -> Option<String> {
        let today = |each: &&PlannedScenario| each.name == drill.scenario && each.environment == drill.environment;
        let Some(planned) = self.scenarios.iter().find(today) else {
            let is_there = self.scenarios.iter().any(|each| each.name == drill.scenario);
            let gone = if is_there { "it cannot be drilled there any more" } else { "its scenario is gone, or not valid" };
            return Some(gone.to_owned());
        };
        if !drill.plan.is_empty() && drill.plan != planned.plan {
            return Some("its plan has changed since".to_owned());
        }
        let changed = |file: &&super::PastFile| planned.files.iter().any(|now| now.path == file.path && now.sha256 != file.sha256);
        if let Some(file) = drill.files.iter().find(changed) {
            return Some(format!("{} has changed since", file.path));
        }
        (self.now - drill.started > YEAR).then(|| "it was more than a year ago".to_owned())
    }

    /// True where the scenario of a drill was seen red, there where it was drilled.
    fn is_proven(&self, drill: &PastDrill) -> bool {
        let of = |each: &&PlannedScenario| each.name == drill.scenario && each.environment == drill.environment;
        self.scenarios.iter().find(of).is_some_and(|planned| planned.proven)
    }

    fn is_in_the_lab(&self, drill: &PastDrill) -> bool {
        self.inventory.environments.get(&drill.environment).map_or(drill.environment == "lab", |environment| environment.embedded)
    }
}

fn unclear(drill: &PastDrill) -> String {
    match drill.verdict {
        Some(verdict) => format!("its last drill was {verdict}"),
        None => "its last drill has no verdict".to_owned(),
    }
}
