//! `lifeboat review`: what people say after a runbook was walked, kept as it is said, and a draft for the review that is made of it.

use super::terminal::{note, put_path};
use super::{Exit, say, until_interrupted};
use crate::history::{Event, ExecutionStarted, History, read};
use crate::host::private;
use crate::model::{NightReview, ReviewEntry, ReviewTopic, SecretSource, StepReviewed, StepTruth};
use crate::project::{Findings, NightReviewFile, Project};
use crate::redact::Redactor;
use crate::report::{markdown, night_review, patch, steps_to_review};
use crate::run_folder::RunFile;
use crate::secret;
use crate::units::Problem;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use tokio::sync::{mpsc, watch};

/// Asks what a review needs (impact, what went well and badly, luck, follow-ups; of each step whether it was true), keeps each answer in the
/// folder's review.yaml at once, and writes the draft review.md. Of steps that were changed, runbook.patch says so at their place in the runbook.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder of an execution
    execution: PathBuf,
    /// Ask nothing: write the draft with what was said so far
    #[arg(long)]
    no_questions: bool,
}

const EXAMPLES: &str = "Examples:
  lifeboat review executions/2026-11-20T02-14-07-provider-outage-2a1f
  lifeboat review executions/2026-11-20T02-14-07-provider-outage-2a1f --no-questions
  patch -p1 < executions/2026-11-20T02-14-07-provider-outage-2a1f/runbook.patch

Every question may be skipped with an empty line. What is in review.yaml is not asked again; edit it there.";

/// What is asked of the whole night, in this order.
const TOPICS: [(ReviewTopic, &str); 5] = [
    (ReviewTopic::Impact, "Impact: who was hurt, how, and for how long?"),
    (ReviewTopic::WentWell, "What went well?"),
    (ReviewTopic::WentBadly, "What went badly?"),
    (ReviewTopic::Lucky, "Where were we lucky?"),
    (ReviewTopic::FollowUp, "What is to be done, who does it, and until when?"),
];

pub(super) fn review(args: &Args) -> anyhow::Result<Exit> {
    reviewed(args).or_else(super::report::refused)
}

fn reviewed(args: &Args) -> anyhow::Result<Exit> {
    let folder = &args.execution;
    let history = walked(folder)?;
    let Some(Event::ExecutionStarted(started)) = history.events.first().map(|stamped| stamped.event.clone()) else {
        return Err(no_execution(folder).into());
    };
    let path = RunFile::Review.within(folder);
    let file = match NightReviewFile::read(&path) {
        _ if !path.exists() => NightReviewFile::fresh(&started.execution, &path.display().to_string()),
        Ok(file) => file,
        Err(findings) => return Ok(broken(&findings)),
    };
    let mut talk = ReviewTalk { path, file, redactor: redactor(&started), broken: None };
    let mut end = Exit::Met;
    if !args.no_questions {
        end = until_interrupted("what was said is kept", async |stop| Ok(talk.asked(&steps_to_review(&history), stop).await))?;
    }
    if let Some(findings) = &talk.broken {
        return Ok(broken(findings));
    }
    written(folder, &history, &started, talk.file.review())?;
    Ok(end)
}

fn walked(folder: &Path) -> anyhow::Result<History> {
    let path = RunFile::History.within(folder);
    let bytes = std::fs::read(&path).map_err(|error| no_execution(folder).caused_by(error))?;
    Ok(read(&bytes[..]).map_err(|error| no_execution(folder).caused_by(error))?)
}

fn no_execution(folder: &Path) -> Problem {
    Problem::new(format!("{} is not the folder of an execution", folder.display())).hint("name a folder that `lifeboat execute` made")
}

fn broken(findings: &Findings) -> Exit {
    for finding in findings {
        say(&finding.to_string());
    }
    Exit::Usage
}

/// Knows the keys of the night, as far as they are there: nobody should have to remember not to type one.
fn redactor(started: &ExecutionStarted) -> Redactor {
    let redactor = Redactor::default();
    let site = secret::SecretContext { stores: &started.plan.stores, root: Path::new(&started.root) };
    secret::learn(&SecretSource::of_execution(&started.plan), site, &redactor, &mut Vec::new());
    redactor
}

/// Questions, and what was said.
struct ReviewTalk {
    path: PathBuf,
    file: NightReviewFile,
    redactor: Redactor,
    /// Why nothing more can be kept.
    broken: Option<Findings>,
}

/// The lines that are typed; `None` where nobody types any more.
struct Lines {
    typed: mpsc::Receiver<String>,
    stop: watch::Receiver<bool>,
}

impl Lines {
    /// Of stdin, from a thread of its own: a read that nobody answers ends with the process.
    fn of_stdin(stop: watch::Receiver<bool>) -> Self {
        let (sender, typed) = mpsc::channel(1);
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Self { typed, stop }
    }

    async fn next(&mut self) -> Option<String> {
        tokio::select! {
            biased;
            _ = self.stop.wait_for(|stop| *stop) => None,
            line = self.typed.recv() => Some(line?.trim().to_owned()),
        }
    }
}

impl ReviewTalk {
    /// Asks what nothing was said about yet. Each question may be skipped.
    async fn asked(&mut self, steps: &[(String, String)], stop: watch::Receiver<bool>) -> Exit {
        let stopped = stop.clone();
        let mut lines = Lines::of_stdin(stop);
        note("an empty line goes on; Ctrl-C ends, and keeps what was said\n");
        let all = self.of_the_night(&mut lines).await;
        if let Some(()) = all {
            let _ = self.of_steps(steps, &mut lines).await;
        }
        if *stopped.borrow() { Exit::Safety } else { Exit::Met }
    }

    /// `None` where nobody answers any more.
    async fn of_the_night(&mut self, lines: &mut Lines) -> Option<()> {
        for (topic, question) in TOPICS {
            if self.file.review().about(topic).next().is_some() {
                continue;
            }
            say(question);
            loop {
                let says = lines.next().await?;
                if says.is_empty() {
                    break;
                }
                self.keep(|says| ReviewEntry::Topic { topic, says }, &says)?;
            }
        }
        Some(())
    }

    async fn of_steps(&mut self, steps: &[(String, String)], lines: &mut Lines) -> Option<()> {
        for (place, (step, end)) in steps.iter().enumerate() {
            if self.file.review().of_step(step).is_some() {
                continue;
            }
            let truth = loop {
                say(&format!("Step {}, {step} ({end}): was it true? [yes/no/changed]", place + 1));
                let line = lines.next().await?;
                let truth = StepTruth::WORDS.iter().find(|word| !line.is_empty() && word.starts_with(&line.to_lowercase()));
                match truth.and_then(|word| StepTruth::from_word(word)) {
                    None if !line.is_empty() => say("please write yes, no or changed; an empty line goes on"),
                    truth => break truth,
                }
            };
            let Some(truth) = truth else { continue };
            let how = match truth {
                StepTruth::Yes => String::new(),
                StepTruth::No => {
                    say("What was wrong with it?");
                    lines.next().await.unwrap_or_default()
                }
                StepTruth::Changed => {
                    say("Changed how?");
                    lines.next().await.unwrap_or_default()
                }
            };
            let step = step.clone();
            let entry = |how: String| ReviewEntry::Step(StepReviewed { step, truth, how: Some(how).filter(|how| !how.is_empty()) });
            self.keep(entry, &how)?;
        }
        Some(())
    }

    /// Keeps it at once.
    fn keep(&mut self, entry: impl FnOnce(String) -> ReviewEntry, typed: &str) -> Option<()> {
        match self.file.saying(entry(self.redactor.redact(typed))) {
            Ok(file) => self.file = file,
            Err(findings) => {
                self.broken = Some(findings);
                return None;
            }
        }
        if let Err(error) = private::write(&self.path, self.file.text().as_bytes()) {
            say(&format!("error: cannot write {}: {error}", self.path.display()));
            return None;
        }
        Some(())
    }
}

/// The draft, and what it changes of the runbook.
fn written(folder: &Path, history: &History, started: &ExecutionStarted, review: &NightReview) -> anyhow::Result<()> {
    let Some(draft) = night_review(history, review) else { return Err(no_execution(folder).into()) };
    private::write(&RunFile::ReviewDraft.within(folder), markdown(&draft).as_bytes())?;
    let show = |label, file: RunFile| put_path(label, &super::arguments::relative(&file.within(folder)));
    show("review", RunFile::ReviewDraft)?;
    let day = chrono::Local::now().format("%Y-%m-%d");
    let comments: Vec<(String, String)> = steps_to_review(history)
        .into_iter()
        .filter_map(|(step, _)| {
            let said = review.of_step(&step)?;
            let how = said.how.as_ref().map_or_else(String::new, |how| format!(": {how}"));
            let what = match said.truth {
                StepTruth::Yes => return None,
                StepTruth::No => "this step was not true",
                StepTruth::Changed => "this step was changed",
            };
            Some((step, format!("review of {} ({day}): {what}{how}", started.execution)))
        })
        .collect();
    let Some(runbook) = started.plan.sources.first().filter(|_| !comments.is_empty()) else { return Ok(()) };
    let root = Path::new(&started.root);
    let (files, gone) = Project::open(root).0.annotated(&root.join(&runbook.path), &comments);
    for step in gone {
        say(&format!("warning: `{step}` is no step of {} any more, so nothing is changed there", runbook.path));
    }
    let text: String = files.iter().map(|file| patch(&file.path, &file.before, &file.after)).collect();
    if !text.is_empty() {
        private::write(&RunFile::RunbookPatch.within(folder), text.as_bytes())?;
        show("patch", RunFile::RunbookPatch)?;
        let file = RunFile::RunbookPatch.within(folder);
        note(&format!("take it over in {}: patch -p1 < {}", root.display(), super::arguments::relative(&file)));
    }
    Ok(())
}
