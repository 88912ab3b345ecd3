//! Commands that break a system which is not the lab's, and what puts it back: always, also where the drill was stopped, and at the next `prove` where
//! this process was killed, because what is broken is noted beside the proofs before it is broken.
//!
//! What this file does not do: break anything that an environment does not name.

use crate::exercise::{PROOFS, PlannedDrill};
use crate::host::private;
use crate::model::{SabotageCommand, SecretSource};
use crate::process::{GRACE, Program, RunOptions, Supervision, SupervisionScope, can_start};
use crate::redact::Redactor;
use crate::secret::{self, SecretContext};
use crate::units::{Problem, Secret, expand};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The note of what is broken, in the folder of proofs.
const NOTE: &str = "broken-on-purpose.json";

/// What was broken on purpose and not put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftBroken {
    /// The environment's name.
    pub environment: String,
    /// The sabotage's name in it.
    pub sabotage: String,
}

fn note(root: &Path) -> PathBuf {
    root.join(PROOFS).join(NOTE)
}

/// What a `prove` that was killed left broken in this project; `None` where nothing was.
pub fn left_broken(root: &Path) -> Option<LeftBroken> {
    serde_json::from_slice(&std::fs::read(note(root)).ok()?).ok()
}

/// Breaks it.
pub(super) async fn broken(planned: &PlannedDrill, supervisor: &Path, command: &SabotageCommand) -> Result<(), Problem> {
    let left = LeftBroken { environment: planned.plan.environment_name.clone(), sabotage: command.name.clone() };
    let text = serde_json::to_vec(&left).unwrap_or_default();
    let noted = private::folder(&planned.root.join(PROOFS)).and_then(|()| private::write(&note(&planned.root), &text));
    noted.map_err(|error| Problem::new(format!("what is to be broken cannot be noted in {PROOFS}: {error}")))?;
    run(planned, supervisor, command, &command.run, "the sabotage").await
}

/// Puts it back. Nobody stops this.
pub(super) async fn put_back(planned: &PlannedDrill, supervisor: &Path, command: &SabotageCommand) -> Result<(), Problem> {
    run(planned, supervisor, command, &command.undo, "the undo of").await?;
    std::fs::remove_file(note(&planned.root)).map_err(|error| Problem::new(format!("{PROOFS}/{NOTE} cannot be removed: {error}")))
}

/// Puts back what was left broken, before anything else begins.
pub(super) async fn put_back_left(planned: &PlannedDrill, supervisor: &Path) -> Result<Option<String>, Problem> {
    let Some(left) = left_broken(&planned.root) else { return Ok(None) };
    let hint = format!("put it back by hand, then remove {PROOFS}/{NOTE}");
    let there = &planned.plan.environment;
    let command = there.sabotage.iter().find(|command| command.name == left.sabotage && planned.plan.environment_name == left.environment);
    let Some(command) = command else {
        let what = format!("`{}` was left broken in the environment `{}`, and is not known here", left.sabotage, left.environment);
        return Err(Problem::new(what).hint(format!("prove something in `{}`, which puts it back; or {hint}", left.environment)));
    };
    put_back(planned, supervisor, command).await.map_err(|problem| problem.hint(hint))?;
    Ok(Some(left.sabotage))
}

async fn run(planned: &PlannedDrill, supervisor: &Path, command: &SabotageCommand, argv: &[String], what: &str) -> Result<(), Problem> {
    let redactor = Redactor::default();
    let sources: BTreeSet<SecretSource> = SecretSource::of_drill(&planned.plan).union(&planned.secrets).cloned().collect();
    secret::learn(&sources, SecretContext { stores: &planned.plan.stores, root: &planned.root }, &redactor, &mut Vec::new());
    let wrong = |error: String| {
        Problem::new(format!("{what} `{}` failed: {error}", command.name)).hint("try it by hand, or give it longer: `within: 5m`")
    };
    let value = |name: &str| (name == "root").then(|| planned.root.display().to_string());
    let filled = |text: &String| expand(text, value).map_err(|unknown| wrong(format!("`${{{}}}` stands for nothing", unknown.name)));
    let env = command.env.iter().map(|(name, text)| Ok((name.clone(), Secret::new(filled(text)?))));
    let program = Program {
        argv: argv.iter().map(filled).collect::<Result<_, Problem>>()?,
        folder: planned.root.clone(),
        pass: command.pass.clone(),
        env: env.collect::<Result<_, Problem>>()?,
        supervision: Supervision::By(supervisor.to_owned(), SupervisionScope::Group),
        grace: GRACE,
    };
    if let Some(name) = program.argv.first() {
        can_start(name, &program.folder).map_err(|error| wrong(error.to_string()))?;
    }
    let options = RunOptions { within: Some(command.within.std()), ..RunOptions::new(&redactor) };
    let run = program.run(options).await.map_err(|error| wrong(error.to_string()))?;
    if run.is_done(&[]) { Ok(()) } else { Err(wrong(run.failure(run.complained()).to_string())) }
}
