//! What a plan needs of this host before anything is opened: variables, files of certificates and scripts, programs.

use super::{Preflight, PreflightCheck, Trouble};
use crate::drill::site::RigSite;
use crate::model::{Action, DrillPlan, OnFailure, ServiceBinding, Step};
use crate::process::can_start;
use crate::traffic::authorities;
use std::path::Path;

/// Tries all of it.
pub(in crate::drill) fn look(site: &RigSite<'_>, preflight: &mut Preflight) {
    let plan = site.plan;
    for (variable, whose) in tokens(plan) {
        preflight.tried(token(&variable, &whose));
    }
    for (service, binding) in asked(plan) {
        for variable in keys(binding) {
            preflight.tried(key(variable, service));
        }
        if let Some(file) = binding.ca.as_deref().filter(|file| !file.contains("${")) {
            preflight.tried(authority(file, service, site.root));
        }
    }
    for script in plan.workloads.iter().filter_map(|each| each.workload.script.as_deref()) {
        preflight.tried(file(script, site.root));
    }
    for (program, whose) in programs(plan) {
        preflight.tried(self::program(program, &whose, site.root));
    }
}

/// The services that are asked and have an address of their own.
pub(super) fn asked(plan: &DrillPlan) -> Vec<(&str, &ServiceBinding)> {
    let names: std::collections::BTreeSet<String> = plan.workloads.iter().map(|each| each.service_name.clone()).collect();
    plan.environment.services.iter().filter(|(name, _)| names.contains(*name)).map(|(name, binding)| (name.as_str(), binding)).collect()
}

pub(super) fn keys(binding: &ServiceBinding) -> impl Iterator<Item = &str> {
    binding.key_from.iter().chain(&binding.keys_from).chain(binding.headers_from.values()).map(String::as_str)
}

fn tokens(plan: &DrillPlan) -> Vec<(String, String)> {
    let environment = &plan.environment;
    let control = environment.control.as_ref();
    let control = control.and_then(|control| Some((control.token_from.clone()?, format!("the control API at {}", control.url))));
    let alerts = environment.alerts.as_ref().and_then(|alerts| Some((alerts.token_from.clone()?, "the senders of alerts".to_owned())));
    control.into_iter().chain(alerts).collect()
}

/// That a variable holds the key that clients of a service send.
pub(in crate::drill) fn key(variable: &str, service: &str) -> PreflightCheck {
    match std::env::var(variable) {
        Ok(key) if !key.trim().is_empty() => Ok(format!("{variable} is set, for {service}")),
        held => Err(Trouble::new(
            format!("the environment variable {variable} is {}", if held.is_ok() { "empty" } else { "not set" }),
            format!("export {variable}=… with the key that clients of {service} send"),
        )),
    }
}

/// That a variable holds the token of a control API or the like.
pub(in crate::drill) fn token(variable: &str, whose: &str) -> PreflightCheck {
    match std::env::var(variable) {
        Ok(token) if !token.trim().is_empty() => Ok(format!("{variable} is set, for {whose}")),
        _ => Err(Trouble::new(
            format!("the environment variable {variable} holds no token"),
            format!("export {variable}=… with the token of {whose}"),
        )),
    }
}

fn authority(file: &str, service: &str, root: &Path) -> PreflightCheck {
    let hint = format!("write the path of a file of certificates in PEM to `ca:` of `{service}`, from the project's folder");
    match authorities(&root.join(file)) {
        Ok(_) => Ok(format!("{file} holds certificates, for {service}")),
        Err(problem) => Err(Trouble::new(format!("`ca:` of {service} cannot be used: {problem}"), hint)),
    }
}

fn file(script: &str, root: &Path) -> PreflightCheck {
    let path = root.join(script);
    match path.is_file() {
        true => Ok(format!("{script} is there")),
        false => Err(Trouble::new(format!("there is no script {}", path.display()), "correct `script:` of the scenario")),
    }
}

/// Programs that are looked for in PATH. What is named by a path may be made by a step before it.
fn programs(plan: &DrillPlan) -> Vec<(&str, String)> {
    let start = plan.environment.start.iter().filter_map(|start| Some((start.run.first()?.as_str(), "`start:`".to_owned())));
    // What may be skipped, or may fail, may lack its program.
    let needed = |step: &&Step| step.when.is_none() && step.on_failure != OnFailure::Continue;
    let steps = plan.runbook.iter().flat_map(|runbook| &runbook.steps).filter(needed).flat_map(|step| {
        let actions = step.action.parts().into_iter().chain(step.undo.iter().flat_map(Action::parts));
        actions.filter_map(|action| match action {
            Action::Run(command) => Some((command.argv.first()?.as_str(), format!("the step `{}`", step.name))),
            _ => None,
        })
    });
    let sends = plan.workloads.iter().any(|each| each.workload.script.is_some());
    let k6 = sends.then(|| ("k6", "the traffic".to_owned()));
    start.chain(steps).chain(k6).filter(|(program, _)| !program.contains(['/', '$'])).collect()
}

fn program(program: &str, whose: &str, root: &Path) -> PreflightCheck {
    match can_start(program, root) {
        Ok(()) => Ok(format!("the program {program} is there, for {whose}")),
        Err(_) => Err(Trouble::new(
            format!("there is no program `{program}`, which {whose} runs"),
            "install it, or put its folder into PATH".to_owned(),
        )),
    }
}
