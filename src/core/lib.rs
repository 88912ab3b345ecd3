//! What Lifeboat measures with: traffic, faults and the proxy that plays them, the lab, histories, and the verdict on them.
//!
//! These are the rooms that carry a drill's requests and what they stand on, as a crate of their own, so that they are compiled beside the
//! libraries that only the rest needs. What people see of a drill (projects, reports, pages, commands) is not in here. The map of
//! all rooms is in the crate `lifeboat`, which hands these on under its own name: `lifeboat::verdict` is `lifeboat_core::verdict`.

pub mod api;
pub mod control;
pub mod dialect;
pub mod fault;
pub mod history;
pub mod host;
pub mod import;
pub mod journal;
pub mod lab;
pub mod listen;
pub mod model;
pub mod peer;
pub mod permission;
pub mod process;
pub mod proxy;
pub mod redact;
#[cfg(test)]
#[path = "../../tests/support/rotation_story.rs"]
mod rotation_story;
pub mod run_folder;
pub mod secret;
pub mod signing;
pub mod traffic;
pub mod units;
pub mod verdict;
pub mod web;
