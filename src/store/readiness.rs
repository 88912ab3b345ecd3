//! The history of readiness: rounds, and how each found its hops.
//!
//! Rounds come every quarter of an hour, so only what changes is noted in `records.jsonl`, and of rounds that changed nothing those of the last ninety
//! days are kept. A hop is as it was where its state and its reason are the same.
//!
//! What this file does not do: ask anybody, or say what a state means (`readiness`).

use super::occurrences::json;
use super::{DrillStore, StoreError};
use crate::model::{HopReason, HopState};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use std::time::Duration;

/// The columns, in the order of [`HopRecord`].
const COLUMNS: &str = "environment, hop, at, state, reason, told, services, since, changed";
/// So long rounds are kept that changed nothing.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// A hop as a round found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HopRecord {
    /// The environment.
    pub environment: String,
    /// A provider, or `gateway:SERVICE`.
    pub hop: String,
    /// When the round began.
    pub at: DateTime<Utc>,
    /// How it was.
    pub state: HopState,
    /// Why.
    pub reason: Option<HopReason>,
    /// The same in words.
    pub told: String,
    /// The services that use it.
    pub services: Vec<String>,
    /// Since when it is so.
    pub since: DateTime<Utc>,
    /// Whether it came to be so in that round.
    pub changed: bool,
}

/// A hop as it was found now, before it is known what that changes.
#[derive(Debug, Clone)]
pub struct FoundHop {
    /// See [`HopRecord::hop`].
    pub hop: String,
    /// How it is.
    pub state: HopState,
    /// Why.
    pub reason: Option<HopReason>,
    /// The same in words.
    pub told: String,
    /// The services that use it.
    pub services: Vec<String>,
}

/// A round, and what it cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoundRecord {
    /// The environment.
    pub environment: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// Requests to models.
    pub requests: u64,
    /// Tokens in both directions.
    pub tokens: u64,
    /// The most that it can have cost, in billionths of a dollar.
    pub most: u64,
}

/// A row of the table, by its columns' names.
#[derive(Debug, Serialize)]
struct HopRow<'a> {
    environment: &'a str,
    hop: &'a str,
    at: i64,
    state: &'static str,
    reason: Option<&'static str>,
    told: &'a str,
    services: String,
    since: i64,
    changed: i64,
}

impl<'a> HopRow<'a> {
    fn of(record: &'a HopRecord) -> Self {
        Self {
            environment: &record.environment,
            hop: &record.hop,
            at: record.at.timestamp_millis(),
            state: record.state.word(),
            reason: record.reason.map(HopReason::word),
            told: &record.told,
            services: json(&record.services),
            since: record.since.timestamp_millis(),
            changed: i64::from(record.changed),
        }
    }
}

impl DrillStore {
    /// Keeps a round, whole or not at all, and lets go of old ones that changed nothing. Returns its hops as they are kept.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn enter_round(&self, round: &RoundRecord, found: Vec<FoundHop>) -> Result<Vec<HopRecord>, StoreError> {
        let known = self.readiness(Some(&round.environment)).await?;
        let record = |found: FoundHop| {
            let before = known.iter().find(|known| known.hop == found.hop);
            let same = before.filter(|before| before.state == found.state && before.reason == found.reason);
            let FoundHop { hop, state, reason, told, services } = found;
            let (since, changed) = (same.map_or(round.at, |same| same.since), same.is_none());
            HopRecord { environment: round.environment.clone(), hop, at: round.at, state, reason, told, services, since, changed }
        };
        let records: Vec<HopRecord> = found.into_iter().map(record).collect();
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let at = round.at.timestamp_millis();
        let failed = |source| self.failed(source);
        let mut within = self.begin().await?;
        let text =
            "INSERT INTO readiness_rounds (environment, at, requests, tokens, most) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let entered = sqlx::query(text).bind(round.environment.clone()).bind(at);
        let entered = entered.bind(number(round.requests)).bind(number(round.tokens)).bind(number(round.most));
        entered.execute(&mut *within).await.map_err(failed)?;
        let text = format!("INSERT INTO hop_readiness ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING");
        for row in records.iter().map(HopRow::of) {
            let entered = sqlx::query(AssertSqlSafe(text.clone())).bind(row.environment.to_owned()).bind(row.hop.to_owned()).bind(row.at);
            let entered = entered.bind(row.state).bind(row.reason).bind(row.told.to_owned()).bind(row.services);
            entered.bind(row.since).bind(row.changed).execute(&mut *within).await.map_err(failed)?;
        }
        let old = at - i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        for text in ["DELETE FROM readiness_rounds WHERE at < $1", "DELETE FROM hop_readiness WHERE at < $1 AND changed = 0"] {
            sqlx::query(text).bind(old).execute(&mut *within).await.map_err(failed)?;
        }
        within.commit().await.map_err(failed)?;
        for record in records.iter().filter(|record| record.changed) {
            self.note("hop_readiness", &HopRow::of(record)).await?;
        }
        Ok(records)
    }

    /// Each hop as its newest round found it, of one environment or of all.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn readiness(&self, environment: Option<&str>) -> Result<Vec<HopRecord>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM hop_readiness WHERE (environment = $1 OR $1 = '') AND (environment, hop, at) IN
             (SELECT environment, hop, MAX(at) FROM hop_readiness GROUP BY environment, hop) ORDER BY environment, hop"
        );
        let asked = sqlx::query(AssertSqlSafe(text)).bind(environment.unwrap_or_default().to_owned());
        let rows = asked.fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        Ok(rows.iter().filter_map(read).collect())
    }

    /// What changed since a moment, the oldest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn readiness_changes(&self, environment: Option<&str>, since: DateTime<Utc>) -> Result<Vec<HopRecord>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM hop_readiness WHERE changed = 1 AND at >= $1 AND (environment = $2 OR $2 = '') ORDER BY at, hop"
        );
        let asked = sqlx::query(AssertSqlSafe(text)).bind(since.timestamp_millis()).bind(environment.unwrap_or_default().to_owned());
        let rows = asked.fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        Ok(rows.iter().filter_map(read).collect())
    }

    /// The newest round of each environment.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn last_rounds(&self) -> Result<Vec<RoundRecord>, StoreError> {
        let text = "SELECT environment, at, requests, tokens, most FROM readiness_rounds WHERE (environment, at) IN
                    (SELECT environment, MAX(at) FROM readiness_rounds GROUP BY environment) ORDER BY environment";
        let rows = sqlx::query(text).fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        let count = |row: &AnyRow, place: usize| row.try_get::<i64, _>(place).ok().and_then(|count| u64::try_from(count).ok());
        let one = |row: &AnyRow| {
            let at = DateTime::from_timestamp_millis(row.try_get(1).ok()?)?;
            Some(RoundRecord {
                environment: row.try_get(0).ok()?,
                at,
                requests: count(row, 2)?,
                tokens: count(row, 3)?,
                most: count(row, 4)?,
            })
        };
        Ok(rows.iter().filter_map(one).collect())
    }

    /// Takes the turn to begin the next round of an environment, for so long. False where it is another's, or was taken within that time: of several
    /// replicas one begins it.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn take_readiness_turn(&self, environment: &str, holder: &str, every: Duration) -> Result<bool, StoreError> {
        let now = self.clock();
        let text = format!(
            "INSERT INTO readiness_turns (environment, holder, until) VALUES ($1, $2, {now} + $3)
             ON CONFLICT (environment) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE readiness_turns.until <= {now}
             RETURNING environment"
        );
        let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX / 2);
        let asked = sqlx::query(AssertSqlSafe(text)).bind(environment.to_owned()).bind(holder.to_owned()).bind(every);
        let rows = asked.fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        Ok(!rows.is_empty())
    }
}

/// A row; one of a newer build whose words this one does not know is left out.
fn read(row: &AnyRow) -> Option<HopRecord> {
    let moment = |place: usize| DateTime::from_timestamp_millis(row.try_get::<i64, _>(place).ok()?);
    let reason: Option<String> = row.try_get(4).ok()?;
    Some(HopRecord {
        environment: row.try_get(0).ok()?,
        hop: row.try_get(1).ok()?,
        at: moment(2)?,
        state: HopState::from_word(&row.try_get::<String, _>(3).ok()?)?,
        reason: reason.as_deref().and_then(HopReason::from_word),
        told: row.try_get(5).ok()?,
        services: serde_json::from_str(&row.try_get::<String, _>(6).ok()?).ok()?,
        since: moment(7)?,
        changed: row.try_get::<i64, _>(8).ok()? != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreAddress;

    fn round(minute: i64) -> RoundRecord {
        let at = DateTime::from_timestamp(1_800_000_000 + 60 * minute, 0).unwrap();
        RoundRecord { environment: "prod".into(), at, requests: 3, tokens: 41, most: 200_000 }
    }

    fn found(state: HopState, reason: Option<HopReason>) -> Vec<FoundHop> {
        vec![FoundHop { hop: "openai".into(), state, reason, told: "so".into(), services: vec!["chat".into()] }]
    }

    async fn store(folder: &tempfile::TempDir) -> DrillStore {
        DrillStore::open(StoreAddress::File(folder.path().join("drills/lifeboat.db"))).await.unwrap()
    }

    #[tokio::test]
    async fn only_what_changes_is_noted_and_outlives_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = store(&folder).await;
        let dead = || found(HopState::Dead, Some(HopReason::KeyRefused));
        for (minute, found) in [(0, found(HopState::Alive, None)), (15, dead()), (30, dead()), (45, dead())] {
            first.enter_round(&round(minute), found).await.unwrap();
        }
        let changes = first.readiness_changes(None, DateTime::UNIX_EPOCH).await.unwrap();
        assert_eq!(
            changes.iter().map(|change| (change.state, change.at)).collect::<Vec<_>>(),
            [(HopState::Alive, round(0).at), (HopState::Dead, round(15).at)]
        );
        let [last] = &first.readiness(Some("prod")).await.unwrap()[..] else { panic!() };
        assert_eq!((last.at, last.since, last.changed, last.reason), (round(45).at, round(15).at, false, Some(HopReason::KeyRefused)));
        assert_eq!(first.last_rounds().await.unwrap(), [round(45)]);
        let lines = std::fs::read_to_string(folder.path().join("drills/records.jsonl")).unwrap();
        assert_eq!(lines.lines().count(), 2, "rounds that change nothing leave no line");
        first.close().await;
        for name in ["lifeboat.db", "lifeboat.db-wal", "lifeboat.db-shm"] {
            let _ = std::fs::remove_file(folder.path().join("drills").join(name));
        }
        let second = store(&folder).await;
        assert_eq!(second.readiness_changes(None, DateTime::UNIX_EPOCH).await.unwrap(), changes);
        let after = second.enter_round(&round(60), dead()).await.unwrap();
        assert_eq!((after[0].since, after[0].changed), (round(15).at, false), "since when is still known");
    }

    #[tokio::test]
    async fn old_rounds_that_changed_nothing_are_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        for minute in [0, 15, 91 * 24 * 60] {
            store.enter_round(&round(minute), found(HopState::Alive, None)).await.unwrap();
        }
        let kept: Vec<i64> = sqlx::query_scalar("SELECT at FROM hop_readiness ORDER BY at").fetch_all(&store.pool).await.unwrap();
        assert_eq!(kept, [round(0).at.timestamp_millis(), round(91 * 24 * 60).at.timestamp_millis()]);
        let rounds: i64 = sqlx::query_scalar("SELECT count(*) FROM readiness_rounds").fetch_one(&store.pool).await.unwrap();
        assert_eq!(rounds, 1);
    }

    #[tokio::test]
    async fn one_of_several_replicas_takes_the_turn() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let take = |holder, seconds| store.take_readiness_turn("prod", holder, Duration::from_secs(seconds));
        assert!(take("a", 60).await.unwrap());
        assert!(!take("b", 60).await.unwrap() && !take("a", 60).await.unwrap());
        assert!(store.take_readiness_turn("other", "b", Duration::ZERO).await.unwrap());
        assert!(store.take_readiness_turn("other", "c", Duration::from_secs(60)).await.unwrap(), "its time is over");
    }
}
