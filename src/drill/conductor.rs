//! The order of a drill: what happens when, and the one way out.

use super::DrillStop;
use super::answer::answer;
use super::baseline::BaselinePolicy;
use super::driven;
use super::faults::{Change, Faults};
use super::files;
use super::guard;
use super::interrupts::{Interrupt, Interrupts};
use super::names::ResolvedNames;
use super::preflight::{self, Preflight, ground};
use super::rig::{Rig, RigSite};
use crate::history::{Cancelled, Event, FORMAT, Finished, Guarded, Live, Phase, PhaseEntered, RunOrigin, Started, StopReason};
use crate::journal::{Clock, HostTime, Journal, JournalError, Recorder, Wall};
use crate::model::{Dialect, DrillPlan, Guard, NamedWorkload, SecretSource};
use crate::price;
use crate::redact::Redactor;
use crate::secret;
use crate::step::{Attendance, Before, Context, Directory, StandIn, client};
use crate::traffic::{Budget, Client, K6Run, Levels, LoadProfile, Observed, Prices, Schedule, Target, Traffic, TrafficError};
use crate::units::{Duration, Seed};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// How long requests in flight may take to end once a drill is stopped: enough for those that are being answered.
const HURRY: std::time::Duration = std::time::Duration::from_secs(1);
/// A schedule's largest gap is taken over the planned time and this much more, since a drill may take a little longer.
const SLACK: Duration = Duration::from_secs(30);

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
    /// The binary whose command `keep` runs [`super::supervise`]: a system that the drill starts is started through it.
    pub supervisor: PathBuf,
    /// What the inventory names as secret besides the plan: whatever of it is printed is not kept.
    pub secrets: BTreeSet<SecretSource>,
    /// Where the output of a system that the drill starts goes, and the old values of what its runbook changes.
    pub folder: PathBuf,
    /// Who answers questions.
    pub attendance: Attendance,
    /// Becomes true when a person wants it to stop.
    pub stop: watch::Receiver<bool>,
}

/// How a drill ended.
#[derive(Debug)]
pub struct Ended {
    /// Why it ended before its time; `None` where it did not.
    pub stopped: Option<DrillStop>,
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
    /// Opens the history over an empty file.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub fn begin(order: Order, history: impl Write + Send + 'static) -> std::io::Result<Self> {
        let journal = Journal::start(history, Clock::start())?;
        let horizon = order.plan.scenario.timeline.total().plus(SLACK);
        let gap = |(place, each): (usize, &NamedWorkload)| schedule(each, place, order.seed).gap_max(horizon);
        let gaps = order.plan.workloads.iter().enumerate().map(gap).collect();
        Ok(Self { order, journal, gaps })
    }

    /// What is known of it while it runs.
    pub fn live(&self) -> watch::Receiver<Arc<Live>> {
        self.journal.live()
    }

    /// Runs it to its end. Returns only when every fault is healed and everything that it started has ended.
    pub async fn run(self) -> Ended {
        let recorder = self.journal.recorder();
        recorder.record(self.started(&recorder)).await;
        recorder.record(Event::Phase(PhaseEntered { name: Phase::Preparing })).await;
        let mut interrupts = Interrupts::new(self.order.stop.clone(), self.journal.failure());
        interrupts.watch(guard::out_of_files(self.journal.live()));
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
        let opening = open(&site, &mut preflight);
        let (observed, stopped) = match interrupts.during(opening).await.and_then(|opened| opened) {
            Err(stop) => (nothing(recorder.clock()), Some(preflight.with(stop))),
            Ok((mut rig, names)) => {
                interrupts.follow(rig.hindered.subscribe(), |stop| stop.clone().map(Interrupt::Stop));
                let connecting = connect(&mut rig, names, &site, &mut preflight);
                let (observed, stopped) = match interrupts.during(connecting).await.and_then(|connected| connected) {
                    Err(stop) => (nothing(recorder.clock()), Some(stop)),
                    Ok(()) => self.conduct(&rig, &site, &mut interrupts).await,
                };
                let redactor = rig.redactor.clone();
                rig.take_down(&recorder).await;
                (observed, stopped.map(|stop| stop.map_texts(|text| redactor.redact(text))))
            }
        };
        if let Some(stop) = &stopped {
            if stop.reason == StopReason::Guard {
                let guard = stop.detail.lines().next().unwrap_or_default().to_owned();
                recorder.record(Event::GuardTripped(Guarded { guard })).await;
            }
            recorder
                .record(Event::Cancelled(Cancelled { reason: stop.reason, detail: stop.detail.clone(), hint: stop.hint.clone() }))
                .await;
        }
        recorder.record(Event::Finished(observed)).await;
        drop(recorder);
        Ended { stopped, journal: self.journal.close().await }
    }

    /// From the first request to the last answer, with everything healed and taken back in between.
    async fn conduct(&self, rig: &Rig, site: &RigSite<'_>, interrupts: &mut Interrupts) -> (Finished, Option<DrillStop>) {
        let RigSite { plan, recorder, http, budget, .. } = *site;
        let deadlines = plan.workloads.iter().map(deadline);
        let deadline = deadlines.max().unwrap_or(Duration::ZERO);
        let loads = match self.loads(rig, site) {
            Ok(loads) => loads,
            Err(error) => return (nothing(recorder.clock()), Some(DrillStop::of(StopReason::Environment, &error))),
        };
        let mut running = RunningTraffic { clock: recorder.clock(), each: Vec::new() };
        // A program of others takes a while to begin; the baseline begins with it.
        let breaks = watch::Sender::new(None);
        interrupts.follow(breaks.subscribe(), |why: &Option<String>| why.clone().map(Interrupt::Script));
        for (place, named) in plan.workloads.iter().enumerate() {
            let Some(script) = &named.workload.script else { continue };
            let starting = driven::start(place, named, script, rig, site, breaks.clone());
            match interrupts.during(starting).await.and_then(|started| started) {
                Ok(driven) => running.each.push((place, Each::Driven(Box::new(driven)))),
                Err(stop) => return (running.finish(async {}).await, Some(stop)),
            }
        }
        recorder.record(Event::Phase(PhaseEntered { name: Phase::Baseline })).await;
        for (place, client, load) in loads {
            match Traffic::start(client, load, recorder.clone()) {
                Ok(traffic) => running.each.push((place, Each::Own(traffic))),
                Err(error) => return (running.finish(async {}).await, Some(DrillStop::of(StopReason::Environment, &error))),
            }
        }
        let mut faults = Faults::new(rig.control.clone(), recorder.clone(), rig.keyring.clone(), interrupts.sender());
        interrupts.follow(budget.emptied(), |why| why.as_ref().map(|why| Interrupt::Stop(DrillStop::of_text(StopReason::Guard, why))));
        if let Some(guard) = plan.scenario.abort_when {
            interrupts.arm(guard::tripped(guard, self.journal.live(), recorder.clock()));
        }
        let context = Context {
            variables: rig.variables.clone(),
            redactor: rig.redactor.clone(),
            live: self.journal.live(),
            clock: recorder.clock(),
            attendance: self.order.attendance.clone(),
            stand_in: self.stand_in(),
            directory: Directory { contacts: plan.contacts.clone(), mail: plan.mail.clone() }.into(),
            folder: self.order.root.clone(),
            http: http.clone(),
            seed: self.order.seed,
            supervisor: Some(self.order.supervisor.clone()),
            before: Before::within(&self.order.folder),
            keyring: rig.keyring.clone(),
            stores: plan.stores.clone().into(),
        };
        let mut team = Team { answer: None, over: watch::channel(false).0, stop: watch::channel(false).0 };
        let baseline = self.baseline(rig);
        let told = self.timeline(&mut faults, &mut team, context, &baseline, recorder, interrupts).await;
        // The way out, the same for a drill that ended and one that was stopped: heal, take back, let requests end.
        let healed = faults.heal_all().await;
        let answered = team.dismiss().await;
        recorder.record(Event::Phase(PhaseEntered { name: Phase::Draining })).await;
        interrupts.disarm();
        let mut told = told.and(healed).and(answered);
        let observed = running
            .finish(async {
                if told.is_ok() {
                    told = interrupts.during(tokio::time::sleep(deadline.std() + HURRY)).await;
                }
                if told.is_err() {
                    tokio::time::sleep(HURRY).await;
                }
            })
            .await;
        let told = told.map_err(|stop| interrupts.failed_script().map_or(stop, |why| driven::explained(why, site)));
        (observed, told.err())
    }

    /// Where nobody is at the terminal, people are imitated.
    fn stand_in(&self) -> Option<StandIn> {
        let reaction = self.order.plan.runbook.as_ref().and_then(|runbook| runbook.reaction);
        matches!(self.order.attendance, Attendance::Unattended).then_some(StandIn { reaction })
    }

    /// What each workload sends that the drill sends itself, and to whom.
    fn loads(&self, rig: &Rig, site: &RigSite<'_>) -> Result<Vec<(usize, Client, LoadProfile)>, TrafficError> {
        let workloads = &site.plan.workloads;
        let load = |(place, (each, target)): (usize, (&NamedWorkload, &Target))| {
            let load = LoadProfile {
                schedule: schedule(each, place, self.order.seed),
                request: each.workload.request,
                expect: Arc::new(each.workload.expect.clone()),
                drill: site.tag,
                workload: place,
                bound: each.workload.max_in_flight,
                deadline: deadline(each),
                levels: Levels::of(site.plan, place),
                said: rig.said.clone(),
                budget: site.budget.clone(),
            };
            Ok((place, Client::with(target.clone(), rig.manners[place].clone())?, load))
        };
        let own = |(_, (each, _)): &(usize, (&NamedWorkload, &Target))| each.workload.script.is_none();
        workloads.iter().zip(&rig.targets).enumerate().filter(own).map(load).collect()
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
        team: &mut Team,
        context: Context,
        baseline: &BaselinePolicy<'_>,
        recorder: &Recorder,
        interrupts: &mut Interrupts,
    ) -> Result<(), DrillStop> {
        let timeline = &self.order.plan.scenario.timeline;
        interrupts.during(baseline.pass()).await??;
        recorder.record(Event::Phase(PhaseEntered { name: Phase::Fault })).await;
        let (clock, keyring) = (recorder.clock(), context.keyring.clone());
        let mut zero = None;
        for (at, change, place) in Faults::changes(timeline) {
            let due = zero.unwrap_or_else(|| clock.now()) + at.as_nanos();
            interrupts.during(tokio::time::sleep(clock.until(due))).await?;
            match change {
                Change::Heal => interrupts.during_call(faults.heal(place)).await??,
                Change::Inject => {
                    let planned = &timeline.faults[place];
                    let injecting = faults.inject(place, planned, self.order.plan.credential_of(&planned.on));
                    let confirmed = interrupts.during_call(injecting).await??;
                    if zero.is_none() {
                        zero = Some(confirmed - at.as_nanos().min(confirmed));
                        team.call(&self.order.plan, context.clone(), recorder);
                    }
                }
            }
        }
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
            plan: self.order.plan.clone(),
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

/// What can be tried before anything is opened, then what nobody else could miss.
pub(super) async fn open(site: &RigSite<'_>, preflight: &mut Preflight) -> Result<(Rig, ResolvedNames), DrillStop> {
    preflight.need(files::enough(site.plan))?;
    preflight.need(filled(site.plan, site.seed))?;
    ground::look(site, preflight);
    Rig::open(site, preflight).await
}

/// Everything else that a drill needs, until the traffic could begin.
pub(super) async fn connect(rig: &mut Rig, names: ResolvedNames, site: &RigSite<'_>, preflight: &mut Preflight) -> Result<(), DrillStop> {
    rig.connect(site, names, preflight).await?;
    match &site.plan.environment.start {
        Some(start) => preflight::warm_up(rig, site, start.warm_up).await,
        None => Ok(()),
    }
}

/// When the requests of a workload are due.
fn schedule(named: &NamedWorkload, place: usize, seed: Seed) -> Schedule {
    let seed = if place == 0 { seed } else { seed.derive(&format!("workload {place}")) };
    Schedule::new(&named.workload, seed)
}

/// How many requests are due before this moment.
fn due_until(schedule: Schedule, until: u64) -> u64 {
    schedule.take_while(|due| *due < until).count() as u64
}

/// Whether the schedules that this seed gives have enough requests in the baseline: another seed may have drawn more.
pub(super) fn filled(plan: &DrillPlan, seed: Seed) -> Result<(), DrillStop> {
    let until = plan.scenario.timeline.baseline.as_nanos();
    let own = |(_, each): &(usize, &NamedWorkload)| each.judged && each.workload.script.is_none();
    for (place, each) in plan.workloads.iter().enumerate().filter(own) {
        let needed = u64::from(each.objectives.baseline_min);
        let due = schedule(each, place, seed).take_while(|due| *due < until).take(needed as usize).count() as u64;
        if due < needed {
            let name = &each.name;
            return Err(DrillStop::environment(format!(
                "only {due} requests of {name} are due in the baseline, and {needed} are the least"
            ))
            .with_hint("write a longer `baseline:`, or a higher rate"));
        }
    }
    Ok(())
}

/// When a workload's requests are given up.
pub(super) fn deadline(named: &NamedWorkload) -> Duration {
    named.objectives.deadline
}

/// The end of a drill that sent nothing.
fn nothing(clock: Clock) -> Finished {
    Finished { observed_until: clock.now(), requests: 0, by_workload: Vec::new() }
}

/// The running traffic of every workload, with its place in the plan.
struct RunningTraffic {
    clock: Clock,
    each: Vec<(usize, Each)>,
}

/// Who sends one.
enum Each {
    Own(Traffic),
    Driven(Box<K6Run>),
}

impl RunningTraffic {
    /// Sends no more; waits for those in flight, at the longest until `patience` ends.
    async fn finish(self, patience: impl Future<Output = ()>) -> Finished {
        let Self { clock, mut each } = self;
        each.sort_by_key(|(place, _)| *place);
        let over = watch::channel(false).0;
        let end = |(_, each): (usize, Each)| {
            let mut over = over.subscribe();
            let patience = async move {
                let _ = over.wait_for(|over| *over).await;
            };
            match each {
                Each::Own(traffic) => tokio::spawn(traffic.finish(patience)),
                Each::Driven(driven) => tokio::spawn(driven.finish(clock, patience)),
            }
        };
        let ends: Vec<JoinHandle<Observed>> = each.into_iter().map(end).collect();
        let all = async {
            let mut observed = Vec::with_capacity(ends.len());
            for end in ends {
                observed.push(end.await.unwrap_or(Observed { requests: 0, until: 0 }));
            }
            observed
        };
        tokio::pin!(all);
        let observed = tokio::select! {
            observed = &mut all => observed,
            () = patience => {
                over.send_replace(true);
                all.await
            }
        };
        Finished {
            observed_until: observed.iter().map(|each| each.until).min().unwrap_or(0),
            requests: observed.iter().map(|each| each.requests).sum(),
            by_workload: if observed.len() > 1 { observed.iter().map(|each| each.requests).collect() } else { Vec::new() },
        }
    }
}

/// Those who answer with the runbook.
struct Team {
    answer: Option<JoinHandle<Result<(), DrillStop>>>,
    over: watch::Sender<bool>,
    stop: watch::Sender<bool>,
}

impl Team {
    fn call(&mut self, plan: &DrillPlan, context: Context, recorder: &Recorder) {
        if let Some(runbook) = plan.runbook.clone() {
            let answering = answer(runbook, context, recorder.clone(), self.over.subscribe(), self.stop.subscribe());
            self.answer = Some(tokio::spawn(answering));
        }
    }

    /// Stops the runbook and waits until what it did is taken back.
    async fn dismiss(&mut self) -> Result<(), DrillStop> {
        self.stop.send_replace(true);
        match self.answer.take() {
            Some(answer) => answer.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }
}

/// What the traffic of a plan may cost. Without a ceiling everything; it is counted all the same.
pub(super) fn budget(plan: &DrillPlan) -> Budget {
    let allow = &plan.environment.allow;
    let prices = |each: &NamedWorkload| Prices {
        known: plan.prices.clone(),
        reached: each.service.providers.clone(),
        // What nobody can tell is refused where there is a ceiling.
        most: price::most_tokens(each, plan).unwrap_or_default(),
    };
    let prices = plan.workloads.iter().map(prices).collect();
    Budget::new(allow.max_spend, allow.max_requests, prices)
}

/// Tells this drill's requests from those of any other, even one with the same seed.
pub(super) fn tag(seed: Seed, id: &str) -> u32 {
    let mixed = seed.derive(id).derive(&HostTime::now().0.to_string()).0;
    (mixed >> 32) as u32
}

#[cfg(test)]
mod tests;
