//! The report of a runbook that was walked for real, from its history alone: what was done when and by whom, what took longer than expected,
//! what became of keys, who was told, what people wrote down.

use super::drilled;
use super::keys;
use super::origin::origin;
use crate::history::{AlertReceived, Event, ExecutionStarted, History, Stamped};
use crate::model::{Step, StepEnd};
use crate::report::findings;
use crate::report::model::{
    Block, Fact, Grade, Paragraph, Quantity, Report, ReportIdentity, ReportKind, ReportStatus, ReportTable, Section, SectionKind,
    TableCell, TableRow, Text,
};
use crate::report::words::wall_clock::WallClock;
use crate::report::words::wording::{clock, length};
use crate::units::Duration;

/// The whole report; `None` where the history is of something else.
pub fn execution(history: &History) -> Option<Report> {
    let history = history.as_mended();
    let walk = Walk::of(&history)?;
    let started = walk.started;
    let steps = &started.plan.runbook.steps;
    let sections = [walk.steps()]
        .into_iter()
        .chain(keys::sections(steps, walk.events))
        .chain([walk.story()])
        .chain(findings::section(findings::walk::findings(steps, walk.events)))
        .chain(drilled::section(walk.events));
    Some(Report {
        kind: ReportKind::Execution,
        identity: walk.run_identity(),
        title: Text::outside(&started.plan.runbook.name),
        status: walk.end(),
        opening: std::iter::once(Paragraph::key(walk.outcome()).into()).chain(drilled::opening(walk.events)).collect(),
        sections: sections.chain([walk.identity()]).collect(),
    })
}

/// A runbook that was walked.
pub(super) struct Walk<'a> {
    pub(super) started: &'a ExecutionStarted,
    pub(super) events: &'a [Stamped],
    /// The clock on the wall where it was started; `None` where the history does not tell.
    clock: Option<WallClock>,
}

/// A step that was begun and has not ended yet.
struct Begun {
    step: u32,
    at: u64,
    tries: u32,
}

impl<'a> Walk<'a> {
    /// `None` where the history is of something else.
    pub(super) fn of(history: &'a History) -> Option<Self> {
        let Event::ExecutionStarted(started) = &history.events.first()?.event else { return None };
        Some(Self { started, events: &history.events, clock: WallClock::of(&started.wall_clock) })
    }

    /// Which execution it was, for machines.
    pub(super) fn run_identity(&self) -> ReportIdentity {
        let started = self.started;
        let identity = ReportIdentity {
            run: Some(started.execution.clone()),
            scenario: Some(started.plan.runbook.name.clone()),
            environment: started.plan.environment_name.clone(),
            seed: Some(started.seed.to_string()),
            lifeboat: Some(started.lifeboat.clone()),
            started_at: Some(started.wall_clock.clone()),
            user: started.origin.user.clone(),
            host: started.origin.host.clone(),
            reason: started.origin.reason.clone(),
            ..ReportIdentity::default()
        };
        identity.on_the_wall(0, self.events.last().map_or(0, |stamped| stamped.t))
    }

    /// How it ended. Without its last event it was interrupted.
    pub(super) fn end(&self) -> ReportStatus {
        match self.events.last().map(|stamped| &stamped.event) {
            Some(Event::ExecutionFinished(finished)) => finished.end.into(),
            _ => ReportStatus { word: "interrupted".to_owned(), grade: Grade::Open },
        }
    }

    /// How long it took, and whether users were served again in time.
    pub(super) fn outcome(&self) -> String {
        // Until its last step, and not until the last message was answered.
        let walked = |stamped: &&Stamped| matches!(stamped.event, Event::StepFinished(_) | Event::StepUndone(_));
        let last = self.events.iter().rfind(walked).or(self.events.last());
        let took = Duration::from_nanos(last.map_or(0, |stamped| stamped.t));
        format!("It took {}.{}", length(took.as_nanos()), self.users(took.as_nanos()))
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

    fn step(&self, place: u32) -> Option<&Step> {
        self.started.plan.runbook.steps.get(place as usize)
    }

    fn name(&self, step: u32) -> &str {
        self.step(step).map_or("a step", |step| step.name.as_str())
    }

    /// One row for each time that a step was begun or skipped.
    fn steps(&self) -> Section {
        let mut open: Vec<Begun> = Vec::new();
        let mut rows: Vec<TableRow> = Vec::new();
        for stamped in self.events {
            match &stamped.event {
                Event::StepStarted(step) => match open.iter_mut().find(|begun| begun.step == step.step) {
                    Some(begun) => begun.tries += 1,
                    None => open.push(Begun { step: step.step, at: stamped.t, tries: 1 }),
                },
                Event::StepFinished(step) => {
                    let place = open.iter().position(|begun| begun.step == step.step);
                    let begun = place.map(|place| open.remove(place));
                    rows.push(self.row(step.step, begun.as_ref(), Some(stamped.t), step.end.into()));
                }
                _ => {}
            }
        }
        let unknown = || ReportStatus { word: "unknown".to_owned(), grade: Grade::Open };
        rows.extend(open.iter().map(|begun| self.row(begun.step, Some(begun), None, unknown())));
        let columns = vec!["step", "owner", "started", "took", "expected", "tries", "result"];
        Section::new(SectionKind::Steps, "Steps").with(ReportTable { columns, rows })
    }

    fn row(&self, step: u32, begun: Option<&Begun>, end: Option<u64>, status: ReportStatus) -> TableRow {
        let known = self.step(step);
        let name = Text::own(format!("{}. ", step + 1)).then(Text::outside(known.map_or("", |step| step.name.as_str())));
        let owner = Text::outside(known.and_then(|step| step.owner.as_deref()).unwrap_or(""));
        let took = begun.zip(end).map(|(begun, end)| end.saturating_sub(begun.at));
        let expected = known.and_then(|step| step.expected);
        let over = expected.zip(took).is_some_and(|(expected, took)| took > expected.as_nanos());
        let longer = if over { ", longer than expected" } else { "" };
        let cells = vec![
            name.into(),
            owner.into(),
            begun.map_or_else(|| "".into(), |begun| self.at(begun.at)),
            took.map_or_else(|| "".into(), |took| time(format!("{}{longer}", length(took)), took)),
            expected.map_or_else(|| "".into(), |expected| time(expected.to_string(), expected.as_nanos())),
            begun.map_or(0, |begun| begun.tries).to_string().into(),
            status.word.as_str().into(),
        ];
        TableRow { key: Some((step + 1).to_string()), status: Some(status), cells }
    }

    pub(super) fn story(&self) -> Section {
        let mut rows: Vec<TableRow> = Vec::new();
        for stamped in self.events {
            if let Some((what, details)) = self.told(&stamped.event) {
                let at = self.at(stamped.t);
                rows.push(TableRow::of([at, Text::outside(what).into(), Text::outside(details).into()]));
            }
        }
        let columns = vec![if self.clock.is_some() { "when" } else { "after the start" }, "what", "details"];
        let section = Section::new(SectionKind::Story, "What happened");
        let section = match &self.clock {
            Some(clock) => section.with(Paragraph::plain(format!("Times of day are those of where it was started ({}).", clock.zone))),
            None => section,
        };
        section.with(ReportTable { columns, rows })
    }

    /// A moment, by the clock on the wall and after the start.
    fn at(&self, moment: u64) -> TableCell {
        time(self.clock.as_ref().map_or_else(|| clock(moment), |clock| clock.told(moment)), moment)
    }

    /// What happened, and its details.
    fn told(&self, event: &Event) -> Option<(String, String)> {
        Some(match event {
            Event::RunbookStarted(started) => ("the runbook starts".to_owned(), started.because.clone()),
            Event::Resumed(resumed) => ("it continues after an interruption".to_owned(), resumed.wall_clock.clone()),
            Event::StepStarted(step) if step.attempt > 1 => (format!("{}: try {}", step.name, step.attempt), String::new()),
            Event::StepStarted(step) => (format!("{}: started", step.name), String::new()),
            Event::StepOverran(step) => {
                (format!("{}: takes longer than expected", self.name(step.step)), Duration::from_nanos(step.expected).to_string())
            }
            Event::Mended(mended) => (format!("{} goes on with the mended runbook", mended.by), mended.difference.clone()),
            Event::StepSettled(settled) => {
                let what = if settled.undo { "undoing it: " } else { "" };
                (format!("{}: {what}{}, says {}", self.name(settled.step), settled.becomes, settled.by), settled.note.clone())
            }
            Event::HandedOver(handed) => (format!("handed over to {}", handed.to), String::new()),
            Event::TakenOver(taken) => (format!("{} takes over", taken.by), format!("from {}", taken.from)),
            Event::StepFinished(step) => (format!("{}: {}", self.name(step.step), step.end), step.output.clone()),
            Event::StepUndone(step) => (format!("{}: undo {}", self.name(step.step), step.end), step.output.clone()),
            Event::Contacted(contacted) => {
                let said = if contacted.said.is_empty() { String::new() } else { format!("; {}", contacted.said) };
                (contact(&contacted.contact, contacted.end), format!("{}; {}{said}", contacted.because, contacted.output))
            }
            Event::AlertsAwaited(awaited) => ("alerts are received".to_owned(), format!("at {}", awaited.url)),
            Event::AlertReceived(alert) => {
                (format!("the alert {} {}", alert.name, if alert.firing { "fires" } else { "is resolved" }), alert_details(alert))
            }
            Event::UndoStarted(undo) => (format!("{}: undo started", self.name(undo.step)), String::new()),
            Event::StepExplained(explained) => (format!("{}: what it is for", self.name(explained.step)), explained.text.clone()),
            Event::Answered(answered) => (format!("{}: an answer", self.name(answered.step)), answered.to_string()),
            Event::Ticked(ticked) => (format!("{}: ticked off", self.name(ticked.step)), ticked.to_string()),
            Event::RoleTaken(taken) => (format!("{} is named", taken.role), taken.to_string()),
            Event::Acknowledged(acknowledged) => {
                let spared = match acknowledged.spared.as_slice() {
                    [] => String::new(),
                    spared => format!("; not told any more: {}", spared.join(", ")),
                };
                (format!("{} acknowledged", acknowledged.by), format!("{}{spared}", acknowledged.how.told()))
            }
            Event::PageIncidentOpened(opened) => (format!("{}: an incident is open", opened.contact), opened.incident.clone()),
            Event::Note(note) => ("note".to_owned(), note.text.clone()),
            Event::Remark(remark) => (remark.about.to_string(), remark.text.clone()),
            Event::ExecutionFinished(finished) => (format!("the runbook ends: {}", finished.end), String::new()),
            _ => return None,
        })
    }

    pub(super) fn identity(&self) -> Section {
        let (started, plan) = (self.started, &self.started.plan);
        let names = [
            ("reviewed", &plan.runbook.reviewed),
            ("service", &plan.service_name),
            ("environment", &plan.environment_name),
            ("owner", &plan.runbook.owner),
        ];
        let named = names.into_iter().filter_map(|(label, name)| Some(Fact::of(label, Text::outside(name.as_ref()?))));
        let mut facts =
            vec![Fact::of("execution", Text::outside(&started.execution)), Fact::of("runbook", Text::outside(&plan.runbook.name))];
        facts.extend(named);
        facts.extend(plan.parameters.iter().map(|(name, value)| Fact::of(Text::outside(name), Text::outside(value))));
        facts.push(Fact::of("started", started.wall_clock.as_str()));
        facts.extend(origin(&started.origin));
        facts.push(Fact::of("seed", started.seed.to_string()));
        facts.push(Fact::of("Lifeboat", started.lifeboat.as_str()));
        Section::new(SectionKind::Identity, "Identity").with(Block::Facts(facts))
    }
}

fn time(words: String, nanoseconds: u64) -> TableCell {
    TableCell::of(words, Some(Quantity::Nanoseconds(i64::try_from(nanoseconds).unwrap_or(i64::MAX))))
}

/// Who sent it, and when it fired or ended by that one's clock.
fn alert_details(alert: &AlertReceived) -> String {
    let moment = if alert.firing { alert.starts_at.as_ref() } else { alert.ends_at.as_ref() };
    let what = if alert.firing { "fired" } else { "ended" };
    let when = moment.map_or_else(String::new, |moment| format!("; it {what} at {moment} by its sender's clock"));
    format!("by {}{when}", alert.source)
}

fn contact(contact: &str, end: StepEnd) -> String {
    match end {
        StepEnd::Done => format!("{contact} was told"),
        StepEnd::Skipped => format!("a person must tell {contact}"),
        _ => format!("{contact} could not be told"),
    }
}
