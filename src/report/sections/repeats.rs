//! The report of several drills of one scenario: what they say together, every interval on one axis, each trial with a way to its own report, and
//! what may and what must not be said.
//!
//! What this file does not do: choose the words of what may be said (`words/repeats`), or tell a trial's story: its own report does.

use crate::report::findings;
use crate::report::model::{
    Block, Fact, FindingEvidence, Grade, IntervalPlot, Paragraph, PlottedInterval, Report, ReportFinding, ReportIdentity, ReportKind,
    ReportStatus, ReportTable, Section, SectionKind, TableCell, TableRow, Text,
};
use crate::report::repeated::{RepeatedDrills, RepeatedTrial, TrialOutcome};
use crate::report::words::because::because;
use crate::report::words::repeats::{advice, ended, headline, may_be_said, must_not_be_said, recovered};
use crate::report::words::wording::{between, span};
use crate::units::counted;
use crate::verdict::record::{BoundaryRecord, ResetWay, StatementRecord};
use crate::verdict::repeats::{RepeatTrial, TrialResult};

/// The whole report.
pub fn repeats(drills: &RepeatedDrills) -> Report {
    let record = &drills.record;
    let mut opening: Vec<Block> = vec![Paragraph::key(headline(drills)).into()];
    opening.extend(ended(drills).map(Paragraph::plain).map(Block::from));
    opening.extend(advice(drills).map(Paragraph::advice).map(Block::from));
    opening.extend(plot(drills).map(Block::Intervals));
    let may = Section::new(SectionKind::Repeats, "What may be said").with(Block::List(may_be_said(drills)));
    let not = Section::new(SectionKind::Limits, "What must not be said").with(Block::List(must_not_be_said(drills)));
    let findings = findings::section(found(drills));
    let sections = [may, not, trials(drills)].into_iter().chain(findings).chain([identity(drills)]).collect();
    let first = drills.judged().next();
    let identity = ReportIdentity {
        run: Some(record.campaign.clone()),
        scenario: Some(record.scenario.clone()),
        environment: Some(record.environment.clone()),
        seed: Some(record.seed.to_string()),
        lifeboat: Some(record.lifeboat.clone()),
        started_at: Some(record.planned_at.clone()),
        user: first.and_then(|judged| judged.user.clone()),
        host: first.and_then(|judged| judged.host.clone()),
        ..ReportIdentity::default()
    };
    let title = Text::outside(&record.title).then(format!(", {}", times(drills)));
    Report { kind: ReportKind::Repeats, identity, title, status: drills.verdict().into(), opening, sections }
}

/// How often it ran.
fn times(drills: &RepeatedDrills) -> String {
    let (ran, planned) = (drills.trials.iter().filter(|trial| !matches!(trial.outcome, TrialOutcome::NotRun)).count(), drills.trials.len());
    match (ran, planned) {
        (1, 1) => "once".to_owned(),
        _ if ran == planned => format!("{ran} times"),
        _ => format!("{ran} of {planned} times"),
    }
}

/// What `repeats.json` says of them in the end.
pub fn repeats_statement(drills: &RepeatedDrills) -> StatementRecord {
    let hashes: Vec<Option<String>> = drills.trials.iter().map(|trial| trial.judged().map(|judged| judged.hash.clone())).collect();
    let statement = StatementRecord::new(&drills.repeats, headline(drills).plain(), &hashes);
    StatementRecord { verdict: drills.verdict(), ..statement }
}

fn label(trial: &RepeatedTrial) -> String {
    format!("trial {}", trial.planned.trial)
}

fn status(counts_as: &RepeatTrial) -> ReportStatus {
    let grade = match counts_as.result {
        TrialResult::Met => Grade::Good,
        TrialResult::Missed => Grade::Bad,
        TrialResult::Inconclusive | TrialResult::Stopped => Grade::Open,
        TrialResult::Excluded | TrialResult::NotRun => Grade::Neutral,
    };
    ReportStatus { word: counts_as.result.to_string(), grade }
}

/// Every interval that was measured, against the RTO.
fn plot(drills: &RepeatedDrills) -> Option<IntervalPlot> {
    let verdict = &drills.judged().next()?.verdict;
    if verdict.only_rotates {
        return None;
    }
    let ran = drills.each().filter(|(trial, _)| !matches!(trial.outcome, TrialOutcome::NotRun));
    let row = |(trial, counts_as): (&RepeatedTrial, &RepeatTrial)| PlottedInterval {
        label: label(trial).into(),
        interval: counts_as.interval.map(Into::into),
        status: status(counts_as),
    };
    let caption = if recovered(drills) == "cut over" { "Cutover after the fault" } else { "Service good again after the fault" };
    let objective_ns = Some(verdict.terms.rto.nanos());
    Some(IntervalPlot { caption: caption.into(), objective_ns, rows: ran.map(row).collect() })
}

/// Each trial, in the order in which they ran.
fn trials(drills: &RepeatedDrills) -> Section {
    let row = |(trial, counts_as): (&RepeatedTrial, &RepeatTrial)| {
        let planned = &trial.planned;
        let measured =
            counts_as.interval.map_or_else(|| TableCell::of("", None), |interval| TableCell::of(between(interval), Some(interval.into())));
        let cells = vec![
            TableCell::count(u64::from(planned.trial)),
            Text::own(format!("`{}`", planned.seed)).into(),
            span(planned.phase).into(),
            ended_as(trial, counts_as).into(),
            measured,
            Text::own(if matches!(trial.outcome, TrialOutcome::NotRun) {
                String::new()
            } else {
                format!("`{}/report.md`", planned.folder)
            })
            .into(),
        ];
        TableRow { key: Some(planned.folder.clone()), status: Some(status(counts_as)), cells }
    };
    let rows: Vec<TableRow> = drills.each().map(row).collect();
    let columns = vec!["trial", "seed", "phase", "verdict", "recovered after", "its report"];
    Section::new(SectionKind::Repeats, "The trials, in their order").with(ReportTable { columns, rows })
}

/// A trial's result, and why, where that is not the objectives' own.
fn ended_as(trial: &RepeatedTrial, counts_as: &RepeatTrial) -> Text {
    let word = Text::own(counts_as.result.word());
    match &trial.outcome {
        TrialOutcome::Unreadable(why) => word.then(": ").then(Text::outside(why)),
        TrialOutcome::Judged(judged) if judged.verdict.reason.is_some() => word.then(": ").then(Text::outside(because(&judged.verdict))),
        _ => word,
    }
}

/// What the trials showed: each finding once, with the trials that did, and the words of the first of them.
fn found(drills: &RepeatedDrills) -> Vec<ReportFinding> {
    let mut found: Vec<(ReportFinding, Vec<u32>)> = Vec::new();
    for trial in &drills.trials {
        for finding in trial.judged().into_iter().flat_map(|judged| &judged.findings) {
            match found.iter_mut().find(|(other, _)| (&other.id, &other.about) == (&finding.id, &finding.about)) {
                Some((other, trials)) => {
                    other.severity = other.severity.max(finding.severity);
                    trials.push(trial.planned.trial);
                }
                None => found.push((finding.clone(), vec![trial.planned.trial])),
            }
        }
    }
    let all = drills.judged().count() as u64;
    let told = |(finding, trials): (ReportFinding, Vec<u32>)| {
        let says =
            Text::own(format!("In {} of {}, first in trial {}: ", trials.len(), counted(all, "trial"), trials[0])).then(finding.says);
        // Lines and requests are those of one history.
        ReportFinding { says, evidence: FindingEvidence::default(), ..finding }
    };
    let mut told: Vec<ReportFinding> = found.into_iter().map(told).collect();
    told.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    told
}

/// Which drills they were, and how they were made alike and different.
fn identity(drills: &RepeatedDrills) -> Section {
    let record = &drills.record;
    let reset = match record.reset {
        ResetWay::Fresh => "all of it is started for each trial, and ends with it",
        ResetWay::Command => "a command of the environment's, before each trial",
        ResetWay::Nothing => "none",
    };
    let phase = format!(
        "drawn from 0 to {}, by which the traffic before the fault is longer than {}",
        span(record.phase_within),
        span(record.baseline)
    );
    let alike = match drills.strangers().count() as u64 {
        0 => "the same in all of them".to_owned(),
        others => format!("another in {}", counted(others, "trial")),
    };
    let mut facts = vec![
        Fact::of("series", Text::outside(&record.campaign)),
        Fact::of("scenario", Text::outside(&record.scenario).then(" in the environment ").then(Text::outside(&record.environment))),
        Fact::of("planned", record.planned_at.as_str()),
        Fact::of("seed", record.seed.to_string()),
        Fact::of("phase of the fault", phase),
        Fact::of("put back between trials", reset),
        Fact::of("configuration, SHA-256", format!("{} ({alike})", record.configuration_sha256)),
        Fact::of("Lifeboat", record.lifeboat.as_str()),
    ];
    if let Some(test) = &record.sequential {
        let limits = |limits: &[BoundaryRecord], how: &str| {
            let each = limits.iter().take(3).map(|limit| format!("{} {how} {}", limit.misses, limit.trials));
            each.collect::<Vec<_>>().join(", ")
        };
        let text = format!(
            "fixed before the first trial; misses that accept: {}; that reject: {}",
            limits(&test.accept, "at"),
            limits(&test.reject, "within")
        );
        facts.push(Fact::of("sequential test", text));
    }
    Section::new(SectionKind::Identity, "Identity").with(Block::Facts(facts))
}
