//! What is told to whoever does not watch: entered once, claimed by one replica at a time, tried until it was taken or for the last time.
//!
//! A notice is entered before anything is sent, and stays whatever becomes of it. Whoever sends it claims it for some time; when that has
//! passed and nothing was said of it, whoever claimed it is taken for dead, and another tries. So each is delivered at least once, under the
//! same identifier.
//!
//! What this file does not do: know whom a notice goes to, or send it (`serve`).

use super::{DrillStore, StoreError};
use crate::model::{NoticeKind, words};
use crate::schedule::Notice;
use crate::units::hexadecimal;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::any::AnyRow;

words! {
    /// How far a delivery is.
    DeliveryState {
        /// It is tried, now or later.
        Waiting = "waiting",
        /// It was taken.
        Sent = "sent",
        /// It was not, and is not tried any more.
        Failed = "failed",
    }
}

/// A notice on its way to somebody, claimed by whoever asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// Its identifier.
    pub id: String,
    /// The notice's, which is the same for each target and each try.
    pub notice_id: String,
    /// What is told.
    pub notice: Notice,
    /// To whom: `webhook:NAME` or `contact:NAME`.
    pub target: String,
    /// Which try this is, from 1. With the identifier it says that nobody else has claimed it since.
    pub tries: i64,
}

/// What is known of a delivery, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeliveryEntry {
    /// Its identifier.
    pub id: String,
    /// What is told.
    pub notice: Notice,
    /// To whom.
    pub target: String,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: i64,
    /// When it was tried last.
    pub tried: Option<DateTime<Utc>>,
    /// When it is tried next; `None` where it is not.
    pub next: Option<DateTime<Utc>>,
    /// What became of the last try.
    pub told: String,
}

/// How many deliveries to a target are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryCount {
    /// `webhook:NAME` or `contact:NAME`.
    pub target: String,
    /// The state.
    pub state: DeliveryState,
    /// How many.
    pub count: i64,
}

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It was taken.
    Sent,
    /// It is tried again, after so many milliseconds.
    Again(i64),
    /// It is not tried any more.
    Failed,
}

impl DrillStore {
    /// Enters a notice, unless one of this kind and key is there; true where it was new.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn enqueue(&self, notice: &Notice) -> Result<bool, StoreError> {
        let new = enter(&self.pool, notice).await.map_err(|source| self.failed(source))?;
        let Some(row) = new else { return Ok(false) };
        self.entered.notify_one();
        self.note("notices", &row).await?;
        Ok(true)
    }

    /// Waits until a notice was entered by this process.
    pub async fn entered(&self) {
        self.entered.notified().await;
    }

    /// Notices of which nobody has said yet whom they go to, oldest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn unaddressed(&self) -> Result<Vec<(String, Notice)>, StoreError> {
        let asked = "SELECT id, notice FROM notices WHERE addressed = 0 ORDER BY happened LIMIT 100";
        let rows = sqlx::query(asked).fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        rows.iter().map(|row| Ok((text(row, "id")?, told(row)?))).collect::<Result<_, _>>().map_err(|source| self.failed(source))
    }

    /// The drills of which it was told that they began, and not yet how they ended.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn drills_without_end(&self) -> Result<Vec<String>, StoreError> {
        let asked = "SELECT s.key FROM notices s WHERE s.kind = $1 AND NOT EXISTS \
                     (SELECT 1 FROM notices v WHERE v.kind = $2 AND v.key = s.key) ORDER BY s.happened LIMIT 100";
        let query = sqlx::query_scalar(asked).bind(NoticeKind::Started.word()).bind(NoticeKind::Verdict.word());
        query.fetch_all(&self.pool).await.map_err(|source| self.failed(source))
    }

    /// Says whom a notice goes to.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn address_notice(&self, id: &str, targets: &[String]) -> Result<(), StoreError> {
        let now = self.now().await?;
        let done = async {
            let mut transaction = self.pool.begin().await?;
            for target in targets {
                let enters = "INSERT INTO deliveries (id, notice, target, state, tries, due, holder, lease, tried, told) \
                              VALUES ($1, $2, $3, 'waiting', 0, $4, '', 0, NULL, '') ON CONFLICT DO NOTHING";
                let delivery = format!("{id}/{target}");
                sqlx::query(enters).bind(delivery).bind(id).bind(target.as_str()).bind(now).execute(&mut *transaction).await?;
            }
            sqlx::query("UPDATE notices SET addressed = 1 WHERE id = $1").bind(id).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        // It is noted with what became of it. Where the file is lost before, it is addressed again.
        done.await.map_err(|source| self.failed(source))
    }

    /// To whom something is to be tried now, those who wait longest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn due_targets(&self) -> Result<Vec<String>, StoreError> {
        let now = self.now().await?;
        let asked = "SELECT target FROM deliveries WHERE state = 'waiting' AND due <= $1 AND lease <= $1 GROUP BY target ORDER BY MIN(due)";
        sqlx::query_scalar(asked).bind(now).fetch_all(&self.pool).await.map_err(|source| self.failed(source))
    }

    /// Claims deliveries to a target that are due for so many milliseconds, those that wait longest first; at most `most`.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn claim_deliveries(&self, target: &str, holder: &str, lease: i64, most: i64) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let now = self.now().await?;
        // The conditions stand twice: whoever waited for another's claim looks again.
        let claims = "UPDATE deliveries SET holder = $1, lease = $2, tries = tries + 1, tried = $3 \
                      WHERE state = 'waiting' AND due <= $3 AND lease <= $3 AND id IN \
                      (SELECT id FROM deliveries WHERE target = $4 AND state = 'waiting' AND due <= $3 AND lease <= $3 \
                      ORDER BY due, id LIMIT $5) \
                      RETURNING id, notice, target, tries";
        let claimed = sqlx::query(claims).bind(holder).bind(now + lease).bind(now).bind(target).bind(most).fetch_all(&self.pool).await;
        let claimed = claimed.map_err(|source| self.failed(source))?;
        let mut found = Vec::with_capacity(claimed.len());
        for row in &claimed {
            let read = async {
                let notice_id = text(row, "notice")?;
                let asked = sqlx::query("SELECT notice FROM notices WHERE id = $1").bind(notice_id.as_str());
                let notice = told(&asked.fetch_one(&self.pool).await?)?;
                let tries = row.try_get("tries")?;
                Ok(ClaimedDelivery { id: text(row, "id")?, notice_id, notice, target: text(row, "target")?, tries })
            };
            found.push(read.await.map_err(|source| self.failed(source))?);
        }
        Ok(found)
    }

    /// Says what became of a try. Where another has claimed the delivery since, that one's word counts; false then.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn tried(&self, delivery: &ClaimedDelivery, outcome: &Tried, told: &str) -> Result<bool, StoreError> {
        let now = self.now().await?;
        let (state, due) = match outcome {
            Tried::Sent => (DeliveryState::Sent, now),
            Tried::Again(after) => (DeliveryState::Waiting, now.saturating_add(*after)),
            Tried::Failed => (DeliveryState::Failed, now),
        };
        let says = "UPDATE deliveries SET state = $1, due = $2, lease = 0, told = $3 WHERE id = $4 AND tries = $5";
        let query = sqlx::query(says).bind(state.word()).bind(due).bind(told).bind(delivery.id.as_str()).bind(delivery.tries);
        let done = query.execute(&self.pool).await.map_err(|source| self.failed(source))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        if state != DeliveryState::Waiting {
            let ClaimedDelivery { id, notice_id, target, tries, .. } = delivery;
            let row = json!({
                "id": id, "notice": notice_id, "target": target, "state": state.word(), "tries": tries, "due": due, "holder": "", "lease": 0,
                "tried": now, "told": told,
            });
            self.note("deliveries", &row).await?;
        }
        Ok(true)
    }

    /// Milliseconds until something is to be tried; `None` where nothing waits.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn next_delivery(&self) -> Result<Option<i64>, StoreError> {
        let asked = "SELECT MIN(CASE WHEN lease > due THEN lease ELSE due END) FROM deliveries WHERE state = 'waiting'";
        let next: Option<i64> = sqlx::query_scalar(asked).fetch_one(&self.pool).await.map_err(|source| self.failed(source))?;
        let Some(next) = next else { return Ok(None) };
        Ok(Some((next - self.now().await?).max(0)))
    }

    /// Tries a delivery that has failed from the beginning; false where there is none.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn retry_delivery(&self, id: &str) -> Result<bool, StoreError> {
        let now = self.now().await?;
        let again = "UPDATE deliveries SET state = 'waiting', due = $1, lease = 0, tries = 0 WHERE id = $2 AND state = 'failed'";
        let done = sqlx::query(again).bind(now).bind(id).execute(&self.pool).await.map_err(|source| self.failed(source))?;
        self.entered.notify_one();
        Ok(done.rows_affected() > 0)
    }

    /// What became of notices, newest first; those of one state, where one is given.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn deliveries(&self, state: Option<DeliveryState>, most: i64) -> Result<Vec<DeliveryEntry>, StoreError> {
        let asked = "SELECT d.id AS id, d.target AS target, d.state AS state, d.tries AS tries, d.due AS due, d.tried AS tried, \
                     d.told AS told, n.notice AS notice FROM deliveries d JOIN notices n ON n.id = d.notice \
                     WHERE $1 = '' OR d.state = $1 ORDER BY n.happened DESC, d.id LIMIT $2";
        let query = sqlx::query(asked).bind(state.map_or("", DeliveryState::word)).bind(most);
        let rows = query.fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        rows.iter().map(entry).collect::<Result<_, _>>().map_err(|source| self.failed(source))
    }

    /// How many deliveries are in which state, by target.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn delivery_counts(&self) -> Result<Vec<DeliveryCount>, StoreError> {
        let asked = "SELECT target, state, COUNT(*) AS many FROM deliveries GROUP BY target, state ORDER BY target, state";
        let rows = sqlx::query(asked).fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        let count = |row: &AnyRow| Ok(DeliveryCount { target: text(row, "target")?, state: state(row)?, count: row.try_get("many")? });
        rows.iter().map(count).collect::<Result<_, sqlx::Error>>().map_err(|source| self.failed(source))
    }
}

/// Enters a notice; within a transaction too, so that what it tells and the notice are there together or not at all. Its row, where it is new.
///
/// # Errors
/// The database's words.
async fn enter<'c>(to: impl sqlx::Executor<'c, Database = sqlx::Any>, notice: &Notice) -> Result<Option<Value>, sqlx::Error> {
    let id = format!("msg_{}", hexadecimal(&crate::journal::random().map_err(sqlx::Error::Io)?));
    let json = serde_json::to_string(notice).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let happened = notice.at.timestamp_millis();
    let enters = "INSERT INTO notices (id, kind, key, happened, addressed, notice) VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT DO NOTHING";
    let query = sqlx::query(enters).bind(id.as_str()).bind(notice.kind.word()).bind(notice.key.as_str());
    let done = query.bind(happened).bind(json.as_str()).execute(to).await?;
    let row = || json!({"id": id, "kind": notice.kind.word(), "key": notice.key, "happened": happened, "addressed": 0, "notice": json});
    Ok((done.rows_affected() > 0).then(row))
}

fn text(row: &AnyRow, column: &str) -> Result<String, sqlx::Error> {
    row.try_get(column)
}

fn told(row: &AnyRow) -> Result<Notice, sqlx::Error> {
    serde_json::from_str(&text(row, "notice")?).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

fn state(row: &AnyRow) -> Result<DeliveryState, sqlx::Error> {
    let word = text(row, "state")?;
    DeliveryState::from_word(&word).ok_or_else(|| sqlx::Error::Decode(format!("`{word}` is no state of a delivery").into()))
}

fn entry(row: &AnyRow) -> Result<DeliveryEntry, sqlx::Error> {
    let (state, due): (_, i64) = (state(row)?, row.try_get("due")?);
    let tried: Option<i64> = row.try_get("tried")?;
    Ok(DeliveryEntry {
        id: text(row, "id")?,
        notice: told(row)?,
        target: text(row, "target")?,
        state,
        tries: row.try_get("tries")?,
        tried: tried.and_then(DateTime::from_timestamp_millis),
        next: DateTime::from_timestamp_millis(due).filter(|_| state == DeliveryState::Waiting),
        told: text(row, "told")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::NoticeSubject;
    use crate::store::StoreAddress;

    fn notice(drill: &str) -> Notice {
        let about = NoticeSubject { drill: Some(drill.to_owned()), ..NoticeSubject::default() };
        Notice::of_drill(NoticeKind::Started, about, "", "it began".to_owned(), DateTime::from_timestamp_millis(1_800_000_000_123).unwrap())
    }

    async fn store() -> (tempfile::TempDir, DrillStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = DrillStore::open(StoreAddress::File(folder.path().join("a.db"))).await.unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn what_is_entered_twice_is_there_once_and_goes_to_each_target_once() {
        let (_folder, store) = store().await;
        assert!(store.enqueue(&notice("a")).await.unwrap());
        assert!(!store.enqueue(&notice("a")).await.unwrap());
        let unaddressed = store.unaddressed().await.unwrap();
        assert_eq!(unaddressed.iter().map(|(_, notice)| notice.clone()).collect::<Vec<_>>(), [notice("a")]);
        let targets = ["webhook:one".to_owned(), "webhook:two".to_owned()];
        // Two replicas may both say so.
        store.address_notice(&unaddressed[0].0, &targets).await.unwrap();
        store.address_notice(&unaddressed[0].0, &targets).await.unwrap();
        assert_eq!(store.unaddressed().await.unwrap(), []);
        assert_eq!(store.due_targets().await.unwrap(), targets);
        let claimed = store.claim_deliveries("webhook:one", "x", 60_000, 10).await.unwrap();
        assert_eq!(claimed.iter().map(|one| one.target.as_str()).collect::<Vec<_>>(), ["webhook:one"]);
        assert_eq!(store.due_targets().await.unwrap(), targets[1..]);
        assert_eq!(store.claim_deliveries("webhook:one", "y", 60_000, 10).await.unwrap(), [], "they are somebody's");
    }

    #[tokio::test]
    async fn what_was_claimed_by_a_dead_one_is_claimed_again_and_the_dead_one_has_no_say() {
        let (_folder, store) = store().await;
        store.enqueue(&notice("a")).await.unwrap();
        let id = store.unaddressed().await.unwrap().remove(0).0;
        store.address_notice(&id, &["webhook:one".to_owned()]).await.unwrap();
        let first = store.claim_deliveries("webhook:one", "x", 0, 10).await.unwrap().remove(0);
        let second = store.claim_deliveries("webhook:one", "y", 60_000, 10).await.unwrap().remove(0);
        assert_eq!((first.tries, second.tries, &first.notice_id), (1, 2, &second.notice_id));
        assert!(!store.tried(&first, &Tried::Failed, "too late").await.unwrap());
        assert!(store.tried(&second, &Tried::Again(5_000), "500").await.unwrap());
        let next = store.next_delivery().await.unwrap().unwrap();
        assert!((1..=5_000).contains(&next), "{next}: it waits up to five seconds");
        assert_eq!(store.claim_deliveries("webhook:one", "y", 60_000, 10).await.unwrap(), [], "not yet");
    }

    #[tokio::test]
    async fn what_failed_is_kept_and_shown_and_can_be_tried_again() {
        let (_folder, store) = store().await;
        store.enqueue(&notice("a")).await.unwrap();
        let id = store.unaddressed().await.unwrap().remove(0).0;
        store.address_notice(&id, &["webhook:one".to_owned()]).await.unwrap();
        let claimed = store.claim_deliveries("webhook:one", "x", 1_000, 10).await.unwrap().remove(0);
        store.tried(&claimed, &Tried::Failed, "it answered 410").await.unwrap();
        let failed = store.deliveries(Some(DeliveryState::Failed), 10).await.unwrap();
        assert_eq!((failed[0].told.as_str(), failed[0].tries, failed[0].next), ("it answered 410", 1, None));
        let counts = store.delivery_counts().await.unwrap();
        assert_eq!(counts, [DeliveryCount { target: "webhook:one".to_owned(), state: DeliveryState::Failed, count: 1 }]);
        assert_eq!(store.next_delivery().await.unwrap(), None);
        assert!(store.retry_delivery(&failed[0].id).await.unwrap());
        let again = store.claim_deliveries("webhook:one", "x", 1_000, 10).await.unwrap().remove(0);
        assert!(store.tried(&again, &Tried::Sent, "it answered 200").await.unwrap());
        assert_eq!(store.deliveries(None, 10).await.unwrap()[0].state, DeliveryState::Sent);
        assert!(!store.retry_delivery(&failed[0].id).await.unwrap());
    }
}
