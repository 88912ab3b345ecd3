//! What a drill must have before it begins: no lever that is pulled, and the locks on whatever it shares with other drills.
//!
//! | locked | why |
//! |---|---|
//! | the control API of a standing proxy | its proxies have one set of faults, and each drill makes and removes some |
//! | a service with an address of its own, by name and address | two drills would each measure the other's fault |
//! | a source of keys that a rotation writes into | the second would save as old what the first wrote |
//!
//! What a drill has for itself alone needs no lock: the lab's providers and gateway, proxies in its own process, a system that is started on a free
//! port (`${port}`). So drills in the lab run side by side, and so do drills on different services.
//!
//! Locks lie in the project (`drills/locks`), for everybody who shares its folder, and beside what this user remembers, for this user's other
//! projects on this host; or in the folder that the environment names. Where replicas share a store, they lie in its database as well
//! ([`DrillOrders::locks`]). An address on loopback is another's on each host.

use super::folder::ExerciseError;
use super::observer::Observer;
use super::orders::{DrillOrders, PlannedDrill};
use crate::host::{host_name, state_folder};
use crate::model::{DrillPlan, Environment, LocksBinding};
use crate::permission::{Levers, LockFolder, LockOrder, LockTable, LockWish, Permit, lock_all};
use crate::units::Duration;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// The levers that may stop a drill of this plan.
pub fn levers_of(plan: &DrillPlan, root: &Path) -> Levers {
    Levers::of(root, &plan.environment_name, &plan.environment)
}

/// The locks that a drill of this plan needs, in their order.
fn lock_wishes(plan: &DrillPlan, root: &Path, more: Option<&Arc<dyn LockTable>>) -> Vec<LockWish> {
    let asked: BTreeSet<&str> = plan.workloads.iter().map(|each| each.service_name.as_str()).collect();
    let mut locked = shared(&plan.environment, |name| asked.contains(name));
    locked.extend(plan.written().iter().map(|source| (format!("keys {source}"), format!("the keys in {source}"))));
    wishes(locked, &plan.environment, root, more)
}

/// All locks that drills in an environment may need.
pub fn lock_wishes_of(environment: &Environment, root: &Path) -> Vec<LockWish> {
    wishes(shared(environment, |_| true), environment, root, None)
}

/// What drills share that ask these services, by name and in words.
fn shared(environment: &Environment, asks: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut shared: Vec<(String, String)> = environment.control.iter().map(|control| of_proxy(&control.url)).collect();
    for (name, binding) in environment.services.iter().filter(|(name, _)| asks(name)) {
        let urls = if binding.replicas.is_empty() { vec![binding.url.clone()] } else { binding.replicas.clone() };
        // What is started on a free port is this drill's alone.
        for url in urls.iter().filter(|url| !url.contains("${port}")) {
            shared.push((format!("service {name} {}", placed(url)), format!("the service {name} at {url}")));
        }
    }
    shared
}

fn wishes(mut locked: Vec<(String, String)>, environment: &Environment, root: &Path, more: Option<&Arc<dyn LockTable>>) -> Vec<LockWish> {
    locked.sort();
    locked.dedup();
    let mut tables = tables(environment, root);
    tables.extend(more.cloned());
    let wish = |table: &Arc<dyn LockTable>, (name, what): &(String, String)| LockWish {
        name: name.clone(),
        what: what.clone(),
        table: table.clone(),
    };
    tables.iter().flat_map(|table| locked.iter().map(move |each| wish(table, each))).collect()
}

/// What is asked for before a drill of this plan; its locks are kept in one place more, where one is named.
pub fn lock_order(plan: &DrillPlan, root: &Path, wait: Option<Duration>, more: Option<&Arc<dyn LockTable>>) -> LockOrder {
    LockOrder {
        wishes: lock_wishes(plan, root, more),
        drill: format!("{} in {}", plan.scenario.name, plan.environment_name),
        lease: plan.environment.locks.as_ref().and_then(|locks| locks.lease).unwrap_or(LocksBinding::LEASE),
        wait,
    }
}

/// The locks on a standing proxy, for whoever heals there; where an environment uses it, as its drills take them.
pub fn lock_wishes_of_proxy(
    control: &str,
    environment: Option<&Environment>,
    root: &Path,
    more: Option<&Arc<dyn LockTable>>,
) -> Vec<LockWish> {
    wishes(vec![of_proxy(control)], environment.unwrap_or(&Environment::default()), root, more)
}

fn of_proxy(control: &str) -> (String, String) {
    (format!("proxy {}", placed(control)), format!("the standing proxy {control}"))
}

/// Where locks of an environment lie.
fn tables(environment: &Environment, root: &Path) -> Vec<Arc<dyn LockTable>> {
    let folders = match &environment.locks {
        Some(LocksBinding { folder, .. }) => vec![root.join(folder)],
        None => [Some(root.join("drills").join("locks")), state_folder().map(|state| state.join("locks"))].into_iter().flatten().collect(),
    };
    folders.into_iter().map(|folder| Arc::new(LockFolder::at(folder)) as Arc<dyn LockTable>).collect()
}

/// An address as all who mean the same place write it.
fn placed(url: &str) -> String {
    let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let whole = whole.trim_end_matches('/').to_lowercase().replacen("://localhost", "://127.0.0.1", 1);
    let is_here = ["://127.", "://[::1]"].iter().any(|here| whole.contains(here));
    if is_here { format!("{whole} on {}", host_name().unwrap_or_default()) } else { whole }
}

/// What the next drill needs, or why it does not begin.
pub(super) async fn obtain<O: Observer>(orders: &DrillOrders, planned: &PlannedDrill, observer: &mut O) -> Result<Permit, ExerciseError> {
    let PlannedDrill { root, plan, .. } = planned;
    let levers = levers_of(plan, root);
    if let Some(pulled) = levers.pulled().await {
        return Err(ExerciseError::Stopped(Box::new(pulled)));
    }
    let locks =
        lock_all(lock_order(plan, root, orders.wait, orders.locks.as_ref()), orders.stop.clone(), |what| observer.holds(&what)).await?;
    // Whoever waited may have waited past a lever.
    match levers.pulled().await.filter(|_| orders.wait.is_some()) {
        Some(pulled) => Err(ExerciseError::Stopped(Box::new(pulled))),
        None => Ok(Permit { levers, locks }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ControlBinding, ServiceBinding};
    use crate::project::Project;

    fn names(change: impl FnOnce(&mut DrillPlan)) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let planned = Project::open(root).0.plan(&root.join("scenarios/azure-outage.yaml"), "lab");
        let (mut plan, _) = planned.unwrap_or_else(|findings| panic!("{findings}"));
        plan.environment.locks = Some(LocksBinding { folder: "shared".into(), lease: None });
        change(&mut plan);
        lock_wishes(&plan, root, None).into_iter().map(|wish| wish.what).collect()
    }

    fn at(url: &str) -> ServiceBinding {
        serde_json::from_str(&format!("{{\"url\": \"{url}\"}}")).unwrap()
    }

    #[test]
    fn a_drill_locks_what_it_shares_and_nothing_else() {
        assert_eq!(names(|_| {}), [""; 0], "the lab is its own");
        let service = |plan: &DrillPlan| plan.workloads[0].service_name.clone();
        let bound = |url: &'static str| move |plan: &mut DrillPlan| drop(plan.environment.services.insert(service(plan), at(url)));
        assert_eq!(names(bound("http://127.0.0.1:${port}/v1")), [""; 0], "started on a free port");
        assert!(names(bound("https://gw.example/v1"))[0].ends_with(" at https://gw.example/v1"));
        let other = names(|plan| drop(plan.environment.services.insert("another".into(), at("https://gw.example/v1"))));
        assert_eq!(other, [""; 0], "a service that is not asked");
        let control = ControlBinding { url: "http://127.0.0.1:8474/".into(), token_from: None, lease: None };
        assert_eq!(names(|plan| plan.environment.control = Some(control)), ["the standing proxy http://127.0.0.1:8474/"]);
    }

    #[test]
    fn one_place_has_one_name_however_it_is_written() {
        assert_eq!(placed("http://LOCALHOST:8474/"), placed("127.0.0.1:8474"));
        assert_eq!(placed("https://gw.example/v1"), "https://gw.example/v1", "the same from every host");
        assert!(placed("http://127.0.0.1:8474").contains(" on "), "another on each host");
        assert_ne!(placed("https://gw.example/v1"), placed("https://gw.example/v2"));
    }
}
