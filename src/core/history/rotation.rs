//! What a history shows of the rotation of one provider's key, folded one event at a time in constant memory.
//!
//! Which key a request carried is the proxies' sight; who asks through which replica is told by the request's number. Exchanges are recorded
//! when they end, so their order is not the order in which they began: everything here is a smallest or a largest moment, or a count,
//! which no order changes. A token counts as the key that it was minted from; whose it was may be told after it was used.
//!
//! What is not done here: hold anything against an objective (`verdict::rotation`), or believe what a step of the runbook says of itself.

use super::edge::{Edge, signed};
use super::event::Stamped;
use super::event::{Event, FaultConfirmed, Served};
use super::number::workload_of;
use super::replacement::KeyReplacement;
use super::{Started, Turns};
use crate::units::Fingerprint;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Exchanges with the new key, and none with the old, after which a replica counts as settled. If one request in seven still bore the old
/// key, twenty in a row would all bear the new one in fewer than one case of twenty (0.86²⁰ = 4.9 %).
pub const SETTLED: usize = 20;
/// The earliest moments that are kept of each key and replica. Only where a replica goes back to the old key, and that exchange outlasts
/// this many with the new one, is [`ReplicaKeys::moved`] a later moment than the first; never an earlier one.
const EARLY: usize = 1024;
/// Keys and tokens that are told apart; what comes beyond is counted as one.
const KEYS: usize = 4096;

/// The rotation of one provider's key, as far as the history shows it. Moments are nanoseconds on the drill's clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rotation {
    /// The provider's place in [`super::Evidence::providers`].
    pub provider: u16,
    /// The credential's name.
    pub credential: String,
    /// True where nothing was broken: the old key was revoked by whoever rotated it, and not by the timeline.
    pub planned: bool,
    /// How long the issuer may take from a revocation until it refuses the key everywhere.
    pub propagation: i64,
    /// When the timeline revoked the key, or the planned rotation began.
    pub begun: Option<Edge>,
    /// Which key was old and which is new, and what of that is proven.
    pub keys: KeyReplacement,
    /// Of each replica of the service that is judged.
    pub replicas: Vec<ReplicaKeys>,
    /// Of exchanges that are of none of them: without a number, or of another service.
    pub elsewhere: ReplicaKeys,
    /// True where tokens were minted from the old key or the new one.
    pub tokens: bool,
    /// When the issuer last minted a token from the old key.
    pub old_token_minted: Option<i64>,
    /// When the last fault of another kind on this provider was healed.
    pub cleared: Option<Edge>,
    /// Largest error of the proxies' clock.
    pub clock_error: i64,
    /// Exchanges that are missing from the proxies' sight.
    pub missed: u64,
}

/// Which keys a replica used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplicaKeys {
    /// The old key.
    pub old: KeyUse,
    /// The new one.
    pub new: KeyUse,
    /// Any other.
    pub other: KeyUse,
    /// Its first request with the new key after its last one with the old.
    pub moved: Option<i64>,
    /// How many requests with the new key came after its last one with the old; [`SETTLED`] stands for that many or more.
    pub since: usize,
}

/// Exchanges with one key, or a token that was minted from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyUse {
    /// How many.
    pub exchanges: u64,
    /// When the first of them began.
    pub first: Option<i64>,
    /// When the last of them began.
    pub last: Option<i64>,
    /// How many were refused with 401 or 403, from when the rotation was asked for.
    pub refused: u64,
    /// When the first refusal came: not before the first refused exchange began, and at the latest when the first of them ended.
    pub first_refused: Option<Edge>,
    /// When the last refused exchange began, and when the last of them ended.
    pub last_refused: Option<Edge>,
    /// How many were answered whole and well.
    pub answered: u64,
    /// When the first answered one began, and when the first of them ended.
    pub first_answered: Option<Edge>,
    /// When the last answered one began.
    pub last_answered: Option<i64>,
    /// How many were answered although they began after the old key's revocation and propagation, with the key itself.
    pub late: u64,
    /// The same with a token.
    pub late_tokens: u64,
    /// When the last one with a token began.
    pub last_token: Option<i64>,
}

impl KeyUse {
    fn take(&mut self, other: &Self, token: bool) {
        let first = |one: Option<i64>, two: Option<i64>| one.into_iter().chain(two).min();
        let edges = |one: Option<Edge>, two: Option<Edge>, pick: fn(i64, i64) -> i64| {
            one.into_iter().chain(two).reduce(|one, two| Edge { lo: pick(one.lo, two.lo), hi: pick(one.hi, two.hi) })
        };
        *self = Self {
            exchanges: self.exchanges + other.exchanges,
            first: first(self.first, other.first),
            last: self.last.max(other.last),
            refused: self.refused + other.refused,
            first_refused: edges(self.first_refused, other.first_refused, i64::min),
            last_refused: edges(self.last_refused, other.last_refused, i64::max),
            answered: self.answered + other.answered,
            first_answered: edges(self.first_answered, other.first_answered, i64::min),
            last_answered: self.last_answered.max(other.last_answered),
            late: self.late + if token { 0 } else { other.late },
            late_tokens: self.late_tokens + if token { other.late } else { other.late_tokens },
            last_token: self.last_token.max(if token { other.last } else { other.last_token }),
        };
    }

    /// One exchange.
    fn of(at: i64, ended: i64, how: How, late: bool) -> Self {
        let edge = |is: bool| is.then_some(Edge { lo: at, hi: ended });
        Self {
            exchanges: 1,
            first: Some(at),
            last: Some(at),
            refused: u64::from(how == How::Refused),
            first_refused: edge(how == How::Refused),
            last_refused: edge(how == How::Refused),
            answered: u64::from(how == How::Answered),
            first_answered: edge(how == How::Answered),
            last_answered: (how == How::Answered).then_some(at),
            late: u64::from(late && how == How::Answered),
            late_tokens: 0,
            last_token: None,
        }
    }
}

/// What became of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Answered,
    Refused,
    Neither,
}

/// What one replica did with one key or token.
#[derive(Debug, Clone, Default)]
struct Track {
    borne: KeyUse,
    /// The smallest moments, as far as they may still matter.
    early: BinaryHeap<i64>,
    /// The largest moments.
    latest: BinaryHeap<Reverse<i64>>,
}

impl Track {
    /// Takes an exchange in. What began before `old`, the last request with the old key so far, matters to nobody any more.
    fn take(&mut self, at: i64, one: &KeyUse, old: Option<i64>, room: usize) {
        self.borne.take(one, false);
        self.latest.push(Reverse(at));
        if self.latest.len() > SETTLED {
            self.latest.pop();
        }
        self.early.push(at);
        if self.early.len() > room {
            self.early.retain(|at| Some(*at) > old);
            if self.early.len() > room {
                self.early.pop();
            }
        }
    }
}

/// The fold of one rotation in the making.
#[derive(Debug)]
pub(super) struct RotationFold {
    rotation: Rotation,
    /// The provider's name.
    name: String,
    /// Its place on the timeline.
    fault: u32,
    /// True once it was asked for.
    asked: bool,
    /// Which workloads, by their places, ask the service that is judged.
    own: Vec<bool>,
    replicas: Turns,
    /// What is known of each key and token, for each replica and, at the end, for what is of none.
    keys: BTreeMap<Fingerprint, Vec<Track>>,
    /// From which key a token was minted, and when.
    tokens: BTreeMap<Fingerprint, (Fingerprint, i64)>,
    room: usize,
}

impl RotationFold {
    /// One for each provider whose key the timeline revokes or rotates. `service` is that of the workload that is judged, `place`
    /// tells a provider's place in the evidence.
    pub(super) fn all(started: &Started, service: &str, place: impl Fn(&str) -> Option<u16>) -> Vec<Self> {
        let plan = &started.plan;
        let own: Vec<bool> = plan.workloads.iter().map(|named| named.service_name == service).collect();
        let mut watches: Vec<Self> = Vec::new();
        for (number, planned) in plan.scenario.timeline.faults.iter().enumerate() {
            let Some((propagation, provider)) = planned.fault.of_credential().zip(place(&planned.on)) else { continue };
            if watches.iter().any(|watch| watch.name == planned.on) {
                continue;
            }
            watches.push(Self {
                rotation: Rotation {
                    provider,
                    credential: plan.credential_of(&planned.on).to_owned(),
                    planned: planned.fault.is_rotation(),
                    propagation: signed(propagation.as_nanos()),
                    ..Rotation::default()
                },
                name: planned.on.clone(),
                fault: u32::try_from(number).unwrap_or(u32::MAX),
                asked: false,
                own: own.clone(),
                replicas: started.replicas(service),
                keys: BTreeMap::new(),
                tokens: BTreeMap::new(),
                room: EARLY,
            });
        }
        watches
    }

    /// Takes one more event in.
    pub(super) fn apply(&mut self, stamped: &Stamped) {
        let rotation = &mut self.rotation;
        if KeyReplacement::credential(&stamped.event) == Some(rotation.credential.as_str()) {
            rotation.keys.apply(&stamped.event);
        }
        match &stamped.event {
            Event::Served(served) if served.by == self.name => self.served(served),
            Event::FaultRequested(fault) if fault.fault == self.fault => self.asked = true,
            Event::FaultConfirmed(FaultConfirmed { fault, lo, hi, .. }) if *fault == self.fault => {
                rotation.begun = Some(Edge { lo: signed(*lo), hi: signed(*hi) });
                rotation.keys.begin();
            }
            Event::TokenMinted(minted) if minted.credential == rotation.credential && self.tokens.len() < KEYS => {
                self.tokens.insert(minted.token, (minted.from, signed(minted.at)));
            }
            Event::ProxyClock(clock) => rotation.clock_error = rotation.clock_error.max(signed(clock.error)),
            Event::SightGap(gap) => rotation.missed += gap.missed,
            _ => {}
        }
    }

    fn served(&mut self, served: &Served) {
        let Some(key) = served.key else { return };
        let key = if self.keys.len() < KEYS || self.keys.contains_key(&key) { key } else { Fingerprint(0) };
        let (at, ended) = (signed(served.at), signed(served.at.saturating_add(served.took)));
        let how = match served.status {
            401 | 403 if self.asked => How::Refused,
            _ if served.completed() => How::Answered,
            _ => How::Neither,
        };
        let replica = served.id.filter(|id| self.own.get(workload_of(*id)).copied().unwrap_or(false));
        let replica = replica.map_or(self.replicas.count(), |id| self.replicas.of(id));
        let dead = self.rotation.dead_by();
        let one = KeyUse::of(at, ended, how, dead.is_some_and(|dead| at > dead));
        let old = self.rotation.keys.old.and_then(|old| self.keys.get(&old)?.get(replica)?.borne.last);
        let tracks = self.keys.entry(key).or_insert_with(|| vec![Track::default(); self.replicas.count() + 1]);
        tracks[replica].take(at, &one, old, self.room);
    }

    /// What was gathered.
    pub(super) fn finish(self) -> Rotation {
        let Self { mut rotation, keys, tokens, replicas, .. } = self;
        let replicas = replicas.count();
        let minted = |from: Option<Fingerprint>| tokens.values().filter(move |(key, _)| Some(*key) == from);
        rotation.old_token_minted = minted(rotation.keys.old).map(|(_, at)| *at).max();
        rotation.tokens = minted(rotation.keys.old).chain(minted(rotation.keys.new)).next().is_some();
        let mut each: Vec<ReplicaKeys> = (0..=replicas)
            .map(|replica| {
                let tracks = keys.iter().map(|(key, tracks)| {
                    let from = tokens.get(key).map(|(from, _)| *from);
                    (from.unwrap_or(*key), from.is_some(), &tracks[replica])
                });
                rotation.bearing(tracks)
            })
            .collect();
        rotation.elsewhere = each.pop().unwrap_or_default();
        rotation.replicas = each;
        rotation
    }
}

impl Rotation {
    /// From when on the old key must be refused everywhere; `None` where nobody revoked it.
    pub fn dead_by(&self) -> Option<i64> {
        let revoked = if self.planned { self.keys.revoked } else { self.begun };
        revoked.map(|edge| edge.hi + self.propagation + self.clock_error)
    }

    /// All replicas, and what is of none.
    pub fn everywhere(&self) -> impl Iterator<Item = &ReplicaKeys> {
        self.replicas.iter().chain([&self.elsewhere])
    }

    /// What one replica bore, from its tracks: of which key, whether by a token of it, and what is known.
    fn bearing<'t>(&self, tracks: impl Iterator<Item = (Fingerprint, bool, &'t Track)>) -> ReplicaKeys {
        let mut bearing = ReplicaKeys::default();
        let mut news: Vec<&Track> = Vec::new();
        for (key, token, track) in tracks {
            let borne = match key {
                key if Some(key) == self.keys.old => &mut bearing.old,
                key if Some(key) == self.keys.new => {
                    news.push(track);
                    &mut bearing.new
                }
                _ => &mut bearing.other,
            };
            borne.take(&track.borne, token);
        }
        let last = bearing.old.last;
        let later = |at: &i64| Some(*at) > last;
        let latest = || news.iter().flat_map(|track| track.latest.iter().map(|Reverse(at)| *at)).filter(later);
        bearing.since = latest().count().min(SETTLED);
        bearing.moved = news.iter().flat_map(|track| track.early.iter().copied()).filter(later).chain(latest()).min();
        bearing
    }
}
