//! Numbers that nobody else uses: for a file's passing name and an identifier that a client chooses. They keep nothing secret.

use std::hash::{BuildHasher, RandomState};

/// 64 bits, seeded by the operating system.
pub(super) fn once() -> u64 {
    RandomState::new().hash_one((std::process::id(), std::time::SystemTime::now()))
}
