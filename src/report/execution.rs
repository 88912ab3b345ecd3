//! The report of a runbook that was walked for real, as Markdown, from its history alone: what was done when and by whom, what took longer
//! than expected, what became of keys, who was told, what people wrote down.

use super::keys;
use super::markdown::escaped;
use crate::history::{Event, ExecutionStarted, History, Stamped};
use crate::model::{Step, StepEnd};
use crate::units::{Duration, printable};
use std::fmt::Write;

/// The whole report; an empty text where the history is of something else.
pub fn execution(history: &History) -> String {
    let mut text = String::new();
    if let Some(Event::ExecutionStarted(started)) = history.events.first().map(|stamped| &stamped.event) {
        let report = ExecutionReport { started, events: &history.events };
        // Writing to a String cannot fail.
        let _ = report.write(&mut text);
    }
    printable(&text).into_owned()
}

struct ExecutionReport<'a> {
    started: &'a ExecutionStarted,
    events: &'a [Stamped],
}

impl ExecutionReport<'_> {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        let finished = |stamped: &Stamped| if let Event::ExecutionFinished(finished) = stamped.event { Some(finished.end) } else { None };
        let last = self.events.last();
        let end = last.and_then(finished).map_or_else(|| "interrupted".to_owned(), |end| end.to_string());
        writeln!(text, "# {}: {end}\n", escaped(&self.started.plan.runbook.name))?;
        // Until its last step, and not until the last message was answered.
        let walked = |stamped: &&Stamped| matches!(stamped.event, Event::StepFinished(_) | Event::StepUndone(_));
        let took = Duration::from_nanos(self.events.iter().rfind(walked).or(last).map_or(0, |stamped| stamped.t));
        writeln!(text, "**It took {}.{}**\n", length(took.as_nanos()), self.users(took.as_nanos()))?;
        self.steps(text)?;
        text.push_str(&keys::section(&self.started.plan.runbook.steps, self.events));
        self.story(text)?;
        self.findings(text)?;
        self.identity(text)
    }

    /// Whether users were served again in time, counted from where the runbook began: by the last step that saw the service answer. The outage
    /// began before that, and nobody knows here how long.
    fn users(&self, now: u64) -> String {
        let Some(rto) = self.started.plan.rto() else { return String::new() };
        let steps = &self.started.plan.runbook.steps;
        let looks = |place: u32| steps.get(place as usize).is_some_and(|step| step.action.sees_the_service());
        let seen = self.events.iter().rev().find_map(|stamped| match &stamped.event {
            Event::StepFinished(step) if step.end == StepEnd::Done && looks(step.step) => Some(stamped.t),
            _ => None,
        });
        let undone = self.events.iter().any(|stamped| matches!(stamped.event, Event::StepUndone(_)));
        let limit = rto.as_nanos();
        match seen.filter(|_| !undone) {
            Some(seen) if seen <= limit => format!(" A step saw users served again after {}; the RTO is {rto}: met.", length(seen)),
            Some(seen) => format!(" A step saw users served again only after {}; the RTO is {rto}: missed.", length(seen)),
            None if now > limit => format!(" No step saw users served again; the RTO is {rto}: missed."),
            None => format!(" No step saw users served again; the RTO is {rto}: not known."),
        }
    }

    /// One row for each time that a step was begun or skipped.
    fn steps(&self, text: &mut String) -> std::fmt::Result {
        let steps = &self.started.plan.runbook.steps;
        writeln!(text, "## Steps\n\n| step | owner | started | took | expected | tries | result |\n|---|---|---|---|---|---|---|")?;
        let mut open: Vec<(u32, u64, u32)> = Vec::new();
        let mut row = |step: u32, begun: Option<u64>, end: Option<u64>, tries: u32, how: &str| {
            let known: Option<&Step> = steps.get(step as usize);
            let name = known.map_or("", |step| step.name.as_str());
            let owner = known.and_then(|step| step.owner.as_deref()).unwrap_or("");
            let took = begun.zip(end).map(|(begun, end)| end.saturating_sub(begun));
            let expected = known.and_then(|step| step.expected);
            let over = expected.zip(took).is_some_and(|(expected, took)| took > expected.as_nanos());
            writeln!(
                text,
                "| {}. {} | {} | {} | {}{} | {} | {tries} | {how} |",
                step + 1,
                escaped(name),
                escaped(owner),
                begun.map_or_else(String::new, clock),
                took.map_or_else(String::new, length),
                if over { ", longer than expected" } else { "" },
                expected.map_or_else(String::new, |expected| expected.to_string()),
            )
        };
        for stamped in self.events {
            match &stamped.event {
                Event::StepStarted(step) => match open.iter_mut().find(|(place, ..)| *place == step.step) {
                    Some((_, _, tries)) => *tries += 1,
                    None => open.push((step.step, stamped.t, 1)),
                },
                Event::StepFinished(step) => {
                    let place = open.iter().position(|(place, ..)| *place == step.step);
                    let begun = place.map(|place| open.remove(place));
                    row(step.step, begun.map(|(_, t, _)| t), Some(stamped.t), begun.map_or(0, |(.., tries)| tries), step.end.word())?;
                }
                _ => {}
            }
        }
        for (step, begun, tries) in std::mem::take(&mut open) {
            row(step, Some(begun), None, tries, "unknown")?;
        }
        writeln!(text)
    }

    fn story(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "## What happened\n\n| after the start | what | details |\n|---|---|---|")?;
        let steps = &self.started.plan.runbook.steps;
        let name = |step: u32| steps.get(step as usize).map_or("a step", |step| step.name.as_str());
        for stamped in self.events {
            let (what, seen) = match &stamped.event {
                Event::RunbookStarted(started) => ("the runbook starts".to_owned(), started.because.clone()),
                Event::Resumed(resumed) => ("it continues after an interruption".to_owned(), resumed.wall_clock.clone()),
                Event::StepStarted(step) if step.attempt > 1 => (format!("{}: try {}", step.name, step.attempt), String::new()),
                Event::StepStarted(step) => (format!("{}: started", step.name), String::new()),
                Event::StepOverran(step) => {
                    (format!("{}: takes longer than expected", name(step.step)), Duration::from_nanos(step.expected).to_string())
                }
                Event::StepFinished(step) => (format!("{}: {}", name(step.step), step.end), step.output.clone()),
                Event::StepUndone(step) => (format!("{}: undo {}", name(step.step), step.end), step.output.clone()),
                Event::Contacted(contacted) => {
                    (told(&contacted.contact, contacted.end), format!("{}; {}", contacted.because, contacted.output))
                }
                Event::Note(note) => ("note".to_owned(), note.text.clone()),
                Event::Remark(remark) => (remark.about.to_string(), remark.text.clone()),
                Event::ExecutionFinished(finished) => (format!("the runbook ends: {}", finished.end), String::new()),
                _ => continue,
            };
            writeln!(text, "| {} | {} | {} |", clock(stamped.t), escaped(&what), escaped(&seen))?;
        }
        writeln!(text)
    }

    fn findings(&self, text: &mut String) -> std::fmt::Result {
        let steps = &self.started.plan.runbook.steps;
        let name = |step: u32| steps.get(step as usize).map_or("a step", |step| step.name.as_str());
        let mut found: Vec<String> = Vec::new();
        for stamped in self.events {
            match &stamped.event {
                Event::StepFinished(step) if !matches!(step.end, StepEnd::Done | StepEnd::Skipped) => {
                    found.push(format!("{}: {}", name(step.step), step.end));
                }
                Event::StepUndone(step) if step.end != StepEnd::Done => {
                    found.push(format!("{}: not undone, {}", name(step.step), step.end));
                }
                Event::StepOverran(step) => {
                    found.push(format!("{}: took longer than the expected {}", name(step.step), Duration::from_nanos(step.expected)));
                }
                Event::Contacted(contacted) if contacted.end == StepEnd::Failed => {
                    found.push(format!("{} was not told: {}", contacted.contact, contacted.output));
                }
                Event::Remark(remark) => found.push(remark.text.clone()),
                Event::Resumed(_) => found.push("It was interrupted and resumed".to_owned()),
                _ => {}
            }
        }
        found.extend(keys::findings(steps, self.events));
        if found.is_empty() {
            return Ok(());
        }
        writeln!(text, "## Findings\n\n| finding | owner | due | ticket |\n|---|---|---|---|")?;
        // What was found of every try is told once.
        let mut told = std::collections::BTreeSet::new();
        for finding in found.iter().filter(|finding| told.insert(finding.as_str())) {
            writeln!(text, "| {} | | | |", escaped(finding))?;
        }
        writeln!(text)
    }

    fn identity(&self, text: &mut String) -> std::fmt::Result {
        let (started, plan) = (self.started, &self.started.plan);
        writeln!(text, "## Identity\n\n| | |\n|---|---|")?;
        writeln!(text, "| execution | {} |", escaped(&started.execution))?;
        writeln!(text, "| runbook | {} |", escaped(&plan.runbook.name))?;
        if let Some(reviewed) = &plan.runbook.reviewed {
            writeln!(text, "| reviewed | {} |", escaped(reviewed))?;
        }
        for (what, name) in [("service", &plan.service_name), ("environment", &plan.environment_name), ("owner", &plan.runbook.owner)] {
            if let Some(name) = name {
                writeln!(text, "| {what} | {} |", escaped(name))?;
            }
        }
        writeln!(text, "| started | {} |", started.wall_clock)?;
        writeln!(text, "| seed | {} |", started.seed)?;
        writeln!(text, "| Lifeboat | {} |", started.lifeboat)
    }
}

fn told(contact: &str, end: StepEnd) -> String {
    match end {
        StepEnd::Done => format!("{contact} was told"),
        StepEnd::Skipped => format!("a person must tell {contact}"),
        _ => format!("{contact} could not be told"),
    }
}

/// How long something took, to a tenth of a second, or to a millisecond below a second.
fn length(nanoseconds: u64) -> String {
    let step: u64 = if nanoseconds < 1_000_000_000 { 1_000_000 } else { 100_000_000 };
    Duration::from_nanos(nanoseconds / step * step).to_string()
}

/// A moment as a clock shows it: `0:07.3`, `1:02:03.0`.
pub(super) fn clock(nanoseconds: u64) -> String {
    let tenths = nanoseconds / 100_000_000;
    let (hours, minutes, seconds) = (tenths / 36_000, tenths / 600 % 60, tenths / 10 % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}.{}", tenths % 10) } else { format!("{minutes}:{seconds:02}.{}", tenths % 10) }
}
