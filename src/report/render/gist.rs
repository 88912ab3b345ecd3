//! What a report says in short, found again in its model: the verdict in sentences, what to do next, each objective, and what lasted when. The
//! formats that have no room for the whole (JUnit, OSCAL, chats, traces, annotations) are made of it.
//!
//! What this file does not do: word anything that the report does not say, or know of a format.

use crate::import::{RecordTime, moment_text};
use crate::report::model::{
    Block, DrillPicture, Grade, Paragraph, ParagraphKind, Quantity, Report, ReportKind, ReportStatus, ReportTable, Section, SectionKind,
    SpanKind, TableRow,
};
use crate::units::Problem;
use uuid::Uuid;

/// A report in short.
#[derive(Debug)]
pub(super) struct Gist<'r> {
    /// The report.
    pub(super) report: &'r Report,
    /// Its title in plain words, in one line.
    pub(super) title: String,
    /// The verdict in sentences, that of each workload in a sentence of its own.
    pub(super) verdict: Vec<String>,
    /// What to do next.
    pub(super) advice: Vec<String>,
    /// What was promised, and each step of a runbook that was walked for real.
    pub(super) objectives: Vec<GistObjective>,
}

/// Something that was promised, and what was measured; or a step, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GistObjective {
    /// The workload or the credential that it is about, where a report tells of several.
    pub(super) about: Option<String>,
    /// Its word, as in `verdict.json`.
    pub(super) name: String,
    /// What was promised, in words; empty for a step.
    pub(super) promised: String,
    /// What was measured, in words; of a step its name.
    pub(super) measured: String,
    /// The same as a number.
    pub(super) quantity: Option<Quantity>,
    /// How it was judged, or how the step ended.
    pub(super) status: ReportStatus,
}

/// Something that lasted, on the wall's clock.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GistSpan {
    /// `fault`, `phase`, `step`, `guard` or `cutover`.
    pub(super) kind: &'static str,
    /// What.
    pub(super) name: String,
    /// How it ended, where that can go well or badly.
    pub(super) grade: Grade,
    /// Nanoseconds since 1970.
    pub(super) from: i64,
    /// Likewise; the end of the run where it lasted until then.
    pub(super) until: i64,
}

impl<'r> Gist<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        let mut gist = Self { report, title: one(&report.title.plain()), verdict: Vec::new(), advice: Vec::new(), objectives: Vec::new() };
        gist.blocks(&report.opening);
        report.sections.iter().for_each(|section| gist.section(section, None));
        gist
    }

    fn section(&mut self, section: &Section, about: Option<&str>) {
        let about = section.about.as_deref().or(about);
        let tables = section.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        });
        match section.kind {
            SectionKind::Objectives | SectionKind::Credential => {
                tables.for_each(|table| self.objectives.extend(promised(table, about)));
            }
            SectionKind::Steps => tables.for_each(|table| self.objectives.extend(steps(table))),
            // A workload opens as a report does.
            SectionKind::Workload => self.sentences(&section.blocks),
            _ => {}
        }
        for block in &section.blocks {
            if let Block::Section(section) = block {
                self.section(section, about);
            }
        }
    }

    fn blocks(&mut self, blocks: &[Block]) {
        self.sentences(blocks);
        for block in blocks {
            if let Block::Section(section) = block {
                self.section(section, None);
            }
        }
    }

    fn sentences(&mut self, blocks: &[Block]) {
        for block in blocks {
            let Block::Paragraph(Paragraph { kind, lines }) = block else { continue };
            let lines = lines.iter().map(|line| one(&line.plain()));
            match kind {
                ParagraphKind::Key => self.verdict.extend(lines),
                ParagraphKind::Advice => self.advice.extend(lines),
                ParagraphKind::Plain => {}
            }
        }
    }

    /// Whether machines that know passed and failed only may call it passed.
    pub(super) fn passed(&self) -> bool {
        self.report.status.grade == Grade::Good
    }

    /// The run in a word: what names of suites and documents are made of.
    pub(super) fn name(&self) -> String {
        self.report.identity.scenario.clone().unwrap_or_else(|| self.title.clone())
    }

    /// What kind of run it is, in a word.
    pub(super) const fn kind(&self) -> &'static str {
        match self.report.kind {
            ReportKind::Drill => "drill",
            ReportKind::Execution => "execution",
            ReportKind::Incident => "incident",
            ReportKind::Comparison => "comparison",
            ReportKind::Repeats => "repeats",
            ReportKind::Candidates => "candidates",
        }
    }

    /// What identifies the run, in words for machines.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let of = &self.report.identity;
        let facts = [
            ("kind", Some(self.kind().to_owned())),
            ("verdict", Some(self.report.status.word.clone())),
            ("run", of.run.clone()),
            ("scenario", of.scenario.clone()),
            ("environment", of.environment.clone()),
            ("seed", of.seed.clone()),
            ("lifeboat", of.lifeboat.clone()),
            ("started_at", of.started_at.clone()),
            ("history_sha256", of.history_sha256.clone()),
        ];
        facts.into_iter().filter_map(|(name, value)| Some((name, one(&value?)))).filter(|(_, value)| !value.is_empty()).collect()
    }

    /// A name for a part of this run that is the same each time it is rendered: by the history's hash, or by the run's identifier.
    pub(super) fn uuid(&self, part: &str) -> Uuid {
        let of = &self.report.identity;
        let run = of.history_sha256.as_deref().filter(|hash| hash.len() == 64).or(of.run.as_deref()).unwrap_or(&self.title);
        let whole = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("urn:lifeboat:{}:{run}", self.kind()).as_bytes());
        Uuid::new_v5(&whole, part.as_bytes())
    }

    /// The same as text.
    pub(super) fn id(&self, part: &str) -> String {
        self.uuid(part).hyphenated().to_string()
    }

    /// When it began and ended, in nanoseconds since 1970.
    ///
    /// # Errors
    /// Where the history does not say.
    pub(super) fn span(&self) -> Result<(i64, i64), Problem> {
        let of = &self.report.identity;
        let began = of.started_at.as_deref().and_then(began).or(of.traffic_unix_ns);
        let began = began.ok_or_else(|| Problem::new("what was recorded does not say when it was, and this format needs that"))?;
        Ok((began, of.ended_unix_ns.unwrap_or(began).max(began)))
    }

    /// The picture of the drill: that of the leading workload where there are several.
    fn picture(&self) -> Option<&'r DrillPicture> {
        fn within(blocks: &[Block]) -> Option<&DrillPicture> {
            blocks.iter().find_map(|block| match block {
                Block::Picture(picture) => Some(&**picture),
                Block::Section(section) => within(&section.blocks),
                _ => None,
            })
        }
        within(&self.report.opening).or_else(|| self.report.sections.iter().find_map(|section| within(&section.blocks)))
    }

    /// All that lasted, in the order of the report; nothing where the history does not say when it was.
    pub(super) fn spans(&self) -> Vec<GistSpan> {
        let (Some(zero), Ok((_, end))) = (self.report.identity.traffic_unix_ns, self.span()) else { return Vec::new() };
        let at = |ns: u64| zero.saturating_add(i64::try_from(ns).unwrap_or(i64::MAX));
        let Some(picture) = self.picture() else { return self.walked(zero, end) };
        let of = |span: &crate::report::model::PictureSpan| GistSpan {
            kind: span_word(span.kind),
            name: one(&span.name.plain()),
            grade: span.grade,
            from: at(span.from_ns),
            until: span.until_ns.map_or(end, at).max(at(span.from_ns)),
        };
        let mut spans: Vec<GistSpan> = picture.spans.iter().map(of).collect();
        if let Some((fault, cutover)) = picture.fault_ns.zip(picture.cutover.as_ref()) {
            let name = match cutover.between.hi_ns {
                Some(_) => cutover.word.to_owned(),
                None => format!("no {}", cutover.word),
            };
            let until = cutover.between.hi_ns.map_or(end, |hi| at(fault).saturating_add(hi)).max(at(fault));
            spans.push(GistSpan { kind: "cutover", name, grade: self.report.status.grade, from: at(fault), until });
        }
        spans
    }

    /// The steps of a runbook that was walked for real, as its table has them.
    fn walked(&self, zero: i64, end: i64) -> Vec<GistSpan> {
        let mut spans = Vec::new();
        for section in self.report.sections.iter().filter(|section| section.kind == SectionKind::Steps) {
            for block in &section.blocks {
                let Block::Table(table) = block else { continue };
                let cell = |row: &TableRow, name: &str| match cell_of(table, row, name)?.quantity {
                    Some(Quantity::Nanoseconds(ns)) => Some(ns),
                    _ => None,
                };
                for row in &table.rows {
                    let Some(from) = cell(row, "started").map(|from| zero.saturating_add(from)) else { continue };
                    let until = cell(row, "took").map_or(end, |took| from.saturating_add(took));
                    let name = words(table, row, "step");
                    let grade = row.status.as_ref().map_or(Grade::Open, |status| status.grade);
                    spans.push(GistSpan { kind: "step", name, grade, from, until: until.max(from) });
                }
            }
        }
        spans
    }
}

impl GistObjective {
    /// Its name with what it is about, as `search: rto`.
    pub(super) fn full_name(&self) -> String {
        self.about.as_ref().map_or_else(|| self.name.clone(), |about| format!("{}: {}", one(about), self.name))
    }

    /// All of it in a line.
    pub(super) fn line(&self) -> String {
        let Self { promised, measured, status, .. } = self;
        let told = match promised.is_empty() {
            true => measured.clone(),
            false => format!("promised {promised}; measured {measured}"),
        };
        format!("{}: {told}: {}", self.full_name(), status.word)
    }

    /// The time after which it was kept for sure, or up to which it surely was not; `None` where it is not about time.
    pub(super) fn nanoseconds(&self) -> Option<u64> {
        let ns = match self.quantity? {
            Quantity::Between { lo_ns, hi_ns } => hi_ns.unwrap_or(lo_ns),
            Quantity::Nanoseconds(ns) => ns,
            Quantity::Count(_) => return None,
        };
        u64::try_from(ns.max(0)).ok()
    }
}

/// The rows of a table that were judged.
fn promised(table: &ReportTable, about: Option<&str>) -> Vec<GistObjective> {
    let judged = table.rows.iter().filter_map(|row| Some((row, row.key.clone()?, row.status.clone()?)));
    let of = |(row, name, status): (&TableRow, String, ReportStatus)| GistObjective {
        about: about.map(str::to_owned),
        name,
        promised: words(table, row, "promised"),
        measured: words(table, row, "measured"),
        quantity: cell_of(table, row, "measured").and_then(|cell| cell.quantity),
        status,
    };
    judged.map(of).collect()
}

/// Each time that a step was begun or left out.
fn steps(table: &ReportTable) -> Vec<GistObjective> {
    let of = |row: &TableRow| {
        let (name, took) = (words(table, row, "step"), words(table, row, "took"));
        let measured = if took.is_empty() { "not known how long".to_owned() } else { format!("took {took}") };
        let status = row.status.clone()?;
        let quantity = cell_of(table, row, "took").and_then(|cell| cell.quantity);
        Some(GistObjective { about: None, name, promised: String::new(), measured, quantity, status })
    };
    table.rows.iter().filter_map(of).collect()
}

fn cell_of<'t>(table: &ReportTable, row: &'t TableRow, column: &str) -> Option<&'t crate::report::model::TableCell> {
    row.cells.get(table.columns.iter().position(|name| *name == column)?)
}

fn words(table: &ReportTable, row: &TableRow, column: &str) -> String {
    cell_of(table, row, column).and_then(|cell| cell.text.as_ref()).map(|text| one(&text.plain())).unwrap_or_default()
}

const fn span_word(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Fault => "fault",
        SpanKind::Phase => "phase",
        SpanKind::Step => "step",
        SpanKind::Guard => "guard",
        SpanKind::Breaker => "breaker",
    }
}

/// A text in one line, without what could drive a terminal, and without blanks at its ends.
pub(super) fn one(text: &str) -> String {
    let safe = crate::units::printable(text);
    safe.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text of at most so many characters; where it is longer, its last is `…`.
pub(super) fn at_most(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// Nanoseconds since 1970 of a moment in RFC 3339.
pub(in crate::report) fn began(text: &str) -> Option<i64> {
    match text.parse().ok()? {
        RecordTime::At(ns) => Some(ns),
        RecordTime::After(_) => None,
    }
}

/// The same as RFC 3339 in UTC, to the millisecond.
pub(super) fn moment(ns: i64) -> String {
    moment_text(ns)
}
