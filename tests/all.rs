//! The one integration binary: a file a behaviour.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod drills;
mod random_systems;
mod readme;
mod support;
mod tidy;
mod vectors;
