//! A store opened: its file made for its owner alone, its connections, its tables brought to this build's version.
//!
//! A file of SQLite is in WAL mode, so that who reads waits for nobody who writes; a writer waits for another one for some seconds. Before its
//! tables are changed a copy is made beside it. Of two processes that change them at once the second finds it done.

use super::address::StoreAddress;
use super::error::StoreError;
use super::{backup, holder};
use crate::host::private;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, SqlSafeStr, Transaction};
use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The steps of the tables, oldest first. A step that was released is never changed; the next one changes what it made.
const TABLES: [(i64, &str, &str); 1] = [(1, "begin", include_str!("tables/001_begin.sql"))];

/// So long a connection is waited for.
const CONNECT: Duration = Duration::from_secs(10);
/// A writer waits so long for another one; and settings that SQLite keeps for each connection.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";

/// The open store. Clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct DrillStore {
    pub(super) pool: AnyPool,
    address: StoreAddress,
}

impl DrillStore {
    /// Opens the store; makes it where it is a file that is not there, and brings its tables to this build's version. Where the file is new
    /// and `records.jsonl` lies beside it, what that holds is put back.
    ///
    /// # Errors
    /// Where it cannot be reached, is damaged, or a newer build has written it.
    pub async fn open(address: StoreAddress) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let is_new = match &address {
            StoreAddress::File(path) => made(path)?,
            StoreAddress::Postgres(_) | StoreAddress::Memory => false,
        };
        let is_lite = !matches!(address, StoreAddress::Postgres(_));
        let most = if matches!(address, StoreAddress::Memory) { 1 } else { 8 };
        let options = AnyPoolOptions::new().max_connections(most).acquire_timeout(CONNECT);
        // What is in memory is gone with its last connection.
        let options = if most == 1 { options.min_connections(1).idle_timeout(None).max_lifetime(None) } else { options };
        let options = options.after_connect(move |connection, _| {
            Box::pin(async move {
                if is_lite {
                    sqlx::raw_sql(SETTINGS).execute(connection).await?;
                }
                Ok(())
            })
        });
        let place = address.place();
        let pool = options.connect(&address.url()).await.map_err(|source| StoreError::of(&address, source))?;
        let store = Self { pool, address };
        let found = store.version().await?;
        let known = newest();
        if found > known {
            return Err(StoreError::Newer { place, found, known });
        }
        if found < known {
            if found > 0 {
                backup::before_step(&store, found).await?;
            }
            store.bring_to_date().await?;
        }
        if is_new {
            store.put_back().await?;
        }
        Ok(store)
    }

    /// An index for as long as this process runs, for lists where no other can be had.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub async fn in_memory() -> Result<Self, StoreError> {
        Self::open(StoreAddress::Memory).await
    }

    /// Where it is.
    pub const fn address(&self) -> &StoreAddress {
        &self.address
    }

    /// True where several hosts may share it.
    pub const fn is_shared(&self) -> bool {
        matches!(self.address, StoreAddress::Postgres(_))
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
        let asked = if self.is_shared() {
            "SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"
        } else {
            "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)"
        };
        sqlx::query_scalar(asked).fetch_one(&self.pool).await.map_err(|source| self.failed(source))
    }

    /// Begins what is done whole or not at all. In SQLite it takes the right to write at once: one that had read first would be refused, without
    /// being waited for, where another process has written since.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let begun = if self.is_shared() { self.pool.begin().await } else { self.pool.begin_with("BEGIN IMMEDIATE").await };
        begun.map_err(|source| self.failed(source))
    }

    /// A failure of the database, by what it means.
    pub(super) fn failed(&self, source: sqlx::Error) -> StoreError {
        StoreError::of(&self.address, source)
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
        let mut all = self.begin().await?;
        let connection: &mut AnyConnection = &mut all;
        let place = self.address.place();
        steps().run_direct(None, connection, false).await.map_err(|source| StoreError::Migration { place, source })?;
        all.commit().await.map_err(|source| self.failed(source))
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
    // An empty one is no store yet: whoever was to make its tables was killed.
    let file = private::open(path, File::options().read(true).write(true)).map_err(|source| failed(path, source))?;
    Ok(file.metadata().map_err(|source| failed(path, source))?.len() == 0)
}

/// The steps as the library takes them.
fn steps() -> Migrator {
    let steps = TABLES.iter().map(|(version, name, text)| {
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, AssertSqlSafe(*text).into_sql_str(), false)
    });
    Migrator { migrations: steps.collect(), ..Migrator::DEFAULT }
}

impl StoreError {
    /// What a failure of the database means.
    pub(super) fn of(address: &StoreAddress, source: sqlx::Error) -> Self {
        let place = address.place();
        let StoreAddress::File(path) = address else {
            let is_away =
                matches!(&source, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed)
                    || source.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code.starts_with("57P"));
            let is_away = is_away && matches!(address, StoreAddress::Postgres(_));
            return if is_away { Self::Unreachable { place, source } } else { Self::Database { place, source } };
        };
        let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code).and_then(|code| code.parse::<i32>().ok());
        // https://www.sqlite.org/rescode.html; the upper bits of an extended code say more of the same.
        match code.map(|code| code & 0xff) {
            Some(5 | 6) => Self::Locked { place, holders: holder::of(path), source },
            Some(8 | 14) => Self::ReadOnly { place, source },
            Some(11 | 26) => Self::Damaged { place, source },
            Some(13) => Self::Full { place, source },
            _ => Self::Database { place, source },
        }
    }
}
