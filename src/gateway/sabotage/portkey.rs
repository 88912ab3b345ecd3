//! Portkey's gateway config in JSON, broken on purpose. Its standbys are the targets after the first where the strategy is `fallback`.
//!
//! What this file does not do: find the config in the header or the program that sends it.

use super::edited::{EditedConfiguration, WRONG_KEY, edited, elsewhere};
use super::tree;
use crate::model::SabotageKind;
use serde_json::{Map, Value};

pub(super) fn sabotaged(text: &str, kind: SabotageKind) -> Result<EditedConfiguration, String> {
    let mut tree = tree::read(text)?;
    let mut changed = Vec::new();
    let nothing = match kind {
        SabotageKind::FallbackRemoved => {
            tree::each_map(&mut tree, &mut |map| without_fallback(map, &mut changed));
            "no strategy of it is `fallback` with several targets"
        }
        SabotageKind::StandbyKeyWrong => {
            tree::each_map(&mut tree, &mut |map| wrong_key(map, &mut changed));
            "no target after the first has a key there"
        }
        SabotageKind::TimeoutTimesTen => {
            tree::each_map(&mut tree, &mut |map| slower(map, &mut changed));
            "it sets no request_timeout"
        }
        SabotageKind::BreakerOff => {
            tree::each_map(&mut tree, &mut |map| changed.extend(map.remove("cb_config").map(|_| "removed cb_config".to_owned())));
            "it has no circuit breaker (cb_config)"
        }
        _ => return Err(elsewhere(kind)),
    };
    edited(tree::write(&tree), &changed, nothing)
}

/// The targets of a map whose strategy is `fallback`.
fn targets(map: &mut Map<String, Value>) -> Option<&mut Vec<Value>> {
    let is_fallback = map.get("strategy").and_then(|strategy| strategy.get("mode")).and_then(Value::as_str) == Some("fallback");
    map.get_mut("targets").filter(|_| is_fallback)?.as_array_mut()
}

fn without_fallback(map: &mut Map<String, Value>, changed: &mut Vec<String>) {
    if let Some(targets) = targets(map).filter(|targets| targets.len() > 1) {
        targets.truncate(1);
        changed.push("removed all targets but the first".to_owned());
    }
}

fn wrong_key(map: &mut Map<String, Value>, changed: &mut Vec<String>) {
    for target in targets(map).into_iter().flatten().skip(1) {
        tree::each_map(target, &mut |map| {
            for key in ["api_key", "apiKey", "virtual_key", "virtualKey"] {
                if map.contains_key(key) {
                    map.insert(key.to_owned(), WRONG_KEY.into());
                    changed.push(format!("another {key} for the targets after the first"));
                }
            }
        });
    }
}

fn slower(map: &mut Map<String, Value>, changed: &mut Vec<String>) {
    for key in ["request_timeout", "requestTimeout"] {
        if let Some(ten) = map.get(key).and_then(tree::times_ten) {
            map.insert(key.to_owned(), ten);
            changed.push(format!("{key} times ten"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_config_is_broken_in_each_way() {
        let text = r#"{"strategy": {"mode": "fallback"}, "request_timeout": 2000,
            "targets": [{"provider": "openai", "api_key": "a", "cb_config": {"failure_threshold": 3}}, {"provider": "groq", "api_key": "b"}]}"#;
        let tree = |kind| serde_json::from_str::<Value>(&sabotaged(text, kind).unwrap().text).unwrap();
        assert_eq!(tree(SabotageKind::FallbackRemoved)["targets"].as_array().unwrap().len(), 1);
        let keyed = tree(SabotageKind::StandbyKeyWrong);
        assert_eq!([&keyed["targets"][0]["api_key"], &keyed["targets"][1]["api_key"]], [&json!("a"), &json!(WRONG_KEY)]);
        assert_eq!(tree(SabotageKind::TimeoutTimesTen)["request_timeout"], 20_000);
        assert_eq!(tree(SabotageKind::BreakerOff)["targets"][0].get("cb_config"), None);
        let shared = text.replace("fallback", "loadbalance");
        assert!(sabotaged(&shared, SabotageKind::FallbackRemoved).is_err() && sabotaged("{}", SabotageKind::BreakerOff).is_err());
    }
}
