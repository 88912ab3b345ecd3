//! Where a runbook leads: steps that others speak of and that are not there, steps that nothing leads to, and what conditions say.

use super::finding::Finding;
use super::runbook_file::RunbookFile;
use super::vocabulary::pick;
use crate::expression::{Expression, KnownFacts};
use crate::model::{Action, IN_CONDITIONS, OnFailure, OnSuccess, Runbook, Step, When};
use std::collections::{BTreeMap, BTreeSet};

/// Steps that another step speaks of and that are not there, and outputs that two steps have.
pub(super) fn targets(file: &RunbookFile) -> Vec<Finding> {
    let mut found = Vec::new();
    let steps = &file.runbook.steps;
    for (place, step) in steps.iter().enumerate() {
        let mut gone_to = |key: &str, target: &str| {
            let there = steps.iter().find(|step| step.name == target);
            if there.is_none_or(|there| there.together.is_some()) {
                let names: Vec<&str> = steps.iter().filter(|step| step.together.is_none()).map(|step| step.name.as_str()).collect();
                let hint = pick(target, names.into_iter());
                found.push(file.error(place, &[key, "goto"], format!("`{target}` is not a step that can be gone to"), hint));
            }
        };
        if let OnFailure::Goto { step: target, .. } = &step.on_failure {
            gone_to("on_failure", target);
        }
        if let Some(OnSuccess { step: target, .. }) = &step.on_success {
            gone_to("on_success", target);
            if step.together.is_some() {
                let hint = "write it at the step after them, with `when: \"true\"`, for example a `pause` of `1ms`";
                found.push(file.error(place, &["on_success"], "several steps run here, and they end together", hint));
            }
        }
        if let Some(When::Ended { step: earlier, .. }) = &step.when
            && !steps.iter().any(|step| step.name == *earlier)
        {
            let hint = pick(earlier, steps.iter().map(|step| step.name.as_str()));
            found.push(file.error(place, &["when", "step"], format!("`{earlier}` is not a step of this runbook"), hint));
        }
        if let Some(output) = step.output.as_ref().filter(|output| steps[..place].iter().any(|step| step.output.as_ref() == Some(*output)))
        {
            let hint = "give each a name of its own; in a `for_each` with `${each}` in it";
            found.push(file.error(place, &["output"], format!("another step's output is `{output}` already"), hint));
        }
        found.extend(conditions(file, place, step));
    }
    if found.is_empty() {
        found.extend(unreachable(&file.runbook).into_iter().map(|place| {
            let message = format!("nothing ever leads to the step `{}`", steps[place].name);
            file.error(place, &["name"], message, "take it away, or let a `goto` lead to it, or give the step before it a `when`")
        }));
    }
    found
}

/// What is wrong with a step's condition.
fn conditions(file: &RunbookFile, place: usize, step: &Step) -> Vec<Finding> {
    let Some(When::Holds { text, within }) = &step.when else { return Vec::new() };
    // What is wrong with its form was told when it was read.
    let Ok(expression) = Expression::parse(text) else { return Vec::new() };
    let known = known(file, within);
    expression.problems(&known).into_iter().map(|problem| file.error_in(place, &["when"], text, problem)).collect()
}

fn known(file: &RunbookFile, within: &str) -> KnownFacts {
    let runbook = &file.runbook;
    let outputs: BTreeSet<String> = runbook.steps.iter().filter_map(|step| step.output.clone()).collect();
    let names = || runbook.steps.iter().map(|step| step.name.as_str());
    let ended = names().chain(names().filter_map(|name| name.strip_prefix(within))).map(str::to_owned).collect();
    let service = ["name", "url"].map(str::to_owned).into();
    let maps = [("steps", Some(outputs.clone())), ("ended", Some(ended)), ("param", Some(file.open.clone())), ("service", Some(service))];
    let roles = Some(runbook.roles.keys().cloned().collect());
    let maps: BTreeMap<String, Option<BTreeSet<String>>> =
        maps.into_iter().chain([("role", roles)]).map(|(name, names)| (name.to_owned(), names)).collect();
    KnownFacts { texts: IN_CONDITIONS.map(str::to_owned).into(), maps, json: outputs }
}

/// The steps that can never be begun, whatever happens.
fn unreachable(runbook: &Runbook) -> Vec<usize> {
    let steps = &runbook.steps;
    let place_of = |name: &str| steps.iter().position(|step| step.name == name);
    let end_of = |place: usize| {
        let together = &steps[place].together;
        (place + 1..steps.len()).find(|next| together.is_none() || steps[*next].together != *together).unwrap_or(steps.len())
    };
    let mut seen = vec![false; steps.len()];
    let mut open: Vec<usize> = (!steps.is_empty()).then_some(0).into_iter().collect();
    while let Some(place) = open.pop() {
        if place >= steps.len() || std::mem::replace(&mut seen[place], true) {
            continue;
        }
        let (step, next) = (&steps[place], end_of(place));
        // Those that run with it.
        open.extend(place + 1..next);
        let leads = match &step.on_success {
            _ if step.together.is_some() => None,
            _ if matches!(step.action, Action::StopHere(_)) => Some(None),
            // Leading back ends some time, and then the next step follows.
            Some(on) => place_of(&on.step).map(|target| {
                open.push(target);
                (target <= place).then_some(next)
            }),
            None => None,
        };
        open.extend(leads.unwrap_or(Some(next)));
        if step.when.is_some() {
            open.push(next);
        }
        match &step.on_failure {
            OnFailure::Goto { step: target, .. } => open.extend(place_of(target)),
            OnFailure::Continue => open.push(next),
            OnFailure::Undo | OnFailure::Stop => {}
        }
    }
    (0..steps.len()).filter(|place| !seen[*place]).collect()
}
