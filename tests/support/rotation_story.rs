//! Histories of rotations, told by hand: what a provider, an issuer, a store and a gateway of some replicas do, written out as events.
//!
//! A request is due every 50 ms; the gateway asks the primary 1 ms later and, where that refuses the key, the standby. The key is revoked at
//! 10 s, the drill ends at 40 s. Times are milliseconds here and nanoseconds in the events.

use crate::fault::{Revoke, Rotate};
use crate::history::{
    Event, Fold, KeyHeld, KeyMinted, KeyProbed, KeyRevoked, KeyStanding, KeyStored, Outcome, Phase, PhaseEntered, RequestDone, Rotation,
    Served, Stamped, Started, TokenMinted,
};
use crate::history::{FaultConfirmed, FaultHealed, FaultRequested, Finished};
use crate::model::{
    Aim, Arrivals, Credential, Criticality, DeclaredObjectives, DrillPlan, Environment, Fault, Gate, NamedWorkload, PlannedFault,
    RequestKind, Scenario, Service, Timeline, Workload,
};
use crate::units::{Duration, Fingerprint, Rate, Ratio, Seed};
use crate::verdict::{Criterion, CriterionFinding, Decision, Rotated, Verdict, judge};
use std::collections::BTreeMap;

pub(crate) const MS: u64 = 1_000_000;
pub(crate) const OLD: Fingerprint = Fingerprint(0x01d);
pub(crate) const NEW: Fingerprint = Fingerprint(0x2e0);
pub(crate) const WRONG: Fingerprint = Fingerprint(0xbad);
const STANDBYS: Fingerprint = Fingerprint(0x57b);
/// When the key is revoked: before it was asked for, and after it was confirmed.
pub(crate) const ZERO: (u64, u64) = (10_000 * MS, 10_002 * MS);

/// What happens.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    /// What the timeline does, and to whom: `primary` or `standby`.
    pub(crate) faults: Vec<(&'static str, Fault)>,
    pub(crate) objectives: DeclaredObjectives,
    /// For each replica, from when on it bears which key of the primary; the old one before.
    pub(crate) replicas: Vec<Vec<(u64, Fingerprint)>>,
    /// From when on the primary refuses the old key.
    pub(crate) dead: u64,
    /// When a planned rotation revokes it.
    pub(crate) revoked: Option<u64>,
    pub(crate) minted: Option<u64>,
    pub(crate) stored: Option<(u64, Fingerprint)>,
    /// When the drill asks about the old key, and what it hears.
    pub(crate) old_probe: Option<(u64, KeyStanding)>,
    pub(crate) new_probe: Option<KeyStanding>,
    /// Whether the standby answers.
    pub(crate) standby: bool,
    /// How the clients see requests of these numbers end.
    pub(crate) ends: BTreeMap<u64, Outcome>,
    /// Whatever else is recorded, with its stamp.
    pub(crate) besides: Vec<(u64, Event)>,
    /// The end of the observation.
    pub(crate) until: u64,
}

/// A key is revoked, a new one is minted after 2 s and stored after 3, both replicas use it after 4.
pub(crate) fn emergency() -> Story {
    Story {
        faults: vec![("primary", Revoke { propagation: Duration::from_secs(2) }.into())],
        objectives: DeclaredObjectives {
            rto: Some(Duration::from_secs(8)),
            stable_for: Some(Duration::from_secs(2)),
            gate: Some(Gate::Restore),
            ..DeclaredObjectives::default()
        },
        replicas: vec![vec![(14_000, NEW)]; 2],
        dead: 10_100,
        revoked: None,
        minted: Some(12_000),
        stored: Some((13_000, NEW)),
        old_probe: Some((41_000, KeyStanding::Refused)),
        new_probe: Some(KeyStanding::Accepted),
        standby: true,
        ends: BTreeMap::new(),
        besides: Vec::new(),
        until: 40_000,
    }
}

/// The same keys, but nobody revokes the old one before both replicas use the new: then the runbook does, at 16 s.
pub(crate) fn planned() -> Story {
    Story {
        faults: vec![("primary", Rotate { propagation: Duration::from_secs(2) }.into())],
        dead: 16_100,
        revoked: Some(16_000),
        ..emergency()
    }
}

impl Story {
    pub(crate) fn started(&self) -> Started {
        let fault = |(on, fault): &(&str, Fault)| PlannedFault {
            at: Duration::ZERO,
            on: (*on).to_owned(),
            fault: fault.clone(),
            aim: Aim::default(),
            length: Duration::from_secs(20),
        };
        let mut environment = Environment { embedded: true, ..Environment::default() };
        environment.gateway.replicas = u32::try_from(self.replicas.len()).unwrap();
        let plan = DrillPlan {
            prediction: None,
            prices: BTreeMap::new(),
            parity: Vec::new(),
            keep: None,
            sabotage: None,
            most_tokens: BTreeMap::new(),
            mail: None,
            scenario: Scenario {
                name: "key-revoked".into(),
                title: "The key is revoked".into(),
                service: "chat".into(),
                runbook: None,
                timeline: Timeline {
                    baseline: Duration::from_secs(10),
                    faults: self.faults.iter().map(fault).collect(),
                    watch: Duration::from_secs(10),
                },
                objectives: DeclaredObjectives::default(),
                abort_when: Vec::new(),
                overlays: Vec::new(),
            },
            runbook: None,
            environment_name: "lab".into(),
            environment,
            workloads: NamedWorkload {
                name: "chat".into(),
                service_name: "chat".into(),
                service: Service {
                    owner: None,
                    criticality: Criticality::SinglePointOfFailure,
                    providers: vec!["primary".into(), "standby".into()],
                    sharing: 1,
                    objectives: DeclaredObjectives::default(),
                    runbook: None,
                    business: None,
                    parity: Vec::new(),
                },
                objectives: DeclaredObjectives { success: Ratio::new(0.99), ..self.objectives.clone() }.resolved(),
                residency: Vec::new(),
                judged: true,
                workload: Workload {
                    arrivals: Arrivals::Constant,
                    request: RequestKind::ChatStream,
                    ..Workload::steady(Rate::per_second(20.0).unwrap())
                },
            }
            .into(),
            // No inventory: the credential of a provider has its name.
            providers: BTreeMap::new(),
            stores: BTreeMap::new(),
            secrets: BTreeMap::new(),
            credentials: BTreeMap::<String, Credential>::new(),
            contacts: BTreeMap::new(),
        };
        Started {
            format: crate::history::FORMAT,
            origin: crate::history::RunOrigin::default(),
            lifeboat: "0".into(),
            drill: "drill".into(),
            seed: Seed(1),
            wall_clock: "2026-11-21T12:00:00Z".into(),
            wall_clock_error: 0,
            gaps: vec![50 * MS],
            drawn: false,
            plan,
        }
    }

    /// All events, each stamped when it was known.
    pub(crate) fn events(&self) -> Vec<Stamped> {
        let mut events: Vec<(u64, Event)> = vec![(0, Event::Phase(PhaseEntered { name: Phase::Baseline }))];
        let count = self.until / 50;
        let mut refused = [0_u64; 2];
        for id in 0..count {
            self.request(id, &mut events, &mut refused);
        }
        let key = "primary".to_owned();
        let credential = || key.clone();
        events.push((1, Event::KeyHeld(KeyHeld { credential: credential(), key: OLD, id: None })));
        for (number, (on, what)) in (0_u32..).zip(&self.faults) {
            let (on, place) = ((*on).to_owned(), usize::from(*on == "standby"));
            let requested = FaultRequested { fault: number, on: on.clone(), what: what.clone(), aim: Aim::default() };
            events.push((9_999 * MS, Event::FaultRequested(requested)));
            events.push((ZERO.1, Event::FaultConfirmed(FaultConfirmed { fault: number, on: on.clone(), lo: ZERO.0, hi: ZERO.1 })));
            let (lo, hi, touched) = (30_000 * MS, 30_001 * MS, refused[place]);
            events.push((hi, Event::FaultHealed(FaultHealed { fault: number, on, lo, hi, touched: Some(touched), expired: false })));
        }
        let bracket = |at: u64| (at * MS, (at + 10) * MS);
        if let Some((lo, hi)) = self.minted.map(bracket) {
            events.push((hi, Event::KeyMinted(KeyMinted { credential: credential(), key: NEW, id: String::new(), lo, hi })));
        }
        if let Some((at, key)) = self.stored {
            let (lo, hi) = bracket(at);
            let (place, version) = ("vault secret/gateway".into(), "2".into());
            events.push((hi, Event::KeyStored(KeyStored { credential: credential(), key, place, version, lo, hi })));
        }
        if let Some((lo, hi)) = self.revoked.map(bracket) {
            events.push((hi, Event::KeyRevoked(KeyRevoked { credential: credential(), key: OLD, lo, hi })));
        }
        let probe = |at: u64, key: Fingerprint, standing: KeyStanding| {
            let (lo, hi) = (at * MS, (at + 5) * MS);
            (hi, Event::KeyProbed(KeyProbed { credential: credential(), key, standing, status: 0, lo, hi, last: true, why: String::new() }))
        };
        events.extend(self.old_probe.map(|(at, standing)| probe(at, OLD, standing)));
        events.extend(self.new_probe.map(|standing| probe(41_000, NEW, standing)));
        events.extend(self.besides.iter().cloned());
        events.sort_by_key(|(t, _)| *t);
        let finished = Finished { observed_until: self.until * MS, requests: count, by_workload: Vec::new() };
        events.push((60_000 * MS, Event::Finished(finished)));
        events.into_iter().map(|(t, event)| Stamped { t, event }).collect()
    }

    fn request(&self, id: u64, events: &mut Vec<(u64, Event)>, refused: &mut [u64; 2]) {
        let due = id * 50;
        let moves = &self.replicas[(id % self.replicas.len() as u64) as usize];
        let key = moves.iter().rev().find(|(from, _)| due >= *from).map_or(OLD, |(_, key)| *key);
        let takes = key == NEW || (key == OLD && due < self.dead);
        let primary = served(Some(id), "primary", (due + 1) * MS, 10 * MS, if takes { 200 } else { 401 }, key);
        refused[0] += u64::from(!takes);
        events.push(primary);
        if !takes && self.standby {
            events.push(served(Some(id), "standby", (due + 12) * MS, 5 * MS, 200, STANDBYS));
        }
        let outcome = self.ends.get(&id).copied().unwrap_or(if takes || self.standby { Outcome::Ok } else { Outcome::Error });
        let done = RequestDone { id, due: due * MS, lag: 0, proof: None, done: 20 * MS, outcome, why: None };
        events.push(((due + 20) * MS, Event::Request(done)));
    }

    pub(crate) fn judged(&self) -> Verdict {
        let mut fold = Fold::new(&self.started());
        self.events().iter().for_each(|stamped| fold.apply(stamped));
        judge(&fold.finish())
    }

    /// How the only rotation was judged.
    pub(crate) fn rotated(&self) -> Rotated {
        let mut rotations = self.judged().rotations;
        assert_eq!(rotations.len(), 1);
        rotations.remove(0)
    }

    /// How one of its criteria was judged; `None` where it does not apply.
    pub(crate) fn on(&self, name: Criterion) -> Option<(Decision, CriterionFinding)> {
        self.rotated().of(name).map(|judgement| (judgement.verdict, judgement.finding))
    }

    #[must_use]
    pub(crate) fn but(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut story = self.clone();
        change(&mut story);
        story
    }
}

/// What a proxy saw, stamped when it ended.
pub(crate) fn served(id: Option<u64>, by: &'static str, at: u64, took: u64, status: u16, key: Fingerprint) -> (u64, Event) {
    (
        at + took,
        Event::Served(Served {
            id,
            by: by.into(),
            at,
            took,
            status,
            key: Some(key),
            cut: false,
            touched: status == 401,
            request: None,
            tenant: None,
            tokens: None,
        }),
    )
}

/// The issuer's record of a token.
pub(crate) fn token(token: Fingerprint, from: Fingerprint, at: u64) -> (u64, Event) {
    let life = 3_600_000 * MS;
    (at * MS, Event::TokenMinted(TokenMinted { credential: "primary".into(), token, from, at: at * MS, life }))
}

/// The rotation that a history shows.
pub(crate) fn rotation(started: &Started, events: &[Stamped]) -> Rotation {
    let mut fold = Fold::new(started);
    events.iter().for_each(|stamped| fold.apply(stamped));
    fold.finish().rotations.remove(0)
}
