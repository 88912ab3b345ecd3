//! What guards need of inventory and environment: services that there are, and are not those that the drill breaks; a Prometheus; requests whose
//! cost is bounded. And the guards of a plan, with the services that they ask.

use super::finding::Finding;
use super::opened_project::{Project, ScenarioWithRunbook};
use super::{inventory, variable};
use crate::model::{DrillPlan, Guard, GuardWatch, Inventory, ServiceGuard};

/// The path of a key of the guard at this place, in a file where guards may be one map or a list.
fn at<'a>(story: &ScenarioWithRunbook, place: &'a str, key: &'a str) -> Vec<&'a str> {
    match story.scenario.document.has(&["abort_when", place]) {
        true => vec!["abort_when", place, key],
        false => vec!["abort_when", key],
    }
}

/// Names that the inventory does not declare, services that the drill breaks itself, variables that there are not.
pub(super) fn names(project: &Project, story: &ScenarioWithRunbook) -> Vec<Finding> {
    let (document, scenario, inventory) = (&story.scenario.document, &story.scenario.scenario, &project.inventory);
    let known = variable::KnownNames { secrets: &inventory.secrets, ..variable::KnownNames::outside(&inventory.providers) };
    let mut found = variable::unknown_in(document, &["abort_when"], &known);
    for (place, service) in scenario.abort_when.iter().enumerate().filter_map(|(place, guard)| Some((place, guard.service()?))) {
        let (place, name) = (place.to_string(), &service.probe.service_name);
        let path = at(story, &place, "service");
        if *name == scenario.service {
            let hint = "take `service` away: `success_below` alone looks at the drill's own traffic";
            found.push(document.error(&path, format!("`{name}` is the service that this drill breaks"), hint));
            continue;
        }
        found.extend(inventory::unknown(document, &path, name, "a service", &inventory.services));
        let broken = inventory.services.get(name).and_then(|service| {
            let broken = scenario.timeline.faults.iter().map(|fault| &fault.on);
            broken.into_iter().find(|on| service.providers.contains(on))
        });
        if let Some(on) = broken {
            let message = format!("`{name}` uses `{on}` too, which this drill breaks, so this guard sees the fault itself");
            let hint = "watch a service that the drill does not break, or allow for its failover with a longer `for:`";
            found.push(document.error(&path, message, hint).warning());
        }
    }
    found
}

/// What the environment lacks for them.
pub(super) fn here(story: &ScenarioWithRunbook, plan: &DrillPlan) -> Vec<Finding> {
    let (document, name, place) = (&story.scenario.document, &plan.environment_name, &plan.environment);
    let mut found = Vec::new();
    for (index, guard) in plan.scenario.abort_when.iter().enumerate() {
        let index = index.to_string();
        let asks_own = |text: &str| text.contains("${prometheus.url}");
        match &guard.watches {
            GuardWatch::Outside(outside) if place.prometheus.is_none() && outside.asked.texts().into_iter().any(asks_own) => {
                let message = format!("the environment `{name}` names no Prometheus, and this guard asks it");
                let hint = "write `prometheus: URL` in the environment, or beside `promql:`";
                found.push(document.error(&at(story, &index, "query"), message, hint));
            }
            GuardWatch::Service(service) => found.extend(without_address(story, plan, service, &index)),
            GuardWatch::Spend(most) => {
                for each in plan.workloads.iter().filter(|each| !plan.is_bounded(each)) {
                    let message = format!("nothing bounds what a request of `{}` costs, and this guard allows {most}", each.name);
                    let hint = "say the most of one request, `max_tokens: {input: 2000, output: 4000}`, in its traffic";
                    found.push(document.error(&at(story, &index, "spend_above"), message, hint));
                }
            }
            _ => {}
        }
    }
    found
}

/// A service that nobody imitates, and whose address nobody tells.
fn without_address(story: &ScenarioWithRunbook, plan: &DrillPlan, service: &ServiceGuard, index: &str) -> Option<Finding> {
    let (place, name) = (&plan.environment, &service.probe.service_name);
    let imitated = place.embedded && place.start.is_none();
    if imitated || place.services.contains_key(name) {
        return None;
    }
    let message = format!("the environment `{}` has no address for the service `{name}`, which this guard asks", plan.environment_name);
    let hint = format!("add `services: {{{name}: {{url: \"https://{name}.example/v1\"}}}}` to it");
    Some(story.scenario.document.error(&at(story, index, "service"), message, hint))
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
