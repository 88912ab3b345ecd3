//! `manual`: a person does it, and ticks off what is done; `ask`: a person writes a text.

use super::attendance::Attendance;
use super::question::{FAILED, Question, Reply, Said};
use super::{Context, Output, StepError};
use crate::history::{Answered, Ticked};
use crate::model::{Ask, Manual, StepEnd};

/// Until everything is ticked, or somebody says that it is done or could not be.
pub(super) async fn by_hand(manual: &Manual, context: &Context) -> Result<Output, StepError> {
    let shown = |text: &String| context.expand(text).map(|text| context.redactor.redact(&text));
    let text = shown(&manual.text)?;
    let links = manual.links.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    let items = manual.checklist.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    if matches!(context.attendance, Attendance::Unattended) {
        return match context.stand_in {
            Some(_) => Ok(Output::of(format!("{text}: nobody did this; in a drill without people it is taken as done"))),
            None => Err(StepError::failed("this is done by hand, and with --yes nobody is there")),
        };
    }
    let interview = context.interview()?;
    loop {
        let heard = interview.heard();
        let left: Vec<(u32, String)> = (0_u32..).zip(items.iter().cloned()).filter(|(item, _)| !is_ticked(*item, &heard.ticks)).collect();
        let said = heard.answers.last();
        if said.is_some_and(|said| said.answer == FAILED) {
            return Err(StepError::failed(told(&text, &heard.ticks, said)));
        }
        if said.is_some() || left.is_empty() && !items.is_empty() {
            return Ok(Output { shown: told(&text, &heard.ticks, said), value: "done".into() });
        }
        let question = question(&text, &links, left).of_step(interview.step());
        match interview.put(question, &context.attendance, context.board.as_ref()).await {
            Some(answer) => {
                let comment = context.presentable(&answer.comment);
                match answer.said.clone() {
                    Said::Ticks(_) => interview.ticked(answer, &items, &comment).await?,
                    Said::Word(word) => interview.answered(answer, word, comment).await?,
                }
            }
            // It is for a person to do. The time-out says what follows.
            None => std::future::pending::<()>().await,
        }
    }
}

fn question(text: &str, links: &[String], left: Vec<(u32, String)>) -> Question {
    let items = left.iter().map(|(item, text)| format!("{}. {text}", item + 1));
    let lines: Vec<String> = std::iter::once(text.to_owned()).chain(links.iter().cloned()).chain(items).collect();
    Question { reply: Reply::Ticks(left), ..Question::of_words(lines.join("\n"), &[]) }
}

fn is_ticked(item: u32, ticks: &[Ticked]) -> bool {
    ticks.iter().any(|tick| tick.item == item)
}

fn told(text: &str, ticks: &[Ticked], said: Option<&Answered>) -> String {
    let words: Vec<String> = ticks.iter().map(Ticked::to_string).chain(said.map(Answered::to_string)).collect();
    format!("{text}: {}", words.join("; "))
}

/// What somebody writes.
pub(super) async fn ask(ask: &Ask, context: &Context) -> Result<Output, StepError> {
    let text = context.redactor.redact(&context.expand(&ask.question)?);
    let default = ask.default.as_ref().map(|default| context.expand(default)).transpose()?;
    let given = |value: &str, why: &str| Output { shown: format!("{text} {value}, because {why}"), value: value.into() };
    if matches!(context.attendance, Attendance::Unattended) {
        return match (&default, context.stand_in) {
            (Some(default), Some(_)) => Ok(given(default, "nobody was asked")),
            (Some(default), None) => Ok(given(default, "of --yes; nobody was asked")),
            (None, _) => Err(StepError::failed(format!("{text} nobody is there to answer, and there is no `default`"))),
        };
    }
    let interview = context.interview()?;
    // What held a secret was not kept.
    if let Some(said) = interview.heard().answers.iter().rfind(|said| !said.answer.is_empty()) {
        return Ok(Output { shown: format!("{text} {said}"), value: said.answer.as_str().into() });
    }
    let shown = default.as_ref().map(|default| context.redactor.redact(default));
    let question = Question {
        step: Some(interview.step()),
        text: text.clone(),
        reply: Reply::Text { pattern: ask.pattern.clone(), default: shown },
        names: Vec::new(),
        so_far: String::new(),
    };
    match (interview.put(question, &context.attendance, context.board.as_ref()).await, default) {
        (Some(answer), _) => {
            let value = answer.word().to_owned();
            let kept = if context.redactor.finds(&value) { String::new() } else { value.clone() };
            interview.answered(answer, kept, String::new()).await?;
            let said = interview.heard().answers.last().map(Answered::to_string).unwrap_or_default();
            Ok(Output { shown: format!("{text} {said}"), value: value.into() })
        }
        (None, Some(default)) => Ok(given(&default, "nobody is at the terminal")),
        (None, None) => std::future::pending().await,
    }
}

/// What counts where nobody wrote anything in time.
pub(super) fn by_default(ask: &Ask, context: &Context) -> Option<(StepEnd, Output)> {
    let default = context.expand(ask.default.as_ref()?).ok()?;
    Some((StepEnd::Done, Output { shown: format!("{} {default}, because nobody answered in time", ask.question), value: default.into() }))
}
