//! What a drill rests on: why it was run, what was expected of it, and who declared what it was held against.
//!
//! What this file does not do: say how it went.

use super::subject::Subject;
use crate::model::{Criticality, DeclaredObjectives, Gate, NamedWorkload};
use crate::report::digest::Digest;
use crate::report::model::{Block, Fact, Section, SectionKind, Text};
use crate::report::words::wording::span;
use crate::verdict::Verdict;

/// The section; nothing where no plan is known.
pub(in crate::report) fn section(digest: &Digest, subjects: &[Subject<'_>]) -> Option<Section> {
    let started = digest.started.as_ref()?;
    let mut facts: Vec<Fact> = Vec::new();
    facts.extend(started.origin.reason.as_ref().map(|reason| Fact::of("why now", Text::outside(reason))));
    for subject in subjects {
        let Some(named) = &subject.workload.named else { continue };
        let of =
            |label: &str| subject.name().map_or_else(|| Text::own(label), |name| Text::own(format!("{label}, ")).then(Text::outside(name)));
        facts.push(Fact::of(of("why this service"), outage(named.service.criticality)));
        facts.push(Fact::of(of("expected"), expected(subject.verdict)));
        if !subject.verdict.only_rotates {
            facts.push(Fact::of(of("the objective"), declared(named, &started.plan.scenario.objectives)));
        }
    }
    facts.push(Fact::of(
        "assumed",
        "the drill's requests stand for those of the users: they are as many, as large and as patient as the scenario says",
    ));
    Some(Section::new(SectionKind::Basis, "Why this drill").with(Block::Facts(facts)))
}

/// What it means that a service is out.
const fn outage(criticality: Criticality) -> &'static str {
    match criticality {
        Criticality::SinglePointOfFailure => "nothing else can do its work",
        Criticality::Recoverable => "while it is out, its users must wait or work around it",
        Criticality::Optional => "nobody is harmed by its absence",
    }
}

/// What was to be shown wrong.
fn expected(verdict: &Verdict) -> String {
    let terms = &verdict.terms;
    if verdict.only_rotates {
        return format!("every replica uses the new key within {} of the beginning of the rotation", span(terms.rotation));
    }
    let what = match terms.gate {
        Gate::Cutover => "a standby serves users well",
        Gate::Restore => "users are served well again",
    };
    format!(
        "{what} within {} of the fault, and {} of the requests are good for {} after that",
        span(terms.rto),
        terms.success,
        span(terms.hold)
    )
}

/// Who said how long an outage may be.
fn declared(named: &NamedWorkload, scenario: &DeclaredObjectives) -> Text {
    let rto = Text::own(format!("{} (RTO), ", span(named.objectives.rto)));
    let is = |declared: &DeclaredObjectives| declared.rto == Some(named.objectives.rto);
    if is(scenario) {
        return rto.then("declared by the scenario");
    }
    if is(&named.service.objectives) {
        return rto.then("declared by the service ").then(Text::outside(&named.service_name));
    }
    rto.then("declared by the workload")
}
