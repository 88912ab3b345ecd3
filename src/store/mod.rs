//! The index of past drills, schedules and findings: SQLite in a file beside the drills, or PostgreSQL for teams with several replicas. The only
//! room that knows SQL.
//!
//! ```text
//!  address  a file or a database, and its URL
//!  open     the connections, and the tables brought to this build's version
//!  tables   one file of SQL a step, from the oldest to the newest
//!  journal  what is in no drill's folder, as lines beside the store; replay puts it back
//!  backup   copies, made while others use the store
//!  holder   which processes have its file open
//!  error    why not
//! ```
//!
//! It is an index: drills' folders are the truth, and it can be made again from them. One text of SQL serves both databases: texts, 64-bit
//! integers and `$1`; moments are milliseconds since 1970, lists are JSON, truth is 0 or 1.
//!
//! What this room does not do: decide anything about schedules (`schedule`), or run drills.

mod address;
mod backup;
mod error;
mod holder;
mod journal;
mod open;
mod replay;

pub use address::StoreAddress;
pub use error::StoreError;
pub use open::DrillStore;
pub use replay::PutBack;
