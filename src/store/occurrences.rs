//! Each time that a schedule was due, as a row of its own: entered once, whoever finds it due, and ended once.
//!
//! What this file does not do: say when something is due (`schedule`), or whose an occurrence is while it runs ([`claims`](super::OccurrenceClaim)).

use super::{DrillStore, StoreError};
use crate::schedule::{MissReason, Occurrence, OccurrenceEnd, OccurrenceState};
use chrono::{DateTime, Utc};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

/// The columns of [`Occurrence`], in the order in which they are read.
pub(super) const COLUMNS: &str = "schedule, due, state, ended_as, reason, told, drills, interrupted, began, ended";

/// An end that needs no claim, because nothing runs: kept by a manual run, or missed.
#[derive(Debug, Clone)]
pub struct OccurrenceClose {
    /// As what.
    pub end: OccurrenceEnd,
    /// Why it was missed.
    pub reason: Option<MissReason>,
    /// The drills that keep it.
    pub drills: Vec<String>,
    /// The same in words.
    pub told: String,
}

impl DrillStore {
    /// Enters occurrences; those that are there already stay as they are. How many were new.
    ///
    /// # Errors
    /// Where the database cannot be written; then none of them was entered.
    pub async fn enter(&self, occurrences: &[Occurrence]) -> Result<u64, StoreError> {
        let text = format!(
            "INSERT INTO occurrences ({COLUMNS}, fence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0) ON CONFLICT DO NOTHING"
        );
        let mut new = Vec::new();
        let mut within = self.begin().await?;
        for each in occurrences {
            let entered = sqlx::query(AssertSqlSafe(text.clone()))
                .bind(each.schedule.clone())
                .bind(each.due.timestamp_millis())
                .bind(each.state.word())
                .bind(each.end.map(OccurrenceEnd::word))
                .bind(each.reason.map(MissReason::word))
                .bind(each.told.clone())
                .bind(json(&each.drills))
                .bind(i64::from(each.interrupted))
                .bind(each.began.map(|at| at.timestamp_millis()))
                .bind(each.over.map(|at| at.timestamp_millis()))
                .execute(&mut *within)
                .await
                .map_err(|source| self.failed(source))?;
            if entered.rows_affected() > 0 {
                new.push(each);
            }
        }
        within.commit().await.map_err(|source| self.failed(source))?;
        for each in new.iter().filter(|_| !self.is_shared()) {
            self.noted(&each.schedule, each.due).await?;
        }
        Ok(new.len() as u64)
    }

    /// The occurrences from one moment to another, both included, of one schedule or of all; the oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn occurrences(&self, schedule: Option<&str>, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Occurrence>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM occurrences WHERE due >= $1 AND due <= $2 AND (schedule = $3 OR $3 = '') ORDER BY due, schedule"
        );
        let asked = sqlx::query(AssertSqlSafe(text)).bind(from.timestamp_millis()).bind(to.timestamp_millis());
        let rows = asked.bind(schedule.unwrap_or_default().to_owned()).fetch_all(&self.pool).await;
        rows.map_err(|source| self.failed(source))?.iter().map(|row| self.occurrence_of(row)).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn occurrence(&self, schedule: &str, due: DateTime<Utc>) -> Result<Option<Occurrence>, StoreError> {
        Ok(self.occurrences(Some(schedule), due, due).await?.pop())
    }

    /// Those that are not over, whenever they were due, all that were due since a moment, and the newest of each schedule; the oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn open_occurrences(&self, since: DateTime<Utc>) -> Result<Vec<Occurrence>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM occurrences WHERE state <> 'over' OR due >= $1
             OR (schedule, due) IN (SELECT schedule, MAX(due) FROM occurrences GROUP BY schedule) ORDER BY due, schedule"
        );
        let rows = sqlx::query(AssertSqlSafe(text)).bind(since.timestamp_millis()).fetch_all(&self.pool).await;
        rows.map_err(|source| self.failed(source))?.iter().map(|row| self.occurrence_of(row)).collect()
    }

    /// Says of one that is due what stands in its way. False where it is not due any more.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn stands_in_the_way(&self, schedule: &str, due: DateTime<Utc>, reason: MissReason, told: &str) -> Result<bool, StoreError> {
        let text = "UPDATE occurrences SET reason = $3, told = $4
                    WHERE schedule = $1 AND due = $2 AND state = 'due' AND (told <> $4 OR reason IS NULL OR reason <> $3) RETURNING fence";
        let asked = sqlx::query(text).bind(schedule.to_owned()).bind(due.timestamp_millis()).bind(reason.word()).bind(told.to_owned());
        self.changed(asked, schedule, due).await
    }

    /// From now on somebody is asked whether it is to run late. False where it is not due any more.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn ask_late(&self, schedule: &str, due: DateTime<Utc>) -> Result<bool, StoreError> {
        let text = "UPDATE occurrences SET state = 'asked' WHERE schedule = $1 AND due = $2 AND state = 'due' RETURNING fence";
        self.changed(sqlx::query(text).bind(schedule.to_owned()).bind(due.timestamp_millis()), schedule, due).await
    }

    /// Somebody was asked, and says that it is to run late. It is due again, and begins as soon as nothing stands in its way. False where nobody is
    /// asked about it.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn want_late(&self, schedule: &str, due: DateTime<Utc>, who: &str) -> Result<bool, StoreError> {
        let text = "UPDATE occurrences SET state = 'due', ended_as = 'late', reason = NULL, told = $3
                    WHERE schedule = $1 AND due = $2 AND state = 'asked' RETURNING fence";
        let told = format!("{who} wants it, though it is late");
        self.changed(sqlx::query(text).bind(schedule.to_owned()).bind(due.timestamp_millis()).bind(told), schedule, due).await
    }

    /// Ends one that does not run. False where it runs, or is over.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn close_waiting(&self, schedule: &str, due: DateTime<Utc>, close: &OccurrenceClose) -> Result<bool, StoreError> {
        let text = format!(
            "UPDATE occurrences SET state = 'over', ended_as = $3, reason = $4, told = $5, drills = $6, ended = {}
             WHERE schedule = $1 AND due = $2 AND state IN ('due', 'asked') RETURNING fence",
            self.clock()
        );
        let asked = sqlx::query(AssertSqlSafe(text)).bind(schedule.to_owned()).bind(due.timestamp_millis());
        let asked = asked.bind(close.end.word()).bind(close.reason.map(MissReason::word)).bind(close.told.clone());
        self.changed(asked.bind(json(&close.drills)), schedule, due).await
    }

    /// Runs a change that hands back a row where it changed one.
    pub(super) async fn changed(
        &self,
        asked: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
        schedule: &str,
        due: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let rows = asked.fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        if !rows.is_empty() && !self.is_shared() {
            self.noted(schedule, due).await?;
        }
        Ok(!rows.is_empty())
    }

    /// Writes a row as it is now into the journal, from which it is put back: no drill's folder tells of it. Who holds a claim is not noted, so
    /// that one which is put back has no holder.
    pub(super) async fn noted(&self, schedule: &str, due: DateTime<Utc>) -> Result<(), StoreError> {
        let text = "SELECT fence FROM occurrences WHERE schedule = $1 AND due = $2";
        let fence: Option<i64> = sqlx::query_scalar(text)
            .bind(schedule.to_owned())
            .bind(due.timestamp_millis())
            .fetch_optional(&self.pool)
            .await
            .map_err(|source| self.failed(source))?;
        let (Some(fence), Some(each)) = (fence, self.occurrence(schedule, due).await?) else { return Ok(()) };
        let row = serde_json::json!({
            "schedule": each.schedule, "due": due.timestamp_millis(), "state": each.state, "ended_as": each.end, "reason": each.reason,
            "told": each.told, "drills": each.drills, "interrupted": i64::from(each.interrupted),
            "began": each.began.map(|at| at.timestamp_millis()), "ended": each.over.map(|at| at.timestamp_millis()), "fence": fence,
        });
        self.note("occurrences", &row).await
    }

    pub(super) fn occurrence_of(&self, row: &AnyRow) -> Result<Occurrence, StoreError> {
        read(row).map_err(|source| self.failed(source))
    }
}

fn read(row: &AnyRow) -> Result<Occurrence, sqlx::Error> {
    let moment = |place: usize| row.try_get::<Option<i64>, _>(place).map(|at| at.and_then(DateTime::from_timestamp_millis));
    let drills: String = row.try_get(6)?;
    Ok(Occurrence {
        schedule: row.try_get(0)?,
        due: moment(1)?.unwrap_or_default(),
        state: word(row, 2, OccurrenceState::from_word)?.unwrap_or(OccurrenceState::Over),
        end: word(row, 3, OccurrenceEnd::from_word)?,
        reason: word(row, 4, MissReason::from_word)?,
        told: row.try_get(5)?,
        drills: serde_json::from_str(&drills).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        interrupted: row.try_get::<i64, _>(7)? != 0,
        began: moment(8)?,
        over: moment(9)?,
    })
}

/// A word of a closed list; one that a newer build wrote is none.
fn word<T>(row: &AnyRow, place: usize, of: impl Fn(&str) -> Option<T>) -> Result<Option<T>, sqlx::Error> {
    Ok(row.try_get::<Option<String>, _>(place)?.and_then(|word| of(&word)))
}

pub(super) fn json(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}
