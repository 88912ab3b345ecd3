//! `confirm`: a person answers. Who that is, is what somebody typed: the history names the user whose terminal it was, and says that nothing
//! was verified.

use super::{Context, Output, StepError};
use crate::model::{Action, Confirm, Reaction, StepEnd};
use crate::units::Duration;
use tokio::sync::{mpsc, oneshot};

/// Who answers questions.
#[derive(Debug, Clone)]
pub enum Attendance {
    /// Nobody is there; every question was answered with yes beforehand (`--yes`).
    Unattended,
    /// A person at a terminal, reached over this queue.
    Attended(mpsc::Sender<Prompt>),
}

/// Stands in for people in a drill that has nobody at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StandIn {
    /// How long they take, where nothing else is said.
    pub reaction: Option<Reaction>,
}

/// A question to a person, on its way to the terminal.
#[derive(Debug)]
pub struct Prompt {
    /// The text of the question.
    pub text: String,
    /// The answers that are allowed.
    pub answers: Vec<String>,
    /// Who may answer; the answer must then name one of them. Empty where it need not.
    pub names: Vec<String>,
    /// What was answered. Dropped where nobody is there.
    pub answer: oneshot::Sender<PromptAnswer>,
}

/// A person's answer to a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromptAnswer {
    /// One of the answers that were allowed.
    pub word: String,
    /// Who, where that was asked.
    pub by: Option<String>,
    /// What was said besides.
    pub comment: String,
}

impl Attendance {
    /// Puts a question to whoever is there; `None` where nobody is.
    pub async fn put(&self, text: String, answers: Vec<String>, names: Vec<String>) -> Option<PromptAnswer> {
        let Self::Attended(queue) = self else { return None };
        let (answer, answered) = oneshot::channel();
        queue.send(Prompt { text, answers, names, answer }).await.ok()?;
        answered.await.ok()
    }
}

/// How long it takes until somebody who is not there has answered; `None` where nobody is imitated.
pub(super) fn reaction(action: &Action, name: &str, context: &Context) -> Option<Duration> {
    let (Action::Confirm(confirm), Some(stand_in)) = (action, context.stand_in) else { return None };
    let reaction = confirm.reaction.or(stand_in.reaction)?;
    Some(reaction.drawn(context.seed.derive(&format!("reaction to {name}"))))
}

pub(super) async fn ask(confirm: &Confirm, context: &Context) -> Result<Output, StepError> {
    let text = context.redactor.redact(&context.expand(&confirm.question)?);
    let allowed = confirm.allowed();
    if matches!(context.attendance, Attendance::Unattended) {
        let word = allowed.iter().find(|word| *word != "no").cloned().unwrap_or_default();
        return Ok(Output { shown: format!("{text} {word}, because of --yes; nobody was asked"), value: word.into() });
    }
    let needed = confirm.needed.max(1) as usize;
    let mut agreed: Vec<String> = Vec::new();
    let mut said: Vec<String> = Vec::new();
    loop {
        let left: Vec<String> = confirm.approvers.iter().filter(|name| !agreed.contains(name)).cloned().collect();
        let question = if needed > 1 { format!("{text} ({} of {needed} have agreed)", agreed.len()) } else { text.clone() };
        let answer = context.attendance.put(question, allowed.clone(), left).await;
        let answer = answer.ok_or_else(|| StepError::failed(format!("{text} there is no terminal")))?;
        said.push(told(&answer));
        if answer.word == "no" {
            return Err(StepError::failed(format!("{text} {}", said.join("; "))));
        }
        agreed.extend(answer.by);
        if confirm.approvers.is_empty() || agreed.len() >= needed {
            return Ok(Output { shown: format!("{text} {}", said.join("; ")), value: answer.word.into() });
        }
    }
}

/// What counts where nobody answered in time.
pub(super) fn by_default(confirm: &Confirm) -> (StepEnd, Output) {
    let word = confirm.default.clone().unwrap_or_default();
    let end = if word == "no" { StepEnd::Failed } else { StepEnd::Done };
    (end, Output { shown: format!("{} {word}, because nobody answered in time", confirm.question), value: word.into() })
}

/// The user of the operating system that this process runs as: passwd(5), else by number. What the environment says, anybody can set.
fn user() -> String {
    let number = rustix::process::getuid().as_raw();
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse::<u32>().ok()? == number).then(|| name.to_owned())
    });
    format!("the user {}", named.unwrap_or_else(|| number.to_string()))
}

fn told(answer: &PromptAnswer) -> String {
    let by = answer.by.as_ref().map(|by| format!(", says {by} (as typed by {}; not verified)", user())).unwrap_or_default();
    let comment = if answer.comment.is_empty() { String::new() } else { format!(": {}", answer.comment) };
    format!("{}{by}{comment}", answer.word)
}
