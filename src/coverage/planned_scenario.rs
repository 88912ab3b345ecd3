//! A scenario of the project as it would be drilled today in one environment.

use super::PastFile;
use crate::model::FailureMode;

/// A scenario as it would be drilled today in one environment.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedScenario {
    /// Its file, from the project's root.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The service whose users it watches.
    pub service: String,
    /// The environment's name.
    pub environment: String,
    /// Today's hash of its plan.
    pub plan: String,
    /// What it shows.
    pub modes: Vec<FailureMode>,
    /// The files that a drill of it would be made of, as they are today.
    pub files: Vec<PastFile>,
    /// True where every copy that was broken on purpose went red, by the plan as it is today.
    pub proven: bool,
}
