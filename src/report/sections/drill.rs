//! The report of a drill: which sections it has, in which order, and which drill it is about.
//!
//! It is written for somebody who was not there: the verdict and the picture first, then what was promised against what was measured, the
//! proof that the fault bit, who did what, and what the verdict does not claim. Each section has a file of its own.

use super::origin::origin;
use super::subject::Subject;
use super::{chart, cost, credential_section, faults, findings, limits, milestones, objectives, runbook, traffic};
use crate::report::context::DrillContext;
use crate::report::digest::Digest;
use crate::report::model::{Block, Fact, Paragraph, Report, ReportIdentity, ReportKind, Section, SectionKind, Text};
use crate::report::words::advice::hint;
use crate::report::words::headline::headline;
use crate::report::words::rescue;
use crate::report::words::wording::span;
use crate::verdict::Verdict;

/// The whole report. `hash` is the history's SHA-256 in hexadecimal.
pub fn drill(verdict: &Verdict, digest: &Digest, hash: &str, _context: &DrillContext) -> Report {
    let subjects = Subject::each(verdict, digest);
    let (mut opening, mut sections) = (opening(verdict), Vec::new());
    for subject in &subjects {
        match workload(subject) {
            Some(section) => sections.push(section),
            None => {
                opening.extend(chart::blocks(subject));
                sections.extend(about(subject));
            }
        }
    }
    sections.extend(faults::section(verdict, digest, &subjects));
    sections.push(traffic::section(verdict, digest, &subjects));
    sections.extend(cost::section(verdict, digest, &subjects));
    sections.extend(runbook::section(digest));
    sections.extend(findings::section(digest, &subjects));
    sections.push(limits::section(verdict, digest, &subjects));
    sections.push(identity(verdict, digest, hash));
    let title = digest.started.as_ref().map_or_else(|| "A drill".into(), |started| Text::outside(&started.plan.scenario.title));
    let identity = run_identity(digest, hash);
    Report { kind: ReportKind::Drill, identity, title, status: verdict.verdict.into(), opening, sections }
}

/// The verdict in a sentence; of several workloads that of each in a word.
fn opening(verdict: &Verdict) -> Vec<Block> {
    if verdict.workloads.is_empty() {
        return told(verdict);
    }
    let mut each = Text::default();
    for (place, of) in verdict.workloads.iter().enumerate() {
        let pause = if place == 0 { "" } else { "; " };
        each = each.then(pause).then(Text::outside(&of.name)).then(format!(": {}", of.verdict.verdict));
    }
    vec![Paragraph::key(each.then(".")).into()]
}

/// The sentences that come before everything else.
fn told(verdict: &Verdict) -> Vec<Block> {
    let rescued = rescue::sentence(verdict).map(Paragraph::plain);
    let hint = hint(verdict).map(|hint| Paragraph::advice(format!("What to do next: {hint}.")));
    [Paragraph::key(headline(verdict))].into_iter().chain(rescued).chain(hint).map(Block::from).collect()
}

/// The section of a workload, where there are several.
fn workload(subject: &Subject<'_>) -> Option<Section> {
    let (name, named) = subject.name().zip(subject.workload.named.as_ref())?;
    let title = Text::own("Workload ").then(Text::outside(name)).then(" to ").then(Text::outside(&named.service_name));
    let of = |section: Section| Block::Section(Section { about: section.about.or_else(|| Some(name.to_owned())), ..section });
    let blocks = told(subject.verdict).into_iter().chain(chart::blocks(subject)).chain(about(subject).into_iter().map(of)).collect();
    let status = Some(subject.verdict.verdict.into());
    Some(Section { about: Some(name.to_owned()), status, blocks, ..Section::new(SectionKind::Workload, title) })
}

/// What was promised to one workload and what was measured.
fn about(subject: &Subject<'_>) -> Vec<Section> {
    let sections = [objectives::section(subject), milestones::section(subject)];
    sections.into_iter().flatten().chain(credential_section::sections(subject.verdict)).collect()
}

/// Which drill it was, for machines.
fn run_identity(digest: &Digest, hash: &str) -> ReportIdentity {
    let Some(started) = &digest.started else { return ReportIdentity::default() };
    ReportIdentity {
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
        ..ReportIdentity::default()
    }
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
        facts.push(Fact::of("seed", started.seed.to_string()));
        facts.push(Fact::of("Lifeboat", started.lifeboat.as_str()));
    }
    facts.push(Fact::of("history, SHA-256", hash));
    let limits = format!("{}, {}", span(verdict.terms.hold), span(verdict.terms.lag_max));
    facts.push(Fact::of("hold, limit on late sending", limits));
    Section::new(SectionKind::Identity, "Identity").with(Block::Facts(facts))
}
