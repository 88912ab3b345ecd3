//! The faults in force: injected, kept alive by renewing their leases, healed, each step confirmed by reading back.

use super::DrillStop;
use super::interrupts::Interrupt;
use crate::control::{Control, Healed};
use crate::fault::SpendCeiling;
use crate::history::{Event, FaultConfirmed, FaultHealed, FaultRequested, Remark, RemarkAbout, Spared, StopReason};
use crate::journal::{HostTime, Recorder};
use crate::model::{Aim, PlannedFault, Price, Timeline};
use crate::step::Keyring;
use crate::units::{Duration, Explained, Problem, Seed};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// A lease is renewed this many times before it would end: two failures in a row are survived.
const RENEWALS: u32 = 3;

/// How long the way out waits for a control API: a fault that it does not report healed by then ends with its lease, or by the watchdog.
pub(super) const LEAVING: std::time::Duration = std::time::Duration::from_secs(3);
/// After a renewal that failed the next comes this soon: a proxy that has gone away is known before much traffic went nowhere.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(500);

/// A change on the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Before injections at the same moment, so that a fault may follow another on one provider.
    Heal,
    Inject,
}

/// The faults of a drill.
pub(super) struct Faults {
    control: Arc<Control>,
    recorder: Recorder,
    keyring: Keyring,
    /// What was done to credentials: the place on the timeline, the provider, the credential.
    turned: Vec<(usize, String, String)>,
    active: Vec<ActiveFault>,
    interrupts: mpsc::Sender<Interrupt>,
    /// How long a fault outlives a drill that has gone away.
    lease: Duration,
    /// What draws the sessions of faults that take a share of them.
    seed: Seed,
    /// What providers cost, by name: ceilings on spending are counted by it.
    prices: BTreeMap<String, Price>,
}

/// An injected fault with the task that renews its lease.
struct ActiveFault {
    place: usize,
    on: String,
    toxic: String,
    /// Whether it may touch some requests only.
    is_limited: bool,
    renewal: JoinHandle<()>,
    /// When its end was first asked for.
    asked: Option<HostTime>,
}

impl Faults {
    /// No fault yet. What breaks a lease is reported.
    pub(super) fn new(
        control: Arc<Control>,
        recorder: Recorder,
        keyring: Keyring,
        interrupts: mpsc::Sender<Interrupt>,
        lease: Duration,
        seed: Seed,
    ) -> Self {
        Self { control, recorder, keyring, turned: Vec::new(), active: Vec::new(), interrupts, lease, seed, prices: BTreeMap::new() }
    }

    /// The same where providers cost that much.
    pub(super) fn priced(self, prices: BTreeMap<String, Price>) -> Self {
        Self { prices, ..self }
    }

    /// When what happens: moments from the first fault, with places in the timeline.
    pub(super) fn changes(timeline: &Timeline) -> Vec<(Duration, Change, usize)> {
        let both = |(place, fault): (usize, &PlannedFault)| {
            [(fault.at, Change::Inject, place), (fault.at.plus(fault.length), Change::Heal, place)]
        };
        let mut changes: Vec<_> = timeline.faults.iter().enumerate().flat_map(both).collect();
        changes.sort();
        changes
    }

    /// Puts a fault in force; returns when it wholly was, in nanoseconds since the drill's origin.
    pub(super) async fn inject(&mut self, place: usize, planned: &PlannedFault, credential: &str) -> Result<u64, DrillStop> {
        let number = u32::try_from(place).unwrap_or(u32::MAX);
        let requested = FaultRequested { fault: number, on: planned.on.clone(), what: planned.fault.clone(), aim: planned.aim.clone() };
        self.recorder.record(Event::FaultRequested(requested)).await;
        if planned.fault.of_credential().is_some() {
            return self.turn(place, planned, credential).await;
        }
        let aim = Aim { only: planned.aim.only.clone().map(|only| only.seeded(self.seed)), ..planned.aim.clone() };
        let priced = SpendCeiling::priced(&planned.fault, self.prices.get(&planned.on));
        let fault = priced.as_ref().unwrap_or(&planned.fault);
        let injected = self.control.inject(&planned.on, fault, &aim, self.lease).await.map_err(|error| {
            let detail = format!("{} on {} could not be injected: {error}", planned.fault, planned.on);
            let reason = if error.is_locked() { StopReason::Lever } else { StopReason::Fault };
            DrillStop { hint: error.hint().map(Into::into), ..DrillStop::new(reason, detail) }
        })?;
        let clock = self.recorder.clock();
        let (lo, hi) = (clock.at(injected.lo), clock.at(injected.hi));
        let (on, toxic) = (planned.on.clone(), injected.toxic);
        let renewal = tokio::spawn(renew(self.control.clone(), on.clone(), toxic.clone(), self.interrupts.clone(), self.lease));
        // Before anything is waited for: what is known to be in force is healed, whatever comes now.
        let is_limited = planned.aim.only.is_some();
        self.active.push(ActiveFault { place, on: on.clone(), toxic, is_limited, renewal, asked: None });
        self.recorder.record(Event::FaultConfirmed(FaultConfirmed { fault: number, on, lo, hi })).await;
        Ok(hi)
    }

    /// Takes a fault away. One that is not in force is no error.
    pub(super) async fn heal(&mut self, place: usize) -> Result<(), DrillStop> {
        if let Some(found) = self.turned.iter().position(|(turned, ..)| *turned == place) {
            self.leave(found).await;
            return Ok(());
        }
        let Some(heal) = self.healing(place) else { return Ok(()) };
        let healed = heal.await;
        self.settle(place, healed).await
    }

    /// Asks for the end of a fault, on its own. Its lease is renewed no more.
    fn healing(&mut self, place: usize) -> Option<impl Future<Output = Result<Healed, DrillStop>> + Send + 'static> {
        let active = self.active.iter_mut().find(|active| active.place == place)?;
        active.renewal.abort();
        let (earlier, now) = (active.asked, HostTime::now());
        active.asked = Some(earlier.unwrap_or(now));
        let (control, on, toxic, lease) = (self.control.clone(), active.on.clone(), active.toxic.clone(), self.lease);
        Some(async move {
            let (mut asked, mut healed) = (earlier, control.heal(&on, &toxic).await);
            if healed.is_err() {
                // Once more: a call that was lost is no reason to leave a fault behind.
                asked = asked.or(Some(now));
                healed = control.heal(&on, &toxic).await;
            }
            let healed = healed.map_err(|error| unhealed(&on, &control, lease, &error))?;
            Ok(after_an_earlier_call(healed, asked, &control))
        })
    }

    /// Records that a fault has ended.
    async fn settle(&mut self, place: usize, healed: Result<Healed, DrillStop>) -> Result<(), DrillStop> {
        let healed = healed?;
        let Some(found) = self.active.iter().position(|active| active.place == place) else { return Ok(()) };
        let (on, is_limited) = (self.active[found].on.clone(), self.active[found].is_limited);
        if let Some(why) = &healed.unmeasured {
            let text = format!(
                "the fault proxy's clock could not be measured when the fault on {on} was healed, so the measurement before that is used: {why}"
            );
            self.recorder.record(Event::Remark(Remark { about: RemarkAbout::Clock, text })).await;
        }
        let clock = self.recorder.clock();
        let event = FaultHealed {
            fault: u32::try_from(place).unwrap_or(u32::MAX),
            on,
            lo: clock.at(healed.lo),
            hi: clock.at(healed.hi),
            touched: healed.touched,
            expired: healed.expired,
        };
        let (fault, on) = (event.fault, event.on.clone());
        self.recorder.record(Event::FaultHealed(event)).await;
        if is_limited {
            let (unmarked_seen, unmarked_touched) = healed.spared.map(|spared| (spared.seen, spared.touched)).unzip();
            self.recorder.record(Event::Spared(Spared { fault, on, unmarked_seen, unmarked_touched })).await;
        }
        // Only now: what is not known to be healed, and recorded as that, is tried again on the way out.
        self.active.swap_remove(found);
        Ok(())
    }

    /// The issuer revokes the provider's key, or a planned rotation of it begins. No proxy has a part in it.
    async fn turn(&mut self, place: usize, planned: &PlannedFault, credential: &str) -> Result<u64, DrillStop> {
        let (lo, hi) = match planned.fault.is_revocation() {
            true => self.keyring.revoke_now(credential).await.map_err(|error| {
                let stop = DrillStop::of(StopReason::Fault, &error);
                DrillStop { detail: format!("the key of {} could not be revoked: {}", planned.on, stop.detail), ..stop }
            })?,
            false => (self.recorder.clock().now(), self.recorder.clock().now()),
        };
        let number = u32::try_from(place).unwrap_or(u32::MAX);
        self.recorder.record(Event::FaultConfirmed(FaultConfirmed { fault: number, on: planned.on.clone(), lo, hi })).await;
        self.turned.push((place, planned.on.clone(), credential.to_owned()));
        Ok(hi)
    }

    /// Its time on the timeline is over. A revoked key stays revoked: there is nothing to heal.
    async fn leave(&mut self, found: usize) {
        let (place, on, credential) = self.turned.swap_remove(found);
        let now = self.recorder.clock().now();
        let (fault, touched) = (u32::try_from(place).unwrap_or(u32::MAX), Some(self.keyring.touched(&credential)));
        self.recorder.record(Event::FaultHealed(FaultHealed { fault, on, lo: now, hi: now, touched, expired: false })).await;
    }

    /// Takes every fault away, all at once and for as long as [`LEAVING`] at the most: a control API that hangs is not waited for. Goes on after a
    /// failure and returns the first.
    pub(super) async fn heal_all(&mut self) -> Result<(), DrillStop> {
        while let Some(found) = self.turned.len().checked_sub(1) {
            self.leave(found).await;
        }
        let over = tokio::time::Instant::now() + LEAVING;
        let mut calls = JoinSet::new();
        // Whether these were ever in force is not known. Where that cannot be found out now, the watchdog finds it out.
        let is_active = |on: &str, toxic: &str| self.active.iter().any(|active| active.on == on && active.toxic == toxic);
        let unknown = self.control.unhealed().into_iter().filter(|(on, toxic)| !is_active(on, toxic)).collect::<Vec<_>>();
        for (on, toxic) in unknown {
            let control = self.control.clone();
            calls.spawn(async move {
                let _ = tokio::time::timeout_at(over, control.heal(&on, &toxic)).await;
                None
            });
        }
        let places: Vec<(usize, String)> = self.active.iter().rev().map(|active| (active.place, active.on.clone())).collect();
        for (place, on) in places {
            let Some(heal) = self.healing(place) else { continue };
            let (control, lease) = (self.control.clone(), self.lease);
            calls.spawn(async move {
                let healed = tokio::time::timeout_at(over, heal).await;
                let late = || Err(unhealed(&on, &control, lease, &Problem::new(format!("no answer within {}", Duration::from(LEAVING)))));
                Some((place, healed.unwrap_or_else(|_| late())))
            });
        }
        let mut healed: Vec<(usize, Result<Healed, DrillStop>)> = calls.join_all().await.into_iter().flatten().collect();
        healed.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
        let mut first = Ok(());
        for (place, healed) in healed {
            first = first.and(self.settle(place, healed).await);
        }
        first
    }
}

/// A fault that may still be in force, and what ends it.
fn unhealed(on: &str, control: &Control, lease: Duration, why: &impl Explained) -> DrillStop {
    let left = match control.plain() {
        None => format!("it ends by itself within {lease}, when its lease runs out"),
        Some(_) => "the server has no leases; a watchdog keeps trying until it is healed".to_owned(),
    };
    let detail = format!("the fault on {on} could not be healed ({left}): {why}");
    DrillStop { hint: why.hint().map(Into::into), ..DrillStop::new(StopReason::Fault, detail) }
}

/// What a second call found gone may have ended with the first, whose answer nobody has heard.
fn after_an_earlier_call(healed: Healed, earlier: Option<HostTime>, control: &Control) -> Healed {
    match earlier {
        None => healed,
        // Its clock tells nothing, so that the earliest moment is that of the first call.
        Some(asked) if control.plain().is_some() => Healed { lo: healed.lo.min(asked), ..healed },
        // The server has forgotten it: it ended with the first call, or after it.
        Some(asked) if healed.expired && healed.touched.is_none() => Healed { lo: healed.lo.min(asked), expired: false, ..healed },
        Some(_) => healed,
    }
}

/// Renews a lease until it is aborted or the renewals fail.
async fn renew(control: Arc<Control>, on: String, toxic: String, interrupts: mpsc::Sender<Interrupt>, lease: Duration) {
    let mut failures = 0;
    loop {
        tokio::time::sleep(if failures == 0 { lease.std() / (RENEWALS + 1) } else { AGAIN }).await;
        match control.renew(&on, &toxic, lease).await {
            Ok(()) => failures = 0,
            Err(_) if failures + 1 < RENEWALS => failures += 1,
            Err(error) => {
                let detail = format!("the lease of the fault on {on} could not be renewed: {error}");
                let stop = DrillStop { hint: error.hint().map(Into::into), ..DrillStop::new(StopReason::Fault, detail) };
                let _ = interrupts.send(Interrupt::Stop(stop)).await;
                return;
            }
        }
    }
}
