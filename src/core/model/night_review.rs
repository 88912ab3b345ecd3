//! What people say after a runbook was walked: what reviews need, and of each step whether it was true.

use super::words;

words! {
    /// What a review asks for, beside the steps.
    ReviewTopic {
        /// Who was hurt, how, and for how long.
        Impact = "impact",
        /// What helped.
        WentWell = "went-well",
        /// What did not.
        WentBadly = "went-badly",
        /// What went well by luck alone.
        Lucky = "lucky",
        /// What is to be done, by whom and until when.
        FollowUp = "follow-up",
    }
}

words! {
    /// Whether a step of the runbook was true on the night.
    StepTruth {
        /// As it is written.
        Yes = "yes",
        /// It was wrong, or not needed.
        No = "no",
        /// It was done in another way.
        Changed = "changed",
    }
}

/// What was said of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReviewed {
    /// The step's name.
    pub step: String,
    /// Whether it was true.
    pub truth: StepTruth,
    /// How it was done, or what was wrong with it.
    pub how: Option<String>,
}

/// One thing that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewEntry {
    /// Of the whole night.
    Topic {
        /// About what.
        topic: ReviewTopic,
        /// In the words of whoever said it.
        says: String,
    },
    /// Of a step.
    Step(StepReviewed),
}

/// All that was said, in the order in which it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NightReview {
    /// Each alone.
    pub entries: Vec<ReviewEntry>,
}

impl NightReview {
    /// What was said about something.
    pub fn about(&self, wanted: ReviewTopic) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(move |entry| match entry {
            ReviewEntry::Topic { topic, says } if *topic == wanted => Some(says.as_str()),
            _ => None,
        })
    }

    /// What was said of a step, last.
    pub fn of_step(&self, name: &str) -> Option<&StepReviewed> {
        self.entries.iter().rev().find_map(|entry| match entry {
            ReviewEntry::Step(reviewed) if reviewed.step == name => Some(reviewed),
            _ => None,
        })
    }
}
