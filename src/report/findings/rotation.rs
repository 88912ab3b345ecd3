//! What was promised of a credential and not kept, or not proven.

use super::{finding, knobs};
use crate::model::{FindingId, FindingSeverity};
use crate::report::model::{ReportFinding, Text};
use crate::report::sections::subject::Subject;
use crate::report::words::credential::{began, said};
use crate::report::words::wording::{between, capital, span};
use crate::verdict::{Criterion, Decision, Judgement, Rotated};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<ReportFinding> {
    let mut found = Vec::new();
    for rotated in &subject.verdict.rotations {
        found.extend(
            rotated.criteria.iter().filter(|judgement| judgement.verdict != Decision::Met).map(|bad| broken(subject, rotated, bad)),
        );
        found.extend(nearly(subject, rotated));
    }
    let gateway = subject.gateway();
    for finding in &mut found {
        finding.suggestion = finding.kind().and_then(|kind| knobs::suggestion(gateway, kind, &knobs::Gauge::default()));
        finding.about = Some(match (subject.name(), finding.about.take()) {
            (Some(workload), Some(credential)) => format!("{workload}, {credential}"),
            (_, about) => about.unwrap_or_default(),
        });
    }
    found
}

/// A criterion that was not met.
fn broken(subject: &Subject<'_>, rotated: &Rotated, judgement: &Judgement) -> ReportFinding {
    let severity = if judgement.verdict == Decision::Missed { FindingSeverity::High } else { FindingSeverity::Medium };
    let what = capital(&said(rotated, judgement, subject.verdict.terms.rotation));
    let says = Text::outside(what).then(format!(": {}.", judgement.verdict));
    let mut finding = finding(id_of(judgement.name), severity, says).about(Some(rotated.credential.as_str()));
    finding.objective = Some(judgement.name.to_string());
    finding
}

const fn id_of(criterion: Criterion) -> FindingId {
    match criterion {
        Criterion::NewKeyAccepted => FindingId::NewKeyRefused,
        Criterion::OldKeyRefused => FindingId::KeyStillAccepted,
        Criterion::OldKeyUnused => FindingId::OldKeyUsed,
        Criterion::ClientErrors => FindingId::RotationLostRequests,
        Criterion::Rotation => FindingId::RotationMissed,
        Criterion::Fallback => FindingId::RotationWithoutFallback,
        Criterion::PrimaryResumed => FindingId::PrimaryNotResumed,
        Criterion::TokensReminted => FindingId::TokensNotRenewed,
    }
}

/// It was in time, and only just.
fn nearly(subject: &Subject<'_>, rotated: &Rotated) -> Option<ReportFinding> {
    let (t6, limit) = (rotated.moments.t6?, subject.verdict.terms.rotation);
    let met = rotated.of(Criterion::Rotation).is_some_and(|judgement| judgement.verdict == Decision::Met);
    let near = super::outage::is_near(t6.hi?, limit.nanos());
    let says = format!("Every replica used the new key {} after {}; the objective is {}.", between(t6), began(rotated), span(limit));
    let mut finding = finding(FindingId::NearMissRotation, FindingSeverity::Low, says).about(Some(rotated.credential.as_str()));
    finding.objective = Some(Criterion::Rotation.to_string());
    (met && near).then_some(finding)
}
