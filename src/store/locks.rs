//! Locks in the shared database, for drills that run on several hosts: [`LockTable`] over a table whose key is name and generation.
//!
//! A lock table answers at once and is asked from any thread, whatever runtime that belongs to. So a thread of its own does it, with a connection of
//! its own; it ends when the last who could ask is gone.

use super::{DrillStore, StoreAddress, StoreError};
use crate::permission::{LockEntry, LockRecord, LockTable};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Row};
use std::io::{Error, Result};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many may ask at once.
const ASKED: usize = 64;

/// The locks of a shared store.
#[derive(Debug)]
pub struct StoreLocks {
    requests: SyncSender<LockRequest>,
    place: String,
}

/// What the thread is asked.
struct LockRequest {
    what: LockQuestion,
    answer: SyncSender<std::result::Result<Vec<(u64, String)>, sqlx::Error>>,
}

enum LockQuestion {
    Newest(String),
    Put(String, i64, String),
    Rewrite(String, i64, String),
}

impl DrillStore {
    /// Its locks, for drills on several hosts; `None` where no other host shares it, so that folders do.
    ///
    /// # Errors
    /// Where there is no thread for them.
    pub fn locks(&self) -> std::result::Result<Option<Arc<dyn LockTable>>, StoreError> {
        if !self.is_shared() {
            return Ok(None);
        }
        Ok(Some(Arc::new(StoreLocks::of(self.address())?)))
    }
}

impl StoreLocks {
    /// Those of this store, which is shared.
    ///
    /// # Errors
    /// Where there is no thread for them.
    fn of(address: &StoreAddress) -> std::result::Result<Self, StoreError> {
        let StoreAddress::Postgres(url) = address else {
            return Err(StoreError::Address { address: address.place() });
        };
        let (requests, asked) = sync_channel(ASKED);
        let url = url.expose().to_owned();
        let thread = std::thread::Builder::new().name("locks".to_owned()).spawn(move || answer(&url, &asked));
        let place = address.place();
        thread.map_err(|source| StoreError::File { path: place.clone().into(), source })?;
        Ok(Self { requests, place })
    }

    fn ask(&self, what: LockQuestion) -> Result<Vec<(u64, String)>> {
        let (answer, answered) = sync_channel(1);
        self.requests.try_send(LockRequest { what, answer }).map_err(|_| self.failed("too many wait for it"))?;
        // Those that asked before may each have waited in vain.
        match answered.recv_timeout(4 * PATIENCE) {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(self.failed(&error.to_string())),
            Err(_) => Err(self.failed("it does not answer")),
        }
    }

    fn failed(&self, why: &str) -> Error {
        Error::other(format!("{}: {why}", self.place))
    }
}

impl LockTable for StoreLocks {
    fn place(&self, name: &str) -> String {
        format!("`{name}` in {}", self.place)
    }

    fn newest(&self, name: &str) -> Result<Option<LockEntry>> {
        let rows = self.ask(LockQuestion::Newest(name.to_owned()))?;
        let entry = |(generation, text): (u64, String)| {
            let record = serde_json::from_str(&text).ok();
            LockEntry { generation, text: text.into_bytes(), record }
        };
        Ok(rows.into_iter().next().map(entry))
    }

    fn put(&self, name: &str, generation: u64, record: &LockRecord) -> Result<bool> {
        let rows = self.ask(LockQuestion::Put(name.to_owned(), number(generation), serde_json::to_string(record)?))?;
        Ok(!rows.is_empty())
    }

    fn rewrite(&self, name: &str, generation: u64, record: &LockRecord) -> Result<bool> {
        let rows = self.ask(LockQuestion::Rewrite(name.to_owned(), number(generation), serde_json::to_string(record)?))?;
        Ok(!rows.is_empty())
    }
}

fn number(generation: u64) -> i64 {
    i64::try_from(generation).unwrap_or(i64::MAX)
}

/// Answers until nobody can ask any more.
fn answer(url: &str, asked: &Receiver<LockRequest>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let pool = runtime.block_on(async { AnyPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).connect_lazy(url) });
    let Ok(pool) = pool else { return };
    while let Ok(LockRequest { what, answer }) = asked.recv() {
        let done = runtime.block_on(async { tokio::time::timeout(PATIENCE, done(&pool, what)).await });
        let _ = answer.send(done.unwrap_or(Err(sqlx::Error::PoolTimedOut)));
    }
    runtime.block_on(pool.close());
}

async fn done(pool: &AnyPool, what: LockQuestion) -> std::result::Result<Vec<(u64, String)>, sqlx::Error> {
    let rows = match what {
        LockQuestion::Newest(name) => {
            let text = "SELECT generation, record FROM locks WHERE name = $1 ORDER BY generation DESC LIMIT 1";
            sqlx::query(text).bind(name).fetch_all(pool).await?
        }
        LockQuestion::Put(name, generation, record) => {
            // The newest is never removed: whoever comes so late that what it wants was used and removed finds a later one.
            let text = "INSERT INTO locks (name, generation, record) SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT)
                        WHERE NOT EXISTS (SELECT 1 FROM locks WHERE name = $1 AND generation >= $2) ON CONFLICT DO NOTHING
                        RETURNING generation, record";
            let rows = sqlx::query(text).bind(name.clone()).bind(generation).bind(record).fetch_all(pool).await?;
            if !rows.is_empty() {
                let older = sqlx::query("DELETE FROM locks WHERE name = $1 AND generation < $2").bind(name).bind(generation);
                let _ = older.execute(pool).await;
            }
            rows
        }
        LockQuestion::Rewrite(name, generation, record) => {
            let text = "UPDATE locks SET record = $3 WHERE name = $1 AND generation = $2
                        AND NOT EXISTS (SELECT 1 FROM locks AS later WHERE later.name = $1 AND later.generation > $2)
                        RETURNING generation, record";
            sqlx::query(text).bind(name).bind(generation).bind(record).fetch_all(pool).await?
        }
    };
    rows.iter().map(|row| Ok((u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default(), row.try_get(1)?))).collect()
}
