//! Whether a standby decides as the primary does: who is refused by the one is refused by the other.
//!
//! Who decided is told by the proxies: the status of each provider that was asked; where none was, it was the gateway itself. Whether an answer
//! refuses in its words its client alone knows, and that is the decision of the provider that was asked last.

use super::Decision;
use crate::history::{Evidence, ProbeRound, SeenProbe};
use crate::model::ProbeDecision;

/// How one request was decided on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbedParity {
    /// The probe.
    pub name: String,
    /// What the primary was said to decide; `None` where nobody said.
    pub expected: Option<ProbeDecision>,
    /// What was decided while the primary served, by whom and how often.
    pub primary: Vec<ProbedDecision>,
    /// The same of the standby.
    pub standby: Vec<ProbedDecision>,
    /// How it is judged.
    pub verdict: Decision,
}

/// A decision, with who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbedDecision {
    /// The provider; `None` for the gateway, which asked none.
    pub by: Option<String>,
    /// The status that said so.
    pub status: u16,
    /// What was decided.
    pub decision: ProbeDecision,
    /// How often.
    pub times: u64,
}

/// Each probe; none where nothing was probed.
pub(super) fn parity(evidence: &Evidence) -> Vec<ProbedParity> {
    let passage = &evidence.passage;
    let each = passage.probes.iter().enumerate().map(|(place, (name, expected))| {
        let mut sides: [Vec<ProbedDecision>; 2] = [Vec::new(), Vec::new()];
        for seen in passage.probed.iter().filter(|seen| seen.probe == place) {
            for (side, decision) in decisions(evidence, seen) {
                note(&mut sides[side], decision);
            }
        }
        let [primary, standby] = sides;
        let verdict = judged(*expected, &primary, &standby);
        ProbedParity { name: name.clone(), expected: *expected, primary, standby, verdict }
    });
    each.collect()
}

/// All of them together; `None` where nothing was probed.
pub(super) fn together(probes: &[ProbedParity]) -> Option<Decision> {
    probes.iter().map(|probe| probe.verdict).reduce(Decision::and)
}

/// What one request decided: on the side of the primary (0) or the standby (1).
fn decisions(evidence: &Evidence, seen: &SeenProbe) -> Vec<(usize, ProbedDecision)> {
    let made = |by: Option<String>, status: u16, decision: ProbeDecision| ProbedDecision { by, status, decision, times: 1 };
    if seen.asked.is_empty() {
        let side = usize::from(seen.round == ProbeRound::Fault);
        return seen.decision.map(|decision| (side, made(None, seen.status, decision))).into_iter().collect();
    }
    let last = seen.asked.len() - 1;
    let each = seen.asked.iter().enumerate().filter_map(|(index, (place, status))| {
        let by_status = ProbeDecision::of_status(*status)?;
        let decision = if index == last && by_status == ProbeDecision::Answered { seen.decision? } else { by_status };
        let side = usize::from(!evidence.primary.contains(place));
        Some((side, made(evidence.providers.get(usize::from(*place)).cloned(), *status, decision)))
    });
    each.collect()
}

fn note(side: &mut Vec<ProbedDecision>, made: ProbedDecision) {
    let alike = |other: &&mut ProbedDecision| (&other.by, other.status, other.decision) == (&made.by, made.status, made.decision);
    match side.iter_mut().find(alike) {
        Some(other) => other.times += 1,
        None => side.push(made),
    }
}

fn judged(expected: Option<ProbeDecision>, primary: &[ProbedDecision], standby: &[ProbedDecision]) -> Decision {
    let all = |side: &[ProbedDecision], wanted: ProbeDecision| side.iter().all(|made| made.decision == wanted);
    let Some(first) = primary.first().map(|made| made.decision).filter(|_| !standby.is_empty()) else { return Decision::Inconclusive };
    if !all(primary, first) || !all(standby, first) {
        return Decision::Missed;
    }
    // Where the primary decides otherwise than was said, the probe does not ask for what it was to ask for.
    if expected.is_some_and(|expected| expected != first) { Decision::Inconclusive } else { Decision::Met }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Passage, bare};
    use ProbeDecision::{Answered, Refused};
    use ProbeRound::{Baseline, Fault};

    fn probed(round: ProbeRound, asked: &[(u16, u16)], status: u16, decision: Option<ProbeDecision>) -> SeenProbe {
        SeenProbe { probe: 0, round, status, decision, asked: asked.to_vec() }
    }

    fn judge(expected: Option<ProbeDecision>, probed: Vec<SeenProbe>) -> ProbedParity {
        let empty = br#"{"bare_history": 1, "primary": ["a"], "standbys": ["b"], "requests": []}"#;
        let mut evidence = bare(empty).unwrap();
        evidence.passage = Passage { probes: vec![("intern".into(), expected)], probed, ..Passage::default() };
        parity(&evidence).remove(0)
    }

    #[test]
    fn both_sides_must_decide_alike_and_who_decided_is_told() {
        let refused = probed(Baseline, &[(0, 403)], 403, Some(Refused));
        let answered = probed(Fault, &[(1, 200)], 200, Some(Answered));
        let missed = judge(Some(Refused), vec![refused.clone(), refused.clone(), answered.clone()]);
        assert_eq!((missed.verdict, missed.primary[0].times, missed.standby[0].by.as_deref()), (Decision::Missed, 2, Some("b")));
        let also = probed(Fault, &[(1, 400)], 400, Some(Refused));
        assert_eq!(judge(Some(Refused), vec![refused.clone(), also.clone()]).verdict, Decision::Met);
        // A gateway that lets the standby try what the primary refused shows it in the baseline already.
        let tried = probed(Baseline, &[(0, 403), (1, 200)], 200, Some(Answered));
        assert_eq!(judge(None, vec![tried]).verdict, Decision::Missed);
        // Nobody is asked where the gateway refuses by itself.
        let own = |round| probed(round, &[], 401, Some(Refused));
        let by_gateway = judge(Some(Refused), vec![own(Baseline), own(Fault)]);
        assert_eq!((by_gateway.verdict, &by_gateway.primary[0].by), (Decision::Met, &None));
        // A refusal in words is one.
        let said = probed(Fault, &[(1, 200)], 200, Some(Refused));
        assert_eq!(judge(Some(Refused), vec![refused.clone(), said]).verdict, Decision::Met);
    }

    #[test]
    fn what_was_not_decided_on_both_sides_is_open() {
        let refused = probed(Baseline, &[(0, 403)], 403, Some(Refused));
        assert_eq!(judge(None, vec![refused.clone()]).verdict, Decision::Inconclusive);
        let failed = probed(Fault, &[(1, 503)], 502, None);
        assert_eq!(judge(None, vec![refused.clone(), failed]).verdict, Decision::Inconclusive);
        let both = vec![probed(Baseline, &[(0, 200)], 200, Some(Answered)), probed(Fault, &[(1, 200)], 200, Some(Answered))];
        assert_eq!(judge(Some(Refused), both.clone()).verdict, Decision::Inconclusive, "the primary does not refuse it");
        assert_eq!(judge(Some(Answered), both).verdict, Decision::Met);
    }
}
