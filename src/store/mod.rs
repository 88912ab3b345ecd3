//! The index of past drills, schedules and findings: SQLite in a file beside the drills, or PostgreSQL for teams with several replicas. The only
//! room that knows SQL.
//!
//! ```text
//!  open    the address, the connection, the tables brought to this build's version
//!  tables  one file of SQL a step, from the oldest to the newest
//!  error   why not
//!  deferrals   what was deferred, by whom, why and until when
//! ```
//!
//! It is an index: drills' folders are the truth, and it can be made again from them. One text of SQL serves both databases: texts, 64-bit
//! integers and `$1`; moments are milliseconds since 1970, lists are JSON, truth is 0 or 1.
//!
//! What this room does not do: decide anything about schedules (`schedule`), or run drills.

mod deferrals;
mod error;
mod open;

pub use error::StoreError;
pub use open::{DrillStore, StoreAddress};
