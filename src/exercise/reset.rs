//! Puts a system back as it was, before each of several drills of one scenario: by the commands that its environment has for that.

use super::orders::{DrillOrders, PlannedDrill};
use crate::model::{DrillPlan, ResetCommand, SecretSource, ServiceBinding};
use crate::process::{GRACE, ProcessError, Program, RunOptions, Supervision, SupervisionScope, can_start};
use crate::redact::Redactor;
use crate::secret::{self, SecretContext};
use crate::units::{Explained, Secret, expand};
use crate::verdict::record::ResetWay;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Why a system could not be put back.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResetError {
    /// A person wants all of it to stop.
    #[error("it was stopped")]
    Stopped,
    /// A variable in the command has no value.
    #[error("the reset of `{service}` names `${{{name}}}`, which stands for nothing between drills")]
    Variable { service: String, name: String },
    /// The command did not do its work.
    #[error("the reset of `{service}` failed: {source}")]
    Failed { service: String, source: ProcessError },
}

impl Explained for ResetError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Stopped => None,
            Self::Variable { .. } => Some(format!("it knows {}", ResetCommand::VARIABLES.join(", ")).into()),
            Self::Failed { service, .. } => {
                Some(format!("try the `reset:` of `{service}` by hand, or give it longer with `reset: {{run: […], within: 5m}}`").into())
            }
        }
    }
}

/// The services that the drill asks and that have something to be put back by, by name.
fn commands(plan: &DrillPlan) -> Vec<(&str, &ServiceBinding, &ResetCommand)> {
    let services: BTreeSet<&str> = plan.workloads.iter().map(|each| each.service_name.as_str()).collect();
    let each = |name: &&'_ str| {
        let (name, binding) = plan.environment.services.get_key_value(*name)?;
        Some((name.as_str(), binding, binding.reset.as_ref()?))
    };
    services.iter().filter_map(each).collect()
}

/// What puts the system back before each trial.
pub(super) fn way_of(plan: &DrillPlan) -> ResetWay {
    let environment = &plan.environment;
    let stands = |name: &str| !environment.embedded || environment.services.contains_key(name);
    if !commands(plan).is_empty() {
        ResetWay::Command
    } else if environment.start.is_some() || !plan.workloads.iter().any(|each| stands(&each.service_name)) {
        ResetWay::Fresh
    } else {
        ResetWay::Nothing
    }
}

/// Puts it back. What the commands print is told only where they fail, without secrets.
pub(super) async fn reset(orders: &DrillOrders, planned: &PlannedDrill) -> Result<(), ResetError> {
    let commands = commands(&planned.plan);
    if commands.is_empty() {
        return Ok(());
    }
    let redactor = Redactor::default();
    let sources: BTreeSet<SecretSource> = SecretSource::of_drill(&planned.plan).union(&planned.secrets).cloned().collect();
    secret::learn(&sources, SecretContext { stores: &planned.plan.stores, root: &planned.root }, &redactor, &mut Vec::new());
    for (service, binding, command) in commands {
        let program = program(orders, planned, (service, binding), command)?;
        let mut stop = orders.stop.clone();
        tokio::select! {
            // What drops the run ends it.
            _ = stop.wait_for(|stop| *stop) => return Err(ResetError::Stopped),
            done = finished(&program, command, &redactor) => {
                done.map_err(|source| ResetError::Failed { service: service.to_owned(), source })?;
            }
        }
    }
    Ok(())
}

async fn finished(program: &Program, command: &ResetCommand, redactor: &Redactor) -> Result<(), ProcessError> {
    if let Some(name) = program.argv.first() {
        can_start(name, &program.folder)?;
    }
    let run = program.run(RunOptions { within: Some(command.within.std()), ..RunOptions::new(redactor) }).await?;
    if run.is_done(&[]) { Ok(()) } else { Err(run.failure(run.complained())) }
}

fn program(
    orders: &DrillOrders,
    planned: &PlannedDrill,
    (service, binding): (&str, &ServiceBinding),
    command: &ResetCommand,
) -> Result<Program, ResetError> {
    let value = |name: &str| match name {
        "root" => Some(planned.root.display().to_string()),
        "service.name" => Some(service.to_owned()),
        "service.url" => Some(binding.url.clone()),
        _ => None,
    };
    let filled =
        |text: &String| expand(text, value).map_err(|unknown| ResetError::Variable { service: service.to_owned(), name: unknown.name });
    let env = command.env.iter().map(|(name, text)| Ok((name.clone(), Secret::new(filled(text)?))));
    Ok(Program {
        argv: command.run.iter().map(filled).collect::<Result<_, _>>()?,
        folder: planned.root.clone(),
        pass: command.pass.clone(),
        env: env.collect::<Result<_, ResetError>>()?,
        supervision: Supervision::By(orders.supervisor.clone(), SupervisionScope::Group),
        grace: GRACE,
    })
}
