//! One time that a schedule was due. It ends as exactly one of: started, late, kept by a manual run, or missed with its reason.

use crate::model::words;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

words! {
    /// Why an occurrence was missed.
    MissReason {
        /// A freeze, or no hour in which drills are allowed.
        Freeze = "freeze",
        /// Another drill held what it would have touched.
        Lock = "lock",
        /// A lever was pulled.
        Lever = "lever",
        /// An approval was wanting.
        Approval = "approval",
        /// Drills of the same schedule still ran.
        Overlap = "overlap",
        /// It could have cost more than is allowed.
        Spend = "spend",
        /// Nobody was there to start it.
        DaemonDown = "daemon-down",
        /// Its files were not valid, or it could not begin for another reason of its own.
        Invalid = "invalid",
        /// Somebody was asked, and did not want it any more.
        Declined = "declined",
    }
}

words! {
    /// As what an occurrence ended.
    OccurrenceEnd {
        /// It began within its window.
        Started = "started",
        /// It began after that.
        Late = "late",
        /// A drill that somebody ran by hand counts for it.
        Kept = "kept",
        /// It did not begin.
        Missed = "missed",
    }
}

words! {
    /// How far an occurrence is.
    OccurrenceState {
        /// It may begin now, or waits for something.
        Due = "due",
        /// Its window has passed, and somebody is asked whether it is to run late.
        Asked = "asked",
        /// Its drills run.
        Running = "running",
        /// It is over.
        Over = "over",
    }
}

/// One time that a schedule was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The schedule's name.
    pub schedule: String,
    /// When it was due, by its rule.
    pub due: DateTime<Utc>,
    /// How far it is.
    pub state: OccurrenceState,
    /// As what it ended or, where it runs, began; `None` before that.
    pub end: Option<OccurrenceEnd>,
    /// Why it was missed.
    pub reason: Option<MissReason>,
    /// The same in words, or what stands in its way at present.
    pub told: String,
    /// The drills that were begun for it or keep it, by their identifiers.
    pub drills: Vec<String>,
    /// Whoever ran its drills was killed before they were over.
    pub interrupted: bool,
    /// When it began.
    pub began: Option<DateTime<Utc>>,
    /// When it was over.
    pub over: Option<DateTime<Utc>>,
}

impl Occurrence {
    /// One that is due and of which nothing is known yet.
    pub fn new(schedule: &str, due: DateTime<Utc>) -> Self {
        Self {
            schedule: schedule.to_owned(),
            due,
            state: OccurrenceState::Due,
            end: None,
            reason: None,
            told: String::new(),
            drills: Vec::new(),
            interrupted: false,
            began: None,
            over: None,
        }
    }
}
