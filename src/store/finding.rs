//! Findings of past drills, as lists show them: of a scenario in an environment those of its newest drill, which has what came before.

use super::drill_store::DrillStore;
use super::entry::DrillEntry;
use super::error::StoreError;
use crate::model::{FindingSeverity, FindingState, KeptFinding};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;

/// A finding of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingEntry {
    /// The drill in whose file it stands.
    pub drill: String,
    /// That drill's scenario.
    pub scenario: String,
    /// Where it ran.
    pub environment: String,
    /// The service that the drill was about.
    pub service: String,
    /// What it is.
    pub id: String,
    /// What it is about, where there are several of its kind.
    pub about: Option<String>,
    /// How much it matters.
    pub severity: FindingSeverity,
    /// What was seen, in a sentence.
    pub says: String,
    /// What would mend it.
    pub suggestion: Option<String>,
    /// The drill that showed it first.
    pub since: Option<String>,
    /// The drill that showed it last.
    pub last_seen: Option<String>,
    /// What became of it.
    pub state: FindingState,
    /// Who looks into it.
    pub owner: Option<String>,
    /// Until when, as people wrote it.
    pub due: Option<String>,
    /// Where it is tracked.
    pub ticket: Option<String>,
    /// What people wrote about it.
    pub notes: Option<String>,
}

impl FindingEntry {
    /// One of a drill.
    pub(super) fn of(drill: &DrillEntry, kept: &KeptFinding) -> Self {
        let KeptFinding { id, about, severity, says, suggestion, since, last_seen, state, owner, due, ticket, notes } = kept.clone();
        let (scenario, environment, service) = (drill.scenario.clone(), drill.environment.clone(), drill.service.clone());
        let drill = drill.id.clone();
        Self {
            drill,
            scenario,
            environment,
            service,
            id,
            about,
            severity,
            says,
            suggestion,
            since,
            last_seen,
            state,
            owner,
            due,
            ticket,
            notes,
        }
    }

    /// True where somebody is to look into it.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, FindingState::New | FindingState::StillThere)
    }

    /// The day until which it is to be done, where people wrote one.
    pub fn due_day(&self) -> Option<NaiveDate> {
        self.due.as_deref()?.get(..10).and_then(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok())
    }

    /// True where it is open and its day has passed.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.is_open() && self.due_day().is_some_and(|due| due < today)
    }
}

/// Which findings are asked for; what is `None` is not asked.
#[derive(Debug, Clone, Default)]
pub struct FindingQuery {
    /// The drill in whose file they stand; without one those of the newest drill of each scenario in each environment.
    pub drill: Option<String>,
    /// The scenario's name.
    pub scenario: Option<String>,
    /// Where it ran.
    pub environment: Option<String>,
    /// What it is called.
    pub id: Option<String>,
    /// Who looks into it.
    pub owner: Option<String>,
    /// Those that are gone and those that were accepted as well.
    pub all: bool,
    /// Only those whose day has passed before this one.
    pub overdue_on: Option<NaiveDate>,
}

impl DrillStore {
    /// The findings that are asked for: by scenario and environment, those that matter most first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn findings(&self, query: &FindingQuery) -> Result<Vec<FindingEntry>, StoreError> {
        let newest = "JOIN (SELECT scenario, environment, max(started) AS started FROM reviews GROUP BY scenario, environment) newest \
                      ON newest.scenario = f.scenario AND newest.environment = f.environment AND newest.started = f.started";
        let mut text =
            format!("SELECT f.record FROM findings f {}WHERE 1 = 1", if query.drill.is_some() { "" } else { newest }.to_owned() + " ");
        let mut binds = Vec::new();
        let equal = [
            ("f.drill", &query.drill),
            ("f.scenario", &query.scenario),
            ("f.environment", &query.environment),
            ("f.finding", &query.id),
            ("f.owner", &query.owner),
        ];
        for (column, value) in equal {
            if let Some(value) = value {
                binds.push(value.clone());
                text += &format!(" AND {column} = ${}", binds.len());
            }
        }
        if !query.all || query.overdue_on.is_some() {
            text += " AND f.state IN ('new', 'still-there')";
        }
        if let Some(today) = query.overdue_on {
            binds.push(today.to_string());
            text += &format!(" AND f.due < ${}", binds.len());
        }
        text += " ORDER BY f.scenario, f.environment, f.drill, f.place";
        let query = binds.into_iter().fold(sqlx::query_scalar(AssertSqlSafe(text)), sqlx::query::QueryScalar::bind);
        let records: Vec<String> = query.fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        let read = |record: &String| serde_json::from_str(record).map_err(|error| self.failed(sqlx::Error::Decode(Box::new(error))));
        let mut found = records.iter().map(read).collect::<Result<Vec<FindingEntry>, _>>()?;
        // The words of severity are in the order of their weight, the least first.
        found.sort_by(|one, other| {
            let key = |entry: &FindingEntry| (entry.scenario.clone(), entry.environment.clone(), std::cmp::Reverse(entry.severity));
            key(one).cmp(&key(other))
        });
        Ok(found)
    }
}
