//! What a drill or an execution showed that somebody should look into: each finding with a name that stays the same, how much it matters, what
//! was seen in numbers, where that stands in the history, and what would mend it.
//!
//! - `course`: what happened to the drill itself: stopped, steps that failed, what was missed or left behind.
//! - `outage`: what users felt, workload by workload: objectives that were missed, nearly missed or are open, and what gateway and provider did.
//! - `rotation`: what was promised of keys.
//! - `walk`: the same of a runbook that was walked for real.
//! - `knobs`: the settings that would mend them.
//! - `review`: what people wrote about a finding, and what became of it since the drill before.
//!
//! All numbers come from the verdict and the digest. What this folder does not do: read or write `findings.yaml` (`project`, `exercise`), or
//! decide how findings look (`render`).

pub(in crate::report) mod course;
mod knobs;
mod outage;
mod rotation;
pub(in crate::report) mod walk;

use crate::model::{FindingId, FindingSeverity};
use crate::report::digest::{Digest, Trace};
use crate::report::model::{Block, FindingEvidence, ReportFinding, Section, SectionKind, Text};
use crate::report::sections::subject::Subject;

/// All that a drill showed, what matters most first.
pub(in crate::report) fn of_drill(digest: &Digest, subjects: &[Subject<'_>]) -> Vec<ReportFinding> {
    let mut found = course::findings(digest);
    for subject in subjects {
        found.extend(rotation::findings(subject));
        found.extend(outage::findings(subject));
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
