//! What a drill or an execution showed that somebody should look into: each finding with a name that stays the same, how much it matters, what
//! was seen in numbers, where that stands in the history, and what would mend it.
//!
//! - `course`: what happened to the drill itself: stopped, steps that failed, what was missed or left behind.
//! - `outage`: what users felt, workload by workload: objectives that were missed, nearly missed or are open, and what gateway and provider did.
//! - `spending`: whether somebody noticed before a budget was gone, and whether moving saves anything.
//! - `predicted`: what the gateway's configuration let expect.
//! - `rotation`: what was promised of keys.
//! - `walk`: the same of a runbook that was walked for real.
//! - `knobs`: the settings that would mend them.
//! - `review`: what people wrote about a finding, and what became of it since the drill before.
//!
//! All numbers come from the verdict and the digest. What this folder does not do: read or write `findings.yaml` (`project`, `exercise`), or
//! decide how findings look (`render`).

pub(in crate::report) mod course;
mod half_done;
mod identity;
mod knobs;
mod outage;
mod predicted;
mod review;
mod rotation;
mod spending;
pub(in crate::report) mod walk;

use crate::model::{FindingId, FindingSeverity, KeptFindings};
use crate::report::digest::{Digest, Trace};
use crate::report::model::{Block, FindingEvidence, ReportFinding, Section, SectionKind, Text};
use crate::report::sections::subject::Subject;
use crate::verdict::{Decision, Verdict};

/// All that a drill showed, with what was kept of it: what matters most first.
pub(in crate::report) fn of_drill(
    verdict: &Verdict,
    digest: &Digest,
    subjects: &[Subject<'_>],
    kept: Option<&KeptFindings>,
) -> Vec<ReportFinding> {
    review::reviewed(shown(digest, subjects), kept, which(verdict, digest))
}

/// What is kept after a drill: what it showed, beside what was kept before.
pub fn kept_findings(verdict: &Verdict, digest: &Digest, before: Option<&KeptFindings>) -> KeptFindings {
    let found = of_drill(verdict, digest, &Subject::each(verdict, digest), before);
    let started = digest.started.as_deref();
    let head = KeptFindings {
        drill: started.map(|started| started.drill.clone()),
        scenario: started.map(|started| started.plan.scenario.name.clone()),
        environment: started.map(|started| started.plan.environment_name.clone()),
        started: started.map(|started| started.wall_clock.clone()),
        ..KeptFindings::default()
    };
    review::kept(&found, before, head, which(verdict, digest))
}

fn which<'a>(verdict: &Verdict, digest: &'a Digest) -> review::Reviewed<'a> {
    let is_decisive = matches!(verdict.verdict, Decision::Met | Decision::Missed);
    review::Reviewed { run: digest.started.as_ref().map(|started| started.drill.as_str()), is_decisive }
}

fn shown(digest: &Digest, subjects: &[Subject<'_>]) -> Vec<ReportFinding> {
    let mut found = course::findings(digest);
    for subject in subjects {
        found.extend(rotation::findings(subject));
        found.extend(outage::findings(subject));
        found.extend(predicted::findings(subject));
    }
    sorted(found)
}

/// The section; nothing where there is nothing to look into.
pub(in crate::report) fn section(found: Vec<ReportFinding>) -> Option<Section> {
    (!found.is_empty()).then(|| Section::new(SectionKind::Findings, "Findings").with(Block::Findings(found)))
}

/// What matters most first, each once.
fn sorted(found: Vec<ReportFinding>) -> Vec<ReportFinding> {
    let mut once: Vec<ReportFinding> = Vec::new();
    for finding in found {
        match once.iter_mut().find(|other| (&other.id, &other.about) == (&finding.id, &finding.about)) {
            Some(other) => merge(other, finding),
            None => once.push(finding),
        }
    }
    once.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    once
}

/// Two findings of one name about one thing are one.
fn merge(one: &mut ReportFinding, other: ReportFinding) {
    const MOST: usize = 5;
    if one.says != other.says && one.says.0.len() < 2 * MOST {
        one.says = std::mem::take(&mut one.says).then(" ").then(other.says);
    }
    one.severity = one.severity.max(other.severity);
    one.evidence.events.extend(other.evidence.events);
    one.evidence.events.truncate(MOST);
    one.evidence.requests.extend(other.evidence.requests);
    one.evidence.requests.truncate(MOST);
    one.evidence.count = one.evidence.count.or(Some(1)).map(|count| count + other.evidence.count.unwrap_or(1));
    one.suggestion = one.suggestion.take().or(other.suggestion);
}

/// One about the drill as a whole.
fn finding(id: FindingId, severity: FindingSeverity, says: impl Into<Text>) -> ReportFinding {
    ReportFinding::new(id, severity, says)
}

impl ReportFinding {
    /// The same about this.
    fn about(mut self, about: Option<impl Into<String>>) -> Self {
        self.about = about.map(Into::into).or(self.about);
        self
    }

    /// The same, shown by these.
    fn shown_by(mut self, trace: &Trace) -> Self {
        let count = Some(trace.count).filter(|count| *count > 0);
        self.evidence = FindingEvidence { events: trace.lines.clone(), requests: trace.requests.clone(), count };
        self
    }

    /// The same, shown by one line.
    fn at_line(mut self, line: Option<u64>) -> Self {
        self.evidence.events.extend(line);
        self
    }
}
