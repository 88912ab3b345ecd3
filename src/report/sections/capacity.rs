//! How much of its primary's load the standby bears: the steps that were tried, where it broke, and how it came back from that.

use super::subject::Subject;
use crate::model::{Bearing, Gate, LoadSteps};
use crate::report::model::{
    Block, Grade, Paragraph, ParagraphKind, Quantity, ReportStatus, ReportTable, Section, SectionKind, TableCell, TableRow, Text,
};
use crate::report::words::wording::between;
use crate::units::grouped;
use crate::verdict::{Capacity, Millis, StepBorne};

/// The section of one workload; nothing where its traffic did not climb.
pub(in crate::report) fn section(subject: &Subject<'_>) -> Option<Section> {
    let (capacity, steps) = told(subject)?;
    let columns = vec!["share of the peak", "rate", "requests counted", "served well", "95 of 100 within", "the step was"];
    let table = ReportTable { columns, rows: capacity.steps.iter().map(row).collect() };
    let mut lines = vec![rule()];
    lines.extend(unsent(capacity));
    lines.extend(recovered(capacity));
    lines.extend(at_cutover(subject));
    let section = Section::new(SectionKind::Capacity, "How much of the load the standby can take");
    Some(
        section
            .with(Block::from(Paragraph::key(sentence_of(capacity, steps))))
            .with(table)
            .with(Block::from(Paragraph { kind: ParagraphKind::Plain, lines })),
    )
}

/// `You can fail over 60 % of Tuesday's peak.`
pub(in crate::report) fn sentence(subject: &Subject<'_>) -> Option<Text> {
    told(subject).map(|(capacity, steps)| sentence_of(capacity, steps))
}

/// What was measured, in a few words.
pub(in crate::report) fn measured(capacity: &Capacity) -> String {
    match (capacity.borne, capacity.broken) {
        (Some(borne), Some(broken)) => format!("at least {}, less than {}", percent(borne), percent(broken)),
        (Some(borne), None) => format!("at least {}", percent(borne)),
        (None, Some(broken)) => format!("less than {}", percent(broken)),
        (None, None) => "not known".to_owned(),
    }
}

fn told<'a>(subject: &'a Subject<'_>) -> Option<(&'a Capacity, &'a LoadSteps)> {
    let capacity = subject.verdict.measures.as_ref()?.capacity.as_ref()?;
    Some((capacity, subject.workload.named.as_ref()?.workload.steps.as_ref()?))
}

fn sentence_of(capacity: &Capacity, steps: &LoadSteps) -> Text {
    let peak = if steps.called.is_empty() { Text::own("the peak") } else { Text::outside(&steps.called) };
    let rate = |share: f64| per_second(share * capacity.peak);
    let of =
        |share: f64| Text::own(format!("{} of ", percent(share))).then(peak.clone()).then(format!(" ({} of {})", rate(share), steps.peak));
    match (capacity.borne, capacity.broken) {
        (Some(borne), Some(broken)) => Text::own("You can fail over ").then(of(borne)).then(format!("; {} was too much.", percent(broken))),
        (Some(borne), None) => Text::own("You can fail over at least ").then(of(borne)).then(": no step broke the standby."),
        (None, Some(broken)) => {
            Text::own("You can fail over less than ").then(of(broken)).then(": the first step that says something was too much.")
        }
        (None, None) => Text::own("How much of ").then(peak).then(" you can fail over is not known: no step says it for sure."),
    }
}

fn row(step: &StepBorne) -> TableRow {
    let status = match step.bearing {
        Bearing::Borne => Grade::Good,
        Bearing::Broken => Grade::Bad,
        Bearing::Unclear => Grade::Open,
    };
    let good = step.requests - step.bad;
    let share = if step.requests == 0 { 0.0 } else { good as f64 / step.requests as f64 };
    let p95 = step.p95.map_or_else(|| "not all were answered".to_owned(), |Millis(nanos)| format!("{:.0} ms", nanos as f64 / 1e6));
    let cells = vec![
        percent(step.share).into(),
        per_second(step.rate).into(),
        TableCell::count(step.requests),
        format!("{} ({})", grouped(good), percent(share)).into(),
        TableCell::of(p95, step.p95.map(|Millis(nanos)| Quantity::Nanoseconds(nanos))),
        step.bearing.to_string().into(),
    ];
    TableRow { key: None, status: Some(ReportStatus { grade: status, word: step.bearing.to_string() }), cells }
}

fn rule() -> Text {
    "Of each step the later half counts. The standby held it where no more requests were late, wrong or lost than was promised, and broke where more were than chance explains.".into()
}

fn unsent(capacity: &Capacity) -> Option<Text> {
    let shares: Vec<String> = capacity.unsent.iter().copied().map(percent).collect();
    (!shares.is_empty()).then(|| {
        format!(
            "The climb ended there: {} not sent.",
            if shares.len() == 1 { format!("the step of {} was", shares[0]) } else { format!("the steps of {} were", shares.join(", ")) }
        )
        .into()
    })
}

fn recovered(capacity: &Capacity) -> Option<Text> {
    let (recovery, rate) = (capacity.recovery?, capacity.eased_to?);
    let rate = per_second(rate);
    Some(match recovery.hi {
        Some(_) => format!("With {rate} again, users were served well {} after the rate fell.", between(recovery)).into(),
        None => format!("With {rate} again, the standby did not recover while the fault lasted.").into(),
    })
}

/// How hard the moment of the cutover itself hit the standby.
fn at_cutover(subject: &Subject<'_>) -> Option<Text> {
    let measures = subject.verdict.measures.as_ref()?;
    let overshoot = measures.overshoot.filter(|_| subject.verdict.terms.gate == Gate::Cutover || measures.first_standby.is_some())?;
    let amplified =
        measures.amplification.map(|each| format!(", and all providers together {each:.2} attempts a request")).unwrap_or_default();
    let storm = if overshoot >= 1.5 { ": requests that had waited, and retries, came at once" } else { "" };
    Some(
        format!("When it took over, the standby got {overshoot:.2} times the offered rate in its busiest second{storm}{amplified}.").into(),
    )
}

fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

fn per_second(rate: f64) -> String {
    let text = format!("{rate:.1}");
    format!("{}/s", text.strip_suffix(".0").unwrap_or(&text))
}
