//! The report of two drills, one against the other: what was planned differently, what was measured differently, and of each difference whether
//! it is more than noise.
//!
//! A difference is between two drills. What it came of, and whether the next ones will differ, two drills do not tell; the report says so.

use super::apart;
use super::cost;
use super::settings::{DifferingSetting, PlanPart, SETTINGS_MAX, differing};
use super::subject::Subject;
use crate::model::Gate;
use crate::report::digest::Digest;
use crate::report::findings;
use crate::report::model::{
    Block, Fact, Grade, IntervalPlot, Paragraph, PlottedInterval, Report, ReportFinding, ReportIdentity, ReportKind, ReportStatus,
    ReportTable, Section, SectionKind, TableRow, Text,
};
use crate::report::words::difference::sentence;
use crate::report::words::headline::headline;
use crate::report::words::nature::nameless;
use crate::report::words::wording::between;
use crate::units::{counted, grouped};
use crate::verdict::{Contrast, Interval, Verdict, times};
use std::collections::BTreeSet;

/// A judged drill, or what others recorded, as one of two.
#[derive(Debug, Clone, Copy)]
pub struct ComparedDrill<'a> {
    /// What it is called: its folder or file.
    pub name: &'a str,
    /// Its verdict.
    pub verdict: &'a Verdict,
    /// What was seen.
    pub digest: &'a Digest,
    /// SHA-256 of its history, in hexadecimal.
    pub hash: &'a str,
}

/// The whole report: `first`, which it calls A, against `second`, which it calls B.
pub fn comparison(first: &ComparedDrill<'_>, second: &ComparedDrill<'_>) -> Report {
    let pair = Pair { first, second, settings: settings(first, second), subjects: subjects(first, second) };
    let mut sections = vec![pair.plans()];
    sections.extend(pair.subjects.iter().flat_map(|(one, other)| pair.measured(one, other)));
    sections.extend(pair.cost());
    sections.extend(pair.findings());
    sections.push(limits());
    sections.push(pair.identity());
    Report {
        kind: ReportKind::Comparison,
        identity: pair.run_identity(),
        title: Text::outside(first.name).then(" against ").then(Text::outside(second.name)),
        status: pair.status(),
        opening: pair.opening(),
        sections,
    }
}

/// Two drills, and what is known of both together.
struct Pair<'a> {
    first: &'a ComparedDrill<'a>,
    second: &'a ComparedDrill<'a>,
    /// `None` where one of them has no plan.
    settings: Option<Vec<DifferingSetting>>,
    /// Their workloads, in pairs.
    subjects: Vec<(Subject<'a>, Subject<'a>)>,
}

/// What was planned differently; `None` where one of them has no plan.
fn settings(first: &ComparedDrill<'_>, second: &ComparedDrill<'_>) -> Option<Vec<DifferingSetting>> {
    let (one, other) = (first.digest.started.as_ref()?, second.digest.started.as_ref()?);
    Some(differing(one, other))
}

/// The workloads that both have; where each has only one, those, whatever they are called.
fn subjects<'a>(first: &'a ComparedDrill<'a>, second: &'a ComparedDrill<'a>) -> Vec<(Subject<'a>, Subject<'a>)> {
    let of = |drill: &'a ComparedDrill<'a>| Subject::each(drill.verdict, drill.digest);
    let (ours, theirs) = (of(first), of(second));
    if let ([one], [other]) = (&ours[..], &theirs[..]) {
        return vec![(*one, *other)];
    }
    let name = |subject: &Subject<'a>| subject.workload.named.as_ref().map(|named| named.name.as_str());
    let partner = |one: &Subject<'a>| theirs.iter().find(|other| name(one).is_some() && name(one) == name(other)).copied();
    ours.iter().filter_map(|one| Some((*one, partner(one)?))).collect()
}

/// The interval that an objective is held against in both, and what it is; `None` where one of the two measured nothing.
struct Gated {
    first: Interval,
    second: Interval,
    is_cutover: bool,
    objective_ns: Option<i64>,
}

impl Gated {
    fn of(one: &Subject<'_>, other: &Subject<'_>) -> Option<Self> {
        let (first, second) = (one.verdict.measures.as_ref()?, other.verdict.measures.as_ref()?);
        if one.verdict.only_rotates || other.verdict.only_rotates {
            return None;
        }
        let is_cutover = one.verdict.terms.gate == Gate::Cutover && !nameless(one.verdict) && !nameless(other.verdict);
        let (one_rto, other_rto) = (one.verdict.terms.rto, other.verdict.terms.rto);
        let objective_ns = (one_rto == other_rto).then(|| one_rto.nanos());
        let (first, second) = if is_cutover { (first.cutover, second.cutover) } else { (first.restore, second.restore) };
        Some(Self { first, second, is_cutover, objective_ns })
    }

    fn contrast(&self) -> Contrast {
        times(Some(self.first), Some(self.second))
    }

    /// `Cutover took 2.95 to 3.13 s; in B 7.90 to 8.10 s: sooner, beyond what one probe can hide.`
    fn sentence(&self) -> String {
        let took = match (self.is_cutover, self.first.hi) {
            (true, Some(_)) => "Cutover took",
            (true, None) => "Cutover:",
            (false, Some(_)) => "Service was good again after",
            (false, None) => "Service good again:",
        };
        format!("{took} {}; in B {}.", between(self.first), sentence(self.contrast(), self.second))
    }
}

impl Pair<'_> {
    fn is_same(&self) -> bool {
        self.first.hash == self.second.hash
    }

    /// The part of each setting that differs, each once.
    fn parts(&self) -> BTreeSet<PlanPart> {
        self.settings.iter().flatten().map(|setting| setting.part).collect()
    }

    /// How A did against B, by what the objective is held against.
    fn status(&self) -> ReportStatus {
        let contrast = self.subjects.first().and_then(|(one, other)| Gated::of(one, other)).map(|gated| gated.contrast());
        let (word, grade) = match contrast {
            Some(Contrast::Smaller) => ("sooner", Grade::Good),
            Some(Contrast::Larger) => ("later", Grade::Bad),
            Some(Contrast::Alike) => ("no difference shown", Grade::Neutral),
            _ => ("not known", Grade::Open),
        };
        ReportStatus { word: word.to_owned(), grade }
    }

    fn opening(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        if self.is_same() {
            blocks.push(Paragraph::key("A and B are the same history: nothing can differ.").into());
        }
        if let Some(unlike) = self.unlike() {
            blocks.push(Paragraph { lines: unlike, ..Paragraph::key("") }.into());
        }
        for (one, other) in &self.subjects {
            blocks.extend(self.told(one, other));
        }
        if self.subjects.is_empty() {
            blocks.push(
                Paragraph::key("No workload of A has a partner of the same name in B, so nothing can be held against each other.").into(),
            );
        }
        if !self.is_same() {
            let once =
                "One drill each: this tells how these two differ, and nothing of what the next will be like. `lifeboat run --repeat` does.";
            blocks.push(Paragraph::plain(once).into());
        }
        blocks.push(self.which());
        blocks
    }

    /// That the plans differ and what cannot be claimed then; `None` where they are alike.
    fn unlike(&self) -> Option<Vec<Text>> {
        let Some(settings) = &self.settings else {
            let of = match (&self.first.digest.started, &self.second.digest.started) {
                (None, None) => "A and B",
                (None, _) => "A",
                _ => "B",
            };
            return Some(vec![
                format!(
                    "Of {of} there is no plan, because no drill recorded it: whether both were under the same conditions is not known."
                )
                .into(),
            ]);
        };
        let parts = self.parts();
        let meaning: Vec<&PlanPart> = parts.iter().filter(|part| **part != PlanPart::Names).collect();
        if meaning.is_empty() {
            return None;
        }
        let number = settings.iter().filter(|setting| setting.part != PlanPart::Names).count() as u64;
        let words = meaning.iter().map(|part| part.word()).collect::<Vec<_>>().join(", ");
        let differ = if number == 1 { "differs" } else { "differ" };
        let first = format!("A and B were not drilled alike: {} {differ} ({words}).", counted(number, "setting"));
        Some([first].into_iter().chain(meaning.iter().filter_map(|part| falls(**part))).map(Text::from).collect())
    }

    /// What was measured of one workload, in a sentence and a picture.
    fn told(&self, one: &Subject<'_>, other: &Subject<'_>) -> Vec<Block> {
        let whose = one.name().map(|name| Text::own("Workload ").then(Text::outside(name)).then(": ")).unwrap_or_default();
        let Some(gated) = Gated::of(one, other) else {
            let neither = "One of the two measured no recovery, so there are no times to compare.";
            return if self.is_same() { Vec::new() } else { vec![Paragraph::key(whose.then(neither)).into()] };
        };
        let row = |label: &str, interval: Interval, verdict: &Verdict| PlottedInterval {
            label: label.into(),
            interval: Some(interval.into()),
            status: verdict.verdict.into(),
        };
        let caption = if gated.is_cutover { "Cutover after the fault" } else { "Service good again after the fault" };
        let plot = IntervalPlot {
            caption: whose.clone().then(caption),
            objective_ns: gated.objective_ns,
            rows: vec![row("A", gated.first, one.verdict), row("B", gated.second, other.verdict)],
        };
        vec![Paragraph::key(whose.then(gated.sentence())).into(), Block::Intervals(plot)]
    }

    /// Which is A and which is B, and how each was judged.
    fn which(&self) -> Block {
        let fact = |label: &str, drill: &ComparedDrill<'_>| {
            let started = drill.digest.started.as_ref();
            let when = started.map_or_else(String::new, |started| format!(", started {}", started.wall_clock));
            let name = Text::outside(drill.name).then(format!("{when}: {}. ", drill.verdict.verdict));
            Fact::of(label, if drill.verdict.workloads.is_empty() { name.then(headline(drill.verdict)) } else { name })
        };
        Block::Facts(vec![fact("A", self.first), fact("B", self.second)])
    }

    /// What was planned differently.
    fn plans(&self) -> Section {
        let section = Section::new(SectionKind::Comparison, "What was set differently");
        let Some(settings) = &self.settings else {
            let unknown = "A record of others has no plan, so this is not known. What was promised: ";
            let promised = |drill: &ComparedDrill<'_>| format!("within {}", drill.verdict.terms.rto);
            let both = format!("{}in A {}, in B {}.", unknown, promised(self.first), promised(self.second));
            return section.with(Paragraph::plain(both));
        };
        if settings.is_empty() {
            return section.with(Paragraph::plain("Nothing: scenario, traffic, faults, objectives, providers and environment are alike."));
        }
        let cell = |value: &Option<String>| value.as_deref().map_or_else(|| "none".into(), |value| Text::outside(value).into());
        let row = |setting: &DifferingSetting| {
            let cells = vec![Text::outside(&setting.label).into(), cell(&setting.first), cell(&setting.second)];
            TableRow { key: Some(setting.part.word().to_owned()), status: None, cells }
        };
        let rows = settings.iter().take(SETTINGS_MAX).map(row).collect();
        let section = section.with(ReportTable { columns: vec!["setting", "A", "B"], rows });
        match settings.len().saturating_sub(SETTINGS_MAX) {
            0 => section,
            more => section.with(Paragraph::plain(format!("{} more differ.", grouped(more as u64)))),
        }
    }

    /// What was measured of one workload.
    fn measured(&self, one: &Subject<'_>, other: &Subject<'_>) -> Vec<Section> {
        let about = one.name().map(str::to_owned);
        let of = one.name().map(|name| Text::own(" of workload ").then(Text::outside(name))).unwrap_or_default();
        let section = |title: &str, table: Option<ReportTable>| {
            let title = Text::own(title).then(of.clone());
            table.map(|table| Section { about: about.clone(), ..Section::new(SectionKind::Comparison, title).with(table) })
        };
        let measured = section("What was measured", apart::measured(one, other));
        let latency = section("Latency of answered requests", apart::latencies(one, other));
        measured.into_iter().chain(latency).collect()
    }

    /// What each cost; `None` where nothing is known of either.
    fn cost(&self) -> Option<Section> {
        let of = |label: &str, drill: &ComparedDrill<'_>| {
            let section = cost::section(drill.verdict, drill.digest, &Subject::each(drill.verdict, drill.digest))?;
            Some(Block::Section(Section { title: label.into(), ..section }))
        };
        let blocks: Vec<Block> = [of("A", self.first), of("B", self.second)].into_iter().flatten().collect();
        if blocks.is_empty() {
            return None;
        }
        let untested = Paragraph::plain("Both are estimates, so no test tells whether they differ by more than noise.").into();
        Some(Section {
            blocks: [untested].into_iter().chain(blocks).collect(),
            ..Section::new(SectionKind::Cost, "What each cost, as an estimate")
        })
    }

    /// What was found in one and not in the other.
    fn findings(&self) -> Option<Section> {
        let same = |one: &ReportFinding, other: &ReportFinding| one.id == other.id && one.about == other.about;
        let (ours, theirs) = (shown(self.first), shown(self.second));
        let both = |finding: &&ReportFinding| theirs.iter().any(|other| same(finding, other));
        let say = |word: &str, finding: &ReportFinding| {
            let status = ReportStatus { word: word.to_owned(), grade: if word == "only in B" { Grade::Good } else { Grade::Bad } };
            let cells = vec![word.into(), finding.says.clone().into()];
            TableRow { key: Some(finding.id.clone()), status: Some(status), cells }
        };
        let new = ours.iter().filter(|finding| !both(finding)).map(|finding| say("only in A", finding));
        let still = ours.iter().filter(both).map(|finding| say("in both", finding));
        let gone = theirs.iter().filter(|finding| !ours.iter().any(|one| same(one, finding))).map(|finding| say("only in B", finding));
        let rows: Vec<TableRow> = new.chain(still).chain(gone).collect();
        let section = Section::new(SectionKind::Findings, "Findings");
        (!rows.is_empty()).then(|| section.with(ReportTable { columns: vec!["where", "finding"], rows }))
    }

    fn identity(&self) -> Section {
        let mut facts = Vec::new();
        for (label, drill) in [("A", self.first), ("B", self.second)] {
            if let Some(started) = &drill.digest.started {
                facts.push(Fact::of(format!("{label}, drill"), Text::outside(&started.drill)));
                let scenario = Text::outside(&started.plan.scenario.name).then(" in the environment ");
                facts.push(Fact::of(format!("{label}, scenario"), scenario.then(Text::outside(&started.plan.environment_name))));
                facts.push(Fact::of(format!("{label}, seed"), started.seed.to_string()));
                facts.push(Fact::of(format!("{label}, Lifeboat"), Text::outside(&started.lifeboat)));
            }
            facts.push(Fact::of(format!("{label}, history, SHA-256"), drill.hash));
        }
        Section::new(SectionKind::Identity, "Identity").with(Block::Facts(facts))
    }

    /// That of A, whose report it is.
    fn run_identity(&self) -> ReportIdentity {
        super::drill::run_identity(self.first.digest, self.first.hash)
    }
}

/// What a drill showed that somebody should look into.
fn shown(drill: &ComparedDrill<'_>) -> Vec<ReportFinding> {
    findings::of_drill(drill.verdict, drill.digest, &Subject::each(drill.verdict, drill.digest), None)
}

/// What cannot be claimed where this part of the plans differs.
fn falls(part: PlanPart) -> Option<String> {
    let text = match part {
        PlanPart::Faults => {
            "They broke different things: times, counts and latencies are of two different outages, and no sign that either does better."
        }
        PlanPart::Goodness => {
            "They call different answers good: times and counts of bad and late requests cannot be held against each other; lost requests and latencies can."
        }
        PlanPart::Promises => "They promise different things: the verdicts cannot be held against each other; what was measured can.",
        PlanPart::Traffic => "They sent different traffic: counts are compared as shares, and latencies may differ for that alone.",
        PlanPart::Service => "Other providers serve, or in another order: what differs below may come of that.",
        PlanPart::Environment => "They ran elsewhere or with other settings: what differs below may come of that.",
        PlanPart::Runbook => "Other steps answered, or on another signal: what differs below may come of that.",
        PlanPart::Names => return None,
    };
    Some(text.to_owned())
}

/// What the comparison does not claim.
fn limits() -> Section {
    let points = [
        "A time is an interval that contains what it measures. Two that do not overlap differ for certain; of two that overlap nothing is shown.",
        "Counts are compared by Fisher's exact test, two-sided; a difference is called one below p = 0.01. About five counts are compared, so of twenty reports on drills that are alike one still shows a difference.",
        "A percentile is an interval, too: the two requests in order of their latency between which it lies with 99.9% confidence. Where it is a little wider than that, the record keeps latencies no finer than to 1%.",
        "These tests take requests as independent of each other. Those of one outage are not quite: they share a minute, a host and a gateway. Where it is close, drill again.",
        "Nothing here tells why two drills differ. Where exactly one setting was changed, that is a reason to suspect it, and to repeat both.",
    ];
    Section::new(SectionKind::Limits, "What this does not claim").with(Block::List(points.map(Text::from).into()))
}
