//! What went where it should not: requests outside the areas that are permitted, and keys that reached a provider which they are not for.

use super::finding;
use crate::model::{FindingId, FindingSeverity};
use crate::report::model::{FindingEvidence, ReportFinding, Suggestion, Text};
use crate::report::sections::subject::Subject;
use crate::report::words::passage;

/// A key that reached a provider which it is not for is a finding whatever else came of the drill.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<ReportFinding> {
    let each = subject.verdict.leaked_keys.iter().map(|leak| {
        let mut found = finding(FindingId::KeyLeaked, FindingSeverity::High, Text::outside(passage::leak(leak)));
        found.evidence =
            FindingEvidence { events: Vec::new(), requests: leak.first_request.into_iter().collect(), count: Some(leak.requests) };
        found.about(Some(&leak.to))
    });
    each.collect()
}

/// The same finding with what shows that requests went outside.
pub(super) fn outside(mut found: ReportFinding, subject: &Subject<'_>) -> ReportFinding {
    let Some(residency) = &subject.verdict.residency else { return found };
    let count: u64 = residency.outside.iter().map(|area| area.attempts + area.connections + area.nameless).sum();
    let requests = residency.outside.iter().filter_map(|area| area.first_request).collect();
    found.evidence = FindingEvidence { events: Vec::new(), requests, count: Some(count).filter(|count| *count > 0) };
    found
}

/// What mends it, where no setting of a gateway is known that does.
pub(super) fn suggestion(kind: FindingId) -> Option<Suggestion> {
    let text = match kind {
        FindingId::ResidencyMissed => {
            "Take the provider out of the routes of this service, or let the gateway refuse the route before it calls: an error for users is what was promised where no permitted provider is left."
        }
        FindingId::ParityMissed => {
            "Enforce the right, the policy and the limit in the gateway, before any provider is asked, or set the standby up as the primary is."
        }
        FindingId::KeyLeaked => "Give each provider in the gateway a key of its own, and replace the key that was sent elsewhere.",
        _ => return None,
    };
    Some(Suggestion { gateway: None, setting: None, value: None, text: Text::own(text) })
}
