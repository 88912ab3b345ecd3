//! The index of past drills, schedules and findings: SQLite in a file beside the drills, or PostgreSQL for teams with several replicas. The only
//! room that knows SQL.
//!
//! ```text
//!  open    the address, the connection, the tables brought to this build's version
//!  tables  one file of SQL a step, from the oldest to the newest
//!  outbox  notices on their way to whoever does not watch
//!  error   why not
//! ```
//!
//! It is an index: drills' folders are the truth, and it can be made again from them. One text of SQL serves both databases: texts, 64-bit
//! integers and `$1`; moments are milliseconds since 1970, lists are JSON, truth is 0 or 1.
//!
//! What this room does not do: decide anything about schedules (`schedule`), or run drills.

mod error;
mod open;
mod outbox;

pub use error::StoreError;
pub use open::{DrillStore, StoreAddress};
pub use outbox::{ClaimedDelivery, DeliveryCount, DeliveryEntry, DeliveryState, Tried};
