//! The answer of a person about an occurrence whose window has passed, where its schedule says `if_missed: ask`.

use crate::schedule::{MissReason, OccurrenceEnd, OccurrenceState};
use crate::store::{DrillStore, OccurrenceClose, StoreError};
use crate::units::Explained;
use chrono::{DateTime, SecondsFormat, Utc};
use std::borrow::Cow;

/// What somebody wants of an occurrence that is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateAnswer {
    /// It is to run now, though it is late.
    Run,
    /// It stays missed.
    Decline,
}

/// Why an answer counts for nothing.
#[derive(Debug, thiserror::Error)]
pub enum LateProblem {
    /// There is no such occurrence.
    #[error("`{schedule}` has no occurrence that was due at {due}")]
    Unknown {
        /// The schedule.
        schedule: String,
        /// When.
        due: String,
    },
    /// Nobody is asked about it.
    #[error("nobody is asked about `{schedule}`, due {due}: it is {state}")]
    NotAsked {
        /// The schedule.
        schedule: String,
        /// When.
        due: String,
        /// What it is.
        state: String,
    },
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Explained for LateProblem {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unknown { .. } | Self::NotAsked { .. } => Some("`lifeboat schedule` lists those that wait for an answer".into()),
            Self::Store(error) => error.hint(),
        }
    }
}

/// Answers for an occurrence that is asked about. What is to run is due again, and any scheduler begins it as soon as nothing stands in its way.
///
/// # Errors
/// Where nobody is asked about it, or the store cannot be written.
pub async fn answer_late(store: &DrillStore, schedule: &str, due: DateTime<Utc>, answer: LateAnswer, who: &str) -> Result<(), LateProblem> {
    let done = match answer {
        LateAnswer::Run => store.want_late(schedule, due, who).await?,
        LateAnswer::Decline => {
            // Only what is asked about can be declined.
            let is_asked = store.occurrence(schedule, due).await?.is_some_and(|known| known.state == OccurrenceState::Asked);
            let close = OccurrenceClose {
                end: OccurrenceEnd::Missed,
                reason: Some(MissReason::Declined),
                drills: Vec::new(),
                told: format!("{who} declined to run it late"),
            };
            is_asked && store.close_waiting(schedule, due, &close).await?
        }
    };
    if done {
        return Ok(());
    }
    let (schedule, at) = (schedule.to_owned(), due.to_rfc3339_opts(SecondsFormat::Secs, true));
    match store.occurrence(&schedule, due).await? {
        None => Err(LateProblem::Unknown { schedule, due: at }),
        Some(known) => {
            let end = known.end.filter(|_| known.state == OccurrenceState::Over).map(|end| format!(", {end}")).unwrap_or_default();
            Err(LateProblem::NotAsked { schedule, due: at, state: format!("{}{end}", known.state) })
        }
    }
}
