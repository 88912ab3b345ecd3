//! How a drill, an objective or a step ended, in its own word and in what that means.

use crate::history::ExecutionEnd;
use crate::model::StepEnd;
use crate::verdict::Decision;
use serde::Serialize;

/// How something that can go well or badly went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ReportStatus {
    /// In the word of the verdict, or of the step.
    pub word: String,
    /// What that means to a reader.
    pub grade: Grade,
}

/// What a status means, for colours and for machines that know passed and failed only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
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
            ExecutionEnd::Failed | ExecutionEnd::Undone | ExecutionEnd::PartlyUndone => Grade::Bad,
            ExecutionEnd::Stopped => Grade::Open,
        };
        Self { word: end.to_string(), grade }
    }
}
