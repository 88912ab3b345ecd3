//! The store's address, its connection, and its tables brought to this build's version.

use super::StoreError;
use crate::units::Secret;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyPool, AssertSqlSafe, SqlSafeStr};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The steps of the tables, oldest first. A step that was released is never changed; the next one changes what it made.
const TABLES: [(i64, &str, &str); 2] =
    [(1, "begin", include_str!("tables/001_begin.sql")), (6, "deferrals", include_str!("tables/006_deferrals.sql"))];

/// Where the store is below a project's root, where nothing else is said.
const FILE: &str = "drills/lifeboat.db";

/// Where a store is.
#[derive(Debug, Clone)]
pub enum StoreAddress {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of PostgreSQL, with its password.
    Postgres(Secret),
}

impl StoreAddress {
    /// What was given, else that of the project: `drills/lifeboat.db`.
    ///
    /// # Errors
    /// Where a URL of another database was given.
    pub fn of(given: Option<&str>, root: &Path) -> Result<Self, StoreError> {
        let Some(given) = given else { return Ok(Self::File(root.join(FILE))) };
        match given.split_once("://") {
            None => Ok(Self::File(PathBuf::from(given))),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(Secret::from(given))),
            Some((scheme, _)) => Err(StoreError::Address { address: format!("{scheme}://…") }),
        }
    }

    /// For messages: the file, or host and database without user and password.
    pub fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Postgres(url) => {
                let rest = url.expose().split_once("://").map_or("", |(_, rest)| rest);
                let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
                format!("postgres://{}", rest.split('?').next().unwrap_or_default())
            }
        }
    }
}

/// The open store. Clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct DrillStore {
    pub(super) pool: AnyPool,
    address: StoreAddress,
}

impl DrillStore {
    /// Opens the store; makes it where it is a file that is not there, and brings its tables to this build's version.
    ///
    /// # Errors
    /// Where it cannot be reached, is damaged, or a newer build has written it.
    pub async fn open(address: StoreAddress) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let place = address.place();
        let url = match &address {
            StoreAddress::File(path) => {
                if let Some(parent) = path.parent() {
                    crate::host::private::folder(parent).map_err(|source| StoreError::File { path: parent.to_owned(), source })?;
                }
                format!("sqlite://{}?mode=rwc", path.display())
            }
            StoreAddress::Postgres(url) => url.expose().to_owned(),
        };
        let pool = AnyPoolOptions::new().max_connections(8).acquire_timeout(Duration::from_secs(10)).connect(&url).await;
        let pool = pool.map_err(|source| StoreError::Database { place: place.clone(), source })?;
        let store = Self { pool, address };
        if let StoreAddress::File(_) = store.address {
            sqlx::query("PRAGMA journal_mode = WAL").execute(&store.pool).await.map_err(|source| store.failed(source))?;
        }
        steps().run(&store.pool).await.map_err(|source| StoreError::Migration { place, source })?;
        Ok(store)
    }

    /// Where it is.
    pub const fn address(&self) -> &StoreAddress {
        &self.address
    }

    /// True where several hosts may share it.
    pub const fn is_shared(&self) -> bool {
        matches!(self.address, StoreAddress::Postgres(_))
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

    /// A failure of the database, with its place.
    pub(super) fn failed(&self, source: sqlx::Error) -> StoreError {
        StoreError::Database { place: self.address.place(), source }
    }
}

/// The steps as the library takes them.
fn steps() -> Migrator {
    let steps = TABLES.iter().map(|(version, name, text)| {
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, AssertSqlSafe(*text).into_sql_str(), false)
    });
    Migrator { migrations: steps.collect(), ..Migrator::DEFAULT }
}
