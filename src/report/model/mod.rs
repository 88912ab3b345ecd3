//! What a report says, whatever its format: sections of paragraphs, lists, tables, facts and charts, as data.
//!
//! Builders (`drill`, `execution`) make a [`Report`] from a verdict and a history; renderers (`markdown`) only write it down. So a report holds
//! meaning and no markup: which words are Lifeboat's own and which are not, how an objective ended, and beside the words of a measurement its
//! nanoseconds. What a renderer needs to know and cannot read from here belongs into these types, never into a text.

mod finding;
mod identity;
mod interval_plot;
mod picture;
mod status;
mod table;
mod text;
mod waterfall;

pub use crate::model::{FindingId, FindingSeverity, FindingState};
pub use finding::{FindingEvidence, ReportFinding, Suggestion};
pub use identity::ReportIdentity;
pub use interval_plot::{IntervalPlot, PlottedInterval};
pub use picture::{
    DrillPicture, LatencyKind, LatencyLimit, LatencyLine, MarkKind, OverlaySeries, PictureInterval, PictureMark, PictureObjective,
    PictureSeries, PictureSpan, SeriesEnding, SpanKind,
};
pub use status::{Grade, ReportStatus};
pub use table::{Quantity, ReportTable, TableCell, TableRow};
pub use text::{Phrase, PhraseForm, PhraseSource, Text};
pub use waterfall::{StageTime, Waterfall, WaterfallMoment, WaterfallStage};

use serde::Serialize;

/// All that is told of one drill, or of one runbook that was walked for real.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Report {
    /// What kind of thing it is about.
    pub kind: ReportKind,
    /// Which run it is about.
    pub identity: ReportIdentity,
    /// What it is about, in the words of whoever named it.
    pub title: Text,
    /// How that ended.
    pub status: ReportStatus,
    /// What comes before the first section: the verdict in a sentence, and what to do next.
    pub opening: Vec<Block>,
    /// Everything else.
    pub sections: Vec<Section>,
}

/// What kind of thing a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// One drill.
    Drill,
    /// A runbook that was walked for real.
    Execution,
    /// An incident: what others recorded, or an execution, beside the drills of its scenario.
    Incident,
    /// Two drills, one against the other.
    Comparison,
    /// Several drills of one scenario.
    Repeats,
    /// Candidate providers that were asked the same prompts.
    Candidates,
}

/// A part of a report with a heading of its own.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// One workload of a drill with several.
    Workload,
    /// What was promised and what was measured; each row is an objective.
    Objectives,
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
    /// Which drills walked the runbook before.
    Drilled,
    /// What people say after a runbook was walked.
    Review,
    /// What is to be looked into; each row is a finding with an owner, a due date and a ticket to fill in.
    Findings,
    /// What the verdict does not claim.
    Limits,
    /// Where the seconds went.
    Waterfall,
    /// What the drill found, in sentences.
    Found,
    /// What it cost, as an estimate.
    Cost,
    /// How much of the load the standby bears; each row is a step.
    Capacity,
    /// What users pay for a request against what it costs, at the old price and at the new one.
    Margin,
    /// What changed since another drill.
    Comparison,
    /// The drills before, of the same scenario.
    Trend,
    /// Each of several repeats, and what may be said of them all.
    Repeats,
    /// Why it was drilled, what was expected, and who said what was to be held.
    Basis,
    /// What would have stopped the drill, or did.
    Guards,
    /// That everything which the drill did was taken back.
    Restoration,
    /// Which drill it was.
    Identity,
    /// Where requests went, with which keys, and where they may go.
    Residency,
    /// What primary and standby refuse.
    Parity,
    /// Candidate providers side by side.
    Candidates,
    /// What the gateway's configuration let expect, against what was measured.
    Predicted,
}

impl SectionKind {
    /// Its name in links and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Objectives => "objectives",
            Self::Credential => "credential",
            Self::Faults => "faults",
            Self::Traffic => "traffic",
            Self::Runbook => "runbook",
            Self::Steps => "steps",
            Self::Story => "story",
            Self::Drilled => "drilled",
            Self::Review => "review",
            Self::Findings => "findings",
            Self::Limits => "limits",
            Self::Waterfall => "waterfall",
            Self::Found => "found",
            Self::Cost => "cost",
            Self::Capacity => "capacity",
            Self::Margin => "margin",
            Self::Comparison => "comparison",
            Self::Trend => "trend",
            Self::Repeats => "repeats",
            Self::Basis => "basis",
            Self::Predicted => "predicted",
            Self::Guards => "guards",
            Self::Restoration => "restoration",
            Self::Identity => "identity",
            Self::Residency => "residency",
            Self::Parity => "parity",
            Self::Candidates => "candidates",
        }
    }
}

/// A piece of a section.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
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
    /// All that happened, on one time axis.
    Picture(Box<DrillPicture>),
    /// Where the seconds went, from the fault to the return of the primary.
    Waterfall(Waterfall),
    /// What is to be looked into.
    Findings(Vec<ReportFinding>),
    /// Intervals of several drills on one axis.
    Intervals(IntervalPlot),
    /// A section within this one.
    Section(Section),
}

/// Sentences that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Paragraph {
    /// What they are for.
    pub kind: ParagraphKind,
    /// Each is a sentence or more, complete with its full stop.
    pub lines: Vec<Text>,
}

/// What a paragraph is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParagraphKind {
    /// It explains.
    Plain,
    /// It says the verdict, or what a reader must not miss.
    Key,
    /// It says what to do next.
    Advice,
}

/// A label, and what is said beside it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
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
