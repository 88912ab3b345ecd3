//! After every drill that broke something it is shown by traffic that users are served well again: by the requests after the last heal
//! (`history::health`), and where those show nothing or something bad, by a few more that are sent for that alone.
//!
//! They are sent through the client and the way of the traffic, some at once, again and again for a few seconds, until all of one round are
//! answered well: three where the traffic shows nothing, ten where it shows that users are not served well, so that luck does not pass for health.
//! They bear the mark of no drill, so that the history holds none of them, and what they cost is counted.
//!
//! What this file does not do: heal. A fault whose end nobody confirmed makes the rest moot: it is told, and nobody is asked.

use super::DrillStop;
use super::rig::Rig;
use super::site::RigSite;
use crate::dialect::{ClientRequest, Mark};
use crate::history::{HealthSeen, HealthState, Live, TrafficHealth, request_id};
use crate::model::NamedWorkload;
use crate::traffic::{BadAnswer, Client, WARMING};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// So long a round may be begun again.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(300);
/// How long one answer may take at the longest.
const LONGEST: Duration = Duration::from_secs(10);
/// Their numbers are far from those of the preflight.
const FIRST: u64 = 1 << 33;
/// How many are sent at once: where the traffic shows nothing, and where it shows something bad.
const ROUNDS: (u64, u64) = (3, 10);

/// What is known of each judged workload once everything is healed and taken back; nothing where nothing was broken.
pub(super) async fn shown(rig: &Rig, site: &RigSite<'_>, live: &Live, healed: Result<(), DrillStop>) -> Vec<HealthSeen> {
    if live.faults.is_empty() {
        return Vec::new();
    }
    let unconfirmed = |detail: String| vec![HealthSeen { workload: None, state: HealthState::Unproven, detail }];
    if let Err(stop) = healed {
        return unconfirmed(stop.detail);
    }
    if let Some((on, _)) = rig.control.unhealed().first() {
        return unconfirmed(format!("it is not known whether the fault on {on} has ended: its proxy did not say so"));
    }
    let mut all = Vec::new();
    for (place, named) in site.plan.workloads.iter().enumerate().filter(|(_, named)| named.judged) {
        let shows = live.health.get(place).map_or(TrafficHealth::Unseen, crate::history::HealthTally::shows);
        let (state, detail) = of_workload((rig, site), (place, named), shows).await;
        let detail = rig.redactor.redact(&detail);
        all.push(HealthSeen { workload: Some(named.name.clone()), state, detail });
    }
    all
}

async fn of_workload(
    (rig, site): (&Rig, &RigSite<'_>),
    (place, named): (usize, &NamedWorkload),
    shows: TrafficHealth,
) -> (HealthState, String) {
    let name = &named.name;
    let (round, seen) = match shows {
        TrafficHealth::Well(good, all) => {
            return (HealthState::Proven, format!("{name} is served well: {good} of its last {all} requests after the heal were good"));
        }
        TrafficHealth::Ill(good, all) => (ROUNDS.1, Some(format!("{good} of the last {all} requests of {name} after the heal were good"))),
        TrafficHealth::Unseen => (ROUNDS.0, None),
    };
    match (asked(rig, site, (place, named), round).await, seen) {
        (HealthAnswer::Well, None) => {
            (HealthState::Proven, format!("{name} is served well: {round} of {round} requests that were sent after the heal were good"))
        }
        (HealthAnswer::Well, Some(seen)) => (HealthState::Proven, format!("{seen}; then {round} of {round} that were sent to see it were")),
        (HealthAnswer::Badly(last), seen) => {
            let last = last.map_or_else(String::new, |bad| format!(", the last with {}", bad.why));
            let asked = match seen {
                Some(seen) => format!("{seen}, and too many of those that were sent to see it again failed"),
                None => format!("too many of the requests that were sent to {name} after the heal failed"),
            };
            (HealthState::Unproven, asked + &last)
        }
        (HealthAnswer::Not(why), None) => (HealthState::Unasked, format!("no traffic shows whether {name} is served well again: {why}")),
        (HealthAnswer::Not(why), Some(seen)) => (HealthState::Unproven, format!("{seen}, and it could not be asked again: {why}")),
    }
}

/// What came of asking.
enum HealthAnswer {
    /// All of one round were answered well.
    Well,
    /// No round was; the last bad answer.
    Badly(Option<BadAnswer>),
    /// Nobody could be asked.
    Not(&'static str),
}

async fn asked(rig: &Rig, site: &RigSite<'_>, (place, named): (usize, &NamedWorkload), round: u64) -> HealthAnswer {
    if named.workload.script.is_some() {
        return HealthAnswer::Not("only its k6 can send its requests, and that has ended");
    }
    let ways = rig.targets.get(place).zip(rig.manners.get(place));
    let client = ways.and_then(|(target, manner)| Some((Client::with(target.clone(), manner.clone()).ok()?, target.model.clone())));
    let Some((client, model)) = client else { return HealthAnswer::Not("there is no way to it any more") };
    let (request, within) = (named.workload.request, named.objectives.deadline.std().min(LONGEST));
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut number = FIRST;
    loop {
        let (mut asking, mut last) = (JoinSet::new(), None);
        for id in number..number + round {
            let id = request_id(place, id);
            if !site.budget.begin_beside(id | WARMING) {
                return HealthAnswer::Not("nothing more may be spent");
            }
            let ask = ClientRequest {
                mark: Mark { drill: !site.tag, id },
                model: model.clone(),
                operation: request.operation(),
                streamed: request.is_streamed(),
                expect: Arc::new(named.workload.expect.clone()),
            };
            let (client, clock, budget) = (client.clone(), site.recorder.clock(), site.budget.clone());
            asking.spawn(async move {
                let (spent, answered) = client.rehearse(&ask, clock, within).await;
                budget.end(id | WARMING, spent);
                answered.err()
            });
        }
        number += round;
        let mut good = 0;
        while let Some(answered) = asking.join_next().await {
            match answered {
                Ok(None) => good += 1,
                Ok(bad) => last = bad,
                Err(_) => {}
            }
        }
        if good == round {
            return HealthAnswer::Well;
        }
        if tokio::time::Instant::now() >= until {
            return HealthAnswer::Badly(last);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
