//! `lifeboat stop`: pulls a lever. Drills that run under it stop, and none begins until `lifeboat resume` lifts it.

use super::proxy::TokenSource;
use super::{Exit, environment, put, say};
use crate::control::Control;
use crate::model::{ControlBinding, Environment};
use crate::permission::{LeverFile, LeverNote, RegisterEntry, registered};
use crate::project::Project;
use crate::units::{Problem, explained};
use std::path::{Path, PathBuf};

/// Stops the drills of this project that run, and keeps new ones from beginning, until `lifeboat resume`. It needs no running service: the lever is a
/// file that each drill looks at four times a second.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Why: kept in the history of each drill that it stops, and told to everybody who cannot begin one meanwhile
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    which: Which,
}

/// Which lever.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The drills of every project that this user runs on this host
    #[arg(long, conflicts_with_all = ["env", "control"])]
    all: bool,
    /// The drills in an environment of the inventory: by the file that its `lever:` names, and at its standing fault proxy
    #[arg(long, value_name = "ENVIRONMENT", conflicts_with = "control")]
    env: Option<String>,
    /// The drills that use the standing fault proxy with this control API
    #[arg(long, value_name = "URL")]
    control: Option<String>,
    /// The token that the control API requires
    #[arg(long, value_name = "env:NAME")]
    token_from: Option<TokenSource>,
}

const EXAMPLES: &str = "Examples:
  lifeboat stop --reason 'the database is being moved'
  lifeboat stop --all --reason 'incident 4711'
  lifeboat stop --env staging --reason 'load test until 15:00'";

/// A lever that is meant.
pub(super) enum MeantLever {
    File(LeverFile),
    Control(ControlBinding, Option<TokenSource>),
}

impl Which {
    /// The levers, or what is wrong with what was typed.
    pub(super) fn levers(&self) -> anyhow::Result<Result<Vec<MeantLever>, String>> {
        if let Some(url) = &self.control {
            let binding = ControlBinding { url: url.clone(), token_from: None, lease: None };
            return Ok(Ok(vec![MeantLever::Control(binding, self.token_from.clone())]));
        }
        if let Some(name) = &self.env {
            return Ok(environment::named(name)?.and_then(|(project, environment)| self.of_environment(name, &project, &environment)));
        }
        if self.all {
            let none =
                || "this user has no home, so there is no lever for all projects\n\nhint: export LIFEBOAT_STATE=… with a folder".to_owned();
            return Ok(LeverFile::of_user().map(|file| vec![MeantLever::File(file)]).ok_or_else(none));
        }
        Ok(Ok(vec![MeantLever::File(LeverFile::of_project(&Project::find(Path::new("."))?))]))
    }

    fn of_environment(&self, name: &str, project: &Project, environment: &Environment) -> Result<Vec<MeantLever>, String> {
        let file = environment.lever.as_ref().and_then(|lever| lever.file.as_deref());
        let file = file.map(|file| MeantLever::File(LeverFile::of_environment(&project.root, file, name)));
        let control = environment.control.clone().map(|control| {
            let source = self.token_from.clone().or_else(|| control.token_from.clone().map(TokenSource::of));
            MeantLever::Control(control, source)
        });
        let levers: Vec<MeantLever> = file.into_iter().chain(control).collect();
        if levers.is_empty() {
            return Err(format!(
                "the environment `{name}` has no lever of its own\n\nhint: without --env this stops every drill of the project; or add `lever: \
                 {{file: …}}` to `{name}` in the inventory"
            ));
        }
        Ok(levers)
    }

    /// Those of its drills that run, as far as they are known here.
    fn running(&self) -> Vec<PathBuf> {
        let root = Project::find(Path::new(".")).ok().and_then(|root| std::path::absolute(root).ok());
        let is_one = |project: &Path, environment: &str| match (&self.env, &self.control) {
            (_, Some(_)) => false,
            (Some(name), None) => Some(project) == root.as_deref() && environment == name,
            (None, None) => self.all || Some(project) == root.as_deref(),
        };
        let running = registered().into_iter().map(|(_, entry)| entry).filter(RegisterEntry::runs);
        running.filter(|entry| is_one(&entry.root, &entry.environment)).map(|entry| entry.folder).collect()
    }
}

pub(super) fn stop(args: &Args) -> anyhow::Result<Exit> {
    if args.reason.trim().is_empty() {
        return usage("the reason is empty\n\nhint: say why, for those who are stopped: --reason 'the database is being moved'");
    }
    let levers = match args.which.levers()? {
        Ok(levers) => levers,
        Err(problem) => return usage(&problem),
    };
    let note = LeverNote::now(args.reason.trim());
    let mut end = Exit::Met;
    for lever in levers {
        match pull(&lever, &note)? {
            Ok(text) => put(&text)?,
            Err(problem) => {
                say(&format!("error: {}", explained(&problem)));
                end = Exit::Inconclusive;
            }
        }
    }
    for folder in args.which.running() {
        put(&format!("stopping {}\n", super::arguments::relative(&folder)))?;
    }
    Ok(end)
}

fn pull(lever: &MeantLever, note: &LeverNote) -> anyhow::Result<Result<String, Problem>> {
    let (place, lifted_by, before) = match lever {
        MeantLever::File(file) => {
            let before = file.pull(note)?.map(|pulled| pulled.to_string());
            (super::arguments::relative(&file.path), file.lifted_by.clone(), before)
        }
        MeantLever::Control(binding, source) => {
            let before = match at_control(binding, source.as_ref(), async |control| control.pull_lever(&note.by, &note.reason).await)? {
                Ok(before) => before,
                Err(problem) => return Ok(Err(problem)),
            };
            let said = |text: Option<String>| text.unwrap_or_else(|| "somebody".to_owned());
            let before = before.stopped.then(|| format!("{} pulled the lever: {}", said(before.by), before.reason.unwrap_or_default()));
            (binding.url.clone(), "lifeboat resume with the same options".to_owned(), before)
        }
    };
    Ok(Ok(match before {
        None => format!("drills are stopped by {place}, and none begins\nto lift it: {lifted_by}\n"),
        Some(before) => format!("drills were stopped already: {before}\nto lift it: {lifted_by}\n"),
    }))
}

/// Does something at a control API.
pub(super) fn at_control<T>(
    binding: &ControlBinding,
    source: Option<&TokenSource>,
    work: impl AsyncFnOnce(&Control) -> Result<T, crate::control::ControlError>,
) -> anyhow::Result<Result<T, Problem>> {
    let told = |error: crate::control::ControlError| {
        let problem = Problem::new(error.to_string());
        crate::units::Explained::hint(&error).map(Into::<String>::into).into_iter().fold(problem, Problem::hint)
    };
    let token = match source.map(TokenSource::token).transpose() {
        Ok(token) => token,
        Err(problem) => return Ok(Err(Problem::new(problem))),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(async {
        let control = Control::connect_with(&binding.url, token.as_deref()).await.map_err(told)?;
        work(&control).await.map_err(told)
    }))
}

pub(super) fn usage(problem: &str) -> anyhow::Result<Exit> {
    say(&format!("error: {problem}"));
    Ok(Exit::Usage)
}
