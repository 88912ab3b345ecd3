//! Whose an occurrence is while its drills run: a lease by the database's own clock, with a fence.
//!
//! A claim is one statement that has an effect for exactly one of those that try it. It raises the row's fence, and everything that its holder writes
//! later names that fence: once another has taken the claim over, it has no effect any more, however late it comes. A lease that ran out is its
//! holder's all the same until somebody takes it over: a database that was away takes no drill from anybody.
//!
//! What this file does not do: decide whether a holder is gone for good, or deal with what it left (`scheduler`).

use super::occurrences::{COLUMNS, json};
use super::{DrillStore, StoreError};
use crate::schedule::{Occurrence, OccurrenceEnd};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Row};
use std::time::Duration;

/// A claim on an occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OccurrenceClaim {
    /// The schedule's name.
    pub schedule: String,
    /// When the occurrence was due.
    pub due: DateTime<Utc>,
    /// The replica that holds it.
    pub holder: String,
    /// By which it is told from every other claim on this occurrence.
    pub fence: i64,
}

/// How the holder of a claim ends it.
#[derive(Debug, Clone)]
pub struct ClaimClose {
    /// The drills that were begun.
    pub drills: Vec<String>,
    /// How they ended, in words.
    pub told: String,
    /// Whether they were ended before their time, because whoever ran them was.
    pub interrupted: bool,
}

impl DrillStore {
    /// Takes an occurrence that is due, and begins it. `None` where another has it, it is over, or an earlier one of the same schedule still runs.
    ///
    /// # Errors
    /// Where the database cannot be written; then it may be held until its lease runs out.
    pub async fn claim(
        &self,
        schedule: &str,
        due: DateTime<Utc>,
        end: OccurrenceEnd,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<OccurrenceClaim>, StoreError> {
        let now = self.clock();
        let text = format!(
            "UPDATE occurrences SET state = 'running', ended_as = $3, reason = NULL, told = '', began = {now}, holder = $4, fence = fence + 1,
                    lease_until = {now} + $5
             WHERE schedule = $1 AND due = $2 AND state = 'due'
               AND NOT EXISTS (SELECT 1 FROM occurrences AS other WHERE other.schedule = $1 AND other.state = 'running')
             RETURNING fence"
        );
        let mut within = self.begin().await?;
        // Two claims of one schedule come one after the other, so that the second sees the first.
        let turn = sqlx::query("UPDATE schedules SET claims = claims + 1 WHERE schedule = $1").bind(schedule.to_owned());
        turn.execute(&mut *within).await.map_err(|source| self.failed(source))?;
        let asked = sqlx::query(AssertSqlSafe(text)).bind(schedule.to_owned()).bind(due.timestamp_millis()).bind(end.word());
        let rows = asked.bind(holder.to_owned()).bind(millis(lease)).fetch_all(&mut *within).await;
        let rows = rows.map_err(|source| self.failed(source))?;
        within.commit().await.map_err(|source| self.failed(source))?;
        let Some(row) = rows.first() else { return Ok(None) };
        let fence = row.try_get(0).map_err(|source| self.failed(source))?;
        if !self.is_shared() {
            self.noted(schedule, due).await?;
        }
        Ok(Some(OccurrenceClaim { schedule: schedule.to_owned(), due, holder: holder.to_owned(), fence }))
    }

    /// Holds a claim for longer. False where it is another's by now.
    ///
    /// # Errors
    /// Where the database cannot be written; then it is not known whose it is.
    pub async fn renew(&self, claim: &OccurrenceClaim, lease: Duration) -> Result<bool, StoreError> {
        let text = format!(
            "UPDATE occurrences SET lease_until = {} + $4 WHERE schedule = $1 AND due = $2 AND fence = $3 AND state = 'running' RETURNING fence",
            self.clock()
        );
        let rows = by(AssertSqlSafe(text), claim).bind(millis(lease)).fetch_all(&self.pool).await;
        Ok(!rows.map_err(|source| self.failed(source))?.is_empty())
    }

    /// Notes which drills run for it. False where it is another's by now.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn note_drills(&self, claim: &OccurrenceClaim, drills: &[String]) -> Result<bool, StoreError> {
        let text =
            "UPDATE occurrences SET drills = $4 WHERE schedule = $1 AND due = $2 AND fence = $3 AND state = 'running' RETURNING fence";
        self.changed(by(AssertSqlSafe(text.to_owned()), claim).bind(json(drills)), &claim.schedule, claim.due).await
    }

    /// Gives a claim back of which no drill began: the occurrence is due as before. False where it is another's by now.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn give_back(&self, claim: &OccurrenceClaim, wanted_late: bool) -> Result<bool, StoreError> {
        let text = "UPDATE occurrences SET state = 'due', ended_as = $4, began = NULL, lease_until = NULL
                    WHERE schedule = $1 AND due = $2 AND fence = $3 AND state = 'running' RETURNING fence";
        let end = wanted_late.then(|| OccurrenceEnd::Late.word());
        self.changed(by(AssertSqlSafe(text.to_owned()), claim).bind(end), &claim.schedule, claim.due).await
    }

    /// Ends the occurrence. False where the claim is another's by now, or it was ended already.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn close_claimed(&self, claim: &OccurrenceClaim, close: &ClaimClose) -> Result<bool, StoreError> {
        let text = format!(
            "UPDATE occurrences SET state = 'over', drills = $4, told = $5, interrupted = $6, ended = {}, lease_until = NULL
             WHERE schedule = $1 AND due = $2 AND fence = $3 AND state = 'running' RETURNING fence",
            self.clock()
        );
        let asked = by(AssertSqlSafe(text), claim).bind(json(&close.drills)).bind(close.told.clone()).bind(i64::from(close.interrupted));
        self.changed(asked, &claim.schedule, claim.due).await
    }

    /// The claims whose lease ran out, with what is known of their occurrences.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn expired_claims(&self) -> Result<Vec<(OccurrenceClaim, Occurrence)>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS}, COALESCE(holder, ''), fence FROM occurrences WHERE state = 'running' AND (lease_until IS NULL OR lease_until < {})
             ORDER BY due",
            self.clock()
        );
        let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        let one = |row: &sqlx::any::AnyRow| {
            let occurrence = self.occurrence_of(row)?;
            let holder = row.try_get(10).map_err(|source| self.failed(source))?;
            let fence = row.try_get(11).map_err(|source| self.failed(source))?;
            Ok((OccurrenceClaim { schedule: occurrence.schedule.clone(), due: occurrence.due, holder, fence }, occurrence))
        };
        rows.iter().map(one).collect()
    }

    /// Takes a claim over whose lease ran out. `None` where it was renewed meanwhile, or another was faster.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn take_over(&self, from: &OccurrenceClaim, holder: &str, lease: Duration) -> Result<Option<OccurrenceClaim>, StoreError> {
        let now = self.clock();
        let text = format!(
            "UPDATE occurrences SET holder = $4, fence = fence + 1, lease_until = {now} + $5
             WHERE schedule = $1 AND due = $2 AND fence = $3 AND state = 'running' AND (lease_until IS NULL OR lease_until < {now})
             RETURNING fence"
        );
        let rows = by(AssertSqlSafe(text), from).bind(holder.to_owned()).bind(millis(lease)).fetch_all(&self.pool).await;
        let rows = rows.map_err(|source| self.failed(source))?;
        let Some(row) = rows.first() else { return Ok(None) };
        let fence = row.try_get(0).map_err(|source| self.failed(source))?;
        Ok(Some(OccurrenceClaim { holder: holder.to_owned(), fence, ..from.clone() }))
    }
}

/// What names a claim: the first three values of its statement.
fn by(text: AssertSqlSafe<String>, claim: &OccurrenceClaim) -> sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments> {
    sqlx::query(text).bind(claim.schedule.clone()).bind(claim.due.timestamp_millis()).bind(claim.fence)
}

fn millis(lease: Duration) -> i64 {
    i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreAddress;

    const LEASE: Duration = Duration::from_secs(60);
    const GONE: Duration = Duration::ZERO;

    async fn store(folder: &tempfile::TempDir) -> DrillStore {
        DrillStore::open(StoreAddress::File(folder.path().join("lifeboat.db"))).await.unwrap()
    }

    fn due(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + 60 * minute, 0).unwrap()
    }

    async fn entered(store: &DrillStore, minutes: &[i64]) {
        let all: Vec<Occurrence> = minutes.iter().map(|minute| Occurrence::new("a", due(*minute))).collect();
        assert_eq!(store.enter(&all).await.unwrap(), minutes.len() as u64);
        assert_eq!(store.enter(&all).await.unwrap(), 0, "it is there already");
    }

    #[tokio::test]
    async fn one_of_many_has_it_and_what_the_others_write_has_no_effect() {
        let folder = tempfile::tempdir().unwrap();
        let stores = [store(&folder).await, store(&folder).await];
        entered(&stores[0], &[0]).await;
        let mut tries = Vec::new();
        for number in 0..12 {
            let store = stores[number % 2].clone();
            let holder = format!("r{number}");
            tries.push(tokio::spawn(async move { store.claim("a", due(0), OccurrenceEnd::Started, &holder, LEASE).await.unwrap() }));
        }
        let mut had = Vec::new();
        for tried in tries {
            had.extend(tried.await.unwrap());
        }
        let [claim] = &had[..] else { panic!("{had:?}") };
        let other = OccurrenceClaim { fence: claim.fence - 1, ..claim.clone() };
        assert!(stores[1].renew(claim, LEASE).await.unwrap() && !stores[1].renew(&other, LEASE).await.unwrap());
        let close = ClaimClose { drills: vec!["d".into()], told: "met".into(), interrupted: false };
        assert!(!stores[0].close_claimed(&other, &close).await.unwrap());
        assert!(stores[0].close_claimed(claim, &close).await.unwrap());
        assert!(!stores[0].close_claimed(claim, &close).await.unwrap() && !stores[0].renew(claim, LEASE).await.unwrap(), "it is over");
        let over = stores[1].occurrence("a", due(0)).await.unwrap().unwrap();
        assert_eq!((over.end, over.drills, over.told.as_str()), (Some(OccurrenceEnd::Started), vec!["d".to_owned()], "met"));
        assert!(over.began.is_some() && over.over.is_some());
    }

    #[tokio::test]
    async fn a_claim_that_ran_out_is_taken_over_once_and_its_old_holder_learns_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        entered(&store, &[0]).await;
        let old = store.claim("a", due(0), OccurrenceEnd::Started, "old", LEASE).await.unwrap().unwrap();
        assert!(store.take_over(&old, "new", LEASE).await.unwrap().is_none() && store.expired_claims().await.unwrap().is_empty());
        assert!(store.renew(&old, GONE).await.unwrap());
        tokio::time::sleep(Duration::from_millis(5)).await;
        // As long as nobody has taken it, it is its holder's.
        assert!(store.note_drills(&old, &["d".into()]).await.unwrap());
        let expired = store.expired_claims().await.unwrap();
        assert_eq!((expired.len(), &expired[0].0, &expired[0].1.drills[..]), (1, &old, &["d".to_owned()][..]));
        let new = store.take_over(&old, "new", LEASE).await.unwrap().unwrap();
        assert!(store.take_over(&old, "late", LEASE).await.unwrap().is_none());
        assert!(!store.renew(&old, LEASE).await.unwrap() && !store.give_back(&old, false).await.unwrap());
        assert!(store.renew(&new, LEASE).await.unwrap());
    }

    #[tokio::test]
    async fn one_of_a_schedule_runs_at_a_time_and_what_is_given_back_is_due_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        entered(&store, &[0, 1]).await;
        let first = store.claim("a", due(0), OccurrenceEnd::Late, "r", LEASE).await.unwrap().unwrap();
        assert!(store.claim("a", due(1), OccurrenceEnd::Started, "r", LEASE).await.unwrap().is_none());
        assert!(store.give_back(&first, true).await.unwrap());
        let due_again = store.occurrence("a", due(0)).await.unwrap().unwrap();
        assert_eq!((due_again.state.word(), due_again.end, due_again.began), ("due", Some(OccurrenceEnd::Late), None));
        assert!(store.claim("a", due(1), OccurrenceEnd::Started, "r", LEASE).await.unwrap().is_some());
        assert_eq!(store.open_occurrences(due(60)).await.unwrap().len(), 2);
    }
}
