//! What can be read and walked, and is doubtful all the same: steps that nothing takes back, plans that take longer than was promised, pages
//! that nobody has read for a year, keys where others can read them.

use super::finding::Finding;
use super::opened_project::Project;
use super::runbook_file::RunbookFile;
use super::variable;
use crate::host::is_given;
use crate::model::{Action, Dialect, Issuer, Runbook, SecretStore};
use crate::units::Duration;

/// Of one runbook. `today` is a day of the calendar, `2026-11-20`.
pub(super) fn of_runbook(file: &RunbookFile, today: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (place, step) in file.runbook.steps.iter().enumerate() {
        let changes = match &step.action {
            Action::Run(_) | Action::Http(_) => !step.reads,
            // What is sent cannot be taken back; what is switched, or shifted to a canary, is taken back by itself.
            Action::WaitUntil(_) | Action::Confirm(_) | Action::Ask(_) | Action::Pause(_) | Action::Canary(_) | Action::StopHere(_) => {
                false
            }
            // A key that was minted is no harm, and one that was revoked cannot be brought back.
            // Whoever did it by hand knows how to take it back.
            Action::Manual(_) | Action::Switch(_) | Action::SwitchBack(_) | Action::Notify(_) | Action::Rotate(_) => false,
        };
        if changes && step.undo.is_none() && !file.has(place, &["undo"]) {
            let hint =
                "add `undo: {run: […]}`, `undo: none` where there is nothing to take back, or `reads: true` where nothing is changed";
            let key = step.action.word();
            found.push(file.error(place, &[key], "this step may change something, and nothing takes it back", hint).warning());
        }
        let mut actions = vec![(&["run"][..], &step.action)];
        actions.extend(step.undo.as_ref().map(|undo| (&["undo", "run"][..], undo)));
        if let Action::Canary(canary) = &step.action {
            actions.extend([(&["canary", "shift", "run"][..], &*canary.shift), (&["canary", "back", "run"][..], &*canary.back)]);
        }
        for (keys, action) in actions {
            let Action::Run(command) = action else { continue };
            if let Some(name) = command.argv.iter().find_map(|argument| variable::key_in(argument)) {
                let (message, hint) = shown_to_all(name, ["run: {command: […], ", "}"]);
                found.push(file.error(place, keys, message, hint).warning());
            }
            if let Some(name) = not_given(&command.argv, command.env.keys().chain(&command.pass)) {
                let hint = named(name, "run: {command: […], ") + ", or give it a value under `env:`";
                found.push(file.error(place, keys, misses(name), hint).warning());
            }
        }
    }
    if let Some(reviewed) = file.runbook.reviewed.as_ref().filter(|reviewed| a_year_before(today).is_some_and(|limit| **reviewed < limit)) {
        let message = format!("nobody has reviewed this runbook since {reviewed}, which is more than a year");
        let hint = format!("read it through with those who would walk it, then write `reviewed: {today}`");
        found.push(file.document.error(&["reviewed"], message, hint).warning());
    }
    if let Some(reviewed) = file.runbook.reviewed.as_ref().filter(|reviewed| reviewed.as_str() > today) {
        let hint = format!("write the day on which somebody last read it through, at most `reviewed: {today}`");
        found.push(file.document.error(&["reviewed"], format!("{reviewed} is in the future"), hint).warning());
    }
    found
}

/// Addresses of services that end in a path which a drill adds itself.
pub(super) fn of_addresses(project: &Project) -> Vec<Finding> {
    const ADDED: [&str; 5] = ["/chat/completions", "/completions", "/responses", "/embeddings", "/messages"];
    let mut found = Vec::new();
    for (name, environment) in &project.inventory.environments {
        for (service, binding) in
            environment.services.iter().filter(|(_, binding)| !matches!(binding.dialect, Dialect::Http | Dialect::Tcp))
        {
            let url = binding.url.trim_end_matches('/');
            let Some((base, path)) = ADDED.iter().find_map(|path| Some((url.strip_suffix(path)?, path))) else { continue };
            let message = format!("a drill adds `{path}` itself, so it would ask for `{path}{path}`");
            let at = ["environments", name, "services", service, "url"];
            found.push(project.document.error(&at, message, format!("write `url: \"{base}\"`")).warning());
        }
    }
    found
}

/// Keys among the arguments of what environments start.
pub(super) fn of_environments(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, environment) in &project.inventory.environments {
        let run = environment.start.iter().flat_map(|start| &start.run);
        if let Some(key) = run.into_iter().find_map(|argument| variable::key_in(argument)) {
            let (message, hint) = shown_to_all(key, ["", ""]);
            found.push(project.document.error(&["environments", name, "start", "run"], message, hint).warning());
        }
        if let Some(missed) = environment.start.as_ref().and_then(|start| not_given(&start.run, start.env.keys().chain(&start.pass))) {
            let hint = named(missed, "start: {run: […], ") + ", or give it a value under `env:`";
            found.push(project.document.error(&["environments", name, "start", "run"], misses(missed), hint).warning());
        }
    }
    found
}

/// Variables that the commands of stores and issuers name and will not find.
pub(super) fn of_stores(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut look = |path: &[&str], argv: &[String], pass: &[String], own: &[String], before: &str| {
        if let Some(missed) = not_given(argv, pass.iter().chain(own)) {
            found.push(project.document.error(path, misses(missed), named(missed, before)).warning());
        }
    };
    for (name, store) in &project.inventory.stores {
        let SecretStore::Command { read, write, pass } = store else { continue };
        for (key, argv) in [("read", Some(read)), ("write", write.as_ref())] {
            look(&["stores", name, key], argv.map_or(&[], Vec::as_slice), pass, &[], "{kind: command, read: […], ");
        }
    }
    for (name, credential) in &project.inventory.credentials {
        let Some(Issuer::Command { mint, revoke, probe, pass }) = &credential.issuer else { continue };
        for (key, argv) in [("mint", mint), ("revoke", revoke), ("probe", probe)] {
            let own = if key == "revoke" { vec![Issuer::KEY_ID.to_owned()] } else { Vec::new() };
            look(&["credentials", name, "issuer", key], argv, pass, &own, "issuer: {kind: command, ");
        }
    }
    found
}

/// A problem and its hint; `around` is what stands around `env:` there.
fn shown_to_all(key: &str, around: [&str; 2]) -> (String, String) {
    let [before, after] = around;
    let message = format!("`${{{key}}}` is among the arguments of a program, which everybody on its host can read");
    (message, format!("give it in the environment, `{before}env: {{KEY: \"${{{key}}}\"}}{after}`"))
}

/// A variable that a command names (`$NAME`) and will not find: programs are given little of Lifeboat's environment.
fn not_given<'a>(argv: &'a [String], promised: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    let promised: Vec<&String> = promised.collect();
    argv.iter().find_map(|argument| {
        let given = |name: &str| is_given(name) || promised.iter().any(|promised| *promised == name);
        // What the text itself sets, a shell knows; in small letters it is the shell's own.
        let own = |name: &str| {
            argument.contains(&format!("{name}=")) || argument.contains(&format!("read {name}")) || name.contains(char::is_lowercase)
        };
        variable::shell_names(argument).into_iter().find(|name| !given(name) && !own(name))
    })
}

fn misses(name: &str) -> String {
    format!("the command names `${name}`, which the program is not given")
}

/// The hint; `before` is what stands before `pass:` there.
fn named(name: &str, before: &str) -> String {
    format!("name it, `{before}pass: [{name}]}}`, where Lifeboat's own environment has it")
}

/// The same day a year earlier; days of the calendar compare as texts do.
fn a_year_before(today: &str) -> Option<String> {
    let (year, day) = today.split_at_checked(4)?;
    Some(format!("{:04}{day}", year.parse::<u32>().ok()?.checked_sub(1)?))
}

/// How long a runbook is expected to take, as far as it says; of steps that run at the same time the longest counts.
pub(super) fn expected(runbook: &Runbook) -> Duration {
    let mut sum = Duration::ZERO;
    let mut rest = runbook.steps.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|step| first.together.is_some() && step.together == first.together).count().max(1);
        let (group, more) = rest.split_at(same);
        sum = sum.plus(group.iter().filter_map(|step| step.expected).max().unwrap_or_default());
        rest = more;
    }
    sum
}

/// People who would be too late even if everything else took no time. `whose` is the scenario or the service that promises the RTO.
pub(super) fn slow_people(file: &RunbookFile, rto: Duration, whose: &str) -> Option<Finding> {
    let reaction = file.runbook.reaction.filter(|reaction| reaction.p50 > rto)?;
    let message = format!("half of all people take longer than {} to react, and the RTO in `{whose}` is {rto}", reaction.p50);
    let hint = "let the gateway fail over by itself, or promise less";
    Some(file.document.error(&["reaction"], message, hint).warning())
}

/// Services whose runbook takes longer than they promise, or whose escalation comes later. Those that a scenario covers are left out: there
/// the scenario's own promise counts.
pub(super) fn of_promises(project: &Project, covered: &[String]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, service) in project.inventory.services.iter().filter(|(id, _)| !covered.contains(id)) {
        let (Some(rto), Some(path)) = (service.objectives.rto, &service.runbook) else { continue };
        let Some(file) = project.file(path).and_then(|path| project.runbook(&path).0) else { continue };
        found.extend(slow_people(&file, rto, id));
        let takes = expected(&file.runbook);
        if takes > rto {
            let message =
                format!("the steps of `{}` are expected to take {takes}, longer than the RTO of {rto} of `{id}`", file.runbook.name);
            let hint = "shorten the runbook, let steps run in parallel, or promise less";
            found.push(project.document.error(&["services", id, "runbook"], message, hint).warning());
        }
        for (index, escalation) in file.runbook.escalate.iter().enumerate().filter(|(_, escalation)| escalation.after > rto) {
            let message = format!("`{}` is told after {}, later than the RTO of {rto} of `{id}`", escalation.to, escalation.after);
            let path = ["escalate", &index.to_string(), "after"];
            found.push(file.document.error(&path, message, format!("write `after: {}` or sooner", rto.typed())).warning());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::a_year_before;

    #[test]
    fn a_year_is_counted_by_the_calendar() {
        assert_eq!(a_year_before("2026-11-20").as_deref(), Some("2025-11-20"));
        assert!("2025-11-20" >= a_year_before("2026-11-20").unwrap().as_str(), "a year to the day is not more than one");
        assert_eq!(a_year_before(""), None);
    }
}
