//! Why a verdict is open where the trial was sound: no verdict is inconclusive without a reason.
//!
//! It is asked last, and only where nothing else was the reason: the RTO first, then whether service stayed, then everything else. Of an RTO
//! whose recovery was not proven, what was not seen is told apart from what did not last: if each request of which somebody did not know
//! enough had been well served, and service had then held, it was the sight that was missing.
//!
//! What this file does not do: decide anything.

use super::objective_name::ObjectiveName;
use super::objectives::ObjectiveVerdict;
use super::onset::{HoldExtent, Index, Start};
use super::rescue::attempts_of;
use super::window::{RequestWindow, Tri, good, good_by};
use super::{Decision, Reason, Verdict, share};
use crate::history::{By, Edge, Evidence};
use crate::model::Gate;

/// Good answers of which nobody knows who gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unnamed {
    /// So many, of the requests due while the fault lasted.
    pub answers: u64,
    /// Of these the ones whose request passed no proxy.
    pub past_proxies: u64,
    /// Standbys that no proxy ever saw asked.
    pub unasked: Vec<String>,
}

/// The verdict with a reason where it needs one.
pub(super) fn explained(evidence: &Evidence, mut verdict: Verdict) -> Verdict {
    if verdict.verdict != Decision::Inconclusive || verdict.reason.is_some() {
        return verdict;
    }
    let is_open = |objective: &&ObjectiveVerdict| objective.verdict == Decision::Inconclusive;
    let names: Vec<ObjectiveName> = verdict.objectives.iter().filter(is_open).map(|objective| objective.name).collect();
    let reason = match (evidence.fault, &verdict.measures) {
        (Some(fault), Some(measures)) if names.contains(&ObjectiveName::RTO) => {
            let interval = if evidence.objectives.gate == Gate::Cutover { measures.cutover } else { measures.restore };
            match interval.hi {
                Some(_) => Reason::RtoWithinInterval,
                None => unproven(evidence, fault),
            }
        }
        _ if names.contains(&ObjectiveName::STABILITY) => Reason::StabilityUnclear,
        _ => Reason::ObjectiveUndecided,
    };
    if reason == Reason::WhoServedUnknown {
        verdict.evidence.unnamed = evidence.fault.map(|fault| unnamed(evidence, fault));
    }
    Verdict { reason: Some(reason), ..verdict }
}

/// Why no recovery is proven.
fn unproven(evidence: &Evidence, fault: Edge) -> Reason {
    let objectives = &evidence.objectives;
    let start = Start { edge: fault, hold: objectives.hold.nanos() };
    let (mut window, end) = (looked_at(evidence, fault), end(evidence));
    window.reads.iter_mut().filter(|reading| **reading == Tri::Maybe).for_each(|reading| *reading = Tri::Yes);
    if window.recovery(start, HoldExtent::Hold, Index::Arrival).onset.is_none() {
        return Reason::EndedBeforeHold;
    }
    let nameless = objectives.gate == Gate::Cutover && nameless(evidence, fault, end).next().is_some();
    if nameless { Reason::WhoServedUnknown } else { Reason::OutcomesUnknown }
}

fn end(evidence: &Evidence) -> i64 {
    evidence.heal.map_or(evidence.observed_until, |heal| heal.lo.min(evidence.observed_until))
}

/// What the gate looks at.
fn looked_at(evidence: &Evidence, fault: Edge) -> RequestWindow<'_> {
    let (objectives, end) = (&evidence.objectives, end(evidence));
    if objectives.gate == Gate::Restore {
        return RequestWindow::new(evidence, fault.lo, end, |request| good(objectives, request));
    }
    share::moving(evidence, fault, end)
        .unwrap_or_else(|| RequestWindow::new(evidence, fault.lo, end, |request| good_by(objectives, request, &evidence.standbys)))
}

/// The places of good answers that nobody can be named for.
fn nameless(evidence: &Evidence, fault: Edge, end: i64) -> impl Iterator<Item = usize> {
    let (first, last) = super::window::places(evidence, fault.lo, end);
    (first..last).filter(|place| {
        let request = &evidence.requests.at(*place);
        request.by == By::Unknown && good(&evidence.objectives, request) == Tri::Yes
    })
}

fn unnamed(evidence: &Evidence, fault: Edge) -> Unnamed {
    let mut unnamed = Unnamed { answers: 0, past_proxies: 0, unasked: Vec::new() };
    for place in nameless(evidence, fault, end(evidence)) {
        unnamed.answers += 1;
        unnamed.past_proxies += u64::from(evidence.attempts_seen && attempts_of(evidence, place).is_empty());
    }
    let asked = |place: u16| evidence.attempts.iter().any(|attempt| attempt.provider == place);
    let unasked = evidence.standbys.iter().filter(|place| evidence.attempts_seen && !asked(**place));
    unnamed.unasked = unasked.map(|place| evidence.name(*place).to_owned()).collect();
    unnamed
}

#[cfg(test)]
mod tests {
    use crate::history::bare;
    use crate::verdict::{Decision, Reason, Verdict, judge};
    use serde_json::{Value, json};

    /// A request every 100 ms for 20 s of the fault: `fate` says how each ended and who answered.
    fn judged(objectives: Value, fate: impl Fn(i64) -> (&'static str, &'static str)) -> Verdict {
        let one = |due: i64| {
            let (outcome, by) = if due < 0 { ("ok", "a") } else { fate(due) };
            let attempts = if by == "unknown" { json!([]) } else { json!([{"provider": by, "at_ms": due + 1, "completed": true}]) };
            json!({"due_ms": due, "done_ms": due + 20, "outcome": outcome, "served_by": by, "attempts": attempts})
        };
        let history = json!({
            "bare_history": 1, "primary": ["a"], "standbys": ["b"], "observed_until_ms": 25_000, "objectives": objectives,
            "fault": {"lo_ms": 0, "hi_ms": 0, "requests_touched": 9}, "heal": {"lo_ms": 20_000, "hi_ms": 20_000},
            "requests": (-30..250).map(|place| one(place * 100)).collect::<Vec<Value>>(),
        });
        judge(&bare(&serde_json::to_vec(&history).unwrap()).unwrap())
    }

    fn after(bad: i64, by: &'static str) -> impl Fn(i64) -> (&'static str, &'static str) {
        move |due| if due < bad { ("error", "a") } else { ("ok", by) }
    }

    fn open(verdict: &Verdict) -> Option<Reason> {
        assert_eq!(verdict.verdict, Decision::Inconclusive, "{verdict:?}");
        verdict.reason
    }

    #[test]
    fn answers_past_every_proxy_are_the_reason_and_are_counted() {
        let verdict = judged(json!({"rto_ms": 8_000}), after(300, "unknown"));
        assert_eq!(open(&verdict), Some(Reason::WhoServedUnknown));
        let unnamed = verdict.evidence.unnamed.unwrap();
        assert_eq!((unnamed.answers, unnamed.past_proxies, unnamed.unasked), (197, 197, vec!["b".to_owned()]));
        // A few of them are no reason where service was bad all the same.
        let rare = |due: i64| if due < 3_000 || due % 300 == 0 { ("error", "a") } else { ("ok", "unknown") };
        assert_ne!(judged(json!({"rto_ms": 30_000}), rare).reason, Some(Reason::WhoServedUnknown));
    }

    #[test]
    fn each_way_to_an_open_verdict_has_its_reason() {
        let rto = |rto: i64| json!({"rto_ms": rto, "slo_ms": 200});
        assert_eq!(open(&judged(rto(2_950), after(3_000, "b"))), Some(Reason::RtoWithinInterval));
        assert_eq!(open(&judged(rto(19_000), after(17_000, "b"))), Some(Reason::EndedBeforeHold));
        let unknown = |due: i64| if due < 300 { ("error", "a") } else { ("unknown", "b") };
        assert_eq!(open(&judged(rto(8_000), unknown)), Some(Reason::OutcomesUnknown));
        let shaky = |due: i64| if due < 300 || [9_000, 9_500].contains(&due) { ("error", "b") } else { ("ok", "b") };
        assert_eq!(open(&judged(rto(8_000), shaky)), Some(Reason::StabilityUnclear));
        let unseen = json!({"rto_ms": 8_000, "rpo_ms": 0});
        assert_eq!(open(&judged(unseen, after(300, "b"))), Some(Reason::ObjectiveUndecided));
    }
}
