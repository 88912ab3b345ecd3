//! Why the store cannot be used.

use crate::units::Explained;
use std::borrow::Cow;

/// Why the store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is none.
    #[error("`{address}` is no address of a store")]
    Address {
        /// As it was given, without a password.
        address: String,
    },
    /// A newer build has changed its tables.
    #[error("{place} was written by a newer lifeboat: its tables have version {found}, and this build knows {known}")]
    Newer {
        /// Where it is.
        place: String,
        /// The version of its tables.
        found: i64,
        /// The newest that this build knows.
        known: i64,
    },
    /// Its file is damaged.
    #[error("{place} is damaged: {source}")]
    Damaged {
        /// Where it is.
        place: String,
        /// The database's words.
        source: sqlx::Error,
    },
    /// It cannot be reached, read or written.
    #[error("{place}: {source}")]
    Database {
        /// Where it is.
        place: String,
        /// The database's words.
        source: sqlx::Error,
    },
    /// Its tables cannot be brought to this build's version.
    #[error("{place}: its tables cannot be changed: {source}")]
    Migration {
        /// Where it is.
        place: String,
        /// The database's words.
        source: sqlx::migrate::MigrateError,
    },
    /// A file beside it cannot be made or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
}

impl Explained for StoreError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Address { .. } => "give the path of a file, or postgres://USER:PASSWORD@HOST/DATABASE",
            Self::Newer { .. } => "update lifeboat, or name another store with `--store`",
            Self::Damaged { .. } => "`lifeboat store rebuild` makes it again from the drills' folders",
            Self::Database { .. } | Self::Migration { .. } => return None,
            Self::File { .. } => "make room on the disk, or name another store with `--store`",
        }))
    }
}
