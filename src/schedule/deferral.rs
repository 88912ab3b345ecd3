//! A deferral: somebody decided that what was due in a quarter is done later. Without who, why and until when there is none.

use super::Quarter;
use crate::model::words;
use crate::units::{Problem, one_line};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The longest reason and name that is kept, in characters.
const LONGEST: usize = 1_000;

words! {
    /// What is deferred.
    DeferredSubject {
        /// A schedule: all that is due by it in the quarter.
        Schedule = "schedule",
        /// A service: whatever drills it in the quarter.
        Service = "service",
    }
}

/// A decision that what was due in a quarter is done later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// What is deferred.
    pub subject: DeferredSubject,
    /// Its name.
    pub name: String,
    /// What was due when.
    pub quarter: Quarter,
    /// Who decided it.
    pub by: String,
    /// Why.
    pub why: String,
    /// The day by which it is to be done.
    pub until: NaiveDate,
    /// When it was decided.
    pub made: DateTime<Utc>,
}

impl Deferral {
    /// The same, where it says who, why and until when, and that day is still to come.
    ///
    /// # Errors
    /// What is missing.
    pub fn checked(self) -> Result<Self, Problem> {
        let (by, why) = (clean(&self.by), clean(&self.why));
        if by.is_empty() {
            return Err(Problem::new("a deferral must say who decided it").hint("name yourself with `--by`"));
        }
        if why.is_empty() {
            return Err(Problem::new("a deferral must say why").hint("write the reason with `--reason`: auditors of the ledger read it"));
        }
        if self.until < self.made.date_naive() {
            let told = format!("what is deferred until {} would be overdue at once", self.until);
            return Err(Problem::new(told).hint("name a day that is still to come with `--until`"));
        }
        if self.until < self.quarter.first_day() {
            let told = format!("what is due in {} cannot be deferred until {}, before it", self.quarter, self.until);
            return Err(Problem::new(told).hint("name another quarter with `--quarter`, or a later day with `--until`"));
        }
        Ok(Self { by, why, ..self })
    }

    /// True where its day has passed.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.until < now.date_naive()
    }

    /// In a sentence.
    pub fn told(&self) -> String {
        format!("deferred until {} by {}: {}", self.until, self.by, self.why)
    }
}

/// In one line, and of a length that can be kept.
fn clean(text: &str) -> String {
    one_line(text.trim()).chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deferral_without_who_why_or_a_day_to_come_is_refused() {
        let deferral = Deferral {
            subject: DeferredSubject::Schedule,
            name: "chat".into(),
            quarter: "2026-Q4".parse().unwrap(),
            by: "ana".into(),
            why: "the gateway\nmoves".into(),
            until: "2027-01-20".parse().unwrap(),
            made: "2026-11-30T09:00:00Z".parse().unwrap(),
        };
        let kept = deferral.clone().checked().unwrap();
        assert_eq!(kept.told(), "deferred until 2027-01-20 by ana: the gateway\\nmoves");
        let refused = |change: &dyn Fn(&mut Deferral)| {
            let mut changed = deferral.clone();
            change(&mut changed);
            changed.checked().unwrap_err().to_string()
        };
        assert!(refused(&|it| it.by = " ".into()).contains("who"));
        assert!(refused(&|it| it.why = "\t".into()).contains("why"));
        assert!(refused(&|it| it.until = "2026-11-29".parse().unwrap()).contains("overdue at once"));
        assert!(refused(&|it| it.quarter = "2027-Q2".parse().unwrap()).contains("before it"));
        assert!(!kept.is_over("2027-01-20T23:00:00Z".parse().unwrap()) && kept.is_over("2027-01-21T00:00:00Z".parse().unwrap()));
    }
}
