//! What only shows when inventory, scenario, runbook and environment are laid side by side.
//!
//! `names` asks whether what is named is declared, and runs on whatever could be read. `sums` asks whether the numbers can
//! hold together at all, and leaves out each sum one of whose terms is a placeholder. `environment` asks what depends on where
//! the drill runs.

use super::chance::{self, BEARABLE, Chance};
use super::document::Document;
use super::doubts;
use super::finding::Finding;
use super::project::{Project, Story};
use super::workload::Told;
use super::{asked, inventory, rotation, variable};
use crate::model::{Action, Dialect, DrillPlan, Fault, Gate, KeySource, NamedWorkload, PlannedFault, Ramp, Runbook, Scenario, Service};
use crate::units::{Duration, Rate};

/// Requests that a baseline needs before it says anything.
const BASELINE_MIN: f64 = 20.0;
/// The shortest hold that means anything.
const HOLD_MIN: Duration = Duration::from_secs(5);

/// Names that the scenario uses and the inventory does not declare; faults that touch nobody or one another.
pub(super) fn names(project: &Project, story: &Story) -> Vec<Finding> {
    let mut found = Vec::new();
    let (file, document) = (&story.scenario, &story.scenario.document);
    let scenario = &file.scenario;
    if !scenario.service.is_empty() {
        found.extend(inventory::unknown(document, &["service"], &scenario.service, "a service", &project.inventory.services));
    }
    for told in &file.workloads {
        found.extend(variable::unknown_in(document, &told.at(&["headers"]), &variable::Known::outside(&project.inventory.providers)));
        if let Some(name) = &told.service {
            found.extend(inventory::unknown(document, &told.at(&["service"]), name, "a service", &project.inventory.services));
        }
    }
    if let Some(other) = file.workloads[0].service.as_ref().filter(|other| **other != scenario.service && !scenario.service.is_empty()) {
        let message = format!("the first workload asks `{other}`, and the scenario watches `{}`", scenario.service);
        found.push(document.error(&["traffic", "0", "service"], message, "put a workload first that asks the scenario's service"));
    }
    // The service of each workload, where all of its providers can be told.
    let served = |told: &Told| {
        let service = project.inventory.services.get(service_of(told, scenario));
        service.filter(|service| !service.providers.iter().any(String::is_empty))
    };
    let services: Option<Vec<&Service>> = file.workloads.iter().map(served).collect();
    for (index, (fault, place)) in scenario.timeline.faults.iter().zip(&file.order).enumerate() {
        let at = |key: &'static str| ["timeline", "faults", place.as_str(), key];
        if !fault.on.is_empty() {
            found.extend(inventory::unknown(document, &at("on"), &fault.on, "a provider", &project.inventory.providers));
        }
        if let (Some(services), Some(provider)) = (&services, project.inventory.providers.get(&fault.on)) {
            if !services.iter().any(|service| service.providers.contains(&fault.on)) {
                let message = format!("`{}` does not use `{}`, so this fault will touch nobody", scenario.service, fault.on);
                found.push(document.error(&at("on"), message, format!("break `{}`, its primary", services[0].primary())).warning());
            }
            if provider.dialect == Dialect::Tcp && fault.fault.needs_http() {
                let message =
                    format!("the fault `{}` acts on requests, and the proxy of `{}` sees bytes only", fault.fault.word(), fault.on);
                found.push(document.error(
                    &at("fault"),
                    message,
                    "use refuse, blackhole, reset, latency or bandwidth, or give the provider an HTTP dialect",
                ));
            }
            if provider.dialect == Dialect::Bedrock && fault.fault == Fault::WrongModel {
                let message = format!("`{}` speaks Bedrock's dialect, whose answers name no model that could be wrong", fault.on);
                found.push(document.error(&at("fault"), message, "break another provider so, or use `corrupt`"));
            }
        }
        // What breaks a provider and what is done to its key are two things that may well come together.
        let alike = |earlier: &PlannedFault| earlier.fault.of_credential().is_some() == fault.fault.of_credential().is_some();
        let earlier = scenario.timeline.faults[..index]
            .iter()
            .find(|earlier| earlier.on == fault.on && !fault.on.is_empty() && alike(earlier) && fault.at < earlier.at.plus(earlier.length));
        if let Some(earlier) = earlier.filter(|_| document.sound(&at("at"))) {
            let end = earlier.at.plus(earlier.length);
            let message = format!("the fault before it on `{}` lasts until {end}", fault.on);
            found.push(document.error(&at("at"), message, format!("let this one begin at `{end}` or later, or shorten the other")));
        }
    }
    if let (Some(first), Some(place)) = (scenario.timeline.faults.first(), file.order.first())
        && first.at > Duration::ZERO
    {
        let message = format!("the first fault begins at {}, but zero is the moment of the first fault", first.at);
        found.push(document.error(
            &["timeline", "faults", place, "at"],
            message,
            "write `at: 0s`, and a longer `baseline` if more calm is wanted",
        ));
    }
    for (told, service) in file.workloads.iter().zip(services.iter().flatten()) {
        found.extend(inventory::residency(document, &told.at(&["objectives", "residency"]), service, &project.inventory));
        let broken = scenario.timeline.faults.iter().any(|fault| service.providers.contains(&fault.on));
        if file.workloads.len() > 1 && told.judged && !broken && !scenario.timeline.faults.is_empty() {
            let message = format!("no fault breaks a provider of `{}`, so `{}` proves nothing", service_of(told, scenario), told.name);
            let hint = "write `judged: false` for pure load, or break one of its providers too";
            found.push(document.error(&told.at(&["workload"]), message, hint).warning());
        }
    }
    if let Some(service) = services.iter().flatten().next() {
        found.extend(inventory::residency(document, &["objectives", "residency"], service, &project.inventory));
    }
    found
}

/// The service that a workload asks.
fn service_of<'a>(told: &'a Told, scenario: &'a Scenario) -> &'a str {
    told.service.as_deref().unwrap_or(&scenario.service)
}

/// A workload with its service and its objectives: its own, then the scenario's where it asks the scenario's service, then its service's.
fn resolved(project: &Project, scenario: &Scenario, told: &Told, thinned: f64) -> Option<NamedWorkload> {
    let service_name = service_of(told, scenario).to_owned();
    let service = project.inventory.services.get(&service_name).filter(|service| !service.providers.iter().any(String::is_empty))?.clone();
    let mut objectives = told.objectives.clone();
    if service_name == scenario.service {
        objectives = objectives.or(&scenario.objectives);
    }
    let objectives = objectives.or(&service.objectives).or_default();
    let mut workload = if thinned < 1.0 { told.workload.thinned(thinned) } else { told.workload.clone() };
    if !told.bound_given {
        let open = workload.busiest(scenario.timeline.total()) * objectives.deadline.map_or(0.0, Duration::as_secs_f64) * 2.0;
        workload.max_in_flight = open.ceil().clamp(1000.0, f64::from(u32::MAX)) as u32;
    }
    Some(NamedWorkload { name: told.name.clone(), service_name, service, objectives, judged: told.judged, workload })
}

/// The plan of a story, objectives resolved; `None` where a name is not declared. It may still be unsound: ask [`sums`].
pub(super) fn plan(project: &Project, story: &Story, environment_name: &str) -> Option<DrillPlan> {
    let inventory = &project.inventory;
    let mut scenario = story.scenario.scenario.clone();
    let environment = inventory.environments.get(environment_name).cloned().unwrap_or_default();
    let workloads = &story.scenario.workloads;
    let total = scenario.timeline.total();
    let offered: f64 = workloads.iter().map(|told| told.workload.busiest(total)).sum();
    // Every workload gives way alike.
    let thinned = environment.carries.map_or(1.0, |most| (most.as_per_second() / offered).min(1.0));
    let mut workloads = workloads.iter().map(|told| resolved(project, &scenario, told, thinned)).collect::<Option<Vec<_>>>()?;
    let NamedWorkload { name, service, objectives, workload, .. } = workloads.remove(0);
    scenario.objectives = objectives.clone();
    scenario.traffic = workload;
    let runbook = story.runbook.as_ref().map(|file| file.runbook.clone());
    let beside = workloads.iter().flat_map(|other| &other.service.providers);
    let named = service.providers.iter().chain(beside).chain(scenario.timeline.faults.iter().map(|fault| &fault.on));
    let providers: std::collections::BTreeMap<_, _> =
        named.filter_map(|name| Some((name.clone(), inventory.providers.get(name)?.clone()))).collect();
    let rotated = runbook.iter().flat_map(|runbook| &runbook.steps).filter_map(|step| match &step.action {
        Action::Rotate(rotate) => Some(&rotate.credential),
        _ => None,
    });
    let credentials = providers.values().filter_map(|provider| provider.credential.as_ref()).chain(rotated);
    let credentials: std::collections::BTreeMap<_, _> =
        credentials.filter_map(|name| Some((name.clone(), inventory.credentials.get(name)?.clone()))).collect();
    let kept = credentials.values().filter_map(|credential| credential.from.store());
    let clusters = runbook.iter().flat_map(Runbook::clusters).map(String::as_str);
    let needed = kept.map(|(name, _)| name).chain(clusters);
    let stores = needed.filter_map(|name| Some((name.to_owned(), inventory.stores.get(name)?.clone()))).collect();
    let reached = runbook.iter().flat_map(Runbook::reached);
    let contacts = reached.chain(&service.owner).filter_map(|name| Some((name.clone(), inventory.contacts.get(name)?.clone()))).collect();
    Some(DrillPlan {
        prices: std::collections::BTreeMap::new(),
        environment,
        environment_name: environment_name.to_owned(),
        scenario,
        runbook,
        service,
        providers,
        credentials,
        stores,
        contacts,
        mail: inventory.mail.clone(),
        objectives,
        workload: name,
        beside: workloads,
    })
}

/// A workload of a story with the terms of its sums, and whether each is known.
struct Terms<'a> {
    project: &'a Project,
    document: &'a Document,
    /// As if the workload were the only one.
    plan: DrillPlan,
    told: &'a Told,
    /// True where the scenario's own objectives are its.
    watched: bool,
}

impl Terms<'_> {
    /// Those of each workload that is judged.
    fn of<'a>(project: &'a Project, story: &'a Story, plan: &DrillPlan) -> Vec<Terms<'a>> {
        let file = &story.scenario;
        let terms = |(place, told): (usize, &'a Told)| Terms {
            project,
            document: &file.document,
            plan: plan.alone(place),
            told,
            watched: service_of(told, &file.scenario) == file.scenario.service,
        };
        file.workloads.iter().enumerate().filter(|(_, told)| told.judged).map(terms).collect()
    }

    /// Every place where an objective may be stated, the one that wins first.
    fn places<'a>(&'a self, keys: &[&'a str]) -> Vec<(&'a Document, Vec<&'a str>)> {
        let mut places = Vec::new();
        if self.told.path.len() > 1 {
            places.push((self.document, self.told.at(&["objectives"])));
        }
        if self.watched {
            places.push((self.document, vec!["objectives"]));
        }
        places.push((&self.project.document, vec!["services", &self.plan.scenario.service, "objectives"]));
        places.iter_mut().for_each(|(_, path)| path.extend(keys));
        places
    }

    /// Where it is stated.
    fn stated<'a>(&'a self, key: &'a str) -> Option<(&'a Document, Vec<&'a str>)> {
        self.places(&[key]).into_iter().find(|(document, path)| document.has(path))
    }

    /// True unless the objective was written and could not be read.
    fn sound(&self, key: &str) -> bool {
        self.stated(key).map_or(self.project.document.root.is_some(), |(document, path)| document.sound(&path))
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

    /// Where an objective that is stated nowhere is missed.
    fn nowhere(&self) -> Vec<&str> {
        if self.told.path.len() > 1 { self.told.at(&["workload"]) } else { vec!["scenario"] }
    }

    /// An error at an objective: where it is stated, else at the name of who lacks it.
    fn error(&self, key: &str, message: impl AsRef<str>, hint: impl AsRef<str>) -> Finding {
        let (document, path) = self.stated(key).unwrap_or_else(|| (self.document, self.nowhere()));
        document.error(&path, message, hint)
    }
}

/// Whether the numbers can hold together, wherever the drill runs.
pub(super) fn sums(project: &Project, story: &Story, plan: &DrillPlan) -> Vec<Finding> {
    let mut found = asked::anywhere(project, story);
    for finding in Terms::of(project, story, plan).iter().flat_map(|terms| sums_of(story, terms)) {
        // What ails a shared objective ails every workload that it is held against, and is said once.
        if !found.contains(&finding) {
            found.push(finding);
        }
    }
    found
}

fn sums_of(story: &Story, terms: &Terms<'_>) -> Vec<Finding> {
    let (document, plan, mut found) = (terms.document, &terms.plan, Vec::new());
    let rate_known = match &terms.told.played {
        Some(_) => terms.told.workload.trace.is_some(),
        None => document.has(&terms.told.at(&["rate"])) && ["rate", "arrivals", "bursts"].iter().all(|key| terms.traffic_sound(key)),
    };
    let objectives = &plan.objectives;
    let slo = objectives.slo.unwrap_or_default();
    let slo_known = terms.sound("slo") && slo_sound(terms);
    if terms.stated("rto").is_none() && terms.sound("rto") {
        let (this, its) = if terms.told.path.len() > 1 { ("this workload", "it") } else { ("this scenario", "the scenario") };
        let hint = format!("add `objectives: {{rto: 30s}}` to {its}, or to the service `{}`", plan.scenario.service);
        found.push(document.error(&terms.nowhere(), format!("neither {this} nor its service declares an RTO"), hint));
    } else if terms.sound("rto") {
        found.extend(against_rto(story, plan, terms, rate_known && slo_known));
    }
    let gap = plan.gap_expected();
    if let Some(hold) = objectives.stable_for.filter(|_| terms.sound("stable_for")) {
        let least = if rate_known { HOLD_MIN.max(gap.times(5)) } else { HOLD_MIN };
        if hold < least {
            let why = if least > HOLD_MIN { "5 gaps between requests, which is " } else { "" };
            let message = format!("a hold of {hold} proves little; the least is {why}{}", rounded_up(least));
            found.push(terms.error("stable_for", message, format!("write `stable_for: {}`", rounded_up(least))));
        }
    }
    if let Some(deadline) = objectives.deadline.filter(|deadline| *deadline < slo && slo_known && terms.sound("deadline")) {
        let message = format!("the client gives up after {deadline}, before the service level of {slo} is missed");
        found.push(terms.error("deadline", message, format!("write `deadline: {}` or longer", slo.times(2))));
    }
    let baseline = plan.scenario.timeline.baseline;
    let requests = plan.scenario.traffic.requests(baseline);
    if rate_known && document.sound(&["timeline", "baseline"]) && document.has(&["timeline"]) && requests < BASELINE_MIN {
        let needed = rounded_up(Duration::from_nanos((BASELINE_MIN / plan.scenario.traffic.rate.as_per_second() * 1e9) as u64));
        let message = format!("a baseline of {requests:.0} requests{} says nothing; {BASELINE_MIN} are the least", terms.whose());
        found.push(document.error(&["timeline", "baseline"], message, format!("write `baseline: {needed}` or longer")));
    }
    if objectives.gate == Some(Gate::Cutover) && plan.service.standbys().is_empty() {
        let broken = |name: &String| plan.scenario.timeline.faults.iter().any(|fault| fault.on == *name);
        let message = match (plan.service.shares(), plan.service.primaries().iter().all(broken)) {
            (false, _) => Some(format!("`{}` has one provider, so there is nothing to cut over to", plan.scenario.service)),
            (true, true) => {
                Some(format!("every provider that shares the load of `{}` is broken, so it can move nowhere", plan.scenario.service))
            }
            (true, false) => None,
        };
        found
            .extend(message.map(|message| document.error(&["service"], message, "add a standby to the service, or write `gate: restore`")));
    }
    found.extend(failback(terms));
    found.extend(rescued(terms));
    found
}

/// `slo` is a map, and an error in it stands at its value.
fn slo_sound(terms: &Terms<'_>) -> bool {
    let sound = |moment| terms.places(&["slo", moment]).iter().all(|(document, path)| document.sound(path));
    ["first_token", "complete"].into_iter().all(sound)
}

/// What must fit into the RTO or cover it.
fn against_rto(story: &Story, plan: &DrillPlan, terms: &Terms<'_>, traffic_known: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let objectives = &plan.objectives;
    let (Some(rto), Some(slo), Some(hold)) = (objectives.rto, objectives.slo, objectives.stable_for) else { return found };
    let (document, gap) = (terms.document, plan.gap_expected());
    if traffic_known && gap.plus(slo) >= rto {
        let message = format!(
            "the traffic is too thin to resolve an RTO of {rto}: a gap of {} and the service level of {slo} leave nothing of it",
            rounded_up(gap)
        );
        let traffic = &plan.scenario.traffic;
        let hint = match rate_that_resolves(plan, rto, slo) {
            Some(_) if traffic.trace.is_some() => {
                "put steady probes first, and the trace beside them with `judged: false`; or play it faster with `speed:`".into()
            }
            Some(rate) if !traffic.ramp.is_empty() => format!("let the ramp stay above {rate}, or declare a longer RTO"),
            Some(rate) => format!("write `rate: {rate}`, or a longer RTO"),
            None => format!(
                "write a service level well below {rto}, for example `slo: {{first_token: {}}}`",
                Duration::from_nanos(rto.as_nanos() / 4)
            ),
        };
        found.push(if slo < rto { document.error(&terms.pace(), message, hint) } else { terms.error("slo", message, hint) });
    }
    let primaries = plan.service.primaries();
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
            found.push(document.error(&["timeline", "faults", place, "for"], message, format!("write `for: {longer}` or longer")));
        }
    }
    if let Some(file) = &story.runbook {
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
            found.push(file.document.error(&path, message, format!("write `after: {rto}` or sooner")).warning());
        }
    }
    found
}

/// A rate that leaves room for a gap below RTO − SLO.
fn rate_that_resolves(plan: &DrillPlan, rto: Duration, slo: Duration) -> Option<Rate> {
    let room = rto.as_nanos().checked_sub(slo.as_nanos()).filter(|room| *room > 0)?;
    let mut wider = plan.clone();
    (wider.scenario.traffic.ramp, wider.scenario.traffic.trace) = (Ramp::default(), None);
    let mut rate = (wider.scenario.traffic.rate.as_per_second() * wider.gap_expected().as_nanos() as f64 / room as f64).ceil();
    // Poisson gaps shrink a little slower than the rate grows, so the first guess may fall short.
    while rate <= 1e6 {
        wider.scenario.traffic.rate = Rate::per_second(rate)?;
        if wider.gap_expected().as_nanos() < room {
            return Some(wider.scenario.traffic.rate);
        }
        rate = (rate * 1.2).ceil();
    }
    None
}

/// A limit on rescued requests that begins when the fault is over.
fn rescued(terms: &Terms<'_>) -> Option<Finding> {
    let (after, lasts) = (terms.plan.objectives.rescued?.after, terms.plan.scenario.timeline.disruption());
    (terms.sound("rescued") && terms.document.sound(&["timeline"]) && terms.document.has(&["timeline"]) && after >= lasts).then(|| {
        let message = format!("the faults last {lasts}, so no request is due {after} after them that they could take");
        terms.error("rescued", message, "write a shorter `after`, or lengthen the fault's `for`")
    })
}

/// A failback that the drill does not last long enough to see.
fn failback(terms: &Terms<'_>) -> Option<Finding> {
    let timeline = &terms.plan.scenario.timeline;
    let (failback, hold) = terms.plan.objectives.failback.zip(terms.plan.objectives.stable_for)?;
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
            format!("write `watch: {needed}`"),
        ));
    }
    let late = timeline.watch < needed;
    late.then(|| {
        let message = format!("a failback of {failback} that holds for {hold} does not end within the {} that are watched", timeline.watch);
        terms.document.error(&["timeline", "watch"], message, format!("write `watch: {needed}` or longer")).warning()
    })
}

/// What depends on where the drill runs.
pub(super) fn environment(project: &Project, story: &Story, plan: &DrillPlan) -> Vec<Finding> {
    let mut found = asked::here(story, plan);
    let (document, name, place) = (&story.scenario.document, &plan.environment_name, &plan.environment);
    let workloads = plan.workloads();
    let rates_sound = story.scenario.workloads.iter().all(|told| document.sound(&told.pace()));
    let rate_at = if workloads.len() > 1 { vec!["traffic"] } else { story.scenario.workloads[0].pace() };
    let total = plan.scenario.timeline.total();
    let busiest = |each: &NamedWorkload| each.workload.busiest(total);
    let offered = workloads.iter().map(busiest).sum();
    let played: f64 = workloads.iter().filter(|each| each.workload.trace.is_some()).map(busiest).sum();
    if let Some(most) = place.carries.filter(|most| played > most.as_per_second()) {
        let message = format!("the trace has up to {played} requests a second, and the environment `{name}` carries {most}");
        found.push(document.error(&rate_at, message, "a trace is not thinned: play it slower with `speed:`"));
    }
    if let Some((rate, most)) = Rate::per_second(offered).zip(place.allow.max_rate).filter(|(rate, most)| rate > most && rates_sound) {
        let together = if workloads.len() > 1 { " of all workloads together" } else { "" };
        let message = format!("{rate}{together} is more than the {most} that the environment `{name}` allows");
        found.push(document.error(&rate_at, message, format!("write `rate: {most}` or less, or raise `max_rate` in the inventory")));
    }
    if let Some(most) = place.allow.max_requests.filter(|most| plan.requests() > *most && rates_sound) {
        let message = format!("{} requests are more than the {most} that the environment `{name}` allows", plan.requests());
        let hint = "lower the rate, shorten the timeline, or raise `max_requests` in the inventory";
        found.push(document.error(&rate_at, message, hint));
    }
    for (fault, index) in plan.scenario.timeline.faults.iter().zip(&story.scenario.order) {
        let allowed = place.allow.faults_on.as_ref().is_none_or(|allowed| allowed.contains(&fault.on));
        if !allowed && !fault.on.is_empty() {
            let message = format!("the environment `{name}` allows no faults on `{}`", fault.on);
            let hint = "choose another environment with `--env`, or add the provider to `allow: {faults_on: […]}` in the inventory";
            found.push(document.error(&["timeline", "faults", index, "on"], message, hint));
        }
    }
    for (fault, index) in plan.scenario.timeline.faults.iter().zip(&story.scenario.order) {
        let credential = plan.credential_of(&fault.on);
        if matches!(fault.fault, Fault::Revoke { .. }) && !place.embedded && !place.allow.revoke.iter().any(|allowed| allowed == credential)
        {
            let message =
                format!("the environment `{name}` does not allow `{credential}` to be revoked for real, and what is revoked stays so");
            let hint = format!(
                "drill it in the lab; or add `allow: {{revoke: [{credential}]}}` to the environment in the inventory, if a new key can be minted"
            );
            found.push(document.error(&["timeline", "faults", index, "fault"], message, hint));
        }
    }
    for source in plan.written().into_iter().filter(|source| place.embedded && !place.allow.takes(source)) {
        let message = format!("the environment `{name}` does not allow a drill to write into `{source}`, where a real key may be");
        let short = source.to_string();
        let short = short.split('#').next().unwrap_or_default();
        let hint = format!(
            "add `allow: {{stores: [\"{short}\"]}}` to the environment in the inventory: what is there is kept and put back; or take `keys: stores` away"
        );
        found.push(document.error(&["runbook"], message, hint));
    }
    // What the lab makes and keeps itself, it can rotate in every way.
    for file in story.runbook.iter().filter(|_| !place.embedded || place.keys == KeySource::Stores) {
        found.extend(rotation::impossible(file, &project.inventory, !place.embedded));
    }
    let bound = |service: &String| place.services.contains_key(service);
    let imitated = place.embedded && place.start.is_none();
    let reference_gateway = imitated && workloads.iter().any(|each| !bound(&each.service_name));
    let cooldown = place.gateway.breaker.cooldown;
    for terms in Terms::of(project, story, plan).iter().filter(|terms| imitated && !bound(&terms.plan.scenario.service)) {
        if let Some(hold) = terms.plan.objectives.stable_for.filter(|hold| *hold < cooldown.times(2) && terms.sound("stable_for")) {
            let message = format!("a hold of {hold} is shorter than two cooldowns of the breaker in `{name}`, {cooldown} each");
            let finding = terms.error("stable_for", message, format!("write `stable_for: {}`", cooldown.times(2))).warning();
            found.extend(Some(finding).filter(|finding| !found.contains(finding)));
        }
    }
    found.extend(Terms::of(project, story, plan).iter().filter_map(|terms| by_chance(terms)));
    let inventory = &project.document;
    for (id, _) in place.proxies.iter().filter(|(id, binding)| reference_gateway && binding.tls && plan.providers.contains_key(*id)) {
        let hint = "leave it out, or start a gateway of your own with `start:` and give it `${proxy.authority}`";
        let message = format!("the reference gateway of `{name}` trusts no authority of a fault proxy");
        found.push(inventory.error(&["environments", name, "proxies", id, "tls"], message, hint));
    }
    for (fault, index) in plan.scenario.timeline.faults.iter().zip(&story.scenario.order) {
        let on = &fault.on;
        let problem = match fault.fault {
            Fault::Tls { .. } if !place.proxies.get(on).is_some_and(|binding| binding.tls) => Some((
                format!("the fault proxy of `{on}` shows no certificate in the environment `{name}`"),
                format!("add `proxies: {{{on}: {{tls: true}}}}` to it, and let the gateway trust `${{proxy.authority}}`"),
            )),
            Fault::DnsFailure if place.control.is_none() => Some((
                format!("names are looked up by a forward proxy, and the environment `{name}` has none"),
                "start `lifeboat proxy --env … --forward …`, and name its control API under `control:`".into(),
            )),
            _ => None,
        };
        if let Some((message, hint)) = problem {
            found.push(document.error(&["timeline", "faults", index, "fault"], message, hint));
        }
    }
    if let Some(alert) = plan.runbook.as_ref().and_then(Runbook::awaited_alert).filter(|_| place.alerts.is_none()) {
        let message = format!("the runbook waits for the alert `{alert}`, and the environment `{name}` listens for none");
        let hint = "add `alerts: {listen: \"127.0.0.1:9099\"}` to the environment, and let your monitoring post there";
        found.push(story.scenario.document.error(&["runbook"], message, hint));
    }
    let mut unbound: Vec<&String> =
        workloads.iter().map(|each| &each.service_name).filter(|service| !imitated && !bound(service)).collect();
    unbound.dedup();
    for service in unbound {
        let message = format!("the environment `{name}` has no address for the service `{service}`");
        let hint = format!("add `services: {{{service}: {{url: …}}}}` to it");
        found.push(inventory.error(&["environments", name], message, hint));
    }
    if !place.embedded {
        for id in plan.providers.iter().filter(|(_, provider)| provider.base_url.is_none()).map(|(id, _)| id) {
            let message = format!("the provider `{id}` has no `base_url`, and the environment `{name}` does not imitate it");
            found.push(inventory.error(&["providers", id], message, "add `base_url: https://…`"));
        }
    }
    found
}

/// A promise that providers break by themselves, as far as their times are known.
fn by_chance(terms: &Terms<'_>) -> Option<Finding> {
    let plan = &terms.plan;
    let sound = ["success", "slo", "stable_for", "deadline"].into_iter().all(|key| terms.sound(key)) && slo_sound(terms);
    let timeline = &plan.scenario.timeline;
    if !sound || timeline.faults.is_empty() || !terms.document.sound(&terms.pace()) {
        return None;
    }
    let stated = |name: &str| plan.environment.embedded || terms.project.document.has(&["providers", name, "simulation"]);
    let known = |name: &str| plan.providers.get(name).filter(|_| stated(name));
    let alone = plan.workloads().into_iter().next()?;
    let asked = chance::Asked::of(&alone, timeline.baseline, timeline.total(), known)?;
    let Chance { fails, late, requests: [baseline, hold] } = asked.chance();
    if fails <= BEARABLE {
        return None;
    }
    let share = |part: f64| format!("{:.1} %", part * 100.0);
    let message = format!(
        "{} of all drills would fail though nothing is wrong{}: {} of the answers come late by themselves, and the promise must hold in a baseline of {baseline} requests and a hold of {hold}",
        share(fails),
        terms.whose(),
        share(late),
    );
    let instead = asked.instead().map_or_else(String::new, |instead| format!("write {instead}, or "));
    Some(terms.error("success", message, format!("{instead}shorten the tail in `simulation:` of the providers")).warning())
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
        assert_eq!(rounded_up(Duration::from_nanos(5_000_000_001)).to_string(), "5s100ms");
    }
}
