//! One look at the schedules: what is due is entered and begun, what stands in its way is told, what was missed is closed, and what a dead replica held
//! is taken over.
//!
//! The files are read anew. A schedule whose file cannot be read is looked at as it was last read: what is due of it is entered, waits, and is missed
//! in the end because its files are not valid; the other schedules go on. Moments are those of the store's clock, the one that all replicas share.
//!
//! What this file does not do: decide what is to be done about a schedule at a moment (`schedule::reckon`), or run its drills (`attend`).

use super::attend::Attended;
use super::clock_watch::{ClockWatch, counted};
use super::dead_replica::DeadClaim;
use super::hindrance::{Hindrance, hindered};
use super::replica::{SchedulerReplica, named};
use crate::exercise::ReadScenario;
use crate::host::host_name;
use crate::model::{DrillSchedule, OverlapPolicy};
use crate::project::{Project, Severity};
use crate::schedule::{Act, ManualRun, MissReason, Occurrence, OccurrenceEnd, OccurrenceState, jitter_of, next_due, reckon};
use crate::store::{DrillQuery, DrillState, OccurrenceClose, SeenRule, SeenSchedule, StoreError};
use crate::verdict::Decision;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use tokio::task::JoinSet;

/// The longest between two looks.
pub(super) const LONGEST: Duration = Duration::from_secs(30);
/// How soon it looks again at what waits.
const WAITING: Duration = Duration::from_secs(5);
/// How often the index of drills is brought up to date, and how many days of it matter.
const INDEXED: Duration = Duration::from_secs(60);
const LOOKED_BACK: i64 = 400;
/// Schedules are entered and begun in so many turns of one look.
const TURNS: u32 = 3;

/// What looks, again and again.
#[derive(Debug)]
pub(super) struct Looker {
    pub(super) replica: SchedulerReplica,
    /// How many occurrences this process runs at once.
    pub(super) at_once: usize,
    /// The occurrences that this process runs.
    pub(super) attending: JoinSet<()>,
    /// The claims of dead replicas that it deals with.
    pub(super) recovering: JoinSet<()>,
    /// How long the store must have answered before what ran out is taken over.
    pub(super) patience: Duration,
    clock: ClockWatch,
    /// Since when the store has answered each time.
    well_since: Option<Instant>,
    /// What was told of files already.
    told: BTreeSet<String>,
    /// What is known of drills by hand.
    runs: KnownRuns,
    /// When each schedule is due next, as it was last reckoned.
    next: BTreeMap<String, (DrillSchedule, Option<DateTime<Utc>>)>,
}

/// What a look saw.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    /// When, by the store's clock; `None` where nothing was done, because that clock jumped.
    pub(super) at: Option<DateTime<Utc>>,
    /// What is wrong in the files of schedules.
    pub(super) problems: Vec<String>,
    /// What begins next, and when.
    pub(super) next: Option<(String, DateTime<Utc>)>,
    /// How soon it is to look again.
    pub(super) again: Duration,
}

/// The schedules as they are in the files.
struct ReadSchedules {
    schedules: Vec<DrillSchedule>,
    problems: Vec<String>,
}

/// A schedule that is looked at.
struct InSight {
    schedule: DrillSchedule,
    since: DateTime<Utc>,
    looked: Option<DateTime<Utc>>,
    /// Why its file cannot be read now.
    invalid: Option<String>,
}

/// What is known of drills by hand, as the index had it when it was last read.
#[derive(Debug, Default)]
struct KnownRuns {
    known: Vec<ManualRun>,
    read: Option<Instant>,
    /// How many occurrences ran then.
    running: usize,
    /// The names of scenarios by their files, with when those were changed.
    names: BTreeMap<String, (SystemTime, Option<String>)>,
}

impl KnownRuns {
    /// The name of the scenario in a file.
    fn name_of(&mut self, root: &Path, file: &str, environment: &str) -> Option<String> {
        let path = root.join(file);
        let changed = path.metadata().and_then(|about| about.modified()).ok()?;
        if let Some((_, name)) = self.names.get(file).filter(|(then, _)| *then == changed) {
            return name.clone();
        }
        let read = ReadScenario::of(&path, environment).ok()?;
        let name = read.planned.map(|planned| planned.plan.scenario.name);
        self.names.insert(file.to_owned(), (changed, name.clone()));
        name
    }
}

impl Looker {
    pub(super) fn new(replica: SchedulerReplica, at_once: usize) -> Self {
        // A file on this host is never away.
        let patience = if replica.store.is_shared() { replica.lease } else { Duration::ZERO };
        Self {
            replica,
            at_once,
            patience,
            attending: JoinSet::new(),
            recovering: JoinSet::new(),
            clock: ClockWatch::default(),
            well_since: None,
            told: BTreeSet::new(),
            runs: KnownRuns::default(),
            next: BTreeMap::new(),
        }
    }

    /// Looks once.
    pub(super) async fn look(&mut self) -> Result<Looked, StoreError> {
        let looked = self.looked().await;
        self.well_since = match &looked {
            Ok(_) => self.well_since.or_else(|| Some(Instant::now())),
            Err(_) => None,
        };
        looked
    }

    async fn looked(&mut self) -> Result<Looked, StoreError> {
        let store = self.replica.store.clone();
        let now = DateTime::from_timestamp_millis(store.now().await?).unwrap_or_default();
        store.is_there(&self.replica.name, &host_name().unwrap_or_default(), std::process::id()).await?;
        let counted = counted();
        if let Some(jump) = self.clock.shows(now, counted) {
            self.replica.tell(jump.to_string());
        }
        if let Some(left) = self.clock.is_unsteady_for(counted) {
            return Ok(Looked { at: None, problems: Vec::new(), next: None, again: left.min(LONGEST) });
        }
        let read = self.read();
        let seen = self.see(&read).await?;
        self.take_over(&seen).await?;
        let in_sight = in_sight(&read, &seen, now);
        let known = store.open_occurrences(oldest(&in_sight, now)).await?;
        self.read_runs(&in_sight, now).await?;
        let runs = self.runs.known.clone();
        let mut waits = self.close_orphans(&known, &in_sight, &seen, now).await?;
        for each in &in_sight {
            let own: Vec<Occurrence> = known.iter().filter(|known| known.schedule == each.schedule.name).cloned().collect();
            waits |= self.schedule(each, own, &runs, now).await?;
        }
        // Some seconds more or less do not matter, and a store that is shared has others to serve.
        let is_old = |each: &&InSight| each.looked.is_none_or(|looked| (now - looked).abs() > TimeDelta::seconds(10));
        let names: Vec<String> = in_sight.iter().filter(is_old).map(|each| each.schedule.name.clone()).collect();
        store.looked_at(&names, now).await?;
        let next = self.next(&in_sight, now);
        let until = next.as_ref().and_then(|(_, at)| (*at - now).to_std().ok()).unwrap_or(LONGEST);
        let again = until.min(if waits { WAITING } else { LONGEST });
        Ok(Looked { at: Some(now), problems: read.problems, next, again })
    }

    /// Notes the schedules that are new or not as they were; all that were ever seen.
    async fn see(&self, read: &ReadSchedules) -> Result<Vec<SeenSchedule>, StoreError> {
        let store = &self.replica.store;
        let seen = store.seen_schedules().await?;
        let is_seen = |here: &DrillSchedule| seen.iter().any(|seen| seen.schedule.as_ref() == Some(here));
        let new: Vec<&DrillSchedule> = read.schedules.iter().filter(|here| !is_seen(here)).collect();
        if new.is_empty() {
            return Ok(seen);
        }
        // What a new rule says was never promised for the past.
        let has_new_rule = |here: &&DrillSchedule| {
            seen.iter().filter(|seen| seen.name == here.name).filter_map(|seen| seen.schedule.as_ref()).any(|seen| seen.when != here.when)
        };
        let (ruled, same): (Vec<&DrillSchedule>, Vec<&DrillSchedule>) = new.into_iter().partition(has_new_rule);
        store.see(&same, SeenRule::Same).await?;
        store.see(&ruled, SeenRule::New).await?;
        store.seen_schedules().await
    }

    /// Reads the files; what is wrong in them is told once.
    fn read(&mut self) -> ReadSchedules {
        let (project, _) = Project::open(self.replica.running.root());
        let (schedules, findings) = project.schedules();
        let problems: Vec<String> =
            findings.into_iter().filter(|finding| finding.severity == Severity::Error).map(|finding| finding.to_string()).collect();
        for problem in &problems {
            if self.told.insert(problem.clone()) {
                self.replica.tell(format!("a schedule cannot be read, and is looked at as it was: {}", problem.replace("\n\n", "; ")));
            }
        }
        self.told.retain(|told| problems.contains(told));
        ReadSchedules { schedules, problems }
    }

    /// The drills that somebody ran by hand, from the index, which is brought up to date now and then and when a drill has ended.
    async fn read_runs(&mut self, in_sight: &[InSight], now: DateTime<Utc>) -> Result<(), StoreError> {
        let running = self.attending.len();
        let has_ended = std::mem::replace(&mut self.runs.running, running) > running;
        if !has_ended && self.runs.read.is_some_and(|read| read.elapsed() < INDEXED) {
            return Ok(());
        }
        let (store, root) = (self.replica.store.clone(), self.replica.running.root().to_owned());
        store.sync(&root).await?;
        let files: BTreeSet<(&String, &String)> =
            in_sight.iter().flat_map(|each| each.schedule.scenarios.iter().map(|file| (file, &each.schedule.environment))).collect();
        let mut names: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for (file, environment) in files {
            if let Some(name) = self.runs.name_of(&root, file, environment) {
                names.entry((name, environment.clone())).or_default().push(file.clone());
            }
        }
        let query = DrillQuery { since: Some(now - TimeDelta::days(LOOKED_BACK)), state: Some(DrillState::Over), ..DrillQuery::default() };
        let mut known = Vec::new();
        for drill in store.drills(&query).await? {
            for file in names.get(&(drill.scenario.clone(), drill.environment.clone())).into_iter().flatten() {
                let counts = matches!(drill.verdict, Some(Decision::Met | Decision::Missed));
                let (scenario, environment) = (file.clone(), drill.environment.clone());
                known.push(ManualRun { drill: drill.id.clone(), scenario, environment, at: drill.started, counts });
            }
        }
        (self.runs.known, self.runs.read) = (known, Some(Instant::now()));
        Ok(())
    }

    /// Takes over what replicas held that are gone. Whoever could not reach the store itself first gives the others the length of a lease to come back.
    async fn take_over(&mut self, seen: &[SeenSchedule]) -> Result<(), StoreError> {
        if self.well_since.unwrap_or_else(Instant::now).elapsed() < self.patience {
            return Ok(());
        }
        for (old, occurrence) in self.replica.store.expired_claims().await? {
            // What this process runs it renews as soon as it can.
            let Some(busy) = self.replica.busy_with(&old.schedule, old.due) else { continue };
            let schedule = seen.iter().find(|seen| seen.name == old.schedule).and_then(|seen| seen.schedule.clone());
            let dead = DeadClaim { replica: self.replica.clone(), old, occurrence, schedule, _busy: busy };
            self.recovering.spawn(dead.recover());
        }
        Ok(())
    }

    /// Closes what is due of schedules that are gone from the files, once nobody looks at them any more. Whether one waits.
    async fn close_orphans(
        &self,
        known: &[Occurrence],
        in_sight: &[InSight],
        seen: &[SeenSchedule],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let waiting = known.iter().filter(|known| matches!(known.state, OccurrenceState::Due | OccurrenceState::Asked));
        for orphan in waiting.filter(|known| !in_sight.iter().any(|each| each.schedule.name == known.schedule)) {
            let looked = seen.iter().find(|seen| seen.name == orphan.schedule).and_then(|seen| seen.looked);
            // Another replica may have the file.
            if looked.is_some_and(|looked| now - looked < TimeDelta::minutes(10)) {
                continue;
            }
            let told = "its schedule is in no file of the project any more".to_owned();
            let close = OccurrenceClose { end: OccurrenceEnd::Missed, reason: Some(MissReason::Invalid), drills: Vec::new(), told };
            self.close(&orphan.schedule, orphan.due, close).await?;
        }
        Ok(false)
    }

    /// What is to be done about one schedule. Whether something of it waits.
    async fn schedule(
        &mut self,
        each: &InSight,
        mut known: Vec<Occurrence>,
        runs: &[ManualRun],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let looked = each.looked.map(|looked| looked.min(now));
        for _ in 0..TURNS {
            let acts = reckon(&each.schedule, &known, runs, each.since, looked, now);
            let (entered, acts): (Vec<Act>, Vec<Act>) = acts.into_iter().partition(|act| matches!(act, Act::Enter(_)));
            let entered: Vec<Occurrence> =
                entered.into_iter().filter_map(|act| if let Act::Enter(new) = act { Some(new) } else { None }).collect();
            if !entered.is_empty() {
                self.replica.store.enter(&entered).await?;
                for new in entered {
                    self.tell_entered(&new);
                    if !known.iter().any(|known| known.due == new.due) {
                        known.push(new);
                    }
                }
                continue;
            }
            for act in acts {
                self.act(each, &known, act, now).await?;
            }
            break;
        }
        for wanted in known.iter().filter(|known| is_wanted_late(known)) {
            self.begin_wanted(each, &known, wanted, now).await?;
        }
        Ok(known.iter().any(|known| known.state == OccurrenceState::Due))
    }

    async fn act(&mut self, each: &InSight, known: &[Occurrence], act: Act, now: DateTime<Utc>) -> Result<(), StoreError> {
        let of = |due: DateTime<Utc>| known.iter().find(|known| known.due == due);
        match act {
            Act::Enter(_) => Ok(()),
            // Somebody has said what becomes of it.
            Act::Begin { due, .. } | Act::Close { due, .. } | Act::Ask { due } if of(due).is_some_and(is_wanted_late) => Ok(()),
            Act::Begin { due, end } => self.begin(each, known, due, end, false, now).await,
            Act::Close { due, end, reason, drills, told } => {
                self.close(&each.schedule.name, due, OccurrenceClose { end, reason, drills, told }).await
            }
            Act::Ask { due } => {
                if self.replica.store.ask_late(&each.schedule.name, due).await? {
                    let name = named(&each.schedule.name, due);
                    self.replica.tell(format!("{name}: its window has passed, and somebody is to say whether it runs late"));
                }
                Ok(())
            }
        }
    }

    /// Begins one that somebody wants though it is late; it is missed once the next is due.
    async fn begin_wanted(
        &mut self,
        each: &InSight,
        known: &[Occurrence],
        wanted: &Occurrence,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if next_due(&each.schedule, wanted.due).is_some_and(|next| next <= now) && wanted.reason.is_some() {
            let close =
                OccurrenceClose { end: OccurrenceEnd::Missed, reason: wanted.reason, drills: Vec::new(), told: wanted.told.clone() };
            return self.close(&wanted.schedule, wanted.due, close).await;
        }
        self.begin(each, known, wanted.due, OccurrenceEnd::Late, true, now).await
    }

    /// Begins an occurrence, unless something stands in its way; then it is told what.
    async fn begin(
        &mut self,
        each: &InSight,
        known: &[Occurrence],
        due: DateTime<Utc>,
        end: OccurrenceEnd,
        wanted_late: bool,
        _now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (schedule, store) = (&each.schedule, self.replica.store.clone());
        let name = schedule.name.as_str();
        if let Some(running) = known.iter().find(|known| known.state == OccurrenceState::Running && known.due != due) {
            let told = format!("the drills of the time before ({}) still run", running.due.to_rfc3339());
            if schedule.overlap == OverlapPolicy::Skip && !wanted_late {
                let close = OccurrenceClose { end: OccurrenceEnd::Missed, reason: Some(MissReason::Overlap), drills: Vec::new(), told };
                return self.close(name, due, close).await;
            }
            return self.hinder(name, due, &Hindrance::new(MissReason::Overlap, told)).await;
        }
        if let Some(why) = &each.invalid {
            return self.hinder(name, due, &Hindrance::new(MissReason::Invalid, why)).await;
        }
        let is_untold = known.iter().any(|known| known.due == due && known.reason.is_none());
        if self.attending.len() >= self.at_once {
            let told = "other drills of schedules run, as many at once as are allowed";
            return if is_untold { self.hinder(name, due, &Hindrance::new(MissReason::Lock, told)).await } else { Ok(()) };
        }
        let approvals = match hindered(&self.replica.running, schedule).await {
            Ok(approvals) => approvals,
            Err(hindrance) => return self.hinder(name, due, &hindrance).await,
        };
        let Some(busy) = self.replica.busy_with(name, due) else { return Ok(()) };
        let Some(claim) = store.claim(name, due, end, &self.replica.name, self.replica.lease).await? else { return Ok(()) };
        let (replica, schedule) = (self.replica.clone(), schedule.clone());
        self.attending.spawn(Attended { replica, claim, schedule, wanted_late, end, approvals, _busy: busy }.run());
        Ok(())
    }

    async fn hinder(&self, schedule: &str, due: DateTime<Utc>, hindrance: &Hindrance) -> Result<(), StoreError> {
        if self.replica.store.stands_in_the_way(schedule, due, hindrance.reason, &hindrance.told).await? {
            self.replica.tell(format!("{}: does not begin yet: {}", named(schedule, due), hindrance.told));
        }
        Ok(())
    }

    async fn close(&self, schedule: &str, due: DateTime<Utc>, close: OccurrenceClose) -> Result<(), StoreError> {
        let name = named(schedule, due);
        if self.replica.store.close_waiting(schedule, due, &close).await? {
            self.replica.tell(format!("{name}: {}", ended(close.end, close.reason, &close.told)));
        }
        Ok(())
    }

    fn tell_entered(&self, new: &Occurrence) {
        if let Some(end) = new.end.filter(|_| new.state == OccurrenceState::Over) {
            self.replica.tell(format!("{}: {}", named(&new.schedule, new.due), ended(end, new.reason, &new.told)));
        }
    }

    /// What begins next. When a schedule is due is reckoned again once that has passed, or it has changed.
    fn next(&mut self, in_sight: &[InSight], now: DateTime<Utc>) -> Option<(String, DateTime<Utc>)> {
        self.next.retain(|name, _| in_sight.iter().any(|each| each.schedule.name == *name));
        for each in in_sight {
            let schedule = &each.schedule;
            let is_known = self.next.get(&schedule.name).is_some_and(|(same, next)| same == schedule && next.is_none_or(|next| next > now));
            if !is_known {
                let jitter = TimeDelta::from_std(jitter_of(schedule).std()).unwrap_or_default();
                let next = next_due(schedule, now - jitter).map(|due| due + jitter);
                self.next.insert(schedule.name.clone(), (schedule.clone(), next));
            }
        }
        let all = self.next.iter().filter_map(|(name, (_, next))| Some((name.clone(), (*next)?)));
        all.min_by(|left, right| left.1.cmp(&right.1))
    }
}

/// Whether somebody said that it is to run, though its window has passed.
fn is_wanted_late(known: &Occurrence) -> bool {
    known.state == OccurrenceState::Due && known.end == Some(OccurrenceEnd::Late)
}

/// How it ended, for people.
fn ended(end: OccurrenceEnd, reason: Option<MissReason>, told: &str) -> String {
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    if told.is_empty() { format!("{end}{reason}") } else { format!("{end}{reason}: {told}") }
}

/// The schedules that are looked at: those of the files and, where a file cannot be read, those that were seen before.
fn in_sight(read: &ReadSchedules, seen: &[SeenSchedule], now: DateTime<Utc>) -> Vec<InSight> {
    let mut found = Vec::new();
    for seen in seen {
        let here = read.schedules.iter().find(|here| here.name == seen.name);
        let invalid = if here.is_none() { read.problems.first().cloned() } else { None };
        let schedule = match (here, &invalid) {
            (Some(here), _) => Some(here.clone()),
            (None, Some(_)) => seen.schedule.clone(),
            (None, None) => None,
        };
        let since = seen.since.min(now);
        found.extend(schedule.map(|schedule| InSight { schedule, since, looked: seen.looked, invalid }));
    }
    found
}

/// From when on occurrences matter that are over.
fn oldest(in_sight: &[InSight], now: DateTime<Utc>) -> DateTime<Utc> {
    let of = |each: &InSight| {
        let span = TimeDelta::from_std(each.schedule.window.std() + each.schedule.jitter.std()).unwrap_or_default();
        each.looked.unwrap_or(each.since).min(now) - span - TimeDelta::hours(1)
    };
    in_sight.iter().map(of).min().unwrap_or(now)
}
