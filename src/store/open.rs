//! A store opened: its file made for its owner alone, its connections, its tables brought to this build's version.
//!
//! A file of SQLite is in WAL mode, so that who reads waits for nobody who writes; a writer waits for another one for some seconds. Before its
//! tables are changed a copy is made beside it. Of two processes that change them at once the second finds it done.

use super::address::StoreAddress;
use super::backup;
use super::drill_store::{DrillStore, failure};
use super::error::StoreError;
use super::replay::PutBack;
use crate::host::private;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, SqlSafeStr};
use std::borrow::Cow;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// The steps of the tables, oldest first. A step that was released is never changed; the next one changes what it made.
const TABLES: [(i64, &str, &str); 9] = [
    (1, "begin", include_str!("tables/001_begin.sql")),
    (2, "occurrences", include_str!("tables/002_occurrences.sql")),
    (3, "access", include_str!("tables/003_access.sql")),
    (4, "outbox", include_str!("tables/004_outbox.sql")),
    (5, "findings", include_str!("tables/005_findings.sql")),
    (6, "deferrals", include_str!("tables/006_deferrals.sql")),
    (7, "locks", include_str!("tables/007_locks.sql")),
    (8, "sources", include_str!("tables/008_sources.sql")),
    (9, "readiness", include_str!("tables/009_readiness.sql")),
];

/// So long a connection is waited for.
const CONNECT: Duration = Duration::from_secs(5);

impl DrillStore {
    /// Opens the store; makes it where it is a file that is not there, and brings its tables to this build's version. Where the file is new
    /// and `records.jsonl` lies beside it, what that holds is put back.
    ///
    /// # Errors
    /// Where it cannot be reached, is damaged, or a newer build has written it.
    pub async fn open(address: StoreAddress) -> Result<Self, StoreError> {
        Ok(Self::open_telling(address).await?.0)
    }

    /// The same, with what was put back where the file is new.
    pub(super) async fn open_telling(address: StoreAddress) -> Result<(Self, Option<PutBack>), StoreError> {
        sqlx::any::install_default_drivers();
        let is_new = match &address {
            StoreAddress::File(path) => made(path)?,
            StoreAddress::Postgres(_) | StoreAddress::Memory => false,
        };
        let store = connected(address).await?;
        let ready = store.made_ready(is_new).await;
        if ready.is_err() {
            // Whoever closes a file later would take away what belongs to the one that is put in its place.
            store.close().await;
        }
        ready.map(|put_back| (store, put_back))
    }

    /// Brings its tables to this build's version, and puts back what a new file has lost.
    async fn made_ready(&self, is_new: bool) -> Result<Option<PutBack>, StoreError> {
        if self.file().is_some() {
            sqlx::query("PRAGMA journal_mode = WAL").execute(&self.pool).await.map_err(|source| self.failed(source))?;
        }
        let found = self.version().await?;
        let known = newest();
        if found > known {
            return Err(StoreError::Newer { place: self.address().place(), found, known });
        }
        if found < known {
            if found > 0 {
                backup::before_step(self, found).await?;
            }
            self.bring_to_date().await?;
        }
        if is_new { self.put_back().await.map(Some) } else { Ok(None) }
    }

    /// An index for as long as this process runs, for lists where no other can be had.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub async fn in_memory() -> Result<Self, StoreError> {
        Self::open(StoreAddress::Memory).await
    }

    /// The version of its tables; 0 where there are none.
    pub(super) async fn version(&self) -> Result<i64, StoreError> {
        let table = if self.is_shared() {
            "SELECT count(*) FROM information_schema.tables WHERE table_name = '_sqlx_migrations' AND table_schema = current_schema()"
        } else {
            "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'"
        };
        let tables: i64 = sqlx::query_scalar(table).fetch_one(&self.pool).await.map_err(|source| self.failed(source))?;
        if tables == 0 {
            return Ok(0);
        }
        let version = "SELECT CAST(coalesce(max(version), 0) AS BIGINT) FROM _sqlx_migrations";
        sqlx::query_scalar(version).fetch_one(&self.pool).await.map_err(|source| self.failed(source))
    }

    /// Does the steps that are wanting, all or none.
    async fn bring_to_date(&self) -> Result<(), StoreError> {
        let place = self.address().place();
        if self.is_shared() {
            // PostgreSQL's steps are each done by one process at a time, by a lock of the library's.
            return steps().run(&self.pool).await.map_err(|source| StoreError::Migration { place, source });
        }
        let mut all = self.begin().await?;
        let connection: &mut AnyConnection = &mut all;
        steps().run_direct(None, connection, false).await.map_err(|source| StoreError::Migration { place, source })?;
        all.commit().await.map_err(|source| self.failed(source))
    }
}

/// The connections. (The library's own settings are a wait of 5 s for another writer, foreign keys, and each change brought to the disk.)
async fn connected(address: StoreAddress) -> Result<DrillStore, StoreError> {
    let most = if matches!(address, StoreAddress::Memory) { 1 } else { 8 };
    let options = AnyPoolOptions::new().max_connections(most).acquire_timeout(CONNECT);
    // What is in memory is gone with its last connection.
    let options = if most == 1 { options.min_connections(1).idle_timeout(None).max_lifetime(None) } else { options };
    match options.connect(&address.url()).await {
        Ok(pool) => Ok(DrillStore::new(pool, address)),
        // The pool tries again and again, and does not say why it had to.
        Err(sqlx::Error::PoolTimedOut) => {
            let tried = tokio::time::timeout(CONNECT, AnyConnection::connect(&address.url())).await;
            let source = tried.ok().and_then(Result::err).unwrap_or(sqlx::Error::PoolTimedOut);
            Err(failure(&address, source))
        }
        Err(source) => Err(failure(&address, source)),
    }
}

/// The newest version of the tables that this build knows.
pub(super) fn newest() -> i64 {
    TABLES.iter().map(|(version, ..)| *version).max().unwrap_or_default()
}

/// Makes the file, for its owner alone, where it is not there; says whether it was not.
fn made(path: &Path) -> Result<bool, StoreError> {
    let failed = |path: &Path, source: std::io::Error| match source.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
            StoreError::ReadOnly { place: path.display().to_string(), source: sqlx::Error::Io(source) }
        }
        _ => StoreError::File { path: path.to_owned(), source },
    };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        private::folder(parent).map_err(|source| failed(parent, source))?;
    }
    if path.symlink_metadata().is_err() {
        match private::create_new(path) {
            Ok(_) => return Ok(true),
            // Another process has just made it.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(path, error)),
        }
    }
    // It is not opened here: closing it would take the locks that this process may have on it by another connection.
    let about = path.symlink_metadata().map_err(|source| failed(path, source))?;
    if !about.is_file() {
        return Err(failed(path, std::io::Error::other("it is not a file")));
    }
    if about.permissions().mode() & 0o077 != 0 {
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|source| failed(path, source))?;
    }
    // An empty one is no store yet: whoever was to make its tables was killed.
    Ok(about.len() == 0)
}

/// The steps as the library takes them.
fn steps() -> Migrator {
    let steps = TABLES.iter().map(|(version, name, text)| {
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, AssertSqlSafe(*text).into_sql_str(), false)
    });
    Migrator { migrations: steps.collect(), ..Migrator::DEFAULT }
}
