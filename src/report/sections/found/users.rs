//! What users felt: answers that never came, came late, or broke off.

use crate::model::SloOn;
use crate::report::digest::PeriodDigest;
use crate::report::model::Text;
use crate::report::sections::subject::Subject;
use crate::report::words::nature::objective;
use crate::report::words::wording::{length, seconds_down, seconds_up, span};
use crate::units::{Binomial, counted, grouped};
use crate::verdict::{Decision, Measures, ObjectiveName};
use hdrhistogram::Histogram;

/// What was measured, where users can be hurt at all.
fn measures<'a>(subject: &Subject<'a>) -> Option<&'a Measures> {
    subject.verdict.measures.as_ref().filter(|_| !subject.verdict.only_rotates)
}

/// `was` or `were`.
pub(super) const fn were(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// Requests that got no whole answer, by how they ended.
pub(super) fn lost(subject: &Subject<'_>) -> Option<Text> {
    let measures = measures(subject).filter(|measures| measures.lost > 0)?;
    let due = subject.verdict.evidence.during_fault;
    let of = |word: &str| subject.workload.periods[2].outcomes.get(word).copied().unwrap_or(0);
    let parts = [(of("error"), "with an error"), (of("timeout"), "without any answer"), (of("truncated"), "with half an answer")];
    // The history's parts are told where they are those of the verdict.
    let fits = parts.iter().map(|(count, _)| count).sum::<u64>() == measures.lost;
    let parts: Vec<(u64, &str)> = parts.into_iter().filter(|(count, _)| fits && *count > 0).collect();
    let how = match parts.as_slice() {
        [] => " without a whole answer".to_owned(),
        [(_, how)] => format!(" {how}"),
        several => {
            let several: Vec<String> = several.iter().map(|(count, how)| format!("{} {how}", grouped(*count))).collect();
            format!(" without a whole answer: {}", several.join(", "))
        }
    };
    let requests = counted(due, "request");
    let which = if measures.lost == due { "All".to_owned() } else { format!("{} of", grouped(measures.lost)) };
    Some(format!("{which} {requests} during the fault ended{how}.").into())
}

/// Half an answer that looks like a whole one.
pub(super) fn silently_truncated(subject: &Subject<'_>) -> Option<Text> {
    measures(subject)?;
    let silent = subject.workload.hurt.silent;
    let they = if silent == 1 { "it was" } else { "they were" };
    let told = || format!("{} broke off without an error: only the missing end shows that {they} not whole.", counted(silent, "answer"));
    (silent > 0).then(|| told().into())
}

/// Nothing failed, and users waited all the same: what an alert on errors does not see.
pub(super) fn late_without_errors(subject: &Subject<'_>) -> Option<Text> {
    let measures = measures(subject).filter(|measures| measures.late > 0)?;
    let due = subject.verdict.evidence.during_fault;
    if !surely_more(&subject.workload.periods[0], &["late"], (measures.late, due)) {
        return None;
    }
    let slo = span(subject.verdict.terms.slo);
    let what = if subject.verdict.terms.slo_on == SloOn::Proof { "the first words of their answers" } else { "their answers" };
    let late = format!(
        "{} of {} during the fault waited longer than the promised {slo} for {what}",
        grouped(measures.late),
        counted(due, "request")
    );
    Some(match measures.lost + measures.lost_in_flight {
        0 => format!("{late}, although none of them got an error: an alert on errors does not see that.").into(),
        _ => format!("{late}.").into(),
    })
}

/// Requests that were on their way.
pub(super) fn lost_in_flight(subject: &Subject<'_>) -> Option<Text> {
    let count = measures(subject)?.lost_in_flight;
    let told =
        || format!("{} that {} in flight when the fault began {} lost with it.", counted(count, "request"), were(count), were(count));
    (count > 0).then(|| told().into())
}

/// Whoever waited to the end.
pub(super) fn gave_up(subject: &Subject<'_>) -> Option<Text> {
    // Those that were in flight when the fault began are told of already.
    let in_flight = measures(subject)?.lost_in_flight;
    let count = subject.workload.hurt.gave_up;
    let deadline = span(subject.verdict.terms.deadline);
    let told = || format!("{} waited the whole {deadline} until the client gave up, and got nothing.", counted(count, "request"));
    (count > in_flight).then(|| told().into())
}

/// The way back to the primary.
pub(super) fn hurt_by_failback(subject: &Subject<'_>) -> Option<Text> {
    let measures = measures(subject)?;
    let [before, _, _, after] = &subject.workload.periods;
    let due: u64 = after.outcomes.values().sum();
    let late = after.outcomes.get("late").copied().unwrap_or(0);
    let late = if surely_more(before, &["late"], (late, due)) { late } else { 0 };
    let lost = measures.failback_lost;
    let lost = if surely_more(before, &["error", "timeout", "truncated"], (lost, due)) { lost } else { 0 };
    let count = match (lost, late) {
        (0, 0) => return None,
        (lost, 0) => format!("{} of {} {} lost", grouped(lost), counted(due, "request"), were(lost)),
        (0, late) => format!("{} of {} {} late", grouped(late), counted(due, "request"), were(late)),
        (lost, late) => format!("{} of {} {} lost and {} late", grouped(lost), counted(due, "request"), were(lost), grouped(late)),
    };
    let again = if measures.bad > 0 { "users were hurt a second time" } else { "it was the way back that hurt users" };
    Some(format!("After the fault was healed {count}: {again}.").into())
}

/// An outage in pieces.
pub(super) fn on_and_off(subject: &Subject<'_>) -> Option<Text> {
    let outage = measures(subject)?.outage;
    let hi = outage.hi.filter(|_| outage.runs >= 3)?;
    let (lo, hi) = (seconds_down(outage.lo.0), seconds_up(hi.0));
    let length = format!("{} to {hi}", lo.trim_end_matches(" s"));
    Some(format!("Bad service came and went {} times during the fault, together for {length}.", grouped(outage.runs)).into())
}

/// What the promise allows and users feel all the same.
pub(super) fn bad_after_cutover(subject: &Subject<'_>) -> Option<Text> {
    let measures = measures(subject).filter(|measures| measures.residual_bad > 0)?;
    let met = objective(subject.verdict, ObjectiveName::STABILITY) == Some(Decision::Met);
    let (count, hold) = (measures.residual_bad, span(subject.verdict.terms.hold));
    let told = || {
        format!(
            "{} still {} bad in the {hold} after service had come back, which the promise allows.",
            counted(count, "request"),
            were(count)
        )
    };
    met.then(|| told().into())
}

/// How long the requests took that were answered, where that is no chance.
pub(super) fn slower(subject: &Subject<'_>) -> Option<Text> {
    measures(subject)?;
    let [before, _, during, _] = &subject.workload.periods;
    let (before, during) = surely_slower(&before.latency_ms, &during.latency_ms)?;
    // What is much smaller than the service level no user feels.
    let felt = (during - before) * 20_000_000 >= subject.verdict.terms.slo.as_nanos();
    felt.then(|| {
        format!("During the fault 95% of the answers came within {}, before it within {}.", milliseconds(during), milliseconds(before))
            .into()
    })
}

/// Whether so many of so many requests ended in one of these ways is more than chance makes of the share of them before the fault: less likely than 1 in 100.
/// The share before is taken as if one more had ended so, since what never happened may be rare.
fn surely_more(before: &PeriodDigest, words: &[&str], (count, of): (u64, u64)) -> bool {
    let requests: u64 = before.outcomes.values().sum();
    let alike: u64 = words.iter().filter_map(|word| before.outcomes.get(word)).sum();
    let usual = (alike + 1) as f64 / (requests + 1) as f64;
    count > 0 && Binomial::hitting(usual.min(1.0), of).at_least(count) <= 0.01
}

/// `350 ms`, `2.4 s`.
pub(super) fn milliseconds(count: u64) -> String {
    length(count.saturating_mul(1_000_000))
}

/// Fewer values say nothing about a 95th percentile.
const ENOUGH: u64 = 100;

/// The 95th percentiles of both, where the second is larger for certain: by a fifth at least, and by more than chance does in one of a hundred cases
/// (their 99% intervals, by rank, do not touch).
pub(super) fn surely_slower(one: &Histogram<u64>, other: &Histogram<u64>) -> Option<(u64, u64)> {
    if one.len() < ENOUGH || other.len() < ENOUGH {
        return None;
    }
    let (_, one_most) = range(one);
    let (other_least, _) = range(other);
    let (one, other) = (one.value_at_quantile(0.95), other.value_at_quantile(0.95));
    (other_least > one_most && other * 5 >= one * 6).then_some((one, other))
}

/// Between which values the 95th percentile of what these were drawn from lies, at 99%.
fn range(values: &Histogram<u64>) -> (u64, u64) {
    let error = 2.576 * (0.95 * 0.05 / values.len() as f64).sqrt();
    (values.value_at_quantile(0.95 - error), values.value_at_quantile((0.95 + error).min(1.0)))
}
