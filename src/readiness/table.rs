//! A round as lines for people, as wide as their terminal.

use super::check::HopFinding;
use super::hop::HopKind;
use super::reading::HopReading;
use super::round::ReadinessRound;
use crate::model::{CheckOutcome, HopState};
use std::fmt::Write;

/// How much a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableDepth {
    /// Of each hop how it is, and what was not looked at.
    Usual,
    /// Each look.
    Every,
    /// The sentence of each service.
    Services,
}

/// Columns of a hop's state; what follows is indented below it.
const STATE: usize = 11;

/// The lines, none longer than the width where a word allows it.
pub fn table(round: &ReadinessRound, depth: TableDepth, width: usize) -> String {
    let mut text = String::new();
    for service in &round.services {
        if depth == TableDepth::Services {
            text += &indented(&format!("{}: {}", service.service, service.told), 2, width, 0);
            continue;
        }
        let of = service.hops.len();
        let _ = writeln!(text, "{}: {} of {of} {} alive", service.service, service.alive, if of == 1 { "hop" } else { "hops" });
        for hop in &service.hops {
            let Some(reading) = round.hops.iter().find(|reading| reading.hop.id() == hop.hop) else { continue };
            let name = if reading.hop.kind == HopKind::Gateway {
                "its gateway".to_owned()
            } else {
                format!("{} ({})", reading.hop.name, hop.role)
            };
            text +=
                &indented(&format!("  {:<width$}{name}: {}", word(reading.state), summary(reading), width = STATE - 2), STATE, width, 0);
            text += &details(reading, depth, width);
        }
    }
    if depth != TableDepth::Services {
        text += &indented(&format!("{}.", round.spent()), 0, width, 0);
    }
    text
}

fn word(state: HopState) -> &'static str {
    match state {
        HopState::Dead => "DEAD",
        other => other.word(),
    }
}

fn summary(reading: &HopReading) -> String {
    let told = match (reading.state, reading.found(crate::model::HopCheck::Answer)) {
        (HopState::Alive, Some(answer)) => answer.told.clone(),
        _ => reading.told.clone(),
    };
    match reading.since.filter(|_| matches!(reading.state, HopState::Dead | HopState::Unknown)) {
        Some(since) => format!("{told}; so since {}", since.format("%Y-%m-%d %H:%M UTC")),
        None => told,
    }
}

/// Further reasons, and what was not looked at.
fn details(reading: &HopReading, depth: TableDepth, width: usize) -> String {
    let mut text = String::new();
    if depth == TableDepth::Every {
        for found in &reading.checks {
            let mark = match found.outcome {
                CheckOutcome::Fine => "",
                CheckOutcome::Warning => "warning: ",
                CheckOutcome::Failing => "fails: ",
                CheckOutcome::NotLookedAt => "not looked at: ",
            };
            let line = format!("{}{:<13}{mark}{}", " ".repeat(STATE), found.check.word(), found.told);
            text += &indented(&line, STATE + 13, width, STATE);
        }
        return text;
    }
    let is_new = |found: &&HopFinding| found.told != reading.told && matches!(found.outcome, CheckOutcome::Failing | CheckOutcome::Warning);
    for found in reading.checks.iter().filter(is_new) {
        text += &indented(&format!("{}{}", " ".repeat(STATE), found.told), STATE, width, STATE);
    }
    let unlooked: Vec<&str> =
        reading.checks.iter().filter(|found| found.outcome == CheckOutcome::NotLookedAt).map(|found| found.check.word()).collect();
    if reading.state.is_ready() == Some(true) && !unlooked.is_empty() {
        text += &indented(&format!("{}not looked at: {}", " ".repeat(STATE), unlooked.join(", ")), STATE, width, STATE);
    }
    text
}

/// A line broken between words; what follows the first is indented so far. `kept` columns at its beginning are not words.
fn indented(line: &str, indent: usize, width: usize, kept: usize) -> String {
    let (mut text, mut column) = (String::new(), 0);
    let start = line.len() - line[kept.min(line.len())..].trim_start().len();
    text += &line[..start];
    column += start;
    let mut is_first = true;
    for word in line[start..].split(' ') {
        let wide = word.chars().count();
        if !is_first && column + 1 + wide > width {
            text.truncate(text.trim_end().len());
            text.push('\n');
            text += &" ".repeat(indent);
            column = indent;
        } else if !is_first {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += wide;
        is_first = false;
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_indented_below_what_it_belongs_to() {
        let line = "  DEAD     openai (standby): its key is refused (401, invalid_api_key)";
        assert_eq!(indented(line, 11, 46, 0), "  DEAD     openai (standby): its key is\n           refused (401, invalid_api_key)\n");
        assert_eq!(indented(line, 11, 80, 0), format!("{line}\n"));
        assert_eq!(indented("", 11, 80, 0), "\n");
    }
}
