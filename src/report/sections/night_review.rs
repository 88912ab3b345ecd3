//! The draft of a review after a runbook was walked: what people said of the night, what happened when, and what is to be looked into.

use super::execution::Walk;
use crate::history::{Event, History, StepFinished};
use crate::model::{NightReview, ReviewTopic};
use crate::report::findings;
use crate::report::model::{Block, Paragraph, Report, ReportKind, ReportTable, Section, SectionKind, TableRow, Text};

/// What stands where nobody has said anything yet.
const BLANK: &str = "(to be written)";

/// The whole draft; `None` where the history is of something else.
pub fn night_review(history: &History, review: &NightReview) -> Option<Report> {
    let mended = history.as_mended();
    let walk = Walk::of(&mended)?;
    let said = |topic, title: &str| {
        let lines: Vec<Text> = review.about(topic).map(Text::outside).collect();
        let section = Section::new(SectionKind::Review, title);
        if lines.is_empty() { section.with(Paragraph::plain(BLANK)) } else { section.with(Block::List(lines)) }
    };
    let steps = &walk.started.plan.runbook.steps;
    let sections = [said(ReviewTopic::Impact, "Impact"), walk.story()]
        .into_iter()
        .chain([
            said(ReviewTopic::WentWell, "What went well"),
            said(ReviewTopic::WentBadly, "What went badly"),
            said(ReviewTopic::Lucky, "Where we were lucky"),
            truths(&walk, review),
        ])
        .chain(findings::section(findings::walk::findings(steps, walk.events)))
        .chain([said(ReviewTopic::FollowUp, "Follow-ups"), walk.identity()]);
    Some(Report {
        kind: ReportKind::Execution,
        identity: walk.run_identity(),
        title: Text::own("Review of ").then(Text::outside(&walk.started.plan.runbook.name)),
        status: walk.end(),
        opening: vec![Paragraph::key(walk.outcome()).into()],
        sections: sections.collect(),
    })
}

/// Whether each step that had its turn was true.
fn truths(walk: &Walk<'_>, review: &NightReview) -> Section {
    let rows = reviewed_steps(walk).into_iter().map(|(place, name, finished)| {
        let said = review.of_step(name);
        let how = said.and_then(|said| said.how.as_deref()).unwrap_or_default();
        let truth = said.map_or(BLANK, |said| said.truth.word());
        let step = Text::own(format!("{}. ", place + 1)).then(Text::outside(name));
        TableRow::of([step.into(), finished.end.to_string().into(), truth.into(), Text::outside(how).into()])
    });
    let columns = vec!["step", "result", "was it true", "how it was"];
    Section::new(SectionKind::Review, "Was each step true?").with(ReportTable { columns, rows: rows.collect() })
}

/// The steps that had their turn, in the order of the runbook, each with how it ended last.
fn reviewed_steps<'w>(walk: &'w Walk<'_>) -> Vec<(usize, &'w str, &'w StepFinished)> {
    let last = |place: usize| {
        walk.events.iter().rev().find_map(|stamped| match &stamped.event {
            Event::StepFinished(finished) if finished.step as usize == place => Some(finished),
            _ => None,
        })
    };
    let steps = walk.started.plan.runbook.steps.iter().enumerate();
    steps.filter_map(|(place, step)| Some((place, step.name.as_str(), last(place)?))).collect()
}

/// What a review asks of: each step that had its turn, by name, and how it ended.
pub fn steps_to_review(history: &History) -> Vec<(String, String)> {
    let mended = history.as_mended();
    let Some(walk) = Walk::of(&mended) else { return Vec::new() };
    reviewed_steps(&walk).into_iter().map(|(_, name, finished)| (name.to_owned(), finished.end.to_string())).collect()
}
