//! The closed set of facts that a drill can record. No display choices here: what to show is the reader's business.

use super::alert::{AlertReceived, AlertsAwaited, AlertsLeftOut};
use super::approval::Approved;
use super::cancelled::Cancelled;
use super::carried::Carried;
use super::credential::{KeyHeld, KeyMinted, KeyProbed, KeyRevoked, KeyStored, TokenMinted};
use super::drilled::RunbookDrilled;
use super::execution::{
    Acknowledged, Contacted, ExecutionFinished, ExecutionStarted, Note, PageIncidentOpened, Resumed, StepOverran, UndoStarted, UpdateBegun,
};
use super::format::FormatVersion;
use super::guarded::{GuardSeen, Guarded};
use super::health::HealthSeen;
use super::overlay::OverlayRead;
use super::parity::ParityProbed;
use super::people::{Answered, RoleTaken, StepExplained, Ticked};
use super::remark::Remark;
use super::resumption::{HandedOver, Mended, StepSettled, TakenOver};
use super::run_origin::RunOrigin;
use super::spared::Spared;
use super::turns::Turns;
use crate::model::{Aim, DrillPlan, Fault, Objectives, SloOn, StepEnd, Tokens, words};
use crate::units::{Fingerprint, Rate, Seed};
use std::borrow::Cow;

/// One fact. See each struct for its meaning; the names of the kinds on disk are in [`super::Stamped`].
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The drill began. Always the first event.
    Started(Box<Started>),
    /// Somebody approved it, before it began.
    Approved(Approved),
    /// A phase began.
    Phase(PhaseEntered),
    /// A fault was asked for at the control API.
    FaultRequested(FaultRequested),
    /// The read-back showed the fault in force.
    FaultConfirmed(FaultConfirmed),
    /// The read-back showed the fault gone.
    FaultHealed(FaultHealed),
    /// What a fault left alone that was limited to some requests.
    Spared(Spared),
    /// A request of the traffic ended.
    Request(RequestDone),
    /// A request was due and could not be sent.
    Shed(Shed),
    /// A request of the traffic is still open, for longer than it should be.
    Overdue(Overdue),
    /// From here on requests of the leading workload are due at another rate.
    Paced(Paced),
    /// A fault proxy saw an exchange with a provider end.
    Served(Served),
    /// A fault proxy that sees only bytes saw a connection end.
    Carried(Carried),
    /// The fault proxy has a clock of its own.
    ProxyClock(ProxyClock),
    /// The fault proxies are those of a plain Toxiproxy.
    PlainToxiproxy(PlainToxiproxy),
    /// Some of the fault proxy's sight was lost.
    SightGap(SightGap),
    /// The reference gateway's own record of its breaker.
    Gateway(Gateway),
    /// An alert of the team's own arrived.
    AlertReceived(AlertReceived),
    /// From here on alerts are taken while a runbook is walked for real.
    AlertsAwaited(AlertsAwaited),
    /// Alerts arrived that were not recorded one by one.
    AlertsLeftOut(AlertsLeftOut),
    /// Which drill has walked the runbook before.
    RunbookDrilled(RunbookDrilled),
    /// The runbook began.
    RunbookStarted(RunbookStarted),
    /// Nobody is there, and as much time as people take goes by.
    ReactionModelled(ReactionModelled),
    /// A step began a try.
    StepStarted(StepStarted),
    /// A step ended, after its last try.
    StepFinished(StepFinished),
    /// A step took longer than was expected, and still runs.
    StepOverran(StepOverran),
    /// A step begins to be taken back.
    UndoStarted(UndoStarted),
    /// A step was taken back.
    StepUndone(StepUndone),
    /// The key that a credential had when the drill began.
    KeyHeld(KeyHeld),
    /// A new key was made.
    KeyMinted(KeyMinted),
    /// A key is the current one in its store.
    KeyStored(KeyStored),
    /// A key was taken back.
    KeyRevoked(KeyRevoked),
    /// A provider was asked whether it takes a key.
    KeyProbed(KeyProbed),
    /// A token was minted from a key.
    TokenMinted(TokenMinted),
    /// A request of which primary and standby must decide alike was decided.
    ParityProbed(ParityProbed),
    /// A runbook began to be walked for real. Always the first event of such a history.
    ExecutionStarted(Box<ExecutionStarted>),
    /// It goes on after it was interrupted.
    Resumed(Resumed),
    /// A mended runbook takes the place of the one that was walked until now.
    Mended(Box<Mended>),
    /// A person said what becomes of a step.
    StepSettled(StepSettled),
    /// Somebody else asked to go on with it.
    HandedOver(HandedOver),
    /// Somebody goes on with what another had begun.
    TakenOver(TakenOver),
    /// What a step that begins is for.
    StepExplained(StepExplained),
    /// Somebody answered a step's question.
    Answered(Answered),
    /// Somebody ticked off an item of a checklist.
    Ticked(Ticked),
    /// Somebody was named for a role.
    RoleTaken(RoleTaken),
    /// A person wrote something down.
    Note(Note),
    /// Somebody was told.
    Contacted(Contacted),
    /// An update is about to be sent.
    UpdateBegun(UpdateBegun),
    /// Somebody acknowledged.
    Acknowledged(Acknowledged),
    /// There is an incident on a status page.
    PageIncidentOpened(PageIncidentOpened),
    /// The walk ended. More events follow only where it is resumed.
    ExecutionFinished(ExecutionFinished),
    /// Something that whoever reads the history must know.
    Remark(Remark),
    /// A drill waits for something that is not its own, before its baseline.
    Awaited(Awaited),
    /// A series of the team's own was read, or could not be.
    Overlay(OverlayRead),
    /// A safety guard tripped.
    GuardTripped(Guarded),
    /// What a guard asks outside says something else than before.
    GuardSeen(GuardSeen),
    /// Whether everything was well again at the end.
    Health(HealthSeen),
    /// The drill was stopped before its end.
    Cancelled(Cancelled),
    /// The drill ended; always the last event.
    Finished(Finished),
}

impl Event {
    /// False for what happens with each request, of which there may be millions.
    pub const fn is_notable(&self) -> bool {
        !matches!(
            self,
            Self::Request(_)
                | Self::Shed(_)
                | Self::Overdue(_)
                | Self::Served(_)
                | Self::Carried(_)
                | Self::TokenMinted(_)
                | Self::ParityProbed(_)
        )
    }

    /// The place of the runbook's step that it is about, from 0.
    pub fn step_mut(&mut self) -> Option<&mut u32> {
        match self {
            Self::StepStarted(event) => Some(&mut event.step),
            Self::StepFinished(event) => Some(&mut event.step),
            Self::StepOverran(event) => Some(&mut event.step),
            Self::StepUndone(event) => Some(&mut event.step),
            Self::StepSettled(event) => Some(&mut event.step),
            Self::UndoStarted(event) => Some(&mut event.step),
            Self::StepExplained(event) => Some(&mut event.step),
            Self::Answered(event) => Some(&mut event.step),
            Self::Ticked(event) => Some(&mut event.step),
            Self::ReactionModelled(event) => event.step.as_mut(),
            _ => None,
        }
    }

    /// The fingerprints of keys in it that something else saw or said, to be named as this history names them. What a scenario or an
    /// inventory says of a key, in the plan, is not among them.
    pub fn keys_mut(&mut self) -> Vec<&mut Fingerprint> {
        match self {
            Self::Served(event) => event.key.iter_mut().chain(&mut event.tenant).collect(),
            Self::KeyHeld(KeyHeld { key, .. })
            | Self::KeyMinted(KeyMinted { key, .. })
            | Self::KeyStored(KeyStored { key, .. })
            | Self::KeyRevoked(KeyRevoked { key, .. })
            | Self::KeyProbed(KeyProbed { key, .. }) => vec![key],
            Self::TokenMinted(event) => vec![&mut event.token, &mut event.from],
            _ => Vec::new(),
        }
    }
}

/// An event with the journal's stamp: one line of a history.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// Nanoseconds since the drill's origin.
    pub t: u64,
    /// What happened.
    pub event: Event,
}

/// The drill began.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The format of the history that it was read from; what is written is always in the newest.
    pub format: FormatVersion,
    /// Version of Lifeboat.
    pub lifeboat: String,
    /// The drill's identifier. Its folder is called so, until somebody renames it.
    pub drill: String,
    /// The seed of all its randomness.
    pub seed: Seed,
    /// The wall-clock time of the origin, RFC 3339.
    pub wall_clock: String,
    /// The largest error of that, in nanoseconds; 0 where it was not recorded.
    pub wall_clock_error: u64,
    /// Who started it, where, why, and from which files.
    pub origin: RunOrigin,
    /// Nanoseconds: of each workload, the largest gap between two due times in the schedule that this seed gives.
    pub gaps: Vec<u64>,
    /// True where the turns of replicas and keys are drawn from the seed. Older builds took them in order.
    pub drawn: bool,
    /// Everything else that was decided beforehand.
    pub plan: DrillPlan,
}

impl Started {
    /// The turns of a service's replicas.
    pub fn replicas(&self, service: &str) -> Turns {
        let count = self.plan.replicas_of(service);
        if self.drawn { Turns::drawn(self.seed, Turns::REPLICAS, count) } else { Turns::in_order(count) }
    }
}

words! {
    /// A part of a drill.
    Phase {
        /// Lab, proxies and the system under test are started.
        Preparing = "preparing",
        /// Undisturbed traffic.
        Baseline = "baseline",
        /// From the first fault to the last heal.
        Fault = "fault",
        /// Traffic after the last heal.
        Watch = "watch",
        /// No new requests; those in flight end.
        Draining = "draining",
    }
}

/// A phase began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseEntered {
    /// Which.
    pub name: Phase,
}

/// A fault was asked for at the control API.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRequested {
    /// Its place on the timeline, from 0.
    pub fault: u32,
    /// The provider.
    pub on: String,
    /// What.
    pub what: Fault,
    /// Of which requests.
    pub aim: Aim,
}

/// The read-back showed the fault in force.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultConfirmed {
    /// Its place on the timeline, from 0.
    pub fault: u32,
    /// The provider.
    pub on: String,
    /// The proxy's stamp before it flipped the fault on.
    pub lo: u64,
    /// The proxy's stamp after the last open connection was in the fault's hold.
    pub hi: u64,
}

/// The read-back showed the fault gone.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultHealed {
    /// Its place on the timeline, from 0.
    pub fault: u32,
    /// The provider.
    pub on: String,
    /// The proxy's stamp before it flipped the fault off.
    pub lo: u64,
    /// The proxy's stamp after.
    pub hi: u64,
    /// How many requests (or, where only bytes are seen, connections in use) the fault touched; `None` where the server does not count.
    pub touched: Option<u64>,
    /// True where the fault ended by itself because nobody renewed its lease.
    pub expired: bool,
}

words! {
    /// How a request of the traffic ended. The record, the judgement and every import tell it by these words alone.
    Outcome {
        /// Answered, whole and as asked.
        Ok = "ok",
        /// Known not to have been served.
        Error = "error",
        /// No answer by the deadline.
        Timeout = "timeout",
        /// An answer began and ended without its terminal marker.
        Truncated = "truncated",
        /// Still in flight when the drill ended, so that it cannot be known.
        Unknown = "unknown",
        /// Due and never sent. In a history that is an event of its own, `shed`; a record that others made may say it here.
        Unsent = "unsent",
    }
}

impl Outcome {
    /// Each of them, in the order of their numbers.
    pub const ALL: [Self; 6] = [Self::Ok, Self::Error, Self::Timeout, Self::Truncated, Self::Unknown, Self::Unsent];
}

/// A request of the traffic ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestDone {
    /// Its place in the schedule, from 0; above the 40th bit the place of its workload.
    pub id: u64,
    /// When it was due.
    pub due: u64,
    /// The generator's lag: from `due` to when the request was sent.
    pub lag: u64,
    /// From `due` to the first byte of content that proves service.
    pub proof: Option<u64>,
    /// From `due` to its end.
    pub done: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// A word for what went wrong, for example `refused`, `status-503`, `silently-truncated`. Absent where all went well.
    pub why: Option<Cow<'static, str>>,
}

impl RequestDone {
    /// From `due` to the moment that the service level counts.
    pub fn moment(&self, objectives: &Objectives) -> u64 {
        match objectives.slo_on {
            SloOn::Proof => self.proof.unwrap_or(self.done),
            SloOn::Done => self.done,
        }
    }

    /// True where users were well served: answered, whole, within the service level and the deadline.
    pub fn is_good(&self, objectives: &Objectives) -> bool {
        self.outcome == Outcome::Ok && self.moment(objectives) <= objectives.slo.as_nanos() && self.done <= objectives.deadline.as_nanos()
    }
}

/// A request was due and could not be sent, because too many were in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shed {
    /// As in [`RequestDone`].
    pub id: u64,
    /// When it was due.
    pub due: u64,
}

/// A request is still open after so long. It may be recorded again for a longer time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// As in [`RequestDone`].
    pub id: u64,
    /// When it was due.
    pub due: u64,
    /// Nanoseconds from `due` that it has been open for without what the service level counts.
    pub after: u64,
}

/// From here on requests of the leading workload are due at another rate: its traffic climbs in steps, or the climb has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paced {
    /// From when on.
    pub at: u64,
    /// At which rate.
    pub rate: Rate,
    /// Which step it is, from 0; `None` where the climb is over.
    pub step: Option<u32>,
}

/// A fault proxy saw an exchange with a provider end. One attempt of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// The request's mark; absent where the proxy found none.
    pub id: Option<u64>,
    /// The provider.
    pub by: Cow<'static, str>,
    /// When the request reached the proxy.
    pub at: u64,
    /// From `at` to the end of the exchange.
    pub took: u64,
    /// HTTP status of the answer; 0 where none came. Left out on disk where it is 200.
    pub status: u16,
    /// The credential that the request carried.
    pub key: Option<Fingerprint>,
    /// True where the exchange ended before the answer was whole.
    pub cut: bool,
    /// True where a fault touched it.
    pub touched: bool,
    /// Method and path, as `GET /v1/models`, of a request without a mark: it is none of the drill's. Absent where nobody tells.
    pub request: Option<String>,
    /// The tenant that the request named in its headers: a fingerprint of those together. Absent where it named none.
    pub tenant: Option<Fingerprint>,
    /// The tokens that the answer reported, by which it is billed; absent where it reported none that the proxy could read.
    pub tokens: Option<Tokens>,
}

impl Served {
    /// True where the provider answered this attempt whole and well.
    pub fn completed(&self) -> bool {
        !self.cut && (200..300).contains(&self.status)
    }
}

/// The fault proxy runs on another host. Its moments were put on this drill's clock; those of faults are as much wider as they are unsure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyClock {
    /// Nanoseconds that its clock is ahead of this host's.
    pub ahead: i64,
    /// The largest error of that, in nanoseconds.
    pub error: u64,
}

/// The fault proxies see bytes only: nobody tells who served, nor what a fault touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainToxiproxy {
    /// What the server calls its version.
    pub version: String,
}

/// Some of the fault proxy's sight was lost, because it was not read fast enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SightGap {
    /// How many exchanges are missing.
    pub missed: u64,
}

words! {
    /// A circuit breaker's state.
    Breaker {
        /// Requests pass.
        Closed = "closed",
        /// Requests do not pass.
        Open = "open",
        /// One request passes, as a probe.
        HalfOpen = "half-open",
    }
}

/// The reference gateway's own record of its breaker. For checking the instrument, never for a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// When, by the gateway's stamp.
    pub at: u64,
    /// Whose breaker.
    pub provider: String,
    /// Its new state.
    pub breaker: Breaker,
}

/// The runbook began.
#[derive(Debug, Clone, PartialEq)]
pub struct RunbookStarted {
    /// Its name.
    pub runbook: String,
    /// What started it, in words: the condition that was seen, `the fault`, or who.
    pub because: String,
}

/// Nobody is there, and as much time as people take goes by. It was drawn, and measures nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReactionModelled {
    /// The question that is answered after it, by its step's place from 0; absent where it is the reaction to the outage itself.
    pub step: Option<u32>,
    /// How long, in nanoseconds.
    pub length: u64,
}

/// A step began a try.
#[derive(Debug, Clone, PartialEq)]
pub struct StepStarted {
    /// Its place in the runbook, from 0.
    pub step: u32,
    /// Its name.
    pub name: String,
    /// Which try, from 1.
    pub attempt: u32,
}

/// A step ended, after its last try.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFinished {
    /// Its place in the runbook, from 0.
    pub step: u32,
    /// How.
    pub end: StepEnd,
    /// What it saw or printed, cut to 2,000 characters, secrets removed.
    pub output: String,
    /// True where an earlier try may have worked although the last is known to have failed.
    pub unsure: bool,
    /// What later steps know as `${steps.NAME}`; absent where it holds a secret.
    pub value: Option<String>,
}

impl StepFinished {
    /// What the last line of an output begins with that says something to whoever watches, though the step be done.
    pub const NOTE: &'static str = "note: ";

    /// That line, where there is one.
    pub fn note(&self) -> Option<&str> {
        let last = self.output.trim_end().lines().next_back()?;
        last.starts_with(Self::NOTE).then_some(last)
    }
}

/// A step was taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct StepUndone {
    /// Its place in the runbook, from 0.
    pub step: u32,
    /// How the undo ended.
    pub end: StepEnd,
    /// What it printed, cut and redacted.
    pub output: String,
}

/// Something is waited for, until the next event of this kind or the next phase. It is told so that whoever watches knows why nothing happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// In words.
    pub what: String,
    /// Nanoseconds: how long at most.
    pub most: u64,
}

/// The drill ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Until when requests were due: no request that was due before this is missing.
    pub observed_until: u64,
    /// How many requests were due, of all workloads.
    pub requests: u64,
    /// How many of each workload, where there are several.
    pub by_workload: Vec<u64>,
}
