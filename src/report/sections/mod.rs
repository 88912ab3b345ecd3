//! What a report consists of: a file a section, and for each kind of report a file that says which sections it has.

pub(in crate::report) mod apart;
pub(in crate::report) mod basis;
pub(in crate::report) mod comparison;
mod cost;
pub(in crate::report) mod credential_section;
pub(in crate::report) mod drill;
pub(in crate::report) mod execution;
pub(in crate::report) mod faults;
pub(in crate::report) mod found;
pub(in crate::report) mod incident;
pub(in crate::report) mod keys;
pub(in crate::report) mod limits;
pub(in crate::report) mod objectives;
pub(in crate::report) mod origin;
pub(in crate::report) mod picture;
pub(in crate::report) mod picture_events;
pub(in crate::report) mod providers;
pub(in crate::report) mod restoration;
pub(in crate::report) mod runbook;
pub(in crate::report) mod settings;
pub(in crate::report) mod subject;
pub(in crate::report) mod summary;
pub(in crate::report) mod traffic;
pub(in crate::report) mod trend;
mod walk;
pub(in crate::report) mod waterfall;
mod way;
