//! What a provider did that was asked beside the one that answered, and what that cost.

use super::subject::Subject;
use crate::price::most_tokens;
use crate::report::digest::Digest;
use crate::report::model::Text;
use crate::units::counted;
use crate::verdict::{Millis, ShadowComparison};

/// In sentences, of each workload that was asked twice.
pub(super) fn told(digest: &Digest, subjects: &[Subject<'_>]) -> Vec<Text> {
    subjects.iter().flat_map(|subject| of(digest, subject)).collect()
}

fn of(digest: &Digest, subject: &Subject<'_>) -> Vec<Text> {
    let Some(dual) = subject.verdict.measures.as_ref().and_then(|measures| measures.dual_run.as_ref()) else { return Vec::new() };
    let whose = subject.name().map(|name| Text::outside(name).then(": ")).unwrap_or_default();
    let asked = whose
        .then(format!("{} went to both: ", counted(dual.asked, "request")))
        .then(Text::outside(&dual.shadow))
        .then(" was asked beside the provider that answered, and its answers were thrown away.");
    [Some(asked), Some(failures(dual)), times(dual), cost(digest, subject, dual)].into_iter().flatten().collect()
}

fn failures(dual: &ShadowComparison) -> Text {
    let (low, high) = dual.more;
    let told = if low > 0.0 {
        format!("which is more by {:.1} to {:.1} points", low * 100.0, high * 100.0)
    } else if high < 0.0 {
        format!("which is fewer by {:.1} to {:.1} points", -high * 100.0, -low * 100.0)
    } else {
        "which shows no difference".to_owned()
    };
    Text::own(format!("It failed {} of them, and the provider beside it {}, {told}.", dual.failed, dual.failed_beside))
}

fn times(dual: &ShadowComparison) -> Option<Text> {
    let ((own, other), (own_p95, other_p95)) = (dual.median?, dual.p95?);
    let ms = |Millis(nanos): Millis| format!("{:.0} ms", nanos as f64 / 1e6);
    let told = format!(
        "Where both answered, half of its answers took up to {} against {}, and 95 of 100 up to {} against {}, as their proxies saw it.",
        ms(own),
        ms(other),
        ms(own_p95),
        ms(other_p95)
    );
    Some(told.into())
}

/// An upper bound, as all that is said of money here.
fn cost(digest: &Digest, subject: &Subject<'_>, dual: &ShadowComparison) -> Option<Text> {
    let plan = &digest.started.as_ref()?.plan;
    let tokens = most_tokens(subject.workload.named.as_ref()?, plan)?;
    let sum = plan.prices.get(&dual.shadow)?.of(tokens.input, tokens.output).times(dual.asked);
    Some(format!("Asking it as well cost {sum:.4} at most, beside what is paid for the answers that users got.").into())
}
