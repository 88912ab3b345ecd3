//! Whether a hop's clock and this host's agree, by the header `date` of its answers (RFC 9110, 6.6.1).

use super::check::HopFinding;
use crate::model::{HopCheck, HopReason};
use chrono::{DateTime, Utc};

/// Beyond this AWS refuses signatures, and so do others tokens.
const TOO_FAR_S: i64 = 300;
/// Beyond this somebody's clock is not kept.
const FAR_S: i64 = 30;

/// What a `date` says that came at this moment.
pub(super) fn look(date: Option<&str>, came: DateTime<Utc>) -> HopFinding {
    let Some(told) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) else {
        return HopFinding::unlooked(HopCheck::Clock, "its answers have no date");
    };
    let apart = (told.with_timezone(&Utc) - came).num_seconds();
    let words = || {
        let (much, way) = (apart.abs(), if apart > 0 { "ahead of" } else { "behind" });
        let much = if much < 120 { format!("{much} s") } else { format!("{} min", (much + 30) / 60) };
        format!("its clock is {much} {way} this host's")
    };
    match apart.abs() {
        TOO_FAR_S.. => HopFinding::failing(HopCheck::Clock, HopReason::ClockOff, format!("{}: signatures and tokens are refused", words())),
        FAR_S.. => HopFinding::warning(HopCheck::Clock, HopReason::ClockOff, words()),
        _ => HopFinding::fine(HopCheck::Clock, "as this host's"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CheckOutcome;

    #[test]
    fn clocks_are_apart_by_so_much() {
        let came: DateTime<Utc> = "1994-11-06T08:49:37Z".parse().unwrap();
        for (date, outcome, told) in [
            (Some("Sun, 06 Nov 1994 08:49:38 GMT"), CheckOutcome::Fine, "as this host's"),
            (Some("Sun, 06 Nov 1994 08:50:37 GMT"), CheckOutcome::Warning, "its clock is 60 s ahead of this host's"),
            (
                Some("Sun, 06 Nov 1994 08:39:37 GMT"),
                CheckOutcome::Failing,
                "its clock is 10 min behind this host's: signatures and tokens are refused",
            ),
            (Some("soon"), CheckOutcome::NotLookedAt, "its answers have no date"),
            (None, CheckOutcome::NotLookedAt, "its answers have no date"),
        ] {
            let found = look(date, came);
            assert_eq!((found.outcome, found.told.as_str()), (outcome, told), "{date:?}");
        }
    }
}
