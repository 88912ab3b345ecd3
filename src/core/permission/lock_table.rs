//! Where locks are kept: what such a place must be able to do. Folders can ([`LockFolder`](super::LockFolder)); a table of a database can, with a key
//! over name and generation.
//!
//! A lock has **generations**: whoever takes it over puts the next one, which works once, and whoever holds the newest holds the lock. Nobody ever
//! changes what another has written, so that no two can take the same lock over, however late one of them is.

use super::lock::LockRecord;
use std::fmt::Debug;
use std::io::Result;

/// The newest generation of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockEntry {
    /// Its number, from 1.
    pub generation: u64,
    /// As it stands there: two that differ were written apart.
    pub text: Vec<u8>,
    /// The same, read; `None` where it cannot be.
    pub record: Option<LockRecord>,
}

/// A place for locks. Its methods may take as long as a disk or a network does.
pub trait LockTable: Debug + Send + Sync {
    /// For messages: where the lock of this name is.
    fn place(&self, name: &str) -> String;

    /// The newest generation of a lock; `None` where there never was one.
    ///
    /// # Errors
    /// Where the place cannot be read.
    fn newest(&self, name: &str) -> Result<Option<LockEntry>>;

    /// Puts a generation; false where it is there already, or a later one is.
    ///
    /// # Errors
    /// Where it cannot be written; then it is not known whether it was.
    fn put(&self, name: &str, generation: u64, record: &LockRecord) -> Result<bool>;

    /// Writes again the generation that this process has put; false where a later one is there: then the lock is another's.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn rewrite(&self, name: &str, generation: u64, record: &LockRecord) -> Result<bool>;
}
