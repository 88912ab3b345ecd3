//! `confirm`: people answer with a word. Each answer is written down when it is given, and so many must say the same.

use super::attendance::Attendance;
use super::question::{Question, Reply};
use super::{Context, Output, StepError};
use crate::history::Answered;
use crate::model::{Action, Confirm, StepEnd};
use crate::units::Duration;
use std::collections::BTreeMap;

/// How long it takes until somebody who is not there has answered; `None` where nobody is imitated.
pub(super) fn reaction(action: &Action, name: &str, context: &Context) -> Option<Duration> {
    let own = match action {
        Action::Confirm(confirm) => confirm.reaction,
        Action::Manual(manual) => manual.reaction,
        Action::Ask(ask) => ask.reaction,
        _ => return None,
    };
    let reaction = own.or(context.stand_in?.reaction)?;
    Some(reaction.drawn(context.seed.derive(&format!("reaction to {name}"))))
}

pub(super) async fn ask(confirm: &Confirm, context: &Context) -> Result<Output, StepError> {
    let text = context.redactor.redact(&context.expand(&confirm.question)?);
    if matches!(context.attendance, Attendance::Unattended) {
        let word = beforehand(confirm, context);
        let shown = format!("{text} {word}, because of --yes; nobody was asked");
        return if word == "no" { Err(StepError::failed(shown)) } else { Ok(Output { shown, value: word.into() }) };
    }
    let approvers = approvers(confirm, context)?;
    let interview = context.interview()?;
    loop {
        let heard = interview.heard().answers;
        if let Some(end) = decided(confirm, &text, &heard, &approvers) {
            return end;
        }
        let question = Question {
            step: Some(interview.step()),
            text: text.clone(),
            reply: Reply::Word(confirm.allowed()),
            names: left(&approvers, &heard),
            so_far: so_far(confirm, &heard, &approvers),
        };
        match interview.put(question, &context.attendance, context.board.as_ref()).await {
            Some(answer) => {
                let (word, comment) = (answer.word().to_owned(), context.presentable(&answer.comment));
                interview.answered(answer, word, comment).await?;
            }
            None if confirm.default.is_some() => {
                let (end, output) = by_default(confirm, &heard, "nobody is at the terminal");
                return if end == StepEnd::Done { Ok(output) } else { Err(StepError::failed(output.shown)) };
            }
            // Nobody said no. The time-out says what follows.
            None => std::future::pending::<()>().await,
        }
    }
}

/// What counts where nobody is asked. Who is imitated in a drill agrees, as whoever is asked in an outage mostly does.
fn beforehand(confirm: &Confirm, context: &Context) -> String {
    let default = confirm.default.clone().filter(|word| context.stand_in.is_none() || word != "no");
    default.or_else(|| confirm.allowed().into_iter().find(|word| word != "no")).unwrap_or_default()
}

/// Who may answer, by name.
fn approvers(confirm: &Confirm, context: &Context) -> Result<Vec<String>, StepError> {
    match &confirm.role {
        Some(role) => Ok(vec![context.expand(&format!("${{role.{role}}}"))?]),
        None => Ok(confirm.approvers.clone()),
    }
}

/// What everybody says by now: who changes their mind says the last that they said.
fn votes<'a>(heard: &'a [Answered], approvers: &[String]) -> BTreeMap<&'a str, &'a str> {
    let by = |answered: &'a Answered| answered.speaker.by.as_deref().unwrap_or_default();
    let of_them = heard.iter().filter(|answered| approvers.is_empty() || approvers.iter().any(|name| name == by(answered)));
    of_them.map(|answered| (by(answered), answered.answer.as_str())).collect()
}

/// Who has not answered; everybody, where all have and do not agree.
fn left(approvers: &[String], heard: &[Answered]) -> Vec<String> {
    let votes = votes(heard, approvers);
    let left: Vec<String> = approvers.iter().filter(|name| !votes.contains_key(name.as_str())).cloned().collect();
    if left.is_empty() { approvers.to_vec() } else { left }
}

/// How often each word was said.
fn counts(heard: &[Answered], approvers: &[String]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in votes(heard, approvers).into_values() {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    counts
}

fn so_far(confirm: &Confirm, heard: &[Answered], approvers: &[String]) -> String {
    let needed = confirm.needed.max(1);
    let counts = counts(heard, approvers);
    match counts.len() {
        _ if needed < 2 => String::new(),
        0 => format!("0 of {needed} have agreed"),
        1 if confirm.answers.is_empty() => format!("{} of {needed} have agreed", counts.values().sum::<usize>()),
        _ => {
            let said: Vec<String> = counts.iter().map(|(word, count)| format!("{count} of {needed} say {word}")).collect();
            said.join(", ")
        }
    }
}

/// How the question ends, where enough was said.
fn decided(confirm: &Confirm, text: &str, heard: &[Answered], approvers: &[String]) -> Option<Result<Output, StepError>> {
    let said = || heard.iter().map(Answered::to_string).collect::<Vec<_>>().join("; ");
    let votes = votes(heard, approvers);
    if votes.values().any(|word| *word == "no") {
        return Some(Err(StepError::failed(format!("{text} {}", said()))));
    }
    let needed = confirm.needed.max(1) as usize;
    let word = counts(heard, approvers).into_iter().find(|(_, count)| *count >= needed)?.0;
    Some(Ok(Output { shown: format!("{text} {}", said()), value: word.into() }))
}

/// What counts where not enough was said, because of `why`.
pub(super) fn by_default(confirm: &Confirm, heard: &[Answered], why: &str) -> (StepEnd, Output) {
    let word = confirm.default.clone().unwrap_or_default();
    let end = if word == "no" { StepEnd::Failed } else { StepEnd::Done };
    let because = if heard.is_empty() {
        why.to_owned()
    } else {
        let said: Vec<String> = heard.iter().map(Answered::to_string).collect();
        format!("{} were needed, and in time there was only: {}", confirm.needed.max(1), said.join("; "))
    };
    (end, Output { shown: format!("{} {word}, because {because}", confirm.question), value: word.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Speaker;

    fn said(by: &str, answer: &str) -> Answered {
        let speaker = Speaker::typed(Some(by.to_owned()), "op".to_owned());
        Answered { step: 0, undo: false, answer: answer.to_owned(), speaker, comment: String::new() }
    }

    #[test]
    fn as_many_as_are_needed_must_say_the_same() {
        let confirm = Confirm { answers: vec!["now".into(), "later".into()], needed: 2, ..Confirm::default() };
        let approvers = ["alice", "bob"].map(str::to_owned);
        let ends = |heard: &[Answered]| decided(&confirm, "When?", heard, &approvers).map(|end| end.map(|output| output.value));
        assert!(ends(&[said("alice", "later")]).is_none());
        let apart = [said("alice", "later"), said("bob", "now")];
        assert!(ends(&apart).is_none(), "two answers are not two approvals");
        assert_eq!(so_far(&confirm, &apart, &approvers), "1 of 2 say later, 1 of 2 say now");
        assert_eq!(left(&approvers, &apart), approvers, "either may change their mind");
        let twice = [said("alice", "later"), said("alice", "later")];
        assert!(ends(&twice).is_none(), "one is not two");
        let agreed = [said("alice", "later"), said("bob", "now"), said("alice", "now")];
        assert_eq!(ends(&agreed).unwrap().unwrap().expose(), "now");
        let plain = Confirm { question: "Go on?".into(), needed: 2, default: Some("yes".into()), ..Confirm::default() };
        let (end, output) = by_default(&plain, &[said("alice", "yes")], "nobody answered in time");
        assert_eq!(end, StepEnd::Done);
        let only = "Go on? yes, because 2 were needed, and in time there was only: yes, says alice (as typed by the user op; not verified)";
        assert_eq!(output.shown, only);
        assert_eq!(by_default(&plain, &[], "nobody answered in time").1.shown, "Go on? yes, because nobody answered in time");
    }
}
