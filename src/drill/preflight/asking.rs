//! One marked request through each way to each service: how it is answered, how the answer ends, and who of the providers took it.
//!
//! Some gateways end a stream with the reason for the end and send no terminal marker, or never tell how many tokens they used. Every answer of
//! theirs would count as bad. Whether that is meant, only people know: so the drill stops before anything is injected and says what to write.
//!
//! The requests bear the mark of no drill that is, so that nothing of them is in a history.

use super::answer::{Case, answered};
use super::reach::look;
use super::{Preflight, PreflightCheck, Trouble};
use crate::dialect::{ClientRequest, Flaw, Mark, Route};
use crate::drill::rig::Rig;
use crate::drill::sight::{SightSummary, Sighted};
use crate::drill::site::RigSite;
use crate::drill::{DrillStop, blast_radius};
use crate::history::{Awaited, Event, StopReason, number_of, request_id};
use crate::model::{Complete, Dialect, NamedWorkload, StreamEnd, UsageReport};
use crate::traffic::{BadAnswer, Client, ClientSettings, Target, WARMING};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long one answer may take at the longest: programs are still loading themselves.
const LONGEST: Duration = Duration::from_secs(30);
/// Their numbers are far from those of a warm-up.
const FIRST: u64 = 1 << 32;
/// How long it is until what may be better a moment later is asked again. Once: two failures open no breaker as a rule, and more might.
const PAUSE: Duration = Duration::from_millis(300);
/// How long a proxy may take to tell of an answer that was good, and of one that was not, of which no provider need know.
const SEEN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(1));
/// How long the rest of several attempts may take to be told of, where none of them need be good.
const SETTLED: Duration = Duration::from_millis(100);
/// How long a connection may take.
const REACHED: Duration = Duration::from_secs(2);

/// Asks every service that the environment names, in every way that the drill will ask it itself; of the others, whether they can be reached.
pub(in crate::drill) async fn services(rig: &Rig, site: &RigSite<'_>, preflight: &mut Preflight) -> Result<(), DrillStop> {
    let workloads = &site.plan.workloads;
    let rehearsed = site.plan.rehearsed();
    for place in rehearsed.iter().copied() {
        let probe = ServiceProbe { named: &workloads[place], rig, site };
        for (turn, (target, manner)) in turns(&rig.targets[place], &rig.manners[place]).into_iter().enumerate() {
            let first = request_id(place, FIRST + 64 * turn as u64);
            preflight.tried(probe.tried(&target, &manner, first).await?);
        }
    }
    let asked = |service: &String| rehearsed.iter().any(|place| workloads[*place].service_name == *service);
    for (place, named) in workloads.iter().enumerate().filter(|(_, named)| !asked(&named.service_name)) {
        if site.plan.environment.services.contains_key(&named.service_name) {
            let probe = ServiceProbe { named, rig, site };
            probe.reach(&rig.targets[place], &rig.manners[place], preflight).await;
        }
    }
    Ok(())
}

/// Whether services that are not asked for another reason can be reached: what is wrong with them has a reason of its own.
pub(in crate::drill) async fn unasked(rig: &Rig, site: &RigSite<'_>, preflight: &mut Preflight) {
    for (place, named) in site.plan.workloads.iter().enumerate() {
        if let (Some(target), Some(manner)) = (rig.targets.get(place), rig.manners.get(place))
            && site.plan.environment.services.contains_key(&named.service_name)
        {
            ServiceProbe { named, rig, site }.reach(target, manner, preflight).await;
        }
    }
}

/// Each replica with a key and each key with a replica.
fn turns(target: &Target, manner: &ClientSettings) -> Vec<(Target, ClientSettings)> {
    let count = target.replicas.len().max(manner.keys.len()).max(1);
    let turn = |place: usize| {
        let base_url = target.replicas.get(place % target.replicas.len().max(1)).unwrap_or(&target.base_url).clone();
        let key = manner.keys.get(place % manner.keys.len().max(1)).unwrap_or(&target.key).clone();
        let target = Target { base_url, key, replicas: Vec::new(), ..target.clone() };
        (target, ClientSettings { keys: Vec::new(), ..manner.clone() })
    };
    (0..count).map(turn).collect()
}

/// One way to a service, ready to be asked: a workload's requests, on this rig.
struct ServiceProbe<'a> {
    named: &'a NamedWorkload,
    rig: &'a Rig,
    site: &'a RigSite<'a>,
}

/// A preflight request's answer, with what it lacks and which providers took it: a verdict on it needs all three.
struct PreflightAnswer {
    /// The settings that the answer lacks, which is otherwise good.
    missing: Vec<&'static str>,
    bad: Option<BadAnswer>,
    seen: Vec<Sighted>,
}

impl ServiceProbe<'_> {
    async fn tried(&self, target: &Target, manner: &ClientSettings, first: u64) -> Result<PreflightCheck, DrillStop> {
        let service = &self.named.service_name;
        let answer = self.answer(target, manner, first).await?;
        let case = self.case(target);
        let keys = &self.rig.fingerprints;
        if let Some(trouble) = case.misled(&answer.seen, keys) {
            return Ok(Err(trouble));
        }
        if let Some(trouble) = blast_radius::lost(service, self.site.plan, &answer.seen) {
            return Ok(Err(trouble));
        }
        if !answer.missing.is_empty() {
            return Ok(Err(explained(&answer.missing, service, &self.site.plan.environment_name)));
        }
        if let Some(bad) = &answer.bad {
            let found = look(target, manner, &bad.why).await;
            // What answers pure load is nobody's affair, as long as somebody does.
            if self.named.judged || found.is_some() || case.unanswered(bad).is_some() {
                return Ok(Err(case.failed(bad, &answer.seen, found.as_ref())));
            }
        }
        if answer.seen.is_empty() && self.sight().is_some() && self.named.judged {
            return Ok(Err(case.bypasses()));
        }
        let who = if self.sight().is_some() { by(&answer.seen) } else { "; the proxies see only bytes, not who answered".to_owned() };
        Ok(Ok(format!("{service}: 1 of 1 answered{who}")))
    }

    /// Asks, until what comes is good or will not be.
    async fn answer(&self, target: &Target, manner: &ClientSettings, first: u64) -> Result<PreflightAnswer, DrillStop> {
        let request = self.named.workload.request;
        let (mut complete, mut missing, mut again) = (manner.complete, Vec::new(), false);
        for id in first.. {
            let client = Client::with(target.clone(), ClientSettings { complete, ..manner.clone() })
                .map_err(|error| DrillStop::of(StopReason::Environment, &error))?;
            let ask = ClientRequest {
                mark: Mark { drill: !self.site.tag, id },
                model: target.model.clone(),
                operation: request.operation(),
                streamed: request.is_streamed(),
                expect: Arc::new(self.named.workload.expect.clone()),
            };
            let before = self.sight().map_or(0, |sight| sight.borrow().unmarked());
            let answered = asked(&client, &ask, self.site, LONGEST).await?;
            let seen = self.seen(id, before, answered.as_ref().err()).await;
            let Err(bad) = answered else { return Ok(PreflightAnswer { missing, bad: None, seen }) };
            complete = match complete {
                Complete { stream_ends_with: StreamEnd::Marker, .. } if bad.why == Flaw::NoMarker.word() => {
                    missing.push("stream_ends_with: finish_reason");
                    Complete { stream_ends_with: StreamEnd::FinishReason, ..complete }
                }
                Complete { usage: UsageReport::Reported, .. } if bad.why == Flaw::NoUsage.word() => {
                    missing.push("usage: absent");
                    Complete { usage: UsageReport::Absent, ..complete }
                }
                _ if is_passing(&bad.why) && !again => {
                    again = true;
                    tokio::time::sleep(PAUSE).await;
                    complete
                }
                _ => return Ok(PreflightAnswer { missing, bad: Some(bad), seen }),
            };
        }
        unreachable!("the loop ends by returning")
    }

    async fn reach(&self, target: &Target, manner: &ClientSettings, preflight: &mut Preflight) {
        for (target, manner) in turns(target, manner) {
            let service = &self.named.service_name;
            let client = match Client::with(target.clone(), manner.clone()) {
                Ok(client) => client,
                // Of what it needs, a file or a header, the ground has told.
                Err(_) if !preflight.is_well() => continue,
                Err(error) => {
                    preflight.wrong(DrillStop::environment_error(error).into());
                    continue;
                }
            };
            preflight.tried(match client.reach(REACHED).await {
                Ok(()) => Ok(format!("{service}: {} takes connections", target.base_url)),
                Err(why) => {
                    let found = look(&target, &manner, why).await;
                    Err(self.case(&target).failed(&BadAnswer { why: why.into(), said: None }, &[], found.as_ref()))
                }
            });
        }
    }

    /// Where the proxies can tell who took a request.
    fn sight(&self) -> Option<watch::Receiver<SightSummary>> {
        let service = &self.named.service;
        let provider = |name: &String| self.site.plan.providers.get(name);
        let speaks = service.providers.iter().filter_map(provider).all(|provider| provider.dialect != Dialect::Tcp);
        (speaks && self.rig.control.is_lifeboat()).then(|| self.rig.seen.subscribe())
    }

    /// Which providers took a request: those that were asked with its mark; where none was, those that were asked for a model without one since.
    async fn seen(&self, id: u64, before: u64, bad: Option<&BadAnswer>) -> Vec<Sighted> {
        let Some(mut sight) = self.sight() else { return Vec::new() };
        if bad.is_some_and(|bad| is_unsent(&bad.why)) {
            return Vec::new();
        }
        // The last of several attempts is the one that was answered.
        let is_told = |sight: &SightSummary| {
            let seen = sight.of(id);
            seen.iter().any(Sighted::is_good) || bad.is_some() && !seen.is_empty()
        };
        let within = if bad.is_none() { SEEN.0 } else { SEEN.1 };
        let _ = tokio::time::timeout(within, sight.wait_for(|sight| is_told(sight))).await;
        if bad.is_some() {
            tokio::time::sleep(SETTLED).await;
        }
        let sight = sight.borrow();
        let marked = sight.of(id);
        if marked.is_empty() { sight.unmarked_after(before) } else { marked }
    }

    fn case<'c>(&'c self, target: &'c Target) -> Case<'c> {
        let plan = self.site.plan;
        let binding = plan.environment.services.get(&self.named.service_name);
        let is_fixed = |name: &str| {
            plan.environment.start.is_some()
                || plan.environment.control.is_some()
                || plan.environment.proxies.get(name).and_then(|place| place.listen.as_ref()).is_some_and(|listen| !listen.ends_with(":0"))
        };
        let way = |name: &'c String| {
            let url = self.rig.ways.get(name).map(String::as_str).filter(|_| is_fixed(name));
            (name.as_str(), url)
        };
        let (operation, streamed) = (self.named.workload.request.operation(), self.named.workload.request.is_streamed());
        Case {
            service: &self.named.service_name,
            environment: &plan.environment_name,
            url: &target.base_url,
            path: Route::path(target.dialect, operation, &target.model, streamed),
            key: binding.and_then(|binding| binding.key_from.as_deref().or(binding.keys_from.first().map(String::as_str))),
            ca: binding.and_then(|binding| binding.ca.as_deref()),
            model: &target.model,
            ways: self.named.service.providers.iter().map(way).collect(),
            started: plan.environment.start.as_ref().map(|_| self.site.stays.then(|| self.site.folder.join("system.log"))),
            within: LONGEST.into(),
            is_seen: self.sight().is_some(),
        }
    }
}

/// What may be better a moment later.
fn is_passing(why: &str) -> bool {
    ["status-429", "status-500", "status-502", "status-503", "status-504", "status-529", "cut"].iter().any(|word| why.starts_with(word))
}

/// Whether nothing can have come of a request, because there was no connection for it.
fn is_unsent(why: &str) -> bool {
    let words =
        ["refused", "not-resolved", "unreachable", "not-connected", "connect-timed-out", "proxy-refused", "not-http-2", "tls-refused"];
    words.contains(&why) || why.starts_with("certificate-")
}

/// Who answered, and who of those that were asked before did not.
fn by(seen: &[Sighted]) -> String {
    let Some((last, others)) = seen.split_last() else { return String::new() };
    if last.id.is_none() {
        return format!(", by {} as it seems: the request came there without its mark", last.by);
    }
    let before: Vec<String> = others.iter().map(|one| answered(&one.by, one.status)).collect();
    let after = if before.is_empty() { String::new() } else { format!(", after {}", before.join(" and ")) };
    format!(", by {}{after}", last.by)
}

/// What the screen says while a system that was just started is asked for the first time.
pub(in crate::drill) fn awaited(warm_up: u32) -> Event {
    let most = u64::try_from(LONGEST.as_nanos()).unwrap_or(u64::MAX).saturating_mul(1 + u64::from(warm_up));
    Event::Awaited(Awaited { what: "its first answers".into(), most })
}

/// Requests one after the other. They bear the mark of no drill that is, so that nothing of them is in the history.
pub(in crate::drill) async fn warm_up(rig: &Rig, site: &RigSite<'_>, count: u32) -> Result<(), DrillStop> {
    let lead = site.plan.workloads.lead();
    let (Some(target), Some(manner)) = (rig.targets.get(lead), rig.manners.get(lead)) else { return Ok(()) };
    let client = Client::with(target.clone(), manner.clone()).map_err(|error| DrillStop::of(StopReason::Environment, &error))?;
    let traffic = &site.plan.workloads.leading().workload;
    let (request, expect) = (traffic.request, Arc::new(traffic.expect.clone()));
    for id in 0..u64::from(count) {
        let mark = Mark { drill: !site.tag, id };
        let (operation, streamed) = (request.operation(), request.is_streamed());
        let ask = ClientRequest { mark, model: target.model.clone(), operation, streamed, expect: expect.clone() };
        if let Err(bad) = asked(&client, &ask, site, LONGEST).await? {
            let number = id + 1;
            let detail = format!(
                "the system under test is ready and does not serve: request {number} of {count} before the traffic ended with {bad}"
            );
            let hint = format!("its output is in {}", site.folder.join("system.log").display());
            return Err(DrillStop::environment(detail).with_hint(hint));
        }
    }
    Ok(())
}

/// Asks once, for what it may cost. What warms a system up is planned traffic, which `max_requests` counts; a rehearsal is not.
async fn asked(client: &Client, ask: &ClientRequest, site: &RigSite<'_>, within: Duration) -> Result<Result<(), BadAnswer>, DrillStop> {
    let id = ask.mark.id | WARMING;
    let begun = if number_of(ask.mark.id) < FIRST { site.budget.begin(id) } else { site.budget.begin_beside(id) };
    if !begun {
        return Err(DrillStop::of_text(StopReason::Guard, site.budget.emptied().borrow().as_deref().unwrap_or_default()));
    }
    let (spent, rehearsed) = client.rehearse(ask, site.recorder.clock(), within).await;
    site.budget.end(id, spent);
    Ok(rehearsed)
}

fn explained(missing: &[&str], service: &str, environment: &str) -> Trouble {
    let what = match missing {
        [_, _] => "its streams end with a finish reason and no terminal marker, and do not tell how many tokens they used",
        ["usage: absent"] => "its answers do not tell how many tokens they used",
        _ => "its streams end with a finish reason and no terminal marker",
    };
    let settings = missing.join("` and `");
    Trouble::new(
        format!("{service} would be called bad before anything is broken: {what}"),
        format!(
            "no fault was injected; if its clients take that for whole, write `{settings}` to `{service}` under `services:` of the environment \
             `{environment}`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_what_to_write() {
        let (ending, usage) = ("stream_ends_with: finish_reason", "usage: absent");
        for (missing, wanted) in
            [(&[ending][..], "no terminal marker"), (&[usage], "its answers do not tell"), (&[ending, usage], "and do not tell")]
        {
            let told = explained(missing, "chat", "staging");
            let is_so = told.problem.contains(wanted) && told.hint.contains(&format!("write `{}` to `chat`", missing.join("` and `")));
            assert!(is_so, "{told:?}");
        }
    }
}
