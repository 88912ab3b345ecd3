//! The command that an export starts: `lifeboat run` with what a schedule says, quoted for a shell. Its exit code is kept.

use super::ExportSettings;
use crate::model::{DrillSchedule, OverlapPolicy};

/// The words of the command.
pub(super) fn words(schedule: &DrillSchedule, program: &str) -> Vec<String> {
    let mut words = vec![program.to_owned(), "run".to_owned()];
    words.extend(schedule.scenarios.iter().cloned());
    words.extend(["--env", &schedule.environment, "--yes", "--reason", &format!("schedule {}", schedule.name)].map(str::to_owned));
    if schedule.overlap == OverlapPolicy::Wait {
        words.extend(["--wait".to_owned(), schedule.window.typed()]);
    }
    words
}

/// The same for a shell.
pub(super) fn command(schedule: &DrillSchedule, settings: &ExportSettings) -> String {
    words(schedule, &settings.program).iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as the shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@=+,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// A text as a string of YAML, in double quotes: JSON's are YAML's.
pub(super) fn yaml(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
