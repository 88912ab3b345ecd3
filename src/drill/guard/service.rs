//! A guard on another service: requests of its own, through the client that the traffic uses. They bear the mark of no drill that is, so that
//! none of them is in the history; what they cost is counted.

use crate::dialect::{ClientRequest, Mark};
use crate::drill::rig::Rig;
use crate::drill::site::RigSite;
use crate::history::{Event, GuardLevel, GuardSays, GuardSeen, Guarded, ShareFold, request_id};
use crate::journal::Recorder;
use crate::model::ServiceGuard;
use crate::traffic::{Budget, Client, WARMING};
use std::sync::Arc;
use tokio::time::{MissedTickBehavior, interval};

/// Asks one service.
pub(super) struct Prober {
    service: ServiceGuard,
    place: u32,
    client: Client,
    model: String,
    recorder: Recorder,
    budget: Arc<Budget>,
    /// The mark of no drill.
    tag: u32,
    /// The identifier of its first request.
    first: u64,
}

impl Prober {
    /// Of the guard at this place; `None` where the rig has no way to its service.
    pub(super) fn of(service: &ServiceGuard, place: u32, rig: &Rig, site: &RigSite<'_>) -> Option<Self> {
        let (target, manner) = rig.guarded.get(&place)?;
        Some(Self {
            service: service.clone(),
            place,
            client: Client::with(target.clone(), manner.clone()).ok()?,
            model: target.model.clone(),
            recorder: site.recorder.clone(),
            budget: site.budget.clone(),
            tag: !site.tag,
            first: request_id(site.plan.workloads.len() + place as usize, 0),
        })
    }

    /// Asks once; the word for what was wrong with the answer. `None` where it may not cost anything more.
    pub(super) async fn probe(&self, number: u64) -> Option<Result<(), String>> {
        let (request, id) = (self.service.probe.workload.request, self.first + number);
        if !self.budget.begin_beside(id | WARMING) {
            return None;
        }
        let ask = ClientRequest {
            mark: Mark { drill: self.tag, id },
            model: self.model.clone(),
            operation: request.operation(),
            streamed: request.is_streamed(),
            expect: Arc::new(self.service.probe.workload.expect.clone()),
        };
        let (spent, answered) = self.client.rehearse(&ask, self.recorder.clock(), self.service.timeout.std()).await;
        self.budget.end(id | WARMING, spent);
        Some(answered.map_err(|bad| bad.to_string()))
    }

    /// Asks again and again, and records when too few answers are good and when enough are again; ends once that was so for too long.
    pub(super) async fn watch(self, mut fold: ShareFold) -> Guarded {
        let mut every = interval(self.service.every.std());
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut is_low, mut last) = (false, String::new());
        for number in ServiceGuard::FIRST.. {
            every.tick().await;
            let Some(answered) = self.probe(number).await else { break };
            let (level, tripped) = fold.probed(&self.service, answered.is_ok(), self.recorder.clock().now());
            last = answered.err().unwrap_or(last);
            let name = &self.service.probe.service_name;
            let change = match level {
                Some(GuardLevel::Over) if !is_low => {
                    Some((GuardSays::Stop, format!("fewer than {} of the probes of {name} are good: {last}", self.service.limit.below)))
                }
                Some(GuardLevel::Clear) if is_low => Some((GuardSays::Go, format!("the probes of {name} are good again"))),
                _ => None,
            };
            if let Some((says, detail)) = change {
                is_low = says == GuardSays::Stop;
                self.recorder.record(Event::GuardSeen(GuardSeen { guard: self.place, says, detail })).await;
            }
            if let Some(tripped) = tripped {
                return tripped;
            }
        }
        // The budget says itself that it is empty.
        std::future::pending().await
    }
}
