//! How the last drill of each service went, for pages that list services.

use super::form::part;
use super::moment::brief;
use super::problem::PageProblem;
use super::shown::{against, cutover, status};
use crate::report::{Grade, ReportStatus, badge};
use crate::serve::App;
use crate::store::{DrillEntry, DrillState};
use crate::units::Duration;
use crate::verdict::{Decision, Interval};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The last drill of a service.
#[derive(Debug, Clone)]
pub(super) struct LastDrill {
    id: String,
    scenario: String,
    environment: String,
    started: DateTime<Utc>,
    state: DrillState,
    verdict: Option<Decision>,
    cutover: Option<Interval>,
    objective: Option<Duration>,
    /// Findings that are open.
    pub(super) findings: u64,
}

impl LastDrill {
    fn of(entry: DrillEntry) -> Self {
        let DrillEntry { id, scenario, environment, started, state, verdict, cutover, objective, findings, .. } = entry;
        Self { id, scenario, environment, started, state, verdict, cutover, objective, findings }
    }

    /// The class of a card about it.
    pub(super) fn class(&self) -> &'static str {
        self.verdict.map_or("", |verdict| match ReportStatus::from(verdict).grade {
            Grade::Good => "good",
            Grade::Bad => "bad",
            Grade::Open | Grade::Neutral => "open",
        })
    }

    /// In a line: how it ended, when, with a link to it.
    pub(super) fn line(&self) -> Markup {
        html! { (ended(self.state, self.verdict)) " " a href={ "/drills/" (part(&self.id)) } { (brief(self.started)) } }
    }

    /// The same with what was measured against what was promised.
    pub(super) fn whole(&self) -> Markup {
        html! {
            p { (self.line()) }
            p.soft { (super::shown::name(&self.scenario)) " in " (super::shown::name(&self.environment)) }
            @match self.cutover.zip(self.objective) {
                Some((measured, promised)) => {
                    p { span.value { (cutover(measured, self.verdict)) } span.soft { " of " (promised) " allowed" } }
                    (against(measured, promised, self.verdict))
                }
                None => p.soft { "No cutover was measured." },
            }
        }
    }
}

/// How a drill ended, or that it has not.
pub(super) fn ended(state: DrillState, verdict: Option<Decision>) -> Markup {
    match (state, verdict) {
        (DrillState::Running, _) => status("running", Grade::Neutral),
        (DrillState::Interrupted, None) => status("interrupted", Grade::Open),
        (_, Some(verdict)) => badge(&verdict.into()),
        (DrillState::Over, None) => status("no verdict", Grade::Open),
    }
}

/// The last drill of each service that is over.
///
/// # Errors
/// Where the store does not answer.
pub(super) async fn last_drills(app: &App) -> Result<BTreeMap<String, LastDrill>, PageProblem> {
    let newest = app.store().newest_of_services().await?;
    Ok(newest.into_iter().map(|(service, entry)| (service, LastDrill::of(entry))).collect())
}
