//! `run`: a program and its arguments. `process` runs it, so that nothing it started outlives it.

use super::last_seen::LastSeen;
use super::{Context, Output, StepError};
use crate::model::Command;
use crate::process::{Program, RunOptions, Supervision, SupervisionScope, can_start};
use crate::units::Secret;

/// Runs it to its end. `last` is told what it has printed, for whoever ends the step before the program does.
pub(super) async fn run(command: &Command, context: &Context, last: &LastSeen) -> Result<Output, StepError> {
    let program = program(command, context)?;
    if let (Supervision::By(..), Some(name)) = (&program.supervision, program.argv.first()) {
        can_start(name, &program.folder)?;
    }
    let progress = |said: &str| last.keep(format!("it said last: {said}"));
    let finished = program.run(RunOptions { progress: &progress, ..RunOptions::new(&context.redactor) }).await?;
    let said = finished.said();
    if !finished.is_done(&command.exit_codes) {
        return Err(finished.failure(said).into());
    }
    Ok(Output { shown: said, value: finished.stdout.value().trim_end_matches(['\n', '\r']).into() })
}

pub(super) fn program(command: &Command, context: &Context) -> Result<Program, StepError> {
    let argv = command.argv.iter().map(|argument| context.expand(argument)).collect::<Result<Vec<_>, _>>()?;
    let own = command.env.iter().map(|(name, value)| Ok((name.clone(), Secret::new(context.expand(value)?))));
    let supervisor = context.supervisor.clone();
    Ok(Program {
        argv,
        folder: match &command.folder {
            Some(folder) => context.folder.join(context.expand(folder)?),
            None => context.folder.clone(),
        },
        pass: command.pass.clone(),
        env: own.collect::<Result<_, StepError>>()?,
        supervision: supervisor.map_or(Supervision::Unsupervised, |binary| Supervision::By(binary, SupervisionScope::Group)),
    })
}
