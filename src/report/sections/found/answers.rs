//! What the standbys did with the load.

use super::users::{milliseconds, surely_slower};
use crate::report::model::Text;
use crate::report::sections::subject::Subject;
use crate::units::{counted, grouped};

/// Refusals of its own, fewer are no finding.
const REFUSED: u64 = 3;

/// A standby that could not carry the load, or did not want to.
pub(super) fn refused_by_standby(subject: &Subject<'_>) -> Option<Text> {
    subject.verdict.measures.as_ref()?;
    let of = |name: &str| {
        let refused = subject.digest.at.of(name).map(|seen| &seen.refused)?;
        let sum: u64 = refused.values().sum();
        let most = refused.iter().max_by_key(|(_, count)| **count).map(|(status, _)| *status)?;
        Some((sum, most, refused.get(&most).copied().unwrap_or(0)))
    };
    let (name, (sum, most, count)) =
        subject.standbys().into_iter().filter_map(|name| Some((name, of(name)?))).max_by_key(|(_, (sum, ..))| *sum)?;
    let attempts = subject.digest.attempts.get(name).map_or(sum, |(attempts, _)| *attempts);
    let why = match most {
        429 => ": it could not take the load",
        401 | 403 => ": it did not accept the key",
        500.. => ": it failed by itself",
        _ => "",
    };
    let which = if count == sum { format!("all with status {most}") } else { format!("{} with status {most}", grouped(count)) };
    let told = || {
        let asked = counted(attempts, "attempt");
        Text::outside(name).then(format!(" refused {} of {asked}, {which}{why}. No fault was on it.", grouped(sum)))
    };
    (sum >= REFUSED).then(told)
}

/// How much longer the standby takes for an answer, by the proxies, where no fault is.
pub(super) fn standby_slower(subject: &Subject<'_>) -> Option<Text> {
    subject.verdict.measures.as_ref()?;
    let primary = *subject.broken().first()?;
    let served = |name: &&str| subject.digest.at.of(name).map_or(0, |seen| seen.took_ms.len());
    let standby = subject.standbys().into_iter().max_by_key(served)?;
    let took = |name: &str| subject.digest.at.of(name).map(|seen| &seen.took_ms);
    let (one, other) = surely_slower(took(primary)?, took(standby)?)?;
    if (other - one) * 20_000_000 < subject.verdict.terms.slo.as_nanos() {
        return None;
    }
    let told = Text::outside(standby).then(" is slower than ").then(Text::outside(primary));
    let (one, other) = (milliseconds(one), milliseconds(other));
    Some(
        told.then(format!(
            ": 95% of its answers took at most {other} at its proxy, against {one} at the other's while no fault was on it."
        )),
    )
}
