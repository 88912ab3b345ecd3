//! The matrix as a text for people of 80 columns, as Markdown, CSV and JSON.

use super::cell_text::{csv_text, cutover_text, fit, json_text, markdown_cell, markdown_table};
use super::{Cell, CellState, Matrix, MatrixRow};
use crate::units::counted;

/// Columns of a text for people.
const WIDTH: usize = 80;

impl Matrix {
    /// For people, in 80 columns: a service after the other, a line a failure. `!` marks what is demanded and not met, `?` what was never seen to go red.
    pub fn to_text(&self) -> String {
        if self.rows.is_empty() {
            return "the inventory names no service\n".to_owned();
        }
        let mut text = String::new();
        for row in &self.rows {
            text += &format!("{}\n", fit(&format!("{} ({})", row.service, row.criticality), WIDTH));
            for cell in &row.cells {
                text += &line(cell);
            }
            text.push('\n');
        }
        if self.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.unproven) {
            text += "`?` is unproven: never seen to go red; `lifeboat prove SCENARIO` tries that\n";
        }
        text + &self.summary() + "\n"
    }

    /// What is demanded, and how much of it is wanting, in a line or two.
    pub fn summary(&self) -> String {
        let wanting: Vec<&Cell> = self.wanting().map(|(_, cell)| cell).collect();
        let of = |state: CellState| wanting.iter().filter(|cell| cell.state == state).count();
        let states = [CellState::Never, CellState::Stale, CellState::Unclear, CellState::Missed];
        let parts: Vec<String> = states.iter().filter(|state| of(**state) > 0).map(|state| format!("{} {state}", of(*state))).collect();
        match (self.demanded(), wanting.len()) {
            (0, _) => "nothing is demanded".to_owned(),
            (all, 0) => format!("{} demanded, all of them met", counted(all as u64, "failure")),
            (all, _) => format!("{} demanded; not met (`!`): {}", counted(all as u64, "failure"), parts.join(", ")),
        }
    }

    /// A table of services by failure modes, and below it what is demanded and not met.
    pub fn to_markdown(&self) -> String {
        let columns: Vec<String> =
            ["service", "criticality"].iter().map(|name| (*name).to_owned()).chain(Self::MODES.iter().map(ToString::to_string)).collect();
        let cells = |row: &MatrixRow| {
            let names = [markdown_cell(&row.service), row.criticality.to_string()];
            names.into_iter().chain(row.cells.iter().map(markdown_of)).collect()
        };
        let mut text = format!("# Coverage on {}\n\n", self.at.format("%Y-%m-%d"));
        text += &markdown_table(&columns, self.rows.iter().map(cells));
        text += &format!("\n{}.\n", self.summary().replace("(`!`)", "(**bold**)"));
        let wanting = self
            .wanting()
            .map(|(row, cell)| format!("- {} · {}: {}\n", markdown_cell(&row.service), cell.mode, markdown_cell(&told(cell))));
        let list: String = wanting.collect();
        if list.is_empty() { text } else { text + "\n" + &list }
    }

    /// A row a cell.
    pub fn to_csv(&self) -> String {
        let columns = [
            "service",
            "criticality",
            "owner",
            "failure",
            "demanded",
            "state",
            "why",
            "drilled",
            "verdict",
            "cutover_lo_s",
            "cutover_hi_s",
            "scenario",
            "environment",
            "drill",
            "plan_sha256",
            "scenarios_not_run",
            "unproven",
        ];
        let seconds = |ns: i64| format!("{:.3}", ns as f64 / 1e9);
        let of = |row: &MatrixRow, cell: &Cell| {
            vec![
                row.service.clone(),
                row.criticality.to_string(),
                row.owner.clone().unwrap_or_default(),
                cell.mode.to_string(),
                if cell.demanded { "yes" } else { "no" }.to_owned(),
                cell.state.to_string(),
                cell.why.clone(),
                cell.drilled.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default(),
                cell.verdict.map(|verdict| verdict.to_string()).unwrap_or_default(),
                cell.cutover.map(|cutover| seconds(cutover.lo)).unwrap_or_default(),
                cell.cutover.and_then(|cutover| cutover.hi).map(seconds).unwrap_or_default(),
                cell.scenario.clone().unwrap_or_default(),
                cell.environment.clone().unwrap_or_default(),
                cell.drill.clone().unwrap_or_default(),
                cell.plan.clone().unwrap_or_default(),
                cell.not_run.join(" "),
                if cell.unproven { "yes" } else { "no" }.to_owned(),
            ]
        };
        csv_text(&columns, self.rows.iter().flat_map(|row| row.cells.iter().map(move |cell| of(row, cell))))
    }

    /// All of it.
    pub fn to_json(&self) -> String {
        json_text(self)
    }
}

/// `  outage             met?    2026-11-20  4.2 to 4.8 s  azure-outage in staging`.
fn line(cell: &Cell) -> String {
    let mark = if cell.is_wanting() {
        "!"
    } else if cell.unproven {
        "?"
    } else {
        ""
    };
    let state = format!("{}{mark}", cell.state);
    let day = cell.drilled.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default();
    let text = format!("  {:<18} {state:<13} {day:<10}  {}", cell.mode.word(), told(cell));
    format!("{}\n", fit(text.trim_end(), WIDTH))
}

/// What there is to say of a cell beside its state and day.
fn told(cell: &Cell) -> String {
    let drill = cell.scenario.as_ref().zip(cell.environment.as_ref()).map(|(scenario, environment)| format!("{scenario} in {environment}"));
    let cutover = cell.cutover.map(cutover_text);
    match cell.state {
        CellState::Met | CellState::Missed => cutover.into_iter().chain(drill).collect::<Vec<_>>().join("  "),
        CellState::Stale | CellState::Unclear => cell.why.clone(),
        CellState::Never if !cell.not_run.is_empty() => format!("not run: {}", cell.not_run.join(", ")),
        CellState::Never if cell.demanded => "no scenario shows it".to_owned(),
        CellState::Never | CellState::Impossible => String::new(),
    }
}

fn markdown_of(cell: &Cell) -> String {
    let state = if cell.is_wanting() { format!("**{}**", cell.state) } else { cell.state.to_string() };
    match cell.drilled {
        Some(at) => format!("{state} {}", at.format("%Y-%m-%d")),
        None if cell.state == CellState::Impossible => "–".to_owned(),
        None => state,
    }
}
