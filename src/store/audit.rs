//! Who did what, from where, and how it ended.

use super::drill_store::DrillStore;
use super::error::StoreError;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Row;
use sqlx::any::AnyRow;
use std::sync::atomic::{AtomicU32, Ordering};

/// The most letters of a text that is kept: what strangers write is in them.
const LONGEST: usize = 300;
/// Greater than every identifier, in the order of any language.
const NEWEST: &str = "9999999999999-999999-z";

/// Something that somebody did, or was kept from doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its place in the order of time; unique.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: a person or a token by name; empty where nobody knows.
    pub who: String,
    /// How they are known: `token`, `session`, `loopback`, `command`, `nobody`.
    pub via: String,
    /// The address that they called from.
    pub address: String,
    /// What they did.
    pub action: String,
    /// With what.
    pub object: String,
    /// How it ended: `done`, or why not.
    pub outcome: String,
}

impl AuditEntry {
    /// One that happens now.
    pub fn new(at: DateTime<Utc>, who: &str, via: &str, address: &str) -> Self {
        // Of two in one millisecond the later one is the greater.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed) % 1_000_000;
        let id = format!("{:013}-{count:06}-{:x}", at.timestamp_millis(), std::process::id());
        let text = |text: &str| text.to_owned();
        let (action, object, outcome) = Default::default();
        Self { id, at, who: bounded(who), via: text(via), address: text(address), action, object, outcome }
    }

    /// With what was done, and how it ended.
    #[must_use]
    pub fn did(mut self, action: &str, object: &str, outcome: &str) -> Self {
        (self.action, self.object, self.outcome) = (bounded(action), bounded(object), bounded(outcome));
        self
    }
}

fn bounded(text: &str) -> String {
    crate::units::one_line(text).chars().take(LONGEST).collect()
}

impl DrillStore {
    /// Keeps an entry.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn add_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let text = "INSERT INTO audit (id, at, who, via, address, action, object, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                    ON CONFLICT (id) DO NOTHING";
        let done = sqlx::query(text)
            .bind(entry.id.clone())
            .bind(entry.at.timestamp_millis())
            .bind(entry.who.clone())
            .bind(entry.via.clone())
            .bind(entry.address.clone())
            .bind(entry.action.clone())
            .bind(entry.object.clone())
            .bind(entry.outcome.clone())
            .execute(&self.pool)
            .await;
        done.map_err(|source| self.failed(source))?;
        let AuditEntry { id, at, who, via, address, action, object, outcome } = entry;
        let at = at.timestamp_millis();
        let row =
            json!({"id": id, "at": at, "who": who, "via": via, "address": address, "action": action, "object": object, "outcome": outcome});
        self.note("audit", &row).await
    }

    /// The newest entries, of those before one where it is named.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn audit(&self, before: Option<&str>, limit: u64) -> Result<Vec<AuditEntry>, StoreError> {
        let before = before.unwrap_or(NEWEST).to_owned();
        let text = "SELECT id, at, who, via, address, action, object, outcome FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2";
        let rows = sqlx::query(text).bind(before).bind(i64::try_from(limit).unwrap_or(i64::MAX)).fetch_all(&self.pool).await;
        let rows = rows.map_err(|source| self.failed(source))?;
        rows.iter().map(entry).collect::<Result<_, _>>().map_err(|source| self.failed(source))
    }
}

fn entry(row: &AnyRow) -> Result<AuditEntry, sqlx::Error> {
    Ok(AuditEntry {
        id: row.try_get("id")?,
        at: DateTime::from_timestamp_millis(row.try_get("at")?).unwrap_or_default(),
        who: row.try_get("who")?,
        via: row.try_get("via")?,
        address: row.try_get("address")?,
        action: row.try_get("action")?,
        object: row.try_get("object")?,
        outcome: row.try_get("outcome")?,
    })
}
