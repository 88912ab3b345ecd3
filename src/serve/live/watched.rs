//! A drill as it is watched: one that this process runs, or one of another process.

use super::super::App;
use crate::history::Live;
use crate::model::DrillPlan;
use crate::scheduler::{DrillCurve, FollowedDrill, FollowedEnd, RunningDrill};
use crate::step::OpenQuestion;
use crate::verdict::Decision;
use std::path::Path;
use std::sync::Arc;

/// A drill that is watched.
#[derive(Debug, Clone)]
pub(super) enum WatchedDrill {
    /// This process runs it, or ran it.
    Own(Arc<RunningDrill>),
    /// Another process runs it.
    Other(Arc<FollowedDrill>),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LiveEnd {
    /// It was judged.
    Judged {
        /// In a word.
        verdict: String,
        /// The same, where this build knows the word.
        decision: Option<Decision>,
    },
    /// There is no verdict: why, in words.
    Unjudged(String),
}

impl WatchedDrill {
    /// The drill of this name that runs or ended lately.
    pub(super) fn find(app: &App, id: &str) -> Option<Self> {
        app.running().get(id).map(Self::Own).or_else(|| app.running().follow(id).map(Self::Other))
    }

    pub(super) fn id(&self) -> &str {
        match self {
            Self::Own(drill) => &drill.id,
            Self::Other(drill) => &drill.id,
        }
    }

    pub(super) fn plan(&self) -> &Arc<DrillPlan> {
        match self {
            Self::Own(drill) => &drill.plan,
            Self::Other(drill) => &drill.plan,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Own(drill) => &drill.folder,
            Self::Other(drill) => &drill.folder,
        }
    }

    pub(super) fn live(&self) -> Arc<Live> {
        match self {
            Self::Own(drill) => Arc::clone(&drill.live.borrow()),
            Self::Other(drill) => Arc::clone(&drill.live.borrow()),
        }
    }

    pub(super) fn curve(&self) -> DrillCurve {
        match self {
            Self::Own(drill) => drill.curve(),
            Self::Other(drill) => drill.curve(),
        }
    }

    /// Those of another process are answered at its terminal.
    pub(super) fn questions(&self) -> Vec<OpenQuestion> {
        match self {
            Self::Own(drill) => drill.questions(),
            Self::Other(_) => Vec::new(),
        }
    }

    /// Whether somebody stopped it here.
    pub(super) fn is_stopping(&self) -> bool {
        matches!(self, Self::Own(drill) if drill.is_stopping())
    }

    pub(super) fn end(&self) -> Option<LiveEnd> {
        match self {
            Self::Own(drill) => drill.end().map(|ended| match &ended.finished {
                Ok(finished) => LiveEnd::of(finished.judged.verdict.verdict.to_string()),
                Err(why) => LiveEnd::Unjudged(why.clone()),
            }),
            Self::Other(drill) => drill.ended.borrow().clone().map(|ended| match ended {
                FollowedEnd::Judged(word) => LiveEnd::of(word),
                FollowedEnd::Lost(why) => LiveEnd::Unjudged(why),
            }),
        }
    }
}

impl LiveEnd {
    fn of(verdict: String) -> Self {
        let all = [Decision::Met, Decision::Missed, Decision::Inconclusive, Decision::Void, Decision::InvalidPlan];
        let decision = all.into_iter().find(|decision| decision.to_string() == verdict);
        Self::Judged { verdict, decision }
    }
}
