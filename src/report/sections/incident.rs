//! The report of an incident: what others recorded of it, or the runbook that was walked, in the form of a drill's report, beside the last drills of
//! its scenario.
//!
//! What this file does not do: claim more of a record than it holds. What it cannot tell stands among its limits, as in its verdict.

use super::drill::drill;
use super::trend::{self, TrendLast};
use super::walk::WalkOnTheDay;
use super::waterfall::waterfall;
use crate::history::History;
use crate::model::{FindingId, Gate};
use crate::report::context::{DrillContext, EarlierDrills};
use crate::report::digest::Digest;
use crate::report::model::{
    Block, Fact, FindingEvidence, Paragraph, Report, ReportIdentity, ReportKind, Section, SectionKind, StageTime, Text, Waterfall,
    WaterfallMoment,
};
use crate::report::sections::subject::Subject;
use crate::report::words::headline::headline;
use crate::report::words::wording::{between, length};
use crate::verdict::{Contrast, Interval, Verdict, times};

/// What is known of an incident beside what was recorded of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct IncidentFacts<'a> {
    /// What the incident is called, as `INC-123`; `None` where nobody said.
    pub number: Option<&'a str>,
    /// The name of the file or folder.
    pub name: &'a str,
    /// What the record holds, in a sentence; `None` for a bare history and an execution.
    pub outline: Option<&'a str>,
    /// The scenario that it is held against.
    pub scenario: Option<&'a str>,
    /// When the outage began, in nanoseconds since 1970; only an execution needs to be told here.
    pub outage_unix_ns: Option<i64>,
    /// The last drills of the scenario; `None` where nobody looked for any.
    pub drilled: Option<&'a EarlierDrills>,
    /// The last of these with all that it recorded.
    pub latest: Option<(&'a Verdict, &'a Digest)>,
    /// What users saw while the runbook was walked, where somebody recorded it.
    pub users: Option<UsersSide<'a>>,
}

impl IncidentFacts<'_> {
    fn title(&self) -> Text {
        let name = Text::outside(self.name);
        match self.number {
            Some(number) => Text::outside(number).then(": ").then(name),
            None => name,
        }
    }

    /// The moments of the last drill, from the fault on.
    fn drilled_moments(&self) -> Option<Waterfall> {
        let (verdict, digest) = self.latest?;
        waterfall(Subject::each(verdict, digest).first()?)
    }
}

/// What others recorded of users while a runbook was walked.
#[derive(Debug, Clone, Copy)]
pub struct UsersSide<'a> {
    /// The name of the file.
    pub name: &'a str,
    /// The verdict on it.
    pub verdict: &'a Verdict,
    /// What was seen.
    pub digest: &'a Digest,
    /// The file's SHA-256, in hexadecimal.
    pub hash: &'a str,
}

impl UsersSide<'_> {
    /// All that a report of its own would tell of them, in one section.
    fn section(&self) -> Section {
        let alone = recorded(self.verdict, self.digest, self.hash, &IncidentFacts { name: self.name, ..IncidentFacts::default() });
        let title = Text::own("What users saw, by ").then(Text::outside(self.name));
        let blocks = alone.opening.into_iter().chain(alone.sections.into_iter().map(Block::Section)).collect();
        Section { status: Some(alone.status), blocks, ..Section::new(SectionKind::Workload, title) }
    }
}

/// The report of what others recorded. `hash` is the file's SHA-256 in hexadecimal.
pub fn recorded(verdict: &Verdict, digest: &Digest, hash: &str, facts: &IncidentFacts<'_>) -> Report {
    let as_drilled = drill(verdict, digest, hash, &DrillContext::default());
    let told = as_drilled.sections.into_iter().filter(|section| section.kind != SectionKind::Identity);
    let is_empty = |section: &Section| section.blocks.iter().all(|block| matches!(block, Block::Findings(found) if found.is_empty()));
    let mut sections: Vec<Section> = told.map(of_a_record).filter(|section| !is_empty(section)).collect();
    let mut opening = as_drilled.opening;
    if let Some(earlier) = facts.drilled {
        let last = TrendLast { name: facts.number.unwrap_or(facts.name), verdict, started: None, findings: None };
        let beside = beside_record(verdict, digest, facts, earlier);
        put_first(&mut opening, &beside);
        let lines = Paragraph { lines: beside, ..Paragraph::plain("") };
        let section = trend::beside_drills(&last, earlier, lines);
        // Before what is not known.
        let place = sections.iter().position(|section| section.kind == SectionKind::Limits).unwrap_or(sections.len());
        sections.insert(place, section);
    }
    sections.push(record_identity(digest, hash, facts));
    let identity = ReportIdentity {
        scenario: facts.scenario.map(str::to_owned),
        history_sha256: Some(hash.to_owned()),
        incident: facts.number.map(str::to_owned),
        ..as_drilled.identity
    };
    Report { kind: ReportKind::Incident, identity, title: facts.title(), opening, sections, ..as_drilled }
}

/// The report of a runbook that was walked on the day; `None` where the history is of something else.
pub fn walked(history: &History, facts: &IncidentFacts<'_>) -> Option<Report> {
    let as_walked = super::execution::execution(history)?;
    let mended = history.as_mended();
    let walk = WalkOnTheDay::of(&mended, facts.outage_unix_ns)?;
    let mut opening = walk.opening().map_or(as_walked.opening, |told| vec![told]);
    let mut sections: Vec<Section> = walk.waterfall_section().into_iter().collect();
    sections.extend(as_walked.sections);
    let mut beside = beside_walk(&walk, facts);
    if let Some(users) = &facts.users {
        opening.push(Paragraph::key(headline(users.verdict)).into());
        sections.push(users.section());
        // What users saw is more than what a step saw.
        let measured = facts.drilled.map(|earlier| beside_record(users.verdict, users.digest, facts, earlier)).unwrap_or_default();
        if let Some(first) = measured.into_iter().next() {
            beside.splice(..beside.len().min(1), [first]);
        }
    }
    if let Some(earlier) = facts.drilled {
        put_first(&mut opening, &beside);
        let section = trend::drills_alone(earlier, Paragraph { lines: beside, ..Paragraph::plain("") });
        let place = sections.iter().position(|section| section.kind == SectionKind::Identity).unwrap_or(sections.len());
        sections.insert(place, section);
    }
    let identity = ReportIdentity { incident: facts.number.map(str::to_owned), ..as_walked.identity };
    let title = facts.number.map(|number| Text::outside(number).then(": ")).unwrap_or_default().then(as_walked.title);
    Some(Report { kind: ReportKind::Incident, identity, title, opening, sections, ..as_walked })
}

/// How the day compares with the drills, in sentences: how long both took, and where the difference lies.
fn beside_record(verdict: &Verdict, digest: &Digest, facts: &IncidentFacts<'_>, earlier: &EarlierDrills) -> Vec<Text> {
    let Some(last) = earlier.drills.last() else { return Vec::new() };
    let is_cutover = verdict.terms.gate == Gate::Cutover;
    let drilled = if is_cutover { last.cutover } else { last.restore };
    let Some(measures) = verdict.measures.as_ref() else { return Vec::new() };
    let day = if is_cutover { measures.cutover } else { measures.restore };
    let Some(drilled) = drilled else {
        return vec![Text::own("The last drill measured no recovery, so there is nothing to hold the day against.")];
    };
    let contrast = times(Some(day), Some(drilled));
    let how = match contrast {
        Contrast::Larger => "longer than drilled, beyond what was not seen",
        Contrast::Smaller => "less than drilled, beyond what was not seen",
        Contrast::Alike => "no difference is shown, because the two overlap",
        Contrast::Unknown => "neither was seen to end",
    };
    let mut told = vec![drilled_and_day(drilled, &last.started_at, &format!("{}: {how}", between(day)))];
    let moments = Subject::each(verdict, digest).first().and_then(waterfall).zip(facts.drilled_moments());
    if let Some((day, drilled)) = moments.filter(|_| contrast == Contrast::Larger) {
        told.extend(where_it_lies(&seen(&drilled), &seen(&day)));
    }
    told
}

/// The same of a walk, whose users were seen served by a step.
fn beside_walk(walk: &WalkOnTheDay<'_>, facts: &IncidentFacts<'_>) -> Vec<Text> {
    let Some(last) = facts.drilled.and_then(|earlier| earlier.drills.last()) else { return Vec::new() };
    let mut told = Vec::new();
    let drilled = last.cutover.or(last.restore);
    match (drilled, walk.served_after_outage()) {
        (Some(drilled), Some(served)) => {
            let day = format!("{} until a step saw users served again", length(served));
            told.push(drilled_and_day(drilled, &last.started_at, &day));
        }
        (Some(drilled), None) => {
            let day = last.started_at.get(..10).unwrap_or(&last.started_at).to_owned();
            told.push(Text::own(format!("Drilled at {} on ", between(drilled))).then(Text::outside(day)).then("."));
        }
        (None, _) => {}
    }
    if let Some(drilled) = facts.drilled_moments() {
        told.extend(where_it_lies(&seen(&drilled), &walk.moments()));
    }
    if facts.outage_unix_ns.is_none() {
        let hint = "When the outage began is not known, so what went by before the runbook was started is not: `--fault-at` tells it.";
        told.push(hint.into());
    }
    told
}

fn drilled_and_day(drilled: Interval, started_at: &str, day: &str) -> Text {
    let date = started_at.get(..10).unwrap_or(started_at);
    Text::own(format!("Drilled at {} on ", between(drilled))).then(Text::outside(date)).then(format!("; on the day it took {day}."))
}

/// The moments of a waterfall that were seen.
fn seen(waterfall: &Waterfall) -> Vec<(WaterfallMoment, i64)> {
    let of = |at: Option<StageTime>| at.and_then(|at| at.hi_ns);
    let mut moments: Vec<(WaterfallMoment, i64)> =
        waterfall.stages.iter().filter_map(|stage| Some((stage.moment, of(stage.at)?))).collect();
    moments.sort();
    moments.dedup_by_key(|(moment, _)| *moment);
    moments
}

/// The parts of the way to service that can be held against each other: what ends each, and what it is.
const PARTS: [(WaterfallMoment, &str); 7] = [
    (WaterfallMoment::FirstHurt, "how long it took until users felt it"),
    (WaterfallMoment::Detected, "detection"),
    (WaterfallMoment::Decided, "the decision"),
    (WaterfallMoment::Acted, "acting on it"),
    (WaterfallMoment::FirstStandby, "the first good answer of a standby"),
    (WaterfallMoment::Restored, "service becoming good and staying so"),
    (WaterfallMoment::CutOver, "the standby serving well and staying so"),
];

/// In which part of the way most of the difference lies, in a sentence; `None` where no part has half of it, or the day took no longer.
fn where_it_lies(drilled: &[(WaterfallMoment, i64)], day: &[(WaterfallMoment, i64)]) -> Option<Text> {
    let at = |moments: &[(WaterfallMoment, i64)], wanted: WaterfallMoment| {
        moments.iter().find(|(moment, _)| *moment == wanted).map(|(_, at)| *at)
    };
    let both = |wanted: WaterfallMoment| at(drilled, wanted).zip(at(day, wanted));
    let (mut before, mut skipped) = ((0, 0), Vec::new());
    let mut most: Option<(i64, String, i64, i64)> = None;
    for (moment, what) in PARTS {
        let Some((then, now)) = both(moment) else {
            // Of one of the two it is not known, so what it is belongs to the next part.
            skipped.push(what);
            continue;
        };
        let (took_then, took_now) = ((then - before.0).max(0), (now - before.1).max(0));
        let hidden: Vec<&str> = skipped.drain(..).filter(|part| *part != PARTS[0].1).collect();
        let what = match hidden.is_empty() {
            true => what.to_owned(),
            false => format!("the way up to {what}; {} cannot be told apart from it", listed(&hidden)),
        };
        let more = took_now - took_then;
        if most.as_ref().is_none_or(|(least, ..)| more > *least) {
            most = Some((more, what, took_then, took_now));
        }
        before = (then, now);
    }
    let whole = before.1 - before.0;
    let (more, what, then, now) = most.filter(|(more, ..)| whole > 0 && more.saturating_mul(2) >= whole)?;
    let lengths = |ns: i64| length(u64::try_from(ns).unwrap_or(0));
    let took = format!("It took {} when drilled and {} on the day.", lengths(then), lengths(now));
    Some(format!("Most of the difference, {}, is {what}. {took}", lengths(more)).into())
}

/// `detection, the decision and acting on it`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// Where a history's lines and a schedule's numbers are no record's, and nobody heals what nobody injected.
fn as_recorded(block: Block) -> Block {
    match block {
        Block::Findings(mut findings) => {
            findings.retain(|finding| finding.kind() != Some(FindingId::HealNotConfirmed));
            for finding in &mut findings {
                finding.evidence = FindingEvidence { count: finding.evidence.count, ..FindingEvidence::default() };
            }
            Block::Findings(findings)
        }
        other => other,
    }
}

fn of_a_record(section: Section) -> Section {
    Section { blocks: section.blocks.into_iter().map(as_recorded).collect(), ..section }
}

/// How the day compares with the drills belongs to the first screen, below the verdict.
fn put_first(opening: &mut Vec<Block>, beside: &[Text]) {
    if !beside.is_empty() {
        let lines = beside.iter().take(2).cloned().collect();
        opening.insert(opening.len().min(1), Paragraph { lines, ..Paragraph::plain("") }.into());
    }
}

/// Which record it was.
fn record_identity(digest: &Digest, hash: &str, facts: &IncidentFacts<'_>) -> Section {
    let mut told = Vec::new();
    told.extend(facts.number.map(|number| Fact::of("incident", Text::outside(number))));
    told.push(Fact::of("record", Text::outside(facts.name)));
    told.extend(facts.outline.map(|outline| Fact::of("what it holds", Text::outside(outline))));
    told.extend(facts.scenario.map(|scenario| Fact::of("held against the scenario", Text::outside(scenario))));
    if !digest.providers.is_empty() {
        told.push(Fact::of("providers, the primary first", Text::outside(digest.providers.join(", "))));
    }
    told.push(Fact::of("record, SHA-256", hash));
    Section::new(SectionKind::Identity, "Identity").with(Block::Facts(told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use WaterfallMoment::{Acted, CutOver, Detected, FirstHurt, FirstStandby};

    const S: i64 = 1_000_000_000;

    #[test]
    fn the_part_with_most_of_the_difference_is_named() {
        let drilled = [(FirstHurt, 0), (Detected, 3 * S), (Acted, 5 * S), (FirstStandby, 7 * S), (CutOver, 8 * S)];
        let slow = [(FirstHurt, 2 * S), (Detected, 132 * S), (Acted, 135 * S), (FirstStandby, 138 * S), (CutOver, 140 * S)];
        let told = where_it_lies(&drilled, &slow).unwrap().plain();
        assert_eq!(told, "Most of the difference, 2 min 7 s, is detection. It took 3 s when drilled and 2 min 10 s on the day.");
        // What only one of the two tells is not told apart.
        let record = [(FirstHurt, S), (FirstStandby, 138 * S), (CutOver, 140 * S)];
        let told = where_it_lies(&drilled, &record).unwrap().plain();
        assert!(
            told.contains("the first good answer of a standby; detection, the decision and acting on it cannot be told apart from it."),
            "{told}"
        );
        // No part has half of it; no time was lost; nothing is known of both.
        let spread = [(FirstHurt, 0), (Detected, 5 * S), (Acted, 9 * S), (FirstStandby, 13 * S), (CutOver, 16 * S)];
        assert_eq!(where_it_lies(&drilled, &spread), None);
        assert_eq!(where_it_lies(&slow, &drilled), None);
        assert_eq!(where_it_lies(&drilled, &[]), None);
    }
}
