//! The order of a drill: what happens when, and the one way out.

use super::DrillStop;
use super::answer::RunbookTask;
use super::baseline::BaselinePolicy;
use super::climb::climb;
use super::faults::{Change, Faults};
use super::guard;
use super::interrupts::{Interrupt, Interrupts};
use super::load::{RunningTraffic, budget, due_until, gaps, nothing, schedule};
use super::names::recorded_plan;
use super::parity::{self, ParityProber};
use super::preflight::Preflight;
use super::prepare::{connect, open};
use super::rig::Rig;
use super::site::{RigSite, tag};
use super::standing_permit::{self, StandingPermit};
use super::{driven, health, overlays, permit, standstill};
use crate::evidence::witness::{StampedPart, Witness, WitnessError};
use crate::history::{Cancelled, Event, FORMAT, Finished, Guarded, Live, Phase, PhaseEntered, RunOrigin, Started, StopReason};
use crate::journal::{Clock, Journal, JournalError, Recorder, Wall};
use crate::model::{Dialect, DrillPlan, HistoryForm, NamedWorkload, SecretSource};
use crate::permission::Approval;
use crate::permission::Permit;
use crate::redact::Redactor;
use crate::secret;
use crate::step::{Attendance, Before, Context, Directory, Outbox, StandIn, client};
use crate::units::{Duration, Seed};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;

/// Records which guard tripped, and what showed it.
async fn tell_guard(stop: &DrillStop, rig: &Rig, recorder: &Recorder) {
    if stop.reason != StopReason::Guard {
        return;
    }
    let stop = stop.clone().map_texts(|text| rig.redactor.redact(text));
    let guard = stop.detail.lines().next().unwrap_or_default().to_owned();
    let evidence = stop.guarded.and_then(|guarded| guarded.evidence);
    recorder.record(Event::GuardTripped(Guarded { guard, evidence })).await;
}

/// How long requests in flight may take to end once a drill is stopped: enough for those that are being answered.
const HURRY: std::time::Duration = std::time::Duration::from_secs(1);

/// One drill, as ordered.
#[derive(Debug)]
pub struct Order {
    /// What is done.
    pub plan: DrillPlan,
    /// Where all its randomness comes from.
    pub seed: Seed,
    /// Its identifier.
    pub id: String,
    /// Who wants it, and why.
    pub origin: RunOrigin,
    /// The project's root: where commands run.
    pub root: PathBuf,
    /// The binary whose command `keep` runs [`crate::process::supervise`]: a system that the drill starts is started through it.
    pub supervisor: PathBuf,
    /// What the inventory names as secret besides the plan: whatever of it is printed is not kept.
    pub secrets: BTreeSet<SecretSource>,
    /// Who has approved it.
    pub approvals: Vec<Approval>,
    /// Where the output of a system that the drill starts goes, and the old values of what its runbook changes.
    pub folder: PathBuf,
    /// Who is to stamp the plan before anything is begun.
    pub witness: Option<Witness>,
    /// Who answers questions.
    pub attendance: Attendance,
    /// Becomes true when a person wants it to stop.
    pub stop: watch::Receiver<bool>,
    /// What it holds while it runs, and what else may stop it.
    pub permit: Permit,
}

/// How a drill ended.
#[derive(Debug)]
pub struct Ended {
    /// Why it ended before its time; `None` where it did not.
    pub stopped: Option<DrillStop>,
    /// Why the plan is not stamped, where it may go without.
    pub unwitnessed: Option<WitnessError>,
    /// Whether the history is whole on disk.
    pub journal: Result<(), JournalError>,
}

/// A drill that has a history and has not begun.
#[derive(Debug)]
pub struct Drill {
    order: Order,
    journal: Journal,
    /// The largest gap of each workload's schedule.
    gaps: Vec<Duration>,
}

impl Drill {
    /// Opens the history over an empty file, in this form.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub fn begin(order: Order, form: HistoryForm, history: impl Write + Send + 'static) -> std::io::Result<Self> {
        let journal = Journal::start_as(form, history, Clock::start())?;
        let gaps = gaps(&order.plan, order.seed);
        Ok(Self { order, journal, gaps })
    }

    /// What is known of it while it runs.
    pub fn live(&self) -> watch::Receiver<Arc<Live>> {
        self.journal.live()
    }

    /// Runs it to its end. Returns only when every fault is healed and everything that it started has ended.
    pub async fn run(self) -> Ended {
        let recorder = self.journal.recorder();
        let mut interrupts = self.interrupts(&recorder);
        let begun = self.begin_record(&recorder, &mut interrupts).await;
        let http = client();
        let Order { plan, seed, root, supervisor, secrets, folder, .. } = &self.order;
        let tag = tag(*seed, &self.order.id);
        let budget = Arc::new(budget(plan));
        let site = RigSite {
            plan,
            seed: *seed,
            tag,
            root,
            supervisor,
            folder,
            stays: true,
            recorder: &recorder,
            http: &http,
            budget: &budget,
            secrets,
        };
        let mut preflight = Preflight::default();
        let opened = match &begun {
            Ok(_) => interrupts.during(open(&site, &mut preflight)).await.and_then(|opened| opened),
            Err(stop) => Err(stop.clone()),
        };
        let (observed, stopped) = match opened {
            Err(stop) => (nothing(recorder.clock()), Some(preflight.with(stop))),
            Ok((mut rig, names)) => {
                interrupts.follow(rig.hindered.subscribe(), |stop| stop.clone().map(Interrupt::Stop));
                let connecting = connect(&mut rig, names, &site, &mut preflight);
                let connected = interrupts.during(connecting).await.and_then(|connected| connected);
                let since = recorder.clock().now();
                let (observed, stopped) = match connected {
                    Err(stop) => {
                        tell_guard(&stop, &rig, &recorder).await;
                        (nothing(recorder.clock()), Some(stop))
                    }
                    Ok(()) => self.conduct(&mut rig, &site, &mut interrupts).await,
                };
                if stopped.is_none() && !plan.scenario.overlays.is_empty() {
                    // A person who does not want to wait for it has the drill without it.
                    let _ = interrupts.during(overlays::record(&rig, &site, since)).await;
                }
                let redactor = rig.redactor.clone();
                rig.take_down(&recorder).await;
                (observed, stopped.map(|stop| stop.map_texts(|text| redactor.redact(text))))
            }
        };
        if let Some(stop) = &stopped {
            recorder
                .record(Event::Cancelled(Cancelled { reason: stop.reason, detail: stop.detail.clone(), hint: stop.hint.clone() }))
                .await;
        }
        recorder.record(Event::Finished(observed)).await;
        // Whoever still watches holds the journal open.
        drop(interrupts);
        drop(recorder);
        Ended { stopped, unwitnessed: begun.ok().flatten(), journal: self.journal.close().await }
    }

    /// The first lines of the history, with the plan, which is stamped where that is asked for. Why it is not, where it may go without.
    async fn begin_record(&self, recorder: &Recorder, interrupts: &mut Interrupts) -> Result<Option<WitnessError>, DrillStop> {
        recorder.record(self.started(recorder)).await;
        for approval in &self.order.approvals {
            recorder.record(Event::Approved(approval.record.clone())).await;
        }
        let preparing = Event::Phase(PhaseEntered { name: Phase::Preparing });
        let Some(witness) = &self.order.witness else {
            recorder.record(preparing).await;
            return Ok(None);
        };
        // The first line must be in the file before anybody can read it there.
        let written = recorder.record_durably(preparing).await;
        written.map_err(|error| DrillStop::new(StopReason::Journal, error.to_string()))?;
        match interrupts.during(witness.stamp(StampedPart::Plan, &self.order.folder)).await? {
            Ok(()) => Ok(None),
            Err(error) if witness.is_required() => Err(DrillStop::of(StopReason::Environment, &error)),
            Err(error) => Ok(Some(error)),
        }
    }

    /// Whatever may end it from its first moment on.
    fn interrupts(&self, recorder: &Recorder) -> Interrupts {
        let mut interrupts = Interrupts::new(self.order.stop.clone(), self.journal.failure());
        interrupts.watch(guard::out_of_files(self.journal.live()));
        interrupts.watch(standstill::noticed(recorder.clone(), self.order.plan.environment.fault_lease()));
        interrupts.watch(permit::ended(&self.order.permit));
        interrupts
    }

    /// From the first request to the last answer, with everything healed and taken back in between.
    async fn conduct(&self, rig: &mut Rig, site: &RigSite<'_>, interrupts: &mut Interrupts) -> (Finished, Option<DrillStop>) {
        let RigSite { plan, recorder, budget, .. } = *site;
        let mut running = RunningTraffic::new(recorder.clock());
        if let Err(stop) = running.start(rig, site, interrupts).await {
            return (running.finish(async {}).await, Some(stop));
        }
        let lease = plan.environment.fault_lease();
        let mut faults = Faults::new(rig.control.clone(), recorder.clone(), rig.keyring.clone(), interrupts.sender(), lease, site.seed)
            .priced(plan.prices.clone());
        let (spender, guards, clock) = (budget.clone(), plan.scenario.abort_when.clone(), recorder.clock());
        let spent = move |why: &String| Interrupt::Stop(guard::spent(why, &spender, &guards, clock));
        interrupts.follow(budget.emptied(), move |why| why.as_ref().map(&spent));
        interrupts.arm(guard::tripped(rig, site, self.journal.live()));
        let longest = interrupts.watch(standing_permit::overrun(plan));
        let mut team = RunbookTask::default();
        let climbing = running.throttle(plan.workloads.lead()).map(|throttle| {
            let (plan, live, clock) = (plan.clone(), self.journal.live(), recorder.clock());
            tokio::spawn(async move { climb(&plan, throttle, live, clock).await })
        });
        let told = self.timeline(&mut faults, &mut team, rig, site, interrupts).await;
        climbing.iter().for_each(JoinHandle::abort);
        longest.abort();
        // The way out, the same for a drill that ended and one that was stopped: heal, take back, let requests end.
        let healed = faults.heal_all().await;
        if let Err(stop) = &told {
            tell_guard(stop, rig, recorder).await;
        }
        let answered = team.dismiss().await;
        recorder.record(Event::Phase(PhaseEntered { name: Phase::Draining })).await;
        interrupts.disarm();
        let mut told = told.and(healed.clone()).and(answered);
        let longest = plan.workloads.iter().map(|each| each.objectives.deadline).max().unwrap_or(Duration::ZERO);
        let observed = running
            .finish(async {
                if told.is_ok() {
                    told = interrupts.during(tokio::time::sleep(longest.std() + HURRY)).await;
                }
                if told.is_err() {
                    tokio::time::sleep(HURRY).await;
                }
            })
            .await;
        // Nobody can be told of what cannot be written down.
        if !told.as_ref().is_err_and(|stop| stop.reason == StopReason::Journal) {
            let _ = tokio::time::timeout(HURRY, recorder.handed_on()).await;
            let live = self.journal.live().borrow().clone();
            for seen in health::shown(rig, site, &live, healed).await {
                recorder.record(Event::Health(seen)).await;
            }
        }
        let told = told.map_err(|stop| interrupts.failed_script().map_or(stop, |why| driven::explained(why, site)));
        (observed, told.err())
    }

    /// What the steps of the runbook are given.
    fn context(&self, rig: &Rig, site: &RigSite<'_>) -> Context {
        let plan = site.plan;
        Context {
            variables: rig.variables.clone(),
            redactor: rig.redactor.clone(),
            live: self.journal.live(),
            clock: site.recorder.clock(),
            attendance: self.order.attendance.clone(),
            board: None,
            interview: None,
            stand_in: self.stand_in(),
            directory: Directory { contacts: plan.contacts.clone(), mail: plan.mail.clone() }.into(),
            folder: self.order.root.clone(),
            http: site.http.clone(),
            seed: self.order.seed,
            supervisor: Some(self.order.supervisor.clone()),
            before: Before::within(&self.order.folder),
            keyring: rig.keyring.clone(),
            outbox: Outbox::of_drill(&self.order.folder.display().to_string(), self.order.seed),
            stores: plan.stores.clone().into(),
            lacking: Default::default(),
        }
    }

    /// Where nobody is at the terminal, people are imitated.
    fn stand_in(&self) -> Option<StandIn> {
        let reaction = self.order.plan.runbook.as_ref().and_then(|runbook| runbook.reaction);
        matches!(self.order.attendance, Attendance::Unattended).then_some(StandIn { reaction })
    }

    fn baseline<'a>(&'a self, rig: &'a Rig) -> BaselinePolicy<'a> {
        let plan = &self.order.plan;
        let until = plan.scenario.timeline.baseline;
        let due = |(place, each): (usize, &NamedWorkload)| match each.workload.script {
            // k6 keeps its own time.
            Some(_) => 2 * each.workload.requests(until).ceil() as u64,
            None => due_until(schedule(each, place, self.order.seed), until.plus(Duration::from_secs(1)).as_nanos()),
        };
        let due = plan.workloads.iter().enumerate().map(due).collect();
        // Of bytes nobody can say whose they are.
        let speaks = plan.providers.values().all(|provider| provider.dialect != Dialect::Tcp);
        let sight = Some(rig.seen.subscribe()).filter(|_| speaks && rig.control.is_lifeboat());
        BaselinePolicy { plan, live: self.journal.live(), said: &rig.said, sight, due }
    }

    /// Baseline, faults, watch.
    async fn timeline(
        &self,
        faults: &mut Faults,
        team: &mut RunbookTask,
        rig: &mut Rig,
        site: &RigSite<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<(), DrillStop> {
        let (timeline, recorder, context) = (&site.plan.scenario.timeline, site.recorder, self.context(rig, site));
        // Its calendars are read while the baseline runs: a long wait before it may have run into a freeze.
        let standing = StandingPermit::of(site.plan, site.root, &self.order.approvals);
        let (policy, prober) = (self.baseline(rig), ParityProber::of(rig, site)?);
        let (passed, standing, ()) =
            interrupts.during(async { tokio::join!(policy.pass(), standing, parity::at_first(prober.as_ref())) }).await?;
        passed?;
        standing?.still_holds(timeline)?;
        rig.end_rehearsal().await;
        recorder.record(Event::Phase(PhaseEntered { name: Phase::Fault })).await;
        let (clock, keyring) = (recorder.clock(), context.keyring.clone());
        let (mut zero, mut probing) = (None, JoinSet::new());
        for (at, change, place) in Faults::changes(timeline) {
            let due = zero.unwrap_or_else(|| clock.now()) + at.as_nanos();
            interrupts.during(tokio::time::sleep(clock.until(due))).await?;
            match change {
                Change::Heal => interrupts.during_call(faults.heal(place)).await??,
                Change::Inject => {
                    let planned = &timeline.faults[place];
                    let injecting = faults.inject(place, planned, self.order.plan.credential_of(&planned.on));
                    // Nobody takes back what an issuer did, and its calls are bounded: its answer is waited for.
                    let of_issuer = planned.fault.of_credential().is_some();
                    let confirmed = if of_issuer { injecting.await? } else { interrupts.during_call(injecting).await?? };
                    if zero.is_none() {
                        zero = Some(confirmed - at.as_nanos().min(confirmed));
                        team.call(&self.order.plan, context.clone(), recorder);
                        prober.iter().for_each(|prober| drop(probing.spawn(parity::at_standby(prober.clone(), timeline.disruption()))));
                    }
                }
            }
        }
        // What a probe asks from here on the primary may answer.
        probing.shutdown().await;
        team.over.send_replace(true);
        recorder.record(Event::Phase(PhaseEntered { name: Phase::Watch })).await;
        interrupts.during(tokio::time::sleep(timeline.watch.std())).await?;
        // Whether the old key is dead is asked at the provider itself, while there is still traffic to compare with.
        for (planned, propagation) in timeline.faults.iter().filter_map(|planned| Some((planned, planned.fault.of_credential()?))) {
            interrupts.during(keyring.prove(self.order.plan.credential_of(&planned.on), propagation)).await?;
        }
        Ok(())
    }

    fn started(&self, recorder: &Recorder) -> Event {
        let (wall, origin) = (Wall::read(), recorder.clock().host(0));
        Event::Started(Box::new(Started {
            format: FORMAT,
            lifeboat: env!("CARGO_PKG_VERSION").to_owned(),
            drill: self.order.id.clone(),
            seed: self.order.seed,
            wall_clock: wall.told_at(origin),
            wall_clock_error: wall.error(),
            origin: self.origin(recorder),
            gaps: self.gaps.iter().map(|gap| gap.as_nanos()).collect(),
            drawn: true,
            plan: recorded_plan(&self.order.plan, recorder.salt()),
        }))
    }

    /// Where it comes from. A reason may quote what nobody should read; what is secret here and now is known without asking any store.
    fn origin(&self, recorder: &Recorder) -> RunOrigin {
        let Order { plan, origin, secrets, root, .. } = &self.order;
        let redactor = Redactor::new(recorder.salt());
        if origin.reason.is_some() {
            let sources = SecretSource::of_drill(plan).union(secrets).cloned().collect();
            secret::learn(&sources, secret::SecretContext { stores: &plan.stores, root }, &redactor, &mut Vec::new());
        }
        origin.clone().redacted(|text| redactor.redact(text))
    }
}
