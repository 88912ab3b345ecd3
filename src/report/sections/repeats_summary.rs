//! The end of several drills of one scenario on a terminal: each in a row, and what they say together in a few lines.
//!
//! What this file does not do: lay out the lines (`terminal`), or colour them (`cli`).

use crate::report::model::Fact;
use crate::report::render::terminal;
use crate::report::repeated::{RepeatedDrills, RepeatedTrial};
use crate::report::words::repeats::{advice, ended, headline, may_be_said};
use crate::report::words::wording::{between, span};
use crate::units::one_line;
use crate::verdict::Interval;
use crate::verdict::repeats::RepeatTrial;

/// What they say together, for a terminal of this width, without colour: whole at 80 columns.
pub fn repeats_summary(drills: &RepeatedDrills, width: usize) -> String {
    let mut facts = vec![Fact::of("verdict", drills.verdict().word()), Fact::of("", headline(drills))];
    facts.extend(ended(drills).map(|text| Fact::of("ended", text)));
    facts.extend(may_be_said(drills).into_iter().map(|point| Fact::of("may be said", point)));
    facts.extend(
        advice(drills).map(|text| Fact::of("hint", one_line(text.plain().trim_start_matches("What to do next: ").trim_end_matches('.')))),
    );
    terminal::lines(&[facts], width)
}

/// A row for each trial that was begun.
pub fn repeats_table(drills: &RepeatedDrills) -> String {
    let row = |(trial, counts_as): (&RepeatedTrial, &RepeatTrial)| {
        let measured = counts_as.interval.map(between).unwrap_or_default();
        let planned = &trial.planned;
        [planned.trial.to_string(), counts_as.result.to_string(), measured, span(planned.phase), planned.folder.clone()]
    };
    let head = ["trial", "verdict", "recovered after", "phase", "folder"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(drills.each().map(row)).collect();
    let wide: Vec<usize> = (0..5).map(|place| rows.iter().map(|row| row[place].chars().count()).max().unwrap_or(0)).collect();
    let line = |row: &[String; 5]| {
        let number = format!("{:>wide$}", row[0], wide = wide[0]);
        let cells = row[1..].iter().zip(&wide[1..]).map(|(cell, wide)| format!("  {cell:<wide$}"));
        (number + &cells.collect::<String>()).trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// How one trial went, in a line.
pub fn trial_line(counts_as: &RepeatTrial) -> String {
    let told = |interval: Interval| format!(", {}", between(interval));
    format!("{}{}", counts_as.result, counts_as.interval.map(told).unwrap_or_default())
}
