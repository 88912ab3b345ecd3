//! Which past drills are asked for, and those that the store knows.

use super::drill_store::DrillStore;
use super::entry::{DrillEntry, DrillState, RunKind};
use super::error::StoreError;
use crate::verdict::Decision;
use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use std::path::Path;

/// Which drills are asked for; what is `None` is not asked. Without anything: all drills, executions and series, without the trials of series.
#[derive(Debug, Clone, Default)]
pub struct DrillQuery {
    /// A service that one of its workloads asked.
    pub service: Option<String>,
    /// The scenario's name.
    pub scenario: Option<String>,
    /// Where it ran.
    pub environment: Option<String>,
    /// How it was judged.
    pub verdict: Option<Decision>,
    /// It began then or later.
    pub since: Option<DateTime<Utc>>,
    /// It began before that.
    pub until: Option<DateTime<Utc>>,
    /// How far it is.
    pub state: Option<DrillState>,
    /// What it is.
    pub kind: Option<RunKind>,
    /// The series of which it is a trial, by its identifier.
    pub series: Option<String>,
    /// At the most so many.
    pub limit: Option<u64>,
    /// So many of the newest are left out.
    pub offset: u64,
}

/// A condition's text and what is put into it.
#[derive(Default)]
struct Conditions {
    texts: Vec<String>,
    binds: Vec<Bind>,
}

enum Bind {
    Text(String),
    Number(i64),
}

impl Conditions {
    /// `condition` with `$` where the value goes.
    fn add(&mut self, condition: &str, bind: Bind) {
        self.binds.push(bind);
        self.texts.push(condition.replace('$', &format!("${}", self.binds.len())));
    }

    fn of(query: &DrillQuery) -> Self {
        let mut all = Self::default();
        match &query.series {
            Some(series) => all.add("series = $", Bind::Text(series.clone())),
            None => all.texts.push("series IS NULL".to_owned()),
        }
        if let Some(service) = &query.service {
            // The services are a list of JSON, and names hold no quotes. Neither database takes case for nothing here.
            all.add("replace(services, $, '') <> services", Bind::Text(format!("\"{service}\"")));
        }
        let words = [
            ("scenario = $", query.scenario.clone()),
            ("environment = $", query.environment.clone()),
            ("verdict = $", query.verdict.map(|verdict| verdict.word().to_owned())),
            ("state = $", query.state.map(|state| state.word().to_owned())),
            ("kind = $", query.kind.map(|kind| kind.word().to_owned())),
        ];
        for (condition, word) in words {
            if let Some(word) = word {
                all.add(condition, Bind::Text(word));
            }
        }
        if let Some(since) = query.since {
            all.add("started >= $", Bind::Number(since.timestamp_millis()));
        }
        if let Some(until) = query.until {
            all.add("started < $", Bind::Number(until.timestamp_millis()));
        }
        all
    }

    fn text(&self) -> String {
        self.texts.join(" AND ")
    }

    /// The values of one column of the rows that are found.
    async fn fetch<T>(self, store: &DrillStore, text: String) -> Result<Vec<T>, StoreError>
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any>,
    {
        let mut asked = sqlx::query_scalar(AssertSqlSafe(text));
        for bind in self.binds {
            asked = match bind {
                Bind::Text(text) => asked.bind(text),
                Bind::Number(number) => asked.bind(number),
            };
        }
        asked.fetch_all(&store.pool).await.map_err(|source| store.failed(source))
    }
}

impl DrillStore {
    /// The drills that are asked for, the newest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn drills(&self, query: &DrillQuery) -> Result<Vec<DrillEntry>, StoreError> {
        let conditions = Conditions::of(query);
        let limit = query.limit.unwrap_or(i64::MAX as u64).min(i64::MAX as u64);
        let text = format!(
            "SELECT record FROM drills WHERE {} ORDER BY started DESC, id DESC LIMIT {limit} OFFSET {}",
            conditions.text(),
            query.offset.min(i64::MAX as u64)
        );
        let records: Vec<String> = conditions.fetch(self, text).await?;
        records.iter().map(|record| self.entry(record)).collect()
    }

    /// How many are asked for, without limit and offset.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn count(&self, query: &DrillQuery) -> Result<u64, StoreError> {
        let conditions = Conditions::of(query);
        let text = format!("SELECT count(*) FROM drills WHERE {}", conditions.text());
        let counts: Vec<i64> = conditions.fetch(self, text).await?;
        Ok(counts.first().map_or(0, |count| u64::try_from(*count).unwrap_or(0)))
    }

    /// The drill, execution or series that is called so.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn drill(&self, id: &str) -> Result<Option<DrillEntry>, StoreError> {
        let found: Option<String> = sqlx::query_scalar("SELECT record FROM drills WHERE id = $1")
            .bind(id.to_owned())
            .fetch_optional(&self.pool)
            .await
            .map_err(|source| self.failed(source))?;
        found.map(|record| self.entry(&record)).transpose()
    }

    /// The one whose folder this is.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn drill_in(&self, folder: &Path) -> Result<Option<DrillEntry>, StoreError> {
        let found: Option<String> = sqlx::query_scalar("SELECT record FROM drills WHERE folder = $1 LIMIT 1")
            .bind(folder.to_string_lossy().into_owned())
            .fetch_optional(&self.pool)
            .await
            .map_err(|source| self.failed(source))?;
        found.map(|record| self.entry(&record)).transpose()
    }

    /// An entry as it is kept.
    fn entry(&self, record: &str) -> Result<DrillEntry, StoreError> {
        serde_json::from_str(record).map_err(|error| self.failed(sqlx::Error::Decode(Box::new(error))))
    }
}
