//! The faults in force: injected, kept alive by renewing their leases, healed, each step confirmed by reading back.

use super::Stop;
use crate::control::Control;
use crate::history::{Event, FaultConfirmed, FaultHealed, FaultRequested, Remark, RemarkAbout, StopReason};
use crate::journal::Recorder;
use crate::model::{PlannedFault, Timeline};
use crate::step::Keyring;
use crate::units::Duration;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How long a fault outlives a drill that has gone away.
const LEASE: Duration = Duration::from_secs(10);
/// A lease is renewed this many times before it would end: two failures in a row are survived.
const RENEWALS: u32 = 3;

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
    active: Vec<Active>,
    broken: mpsc::Sender<Stop>,
}

struct Active {
    place: usize,
    on: String,
    toxic: String,
    keeper: JoinHandle<()>,
}

impl Faults {
    /// No fault yet. What breaks a lease is told on the receiver.
    pub(super) fn new(control: Arc<Control>, recorder: Recorder, keyring: Keyring) -> (Self, mpsc::Receiver<Stop>) {
        let (broken, told) = mpsc::channel(16);
        (Self { control, recorder, keyring, turned: Vec::new(), active: Vec::new(), broken }, told)
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
    pub(super) async fn inject(&mut self, place: usize, planned: &PlannedFault, credential: &str) -> Result<u64, Stop> {
        let number = u32::try_from(place).unwrap_or(u32::MAX);
        let requested = FaultRequested { fault: number, on: planned.on.clone(), what: planned.fault.clone(), aim: planned.aim.clone() };
        self.recorder.record(Event::FaultRequested(requested)).await;
        if planned.fault.of_credential().is_some() {
            return self.turn(place, planned, credential).await;
        }
        let injected =
            self.control.inject(&planned.on, &planned.fault, &planned.aim, LEASE).await.map_err(|error| {
                Stop::new(StopReason::Fault, format!("{} on {} could not be injected: {error}", planned.fault, planned.on))
            })?;
        let clock = self.recorder.clock();
        let (lo, hi) = (clock.at(injected.lo), clock.at(injected.hi));
        self.recorder.record(Event::FaultConfirmed(FaultConfirmed { fault: number, on: planned.on.clone(), lo, hi })).await;
        let keeper = tokio::spawn(keep(self.control.clone(), planned.on.clone(), injected.toxic.clone(), self.broken.clone()));
        self.active.push(Active { place, on: planned.on.clone(), toxic: injected.toxic, keeper });
        Ok(hi)
    }

    /// Takes a fault away. One that is not in force is no error.
    pub(super) async fn heal(&mut self, place: usize) -> Result<(), Stop> {
        if let Some(found) = self.turned.iter().position(|(turned, ..)| *turned == place) {
            self.leave(found).await;
            return Ok(());
        }
        let Some(found) = self.active.iter().position(|active| active.place == place) else { return Ok(()) };
        let Active { on, toxic, keeper, .. } = &self.active[found];
        keeper.abort();
        let healed = match self.control.heal(on, toxic).await {
            Ok(healed) => healed,
            // Once more: a call that was lost is no reason to leave a fault behind.
            Err(_) => self.control.heal(on, toxic).await.map_err(|error| {
                let left = match self.control.plain() {
                    None => format!("it ends by itself within {LEASE}, when its lease runs out"),
                    Some(_) => "the server has no leases; a watchdog keeps trying until it is healed".to_owned(),
                };
                Stop::new(StopReason::Fault, format!("the fault on {on} could not be healed ({left}): {error}"))
            })?,
        };
        // Only now: what is not known to be healed is tried again on the way out.
        let Active { on, .. } = self.active.swap_remove(found);
        if let Some(why) = &healed.unmeasured {
            let why = why.split("\n\n").next().unwrap_or_default();
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
        self.recorder.record(Event::FaultHealed(event)).await;
        Ok(())
    }

    /// The issuer revokes the provider's key, or a planned rotation of it begins. No proxy has a part in it.
    async fn turn(&mut self, place: usize, planned: &PlannedFault, credential: &str) -> Result<u64, Stop> {
        let (lo, hi) =
            match planned.fault.is_revocation() {
                true => self.keyring.revoke_now(credential).await.map_err(|problem| {
                    Stop::new(StopReason::Fault, format!("the key of {} could not be revoked: {problem}", planned.on))
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

    /// Takes every fault away; goes on after a failure and returns the first.
    pub(super) async fn heal_all(&mut self) -> Result<(), Stop> {
        while let Some(found) = self.turned.len().checked_sub(1) {
            self.leave(found).await;
        }
        let mut first = Ok(());
        let places: Vec<usize> = self.active.iter().rev().map(|active| active.place).collect();
        for place in places {
            let healed = self.heal(place).await;
            first = first.and(healed);
        }
        // Whether these were ever in force is not known. Where that cannot be found out now, the watchdog finds it out.
        let is_active = |on: &str, toxic: &str| self.active.iter().any(|active| active.on == on && active.toxic == toxic);
        for (on, toxic) in self.control.unhealed() {
            if !is_active(&on, &toxic) {
                let _ = self.control.heal(&on, &toxic).await;
            }
        }
        first
    }
}

/// Renews a lease until it is aborted or the renewals fail.
async fn keep(control: Arc<Control>, on: String, toxic: String, broken: mpsc::Sender<Stop>) {
    let mut failures = 0;
    loop {
        tokio::time::sleep(if failures == 0 { LEASE.std() / (RENEWALS + 1) } else { AGAIN }).await;
        match control.renew(&on, &toxic, LEASE).await {
            Ok(()) => failures = 0,
            Err(_) if failures + 1 < RENEWALS => failures += 1,
            Err(error) => {
                let _ = broken
                    .send(Stop::new(StopReason::Fault, format!("the lease of the fault on {on} could not be renewed: {error}")))
                    .await;
                return;
            }
        }
    }
}
