//! Whoever sits at the terminal while a drill runs or a runbook is walked: questions, answers, and in an execution notes and acknowledgements.

use super::{ask, say};
use crate::console::LiveDisplay;
use crate::execution::Acknowledgement;
use crate::step::Prompt;
use std::io::{BufRead, BufReader, IsTerminal};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};

/// Lines of stdin, for all drills of a process one after the other: a read that nobody answers outlives the drill that asked.
#[derive(Debug, Clone, Default)]
pub(super) struct TypedLines(Arc<Mutex<Option<mpsc::Receiver<String>>>>);

/// Puts questions one at a time; a line answers the one that is open. Any other is a note, where there is somebody who takes notes, and else
/// nothing: what was typed before a question does not answer it.
pub(super) async fn desk(
    mut questions: mpsc::Receiver<Prompt>,
    lines: TypedLines,
    notes: Option<mpsc::Sender<String>>,
    shown: Arc<LiveDisplay>,
) {
    let mut lines = lines.0.lock_owned().await;
    if notes.is_some() {
        lines.get_or_insert_with(typed);
    }
    let mut open: Option<Prompt> = None;
    let mut gone = false;
    loop {
        if open.as_ref().is_some_and(|question| question.answer.is_closed()) {
            open = None;
        }
        tokio::select! {
            // One question at a time: the next waits in the queue until this one is answered or over.
            Some(question) = questions.recv(), if open.is_none() => {
                // Where nobody can answer any more, the question is dropped, and its step told so.
                if !gone {
                    shown.hide();
                    if lines.is_none() {
                        forget_what_was_typed();
                        *lines = Some(typed());
                    }
                    show(&question);
                    open = Some(question);
                } else if !question.links.is_empty() {
                    show(&question);
                }
            }
            () = over(&mut open), if open.is_some() => {
                // Half an answer may stand there, and is none.
                forget_what_was_typed();
                say(if std::io::stderr().is_terminal() { "\nthe question is over" } else { "the question is over" });
                shown.show();
            }
            line = next(lines.as_mut()), if !gone && lines.is_some() => match (line, open.take()) {
                (None, _) => {
                    gone = true;
                    shown.show();
                }
                (Some(line), None) => note(notes.as_ref(), line).await,
                (Some(line), Some(question)) => open = typed_at(question, line, notes.as_ref(), &shown).await,
            },
            else => return,
        }
    }
}

/// A line that was typed while a question is open: its answer, else a note; then the question is still open.
async fn typed_at(prompt: Prompt, line: String, notes: Option<&mpsc::Sender<String>>, shown: &LiveDisplay) -> Option<Prompt> {
    if let Some(answer) = ask::understood(&line, &prompt.question) {
        let _ = prompt.answer.send(answer);
        shown.show();
        return None;
    }
    // Who acknowledges while a question is open has not tried to answer it.
    let acknowledges = Acknowledgement::typed(&line).is_some();
    note(notes, line).await;
    if !acknowledges {
        say(&ask::wanted(&prompt.question));
        say(&ask::put(&prompt.question));
    }
    Some(prompt)
}

/// A question, and where else it can be answered.
fn show(prompt: &Prompt) {
    say(&ask::put(&prompt.question));
    if !prompt.links.is_empty() {
        say(&ask::links(&prompt.links));
    }
}

/// Hands a line to whoever takes notes.
async fn note(notes: Option<&mpsc::Sender<String>>, line: String) {
    if let Some(notes) = notes.filter(|_| !line.trim().is_empty()) {
        let _ = notes.send(line).await;
    }
}

async fn next(lines: Option<&mut mpsc::Receiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => std::future::pending().await,
    }
}

/// Returns when the question that is open needs no answer any more.
async fn over(open: &mut Option<Prompt>) {
    match open {
        Some(question) => question.answer.closed().await,
        None => std::future::pending().await,
    }
    *open = None;
}

/// On a terminal: a line end that was typed minutes ago was meant for nobody.
fn forget_what_was_typed() {
    use rustix::termios::{QueueSelector, tcflush};
    if std::io::stdin().is_terminal() {
        let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
    }
}

/// Lines of stdin, from a thread of its own: a read that nobody answers ends with the process.
fn typed() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in BufReader::new(std::io::stdin()).lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}
