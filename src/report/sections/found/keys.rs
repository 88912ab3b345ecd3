//! What a key's revocation or rotation showed beside its promises.

use crate::report::model::Text;
use crate::report::sections::subject::Subject;
use crate::report::words::wording::length;
use crate::units::counted;

/// Nanoseconds: replicas that change their keys within this of each other change them together.
const TOGETHER: u64 = 1_000_000_000;

/// Replicas that read the new key one after the other.
pub(super) fn replicas_apart(subject: &Subject<'_>) -> Option<Text> {
    let moved = |rotated: &crate::verdict::Rotated| -> Vec<(i64, u32)> {
        rotated.replicas.iter().filter_map(|replica| Some((replica.moved?.hi?, replica.replica?))).collect()
    };
    let apart = |moved: Vec<(i64, u32)>| {
        let (first, last) = (moved.iter().min()?, moved.iter().max()?);
        let apart = u64::try_from(last.0 - first.0).ok()?;
        (apart >= TOGETHER).then_some((apart, first.1, last.1))
    };
    let (apart, first, last) = subject.verdict.rotations.iter().filter_map(|rotated| apart(moved(rotated))).max()?;
    Some(format!("Replica {last} used the new key {} later than replica {first}.", length(apart)).into())
}

/// Requests that the provider refused because the gateway still used the old key.
pub(super) fn refused_for_the_old_key(subject: &Subject<'_>) -> Option<Text> {
    let refused = |rotated: &crate::verdict::Rotated| rotated.replicas.iter().map(|replica| replica.refused).sum::<u64>();
    let (count, rotated) = subject.verdict.rotations.iter().map(|rotated| (refused(rotated), rotated)).max_by_key(|(count, _)| *count)?;
    let told = || {
        let count = counted(count, "request");
        Text::outside(&rotated.provider).then(format!(" refused {count} that still carried the old key."))
    };
    (count > 0).then(told)
}
