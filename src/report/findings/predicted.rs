//! Findings from what was predicted: it was more than was promised, or less than was measured.

use super::finding;
use crate::model::{FindingId, FindingSeverity, Prediction};
use crate::report::model::{ReportFinding, Suggestion, Text};
use crate::report::sections::predicted;
use crate::report::sections::subject::Subject;
use crate::report::words::recovery;
use crate::report::words::wording::{between, span};

/// What one request may wait beyond what was predicted: the answer itself, and a machine that is busy. In nanoseconds.
const SLACK: i64 = 500_000_000;

pub(super) fn findings(subject: &Subject<'_>) -> Vec<ReportFinding> {
    let Some((prediction, measures)) = predicted::of(subject).zip(subject.verdict.measures.as_ref()) else { return Vec::new() };
    let gate = recovery::gate(subject.verdict, measures);
    let mut found = Vec::new();
    let rto = subject.verdict.terms.rto;
    if prediction.cutover.is_none_or(|cutover| cutover.nanos() > rto.nanos()) {
        let says =
            format!("By its configuration a cutover takes {}, and {} were promised: {}.", prediction.told(), span(rto), prediction.because);
        found.push(advised(finding(FindingId::SlowByConfiguration, FindingSeverity::Medium, Text::outside(says)), prediction));
    }
    // Only what is proven: that there was no service when there should have been.
    if let Some(cutover) = prediction.cutover.filter(|cutover| gate.lo > cutover.nanos() + SLACK) {
        let says = format!(
            "It took longer than the gateway's configuration lets expect: {} after the fault, and {} at most were predicted ({}).",
            between(gate),
            span(cutover),
            prediction.because
        );
        let mut longer = finding(FindingId::LongerThanPredicted, FindingSeverity::Medium, Text::outside(says));
        let text = "See whether the gateway runs with this configuration, and tell us where it does: then the prediction is wrong.";
        longer.suggestion = Some(Suggestion { gateway: None, setting: None, value: None, text: text.into() });
        found.push(longer);
    }
    found
}

fn advised(mut found: ReportFinding, prediction: &Prediction) -> ReportFinding {
    if let Some((change, then)) = prediction.change().zip(prediction.then) {
        let first = prediction.changes.first();
        let file = prediction.file.as_deref().unwrap_or_default();
        found.suggestion = Some(Suggestion {
            gateway: Some(prediction.kind.word().to_owned()),
            setting: first.map(|change| change.setting.clone()),
            value: first.map(|change| change.value.clone()),
            text: Text::outside(format!("In {file}, {change}: a cutover takes at most {} then.", span(then))),
        });
    }
    found
}
