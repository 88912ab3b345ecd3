//! The guards of a scenario (`abort_when:`) and of this machine, while a drill runs: each looks again and again, and the first that trips
//! ends the drill.
//!
//! ```text
//!  the drill's own traffic ─ its live view, four times a second ─┐
//!  another service ───────── probes of the guard's own ──────────┼─► a fold of `history` ─► the drill stops
//!  a URL, a Prometheus ───── asked as runbooks ask ──────────────┘
//! ```
//!
//! What this folder does not do: decide what is too much (`history::guard`), or count what was spent (`traffic::Budget`).

mod first_look;
mod outside;
mod service;

pub(super) use first_look::first_look;

use super::interrupts::Interrupt;
use super::rig::Rig;
use super::site::RigSite;
use super::{DrillStop, files};
use crate::history::{GuardEvidence, Guarded, Live, StopReason, TrafficFold};
use crate::journal::Clock;
use crate::model::{Guard, GuardWatch};
use crate::traffic::Budget;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often the live view is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_millis(250);

/// Every guard of the plan; ends with the stop, once the first of them trips. The one on what is spent is the budget's affair.
pub(super) fn tripped(rig: &Rig, site: &RigSite<'_>, live: watch::Receiver<Arc<Live>>) -> impl Future<Output = DrillStop> + use<> {
    let mut watchers: JoinSet<(Guard, Guarded)> = JoinSet::new();
    for (guard, place) in site.plan.scenario.abort_when.iter().cloned().zip(0_u32..) {
        match &guard.watches {
            GuardWatch::Success(_) | GuardWatch::Latency(_) => {
                let (live, clock, mut fold) = (live.clone(), site.recorder.clock(), TrafficFold::new(guard.clone(), place));
                watchers.spawn(async move { (guard, until(|| fold.look(&live.borrow(), clock.now())).await) });
            }
            GuardWatch::Service(service) => {
                let Some(prober) = service::Prober::of(service, place, rig, site) else { continue };
                let fold = crate::history::ShareFold::new(&guard, place);
                watchers.spawn(async move { (guard, prober.watch(fold).await) });
            }
            GuardWatch::Outside(outside) => {
                let (outside, recorder, context) = ((**outside).clone(), site.recorder.clone(), outside::context(rig, site));
                let fold = crate::history::HeardFold::new(&guard, &outside, place);
                watchers.spawn(async move { (guard, outside::watch(&outside, fold, &context, &recorder).await) });
            }
            GuardWatch::Spend(_) => {}
        }
    }
    async move {
        match watchers.join_next().await {
            Some(Ok((guard, tripped))) => stop_of(&guard, tripped),
            _ => std::future::pending().await,
        }
    }
}

/// The stop that a guard asks for.
fn stop_of(guard: &Guard, tripped: Guarded) -> DrillStop {
    let tight = "raise this limit only where it was too tight";
    let hint = match &guard.watches {
        GuardWatch::Success(_) => {
            format!("see why it went so badly; {tight}: a lower `success_below:` or a longer `for:` of `abort_when:`")
        }
        GuardWatch::Latency(_) => format!("see why it took so long; {tight}: more time, or a longer `for:` of `abort_when:`"),
        GuardWatch::Service(service) => {
            format!(
                "see whether the drill did that to {}; {tight}: a lower `success_below:` or a longer `for:`",
                service.probe.service_name
            )
        }
        GuardWatch::Outside(_) => "find out who says stop and why; run it again once nobody does".to_owned(),
        GuardWatch::Spend(_) => "write a higher `spend_above:`, or send less".to_owned(),
    };
    DrillStop::guarded(tripped).with_hint(hint)
}

/// The stop of a drill that has nothing more to spend, with what showed it where a guard of the scenario says so.
pub(super) fn spent(why: &str, budget: &Budget, guards: &[Guard], clock: Clock) -> DrillStop {
    let stop = DrillStop::of_text(StopReason::Guard, why);
    let most = |guard: &Guard| if let GuardWatch::Spend(most) = guard.watches { Some(most) } else { None };
    let own = guards.iter().zip(0_u32..).filter_map(|(guard, place)| Some((most(guard)?, place, guard))).min_by_key(|(most, ..)| *most);
    let Some((most, place, guard)) = own.filter(|_| budget.is_guarded_out()) else { return stop };
    let now = clock.now();
    let (value, threshold, from) = (budget.charged().to_string(), most.to_string(), guard.source());
    let evidence = GuardEvidence { place: Some(place), value, threshold, since: now, at: now, from };
    let told = Guarded { guard: stop.detail.clone(), evidence: Some(evidence) };
    DrillStop { guarded: Some(Box::new(told)), ..stop }
}

/// Ends with the interrupt, once requests found no file.
pub(super) async fn out_of_files(live: watch::Receiver<Arc<Live>>) -> Interrupt {
    Interrupt::Stop(until(|| files::found(&live.borrow()).err()).await)
}

async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        if let Some(seen) = look() {
            return seen;
        }
    }
}
