//! The control ledger as a text for people of 80 columns, as Markdown, CSV and JSON.

use super::cell_text::{csv_text, fit, json_text, markdown_cell, markdown_table};
use super::ledger::{Ledger, LedgerCell, LedgerRow, LedgerState};

/// Columns of a text for people.
const WIDTH: usize = 80;
/// Columns of a quarter, with the gap before it.
const QUARTER: usize = 13;

impl Ledger {
    /// For people, in 80 columns: four quarters a table, then what there is to say.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (place, quarters) in self.quarters.chunks(4).enumerate() {
            let head: String = quarters.iter().map(|quarter| format!("{:<QUARTER$}", quarter.to_string())).collect();
            text += &format!("{:<27} {}\n", "", head.trim_end());
            for row in &self.rows {
                let cells = row.cells.iter().skip(place * 4).take(4);
                let states: String = cells.map(|cell| format!("{:<QUARTER$}", short(cell.state))).collect();
                text += &format!("{:<27} {}\n", fit(&named(row), 27), states.trim_end());
            }
            text.push('\n');
        }
        let told: String = self.noteworthy().map(|(row, cell)| wrapped(row, cell)).collect();
        let gap = if told.is_empty() { "" } else { "\n" };
        text + &told + gap + &self.summary() + "\n"
    }

    /// How many cells are as they should be.
    pub fn summary(&self) -> String {
        let of = |state: LedgerState| self.rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.state == state).count();
        let states = [LedgerState::Done, LedgerState::Late, LedgerState::Deferred, LedgerState::Missed, LedgerState::Open];
        let counts: Vec<String> = states.iter().filter(|state| of(**state) > 0).map(|state| format!("{} {state}", of(*state))).collect();
        if counts.is_empty() { "nothing was due or recorded".to_owned() } else { counts.join(", ") }
    }

    /// The cells of which there is more to say.
    fn noteworthy(&self) -> impl Iterator<Item = (&LedgerRow, &LedgerCell)> {
        let asks = |cell: &&LedgerCell| matches!(cell.state, LedgerState::Late | LedgerState::Deferred | LedgerState::Missed);
        self.rows.iter().flat_map(move |row| row.cells.iter().filter(asks).map(move |cell| (row, cell)))
    }

    /// A table of quarters, then each drill with its evidence, and what was late, deferred or missed.
    pub fn to_markdown(&self) -> String {
        let columns: Vec<String> =
            std::iter::once("service or schedule".to_owned()).chain(self.quarters.iter().map(ToString::to_string)).collect();
        let states =
            |row: &LedgerRow| std::iter::once(markdown_cell(&named(row))).chain(row.cells.iter().map(state_of)).collect::<Vec<String>>();
        let mut text = format!("# Control ledger on {}\n\n", self.at.format("%Y-%m-%d"));
        text += &markdown_table(&columns, self.rows.iter().map(states));
        text += &format!("\n{}.\n", self.summary());
        let told = self
            .noteworthy()
            .map(|(row, cell)| format!("- {} {}: {}\n", markdown_cell(&named(row)), cell.quarter, markdown_cell(&cell.sentence())));
        let told: String = told.collect();
        if !told.is_empty() {
            text += &format!("\n## Late, deferred and missed\n\n{told}");
        }
        let columns = ["drill", "service or schedule", "quarter", "began", "verdict", "scenario", "environment", "evidence (SHA-256)"]
            .map(str::to_owned);
        let rows: Vec<Vec<String>> =
            self.rows.iter().flat_map(|row| row.cells.iter().flat_map(move |cell| drill_rows(row, cell))).collect();
        if rows.is_empty() { text } else { text + &format!("\n## Drills\n\n{}", markdown_table(&columns, rows.into_iter())) }
    }

    /// A row a cell; the last drill that it is known from stands in it, the identifiers of all of them behind it.
    pub fn to_csv(&self) -> String {
        let columns = [
            "kind",
            "name",
            "criticality",
            "owner",
            "quarter",
            "state",
            "told",
            "due",
            "drill",
            "began",
            "ended",
            "verdict",
            "scenario",
            "environment",
            "begun_by",
            "plan_sha256",
            "evidence_sha256",
            "drills",
            "deferred_by",
            "deferred_why",
            "deferred_until",
            "deferred_on",
        ];
        csv_text(&columns, self.rows.iter().flat_map(|row| row.cells.iter().map(move |cell| csv_row(row, cell))))
    }

    /// All of it.
    pub fn to_json(&self) -> String {
        json_text(self)
    }
}

fn named(row: &LedgerRow) -> String {
    match row.kind {
        crate::schedule::DeferredSubject::Service => row.name.clone(),
        crate::schedule::DeferredSubject::Schedule => format!("schedule {}", row.name),
    }
}

/// In so many columns as a quarter has.
const fn short(state: LedgerState) -> &'static str {
    match state {
        LedgerState::Unrecorded => "unrecorded",
        LedgerState::NotDue => "–",
        other => other.word(),
    }
}

/// `  chat 2026-Q3: deferred until …`, on as many lines as it takes.
fn wrapped(row: &LedgerRow, cell: &LedgerCell) -> String {
    let sentence = format!("{} {}: {}", named(row), cell.quarter, cell.sentence());
    let (mut text, mut line) = (String::new(), String::new());
    for word in crate::units::one_line(&sentence).split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH - 2 {
            text += &format!("{line}\n  ");
            line.clear();
        }
        let gap = if line.is_empty() { "" } else { " " };
        line += &format!("{gap}{}", fit(word, WIDTH - 4));
    }
    text + &line + "\n"
}

fn state_of(cell: &LedgerCell) -> String {
    let verdict = cell.drills.last().and_then(|drill| drill.verdict).map(|verdict| format!(" ({verdict})")).unwrap_or_default();
    match cell.state {
        LedgerState::NotDue => "–".to_owned(),
        LedgerState::Missed => format!("**missed**{verdict}"),
        state => format!("{state}{verdict}"),
    }
}

fn drill_rows<'a>(row: &'a LedgerRow, cell: &'a LedgerCell) -> impl Iterator<Item = Vec<String>> + 'a {
    cell.drills.iter().map(move |drill| {
        vec![
            markdown_cell(&drill.id),
            markdown_cell(&named(row)),
            cell.quarter.to_string(),
            drill.started.format("%Y-%m-%d %H:%M").to_string(),
            drill.verdict.map_or_else(|| "none".to_owned(), |verdict| verdict.to_string()),
            markdown_cell(&drill.scenario),
            markdown_cell(&drill.environment),
            drill.evidence.clone().unwrap_or_default(),
        ]
    })
}

fn csv_row(row: &LedgerRow, cell: &LedgerCell) -> Vec<String> {
    let moment = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let drill = cell.drills.last();
    let of = |pick: &dyn Fn(&super::LedgerDrill) -> String| drill.map(pick).unwrap_or_default();
    let deferred = |pick: &dyn Fn(&crate::schedule::Deferral) -> String| cell.deferral.as_ref().map(pick).unwrap_or_default();
    // A schedule that is due each minute has no room here.
    let due: Vec<String> = cell.due.iter().take(100).map(|due| moment(*due)).collect();
    let ids: Vec<&str> = cell.drills.iter().map(|drill| drill.id.as_str()).collect();
    vec![
        row.kind.to_string(),
        row.name.clone(),
        row.criticality.map(|criticality| criticality.to_string()).unwrap_or_default(),
        row.owner.clone().unwrap_or_default(),
        cell.quarter.to_string(),
        cell.state.to_string(),
        cell.told.clone(),
        due.join(" "),
        of(&|drill| drill.id.clone()),
        of(&|drill| moment(drill.started)),
        of(&|drill| drill.ended.map(moment).unwrap_or_default()),
        of(&|drill| drill.verdict.map(|verdict| verdict.to_string()).unwrap_or_default()),
        of(&|drill| drill.scenario.clone()),
        of(&|drill| drill.environment.clone()),
        of(&|drill| drill.who.clone()),
        of(&|drill| drill.plan.clone()),
        of(&|drill| drill.evidence.clone().unwrap_or_default()),
        ids.join(" "),
        deferred(&|each| each.by.clone()),
        deferred(&|each| each.why.clone()),
        deferred(&|each| each.until.to_string()),
        deferred(&|each| moment(each.made)),
    ]
}
