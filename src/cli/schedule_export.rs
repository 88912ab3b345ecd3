//! `lifeboat schedule export`: schedules as files of what people already run.

use super::arguments::relative;
use super::terminal::{note, put_path};
use super::{Exit, put, say};
use crate::model::DrillSchedule;
use crate::project::Project;
use crate::schedule::export::{ExportSettings, ExportTarget, Exported, export as exported};
use crate::units::{ParseError, ZoneName, closest, explained};
use anyhow::Context;
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};

/// Writes schedules for what people already run. Each starts `lifeboat run` and keeps its exit code.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// For what
    #[arg(value_enum)]
    target: TargetWord,
    /// Schedules by their names; without any, all of them
    names: Vec<String>,
    /// Into this folder, instead of stdout
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How lifeboat is called there; without it this program for crontab and systemd, else `lifeboat`
    #[arg(long, value_name = "PROGRAM")]
    program: Option<String>,
    /// The project's folder there; without it this one for crontab and systemd, `/project` for Kubernetes, else where a job begins
    #[arg(long, value_name = "DIR")]
    root: Option<String>,
    /// The zone of the host's clock, for a cron that does not know CRON_TZ, such as Debian's: the schedule's own, or UTC
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    host_zone: Option<ZoneName>,
    /// The image that has lifeboat, for Kubernetes and GitLab
    #[arg(long, value_name = "IMAGE", default_value = "lifeboat:latest")]
    image: String,
}

const EXAMPLES: &str = "Examples:
  lifeboat schedule export crontab
  lifeboat schedule export systemd chat-quarterly --out ~/.config/systemd/user
  lifeboat schedule export github --out .
  lifeboat schedule export ical > drills.ics

Nothing is started twice by it: drills of one service keep each other away. But let one thing start a schedule: cron, or
`lifeboat serve`, not both.";

/// What a schedule is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TargetWord {
    /// Lines for a crontab
    Crontab,
    /// A timer and a service
    Systemd,
    /// CronJobs
    Kubernetes,
    /// A workflow for GitHub Actions
    Github,
    /// A job for GitLab CI
    Gitlab,
    /// A calendar that people subscribe to
    Ical,
}

impl TargetWord {
    const fn target(self) -> ExportTarget {
        match self {
            Self::Crontab => ExportTarget::Crontab,
            Self::Systemd => ExportTarget::Systemd,
            Self::Kubernetes => ExportTarget::Kubernetes,
            Self::Github => ExportTarget::Github,
            Self::Gitlab => ExportTarget::Gitlab,
            Self::Ical => ExportTarget::Ical,
        }
    }
}

fn zone(text: &str) -> Result<ZoneName, String> {
    text.parse().map_err(|ParseError { problem, hint }| format!("{problem}\n\nhint: {hint}"))
}

pub(super) fn export(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let (schedules, findings) = Project::open(&root).0.schedules();
    if findings.has_errors() {
        for finding in &findings {
            say(&finding.to_string());
        }
        return Ok(Exit::Usage);
    }
    let Some(chosen) = chosen(schedules, &args.names) else { return Ok(Exit::Usage) };
    let settings = settings(args, &root)?;
    let exported = match exported(args.target.target(), &chosen, &settings) {
        Ok(exported) => exported,
        Err(problem) => {
            say(&format!("error: {}", explained(&problem)));
            return Ok(Exit::Usage);
        }
    };
    exported.notes.iter().for_each(|told| note(&format!("note: {told}")));
    match &args.out {
        Some(folder) => write(&exported, folder)?,
        None => {
            let several = exported.files.len() > 1;
            for file in &exported.files {
                let head = if several { format!("# {}\n", file.name) } else { String::new() };
                put(&format!("{head}{}", file.text))?;
            }
        }
    }
    Ok(Exit::Met)
}

/// Those that are named, or all; `None` where there is none, which was said.
fn chosen(schedules: Vec<DrillSchedule>, names: &[String]) -> Option<Vec<DrillSchedule>> {
    if schedules.is_empty() {
        say("error: this project has no schedules\n\nhint: write one into `schedules/`; `lifeboat schema schedule` prints its form");
        return None;
    }
    for name in names {
        if !schedules.iter().any(|schedule| schedule.name == *name) {
            let known = schedules.iter().map(|schedule| schedule.name.as_str());
            let hint = closest(name, known.clone())
                .map_or_else(|| format!("write one of {}", known.collect::<Vec<_>>().join(", ")), |name| format!("did you mean `{name}`?"));
            say(&format!("error: there is no schedule `{name}`\n\nhint: {hint}"));
            return None;
        }
    }
    Some(schedules.into_iter().filter(|schedule| names.is_empty() || names.contains(&schedule.name)).collect())
}

fn settings(args: &Args, root: &Path) -> anyhow::Result<ExportSettings> {
    let on_this_host = matches!(args.target, TargetWord::Crontab | TargetWord::Systemd);
    let program = match (&args.program, on_this_host) {
        (Some(program), _) => program.clone(),
        (None, true) => std::env::current_exe()?.display().to_string(),
        (None, false) => "lifeboat".to_owned(),
    };
    let there = match (&args.root, args.target) {
        (Some(root), _) => root.clone(),
        (None, TargetWord::Crontab | TargetWord::Systemd) => std::path::absolute(root)?.display().to_string(),
        (None, TargetWord::Kubernetes) => "/project".to_owned(),
        (None, _) => ".".to_owned(),
    };
    let now = Utc::now();
    Ok(ExportSettings {
        program,
        root: there,
        from: now.date_naive(),
        changed: changed(root).unwrap_or(now),
        host_zone: args.host_zone.clone(),
        image: args.image.clone(),
    })
}

/// When a file with schedules was changed last.
fn changed(root: &Path) -> Option<DateTime<Utc>> {
    let schedules = std::fs::read_dir(root.join("schedules")).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = schedules.chain([root.join("runbooks/inventory.yaml")]);
    files.filter_map(|file| file.metadata().ok()?.modified().ok()).max().map(DateTime::from)
}

fn write(exported: &Exported, folder: &Path) -> anyhow::Result<()> {
    for file in &exported.files {
        let path = folder.join(&file.name);
        let told = || format!("cannot write {}", path.display());
        std::fs::create_dir_all(path.parent().unwrap_or(folder)).with_context(told)?;
        std::fs::write(&path, &file.text).with_context(told)?;
        put_path("wrote", &relative(&path))?;
    }
    Ok(())
}
