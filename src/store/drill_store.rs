//! The open store: its connections and its address, and what every question to it needs.
//!
//! What this file does not do: open it (`open`), or know any table.

use super::address::StoreAddress;
use super::error::StoreError;
use super::holder;
use sqlx::{Any, AnyPool, AssertSqlSafe, Transaction};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Notify;

/// The open store. Clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct DrillStore {
    pub(super) pool: AnyPool,
    address: StoreAddress,
    /// Tells whoever sends notices that one was entered.
    pub(super) entered: Arc<Notify>,
}

impl DrillStore {
    /// Of these connections.
    pub(super) fn new(pool: AnyPool, address: StoreAddress) -> Self {
        Self { pool, address, entered: Arc::default() }
    }

    /// Where it is.
    pub const fn address(&self) -> &StoreAddress {
        &self.address
    }

    /// True where several hosts may share it.
    pub const fn is_shared(&self) -> bool {
        matches!(self.address, StoreAddress::Postgres(_))
    }

    /// Who looks at folders: this host where several share the store. A file goes with its folders, whatever the host is called.
    pub(super) fn looker(&self) -> String {
        if self.is_shared() { crate::host::host_name().unwrap_or_default() } else { String::new() }
    }

    /// Its file, where it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        if let StoreAddress::File(path) = &self.address { Some(path) } else { None }
    }

    /// The file of lines beside it.
    pub(super) fn journal(&self) -> Option<PathBuf> {
        self.address.journal()
    }

    /// Its own moment, milliseconds since 1970: the one clock that all replicas of a shared store have in common.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub async fn now(&self) -> Result<i64, StoreError> {
        let asked = AssertSqlSafe(format!("SELECT {}", self.clock()));
        sqlx::query_scalar(asked).fetch_one(&self.pool).await.map_err(|source| self.failed(source))
    }

    /// The same within a statement.
    pub(super) const fn clock(&self) -> &'static str {
        if self.is_shared() {
            "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"
        } else {
            "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
        }
    }

    /// Begins what is done whole or not at all. In SQLite it takes the right to write at once: one that had read first would be refused, without
    /// being waited for, where another process has written since.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let begun = if self.is_shared() { self.pool.begin().await } else { self.pool.begin_with("BEGIN IMMEDIATE").await };
        begun.map_err(|source| self.failed(source))
    }

    /// Closes its connections: what was written is in its file, and another may be put in its place.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A failure of the database, by what it means.
    pub(super) fn failed(&self, source: sqlx::Error) -> StoreError {
        failure(&self.address, source)
    }
}

/// What a failure of the database means.
pub(super) fn failure(address: &StoreAddress, source: sqlx::Error) -> StoreError {
    let place = address.place();
    let StoreAddress::File(path) = address else {
        let is_away = matches!(&source, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed)
            || source.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code.starts_with("57P"));
        let is_away = is_away && matches!(address, StoreAddress::Postgres(_));
        return if is_away { StoreError::Unreachable { place, source } } else { StoreError::Database { place, source } };
    };
    let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code).and_then(|code| code.parse::<i32>().ok());
    // https://www.sqlite.org/rescode.html; the upper bits of an extended code say more of the same.
    match code.map(|code| code & 0xff) {
        Some(5 | 6) => StoreError::Locked { place, holders: holder::of(path), source },
        Some(8 | 14) => StoreError::ReadOnly { place, source },
        Some(11 | 26) => StoreError::Damaged { place, source },
        Some(13) => StoreError::Full { place, source },
        _ => StoreError::Database { place, source },
    }
}
