//! Requests of nobody before the baseline: how the answers of each service end, and what warms a system up.
//!
//! Some gateways end a stream with the reason for the end and send no terminal marker, or never tell how many tokens they used. Every answer of
//! theirs would count as bad, and the drill would find that out one baseline later. Whether that is meant, only people know: so the drill stops
//! before anything is injected and says what to write. Whatever else is wrong with an answer, the baseline tells.

use super::Stop;
use super::conductor::deadline;
use super::stage::{Site, Stage};
use crate::dialect::{Ask, Flaw, Mark};
use crate::history::{Awaited, Event, StopReason, number_of, request_id};
use crate::model::{Complete, NamedWorkload, StreamEnd, UsageReport};
use crate::traffic::{Bad, Client, Manner, Target, WARMING};
use std::sync::Arc;
use std::time::Duration;

/// How long one answer may take at the longest: programs are still loading themselves.
const LONGEST: Duration = Duration::from_secs(30);
/// Their numbers are far from those of a warm-up.
const FIRST: u64 = 1 << 32;

/// Asks every service that the environment names, in every way that the drill will ask it itself.
pub(super) async fn look(stage: &Stage, site: &Site<'_>) -> Result<(), Stop> {
    let workloads = site.plan.workloads();
    for place in site.plan.rehearsed() {
        let (each, name) = (&workloads[place], &workloads[place].service_name);
        let missing = missing(each, (&stage.targets[place], &stage.manners[place]), site, request_id(place, FIRST)).await?;
        if !missing.is_empty() {
            return Err(Stop::environment(explained(&missing, name, &site.plan.environment_name)));
        }
    }
    Ok(())
}

/// What whoever watches is told meanwhile.
pub(super) fn awaited(warm_up: u32) -> Event {
    let most = u64::try_from(LONGEST.as_nanos()).unwrap_or(u64::MAX).saturating_mul(1 + u64::from(warm_up));
    Event::Awaited(Awaited { what: "its first answers".into(), most })
}

/// Requests one after the other. They bear the mark of no drill that is, so that nothing of them is in the history.
pub(super) async fn warm_up(stage: &Stage, site: &Site<'_>, count: u32) -> Result<(), Stop> {
    let (Some(target), Some(manner)) = (stage.targets.first(), stage.manners.first()) else { return Ok(()) };
    let client = Client::with(target.clone(), manner.clone()).map_err(Stop::environment)?;
    let traffic = &site.plan.scenario.traffic;
    let (request, expect) = (traffic.request, Arc::new(traffic.expect.clone()));
    for id in 0..u64::from(count) {
        let mark = Mark { drill: !site.tag, id };
        let (operation, streamed) = (request.operation(), request.is_streamed());
        let ask = Ask { mark, model: target.model.clone(), operation, streamed, expect: expect.clone() };
        if let Err(bad) = asked(&client, &ask, site, LONGEST).await? {
            return Err(Stop::environment(format!(
                "the system under test is ready and does not serve: request {} of {count} before the traffic ended with {bad}\n\nhint: its output is in {}",
                id + 1,
                site.folder.join("system.log").display()
            )));
        }
    }
    Ok(())
}

/// Asks once, for what it may cost. What warms a system up is planned traffic, which `max_requests` counts; a rehearsal is not.
async fn asked(client: &Client, ask: &Ask, site: &Site<'_>, within: Duration) -> Result<Result<(), Bad>, Stop> {
    let id = ask.mark.id | WARMING;
    let begun = if number_of(ask.mark.id) < FIRST { site.budget.begin(id) } else { site.budget.begin_beside(id) };
    if !begun {
        return Err(Stop::new(StopReason::Guard, site.budget.emptied().borrow().clone().unwrap_or_default()));
    }
    let (spent, rehearsed) = client.rehearse(ask, site.recorder.clock(), within).await;
    site.budget.end(id, spent);
    Ok(rehearsed)
}

/// What an answer lacks that is otherwise good, as the settings that say so.
async fn missing(
    each: &NamedWorkload,
    (target, manner): (&Target, &Manner),
    site: &Site<'_>,
    first: u64,
) -> Result<Vec<&'static str>, Stop> {
    let request = each.workload.request;
    let (mut complete, mut missing) = (manner.complete, Vec::new());
    let within = if site.plan.environment.start.is_some() { LONGEST } else { deadline(each).std().min(LONGEST) };
    for id in first.. {
        let client = Client::with(target.clone(), Manner { complete, ..manner.clone() }).map_err(Stop::environment)?;
        let ask = Ask {
            mark: Mark { drill: !site.tag, id },
            model: target.model.clone(),
            operation: request.operation(),
            streamed: request.is_streamed(),
            expect: Arc::new(each.workload.expect.clone()),
        };
        let Err(bad) = asked(&client, &ask, site, within).await? else { break };
        complete = match complete {
            Complete { stream_ends_with: StreamEnd::Marker, .. } if bad.why == Flaw::NoMarker.word() => {
                missing.push("stream_ends_with: finish_reason");
                Complete { stream_ends_with: StreamEnd::FinishReason, ..complete }
            }
            Complete { usage: UsageReport::Reported, .. } if bad.why == Flaw::NoUsage.word() => {
                missing.push("usage: absent");
                Complete { usage: UsageReport::Absent, ..complete }
            }
            _ => break,
        };
    }
    Ok(missing)
}

fn explained(missing: &[&str], service: &str, environment: &str) -> String {
    let what = match missing {
        [_, _] => "its streams end with a finish reason and no terminal marker, and do not tell how many tokens they used",
        ["usage: absent"] => "its answers do not tell how many tokens they used",
        _ => "its streams end with a finish reason and no terminal marker",
    };
    let settings = missing.join("` and `");
    format!(
        "{service} would be called bad before anything is broken: {what}\n\nhint: no fault was injected; if its clients take that for whole, write \
         `{settings}` to `{service}` under `services:` of the environment `{environment}`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_what_to_write() {
        let (ending, usage) = ("stream_ends_with: finish_reason", "usage: absent");
        for (missing, wanted) in
            [(&[ending][..], "no terminal marker\n"), (&[usage], "its answers do not tell"), (&[ending, usage], "and do not tell")]
        {
            let told = explained(missing, "chat", "staging");
            assert!(told.contains(wanted) && told.contains(&format!("write `{}` to `chat`", missing.join("` and `"))), "{told}");
        }
    }
}
