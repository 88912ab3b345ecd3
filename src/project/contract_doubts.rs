//! What contracts and models' last days make doubtful: days that come soon or are over, single points of failure without a way out, models that
//! nobody else has.
//!
//! What this file does not do: doubt a provider of which nobody stated a contract. Who states none is asked for none.

use super::finding::Finding;
use super::opened_project::Project;
use super::vocabulary::{listed, meant};
use crate::model::{Contract, Criticality, DataExport, DayStanding, Provider, Service};
use crate::units::Day;

/// All that is doubtful on a day.
pub(super) fn of(project: &Project, today: Day) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, provider) in &project.inventory.providers {
        found.extend(provider.contract.as_ref().and_then(|contract| days(project, id, contract, today)));
        found.extend(retired(project, id, provider, today));
    }
    for (id, service) in &project.inventory.services {
        if service.criticality == Criticality::SinglePointOfFailure {
            found.extend(without_exit(project, id, service));
            found.extend(revocable(project, id, service));
        }
        found.extend(alone(project, id, service));
    }
    found
}

/// How many days off, in words.
fn off(days: u64) -> String {
    match days {
        0 => "today".into(),
        1 => "tomorrow".into(),
        days => format!("in {days} days"),
    }
}

/// The day of a contract that needs somebody first: one finding, since what is to be done is one thing.
fn days(project: &Project, id: &str, contract: &Contract, today: Day) -> Option<Finding> {
    let ends = contract.ends?;
    let doubt =
        |key: &str, message: String, hint: &str| Some(project.document.error(&["providers", id, "contract", key], message, hint).warning());
    let end = DayStanding::of(ends, today);
    if end == DayStanding::Past {
        let hint = "write its new last day, or take the provider out of the services that use it";
        return doubt("ends", format!("the contract of `{id}` ended on {ends}"), hint);
    }
    let notice_by = contract.notice_by();
    match notice_by.map(|day| (day, DayStanding::of(day, today))) {
        Some((day, DayStanding::Soon(days))) => {
            let hint = "decide whether it goes on; `lifeboat compare` holds candidates side by side";
            doubt("notice", format!("notice to the contract of `{id}` can be given until {day}, {}", off(days)), hint)
        }
        Some((day, DayStanding::Past)) => {
            let hint = "ask its contacts what was agreed for the time after it, and write the new `ends`";
            doubt("notice", format!("notice to the contract of `{id}` could be given until {day}, and it ends on {ends}"), hint)
        }
        Some((_, DayStanding::Later)) | None => {
            let DayStanding::Soon(days) = end else { return None };
            let hint = "agree on what follows, and write the new `ends`; or make a standby the primary before that day";
            doubt("ends", format!("the contract of `{id}` ends on {ends}, {}", off(days)), hint)
        }
    }
}

/// Models whose last day is over or soon, and last days of models that the provider does not have.
fn retired(project: &Project, id: &str, provider: &Provider, today: Day) -> Vec<Finding> {
    let mut found = Vec::new();
    for (model, day) in &provider.retires {
        let mut doubt = |message: String, hint: String| {
            found.push(project.document.error(&["providers", id, "retires", model], message, hint).warning());
        };
        let models = || provider.models.values().map(String::as_str);
        if !provider.models.values().any(|used| used == model) {
            let hint = match meant(model, models()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if provider.models.is_empty() => format!("add `models: {{chat: {model}}}` to the provider"),
                None => format!("write {}", listed(models())),
            };
            doubt(format!("`{model}` is no model of `{id}`"), hint);
            continue;
        }
        let hint = || "write its successor under `models:`, and hold both side by side with `lifeboat compare`".to_owned();
        match DayStanding::of(*day, today) {
            DayStanding::Past => doubt(format!("`{id}` retired `{model}` on {day}"), hint()),
            DayStanding::Soon(days) => doubt(format!("`{id}` retires `{model}` on {day}, {}", off(days)), hint()),
            DayStanding::Later => {}
        }
    }
    found
}

/// Providers of a single point of failure whose contract tells no way out.
fn without_exit(project: &Project, service_id: &str, service: &Service) -> Vec<Finding> {
    let stated = service.providers.iter().filter_map(|id| Some((id, project.inventory.providers.get(id)?.contract.as_ref()?)));
    stated
        .filter(|(_, contract)| !contract.has_exit())
        .map(|(id, contract)| {
            let nothing = match contract.data_export {
                Some(DataExport::Impossible) => "no exit clause, and no data comes out",
                _ => "neither an exit clause nor an export of data",
            };
            let message = format!("`{service_id}` is a single point of failure, and the contract of `{id}` tells no exit: {nothing}");
            let hint = "add `exit_clause: …` or `data_export: …` as they were agreed, or agree on them before it ends";
            project.document.error(&["providers", id, "contract"], message, hint).warning()
        })
        .collect()
}

/// A single point of failure that one vendor may take away at once, and nobody else would serve.
fn revocable(project: &Project, service_id: &str, service: &Service) -> Option<Finding> {
    let known = |id: &String| project.inventory.providers.get_key_value(id);
    let (id, primary) = known(service.providers.first()?)?;
    primary.contract.as_ref()?.revocable_by.filter(|by| by.is_providers())?;
    let vendor = primary.vendor(id);
    if service.providers.iter().filter_map(known).any(|(id, provider)| provider.vendor(id) != vendor) {
        return None;
    }
    let message = format!("`{service_id}` is a single point of failure, and `{vendor}` may end the contract of `{id}` at once");
    let hint = "add a standby of another vendor to the service";
    Some(project.document.error(&["providers", id, "contract", "revocable_by"], message, hint).warning())
}

/// A model of the primary that no standby has, where the primary's contract is stated.
fn alone(project: &Project, service_id: &str, service: &Service) -> Option<Finding> {
    let providers = &project.inventory.providers;
    let (id, primary) = providers.get_key_value(service.providers.first()?)?;
    primary.contract.as_ref()?;
    let model = primary.models.get("chat")?;
    let has = |provider: &Provider| provider.models.values().any(|other| plain(other) == plain(model));
    if service.providers[1..].iter().filter_map(|id| providers.get(id)).any(has) {
        return None;
    }
    let elsewhere = providers.iter().find(|(other, provider)| *other != id && has(provider));
    let (message, hint) = match elsewhere {
        Some((other, _)) => (
            format!("no standby of `{service_id}` has `{model}` of `{id}`, so a failover changes the model"),
            format!(
                "`{other}` has it: add that to the service's `providers`, or hold the standby's answers against it with `lifeboat compare`"
            ),
        ),
        None => (
            format!("only `{id}` has `{model}`, so every failover of `{service_id}` changes the model"),
            "hold the standbys' answers against it with `lifeboat compare`, or move to a model that a second provider has".into(),
        ),
    };
    Some(project.document.error(&["providers", id, "models", "chat"], message, hint).warning())
}

/// A model's name without what each cloud puts around it: `eu.anthropic.claude-sonnet-4-5-20250929-v1:0` is `claude-sonnet-4-5`.
fn plain(model: &str) -> String {
    let model = model.to_lowercase();
    let model = model.rsplit('/').next().unwrap_or_default();
    let model = model.split(['@', ':']).next().unwrap_or_default();
    // A version has a point between digits; a vendor's name ends in one before a letter.
    let begin = model.match_indices('.').map(|(place, _)| place + 1).rfind(|place| model[*place..].starts_with(char::is_alphabetic));
    let mut parts: Vec<&str> = model[begin.unwrap_or(0)..].split('-').collect();
    let is_version =
        |part: &str| part.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    let is_day = |part: &str| part.len() == 8 && part.starts_with("20") && part.bytes().all(|byte| byte.is_ascii_digit());
    while parts.len() > 1 && parts.last().is_some_and(|part| is_version(part) || is_day(part) || *part == "latest") {
        parts.pop();
    }
    // `gpt-4o-2024-08-06` has its day in three parts.
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    if let [.., year, month, day] = parts.as_slice()
        && parts.len() > 3
        && digits(year, 4)
        && digits(month, 2)
        && digits(day, 2)
    {
        parts.truncate(parts.len() - 3);
    }
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_model_is_the_same_on_each_cloud() {
        for (there, name) in [
            ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
            ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
            ("publishers/anthropic/models/claude-sonnet-4-5", "claude-sonnet-4-5"),
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("GPT-4o", "gpt-4o"),
            ("gemini-2.5-flash", "gemini-2.5-flash"),
            ("gemini-2.5-flash-latest", "gemini-2.5-flash"),
            ("openai.gpt-oss-120b-1:0", "gpt-oss-120b-1"),
            ("", ""),
        ] {
            assert_eq!(plain(there), name, "{there}");
        }
    }
}
