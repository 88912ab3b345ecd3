//! Faults that are limited to some requests: what the drill's own traffic carries to be one of those, and whether that reaches the providers.
//!
//! From the preflight to the end of the baseline such a fault stands at its proxy with a probability of nothing: it touches nobody, and the
//! proxy tells of each request whether the fault could take it. A gateway that does not pass the header on is known that way before
//! anything is broken, and so is a proxy that knows of no such limits.

use super::DrillStop;
use super::sight::{SightSummary, Sighted};
use super::trouble::Trouble;
use crate::control::Control;
use crate::history::StopReason;
use crate::model::{Aim, DrillPlan, Only, PlannedFault};
use crate::units::{Duration, Explained, Ratio};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// How long a rehearsed fault, which touches nothing, outlives a drill that has gone away.
const LEASE: Duration = Duration::from_secs(10);
/// So many requests that reach a provider without the header are no accident.
const ENOUGH: u64 = 5;

/// The faults that are limited to some requests.
fn limited(plan: &DrillPlan) -> impl Iterator<Item = (&PlannedFault, &Only)> {
    plan.scenario.timeline.faults.iter().filter_map(|planned| Some((planned, planned.aim.only.as_ref()?)))
}

/// The headers that the traffic carries, so that faults may take its requests; each name once.
pub(super) fn headers(plan: &DrillPlan) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let marks = limited(plan).filter_map(|(_, only)| only.mark());
    marks.filter(|(name, _)| seen.insert(name.to_ascii_lowercase())).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The header in which the traffic names its sessions, where a fault takes a share of them.
pub(super) fn session(plan: &DrillPlan) -> Option<String> {
    limited(plan).find_map(|(_, only)| if let Only::Sessions(sessions) = only { sessions.header() } else { None }).map(str::to_owned)
}

/// Limited faults that stand at their proxies and touch nothing.
#[derive(Default)]
pub(super) struct Rehearsal {
    standing: Vec<(String, String)>,
    renewal: Option<JoinHandle<()>>,
}

impl Rehearsal {
    /// Puts them there. Nothing of it is in the history: nothing comes of it.
    ///
    /// # Errors
    /// Where a proxy knows of no such limits, or refuses.
    pub(super) async fn begin(&mut self, control: &Arc<Control>, plan: &DrillPlan) -> Result<(), DrillStop> {
        for (planned, only) in limited(plan) {
            let aim = Aim { probability: Ratio::new(0.0), only: Some(only.clone().whole()), ..Aim::default() };
            let injected = control.inject(&planned.on, &planned.fault, &aim, LEASE).await.map_err(|error| {
                let detail = format!("the proxy of {} cannot limit a fault to some requests: {error}", planned.on);
                let older = "let a `lifeboat proxy` of this version stand there: an older one would touch every request";
                DrillStop::environment(detail).with_hint(error.hint().map_or_else(|| older.to_owned(), Into::into))
            })?;
            self.standing.push((planned.on.clone(), injected.toxic));
        }
        if !self.standing.is_empty() {
            let (control, standing) = (control.clone(), self.standing.clone());
            self.renewal = Some(tokio::spawn(async move {
                loop {
                    tokio::time::sleep(LEASE.std() / 4).await;
                    for (on, toxic) in &standing {
                        // Where it has gone nothing is lost but the knowledge.
                        let _ = control.renew(on, toxic, LEASE).await;
                    }
                }
            }));
        }
        Ok(())
    }

    /// Takes them away again. One that cannot be ends with its lease.
    pub(super) async fn end(&mut self, control: &Control) {
        if let Some(renewal) = self.renewal.take() {
            renewal.abort();
        }
        for (on, toxic) in std::mem::take(&mut self.standing) {
            let _ = tokio::time::timeout(std::time::Duration::from_secs(3), control.heal(&on, &toxic)).await;
        }
    }
}

/// Whether a request that a limited fault is to take came to its provider as one that it may not.
pub(super) fn lost(service: &str, plan: &DrillPlan, seen: &[Sighted]) -> Option<Trouble> {
    limited(plan).find_map(|(planned, only)| {
        let at = seen.iter().filter(|one| one.by == planned.on);
        let reaches = |one: &Sighted| one.in_reach != Some(false);
        (at.clone().count() > 0 && !at.clone().any(reaches)).then(|| trouble(&format!("{service}: "), &planned.on, only))
    })
}

/// Whether none of the requests that came to a provider so far could be taken by the fault that is limited to them.
///
/// # Errors
/// Which provider, and what to do.
pub(super) fn reached(plan: &DrillPlan, sight: &SightSummary) -> Result<(), DrillStop> {
    for (planned, only) in limited(plan) {
        let [without, with] = sight.in_reach_at(&planned.on);
        if with == 0 && without >= ENOUGH {
            let Trouble { problem, hint } = trouble("", &planned.on, only);
            let problem = format!("{problem} ({without} of {without} requests)");
            return Err(DrillStop::new(StopReason::BaselineUnsteady, problem).with_hint(format!("no fault was injected; {hint}")));
        }
    }
    Ok(())
}

fn trouble(whose: &str, on: &str, only: &Only) -> Trouble {
    let what = only.header().map_or_else(|| "an address that is known".to_owned(), |name| format!("the header `{name}`"));
    Trouble::new(
        format!("{whose}{on} is asked without {what}, so the fault would touch nothing"),
        "let the gateway pass that header on to its providers; LiteLLM does so with `forward_client_headers_to_llm_api: true` under \
         `general_settings:`",
    )
}
