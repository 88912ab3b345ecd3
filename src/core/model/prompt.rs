//! The team's own texts in a plan: what its requests ask and expect. They may be of people, so a history holds none of them unless somebody asks
//! for it; what stands in their place tells how long they are, and by a salted hash whether two of one drill are the same.
//!
//! What this file does not do: know the salt (`journal`), or take texts out of what programs print (`redact`).

use super::{Bound, DrillPlan, GuardWatch, Inventory, ParityProbe, PlainRequest, ProbeText, Workload};
use crate::units::SEALED_PROMPT;
use serde_json::Value;
use std::collections::BTreeMap;

/// From so many letters on a parameter's text is taken for a prompt, if no blank shows it.
const LONG: usize = 64;

/// What stands in a prompt's place without the name, whether it stands there already or not: alike in each drill.
fn nameless(text: &str) -> String {
    let length =
        text.strip_prefix(SEALED_PROMPT).and_then(|rest| rest.strip_suffix(" characters]")?.rsplit(' ').next()?.parse::<usize>().ok());
    format!("{SEALED_PROMPT}of {} characters]", length.unwrap_or_else(|| text.chars().count()))
}

impl DrillPlan {
    /// The same with `seal` of each of the team's texts in its place. What they may cost is worked out before.
    #[must_use]
    pub fn sealed(&self, seal: &dyn Fn(&str) -> String) -> Self {
        let mut plan = self.clone();
        for each in plan.workloads.iter_mut() {
            seal_workload(&mut each.workload, seal);
        }
        for guard in &mut plan.scenario.abort_when {
            if let GuardWatch::Service(service) = &mut guard.watches {
                seal_workload(&mut service.probe.workload, seal);
            }
        }
        plan.parity.iter_mut().for_each(|probe| seal_probe(probe, seal));
        for service in plan.environment.services.values_mut() {
            seal_parameters(&mut service.body, seal);
        }
        plan
    }

    /// The same with nothing but the lengths of the team's texts, as a plan is known by before and after it was recorded.
    #[must_use]
    pub fn without_prompts(&self) -> Self {
        self.sealed(&nameless)
    }

    /// The team's texts; of a body in JSON those within it, too, since others may tell of them alone.
    pub fn prompts(&self) -> Vec<String> {
        let mut found = noted(|note| drop(self.sealed(note)));
        let within = found.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok());
        let within: Vec<String> = within.flat_map(|mut value| noted(|note| seal_value(&mut value, note))).collect();
        found.extend(within);
        found
    }
}

impl Inventory {
    /// The team's texts in it.
    pub fn prompts(&self) -> Vec<String> {
        noted(|note| {
            self.services.values().flat_map(|service| service.parity.clone()).for_each(|mut probe| seal_probe(&mut probe, note));
            let bodies = self.environments.values().flat_map(|environment| environment.services.values().map(|service| &service.body));
            bodies.for_each(|body| seal_parameters(&mut body.clone(), note));
        })
    }
}

/// What is sealed on the way.
fn noted(walk: impl FnOnce(&dyn Fn(&str) -> String)) -> Vec<String> {
    let found = std::cell::RefCell::new(Vec::new());
    walk(&|text: &str| {
        found.borrow_mut().push(text.to_owned());
        String::new()
    });
    found.into_inner()
}

fn seal_probe(probe: &mut ParityProbe, seal: &dyn Fn(&str) -> String) {
    if let ProbeText::Prompt(text) = &mut probe.asks {
        *text = seal(text);
    }
    seal_parameters(&mut probe.body, seal);
}

fn seal_workload(workload: &mut Workload, seal: &dyn Fn(&str) -> String) {
    if let (None, Some(_), Bound::Tokens(tokens)) = (workload.max_tokens, &workload.errand, workload.bound()) {
        workload.max_tokens = Some(tokens);
    }
    if let Some(PlainRequest { path: _, send, status: _, contains }) = &mut workload.errand {
        for text in [send, contains].into_iter().flatten() {
            *text = seal(text);
        }
    }
}

/// Words such as `low` stay: they are settings.
fn seal_parameters(parameters: &mut BTreeMap<String, Value>, seal: &dyn Fn(&str) -> String) {
    parameters.values_mut().for_each(|value| seal_value(value, seal));
}

fn seal_value(value: &mut Value, seal: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) if text.trim().contains(char::is_whitespace) || text.len() > LONG => *text = seal(text),
        Value::Array(values) => values.iter_mut().for_each(|value| seal_value(value, seal)),
        Value::Object(fields) => fields.values_mut().for_each(|value| seal_value(value, seal)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::sealed_prompt;

    #[test]
    fn what_stands_in_a_prompts_place_is_known_again_by_its_length() {
        let sealed = sealed_prompt("Müller, born 1970", "0123456789abcdef");
        assert_eq!(sealed, "[prompt 0123456789abcdef of 17 characters]");
        assert_eq!((nameless(&sealed), nameless("Müller, born 1970")), (nameless(&sealed), nameless(&sealed)));
        assert_eq!(nameless(&nameless(&sealed)), "[prompt of 17 characters]");
    }

    #[test]
    fn parameters_keep_their_words_and_lose_their_texts() {
        let mut value = serde_json::json!({"effort": "low", "n": 1, "messages": [{"role": "system", "content": "You are kind."}]});
        seal_value(&mut value, &|_| "x".into());
        assert_eq!(value, serde_json::json!({"effort": "low", "n": 1, "messages": [{"role": "system", "content": "x"}]}));
    }
}
