//! What a report says, whatever its format: sections of paragraphs, lists, tables, facts and charts, as data.
//!
//! Builders (`drill`, `execution`) make a [`Report`] from a verdict and a history; renderers (`markdown`) only write it down. So a report holds
//! meaning and no markup: which words are Lifeboat's own and which are not, how an objective ended, and beside the words of a measurement its
//! nanoseconds. What a renderer needs to know and cannot read from here belongs into these types, never into a text.

use crate::history::ExecutionEnd;
use crate::model::StepEnd;
use crate::units::grouped;
use crate::verdict::{Decision, Interval};
use serde::Serialize;

/// All that is told of one drill, or of one runbook that was walked for real.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What it is about.
    pub title: Text,
    /// How that ended.
    pub status: ReportStatus,
    /// What comes before the first section: the verdict in a sentence, and what to do next.
    pub opening: Vec<Block>,
    /// Everything else.
    pub sections: Vec<Section>,
}

/// A part of a report with a heading of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// What it tells.
    pub kind: SectionKind,
    /// The workload or the credential that it is about, where a report may have several sections of one kind.
    pub about: Option<String>,
    /// Its heading.
    pub title: Text,
    /// How that which it is about ended; a renderer shows it with the heading.
    pub status: Option<ReportStatus>,
    /// What stands in it, in order.
    pub blocks: Vec<Block>,
}

/// What a section tells. Renderers find by it what they need, and link to it by its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// One workload of a drill with several.
    Workload,
    /// What was promised and what was measured; each row is an objective.
    Objectives,
    /// When what happened, from the fault on.
    Milestones,
    /// A key that was replaced; rows with a status are objectives.
    Credential,
    /// What was broken, and that it took effect.
    Faults,
    /// What was sent, and what became of it.
    Traffic,
    /// What the runbook did during a drill.
    Runbook,
    /// Each step of a runbook that was walked for real.
    Steps,
    /// What happened during an execution, in order.
    Story,
    /// What is to be looked into; each row is a finding with an owner, a due date and a ticket to fill in.
    Findings,
    /// What the verdict does not claim.
    Limits,
    /// Which drill it was.
    Identity,
}

impl SectionKind {
    /// Its name in links and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Objectives => "objectives",
            Self::Milestones => "milestones",
            Self::Credential => "credential",
            Self::Faults => "faults",
            Self::Traffic => "traffic",
            Self::Runbook => "runbook",
            Self::Steps => "steps",
            Self::Story => "story",
            Self::Findings => "findings",
            Self::Limits => "limits",
            Self::Identity => "identity",
        }
    }
}

/// A piece of a section.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Sentences.
    Paragraph(Paragraph),
    /// Points, one below the other.
    List(Vec<Text>),
    /// Rows and columns.
    Table(ReportTable),
    /// Labels, each with what is said beside it.
    Facts(Vec<Fact>),
    /// Requests over time.
    Chart(TrafficChart),
    /// A section within this one.
    Section(Section),
}

/// Sentences that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Paragraph {
    /// What they are for.
    pub kind: ParagraphKind,
    /// Each is a sentence or more, complete with its full stop.
    pub lines: Vec<Text>,
}

/// What a paragraph is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParagraphKind {
    /// It explains.
    Plain,
    /// It says the verdict, or what a reader must not miss.
    Key,
    /// It says what to do next.
    Advice,
}

/// A text, in pieces.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Text(pub Vec<Phrase>);

/// A piece of text of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Phrase {
    /// The words, without any markup.
    pub words: String,
    /// What they are.
    pub form: PhraseForm,
    /// Who wrote them.
    pub source: PhraseSource,
}

/// What words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhraseForm {
    /// Prose.
    Prose,
    /// What is to be typed or stands in a file.
    Code,
}

/// Who wrote a phrase. What came from outside must not be read as markup in any format; Lifeboat's own sentences bear names and reasons from
/// outside too, so a format in which they could do harm (HTML) keeps every phrase from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhraseSource {
    /// A sentence of Lifeboat's, with the names that it speaks of.
    Lifeboat,
    /// A text from a file, a program or a person.
    Outside,
}

impl Text {
    /// A sentence of Lifeboat's; what stands between backticks is code.
    pub fn own(text: impl AsRef<str>) -> Self {
        Self::parsed(text.as_ref(), PhraseSource::Lifeboat)
    }

    /// A text from a file, a program or a person; what stands between backticks is code.
    pub fn outside(text: impl AsRef<str>) -> Self {
        Self::parsed(text.as_ref(), PhraseSource::Outside)
    }

    fn parsed(text: &str, source: PhraseSource) -> Self {
        let pieces: Vec<&str> = text.split('`').collect();
        // A backtick without a partner is a letter like any other.
        let pieces = if pieces.len().is_multiple_of(2) { vec![text] } else { pieces };
        let forms = [PhraseForm::Prose, PhraseForm::Code].into_iter().cycle();
        let phrases = pieces.into_iter().zip(forms).filter(|(words, form)| *form == PhraseForm::Code || !words.is_empty());
        Self(phrases.map(|(words, form)| Phrase { words: words.to_owned(), form, source }).collect())
    }

    /// This text, and that which follows.
    #[must_use]
    pub fn then(mut self, more: impl Into<Self>) -> Self {
        self.0.extend(more.into().0);
        self
    }

    /// True where there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words as a terminal and `verdict.json` have them: code between backticks.
    pub fn plain(&self) -> String {
        let phrase = |phrase: &Phrase| match phrase.form {
            PhraseForm::Prose => phrase.words.clone(),
            PhraseForm::Code => format!("`{}`", phrase.words),
        };
        self.0.iter().map(phrase).collect()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::own(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::own(text)
    }
}

/// Rows under columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportTable {
    /// The columns' headings.
    pub columns: Vec<&'static str>,
    /// The rows, as wide.
    pub rows: Vec<TableRow>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TableRow {
    /// The word of what it is about, as in `verdict.json`; `None` where it has none.
    pub key: Option<String>,
    /// How that ended, where it can go well or badly. A cell has the words.
    pub status: Option<ReportStatus>,
    /// One for each column.
    pub cells: Vec<TableCell>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableCell {
    /// What stands in it; `None` where nothing can, or where a person is to fill it in.
    pub text: Option<Text>,
    /// The same as a number, where it is one.
    pub quantity: Option<Quantity>,
}

impl TableCell {
    /// A cell in which nothing stands.
    pub const BLANK: Self = Self { text: None, quantity: None };

    /// A cell of words that are a number.
    pub fn of(text: impl Into<Text>, quantity: Option<Quantity>) -> Self {
        Self { text: Some(text.into()), quantity }
    }

    /// A count, in figures.
    pub fn count(count: u64) -> Self {
        Self::of(grouped(count), Some(Quantity::Count(count)))
    }
}

impl<T: Into<Text>> From<T> for TableCell {
    fn from(text: T) -> Self {
        Self::of(text, None)
    }
}

impl TableRow {
    /// A row of nothing but words.
    pub fn of<const N: usize>(cells: [TableCell; N]) -> Self {
        Self { cells: cells.into(), ..Self::default() }
    }
}

/// A number that is told in words.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Nanoseconds between which something happened; without an end it had not happened when nobody looked any more.
    Between {
        /// The last proof that it had not.
        lo_ns: i64,
        /// The first proof that it had.
        hi_ns: Option<i64>,
    },
    /// A moment, or a length of time, in nanoseconds.
    Nanoseconds(i64),
    /// How many.
    Count(u64),
}

impl From<Interval> for Quantity {
    fn from(interval: Interval) -> Self {
        Self::Between { lo_ns: interval.lo, hi_ns: interval.hi }
    }
}

/// A label, and what is said beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// The label; empty where what is said needs none.
    pub label: Text,
    /// What is said.
    pub text: Text,
}

impl Fact {
    /// One.
    pub fn of(label: impl Into<Text>, text: impl Into<Text>) -> Self {
        Self { label: label.into(), text: text.into() }
    }
}

/// How something that can go well or badly went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportStatus {
    /// In the word of the verdict, or of the step.
    pub word: String,
    /// What that means to a reader.
    pub grade: Grade,
}

/// What a status means, for colours and for machines that know passed and failed only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As promised.
    Good,
    /// Not as promised.
    Bad,
    /// Nobody can tell.
    Open,
    /// It did not apply, or proves nothing.
    Neutral,
}

impl From<Decision> for ReportStatus {
    fn from(decision: Decision) -> Self {
        let grade = match decision {
            Decision::Met => Grade::Good,
            Decision::Missed => Grade::Bad,
            Decision::Inconclusive => Grade::Open,
            Decision::Void | Decision::InvalidPlan => Grade::Neutral,
        };
        Self { word: decision.to_string(), grade }
    }
}

impl From<StepEnd> for ReportStatus {
    fn from(end: StepEnd) -> Self {
        let grade = match end {
            StepEnd::Done => Grade::Good,
            StepEnd::Failed => Grade::Bad,
            StepEnd::TimedOut | StepEnd::Cancelled => Grade::Open,
            StepEnd::Skipped => Grade::Neutral,
        };
        Self { word: end.to_string(), grade }
    }
}

impl From<ExecutionEnd> for ReportStatus {
    fn from(end: ExecutionEnd) -> Self {
        let grade = match end {
            ExecutionEnd::Done => Grade::Good,
            ExecutionEnd::Failed | ExecutionEnd::Undone => Grade::Bad,
            ExecutionEnd::Stopped => Grade::Open,
        };
        Self { word: end.to_string(), grade }
    }
}

/// Requests over time: what each provider answered, what was bad, and while what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrafficChart {
    /// All requests of each second of the traffic: the scale of the bars.
    pub requests: Vec<u32>,
    /// The bars, from the top; each as long as `requests` or shorter, where nothing comes any more.
    pub series: Vec<ChartSeries>,
    /// The time in which something was broken or replaced; `None` where nothing was.
    pub shade: Option<ChartShade>,
    /// What the bars are, as the beginning of a sentence.
    pub caption: &'static str,
}

/// One row of bars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChartSeries {
    /// The provider, or what else is counted.
    pub name: String,
    /// Good for answers, bad for what went wrong.
    pub grade: Grade,
    /// Requests of each second.
    pub counts: Vec<u32>,
}

/// A span of time that is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ChartShade {
    /// What it is.
    pub name: &'static str,
    /// Nanoseconds since the traffic began.
    pub from_ns: u64,
    /// The same; `None` where it lasted to the end.
    pub until_ns: Option<u64>,
    /// How long it may take until service is back, or the key is replaced.
    pub objective_ns: u64,
}

impl Section {
    /// One about the whole drill, without anything in it yet.
    pub fn new(kind: SectionKind, title: impl Into<Text>) -> Self {
        Self { kind, about: None, title: title.into(), status: None, blocks: Vec::new() }
    }

    /// The same with this in it.
    #[must_use]
    pub fn with(mut self, block: impl Into<Block>) -> Self {
        self.blocks.push(block.into());
        self
    }
}

impl From<ReportTable> for Block {
    fn from(table: ReportTable) -> Self {
        Self::Table(table)
    }
}

impl From<Paragraph> for Block {
    fn from(paragraph: Paragraph) -> Self {
        Self::Paragraph(paragraph)
    }
}

impl Paragraph {
    /// A sentence, or more, that explain.
    pub fn plain(line: impl Into<Text>) -> Self {
        Self { kind: ParagraphKind::Plain, lines: vec![line.into()] }
    }

    /// A sentence that no reader must miss.
    pub fn key(line: impl Into<Text>) -> Self {
        Self { kind: ParagraphKind::Key, lines: vec![line.into()] }
    }

    /// What to do next.
    pub fn advice(line: impl Into<Text>) -> Self {
        Self { kind: ParagraphKind::Advice, lines: vec![line.into()] }
    }
}
