//! Envoy's static configuration, broken on purpose. Its standbys are endpoints of a lower priority, and the further clusters of an aggregate.
//!
//! What this file does not do: reach what a control plane serves.

use super::edited::{EditedConfiguration, WRONG_KEY, edited, elsewhere};
use super::tree;
use crate::model::SabotageKind;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// How long it waits for a provider.
const TIMEOUTS: [&str; 5] = ["timeout", "per_try_timeout", "per_try_idle_timeout", "idle_timeout", "connect_timeout"];
/// The headers that hold keys.
const CREDENTIALS: [&str; 3] = ["authorization", "api-key", "x-api-key"];

pub(super) fn sabotaged(text: &str, kind: SabotageKind) -> Result<EditedConfiguration, String> {
    let mut tree = tree::read(text)?;
    let mut changed = Vec::new();
    let nothing = match kind {
        SabotageKind::FallbackRemoved => {
            each_cluster(&mut tree, |cluster| without_fallback(cluster, &mut changed));
            "no cluster of it has endpoints of a lower priority, and none is an aggregate of several"
        }
        SabotageKind::StandbyKeyWrong => {
            wrong_keys(&mut tree, &mut changed);
            "no route to a further cluster, and no further cluster, adds a header with a key"
        }
        SabotageKind::TimeoutTimesTen => {
            slower(&mut tree, &mut changed);
            "it sets no timeout"
        }
        SabotageKind::BreakerOff => {
            each_cluster(&mut tree, |cluster| {
                let kept = ["outlier_detection", "health_checks"].into_iter().filter(|key| cluster.remove(*key).is_some());
                changed.extend(kept.map(|key| format!("removed {key}")));
            });
            "no cluster of it has outlier detection or health checks"
        }
        _ => return Err(elsewhere(kind)),
    };
    edited(tree::write(&tree), &changed, nothing)
}

fn each_cluster(tree: &mut Value, see: impl FnMut(&mut Map<String, Value>)) {
    let clusters = tree.get_mut("static_resources").and_then(|resources| resources.get_mut("clusters")).and_then(Value::as_array_mut);
    clusters.into_iter().flatten().filter_map(Value::as_object_mut).for_each(see);
}

/// The clusters that an aggregate names.
fn aggregated(cluster: &mut Map<String, Value>) -> Option<&mut Vec<Value>> {
    cluster.get_mut("cluster_type")?.get_mut("typed_config")?.get_mut("clusters")?.as_array_mut()
}

fn priority(endpoints: &Value) -> u64 {
    endpoints.get("priority").and_then(Value::as_u64).unwrap_or(0)
}

fn without_fallback(cluster: &mut Map<String, Value>, changed: &mut Vec<String>) {
    let name = cluster.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(clusters) = aggregated(cluster).filter(|clusters| clusters.len() > 1) {
        clusters.truncate(1);
        changed.push(format!("kept the first cluster of the aggregate {name}"));
    }
    let endpoints = cluster.get_mut("load_assignment").and_then(|load| load.get_mut("endpoints")).and_then(Value::as_array_mut);
    let Some(endpoints) = endpoints else { return };
    let first = endpoints.iter().map(priority).min().unwrap_or(0);
    let before = endpoints.len();
    endpoints.retain(|each| priority(each) == first);
    if endpoints.len() < before {
        changed.push(format!("removed endpoints of a lower priority of {name}"));
    }
}

/// Clusters that are a standby: all that aggregates name after their first; else every cluster but the one that stands first.
fn standby_clusters(tree: &mut Value) -> BTreeSet<String> {
    let (mut names, mut of_aggregates) = (Vec::new(), BTreeSet::new());
    each_cluster(tree, |cluster| {
        let further: Vec<String> =
            aggregated(cluster).into_iter().flatten().skip(1).filter_map(|name| name.as_str().map(str::to_owned)).collect();
        of_aggregates.extend(further);
        // One of several priorities, or an aggregate, leads to others.
        let leads_on = cluster.contains_key("cluster_type")
            || cluster
                .get("load_assignment")
                .and_then(|load| load.get("endpoints"))
                .and_then(Value::as_array)
                .is_some_and(|all| all.len() > 1);
        names.extend(cluster.get("name").and_then(Value::as_str).filter(|_| !leads_on).map(str::to_owned));
    });
    if of_aggregates.is_empty() { names.into_iter().skip(1).collect() } else { of_aggregates }
}

fn wrong_keys(tree: &mut Value, changed: &mut Vec<String>) {
    let standbys = standby_clusters(tree);
    tree::each_map(tree, &mut |map| {
        let routed = map.get("route").and_then(|route| route.get("cluster")).and_then(Value::as_str).map(str::to_owned);
        let is_cluster = map.contains_key("load_assignment") || map.contains_key("typed_extension_protocol_options");
        let own = map.get("name").and_then(Value::as_str).filter(|_| is_cluster).map(str::to_owned);
        let Some(name) = routed.or(own).filter(|name| standbys.contains(name)) else { return };
        for (key, value) in map.iter_mut().filter(|(key, _)| key.as_str() != "name") {
            let _ = key;
            tree::each_map(value, &mut |inner| wrong_header(inner, &name, changed));
        }
    });
}

/// `{key: authorization, value: "Bearer …"}`.
fn wrong_header(header: &mut Map<String, Value>, name: &str, changed: &mut Vec<String>) {
    let key = header.get("key").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    if !CREDENTIALS.contains(&key.as_str()) || !header.get("value").is_some_and(Value::is_string) {
        return;
    }
    let wrong = if key == "authorization" { format!("Bearer {WRONG_KEY}") } else { WRONG_KEY.to_owned() };
    header.insert("value".to_owned(), wrong.into());
    changed.push(format!("another {key} for {name}"));
}

fn slower(tree: &mut Value, changed: &mut Vec<String>) {
    let mut see = |map: &mut Map<String, Value>| {
        for key in TIMEOUTS {
            if let Some(ten) = map.get(key).and_then(tree::times_ten) {
                map.insert(key.to_owned(), ten);
                changed.push(format!("{key} times ten"));
            }
        }
    };
    // Of listeners only what routes say: a connection of users may stay open as long as it did.
    tree::each_map(tree, &mut |map| {
        for key in ["route", "retry_policy"] {
            if let Some(Value::Object(route)) = map.get_mut(key) {
                see(route);
            }
        }
    });
    each_cluster(tree, see);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEXT: &str = include_str!("../../../tests/proven/envoy.yaml");

    fn tree_of(kind: SabotageKind) -> Value {
        serde_json::from_str(&sabotaged(TEXT, kind).unwrap().text).unwrap()
    }

    #[test]
    fn a_configuration_is_broken_in_each_way() {
        let cluster = |tree: &Value, key: &str| tree["static_resources"]["clusters"][0].get(key).cloned();
        let tree = tree_of(SabotageKind::FallbackRemoved);
        assert_eq!(cluster(&tree, "load_assignment").unwrap()["endpoints"].as_array().unwrap().len(), 1);
        assert!(cluster(&tree, "outlier_detection").is_some());
        let tree = tree_of(SabotageKind::BreakerOff);
        assert_eq!(cluster(&tree, "outlier_detection"), None);
        let tree = tree_of(SabotageKind::TimeoutTimesTen);
        let routes = &tree["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
            [0]["routes"];
        assert_eq!((cluster(&tree, "connect_timeout"), &routes[1]["route"]["timeout"]), (Some(json!("7s")), &json!("50s")));
        assert_eq!(routes[1]["route"]["retry_policy"]["per_try_idle_timeout"], "7s");
        assert_eq!(routes[0]["route"]["timeout"], "0s", "what is without an end stays so");
        let tree = tree_of(SabotageKind::StandbyKeyWrong);
        let routes = &tree["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
            [0]["routes"];
        assert_eq!(routes[0]["request_headers_to_add"][0]["header"]["value"], format!("Bearer {WRONG_KEY}"));
    }

    #[test]
    fn an_aggregate_keeps_its_first_cluster() {
        let text =
            "static_resources: {clusters: [{name: all, cluster_type: {name: x, typed_config: {clusters: [a, b]}}}, {name: a}, {name: b}]}";
        let edited = sabotaged(text, SabotageKind::FallbackRemoved).unwrap();
        assert_eq!(edited.what, "kept the first cluster of the aggregate all");
        let none = "static_resources: {clusters: [{name: a}]}";
        assert!(sabotaged(none, SabotageKind::FallbackRemoved).is_err() && sabotaged(none, SabotageKind::StandbyKeyWrong).is_err());
    }
}
