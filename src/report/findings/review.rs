//! What became of findings since the drill before, and what people wrote about them.
//!
//! | it was kept as | this drill shows it | then it is |
//! |---|---|---|
//! | nothing, or `gone` in an earlier drill | yes | new |
//! | `new` or `still-there` in an earlier drill | yes | still there, since the drill that showed it first |
//! | anything in this drill's own file | yes | as that says: it was compared when it was written |
//! | `accepted` | yes or no | accepted |
//! | `new` or `still-there` | no | gone, where this drill could have shown it; else as it was |
//! | a name that is not Lifeboat's | – | as people wrote it |
//!
//! A drill can show what an earlier one did where its verdict is decisive: one that was stopped before its fault mends nothing.

use crate::model::{FindingState, KeptFinding, KeptFindings};
use crate::report::model::{ReportFinding, Suggestion, Text};

/// So long is what a file keeps of a sentence, in characters.
const LONGEST: usize = 600;

/// Which drill it is.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Reviewed<'a> {
    /// Its identifier.
    pub(in crate::report) run: Option<&'a str>,
    /// True where it could have shown whatever the drill before did.
    pub(in crate::report) is_decisive: bool,
}

/// What was found, with what was kept of it; and what is gone since the drill before, and what people added.
pub(in crate::report) fn reviewed(found: Vec<ReportFinding>, kept: Option<&KeptFindings>, drill: Reviewed<'_>) -> Vec<ReportFinding> {
    let is_own = kept.is_some_and(|kept| kept.drill.as_deref() == drill.run);
    let mut all: Vec<ReportFinding> = Vec::new();
    for mut finding in found {
        finding.since = drill.run.map(str::to_owned);
        if let Some(entry) = kept.and_then(|kept| kept.of(&finding.id, finding.about.as_deref())) {
            finding.state = match entry.state {
                FindingState::Accepted => FindingState::Accepted,
                state if is_own => state,
                FindingState::Gone => FindingState::New,
                FindingState::New | FindingState::StillThere => FindingState::StillThere,
            };
            if finding.state != FindingState::New || is_own {
                finding.since = entry.since.clone().or(finding.since);
            }
            told(&mut finding, entry);
        }
        all.push(finding);
    }
    let rest = kept.into_iter().flat_map(|kept| kept.entries.iter().map(move |entry| (kept, entry)));
    let rest: Vec<ReportFinding> = rest
        .filter(|(_, entry)| !all.iter().any(|finding| (&finding.id, &finding.about) == (&entry.id, &entry.about)))
        .filter_map(|(kept, entry)| absent(kept, entry, is_own, drill))
        .collect();
    all.extend(rest);
    all
}

/// A finding that this drill does not show, where its report is to tell of it.
fn absent(kept: &KeptFindings, entry: &KeptFinding, is_own: bool, drill: Reviewed<'_>) -> Option<ReportFinding> {
    let mut finding = ReportFinding::kept(entry);
    if finding.kind().is_none() {
        return (entry.state != FindingState::Gone).then_some(finding);
    }
    let before = if is_own { kept.compared_with.as_deref() } else { kept.drill.as_deref() };
    let was_there =
        entry.last_seen.is_some() && (entry.last_seen.as_deref() == before || (is_own && entry.last_seen.as_deref() == drill.run));
    let is_gone = match entry.state {
        FindingState::Accepted => false,
        FindingState::Gone => is_own && was_there,
        FindingState::New | FindingState::StillThere => drill.is_decisive,
    };
    finding.state = FindingState::Gone;
    is_gone.then_some(finding)
}

/// What people wrote.
fn told(finding: &mut ReportFinding, entry: &KeptFinding) {
    let KeptFinding { owner, due, ticket, notes, .. } = entry.clone();
    (finding.owner, finding.due, finding.ticket, finding.notes) = (owner, due, ticket, notes);
}

/// What is kept after a drill: what it showed, and all that was kept before.
pub(in crate::report) fn kept(
    found: &[ReportFinding],
    before: Option<&KeptFindings>,
    head: KeptFindings,
    drill: Reviewed<'_>,
) -> KeptFindings {
    let is_own = before.is_some_and(|before| before.drill == head.drill);
    let compared_with = before.and_then(|before| if is_own { before.compared_with.clone() } else { before.drill.clone() });
    let mut kept = KeptFindings { compared_with, ..head };
    kept.entries = before.map(|before| before.entries.clone()).unwrap_or_default();
    for entry in &mut kept.entries {
        let seen = found.iter().find(|finding| (&finding.id, &finding.about) == (&entry.id, &entry.about) && finding.kind().is_some());
        let state = seen.map(|finding| finding.state);
        match (seen, state) {
            (Some(finding), Some(FindingState::Gone)) => entry.state = finding.state,
            (Some(finding), _) => {
                let KeptFinding { owner, due, ticket, notes, .. } = entry.clone();
                *entry = KeptFinding { owner, due, ticket, notes, ..finding.to_keep(drill.run) };
            }
            (None, _) => {}
        }
    }
    let new = found.iter().filter(|finding| kept.of(&finding.id, finding.about.as_deref()).is_none());
    let new: Vec<KeptFinding> = new.map(|finding| finding.to_keep(drill.run)).collect();
    kept.entries.extend(new);
    kept
}

impl ReportFinding {
    /// One that only a file tells of.
    fn kept(entry: &KeptFinding) -> Self {
        let KeptFinding { id, about, severity, says, suggestion, since, last_seen: _, state, owner, due, ticket, notes } = entry.clone();
        let suggestion = suggestion.map(|text| Suggestion { gateway: None, setting: None, value: None, text: Text::outside(text) });
        let (objective, evidence) = (None, super::FindingEvidence::default());
        Self { id, about, severity, says: Text::outside(says), objective, evidence, suggestion, owner, due, ticket, notes, since, state }
    }

    /// As a file keeps it.
    fn to_keep(&self, run: Option<&str>) -> KeptFinding {
        let Self { id, about, severity, says, suggestion, owner, due, ticket, notes, since, state, .. } = self.clone();
        let short = |text: &Text| {
            let plain = text.plain();
            let cut = plain.char_indices().nth(LONGEST).map(|(at, _)| at);
            cut.map_or(plain.clone(), |at| format!("{}…", &plain[..at]))
        };
        let suggestion = suggestion.map(|suggestion| short(&suggestion.text));
        let last_seen = run.map(str::to_owned);
        KeptFinding { id, about, severity, says: short(&says), suggestion, since, last_seen, state, owner, due, ticket, notes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FindingId, FindingSeverity};

    fn found(id: FindingId, about: Option<&str>) -> ReportFinding {
        ReportFinding { about: about.map(str::to_owned), ..ReportFinding::new(id, FindingSeverity::Medium, "seen.") }
    }

    fn run<'a>(name: &'a str, is_decisive: bool) -> Reviewed<'a> {
        Reviewed { run: Some(name), is_decisive }
    }

    fn head(name: &str) -> KeptFindings {
        KeptFindings { drill: Some(name.to_owned()), ..KeptFindings::default() }
    }

    /// What a drill showed after another that left this, and what it leaves itself.
    fn after(name: &str, decisive: bool, seen: Vec<ReportFinding>, before: Option<&KeptFindings>) -> (Vec<ReportFinding>, KeptFindings) {
        let told = reviewed(seen, before, run(name, decisive));
        let left = kept(&told, before, head(name), run(name, decisive));
        (told, left)
    }

    fn states(told: &[ReportFinding]) -> Vec<(String, FindingState, Option<String>)> {
        told.iter().map(|finding| (finding.id.clone(), finding.state, finding.since.clone())).collect()
    }

    #[test]
    fn a_finding_is_new_still_there_gone_and_new_again() {
        use FindingState::{Gone, New, StillThere};
        let relapse = || vec![found(FindingId::Relapse, None)];
        let one = |told: &[ReportFinding]| states(told).pop().map(|(_, state, since)| (state, since));
        let (told, first) = after("d1", true, relapse(), None);
        assert_eq!(one(&told), Some((New, Some("d1".into()))));
        let (told, second) = after("d2", true, relapse(), Some(&first));
        assert_eq!(one(&told), Some((StillThere, Some("d1".into()))));
        let (told, stopped) = after("d3", false, vec![], Some(&second));
        assert_eq!((told.len(), stopped.entries[0].state), (0, StillThere), "a drill that proves nothing mends nothing");
        let (told, third) = after("d4", true, vec![], Some(&stopped));
        assert_eq!(one(&told), Some((Gone, Some("d1".into()))));
        let (told, fourth) = after("d5", true, vec![], Some(&third));
        assert_eq!((told.len(), fourth.entries[0].state), (0, Gone), "it is told once that it is gone");
        let (told, _) = after("d6", true, relapse(), Some(&fourth));
        assert_eq!(one(&told), Some((New, Some("d6".into()))));
    }

    #[test]
    fn a_drill_that_is_rendered_again_says_the_same() {
        let seen = || vec![found(FindingId::Relapse, None), found(FindingId::RetryStorm, None)];
        let (_, first) = after("d1", true, vec![found(FindingId::Relapse, None), found(FindingId::LateAnswers, None)], None);
        let (told, own) = after("d2", true, seen(), Some(&first));
        let (again, same) = after("d2", true, seen(), Some(&own));
        assert_eq!((states(&told), &own), (states(&again), &same));
        assert_eq!(own.compared_with.as_deref(), Some("d1"));
        assert_eq!(told.len(), 3, "the one that is gone is told as well: {told:?}");
    }

    #[test]
    fn workloads_are_told_apart_and_people_keep_what_they_wrote() {
        let (_, mut first) =
            after("d1", true, vec![found(FindingId::Relapse, Some("chat")), found(FindingId::Relapse, Some("search"))], None);
        first.entries[1].owner = Some("ann".into());
        first.entries[1].notes = Some("known".into());
        first.entries[0].state = FindingState::Accepted;
        let own = KeptFinding { id: "budget-unclear".into(), says: "Who pays?".into(), ..first.entries[0].clone() };
        first.entries.push(KeptFinding { state: FindingState::New, ..own });
        let (told, second) = after("d2", true, vec![found(FindingId::Relapse, Some("search"))], Some(&first));
        assert_eq!(
            states(&told).iter().map(|(id, state, _)| (id.as_str(), *state)).collect::<Vec<_>>(),
            [("relapse", FindingState::StillThere), ("budget-unclear", FindingState::New)]
        );
        assert_eq!((told[0].owner.as_deref(), told[0].notes.as_deref()), (Some("ann"), Some("known")));
        assert_eq!(second.of("relapse", Some("chat")).unwrap().state, FindingState::Accepted);
        let (told, _) = after("d3", true, vec![found(FindingId::Relapse, Some("chat"))], Some(&second));
        assert_eq!(told[0].state, FindingState::Accepted, "accepted stays");
    }
}
