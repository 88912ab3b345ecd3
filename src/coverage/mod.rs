//! What was drilled, and what was not: services by failure modes, and the control ledger of four quarters. Pure: from the inventory, the scenarios
//! and the drills that are known, and a moment.
//!
//! ```text
//!  past_drill        a drill as it counts here
//!  planned_scenario  a scenario as it would be drilled today
//!  demand            which failures a service's criticality wants to see drilled
//!  matrix            services by failure modes: each cell drilled, stale, or never
//!  matrix_text       the same as Markdown, CSV and JSON
//!  ledger            quarters by services and schedules: each cell done, late, deferred, missed or open
//!  quarters          it is put together, from what ledger_index finds by keys
//!  service_quarters, schedule_quarter   how each of the two kinds of rows is reckoned
//!  ledger_text       the same as Markdown, CSV and JSON
//!  ledger_oscal      the same as OSCAL's assessment results
//!  cell_text         texts in cells of others' tables
//! ```
//!
//! # What counts
//!
//! A drill counts where its verdict is met or missed: a miss was drilled too, and its cell says that it was missed. One that was inconclusive,
//! void or interrupted shows nothing. It is stale where its plan or a file that it was given, such as the gateway's configuration, has changed
//! since, where its scenario is gone, or after a year. A drill in the lab counts where there is none elsewhere, and its environment is told.
//!
//! What this room does not do: read drills (`store`, `scheduler`), or reckon when schedules are due (`schedule`).

mod cell_text;
mod demand;
mod ledger;
mod ledger_index;
mod ledger_oscal;
mod ledger_text;
mod matrix;
mod matrix_text;
mod past_drill;
mod planned_scenario;
mod quarters;
mod schedule_quarter;
mod service_quarters;

pub use demand::{demanded, possible};
pub use ledger::{Ledger, LedgerCell, LedgerDrill, LedgerFacts, LedgerRow, LedgerState};
pub use matrix::{Cell, CellState, Matrix, MatrixRow, matrix};
pub use past_drill::{PastDrill, PastFile};
pub use planned_scenario::PlannedScenario;
pub use quarters::ledger;
