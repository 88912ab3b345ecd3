//! The picture of a drill: who answered and what was bad, second by second, and while what.

use super::subject::Subject;
use crate::report::digest::Second;
use crate::report::model::{Block, ChartSeries, ChartShade, Grade, TrafficChart};
use crate::report::words::nature::nameless;

/// The chart of one workload; nothing where it sent nothing.
pub(in crate::report) fn blocks(subject: &Subject<'_>) -> Option<Block> {
    let seconds = &subject.workload.seconds;
    if seconds.is_empty() {
        return None;
    }
    let counts = |count: &dyn Fn(&Second) -> u32| seconds.iter().map(count).collect::<Vec<u32>>();
    let served = |place: usize| counts(&|second| second.served.get(place).copied().unwrap_or(0));
    let mut series: Vec<ChartSeries> = Vec::new();
    // Nobody told who served: a row without a bar would say that they did not.
    if !nameless(subject.verdict) {
        let own = |name: &String| subject.workload.named.as_ref().is_some_and(|named| named.service.providers.contains(name));
        let each = subject.digest.providers.iter().enumerate().map(|(place, name)| (name, served(place)));
        let shown = each.filter(|(name, counts)| subject.name().is_none() || own(name) || counts.iter().any(|count| *count > 0));
        series.extend(shown.map(|(name, counts)| ChartSeries { name: name.clone(), grade: Grade::Good, counts }));
    }
    series.push(ChartSeries { name: "bad".to_owned(), grade: Grade::Bad, counts: counts(&|second| second.bad) });
    Some(Block::Chart(TrafficChart {
        requests: counts(&|second| second.good + second.bad),
        series,
        shade: shade(subject),
        caption: "The drill's requests that each provider answered completely, and those that were bad",
    }))
}

/// When something was broken or replaced, and how long users may wait from there.
fn shade(subject: &Subject<'_>) -> Option<ChartShade> {
    let (from_ns, until_ns) = subject.digest.fault_span()?;
    let terms = &subject.verdict.terms;
    let (name, limit) = if subject.verdict.only_rotates { ("rotation", terms.rotation) } else { ("fault", terms.rto) };
    Some(ChartShade { name, from_ns, until_ns, objective_ns: limit.as_nanos() })
}
