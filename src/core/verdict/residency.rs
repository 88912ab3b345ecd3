//! Where requests went, held against where they may go. What decides is what reached a provider, whatever came of it there: data that was sent to
//! a place has been there. It is judged over the whole drill.
//!
//! A promise is met only where the proxies saw all that was answered: what a gateway asks around them may have gone anywhere.

use super::{Decision, Millis};
use crate::history::{By, Evidence, JudgedRequest, Outcome, ProviderPassage};

/// What went where, of a workload to whom it was promised.
#[derive(Debug, Clone, PartialEq)]
pub struct Residency {
    /// The legal areas that were permitted.
    pub permitted: Vec<String>,
    /// Requests that reached a provider, an attempt each.
    pub attempts: u64,
    /// What reached providers that are not permitted, or of which nobody said where they stand.
    pub outside: Vec<OutsideArea>,
    /// Answered requests of which no proxy saw who was asked.
    pub unseen: u64,
    /// True where the proxies saw less than all.
    pub is_blind: bool,
    /// How it is judged.
    pub verdict: Decision,
}

/// What reached a provider outside of the areas that are permitted.
#[derive(Debug, Clone, PartialEq)]
pub struct OutsideArea {
    /// The provider.
    pub provider: String,
    /// The legal area that it stands in; `None` where nobody said.
    pub residency: Option<String>,
    /// Requests of the workload that reached it.
    pub attempts: u64,
    /// Connections over which bytes reached it.
    pub connections: u64,
    /// Requests to a model that reached it without a mark; whose they are nobody tells.
    pub nameless: u64,
    /// The number of the first request; `None` where it had none.
    pub first_request: Option<u64>,
    /// When that was, from the first fault; before it where it is negative. `None` where there was no fault.
    pub first: Option<Millis>,
}

/// Where requests went; `None` where nothing was promised of that.
pub(super) fn residency(evidence: &Evidence) -> Option<Residency> {
    let passage = &evidence.passage;
    if passage.permitted.is_empty() {
        return None;
    }
    let is_permitted = |provider: &ProviderPassage| provider.residency.as_ref().is_some_and(|place| passage.permitted.contains(place));
    let outside: Vec<OutsideArea> = passage
        .providers
        .iter()
        .enumerate()
        .filter(|(_, provider)| !is_permitted(provider))
        .filter_map(|(place, provider)| outside(evidence, place, provider))
        .collect();
    let connected = passage.providers.iter().any(|provider| provider.connections.count > 0);
    let unseen = if passage.bytes_only && connected { 0 } else { unseen(evidence) };
    let is_proven = |area: &OutsideArea| area.residency.is_some() && area.attempts + area.connections > 0;
    let verdict = match outside.as_slice() {
        areas if areas.iter().any(is_proven) => Decision::Missed,
        [] if unseen == 0 && !passage.is_blind => Decision::Met,
        _ => Decision::Inconclusive,
    };
    Some(Residency {
        permitted: passage.permitted.clone(),
        attempts: passage.providers.iter().map(|provider| provider.requests.count).sum(),
        outside,
        unseen,
        is_blind: passage.is_blind,
        verdict,
    })
}

fn outside(evidence: &Evidence, place: usize, provider: &ProviderPassage) -> Option<OutsideArea> {
    let ProviderPassage { requests, nameless, connections, .. } = provider;
    let first = [requests, connections, nameless].into_iter().filter_map(|seen| seen.first).min_by_key(|(_, at)| *at)?;
    Some(OutsideArea {
        provider: evidence.providers.get(place)?.clone(),
        residency: provider.residency.clone(),
        attempts: requests.count,
        connections: connections.count,
        nameless: nameless.count,
        first_request: requests.first.and_then(|(id, _)| id).or(first.0),
        first: evidence.fault.map(|fault| Millis(first.1 - fault.lo)),
    })
}

/// How many answers came of which no proxy saw an attempt.
fn unseen(evidence: &Evidence) -> u64 {
    let answered = |outcome: Outcome| matches!(outcome, Outcome::Ok | Outcome::Truncated);
    let nameless = |request: &JudgedRequest| answered(request.outcome) && !matches!(request.by, By::Provider(_));
    let each = evidence.requests.iter().enumerate().filter(|(_, request)| nameless(request));
    each.filter(|(place, _)| evidence.attempts.of(*place).is_empty()).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Attempts, Passage, SeenCount, bare};

    /// A drill whose ten requests the provider `a` answers, with these sights of where they went.
    fn evidence(change: impl FnOnce(&mut Evidence)) -> Evidence {
        let one = |due: i64| {
            serde_json::json!({"due_ms": due, "done_ms": due + 20, "outcome": "ok", "served_by": "a",
                               "attempts": [{"provider": "a", "at_ms": due + 1, "completed": true}]})
        };
        let history = serde_json::json!({"bare_history": 1, "primary": ["a"], "standbys": ["b"], "fault": {"lo_ms": 50, "hi_ms": 50},
                                         "requests": (0..10).map(|place| one(place * 10)).collect::<Vec<_>>()});
        let mut evidence = bare(&serde_json::to_vec(&history).unwrap()).unwrap();
        let provider = |residency: &str, count: u64| ProviderPassage {
            residency: Some(residency.into()),
            is_own: true,
            requests: SeenCount { count, taken: 0, first: (count > 0).then_some((Some(7), 70_000_000)) },
            ..ProviderPassage::default()
        };
        evidence.passage =
            Passage { permitted: vec!["eu".into()], providers: vec![provider("eu", 10), provider("us", 0)], ..Passage::default() };
        change(&mut evidence);
        evidence
    }

    #[test]
    fn what_reached_a_place_that_is_not_permitted_is_missed_whatever_came_of_it() {
        assert_eq!(residency(&evidence(|_| ())).unwrap().verdict, Decision::Met);
        let missed = residency(&evidence(|evidence| {
            evidence.passage.providers[1].requests = SeenCount { count: 1, taken: 0, first: Some((Some(7), 70_000_000)) };
        }));
        let missed = missed.unwrap();
        let [area] = missed.outside.as_slice() else { panic!("{missed:?}") };
        assert_eq!((missed.verdict, area.provider.as_str(), area.attempts, area.first_request), (Decision::Missed, "b", 1, Some(7)));
        assert_eq!(area.first, Some(Millis(20_000_000)), "20 ms after the fault");
        assert!(residency(&evidence(|evidence| evidence.passage.permitted.clear())).is_none(), "nobody promised it");
    }

    #[test]
    fn what_nobody_saw_is_neither_met_nor_missed() {
        let changes: [fn(&mut Evidence); 5] = [
            |evidence| evidence.attempts = Attempts::default(),
            |evidence| evidence.passage.is_blind = true,
            |evidence| {
                evidence.passage.providers[1].residency = None;
                evidence.passage.providers[1].requests.count = 3;
                evidence.passage.providers[1].requests.first = Some((Some(1), 1));
            },
            |evidence| evidence.passage.providers[1].nameless = SeenCount { count: 1, taken: 1, first: Some((None, 1)) },
            |evidence| {
                let last = evidence.attempts.len() - 1;
                evidence.attempts = evidence.attempts.iter().take(last).collect();
            },
        ];
        for (place, change) in changes.into_iter().enumerate() {
            let mut evidence = evidence(change);
            evidence.requests = evidence.requests.iter().map(|request| JudgedRequest { by: By::Unknown, ..request }).collect();
            assert_eq!(residency(&evidence).unwrap().verdict, Decision::Inconclusive, "{place}");
        }
    }
}
