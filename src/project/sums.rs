//! Whether the numbers of a drill can hold together at all, and whether providers keep by themselves what is promised.
//!
//! Each sum one of whose terms is a placeholder is left out.

use super::cross::service_of;
use super::document::SourceDocument;
use super::finding::Finding;
use super::opened_project::{Project, ScenarioWithRunbook};
use super::workload::RawWorkload;
use super::{asked, chance, doubts, load_steps};
use crate::model::{ActsOn, Arrivals, DrillPlan, Fault, Gate, NamedWorkload, Objectives, Ramp, Taken};
use crate::units::{Duration, Rate};

/// The shortest hold that means anything.
const HOLD_MIN: Duration = Duration::from_secs(5);

/// A workload of a scenario, with the terms of the sums that a check does about it and whether each is known.
pub(super) struct WorkloadSums<'a> {
    project: &'a Project,
    document: &'a SourceDocument,
    pub(super) plan: &'a DrillPlan,
    pub(super) named: &'a NamedWorkload,
    told: &'a RawWorkload,
    /// True where the scenario's own objectives are its.
    watched: bool,
}

impl WorkloadSums<'_> {
    /// Those of each workload that is judged.
    pub(super) fn of<'a>(project: &'a Project, story: &'a ScenarioWithRunbook, plan: &'a DrillPlan) -> Vec<WorkloadSums<'a>> {
        let file = &story.scenario;
        let terms = |(told, named): (&'a RawWorkload, &'a NamedWorkload)| WorkloadSums {
            project,
            document: &file.document,
            plan,
            named,
            told,
            watched: service_of(told, &file.scenario) == file.scenario.service,
        };
        file.workloads.iter().zip(&plan.workloads).filter(|(told, _)| told.judged).map(terms).collect()
    }

    /// Every place where an objective may be stated, the one that wins first.
    fn places<'a>(&'a self, keys: &[&'a str]) -> Vec<(&'a SourceDocument, Vec<&'a str>)> {
        let mut places = Vec::new();
        if self.told.path.len() > 1 {
            places.push((self.document, self.told.at(&["objectives"])));
        }
        if self.watched {
            places.push((self.document, vec!["objectives"]));
        }
        places.push((&self.project.document, vec!["services", &self.named.service_name, "objectives"]));
        places.iter_mut().for_each(|(_, path)| path.extend(keys));
        places
    }

    /// Where it is stated.
    fn stated<'a>(&'a self, key: &'a str) -> Option<(&'a SourceDocument, Vec<&'a str>)> {
        self.places(&[key]).into_iter().find(|(document, path)| document.has(path))
    }

    /// True unless the objective was written and could not be read.
    pub(super) fn sound(&self, key: &str) -> bool {
        let everywhere = || self.places(&[key]).iter().all(|(document, path)| document.sound(path));
        self.stated(key).map_or_else(everywhere, |(document, path)| document.sound(&path))
    }

    /// True unless a value of the traffic was written and could not be read.
    fn traffic_sound(&self, key: &str) -> bool {
        self.document.sound(&self.told.at(&[key]))
    }

    /// Words that tell whose something is, where there are several.
    fn whose(&self) -> String {
        if self.told.path.len() > 1 { format!(" of `{}`", self.told.name) } else { String::new() }
    }

    /// Where it says how fast requests come.
    fn pace(&self) -> Vec<&str> {
        self.told.pace()
    }

    /// The largest gap between two of its requests, as far as it is known without a seed.
    fn gap_expected(&self) -> Duration {
        self.named.workload.gap_expected(self.plan.scenario.timeline.total())
    }

    /// Where an objective that is stated nowhere is missed.
    fn nowhere(&self) -> Vec<&str> {
        if self.told.path.len() > 1 { self.told.at(&["workload"]) } else { vec!["scenario"] }
    }

    /// An error at an objective: where it is stated, else at the name of who lacks it.
    pub(super) fn error(&self, key: &str, message: impl AsRef<str>, hint: impl AsRef<str>) -> Finding {
        let (document, path) = self.stated(key).unwrap_or_else(|| (self.document, self.nowhere()));
        document.error(&path, message, hint)
    }
}

/// Whether the numbers can hold together, wherever the drill runs.
pub(super) fn sums(project: &Project, story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let mut found = asked::anywhere(project, story);
    for finding in WorkloadSums::of(project, story, plan).iter().flat_map(|terms| sums_of(story, terms)) {
        // What ails a shared objective ails every workload that it is held against, and is said once.
        if !found.contains(&finding) {
            found.push(finding);
        }
    }
    found
}

fn sums_of(story: &ScenarioWithRunbook, terms: &WorkloadSums<'_>) -> Vec<Finding> {
    let (document, plan, named, mut found) = (terms.document, terms.plan, terms.named, Vec::new());
    let rate_known = match &terms.told.played {
        Some(_) => terms.told.workload.trace.is_some(),
        None => document.has(&terms.told.at(&["rate"])) && ["rate", "arrivals", "bursts"].iter().all(|key| terms.traffic_sound(key)),
    };
    let objectives = &named.objectives;
    let slo = objectives.slo;
    let slo_known = terms.sound("slo") && slo_sound(terms);
    if terms.stated("rto").is_none() && terms.sound("rto") {
        let (this, its) = if terms.told.path.len() > 1 { ("this workload", "it") } else { ("this scenario", "the scenario") };
        let hint = format!("add `objectives: {{rto: 30s}}` to {its}, or to the service `{}`", named.service_name);
        found.push(document.error(&terms.nowhere(), format!("neither {this} nor its service declares an RTO"), hint));
    } else if terms.sound("rto") {
        found.extend(against_rto(story, terms, rate_known && slo_known));
    }
    let gap = terms.gap_expected();
    let hold = objectives.hold;
    if terms.sound("stable_for") {
        let least = if rate_known { HOLD_MIN.max(gap.times(5)) } else { HOLD_MIN };
        if hold < least {
            let why = if least > HOLD_MIN { "5 gaps between requests, which is " } else { "" };
            let message = format!("a hold of {hold} proves little; the least is {why}{}", rounded_up(least));
            found.push(terms.error("stable_for", message, format!("write `stable_for: {}`", rounded_up(least).typed())));
        }
    }
    let deadline = objectives.deadline;
    if deadline < slo && slo_known && terms.sound("deadline") {
        let message = format!("the client gives up after {deadline}, before the service level of {slo} is missed");
        found.push(terms.error("deadline", message, format!("write `deadline: {}` or longer", slo.typed())));
    }
    let baseline = plan.scenario.timeline.baseline;
    let (requests, baseline_min) = (named.workload.requests_least(baseline), u64::from(objectives.baseline_min));
    if rate_known && document.sound(&["timeline", "baseline"]) && document.has(&["timeline"]) && requests < baseline_min {
        let few = if named.workload.arrivals == Arrivals::Poisson { "perhaps no more than " } else { "" };
        let message =
            format!("a baseline of {few}{requests} requests{} is too short; at least {baseline_min} requests are needed", terms.whose());
        let hint = baseline_needed(named).map_or_else(
            || "raise the rate, for no baseline is long enough".into(),
            |needed| format!("write `baseline: {}` or longer", needed.typed()),
        );
        found.push(document.error(&["timeline", "baseline"], message, hint));
    }
    if objectives.gate == Gate::Cutover && named.service.standbys().is_empty() {
        let broken = |name: &String| plan.scenario.timeline.faults.iter().any(|fault| fault.on == *name);
        let message = match (named.service.shares(), named.service.primaries().iter().all(broken)) {
            (false, _) => Some(format!("`{}` has one provider, so there is nothing to cut over to", named.service_name)),
            (true, true) => {
                Some(format!("every provider that shares the load of `{}` is broken, so it can move nowhere", named.service_name))
            }
            (true, false) => None,
        };
        found
            .extend(message.map(|message| document.error(&["service"], message, "add a standby to the service, or write `gate: restore`")));
    }
    found.extend(failback(terms).into_iter().chain(climb(terms)));
    found.extend(rescued(terms));
    found.extend(rescued_unseen(terms));
    found
}

/// A climb that can show nothing.
fn climb(terms: &WorkloadSums<'_>) -> Vec<Finding> {
    let path: Vec<&str> = terms.told.path.iter().map(String::as_str).collect();
    load_steps::sums(terms.document, terms.plan, terms.named, &path)
}

/// The shortest baseline that has enough requests.
fn baseline_needed(named: &NamedWorkload) -> Option<Duration> {
    const LONGEST: u64 = 24 * 3_600_000;
    let is_enough = |millis: u64| named.workload.requests_least(Duration::from_millis(millis)) >= u64::from(named.objectives.baseline_min);
    let (mut few, mut enough) = (0, LONGEST);
    if !is_enough(enough) {
        return None;
    }
    while enough - few > 1 {
        let middle = few.midpoint(enough);
        if is_enough(middle) { enough = middle } else { few = middle }
    }
    Some(rounded_up(Duration::from_millis(enough)))
}

/// `slo` is a map, and an error in it stands at its value.
fn slo_sound(terms: &WorkloadSums<'_>) -> bool {
    let sound = |moment| terms.places(&["slo", moment]).iter().all(|(document, path)| document.sound(path));
    ["first_token", "complete"].into_iter().all(sound)
}

/// What must fit into the RTO or cover it.
fn against_rto(story: &ScenarioWithRunbook, terms: &WorkloadSums<'_>, traffic_known: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(too_few_requests(terms).filter(|_| traffic_known));
    found.extend(broken_too_briefly(story, terms));
    found.extend(too_slow_a_runbook(story, terms));
    found
}

/// Requests so far apart, or a service level so long, that nothing of the RTO is left to measure.
fn too_few_requests(terms: &WorkloadSums<'_>) -> Option<Finding> {
    let (named, gap) = (terms.named, terms.gap_expected());
    let Objectives { rto, slo, .. } = named.objectives;
    if gap.plus(slo) < rto {
        return None;
    }
    let message = if slo >= rto {
        format!("a service level of {slo} leaves nothing of an RTO of {rto}")
    } else {
        let gap = rounded_up(gap);
        format!("too few requests to measure an RTO of {rto}: a gap of {gap} and the service level of {slo} leave nothing of it")
    };
    let traffic = &named.workload;
    let hint = match rate_that_resolves(terms, rto, slo) {
        Some(_) if traffic.trace.is_some() => {
            "put steady probes first, and the trace beside them with `judged: false`; or play it faster with `speed:`".into()
        }
        Some(rate) if !traffic.ramp.is_empty() => format!("let the ramp stay above {rate}, or declare a longer RTO"),
        Some(rate) => format!("write `rate: {rate}`, or a longer RTO"),
        None => format!(
            "write a service level well below {rto}, for example `slo: {{first_token: {}}}`",
            Duration::from_nanos(rto.as_nanos() / 4).typed()
        ),
    };
    Some(if slo < rto { terms.document.error(&terms.pace(), message, hint) } else { terms.error("slo", message, hint) })
}

/// Faults on the primary that end before a recovery within the RTO could be proven.
fn broken_too_briefly(story: &ScenarioWithRunbook, terms: &WorkloadSums<'_>) -> Option<Finding> {
    let (document, plan, named) = (terms.document, terms.plan, terms.named);
    let Objectives { rto, hold, .. } = named.objectives;
    let primaries = named.service.primaries();
    let on_primary: Vec<_> =
        plan.scenario.timeline.faults.iter().zip(&story.scenario.order).filter(|(fault, _)| primaries.contains(&fault.on)).collect();
    let lengths_known = on_primary.iter().all(|(_, place)| {
        ["at", "for"].iter().all(|key| document.sound(&["timeline", "faults", place, key]))
            && document.has(&["timeline", "faults", place, "for"])
    });
    let only_rotates = plan.only_rotates();
    if let Some((last, place)) = on_primary.iter().filter(|_| !only_rotates).max_by_key(|(fault, _)| fault.at.plus(fault.length))
        && lengths_known
        && terms.sound("stable_for")
    {
        let begin = on_primary.iter().map(|(fault, _)| fault.at).min().unwrap_or_default();
        let end = last.at.plus(last.length);
        let broken = Duration::from_nanos(end.as_nanos().saturating_sub(begin.as_nanos()));
        let needed = rto.plus(hold);
        if broken < needed {
            let longer = Duration::from_nanos(last.length.as_nanos() + needed.as_nanos() - broken.as_nanos());
            let whose = terms.whose();
            let message =
                format!("the primary is broken for {broken}, shorter than the RTO of {rto} and the hold of {hold}{whose} together");
            return Some(document.error(
                &["timeline", "faults", place, "for"],
                message,
                format!("write `for: {}` or longer", longer.typed()),
            ));
        }
    }
    None
}

/// A runbook whose steps or people are slower than the RTO.
fn too_slow_a_runbook(story: &ScenarioWithRunbook, terms: &WorkloadSums<'_>) -> Vec<Finding> {
    let Some(file) = &story.runbook else { return Vec::new() };
    let (document, plan, rto) = (terms.document, terms.plan, terms.named.objectives.rto);
    let mut found: Vec<Finding> = Vec::new();
    found.extend(doubts::slow_people(file, rto, &plan.scenario.name));
    let takes = doubts::expected(&file.runbook);
    if takes > rto {
        let name = &file.runbook.name;
        let message =
            format!("the steps of `{name}` are expected to take {takes}, longer than the RTO of {rto} in `{}`", plan.scenario.name);
        let hint = "shorten the runbook, let steps run in parallel, or promise less";
        found.push(document.error(&["runbook"], message, hint).warning());
    }
    for (index, escalation) in file.runbook.escalate.iter().enumerate().filter(|(_, escalation)| escalation.after > rto) {
        let message =
            format!("`{}` is told after {}, later than the RTO of {rto} in `{}`", escalation.to, escalation.after, plan.scenario.name);
        let path = ["escalate", &index.to_string(), "after"];
        found.push(file.document.error(&path, message, format!("write `after: {}` or sooner", rto.typed())).warning());
    }
    found
}

/// A rate that leaves room for a gap below RTO − SLO.
fn rate_that_resolves(terms: &WorkloadSums<'_>, rto: Duration, slo: Duration) -> Option<Rate> {
    let room = rto.as_nanos().checked_sub(slo.as_nanos()).filter(|room| *room > 0)?;
    let (mut wider, total) = (terms.named.workload.clone(), terms.plan.scenario.timeline.total());
    (wider.ramp, wider.trace) = (Ramp::default(), None);
    let mut rate = (wider.rate.as_per_second() * wider.gap_expected(total).as_nanos() as f64 / room as f64).ceil();
    // Poisson gaps shrink a little slower than the rate grows, so the first guess may fall short.
    while rate <= 1e6 {
        wider.rate = Rate::per_second(rate)?;
        if wider.gap_expected(total).as_nanos() < room {
            return Some(wider.rate);
        }
        rate = (rate * 1.2).ceil();
    }
    None
}

/// A limit on rescued requests that begins when the fault is over.
fn rescued(terms: &WorkloadSums<'_>) -> Option<Finding> {
    let (after, lasts) = (terms.named.objectives.rescued?.after, terms.plan.scenario.timeline.disruption());
    (terms.sound("rescued") && terms.document.sound(&["timeline"]) && terms.document.has(&["timeline"]) && after >= lasts).then(|| {
        let message = format!("the faults last {lasts}, so no request is due {after} after them that they could take");
        terms.error("rescued", message, "write a shorter `after`, or lengthen the fault's `for`")
    })
}

/// A limit on rescued requests under a fault that leaves nothing to see of those that it takes.
fn rescued_unseen(terms: &WorkloadSums<'_>) -> Option<Finding> {
    terms.named.objectives.rescued.filter(|_| terms.sound("rescued"))?;
    let leaves_nothing = |fault: &Fault| matches!(fault.kind().acts_on, ActsOn::Connections(Taken::Refused | Taken::Closed));
    let primaries = terms.named.service.primaries();
    let mut faults = terms.plan.scenario.timeline.faults.iter().filter(|planned| primaries.contains(&planned.on));
    let word = faults.find(|planned| leaves_nothing(&planned.fault))?.fault.word();
    let message = format!("`{word}` takes connections before they carry a request, so no proxy sees who was asked first and rescued");
    let hint = "use `{status: {code: 503}}`, `stall` or `blackhole`; else this objective will hardly be met or missed";
    Some(terms.error("rescued", message, hint).warning())
}

/// A failback that the drill does not last long enough to see.
fn failback(terms: &WorkloadSums<'_>) -> Option<Finding> {
    let timeline = &terms.plan.scenario.timeline;
    let (failback, hold) = (terms.named.objectives.failback?, terms.named.objectives.hold);
    if !(terms.sound("failback")
        && terms.sound("stable_for")
        && terms.document.sound(&["timeline", "watch"])
        && terms.document.has(&["timeline"]))
    {
        return None;
    }
    let needed = failback.plus(hold);
    if timeline.watch == Duration::ZERO {
        return Some(terms.error(
            "failback",
            "there is a failback objective, and nothing is watched after the faults",
            format!("write `watch: {}`", needed.typed()),
        ));
    }
    let late = timeline.watch < needed;
    late.then(|| {
        let message = format!("a failback of {failback} that holds for {hold} does not end within the {} that are watched", timeline.watch);
        terms.document.error(&["timeline", "watch"], message, format!("write `watch: {}` or longer", needed.typed())).warning()
    })
}

/// Promises that providers break by themselves where the drill runs.
pub(super) fn chances(project: &Project, story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for finding in WorkloadSums::of(project, story, plan).iter().filter_map(by_chance) {
        if !found.contains(&finding) {
            found.push(finding);
        }
    }
    found
}

/// A promise that providers break by themselves, as far as their times are known.
fn by_chance(terms: &WorkloadSums<'_>) -> Option<Finding> {
    let plan = terms.plan;
    let sound = ["success", "slo", "stable_for", "deadline"].into_iter().all(|key| terms.sound(key)) && slo_sound(terms);
    if !sound || plan.scenario.timeline.faults.is_empty() || !terms.document.sound(&terms.pace()) {
        return None;
    }
    let stated = |name: &str| plan.environment.embedded || terms.project.document.has(&["providers", name, "simulation"]);
    let (message, hint) = chance::doubt(terms.named, plan, stated, &terms.whose())?;
    Some(terms.error("success", message, hint).warning())
}

/// A length of time as a person would write it: up to the next millisecond, above a second to the next tenth.
fn rounded_up(time: Duration) -> Duration {
    let step: u64 = if time < Duration::from_secs(1) { 1_000_000 } else { 100_000_000 };
    Duration::from_nanos(time.as_nanos().div_ceil(step).saturating_mul(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_as_people_write_them() {
        assert_eq!(rounded_up(Duration::from_nanos(40_000_001)), Duration::from_millis(41));
        assert_eq!(rounded_up(Duration::from_nanos(5_000_000_001)).to_string(), "5.1 s");
    }
}
