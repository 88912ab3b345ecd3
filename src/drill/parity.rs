//! Requests of which primary and standby must decide alike, sent through the service: in the baseline, while the primary serves, and while the
//! standby does. Each bears a mark, so that the proxies tell who decided.
//!
//! What this file does not do: judge what came (`verdict`). Nothing of what is asked or answered is recorded: a status and a decision are.

use super::DrillStop;
use super::rig::Rig;
use super::site::RigSite;
use crate::dialect::{MARK_HEADER, Mark, is_declined, plain_request, with_parameters};
use crate::drill::manner;
use crate::history::{Event, ParityProbed, ProbeRound, request_id};
use crate::journal::Recorder;
use crate::model::{Dialect, ParityProbe, ProbeDecision, ProbeText};
use crate::traffic::{Budget, ClientSettings, Spent, WARMING};
use crate::units::{self, Secret};
use crate::web::{Purpose, client};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long an answer may take at the least; a client's deadline is for short chats.
const WITHIN: Duration = Duration::from_secs(5);
/// The longest answer that is read. In bytes.
const LONGEST: usize = 1 << 20;
/// The numbers under which probes are charged are far from those of rehearsals.
const CHARGED: u64 = 1 << 36;
/// As many tokens as one of the traffic's own requests has, about: a longer probe is charged as several of them.
const SHARE: u64 = 64;

/// The probes of a drill, ready to be asked.
pub(super) struct ParityProber {
    each: Vec<ReadyProbe>,
    http: reqwest::Client,
    base_url: String,
    dialect: Dialect,
    model: String,
    within: Duration,
    recorder: Recorder,
    tag: u32,
    budget: Arc<Budget>,
    lead: usize,
    next: AtomicU64,
    /// By when the standby should serve.
    rto: units::Duration,
}

/// A probe with what it is sent with.
struct ReadyProbe {
    text: String,
    key: Secret,
    headers: Vec<(String, String)>,
    parameters: BTreeMap<String, Value>,
    /// As how many requests of the traffic it is charged.
    charged: u64,
}

impl ParityProber {
    /// Of the leading workload's service; `None` where nothing is probed.
    pub(super) fn of(rig: &Rig, site: &RigSite<'_>) -> Result<Option<Arc<Self>>, DrillStop> {
        let (plan, lead) = (site.plan, site.plan.workloads.lead());
        let (Some(target), Some(settings)) = (rig.targets.get(lead), rig.manners.get(lead)) else { return Ok(None) };
        let named = plan.workloads.leading();
        if plan.parity.is_empty() || named.workload.errand.is_some() {
            return Ok(None);
        }
        let ready = |probe: &ParityProbe| {
            let key = match &probe.key_from {
                Some(variable) => manner::key(variable, &named.service_name)?,
                None => settings.keys.first().unwrap_or(&target.key).clone(),
            };
            rig.redactor.learn(&format!("the probe {}", probe.name), &key);
            let written = probe.headers.iter().map(|(name, value)| {
                let value = rig.variables.expand(value);
                let value = value.map_err(|unknown| DrillStop::environment(format!("`${{{}}}` has no value here", unknown.name)))?;
                Ok((name.clone(), value))
            });
            let own: Vec<(String, String)> = written.collect::<Result<_, DrillStop>>()?;
            let is_own = |name: &str| own.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
            let headers = settings.headers.iter().filter(|(name, _)| !is_own(name)).cloned().collect::<Vec<_>>();
            let user = probe.user.iter().map(|user| ("user".to_owned(), Value::String(user.clone())));
            let text = match &probe.asks {
                ProbeText::Prompt(prompt) => prompt.clone(),
                ProbeText::Tokens(count) => "word".repeat(usize::try_from(*count).unwrap_or(usize::MAX).min(LONGEST * 8)),
            };
            Ok(ReadyProbe {
                charged: (text.len() as u64 / 4).div_ceil(SHARE).max(1),
                text,
                key,
                headers: headers.into_iter().chain(own).collect(),
                parameters: settings.body.clone().into_iter().chain(user).chain(probe.body.clone()).collect(),
            })
        };
        let each = plan.parity.iter().map(ready).collect::<Result<Vec<_>, DrillStop>>()?;
        Ok(Some(Arc::new(Self {
            each,
            http: http_of(settings)?,
            base_url: target.base_url.trim_end_matches('/').to_owned(),
            dialect: target.dialect,
            model: target.model.clone(),
            within: named.objectives.deadline.std().max(WITHIN),
            recorder: site.recorder.clone(),
            tag: site.tag,
            budget: site.budget.clone(),
            lead,
            next: AtomicU64::new(0),
            rto: named.objectives.rto,
        })))
    }

    /// Asks each probe once, all at the same time.
    async fn round(self: &Arc<Self>, round: ProbeRound) {
        let mut asking = JoinSet::new();
        for place in 0..self.each.len() {
            let prober = self.clone();
            asking.spawn(async move { prober.ask(place, round).await });
        }
        while asking.join_next().await.is_some() {}
    }

    async fn ask(&self, place: usize, round: ProbeRound) {
        let (probe, number) = (&self.each[place], self.next.fetch_add(1, Ordering::Relaxed));
        let id = ParityProbed::id(number);
        if !self.may_cost(probe, number) {
            return;
        }
        let mark = Mark { drill: self.tag, id };
        let prompt = format!("{} {}", mark.in_body(), probe.text);
        let wire = plain_request(self.dialect, &self.model, &prompt, false, probe.key.expose());
        let body = with_parameters(wire.body, &probe.parameters);
        let mut request = self.http.post(format!("{}{}", self.base_url, wire.path)).header(MARK_HEADER, mark.to_string()).body(body);
        let own = |name: &str| probe.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        for (name, value) in wire.headers.iter().filter(|(name, _)| !own(name)) {
            request = request.header(*name, value);
        }
        for (name, value) in &probe.headers {
            request = request.header(name, value);
        }
        let clock = self.recorder.clock();
        let at = clock.now();
        let (status, decision) = tokio::time::timeout(self.within, decided(request)).await.unwrap_or((0, None));
        let probed = ParityProbed {
            probe: u32::try_from(place).unwrap_or(u32::MAX),
            id,
            round,
            at,
            took: clock.now().saturating_sub(at),
            status,
            decision,
        };
        self.recorder.record(Event::ParityProbed(probed)).await;
    }

    /// Charges it, where it can be paid for.
    fn may_cost(&self, probe: &ReadyProbe, number: u64) -> bool {
        (0..probe.charged).all(|part| {
            let id = request_id(self.lead, CHARGED + (number << 20) + part) | WARMING;
            let begun = self.budget.begin_beside(id);
            if begun {
                self.budget.end(id, Spent::Something(None));
            }
            begun
        })
    }
}

/// A client as those of the service are: whom it trusts, and by whom it goes out.
fn http_of(settings: &ClientSettings) -> Result<reqwest::Client, DrillStop> {
    let failed = |error: reqwest::Error| DrillStop::environment(format!("the parity probes cannot be sent: {}", error.without_url()));
    let mut builder = client(Purpose::Steps);
    if let Some(path) = &settings.authority {
        let pem = std::fs::read(path).map_err(|error| DrillStop::environment(format!("{} cannot be read: {error}", path.display())))?;
        for certificate in reqwest::Certificate::from_pem_bundle(&pem).map_err(failed)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    if let Some(proxy) = &settings.proxy {
        builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(failed)?);
    }
    builder.build().map_err(failed)
}

/// The status that came, and what it decides.
async fn decided(request: reqwest::RequestBuilder) -> (u16, Option<ProbeDecision>) {
    let Ok(mut answer) = request.send().await else { return (0, None) };
    let (status, mut body) = (answer.status().as_u16(), Vec::new());
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() <= LONGEST => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(_) => return (status, None),
        }
    }
    let decision = match ProbeDecision::of_status(status) {
        Some(ProbeDecision::Answered) if is_declined(&body) => Some(ProbeDecision::Refused),
        decision => decision,
    };
    (status, decision)
}

/// While the primary serves.
pub(super) async fn at_first(prober: Option<&Arc<ParityProber>>) {
    let Some(prober) = prober else { return };
    for _ in 0..ParityProbe::TIMES {
        prober.round(ProbeRound::Baseline).await;
    }
}

/// Once the standby should serve: after the RTO, or what of the disruption leaves time for all.
pub(super) async fn at_standby(prober: Arc<ParityProber>, disruption: units::Duration) {
    let (whole, rto) = (disruption.std(), prober.rto.std());
    let after = rto.min(whole.mul_f64(0.6));
    let pause = whole.saturating_sub(after) / (ParityProbe::TIMES + 2);
    tokio::time::sleep(after).await;
    for _ in 0..ParityProbe::TIMES {
        prober.round(ProbeRound::Fault).await;
        tokio::time::sleep(pause).await;
    }
}
