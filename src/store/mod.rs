//! The index of past drills, schedules and findings: SQLite in a file beside the drills, or PostgreSQL for teams with several replicas. The only
//! room that knows SQL.
//!
//! ```text
//!  open    the address, the connection, the tables brought to this build's version
//!  tables  one file of SQL a step, from the oldest to the newest
//!  error   why not
//!  occurrences  each time that a schedule was due, a row each
//!  claims  whose an occurrence is while it runs: leases with a fence
//!  looks   which schedules were seen, until when somebody looked at them, and who looks
//!  locks   what keeps drills of several hosts apart
//! ```
//!
//! It is an index: drills' folders are the truth, and it can be made again from them. One text of SQL serves both databases: texts, 64-bit
//! integers and `$1`; moments are milliseconds since 1970, lists are JSON, truth is 0 or 1.
//!
//! What this room does not do: decide anything about schedules (`schedule`), or run drills.

mod claims;
mod error;
mod locks;
mod looks;
mod occurrences;
mod open;

pub use claims::{ClaimClose, OccurrenceClaim};
pub use error::StoreError;
pub use locks::StoreLocks;
pub use looks::{ReplicaEntry, SeenRule, SeenSchedule};
pub use occurrences::OccurrenceClose;
pub use open::{DrillStore, StoreAddress};
