//! The team's own alerts as they were received, and when each began to fire by its sender's own clock.

use super::Digest;
use crate::history::{AlertSource, Event};
use crate::import::RecordTime;
use std::collections::BTreeMap;

/// An alert of one name: the first that came once the fault was in force, else the first of all.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct AlertSeen {
    /// When it was received, by the history's clock.
    pub(in crate::report) at: u64,
    pub(in crate::report) source: AlertSource,
    /// When it began to fire: nanoseconds on the history's clock by what the wall clocks of both hosts say; `None` where its sender does not tell.
    pub(in crate::report) fired: Option<i64>,
}

impl AlertSeen {
    /// Nanoseconds from when it fired until it was received. Negative where its sender's clock is ahead.
    pub(in crate::report) fn way(&self) -> Option<i64> {
        Some(i64::try_from(self.at).ok()?.saturating_sub(self.fired?))
    }

    /// Nanoseconds by which it fired before the fault, beyond what this host's own clock may be wrong by.
    pub(in crate::report) fn fired_before_fault(&self, digest: &Digest) -> Option<u64> {
        let before = digest.since_fault(0).saturating_add(self.fired?).checked_neg()?;
        let error = digest.started.as_ref().map_or(0, |started| started.wall_clock_error);
        u64::try_from(before).ok().filter(|before| *before > error)
    }
}

/// By name, in the order of names.
pub(super) fn alerts(digest: &Digest) -> BTreeMap<&str, AlertSeen> {
    let origin = digest.started.as_ref().and_then(|started| moment(&started.wall_clock));
    let mut seen: BTreeMap<&str, AlertSeen> = BTreeMap::new();
    for stamped in &digest.notable {
        let Event::AlertReceived(alert) = &stamped.event else { continue };
        if !alert.firing {
            continue;
        }
        let fired = origin.zip(alert.starts_at.as_deref().and_then(moment)).map(|(origin, fired)| fired.saturating_sub(origin));
        let new = AlertSeen { at: alert.at, source: alert.source, fired };
        let known = seen.entry(alert.name.as_str()).or_insert(new);
        if digest.since_fault(known.at) < 0 && digest.since_fault(new.at) >= 0 {
            *known = new;
        }
    }
    seen
}

fn moment(text: &str) -> Option<i64> {
    match text.parse() {
        Ok(RecordTime::At(nanoseconds)) => Some(nanoseconds),
        _ => None,
    }
}
