//! Which schedules were seen, since when, and until when somebody looked whether they are due; and which processes look.

use super::{DrillStore, StoreError};
use crate::model::DrillSchedule;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Row};

/// A schedule that was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenSchedule {
    /// As it was last read; `None` where a newer build wrote it.
    pub schedule: Option<DrillSchedule>,
    /// Its name.
    pub name: String,
    /// When it was first seen.
    pub since: DateTime<Utc>,
    /// When somebody last looked whether it is due; what falls between then and now found nobody there.
    pub looked: Option<DateTime<Utc>>,
}

/// Whether a schedule that was seen before is due by another rule now: then it counts from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenRule {
    /// By the same, or it is new itself.
    Same,
    /// By another.
    New,
}

/// A process that looks at the schedules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaEntry {
    /// What it calls itself.
    pub name: String,
    /// Where it runs.
    pub host: String,
    /// Its process there.
    pub process: u32,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it last looked.
    pub seen: DateTime<Utc>,
}

impl DrillStore {
    /// Notes that schedules are there, as they are now.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn see(&self, schedules: &[&DrillSchedule], rule: SeenRule) -> Result<(), StoreError> {
        if schedules.is_empty() {
            return Ok(());
        }
        let anew = if rule == SeenRule::New { ", since = excluded.since" } else { "" };
        let text = format!(
            "INSERT INTO schedules (schedule, definition, since, looked, claims) VALUES ($1, $2, {}, NULL, 0)
             ON CONFLICT (schedule) DO UPDATE SET definition = excluded.definition{anew}",
            self.clock()
        );
        let mut within = self.begin().await?;
        // In one order, so that two replicas do not wait for each other.
        let mut schedules = schedules.to_vec();
        schedules.sort_by(|left, right| left.name.cmp(&right.name));
        for schedule in &schedules {
            let definition = serde_json::to_string(schedule).unwrap_or_default();
            let seen = sqlx::query(AssertSqlSafe(text.clone())).bind(schedule.name.clone()).bind(definition);
            seen.execute(&mut *within).await.map_err(|source| self.failed(source))?;
        }
        within.commit().await.map_err(|source| self.failed(source))?;
        if self.is_shared() {
            return Ok(());
        }
        for each in self.seen_schedules().await?.into_iter().filter(|each| schedules.iter().any(|here| here.name == each.name)) {
            let definition = each.schedule.as_ref().and_then(|schedule| serde_json::to_string(schedule).ok()).unwrap_or_default();
            let since = each.since.timestamp_millis();
            let row = serde_json::json!({"schedule": each.name, "definition": definition, "since": since, "claims": 0});
            self.note("schedules", &row).await?;
        }
        Ok(())
    }

    /// All schedules that were ever seen, by their names.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn seen_schedules(&self) -> Result<Vec<SeenSchedule>, StoreError> {
        let rows = sqlx::query("SELECT schedule, definition, since, looked FROM schedules ORDER BY schedule").fetch_all(&self.pool).await;
        let read = |row: &sqlx::any::AnyRow| {
            let definition: String = row.try_get(1)?;
            Ok(SeenSchedule {
                name: row.try_get(0)?,
                schedule: serde_json::from_str(&definition).ok(),
                since: moment(row.try_get(2)?),
                looked: row.try_get::<Option<i64>, _>(3)?.map(moment),
            })
        };
        rows.and_then(|rows| rows.iter().map(read).collect()).map_err(|source| self.failed(source))
    }

    /// Notes that somebody has looked at these schedules, and has entered and closed what was to be.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn looked_at(&self, names: &[String], at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut within = self.begin().await?;
        let mut names: Vec<&String> = names.iter().collect();
        names.sort();
        for name in names {
            let looked = sqlx::query("UPDATE schedules SET looked = $2 WHERE schedule = $1").bind(name.clone()).bind(at.timestamp_millis());
            looked.execute(&mut *within).await.map_err(|source| self.failed(source))?;
        }
        within.commit().await.map_err(|source| self.failed(source))
    }

    /// Notes that a process looks; those that have not for a day are forgotten.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn is_there(&self, name: &str, host: &str, process: u32) -> Result<(), StoreError> {
        let now = self.clock();
        let text = format!(
            "INSERT INTO replicas (name, host, process, since, seen) VALUES ($1, $2, $3, {now}, {now})
             ON CONFLICT (name) DO UPDATE SET seen = excluded.seen"
        );
        let noted = sqlx::query(AssertSqlSafe(text)).bind(name.to_owned()).bind(host.to_owned()).bind(i64::from(process));
        noted.execute(&self.pool).await.map_err(|source| self.failed(source))?;
        let gone = format!("DELETE FROM replicas WHERE seen < {now} - 86400000");
        sqlx::query(AssertSqlSafe(gone)).execute(&self.pool).await.map(drop).map_err(|source| self.failed(source))
    }

    /// Notes that a process looks no more.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn leaves(&self, name: &str) -> Result<(), StoreError> {
        let gone = sqlx::query("DELETE FROM replicas WHERE name = $1").bind(name.to_owned());
        gone.execute(&self.pool).await.map(drop).map_err(|source| self.failed(source))
    }

    /// The processes that look, by their names.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn replicas(&self) -> Result<Vec<ReplicaEntry>, StoreError> {
        let rows = sqlx::query("SELECT name, host, process, since, seen FROM replicas ORDER BY name").fetch_all(&self.pool).await;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(ReplicaEntry {
                name: row.try_get(0)?,
                host: row.try_get(1)?,
                process: u32::try_from(row.try_get::<i64, _>(2)?).unwrap_or_default(),
                since: moment(row.try_get(3)?),
                seen: moment(row.try_get(4)?),
            })
        };
        rows.and_then(|rows| rows.iter().map(read).collect()).map_err(|source| self.failed(source))
    }
}

fn moment(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
