//! The newest drills of each kind: of ten thousand drills whoever asks how things stand needs a few.
//!
//! One index holds all that is grouped by, so that only the rows that are told are read.

use super::drill_store::DrillStore;
use super::entry::{DrillEntry, DrillState};
use super::error::StoreError;
use super::sources::DrillSources;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Row};
use std::collections::{BTreeMap, BTreeSet};

/// Drills that are no trials of a series, as conditions know them: `~` stands before each column.
const DRILLS: &str = "~kind = 'drill' AND ~series IS NULL";
/// Such that show something.
const DECISIVE: &str = "~verdict IN ('met', 'missed') AND ~state = 'over'";

impl DrillStore {
    /// Of the drills, trials of series among them, that were made of the same, ran in one place and ended alike, the newest; the oldest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn newest_alike(&self) -> Result<Vec<(DrillEntry, DrillSources)>, StoreError> {
        let rows = self.newest(&["scenario", "environment", "made_of", "verdict", "state"], "~kind = 'drill'").await?;
        Ok(in_order(rows))
    }

    /// All drills that began at a moment or later, trials of series among them; the oldest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn drills_since(&self, since: DateTime<Utc>) -> Result<Vec<(DrillEntry, DrillSources)>, StoreError> {
        let text = format!("SELECT record, sources FROM drills WHERE kind = 'drill' AND started >= {}", since.timestamp_millis());
        Ok(in_order(self.with_sources(text).await?))
    }

    /// The newest drill of each scenario in each environment that runs no more.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn newest_of_scenarios(&self) -> Result<Vec<DrillEntry>, StoreError> {
        let rows = self.newest(&["scenario", "environment"], &format!("{DRILLS} AND ~state <> 'running'")).await?;
        let mut newest = BTreeMap::new();
        for (entry, _) in rows {
            newest.insert((entry.scenario.clone(), entry.environment.clone()), entry);
        }
        let mut newest: Vec<DrillEntry> = newest.into_values().collect();
        newest.sort_by(|one, other| (other.started, &other.id).cmp(&(one.started, &one.id)));
        Ok(newest)
    }

    /// The same of those that count: over, and met or missed.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn newest_decisive(&self) -> Result<Vec<DrillEntry>, StoreError> {
        let rows = self.newest(&["scenario", "environment"], &format!("{DRILLS} AND {DECISIVE}")).await?;
        Ok(rows.into_iter().map(|(entry, _)| entry).collect())
    }

    /// The newest drill or series of each service that is over.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn newest_of_services(&self) -> Result<BTreeMap<String, DrillEntry>, StoreError> {
        let over = format!("~kind IN ('drill', 'series') AND ~series IS NULL AND ~state = '{}'", DrillState::Over.word());
        let mut newest: BTreeMap<String, DrillEntry> = BTreeMap::new();
        for (entry, _) in self.newest(&["services"], &over).await? {
            for service in &entry.services {
                if newest.get(service).is_none_or(|known| known.started < entry.started) {
                    newest.insert(service.clone(), entry.clone());
                }
            }
        }
        Ok(newest)
    }

    /// The drills since a moment that are not over, or showed nothing; by their identifiers.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn indecisive(&self, since: DateTime<Utc>) -> Result<BTreeSet<String>, StoreError> {
        let text = "SELECT id FROM drills WHERE kind = 'drill' AND series IS NULL AND started >= $1
                    AND (verdict IS NULL OR verdict NOT IN ('met', 'missed') OR state <> 'over')";
        let asked = sqlx::query_scalar(text).bind(since.timestamp_millis());
        let ids: Vec<String> = asked.fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        Ok(ids.into_iter().collect())
    }

    /// Of those that fulfil a condition, the newest of each group; of several that began in one moment all.
    async fn newest(&self, by: &[&str], condition: &str) -> Result<Vec<(DrillEntry, DrillSources)>, StoreError> {
        let columns = by.join(", ");
        let same = by.iter().map(|column| match *column {
            "verdict" => "coalesce(d.verdict, '') = coalesce(n.verdict, '')".to_owned(),
            column => format!("d.{column} = n.{column}"),
        });
        let text = format!(
            "SELECT d.record, d.sources FROM drills d
             JOIN (SELECT {columns}, max(started) AS newest FROM drills WHERE {} GROUP BY {columns}) n
             ON d.started = n.newest AND {} WHERE {}",
            condition.replace('~', ""),
            same.collect::<Vec<_>>().join(" AND "),
            condition.replace('~', "d.")
        );
        self.with_sources(text).await
    }

    async fn with_sources(&self, text: String) -> Result<Vec<(DrillEntry, DrillSources)>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        let read = |row: &sqlx::any::AnyRow| {
            let (record, sources): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
            let decoded = |error| sqlx::Error::Decode(Box::new(error));
            Ok((serde_json::from_str(record).map_err(decoded)?, serde_json::from_str(sources).map_err(decoded)?))
        };
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(|source| self.failed(source))
    }
}

fn in_order(mut found: Vec<(DrillEntry, DrillSources)>) -> Vec<(DrillEntry, DrillSources)> {
    found.sort_by(|(one, _), (other, _)| (one.started, &one.id).cmp(&(other.started, &other.id)));
    found
}
