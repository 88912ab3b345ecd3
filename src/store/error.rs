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
    /// Another process has held it for long.
    #[error("{place} is in use by another process{}: {source}", if holders.is_empty() { String::new() } else { format!(", {holders}") })]
    Locked {
        /// Where it is.
        place: String,
        /// Which processes have it open; empty where nobody is known.
        holders: String,
        /// The database's words.
        source: sqlx::Error,
    },
    /// It cannot be written, or not even made.
    #[error("{place} cannot be opened for writing: {source}")]
    ReadOnly {
        /// Where it is.
        place: String,
        /// The database's words.
        source: sqlx::Error,
    },
    /// There is no room for it.
    #[error("there is no room for {place}: {source}")]
    Full {
        /// Where it is.
        place: String,
        /// The database's words.
        source: sqlx::Error,
    },
    /// Its server does not answer.
    #[error("{place} cannot be reached: {source}")]
    Unreachable {
        /// Where it is.
        place: String,
        /// The database's words.
        source: sqlx::Error,
    },
    /// What was asked for is for files.
    #[error("{place} is no file that could be copied or set aside")]
    NoFile {
        /// Where it is.
        place: String,
    },
    /// It cannot be read or written.
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
            Self::Damaged { .. } => "`lifeboat store rebuild` sets it aside and makes it again from the drills' folders and records.jsonl",
            Self::Locked { .. } => "end that process, or wait until it is done; nothing was changed",
            Self::ReadOnly { .. } => "see who may write there, or name another store with `--store`",
            Self::Unreachable { .. } => "see that the server runs and takes connections from here; drills by `lifeboat run` do not need it",
            Self::NoFile { .. } => "PostgreSQL has programs of its own for that: `pg_dump`, `pg_restore`",
            Self::Migration { .. } => "`lifeboat store check` says more; a copy from before a change of the tables lies beside the store",
            Self::Database { .. } => return None,
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists => "name a file that is not there yet",
            Self::File { .. } | Self::Full { .. } => "make room on the disk, or name another store with `--store`",
        }))
    }
}
