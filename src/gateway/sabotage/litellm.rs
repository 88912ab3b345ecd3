//! LiteLLM's `config.yaml`, broken on purpose. Its standbys are the groups that `fallbacks` name, and the further deployments of one group.
//!
//! What this file does not do: check that LiteLLM takes the copy; the drill of it does.

use super::edited::{EditedConfiguration, WRONG_KEY, edited, elsewhere};
use super::tree;
use crate::model::SabotageKind;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Where fallbacks stand, in a section or in a deployment.
const FALLBACKS: [&str; 3] = ["fallbacks", "default_fallbacks", "content_policy_fallbacks"];
/// The sections that may have them.
const SECTIONS: [&str; 2] = ["router_settings", "litellm_settings"];
/// How long it waits.
const TIMEOUTS: [&str; 3] = ["timeout", "stream_timeout", "request_timeout"];

pub(super) fn sabotaged(text: &str, kind: SabotageKind) -> Result<EditedConfiguration, String> {
    let mut tree = tree::read(text)?;
    let (changed, nothing) = match kind {
        SabotageKind::FallbackRemoved => (without_fallbacks(&mut tree), "it has no fallbacks and no second deployment of a group"),
        SabotageKind::StandbyKeyWrong => (wrong_keys(&mut tree), "no deployment is a standby that is given a key there"),
        SabotageKind::TimeoutTimesTen => (slower(&mut tree), "it sets no timeout"),
        SabotageKind::BreakerOff => (without_cooldowns(&mut tree), "its cooldowns are off already"),
        _ => return Err(elsewhere(kind)),
    };
    edited(tree::write(&tree), &changed, nothing)
}

fn sections(tree: &mut Value) -> Vec<(&'static str, &mut Map<String, Value>)> {
    let Value::Object(map) = tree else { return Vec::new() };
    let of = |(name, value)| Some((name, Value::as_object_mut(value)?));
    let found = map.iter_mut().filter_map(|(name, value)| Some((SECTIONS.into_iter().find(|section| section == name)?, value)));
    found.filter_map(of).collect()
}

fn deployments(tree: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    tree.get_mut("model_list").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

fn group(deployment: &Map<String, Value>) -> String {
    deployment.get("model_name").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn without_fallbacks(tree: &mut Value) -> Vec<String> {
    let mut changed = Vec::new();
    for (name, section) in sections(tree) {
        let removed = FALLBACKS.iter().filter(|key| section.remove(**key).is_some());
        changed.extend(removed.map(|key| format!("removed {key} of {name}")));
    }
    for deployment in deployments(tree) {
        if let Some(params) = deployment.get_mut("litellm_params").and_then(Value::as_object_mut)
            && params.remove("fallbacks").is_some()
        {
            changed.push("removed fallbacks of a deployment".to_owned());
        }
    }
    if let Some(list) = tree.get_mut("model_list").and_then(Value::as_array_mut) {
        let mut seen = BTreeSet::new();
        list.retain(|deployment| {
            let name = deployment.as_object().map(group).unwrap_or_default();
            let first = seen.insert(name.clone());
            if !first {
                changed.push(format!("removed a further deployment of {name}"));
            }
            first
        });
    }
    changed
}

/// The groups that others fall back to.
fn standby_groups(tree: &mut Value) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (_, section) in sections(tree) {
        for value in FALLBACKS.iter().filter_map(|key| section.get(*key)) {
            // `fallbacks: [{asked: [standby, …]}]`, or a plain list.
            let lists = value.as_array().into_iter().flatten();
            for each in lists {
                let inner = each.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_array).flatten();
                named.extend(inner.chain(std::iter::once(each)).filter_map(Value::as_str).map(str::to_owned));
            }
        }
    }
    named
}

fn wrong_keys(tree: &mut Value) -> Vec<String> {
    let standbys = standby_groups(tree);
    let (mut changed, mut seen) = (Vec::new(), BTreeSet::new());
    for deployment in deployments(tree) {
        let name = group(deployment);
        let is_further = !seen.insert(name.clone());
        if !is_further && !standbys.contains(&name) {
            continue;
        }
        if let Some(params) = deployment.get_mut("litellm_params").and_then(Value::as_object_mut) {
            params.insert("api_key".to_owned(), WRONG_KEY.into());
            changed.push(format!("another api_key for {name}"));
        }
    }
    changed
}

fn slower(tree: &mut Value) -> Vec<String> {
    let mut changed = Vec::new();
    tree::each_map(tree, &mut |map| {
        for key in TIMEOUTS {
            if let Some(ten) = map.get(key).and_then(tree::times_ten) {
                map.insert(key.to_owned(), ten);
                changed.push(format!("{key} times ten"));
            }
        }
    });
    changed
}

fn without_cooldowns(tree: &mut Value) -> Vec<String> {
    let Value::Object(map) = tree else { return Vec::new() };
    let router = map.entry("router_settings").or_insert_with(|| Map::new().into());
    let Some(router) = router.as_object_mut() else { return Vec::new() };
    if router.get("disable_cooldowns") == Some(&Value::Bool(true)) {
        return Vec::new();
    }
    for key in ["allowed_fails_policy", "allowed_fails", "cooldown_time"] {
        router.remove(key);
    }
    router.insert("disable_cooldowns".to_owned(), true.into());
    vec!["cooldowns disabled in router_settings".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SHIPPED: &str = include_str!("../../../scenarios/gateways/litellm/config.yaml");

    fn tree_of(kind: SabotageKind) -> (Value, String) {
        let edited = sabotaged(SHIPPED, kind).unwrap();
        (serde_json::from_str(&edited.text).unwrap(), edited.what)
    }

    #[test]
    fn the_shipped_configuration_is_broken_in_each_way_and_nothing_else_of_it() {
        let (tree, what) = tree_of(SabotageKind::FallbackRemoved);
        assert_eq!((tree["router_settings"].get("fallbacks"), what.as_str()), (None, "removed fallbacks of router_settings"));
        assert_eq!(tree["model_list"].as_array().unwrap().len(), 2);
        let (tree, _) = tree_of(SabotageKind::StandbyKeyWrong);
        let key = |place: usize| tree["model_list"][place]["litellm_params"]["api_key"].clone();
        assert_eq!([key(0), key(1)], [json!("os.environ/LIFEBOAT_KEY_AZURE_SWEDENCENTRAL"), json!(WRONG_KEY)]);
        let (tree, _) = tree_of(SabotageKind::TimeoutTimesTen);
        let params = &tree["model_list"][0]["litellm_params"];
        assert_eq!((&params["timeout"], &params["stream_timeout"]), (&json!(80), &json!(15.0)));
        assert_eq!(params["api_version"], "2024-10-21", "what is a text stays one");
        let (tree, _) = tree_of(SabotageKind::BreakerOff);
        let router = tree["router_settings"].as_object().unwrap();
        assert!(router["disable_cooldowns"] == true && !router.contains_key("allowed_fails_policy"), "{router:?}");
        assert!(router.contains_key("fallbacks"), "{router:?}");
    }

    #[test]
    fn what_cannot_be_broken_is_told() {
        let bare = "model_list: [{model_name: a, litellm_params: {model: openai/a}}]\n";
        for kind in [SabotageKind::FallbackRemoved, SabotageKind::StandbyKeyWrong, SabotageKind::TimeoutTimesTen] {
            assert!(sabotaged(bare, kind).is_err(), "{kind}");
        }
        let two = "model_list:\n- {model_name: a, litellm_params: {model: x}}\n- {model_name: a, litellm_params: {model: y}}\n";
        assert_eq!(sabotaged(two, SabotageKind::FallbackRemoved).unwrap().what, "removed a further deployment of a");
        assert!(sabotaged("- a\n", SabotageKind::BreakerOff).is_err());
        assert!(sabotaged(": [", SabotageKind::BreakerOff).unwrap_err().starts_with("it cannot be read"));
    }
}
