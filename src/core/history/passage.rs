//! What of a workload's requests went to which provider, over the whole drill: how often, with which credential, for which tenant.
//!
//! It counts what reached a provider, whatever came of it: data that was sent to a place is there, though that place answered with an error.
//! What a fault answered in the provider's place never reached it.
//!
//! What this file does not do: say what may go where (`verdict`).

use super::broken::is_health_check;
use super::carried::Carried;
use super::edge::signed;
use super::event::{Served, Started};
use super::parity::{ParityProbed, ProbeRound};
use crate::model::{Dialect, ProbeDecision};
use crate::units::Fingerprint;

/// Different credentials, and different tenants, that are told apart at one provider.
const APART: usize = 64;

/// What of one workload went where.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Passage {
    /// The legal areas that were promised; empty where nothing was.
    pub permitted: Vec<String>,
    /// Each provider of the plan, in the order of [`Evidence::providers`](super::Evidence::providers).
    pub providers: Vec<ProviderPassage>,
    /// True where a provider of its service is seen as bytes only, of which nobody tells whose they are.
    pub bytes_only: bool,
    /// True where some of the proxies' sight was lost, or there was none.
    pub is_blind: bool,
    /// The requests of which primary and standby must decide alike, with the decision that is expected.
    pub probes: Vec<(String, Option<ProbeDecision>)>,
    /// How they were decided.
    pub probed: Vec<SeenProbe>,
}

/// What went to one provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderPassage {
    /// The legal area that it stands in; `None` where nobody said.
    pub residency: Option<String>,
    /// The credential that it takes, by name.
    pub credential: String,
    /// True where the workload's service names it.
    pub is_own: bool,
    /// Requests of the workload that reached it.
    pub requests: SeenCount,
    /// Requests to a model that reached it without a mark, so that nobody tells whose they are.
    pub nameless: SeenCount,
    /// Connections over which bytes reached it.
    pub connections: SeenCount,
    /// The credentials that those requests carried.
    pub keys: Vec<(Fingerprint, SeenCount)>,
    /// The tenants that they named.
    pub tenants: Vec<(Fingerprint, SeenCount)>,
}

/// How often something was seen, and when first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeenCount {
    /// How often.
    pub count: u64,
    /// How often the provider took it: with a status below 400.
    pub taken: u64,
    /// The number of the first request, where it had one, and when that was.
    pub first: Option<(Option<u64>, i64)>,
}

impl SeenCount {
    fn note(&mut self, id: Option<u64>, at: i64, taken: bool) {
        self.count += 1;
        self.taken += u64::from(taken);
        if self.first.is_none_or(|(_, first)| at < first) {
            self.first = Some((id, at));
        }
    }
}

/// A probe that was asked once, with who decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenProbe {
    /// Its place in [`Passage::probes`].
    pub probe: usize,
    /// When it was asked.
    pub round: ProbeRound,
    /// The status that its client got.
    pub status: u16,
    /// What that was; `None` where nothing was decided.
    pub decision: Option<ProbeDecision>,
    /// Who was asked, in order: the provider's place and the status that it answered with.
    pub asked: Vec<(u16, u16)>,
}

/// The passage in the making.
#[derive(Debug, Default)]
pub(super) struct PassageFold {
    passage: Passage,
    /// Whether nobody else's workload is in the drill.
    is_alone: bool,
    /// Whether the probes are about this workload.
    leads: bool,
    /// Of probes' requests: the number, when, the provider's place, and the status.
    sight: Vec<(u64, i64, u16, u16)>,
    /// Numbers of the requests of what is probed.
    ids: Vec<u64>,
}

impl PassageFold {
    /// Of the workload at this place; `providers` in the order of the evidence.
    pub(super) fn of(started: &Started, workload: usize, providers: &[String]) -> Self {
        let plan = &started.plan;
        let named = &plan.workloads[workload];
        let each = |name: &String| {
            let provider = plan.providers.get(name);
            ProviderPassage {
                residency: provider.and_then(|provider| provider.residency.clone()),
                credential: plan.credential_of(name).to_owned(),
                is_own: named.service.providers.contains(name),
                ..ProviderPassage::default()
            }
        };
        let is_tcp = |name: &String| plan.providers.get(name).is_some_and(|provider| provider.dialect == Dialect::Tcp);
        let leads = workload == plan.workloads.lead();
        Self {
            passage: Passage {
                permitted: named.residency.clone(),
                providers: providers.iter().map(each).collect(),
                bytes_only: named.service.providers.iter().any(is_tcp),
                is_blind: false,
                probes: plan.parity.iter().filter(|_| leads).map(|probe| (probe.name.clone(), probe.expect)).collect(),
                probed: Vec::new(),
            },
            is_alone: !plan.workloads.are_several(),
            leads,
            sight: Vec::new(),
            ids: Vec::new(),
        }
    }

    /// Some of the sight is lost.
    pub(super) const fn blinded(&mut self) {
        self.passage.is_blind = true;
    }

    /// An exchange at the provider of this place; `own` where it is a request of the workload.
    pub(super) fn served(&mut self, place: u16, served: &Served, own: bool, reached: bool) {
        if let Some(id) = served.id.filter(|id| self.leads && super::workload_of(*id) == ParityProbed::PLACE)
            && reached
            && !served.touched
        {
            self.sight.push((id, signed(served.at), place, served.status));
        }
        let at = usize::from(place);
        if !reached {
            return;
        }
        if self.passage.providers.len() <= at {
            self.passage.providers.resize_with(at + 1, ProviderPassage::default);
        }
        let provider = &mut self.passage.providers[at];
        let (id, moment, taken) = (served.id, signed(served.at), served.status != 0 && served.status < 400);
        let asks_a_model = served.request.as_deref().is_some_and(|request| !is_health_check(request));
        let concerns = self.is_alone || provider.is_own;
        match id {
            Some(_) if own => provider.requests.note(id, moment, taken),
            None if asks_a_model && concerns => provider.nameless.note(None, moment, taken),
            _ => return,
        }
        for (seen, name) in [(&mut provider.keys, served.key), (&mut provider.tenants, served.tenant)] {
            let Some(name) = name else { continue };
            let room = seen.len() < APART;
            match seen.iter_mut().find(|(other, _)| *other == name) {
                Some((_, count)) => count.note(id, moment, taken),
                None if room => {
                    let mut count = SeenCount::default();
                    count.note(id, moment, taken);
                    seen.push((name, count));
                }
                None => {}
            }
        }
    }

    /// A connection to the provider of this place.
    pub(super) fn carried(&mut self, place: u16, carried: &Carried) {
        if let Some(provider) = self.passage.providers.get_mut(usize::from(place))
            && carried.up > 0
            && (self.is_alone || provider.is_own)
        {
            provider.connections.note(None, signed(carried.at), true);
        }
    }

    /// A probe was decided.
    pub(super) fn probed(&mut self, probed: &ParityProbed) {
        if self.leads && (probed.probe as usize) < self.passage.probes.len() {
            let ParityProbed { probe, id, round, at: _, took: _, status, decision } = *probed;
            self.ids.push(id);
            self.passage.probed.push(SeenProbe { probe: probe as usize, round, status, decision, asked: Vec::new() });
        }
    }

    /// What was gathered.
    pub(super) fn finish(mut self) -> Passage {
        self.sight.sort_unstable();
        for (seen, id) in self.passage.probed.iter_mut().zip(&self.ids) {
            seen.asked = self.sight.iter().filter(|(of, ..)| of == id).map(|(_, _, place, status)| (*place, *status)).collect();
        }
        self.passage
    }
}
