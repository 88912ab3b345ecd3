//! What to do about a verdict that is not decisive.

use super::nature::{is_record, nothing_to_feel};
use super::{open, rescue, share, stopped};
use crate::verdict::{Reason, Verdict};
use std::borrow::Cow;

/// What to do about a verdict that is not decisive.
pub(in crate::report) fn hint(verdict: &Verdict) -> Option<Cow<'static, str>> {
    if let Some(stop) = stopped::decisive(verdict) {
        return Some(stopped::hint(stop).into());
    }
    let balanced = verdict.evidence.balanced.as_ref().filter(|_| verdict.reason == Some(Reason::BaselineUnstable));
    balanced
        .map(|balanced| balanced.hint().into())
        .or_else(|| open::hint(verdict, is_record(verdict)))
        .or_else(|| of_kind(verdict).map(Cow::Borrowed))
}

fn of_kind(verdict: &Verdict) -> Option<&'static str> {
    if is_record(verdict) {
        return for_record(verdict);
    }
    if let Some(hint) = share::hint(verdict).or_else(|| rescue::hint(verdict)) {
        return Some(hint);
    }
    if verdict.reason == Some(Reason::RecordCannotTell) && nothing_to_feel(verdict) {
        return Some("count the requests that it touched: `fault: requests_touched`");
    }
    Some(match verdict.reason? {
        Reason::Stopped => "the event `cancelled` in its history says why; fix that, and run it again",
        Reason::ScheduleIncomplete if !verdict.evidence.complete => {
            "run it again; a drill that was killed, or whose fault proxy failed, can only show what it saw until then"
        }
        Reason::ScheduleIncomplete => "raise `traffic: max_in_flight`, or lower the rate",
        Reason::DriverLag => "run it on a machine with less to do, or allow more with `objectives: lag_max`",
        Reason::BaselineUnstable if verdict.evidence.requests == 0 => {
            "the event `cancelled` in its history says why; fix that, and run it again"
        }
        Reason::BaselineUnstable => "look at the requests before the fault: what is wrong with them has nothing to do with the drill",
        Reason::FaultNotEffective if verdict.evidence.effect.is_some() => {
            "use a fault that the gateway cannot miss, make sure that it goes through this proxy, or drill with `lifeboat proxy`, which counts what a fault touches"
        }
        Reason::FaultNotEffective => {
            "aim the fault at a provider that serves this traffic, and make sure that the gateway reaches it through its proxy"
        }
        Reason::RotationNotBegun => "the event `cancelled` in its history says why; fix that, and run it again",
        Reason::CutoverNotExercised => "use a fault that retries on the primary cannot hide",
        Reason::ResolutionExceedsRto => "raise the rate or shorten the service level",
        Reason::HoldTooShort => "raise the rate, or `objectives: stable_for`",
        Reason::DeadlineBelowSlo => "raise `objectives: deadline`",
        Reason::HorizonTooShort => "lengthen the fault's `for:`",
        Reason::ObjectivesNotTold | Reason::FaultNotTold | Reason::RecordCannotTell => return for_record(verdict),
        _ => return None,
    })
}

/// The same for somebody else's record, which was not planned and cannot be run again.
fn for_record(verdict: &Verdict) -> Option<&'static str> {
    Some(match verdict.reason? {
        Reason::ObjectivesNotTold => "give the scenario with the objectives: `--objectives SCENARIO`",
        Reason::FaultNotTold => "say when it began by the record's clock: `--fault-at 2026-11-20T14:03:07Z`, or `--fault-at +42s`",
        Reason::RecordCannotTell if nothing_to_feel(verdict) => "check that `--fault-at` is the right moment, by the record's own clock",
        Reason::RecordCannotTell => "see under `not known` what the record lacks, and what would have to be recorded",
        Reason::ScheduleIncomplete => "give the load generator more workers, or use a lower rate",
        Reason::BaselineUnstable => "look at the requests before the fault; `--since` leaves out what came long before it",
        Reason::FaultNotEffective | Reason::CutoverNotExercised => "check that `--fault-at` is the right moment, by the record's own clock",
        Reason::ResolutionExceedsRto | Reason::HoldTooShort => {
            "there were too few requests before the fault; `--since` leaves out quiet hours, and `--fault-uncertainty` may be too wide"
        }
        _ => return None,
    })
}
