//! `run`: a program and its arguments. `process` runs it, so that nothing it started outlives it.

use super::last_seen::LastSeen;
use super::{Context, Output, StepError};
use crate::history::StepFinished;
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
    let finished = {
        let _runs = last.running();
        program.run(RunOptions { progress: &progress, order: Some(last.order()), ..RunOptions::new(&context.redactor) }).await?
    };
    if let Some(how) = finished.when_asked() {
        last.ended(how);
    }
    // What it left behind is told as the last line, where the terminal finds it.
    let note = finished.left_behind().map_or_else(String::new, |note| format!("\n{}{note}", StepFinished::NOTE));
    if !finished.is_done(&command.exit_codes) {
        return Err(StepError::failed(format!("{}{note}", finished.failure(finished.complained()))));
    }
    let said = finished.said();
    Ok(Output { shown: format!("{said}{note}"), value: finished.stdout.value().trim_end_matches(['\n', '\r']).into() })
}

pub(super) fn program(command: &Command, context: &Context) -> Result<Program, StepError> {
    let argv = command.argv.iter().map(|argument| context.expand(argument)).collect::<Result<Vec<_>, _>>()?;
    let own = command.env.iter().map(|(name, value)| Ok((name.clone(), Secret::new(context.expand(value)?))));
    let supervisor = context.supervisor.clone();
    let scope = if command.leaves_running { SupervisionScope::Alone } else { SupervisionScope::Group };
    Ok(Program {
        argv,
        folder: match &command.folder {
            Some(folder) => context.folder.join(context.expand(folder)?),
            None => context.folder.clone(),
        },
        pass: command.pass.clone(),
        env: own.collect::<Result<_, StepError>>()?,
        supervision: supervisor.map_or(Supervision::Unsupervised, |binary| Supervision::By(binary, scope)),
        grace: command.grace.std(),
    })
}
