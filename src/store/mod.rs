//! The index of past drills, schedules and findings: SQLite in a file beside the drills, or PostgreSQL for teams with several replicas. The only
//! room that knows SQL.
//!
//! ```text
//!  address      a file or a database, and its URL
//!  drill_store  the open store
//!  open         its connections, and the tables brought to this build's version
//!  tables       one file of SQL a step, from the oldest to the newest
//!  entry        a past drill, as lists show it; query finds them
//!  finding      what drills showed; assign writes what people decide about it
//!  sync         the index brought up to date with the folders: look reads one, rows writes what was read
//!  rebuild      the index made again; check says whether it is well
//!  journal      what is in no drill's folder, as lines beside the store; replay puts it back
//!  backup       copies, made while others use the store
//!  outbox       notices on their way to whoever does not watch
//!  holder       which processes have its file open
//!  access       tokens, sessions and sign-ins, as hashes
//!  audit        who did what
//!  error        why not
//!  occurrences  each time that a schedule was due, a row each
//!  claims  whose an occurrence is while it runs: leases with a fence
//!  looks   which schedules were seen, until when somebody looked at them, and who looks
//!  locks   what keeps drills of several hosts apart
//!  newest  the newest drills of each kind, with their sources: what they were made from
//!  readiness   rounds in which every hop was asked, and what each found
//!  deferrals   what was deferred, by whom, why and until when
//! ```
//!
//! It is an index: drills' folders are the truth, and it can be made again from them. One text of SQL serves both databases: texts, 64-bit
//! integers and `$1`; moments are milliseconds since 1970, lists are JSON, truth is 0 or 1.
//!
//! What this room does not do: decide anything about schedules (`schedule`), or run drills.

mod access;
mod address;
mod assign;
mod audit;
mod backup;
mod claims;
mod deferrals;
mod drill_store;
mod entry;
mod error;
mod finding;
mod holder;
mod journal;
mod locks;
mod look;
mod looks;
mod newest;
mod occurrences;
mod open;
mod outbox;
mod query;
mod readiness;
mod rebuild;
mod replay;
mod rows;
mod sources;
mod sync;

pub use access::{BegunSignIn, SessionEntry, TokenEntry};
pub use address::StoreAddress;
pub use assign::{AssignError, FindingChange, FindingName};
pub use audit::AuditEntry;
pub use claims::{ClaimClose, OccurrenceClaim};
pub use drill_store::DrillStore;
pub use entry::{DrillEntry, DrillState, RunKind};
pub use error::StoreError;
pub use finding::{FindingEntry, FindingQuery};
pub use locks::StoreLocks;
pub use looks::{ReplicaEntry, SeenRule, SeenSchedule};
pub use occurrences::OccurrenceClose;
pub use outbox::{ClaimedDelivery, DeliveryCount, DeliveryEntry, DeliveryState, Tried};
pub use query::DrillQuery;
pub use readiness::{FoundHop, HopRecord, RoundRecord};
pub use rebuild::{Rebuilt, StoreHealth};
pub use replay::PutBack;
pub use sources::DrillSources;
pub use sync::Synced;
