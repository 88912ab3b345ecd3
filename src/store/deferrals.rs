//! What was deferred: by whom, why and until when.

use super::{DrillStore, StoreError};
use crate::schedule::{Deferral, DeferredSubject};
use chrono::DateTime;
use sqlx::Row;
use sqlx::any::AnyRow;

/// The columns, in the order of [`DeferralRow`].
const COLUMNS: &str = "subject, name, quarter, made, decided_by, why, until_day";

/// A row of the table, by its columns' names.
#[derive(Debug, serde::Serialize)]
struct DeferralRow<'a> {
    subject: &'static str,
    name: &'a str,
    quarter: String,
    made: i64,
    decided_by: &'a str,
    why: &'a str,
    until_day: String,
}

impl<'a> DeferralRow<'a> {
    fn of(deferral: &'a Deferral) -> Self {
        Self {
            subject: deferral.subject.word(),
            name: &deferral.name,
            quarter: deferral.quarter.to_string(),
            made: deferral.made.timestamp_millis(),
            decided_by: &deferral.by,
            why: &deferral.why,
            until_day: deferral.until.to_string(),
        }
    }
}

impl DrillStore {
    /// Keeps a deferral.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn defer(&self, deferral: &Deferral) -> Result<(), StoreError> {
        let row = DeferralRow::of(deferral);
        let kept = sqlx::query(
            "INSERT INTO deferrals (subject, name, quarter, made, decided_by, why, until_day) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (subject, name, quarter, made) DO NOTHING",
        );
        let kept =
            kept.bind(row.subject).bind(row.name).bind(&row.quarter).bind(row.made).bind(row.decided_by).bind(row.why).bind(&row.until_day);
        kept.execute(&self.pool).await.map_err(|source| self.failed(source))?;
        self.note("deferrals", &DeferralRow::of(deferral)).await
    }

    /// All deferrals, oldest first. A row that a newer build wrote in a way that this one does not know is left out.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn deferrals(&self) -> Result<Vec<Deferral>, StoreError> {
        let asked = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM deferrals ORDER BY made"));
        let rows = sqlx::query(asked).fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        Ok(rows.iter().filter_map(read).collect())
    }
}

fn read(row: &AnyRow) -> Option<Deferral> {
    let text = |place: usize| row.try_get::<String, _>(place).ok();
    Some(Deferral {
        subject: DeferredSubject::from_word(&text(0)?)?,
        name: text(1)?,
        quarter: text(2)?.parse().ok()?,
        made: DateTime::from_timestamp_millis(row.try_get::<i64, _>(3).ok()?)?,
        by: text(4)?,
        why: text(5)?,
        until: text(6)?.parse().ok()?,
    })
}
