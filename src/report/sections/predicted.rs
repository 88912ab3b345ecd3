//! Predicted against measured: what the gateway's configuration let expect before the drill, and what the drill showed.
//!
//! What this file does not do: reckon; the prediction stands in the history, as it was stated before the drill began.

use super::subject::Subject;
use crate::model::Prediction;
use crate::report::model::{Block, Fact, Paragraph, Quantity, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::recovery;
use crate::report::words::wording::{between, capital, seconds_up, span};

/// The section about the workload that leads; nothing where nothing was predicted by a file, or nothing was measured.
pub(in crate::report) fn section(subject: &Subject<'_>) -> Option<Section> {
    let (prediction, measures) = (of(subject)?, subject.verdict.measures.as_ref()?);
    let gate = recovery::gate(subject.verdict, measures);
    let wait = match (prediction.wait, prediction.passed_on) {
        (Some(wait), true) => format!("at most {} until another is asked", span(wait)),
        (Some(wait), false) => format!("at most {}, and it fails", span(wait)),
        (None, _) => "no limit".to_owned(),
    };
    let paid = measures.rescued.as_ref().and_then(|rescued| rescued.paid);
    let rows = vec![
        TableRow::of([
            "from the fault until users are served well".into(),
            prediction.told().into(),
            TableCell::of(between(gate), Some(Quantity::from(gate))),
        ]),
        TableRow::of([
            "wait of a request that met the broken provider".into(),
            wait.into(),
            paid.map_or_else(|| "none seen".to_owned(), |paid| format!("{} at most", seconds_up(paid.hi.0))).into(),
        ]),
    ];
    let columns = vec!["what", "predicted", "measured"];
    let by = prediction.file.as_deref().unwrap_or_default();
    let sum = Text::own("By ")
        .then(Text::outside(by))
        .then(format!(", after {}: ", prediction.shape))
        .then(Text::outside(&prediction.because))
        .then(".");
    let mut section = Section::new(SectionKind::Predicted, "Predicted and measured").with(ReportTable { columns, rows });
    section = section.with(Block::Paragraph(Paragraph::plain(sum)));
    let place = |line: Option<u64>| line.map_or_else(|| "by default".to_owned(), |line| format!("line {line}"));
    let mut facts: Vec<Fact> = prediction
        .terms
        .iter()
        .map(|term| Fact::of(Text::outside(&term.name), Text::outside(format!("{} ({})", term.value, place(term.line)))))
        .collect();
    if let Some((change, then)) = prediction.change().zip(prediction.then) {
        facts.push(Fact::of("what would shorten it", Text::outside(format!("{}: {} then", capital(&change), span(then)))));
    }
    facts.extend(prediction.doubts.iter().map(|doubt| Fact::of("not certain", Text::outside(doubt))));
    Some(if facts.is_empty() { section } else { section.with(Block::Facts(facts)) })
}

/// What was predicted for this workload by a configuration.
pub(in crate::report) fn of<'a>(subject: &Subject<'a>) -> Option<&'a Prediction> {
    let started = subject.digest.started.as_ref()?;
    let leads = started.plan.workloads.lead() == subject.place();
    started.plan.prediction.as_ref().filter(|prediction| leads && prediction.file.is_some())
}
