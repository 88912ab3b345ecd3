//! What guards need of inventory and environment: services that there are, and are not those that the drill breaks; a Prometheus; requests whose
//! cost is bounded. And the guards of a plan, with the services that they ask.

use super::finding::Finding;
use super::opened_project::{Project, ScenarioWithRunbook};
use super::{inventory, variable};
use crate::model::{DrillPlan, GUARDS_MAX, Guard, GuardWatch, InquirySource, Inventory, ServiceGuard};

/// The path of a key of this guard in its file, where guards may be one map or a list, and some of it may be unreadable: it is found by what it
/// watches.
fn at(story: &ScenarioWithRunbook, guard: &Guard, key: &str) -> Vec<String> {
    let root = story.scenario.document.root.as_ref();
    let text = |path: &[&str]| root.and_then(|root| root.at(path)).and_then(|node| node.as_text());
    let is_it = |above: &[&str]| {
        let told = |keys: &[&str]| text(&[above, keys].concat());
        match &guard.watches {
            GuardWatch::Service(service) => told(&["service"]) == Some(&service.probe.service_name),
            GuardWatch::Spend(_) => told(&["spend_above"]).is_some(),
            GuardWatch::Outside(outside) => match &outside.asked.of {
                InquirySource::Promql { query, .. } => told(&["query", "promql"]) == Some(query),
                _ => told(&["url"]).is_some(),
            },
            GuardWatch::Success(_) | GuardWatch::Latency(_) => false,
        }
    };
    let place = (0..GUARDS_MAX).map(|place| place.to_string()).find(|place| is_it(&["abort_when", place]));
    std::iter::once("abort_when".to_owned()).chain(place).chain([key.to_owned()]).collect()
}

/// An error at a key of a guard.
fn wrong(story: &ScenarioWithRunbook, guard: &Guard, key: &str, message: String, hint: &str) -> Finding {
    let path = at(story, guard, key);
    story.scenario.document.error(&path.iter().map(String::as_str).collect::<Vec<_>>(), message, hint)
}

/// Names that the inventory does not declare, services that the drill breaks itself, variables that there are not.
pub(super) fn names(project: &Project, story: &ScenarioWithRunbook) -> Vec<Finding> {
    let (document, scenario, inventory) = (&story.scenario.document, &story.scenario.scenario, &project.inventory);
    let known = variable::KnownNames { secrets: &inventory.secrets, ..variable::KnownNames::outside(&inventory.providers) };
    let mut found = variable::unknown_in(document, &["abort_when"], &known);
    for (guard, service) in scenario.abort_when.iter().filter_map(|guard| Some((guard, guard.service()?))) {
        let name = &service.probe.service_name;
        if *name == scenario.service {
            let hint = "take `service` away: `success_below` alone looks at the drill's own traffic";
            found.push(wrong(story, guard, "service", format!("`{name}` is the service that this drill breaks"), hint));
            continue;
        }
        let path = at(story, guard, "service");
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        found.extend(inventory::unknown(document, &path, name, "a service", &inventory.services));
        let used = inventory.services.get(name).map_or(&[][..], |service| &service.providers);
        if let Some(on) = scenario.timeline.faults.iter().map(|fault| &fault.on).find(|on| used.contains(on)) {
            let message = format!("`{name}` uses `{on}` too, which this drill breaks, so this guard sees the fault itself");
            let hint = "watch a service that the drill does not break, or allow for its failover with a longer `for:`";
            found.push(wrong(story, guard, "service", message, hint).warning());
        }
    }
    found
}

/// What the environment lacks for them.
pub(super) fn here(story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let (name, place) = (&plan.environment_name, &plan.environment);
    let mut found = Vec::new();
    for guard in &plan.scenario.abort_when {
        let asks_own = |text: &str| text.contains("${prometheus.url}");
        match &guard.watches {
            GuardWatch::Outside(outside) if place.prometheus.is_none() && outside.asked.texts().into_iter().any(asks_own) => {
                let message = format!("the environment `{name}` names no Prometheus, and this guard asks it");
                let hint = "write `prometheus: URL` in the environment, or beside `promql:`";
                found.push(wrong(story, guard, "query", message, hint));
            }
            GuardWatch::Service(service) => found.extend(without_address(story, plan, guard, service)),
            GuardWatch::Spend(most) => {
                for each in plan.workloads.iter().filter(|each| !plan.is_bounded(each)) {
                    let message = format!("nothing bounds what a request of `{}` costs, and this guard allows {most}", each.name);
                    let hint = "say the most of one request, `max_tokens: {input: 2000, output: 4000}`, in its traffic";
                    found.push(wrong(story, guard, "spend_above", message, hint));
                }
            }
            _ => {}
        }
    }
    found
}

/// A service that nobody imitates, and whose address nobody tells.
fn without_address(story: &ScenarioWithRunbook, plan: &DrillPlan, guard: &Guard, service: &ServiceGuard) -> Option<Finding> {
    let (place, name) = (&plan.environment, &service.probe.service_name);
    let imitated = place.embedded && place.start.is_none();
    if imitated || place.services.contains_key(name) {
        return None;
    }
    let message = format!("the environment `{}` has no address for the service `{name}`, which this guard asks", plan.environment_name);
    let hint = format!("add `services: {{{name}: {{url: \"https://{name}.example/v1\"}}}}` to it");
    Some(wrong(story, guard, "service", message, &hint))
}

/// With the services that they ask, as the inventory has them.
pub(super) fn resolved(guards: &[Guard], inventory: &Inventory) -> Vec<Guard> {
    let resolve = |guard: &Guard| {
        let GuardWatch::Service(asked) = &guard.watches else { return guard.clone() };
        let mut asked = asked.clone();
        if let Some(service) = inventory.services.get(&asked.probe.service_name) {
            asked.probe.objectives = service.objectives.clone().resolved();
            asked.probe.service = service.clone();
        }
        Guard { watches: GuardWatch::Service(asked), length: guard.length }
    };
    guards.iter().map(resolve).collect()
}
