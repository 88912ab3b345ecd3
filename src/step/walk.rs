//! The walk through a runbook: tries, retries, what follows a failure, and taking back in reverse order.
//!
//! What a step is about to do is in the history before it is done, and how it ended right after, so that whoever reads the history after a
//! crash knows which steps are done, which were never begun, and which one it cannot know.

use super::interview::{Heard, Interview};
use super::last_seen::LastSeen;
use super::perform::perform_watched;
use super::walk_state::{WalkStage, WalkState};
use super::{Context, Output, StepError};
use crate::expression::{Expression, WalkFacts};
use crate::history::{Event, ReactionModelled, StepExplained, StepFinished, StepOverran, StepStarted, StepUndone, UndoStarted};
use crate::journal::Recorder;
use crate::model::{Action, Backoff, IN_CONDITIONS, Step, StepEnd, When};
use crate::units::{Secret, Seed, explained};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What may end a walk before its last step.
#[derive(Debug, Clone)]
pub struct WalkStops {
    /// Becomes true when the running steps are to be ended.
    pub at_once: watch::Receiver<bool>,
    /// Becomes true when no further step is to be begun. What only reads or waits is ended, for it can come again.
    pub after_step: watch::Receiver<bool>,
}

impl WalkStops {
    /// Until a step that changes nothing is to be ended, or any other.
    async fn ends(&mut self, step: &Step) {
        let after_step = async {
            let told = self.after_step.wait_for(|stop| *stop).await.is_ok();
            if !(told && step.changes_nothing()) {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            _ = self.at_once.wait_for(|stop| *stop) => {}
            () = after_step => {}
        }
    }
}

/// Walks from where the state says until nothing more comes. Ends early when it is stopped, and before a step that the history
/// cannot take in; what was done can then be taken back with [`undo`].
pub async fn walk(state: &mut WalkState, context: &Context, recorder: &Recorder, stops: &WalkStops) {
    loop {
        context.outbox.publish(state.values());
        match state.stage().clone() {
            WalkStage::Ended(_) => return,
            WalkStage::Undo => undo(state, context, recorder).await,
            WalkStage::Steps(_) if *stops.after_step.borrow() => return,
            WalkStage::Steps(_) => {
                let mut running = JoinSet::new();
                for place in state.waiting() {
                    let step = state.runbook().steps[place].clone();
                    let (context, recorder) = (context.knowing(state.values()).lacking(state.lacking()), recorder.clone());
                    let interview = Interview::new(number(place), false, state.heard(place), recorder.clone());
                    let context = context.heard_by(interview);
                    let tried = state.tries(place);
                    let skipped = step.when.as_ref().map(|when| holds(when, state, &context));
                    let (stops, number) = (stops.clone(), state.number(place));
                    if matches!(skipped, None | Some(Ok(true))) {
                        // What failed before it was begun left nothing behind.
                        let started = StepStarted { step: self::number(place), name: step.name.clone(), attempt: tried + 1 };
                        state.apply(&Event::StepStarted(started));
                    }
                    running.spawn(async move {
                        let running = StepRun { place, number, step, context, recorder, tried };
                        (running.place, running.to_its_end(skipped, stops).await)
                    });
                }
                // A task that is not joined is dropped with the set, which ends whatever it started.
                while let Some(Ok((_, finished))) = running.join_next().await {
                    match finished {
                        Some((finished, unrecorded)) => {
                            let place = finished.step as usize;
                            state.apply(&Event::StepFinished(finished));
                            if let Some(value) = unrecorded {
                                state.keep(place, value);
                            }
                        }
                        None => return,
                    }
                }
            }
        }
    }
}

/// Takes back what was done, last first. A failure is recorded and does not hold up the rest.
pub async fn undo(state: &mut WalkState, context: &Context, recorder: &Recorder) {
    context.outbox.publish(state.values());
    let context = context.knowing(state.values()).lacking(state.lacking());
    while let Some(place) = state.next_undo() {
        let step = state.runbook().steps[place].clone();
        // A history that cannot be written does not keep anything from being taken back.
        let _ = recorder.record_durably(Event::UndoStarted(UndoStarted { step: number(place) })).await;
        let (end, output) = match &step.undo {
            Some(undo) => {
                let interview = Interview::new(number(place), true, state.heard_undoing(place), recorder.clone());
                let context = context.clone().heard_by(interview);
                let tried = once(undo, &step, (state.number(place), &context), std::future::ready(()), &LastSeen::default()).await;
                (tried.end, tried.output)
            }
            None => (StepEnd::Done, Output::default()),
        };
        let undone = Event::StepUndone(StepUndone { step: number(place), end, output: output.shown });
        let _ = recorder.record_durably(undone.clone()).await;
        state.apply(&undone);
    }
    state.taken_back();
}

/// Whether a step is to run; a text without a value is an error that the step ends with.
fn holds(when: &When, state: &WalkState, context: &Context) -> Result<bool, String> {
    match when {
        When::Is { value, text } => context.expand(value).map(|value| value == *text).map_err(|error| error.to_string()),
        When::IsNot { value, text } => context.expand(value).map(|value| value != *text).map_err(|error| error.to_string()),
        When::Ended { step, end } => Ok(state.last(step) == Some(*end)),
        When::Holds { text, within } => {
            let expression = Expression::parse(text).map_err(|problem| format!("`{text}`: {}", problem.message))?;
            expression.holds(&facts(within, state, context))
        }
    }
}

/// What an expression may speak of: what steps gave, how they ended, and what is known of where the runbook is walked.
fn facts(within: &str, state: &WalkState, context: &Context) -> WalkFacts {
    let mut facts = WalkFacts::default();
    ["steps", "ended", "param", "role", "service"].into_iter().for_each(|map| facts.map(map));
    for (name, value) in state.values() {
        facts.entry("steps", name, value.expose());
    }
    let ends = || state.runbook().steps.iter().filter_map(|step| Some((step.name.as_str(), state.last(&step.name)?.word())));
    for (name, end) in ends().chain(ends().filter_map(|(name, end)| Some((name.strip_prefix(within)?, end)))) {
        facts.entry("ended", name, end);
    }
    for (name, value) in context.variables.plain() {
        match name.split_once('.') {
            Some((map @ ("param" | "role" | "service"), name)) => facts.entry(map, name, value),
            None if IN_CONDITIONS.contains(&name.as_str()) => facts.text(name.as_str(), value),
            _ => {}
        }
    }
    facts
}

/// One run of a step, with all its tries.
struct StepRun {
    place: usize,
    /// Under which its old value is kept.
    number: usize,
    step: Step,
    context: Context,
    recorder: Recorder,
    /// Tries of it that were begun before a crash.
    tried: u32,
}

impl StepRun {
    /// Its end, recorded, and its output where that holds a secret, which the steps of this process know and no history; `None` where not
    /// even its beginning could be recorded.
    async fn to_its_end(&self, when: Option<Result<bool, String>>, mut stops: WalkStops) -> Option<(StepFinished, Option<Secret>)> {
        let mut unsure = false;
        let last = LastSeen::default();
        let (end, output) = match when {
            Some(Ok(false)) => (StepEnd::Skipped, Output::default()),
            Some(Err(problem)) => (StepEnd::Failed, Output::of(self.context.presentable(&problem))),
            None | Some(Ok(true)) => {
                let mut attempt = pin!(self.attempt(&mut unsure, &last));
                let ended = tokio::select! {
                    biased;
                    () = stops.ends(&self.step) => None,
                    ended = attempt.as_mut() => Some(ended),
                };
                match ended {
                    Some(ended) => ended?,
                    None => {
                        last.stop(attempt).await;
                        (StepEnd::Cancelled, Output::of(self.context.presentable(&last.ending())))
                    }
                }
            }
        };
        let value = self.step.output.as_ref().filter(|_| end == StepEnd::Done).map(|_| output.value);
        let secret = value.as_ref().is_some_and(|value| self.context.redactor.finds(value.expose()));
        let (unrecorded, recorded) = if secret { (value, None) } else { (None, value) };
        let value = recorded.map(|value| value.expose().to_owned());
        let finished = StepFinished { step: number(self.place), end, output: output.shown, unsure, value };
        let written = self.recorder.record_durably(Event::StepFinished(finished.clone())).await;
        written.is_ok().then_some((finished, unrecorded))
    }

    /// `unsure` becomes true where it is not known what a try did, even if a later one is known to have failed.
    async fn attempt(&self, unsure: &mut bool, last: &LastSeen) -> Option<(StepEnd, Output)> {
        for attempt in 1.. {
            if let Some(description) = self.step.description.as_ref().filter(|_| self.tried + attempt == 1) {
                let text = self.context.expand(description).unwrap_or_else(|_| description.clone());
                let explained = StepExplained { step: number(self.place), text: self.context.presentable(&text) };
                self.recorder.record(Event::StepExplained(explained)).await;
            }
            let started = StepStarted { step: number(self.place), name: self.step.name.clone(), attempt: self.tried + attempt };
            self.recorder.record_durably(Event::StepStarted(started)).await.ok()?;
            self.context.interview.iter().for_each(Interview::begin);
            let reaction = super::confirm::reaction(&self.step.action, &self.step.name, &self.context);
            if let Some(length) = reaction {
                let modelled = ReactionModelled { step: Some(number(self.place)), length: length.as_nanos() };
                self.recorder.record(Event::ReactionModelled(modelled)).await;
            }
            let first = tokio::time::sleep(reaction.map_or(Duration::ZERO, crate::units::Duration::std));
            let StepTry { end, output, unsure: this } = tokio::select! {
                tried = once(&self.step.action, &self.step, (self.number, &self.context), first, last) => tried,
                () = self.overrun() => unreachable!("it never ends"),
            };
            *unsure |= this;
            if matches!(end, StepEnd::Done | StepEnd::Skipped) || attempt > self.step.retries || last.is_stopped() {
                *unsure &= end == StepEnd::Failed;
                return Some((end, output));
            }
            last.next_try();
            tokio::time::sleep(pause(&self.step, attempt, self.context.seed.derive(&self.step.name))).await;
        }
        None
    }

    /// Says once that it takes longer than was expected.
    async fn overrun(&self) {
        if let Some(expected) = self.step.expected {
            tokio::time::sleep(expected.std()).await;
            self.recorder.record(Event::StepOverran(StepOverran { step: number(self.place), expected: expected.as_nanos() })).await;
        }
        std::future::pending::<()>().await;
    }
}

/// How long to wait after a try.
fn pause(step: &Step, attempt: u32, seed: Seed) -> Duration {
    let first = step.retry_after.std();
    let Some(Backoff { up_to, jitter }) = step.backoff else { return first };
    let grown = first.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX)).min(up_to.std());
    // From the seed, from −1 to 1.
    let draw = (seed.derive(&attempt.to_string()).0 >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0;
    grown.mul_f64(1.0 + jitter.get() * draw)
}

/// The outcome of one try of a step.
struct StepTry {
    end: StepEnd,
    /// Its output or its error, without secrets.
    output: Output,
    /// True where it may have left something behind, however it ended.
    unsure: bool,
}

/// One try within the step's timeout, `first` included. A program that is not done by then has its grace to end.
async fn once(
    action: &Action,
    step: &Step,
    (number, context): (usize, &Context),
    first: impl Future<Output = ()>,
    last: &LastSeen,
) -> StepTry {
    let mut done = pin!(async {
        first.await;
        perform_watched(action, number, context, last).await
    });
    let tried = tokio::time::timeout(step.timeout.std(), done.as_mut()).await;
    if tried.is_err() {
        last.wind_down(done).await;
    }
    let left = matches!(tried, Ok(Err(StepError::Left(_))));
    let (end, output) = match tried {
        Ok(Ok(output)) => (StepEnd::Done, output),
        Ok(Err(StepError::ByHand(words))) => (StepEnd::Skipped, Output::of(words)),
        Ok(Err(error)) => (StepEnd::Failed, Output::of(explained(&error))),
        Err(_) => timed_out(action, step, context, last),
    };
    let output = Output { shown: context.presentable(&output.shown), value: output.value };
    StepTry { end, output, unsure: left || end == StepEnd::TimedOut }
}

/// What a try that came to its time-out ends as. Where people were asked, an answer that counts beforehand may stand in.
fn timed_out(action: &Action, step: &Step, context: &Context, last: &LastSeen) -> (StepEnd, Output) {
    let heard = context.interview.as_ref().map(Interview::heard).unwrap_or_default();
    let by_default = match action {
        Action::Confirm(confirm) if confirm.default.is_some() => {
            Some(super::confirm::by_default(confirm, &heard.answers, "nobody answered in time"))
        }
        Action::Ask(ask) => super::manual::by_default(ask, context),
        _ => None,
    };
    by_default.unwrap_or_else(|| {
        let words = match action {
            action if action.asks_people() && heard == Heard::default() => format!("nobody answered within {}", step.timeout),
            action if action.asks_people() => format!("only this was said within {}: {}", step.timeout, heard.told()),
            _ => format!("not done within {}{}", step.timeout, last.told()),
        };
        (StepEnd::TimedOut, Output::of(words))
    })
}

pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Ratio;

    #[test]
    fn waits_grow_up_to_a_cap_and_are_jittered_by_the_seed() {
        let mut step = Step::new("s", Action::Pause("1s".parse().unwrap()), "1s".parse().unwrap());
        assert_eq!(pause(&step, 9, Seed(1)), Duration::from_secs(1), "without a backoff they are all the same");
        step.backoff = Some(Backoff { up_to: "5s".parse().unwrap(), jitter: Ratio::new(0.0).unwrap() });
        let waits: Vec<u64> = [1, 2, 3, 4, 40].map(|attempt| pause(&step, attempt, Seed(1)).as_secs()).to_vec();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
        step.backoff = Some(Backoff { up_to: "5s".parse().unwrap(), jitter: Ratio::new(0.2).unwrap() });
        let waits: Vec<Duration> = (1..200).map(|attempt| pause(&step, attempt, Seed(1))).skip(3).collect();
        assert!(waits.iter().all(|wait| (4.0..=6.0).contains(&wait.as_secs_f64())), "{waits:?}");
        assert!(waits.iter().any(|wait| wait.as_secs_f64() < 4.5) && waits.iter().any(|wait| wait.as_secs_f64() > 5.5), "{waits:?}");
        assert_eq!(pause(&step, 7, Seed(1)), pause(&step, 7, Seed(1)));
    }
}
