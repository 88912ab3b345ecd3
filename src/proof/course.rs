//! What the history of one drill shows of how it went while something was broken: whom requests were asked of and how that ended, how long users
//! waited, and which steps were done.
//!
//! What this file does not do: judge. The verdict is made as for any drill (`exercise`).

use crate::history::{Event, KeyStanding, Outcome, Phase, ReadError, Reader, RequestDone, Served, Stamped};
use crate::model::Objectives;
use crate::run_folder::{HistoryInput, history_in};
use crate::units::Fingerprint;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// What was asked of one provider while something was broken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AskedOf {
    /// Attempts.
    pub(super) attempts: u64,
    /// Of these the ones that were answered whole and well.
    pub(super) good: u64,
    /// Of these the ones that were refused for their key: a 401 or a 403.
    pub(super) refused: u64,
    /// Nanoseconds that each took, in order.
    took: Vec<u64>,
}

impl AskedOf {
    /// Nanoseconds that half of them took no longer than.
    pub(super) fn median(&self) -> u64 {
        middle(&self.took)
    }
}

/// How a drill went while something was broken.
#[derive(Debug, Clone, Default)]
pub(super) struct DrillCourse {
    /// By the names of providers; whom nobody asked is not here.
    asked: BTreeMap<String, AskedOf>,
    /// Those that serve first.
    primaries: Vec<String>,
    /// The steps that began, by their names.
    pub(super) steps: BTreeSet<String>,
    /// What was said last to a key that was revoked before.
    pub(super) revoked_key: Option<KeyStanding>,
    /// Requests that were due while something was broken.
    pub(super) due: u64,
    /// Of these the ones that were not answered well.
    pub(super) bad: u64,
    /// Nanoseconds that each of those waited which waited longer than any did before.
    waits: Vec<u64>,
    /// Those among the requests of the fault's last third that waited so, or were asked in vain of one that serves first.
    pub(super) late_of_last: u64,
    /// How many those of the last third are.
    pub(super) last: u64,
}

impl DrillCourse {
    /// Of the drill in a folder.
    pub(super) fn of(folder: &Path) -> Result<Self, ReadError> {
        let mut reader = Reader::new(BufReader::new(HistoryInput::new(File::open(history_in(folder))?)));
        let mut fold = CourseFold::default();
        while let Some(stamped) = reader.next_event()? {
            fold.apply(&stamped);
        }
        Ok(fold.finish())
    }

    /// What was asked of a provider.
    pub(super) fn of_provider(&self, name: &str) -> AskedOf {
        self.asked.get(name).cloned().unwrap_or_default()
    }

    /// What was asked of all that do not serve first.
    pub(super) fn of_standbys(&self) -> AskedOf {
        let mut all = AskedOf::default();
        for (_, each) in self.asked.iter().filter(|(name, _)| !self.primaries.contains(name)) {
            all.attempts += each.attempts;
            all.good += each.good;
            all.refused += each.refused;
            all.took.extend(&each.took);
        }
        all.took.sort_unstable();
        all
    }

    /// Nanoseconds that those waited who waited longer than before, half of them no longer; 0 where nobody did.
    pub(super) fn wait(&self) -> u64 {
        middle(&self.waits)
    }

    /// How many did.
    pub(super) fn waited(&self) -> u64 {
        self.waits.len() as u64
    }
}

fn middle(sorted: &[u64]) -> u64 {
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

/// A request of the traffic, as far as is asked here.
struct EndedRequest {
    id: u64,
    due: u64,
    /// From `due` to the moment that the service level counts, or to its end where there was none.
    moment: u64,
    good: bool,
}

#[derive(Default)]
struct CourseFold {
    objectives: Objectives,
    primaries: Vec<String>,
    from: Option<u64>,
    until: Option<u64>,
    seen: Vec<(Option<u64>, String, u64, Served)>,
    requests: Vec<EndedRequest>,
    steps: BTreeSet<String>,
    /// The first fault on one that serves first: its place, and when it began.
    broken: Option<(u32, u64)>,
    /// When that ended.
    mended: Option<u64>,
    revoked: Vec<Fingerprint>,
    revoked_key: Option<KeyStanding>,
}

impl CourseFold {
    fn apply(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::Started(started) => {
                let leading = started.plan.workloads.leading();
                self.objectives = leading.objectives;
                self.primaries = leading.service.primaries().to_vec();
            }
            Event::Phase(phase) if phase.name == Phase::Fault => self.from = Some(stamped.t),
            Event::Phase(phase) if phase.name == Phase::Watch => self.until = Some(stamped.t),
            // Where it was stopped there is no watch.
            Event::Phase(phase) if phase.name == Phase::Draining => self.until = self.until.or(Some(stamped.t)),
            Event::Served(served) => self.seen.push((served.id, served.by.to_string(), served.at, served.clone())),
            Event::Request(done) => self.request(done),
            Event::FaultConfirmed(fault) if self.broken.is_none() && self.primaries.contains(&fault.on) => {
                self.broken = Some((fault.fault, fault.lo));
            }
            Event::FaultHealed(fault) if self.broken.is_some_and(|(place, _)| place == fault.fault) => self.mended = Some(fault.lo),
            Event::KeyRevoked(revoked) => self.revoked.push(revoked.key),
            Event::KeyProbed(probed) if self.revoked.contains(&probed.key) => self.revoked_key = Some(probed.standing),
            Event::StepStarted(step) => drop(self.steps.insert(step.name.clone())),
            _ => {}
        }
    }

    fn request(&mut self, done: &RequestDone) {
        let moment = if done.outcome == Outcome::Ok { done.moment(&self.objectives) } else { done.done };
        self.requests.push(EndedRequest { id: done.id, due: done.due, moment, good: done.is_good(&self.objectives) });
    }

    fn finish(self) -> DrillCourse {
        let from = self.from.unwrap_or(u64::MAX);
        let until = self.until.unwrap_or(u64::MAX);
        let within = |moment: u64| (from..until).contains(&moment);
        let usual = self.requests.iter().filter(|request| request.due + request.moment < from).map(|request| request.moment).max();
        // What is a little longer than before may be chance.
        let usual = usual.map_or(0, |usual| usual + usual / 4);
        let (primaries, steps, revoked_key) = (self.primaries, self.steps, self.revoked_key);
        let mut course = DrillCourse { primaries, steps, revoked_key, ..DrillCourse::default() };
        let mut of_primaries = BTreeSet::new();
        for (id, by, at, served) in self.seen.into_iter().filter(|(id, ..)| id.is_some()) {
            if !within(at) {
                continue;
            }
            // Whoever serves again answers.
            if course.primaries.contains(&by) && !served.completed() {
                of_primaries.extend(id);
            }
            let asked = course.asked.entry(by).or_default();
            asked.attempts += 1;
            asked.good += u64::from(served.completed());
            asked.refused += u64::from(matches!(served.status, 401 | 403));
            asked.took.push(served.took);
        }
        course.asked.values_mut().for_each(|asked| asked.took.sort_unstable());
        let begun = self.broken.map_or(from, |(_, lo)| lo);
        let over = self.mended.unwrap_or(until);
        let third = begun.saturating_add(over.saturating_sub(begun) / 3 * 2);
        for request in self.requests.iter().filter(|request| within(request.due)) {
            course.due += 1;
            course.bad += u64::from(!request.good);
            let waited = request.moment > usual;
            if waited {
                course.waits.push(request.moment);
            }
            if (third..over).contains(&request.due) {
                course.last += 1;
                course.late_of_last += u64::from(waited || of_primaries.contains(&request.id));
            }
        }
        course.waits.sort_unstable();
        course
    }
}
