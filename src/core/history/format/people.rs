//! What people said.

use super::record::{Recorded, Via, is_usual};
use crate::history::{AnswerWay, Answered, RoleTaken, Speaker, StepExplained, Ticked};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
pub(super) struct SpeakerRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    way: AnswerWay,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
}

impl Recorded<Speaker> for SpeakerRecord {
    fn record(model: &Speaker) -> Self {
        let Speaker { by, way, user } = model.clone();
        Self { by, way, user }
    }

    fn restore(self) -> Speaker {
        let Self { by, way, user } = self;
        Speaker { by, way, user }
    }
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Answered")]
pub(super) struct AnsweredRecord {
    step: u32,
    #[serde(default, skip_serializing_if = "is_usual")]
    undo: bool,
    answer: String,
    #[serde(with = "Via::<SpeakerRecord>")]
    #[schemars(with = "SpeakerRecord")]
    speaker: Speaker,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    comment: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Ticked")]
pub(super) struct TickedRecord {
    step: u32,
    #[serde(default, skip_serializing_if = "is_usual")]
    undo: bool,
    item: u32,
    text: String,
    #[serde(with = "Via::<SpeakerRecord>")]
    #[schemars(with = "SpeakerRecord")]
    speaker: Speaker,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    comment: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "StepExplained")]
pub(super) struct StepExplainedRecord {
    step: u32,
    text: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "RoleTaken")]
pub(super) struct RoleTakenRecord {
    role: String,
    holder: String,
    #[serde(with = "Via::<SpeakerRecord>")]
    #[schemars(with = "SpeakerRecord")]
    speaker: Speaker,
}
