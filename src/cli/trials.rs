//! Several drills of one scenario on the terminal: how they go so far, and at the end each in a row and what they say together.

use super::Exit;
use super::arguments::relative;
use super::end::{exit_of, say_early, say_left};
use super::terminal::{is_quiet, note, put, put_path, put_verdict, width};
use crate::exercise::{DrillTurn, FinishedDrill, FinishedRepeats};
use crate::report::{repeats_summary, repeats_table, trial_line};
use crate::run_folder::RunFile;
use crate::verdict::Decision;
use crate::verdict::record::{RepeatsEnd, RepeatsRecord, ResetWay};
use crate::verdict::repeats::{RepeatTrial, TrialResult};
use std::path::Path;

/// How the trials of one scenario go.
#[derive(Debug)]
pub(super) struct ShownTrials {
    results: Vec<TrialResult>,
    is_unsafe: bool,
}

impl ShownTrials {
    /// They are about to begin.
    pub(super) fn begin(title: String, record: &RepeatsRecord, folder: &Path) -> Self {
        let reset = match record.reset {
            ResetWay::Fresh => "all of it is started for each, and ends with it",
            ResetWay::Command => "its `reset:` puts the system back before each",
            ResetWay::Nothing => "nothing puts the system back between them (`reset:` of the service does)",
        };
        note(&format!("{title}\n{} trials; {reset}\n{}", record.trials.len(), relative(folder)));
        Self { results: Vec::new(), is_unsafe: false }
    }

    /// What stands above a trial.
    pub(super) fn title(&self, turn: DrillTurn) -> String {
        let count = |result: TrialResult| self.results.iter().filter(|each| **each == result).count();
        let told = TrialResult::WORDS.iter().filter_map(|word| TrialResult::from_word(word)).map(|result| (count(result), result));
        let told: Vec<String> = told.filter(|(count, _)| *count > 0).map(|(count, result)| format!("{count} {result}")).collect();
        let so_far = if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) };
        format!("\ntrial {} of {}{so_far}", turn.number, turn.total)
    }

    /// One has ended.
    pub(super) fn add(&mut self, finish: &FinishedDrill) {
        let counts_as = RepeatTrial::of(&finish.judged.verdict);
        say_early(finish);
        note(&format!("trial {}: {}", self.results.len() + 1, trial_line(&counts_as)));
        say_left(finish);
        self.is_unsafe |= exit_of(finish) == Exit::Safety;
        self.results.push(counts_as.result);
    }

    /// All have ended.
    pub(super) fn end(self, finished: &FinishedRepeats) -> anyhow::Result<Exit> {
        let FinishedRepeats { drills, folder } = finished;
        note("");
        if !is_quiet() {
            put(&format!("{}\n", repeats_table(drills)))?;
        }
        put_verdict(&repeats_summary(drills, width()))?;
        for (label, file) in [("repeats.json", RunFile::Repeats), ("report", RunFile::Page)] {
            let path = file.within(folder);
            if path.is_file() && !is_quiet() {
                put_path(label, &relative(&path))?;
            }
        }
        let why = drills.record.ended.as_ref().map(|end| end.why);
        Ok(match (why, drills.verdict()) {
            _ if self.is_unsafe => Exit::Safety,
            (Some(RepeatsEnd::Person), _) => Exit::Safety,
            // They were to be more.
            (Some(RepeatsEnd::Reset | RepeatsEnd::Trial), Decision::Met) => Exit::Inconclusive,
            (_, verdict) => verdict.into(),
        })
    }
}
