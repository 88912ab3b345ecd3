//! What was drilled, and the control ledger, as JSON: the form that `lifeboat coverage` and `lifeboat ledger` print.

use super::records::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Services by failure modes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct CoverageRecord {
    /// The moment that it is of.
    #[schema(value_type = Moment)]
    pub(super) at: String,
    /// One a service.
    pub(super) rows: Vec<CoverageRow>,
}

/// A service.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct CoverageRow {
    /// Its name.
    pub(super) service: String,
    /// What its outage means.
    pub(super) criticality: String,
    /// Its owner.
    pub(super) owner: Option<String>,
    /// One a failure mode.
    pub(super) cells: Vec<CoverageCell>,
}

/// A service under a failure.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct CoverageCell {
    /// Which failure.
    pub(super) mode: String,
    /// What is known: `met`, `missed`, `stale`, `unclear`, `never`, `not possible`.
    pub(super) state: String,
    /// Whether the service's criticality demands it.
    pub(super) demanded: bool,
    /// Why it is stale or unclear.
    pub(super) why: String,
    /// The drill that it is known from.
    pub(super) drill: Option<String>,
    /// Its scenario.
    pub(super) scenario: Option<String>,
    /// Where it ran.
    pub(super) environment: Option<String>,
    /// When it began.
    #[schema(value_type = Option<Moment>)]
    pub(super) drilled: Option<String>,
    /// Its verdict.
    pub(super) verdict: Option<String>,
    /// How long the cutover took.
    #[schema(value_type = Option<Object>)]
    pub(super) cutover: Option<Value>,
    /// The hash of its plan.
    pub(super) plan: Option<String>,
    /// Whether its scenario was never seen red, so that nobody knows whether it would notice a failure.
    pub(super) unproven: bool,
    /// Files of scenarios that would show it and were never drilled.
    pub(super) not_run: Vec<String>,
}

/// The control ledger: quarters by services and schedules.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct LedgerRecord {
    /// The moment that it is of.
    #[schema(value_type = Moment)]
    pub(super) at: String,
    /// Its columns.
    pub(super) quarters: Vec<String>,
    /// Services, then schedules.
    pub(super) rows: Vec<LedgerLine>,
}

/// A service or a schedule.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct LedgerLine {
    /// Which of the two.
    pub(super) kind: String,
    /// Its name.
    pub(super) name: String,
    /// What a service's outage means.
    pub(super) criticality: Option<String>,
    /// A service's owner.
    pub(super) owner: Option<String>,
    /// One a quarter: `quarter`, `state`, `told`, `due`, `drills`, `deferral`.
    #[schema(value_type = Vec<Object>)]
    pub(super) cells: Vec<Value>,
}
