//! The report of a drill: which sections it has, in which order, and which drill it is about.
//!
//! It is written for somebody who was not there. The first screen is the verdict in a sentence, the picture, and what to do next; then what was found,
//! where the seconds went, what was promised against what was measured, and what is to be looked into; then the evidence; last what is not known,
//! and which drill it was. Each section has a file of its own.

use super::origin::origin;
use super::subject::Subject;
use super::trend::{self, TrendLast};
use super::{
    basis, capacity, cost, credential_section, faults, found, guards, limits, margin, objectives, parity, picture, predicted, residency,
    restoration, runbook, traffic, waterfall,
};
use crate::history::{Event, Stamped};
use crate::model::FindingState;
use crate::report::context::DrillContext;
use crate::report::digest::Digest;
use crate::report::findings;
use crate::report::model::{
    Block, Fact, FindingSeverity, Paragraph, Report, ReportFinding, ReportIdentity, ReportKind, Section, SectionKind, Text,
};
use crate::report::words::advice::hint;
use crate::report::words::headline::headline;
use crate::report::words::wording::{capital, span};
use crate::verdict::Verdict;

/// The whole report. `hash` is the history's SHA-256 in hexadecimal.
pub fn drill(verdict: &Verdict, digest: &Digest, hash: &str, context: &DrillContext) -> Report {
    let subjects = Subject::each(verdict, digest);
    let title = digest.started.as_ref().map_or_else(|| "A drill".into(), |started| Text::outside(&started.plan.scenario.title));
    let found = findings::of_drill(verdict, digest, &subjects, context.kept.as_ref());
    let mut opening: Vec<Block> =
        unproven(digest).into_iter().chain(broken_on_purpose(digest)).chain(opening(verdict, &subjects)).collect();
    opening.extend(advice(verdict, &found));
    Report {
        kind: ReportKind::Drill,
        identity: run_identity(digest, hash),
        title,
        status: verdict.verdict.into(),
        opening,
        sections: sections(verdict, digest, hash, &subjects, found, context),
    }
}

/// The drills before it, where somebody asked for them.
fn earlier(verdict: &Verdict, digest: &Digest, found: &[ReportFinding], context: &DrillContext) -> Option<Section> {
    let earlier = context.earlier.as_ref()?;
    let started = digest.started.as_deref();
    let name = started.map_or("this", |started| started.drill.as_str());
    let open = found.iter().filter(|finding| finding.state != FindingState::Gone).count() as u64;
    Some(trend::section(&TrendLast { name, verdict, started, findings: Some(open) }, earlier))
}

/// Everything below the first screen, in the order in which it is read: a line a section.
fn sections(
    verdict: &Verdict,
    digest: &Digest,
    hash: &str,
    subjects: &[Subject<'_>],
    findings: Vec<ReportFinding>,
    context: &DrillContext,
) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    sections.extend(found::section(subjects));
    for subject in subjects {
        match workload(subject) {
            Some(section) => sections.push(section),
            None => sections.extend(about(subject)),
        }
    }
    let trend = earlier(verdict, digest, &findings, context);
    sections.extend(findings::section(findings));
    sections.extend(faults::section(verdict, digest, subjects));
    sections.push(traffic::section(verdict, digest, subjects));
    sections.extend(cost::section(verdict, digest, subjects));
    sections.extend(subjects.iter().filter_map(margin::section));
    sections.extend(
        subjects.iter().filter(|subject| subject.name().is_none()).flat_map(|subject| credential_section::sections(subject.verdict)),
    );
    sections.extend(runbook::section(digest));
    sections.extend(guards::section(digest));
    sections.extend(restoration::section(digest));
    sections.extend(trend);
    sections.push(limits::section(verdict, digest, subjects));
    sections.extend(basis::section(digest, subjects));
    sections.push(identity(verdict, digest, hash));
    sections
}

/// What comes before everything else: that nobody knows whether everything is well again.
fn unproven(digest: &Digest) -> Option<Block> {
    let why = digest.unproven()?;
    Some(Paragraph::key(Text::own("Not healed: health after the drill is not proven. ").then(Text::outside(capital(why))).then(".")).into())
}

/// What comes before everything else, too: that it was no drill of the system itself.
fn broken_on_purpose(digest: &Digest) -> Option<Block> {
    let sabotage = digest.started.as_ref()?.plan.sabotage.as_ref()?;
    let told = Text::own("A negative control: this copy of the system was broken on purpose (").then(Text::outside(&sabotage.what));
    Some(Paragraph::key(told.then("), and a miss is what is wanted.")).into())
}

/// The first screen: the verdict in a sentence (of several workloads that of each in a word), the picture, and what to do next.
fn opening(verdict: &Verdict, subjects: &[Subject<'_>]) -> Vec<Block> {
    if verdict.workloads.is_empty() {
        return subjects.first().map_or_else(Vec::new, first_screen);
    }
    let mut each = Text::default();
    for (place, of) in verdict.workloads.iter().enumerate() {
        let pause = if place == 0 { "" } else { "; " };
        each = each.then(pause).then(Text::outside(&of.name)).then(format!(": {}", of.verdict.verdict));
    }
    vec![Paragraph::key(each.then(".")).into()]
}

/// What to do next where the verdict itself has no advice: what mends the weightiest finding that nobody has accepted.
fn advice(verdict: &Verdict, found: &[ReportFinding]) -> Option<Block> {
    let is_advised = verdict.workloads.is_empty() && hint(verdict).is_some();
    let is_open = |finding: &&ReportFinding| {
        finding.severity > FindingSeverity::Low && !matches!(finding.state, FindingState::Gone | FindingState::Accepted)
    };
    let first = found.iter().filter(is_open).find_map(|finding| finding.suggestion.as_ref()).filter(|_| !is_advised)?;
    Some(Paragraph::advice(Text::own("What to do next: ").then(first.text.clone())).into())
}

/// The same of one workload.
fn first_screen(subject: &Subject<'_>) -> Vec<Block> {
    let hint = hint(subject.verdict).map(|hint| Paragraph::advice(format!("What to do next: {hint}.")).into());
    let capacity = capacity::sentence(subject).map(|told| Paragraph::key(told).into());
    [Paragraph::key(headline(subject.verdict)).into()].into_iter().chain(capacity).chain(picture::block(subject)).chain(hint).collect()
}

/// The section of a workload, where there are several.
fn workload(subject: &Subject<'_>) -> Option<Section> {
    let (name, named) = subject.name().zip(subject.workload.named.as_ref())?;
    let title = Text::own("Workload ").then(Text::outside(name)).then(" to ").then(Text::outside(&named.service_name));
    let of = |section: Section| Block::Section(Section { about: section.about.or_else(|| Some(name.to_owned())), ..section });
    let parts = about(subject).into_iter().chain(credential_section::sections(subject.verdict));
    let blocks = first_screen(subject).into_iter().chain(parts.map(of)).collect();
    let status = Some(subject.verdict.verdict.into());
    Some(Section { about: Some(name.to_owned()), status, blocks, ..Section::new(SectionKind::Workload, title) })
}

/// Where one workload's seconds went, and what was promised to it and measured.
fn about(subject: &Subject<'_>) -> Vec<Section> {
    let sections = [
        waterfall::section(subject),
        objectives::section(subject),
        capacity::section(subject),
        residency::section(subject),
        parity::section(subject),
        predicted::section(subject),
    ];
    sections.into_iter().flatten().collect()
}

/// Which drill it was, for machines.
pub(in crate::report) fn run_identity(digest: &Digest, hash: &str) -> ReportIdentity {
    let Some(started) = &digest.started else { return ReportIdentity::default() };
    let identity = ReportIdentity {
        run: Some(started.drill.clone()),
        scenario: Some(started.plan.scenario.name.clone()),
        environment: Some(started.plan.environment_name.clone()),
        seed: Some(started.seed.to_string()),
        lifeboat: Some(started.lifeboat.clone()),
        started_at: Some(started.wall_clock.clone()),
        user: started.origin.user.clone(),
        host: started.origin.host.clone(),
        reason: started.origin.reason.clone(),
        history_sha256: Some(hash.to_owned()),
        history_form: Some(digest.form),
        ..ReportIdentity::default()
    };
    identity.on_the_wall(digest.zero(), digest.last)
}

/// Which drill it was.
fn identity(verdict: &Verdict, digest: &Digest, hash: &str) -> Section {
    let mut facts: Vec<Fact> = Vec::new();
    if let Some(started) = &digest.started {
        let (plan, leading) = (&started.plan, started.plan.workloads.leading());
        let service = |name: &str, order: String| Text::outside(name).then(", from ").then(Text::outside(order));
        facts.push(Fact::of("drill", Text::outside(&started.drill)));
        let scenario = Text::outside(&plan.scenario.name).then(" in the environment ").then(Text::outside(&plan.environment_name));
        facts.push(Fact::of("scenario", scenario));
        facts.push(Fact::of("service", service(&leading.service_name, leading.service.order())));
        for (_, other) in plan.workloads.others() {
            let label = Text::own("workload ").then(Text::outside(&other.name));
            facts.push(Fact::of(label, service(&other.service_name, other.service.order())));
        }
        facts.push(Fact::of("started", started.wall_clock.as_str()));
        facts.extend(origin(&started.origin));
        facts.extend(digest.notable.iter().filter_map(approved));
        facts.push(Fact::of("seed", started.seed.to_string()));
        facts.push(Fact::of("Lifeboat", started.lifeboat.as_str()));
    }
    facts.push(Fact::of("history, SHA-256", hash));
    let limits = format!("{}, {}", span(verdict.terms.hold), span(verdict.terms.lag_max));
    facts.push(Fact::of("hold, limit on late sending", limits));
    Section::new(SectionKind::Identity, "Identity").with(Block::Facts(facts))
}

/// Who approved it.
fn approved(stamped: &Stamped) -> Option<Fact> {
    let Event::Approved(approved) = &stamped.event else { return None };
    Some(Fact::of("approved by", Text::outside(approved.told())))
}
