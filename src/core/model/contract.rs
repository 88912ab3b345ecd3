//! What a provider's contract says of its end, so that a team knows its exits before it needs them.
//!
//! Each is a statement of the team's; nothing here is asked of a provider. No history holds it.

use super::words;
use crate::units::{Day, Duration};
use serde::{Deserialize, Serialize};

/// What stands in the contract with a provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contract {
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Day>,
    /// How long before its end it must be given notice of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Duration>,
    /// What it says of an end before that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_clause: Option<String>,
    /// What the models may be used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What was agreed on prices, in words. What tokens cost, a provider's `price` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// Who may end it at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocable_by: Option<RevocableBy>,
    /// Whether, and how, one's own data comes out again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_export: Option<DataExport>,
    /// Contacts of the inventory to call about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
}

words! {
    /// Who may end a contract at once.
    RevocableBy {
        /// The provider alone.
        Provider = "provider",
        /// The team alone.
        Customer = "customer",
        /// Each of them.
        Both = "both",
        /// Neither: it lasts to its end.
        Nobody = "nobody",
    }
}

impl RevocableBy {
    /// True where the provider may.
    pub const fn is_providers(self) -> bool {
        matches!(self, Self::Provider | Self::Both)
    }
}

/// Whether one's own data (tuned models, files, stored answers) comes out of a provider again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataExport {
    /// It does; nobody says how.
    Possible,
    /// It does, and so.
    By(String),
    /// It does not.
    Impossible,
}

impl Contract {
    /// The last day on which notice can be given.
    pub fn notice_by(&self) -> Option<Day> {
        const NANOS_A_DAY: u64 = 86_400_000_000_000;
        self.notice.zip(self.ends).map(|(notice, ends)| ends.before(notice.as_nanos().div_ceil(NANOS_A_DAY)))
    }

    /// True where it says a way out: a clause, or data that comes out.
    pub fn has_exit(&self) -> bool {
        self.exit_clause.is_some() || matches!(self.data_export, Some(DataExport::Possible | DataExport::By(_)))
    }
}

/// How far off a day is on which something must have been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayStanding {
    /// It is over.
    Past,
    /// It is today, or in so many days.
    Soon(u64),
    /// There is time.
    Later,
}

impl DayStanding {
    /// So many days ahead people want to know.
    pub const SOON_DAYS: i64 = 90;

    /// How far off a day is today.
    pub fn of(day: Day, today: Day) -> Self {
        match today.until(day) {
            days if days > Self::SOON_DAYS => Self::Later,
            days => u64::try_from(days).map_or(Self::Past, Self::Soon),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notice_is_due_so_long_before_the_end() {
        let contract =
            |notice: &str| Contract { ends: Some("2027-03-31".parse().unwrap()), notice: notice.parse().ok(), ..Contract::default() };
        assert_eq!(contract("90d").notice_by().unwrap().to_string(), "2026-12-31");
        assert_eq!(contract("36h").notice_by().unwrap().to_string(), "2027-03-29", "part of a day is a day");
        assert_eq!(contract("").notice_by(), None);
    }

    #[test]
    fn a_day_is_past_soon_or_later() {
        let standing = |day: &str| DayStanding::of(day.parse().unwrap(), "2026-11-30".parse().unwrap());
        assert_eq!(standing("2026-11-29"), DayStanding::Past);
        assert_eq!(standing("2026-11-30"), DayStanding::Soon(0));
        assert_eq!(standing("2027-02-28"), DayStanding::Soon(90));
        assert_eq!(standing("2027-03-01"), DayStanding::Later);
    }

    #[test]
    fn a_way_out_is_a_clause_or_data_that_comes_out() {
        assert!(!Contract::default().has_exit());
        assert!(!Contract { data_export: Some(DataExport::Impossible), ..Contract::default() }.has_exit());
        assert!(Contract { data_export: Some(DataExport::Possible), ..Contract::default() }.has_exit());
        assert!(Contract { exit_clause: Some("30 days".into()), ..Contract::default() }.has_exit());
    }
}
