//! The questions of a running drill, put up on a board: each with an identifier of its own, until it is answered or needs no answer any more.
//!
//! What this file does not do: know who may answer. That is the affair of whoever hands an answer in.

use super::drill_curve::DrillCurve;
use super::running_drill::EndedDrill;
use crate::history::Live;
use crate::step::{Board, Prompt, Said};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How often a drill's requests are taken down while nobody looks: its fold has them for a minute.
const TAKE: Duration = Duration::from_secs(20);

/// Puts up the questions of a drill as they come, and takes down its requests over time, until it has ended.
pub(super) async fn attend(
    mut prompts: Option<mpsc::Receiver<Prompt>>,
    board: Board,
    curve: Arc<Mutex<DrillCurve>>,
    live: watch::Receiver<Arc<Live>>,
    mut ended: watch::Receiver<Option<Arc<EndedDrill>>>,
) {
    let mut open = JoinSet::new();
    let take = || {
        let now = Arc::clone(&live.borrow());
        curve.lock().unwrap_or_else(PoisonError::into_inner).take(&now);
    };
    loop {
        tokio::select! {
            prompt = next(&mut prompts) => match prompt {
                Some(prompt) => drop(open.spawn(put(prompt, board.clone()))),
                None => prompts = None,
            },
            Some(_) = open.join_next() => {}
            () = tokio::time::sleep(TAKE) => take(),
            // A sender that is gone is an end as well.
            _ = ended.wait_for(Option::is_some) => break,
        }
    }
    take();
}

async fn next(prompts: &mut Option<mpsc::Receiver<Prompt>>) -> Option<Prompt> {
    match prompts {
        Some(prompts) => prompts.recv().await,
        None => std::future::pending().await,
    }
}

/// One question, from when it is asked to its end.
async fn put(prompt: Prompt, board: Board) {
    let Prompt { question, links: _, mut answer } = prompt;
    let mut posting = board.post(&question);
    let mut said = tokio::select! {
        said = posting.next(&question) => said,
        () = answer.closed() => return posting.told("it needs no answer any more".to_owned()),
    };
    let word = match &said.said {
        Said::Word(word) => word.clone(),
        Said::Ticks(_) => "ticked".to_owned(),
    };
    posting.told(format!("{word}, {}", said.speaker));
    // What no step asks is written down by nobody else.
    if question.step.is_none()
        && let Some(taken) = said.taken.take()
    {
        let _ = taken.send(Ok(()));
    }
    if let Err(late) = answer.send(said)
        && let Some(taken) = late.taken
    {
        let _ = taken.send(Err("it needs no answer any more".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{AnswerWay, Speaker};
    use crate::redact::Redactor;
    use crate::step::{AnswerRefusal, Attendance, Question};

    fn by(name: &str) -> Speaker {
        Speaker { by: Some(name.to_owned()), way: AnswerWay::Token, user: None }
    }

    #[tokio::test]
    async fn questions_at_once_are_each_answered_once_and_late_answers_are_told() {
        let board = Board::new("", Redactor::default());
        let (sender, prompts) = mpsc::channel(1);
        let (_live, live) = watch::channel(Arc::new(Live::default()));
        let (end, ended) = watch::channel(None);
        let desk = tokio::spawn(attend(Some(prompts), board.clone(), Arc::default(), live, ended));
        let attendance = Attendance::Attended(sender);
        let asks = |text: &str| {
            let (attendance, question) = (attendance.clone(), Question::of_words(text, &["yes", "no"]));
            tokio::spawn(async move { attendance.put(question).await })
        };
        let (one, two) = (asks("One?"), asks("Two?"));
        while board.open().len() < 2 {
            tokio::task::yield_now().await;
        }
        let id = |text: &str| board.open().into_iter().find(|open| open.question.text == text).unwrap().id;
        let (first, second) = (id("One?"), id("Two?"));
        assert_eq!(board.answer(&first, Said::Word("yes".into()), by("ann"), String::new()).await, Ok(()));
        let answer = one.await.unwrap().unwrap();
        assert_eq!((answer.word(), answer.speaker.by.as_deref()), ("yes", Some("ann")));
        let late = board.answer(&first, Said::Word("no".into()), by("bob"), String::new()).await;
        assert_eq!(late, Err(AnswerRefusal::Over("yes, by ann (token verified)".into())));
        // Whoever asked does not wait any more.
        two.abort();
        while !board.open().is_empty() {
            tokio::task::yield_now().await;
        }
        let late = board.answer(&second, Said::Word("no".into()), by("bob"), String::new()).await;
        assert_eq!(late, Err(AnswerRefusal::Over("it needs no answer any more".into())));
        drop(end);
        desk.await.unwrap();
    }
}
