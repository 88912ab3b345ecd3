//! Several drills one after the other: the title of each, and a table of them all at the end, with the worst exit code.

use super::arguments::relative;
use super::terminal::{is_quiet, put, say, width};
use super::{Exit, told};
use crate::exercise::{FinishedDrill, FinishedRepeats};
use crate::model::DrillPlan;
use crate::report::cutover;

/// Drills that were run, in their order.
#[derive(Debug)]
pub(super) struct Series {
    total: usize,
    rows: Vec<SeriesRow>,
    worst: Exit,
}

/// A drill's row in the table of a series.
#[derive(Debug)]
struct SeriesRow {
    scenario: String,
    environment: String,
    verdict: String,
    cutover: String,
    /// Empty where it made none.
    folder: String,
}

impl Series {
    pub(super) const fn of(total: usize) -> Self {
        Self { total, rows: Vec::new(), worst: Exit::Met }
    }

    pub(super) const fn total(&self) -> usize {
        self.total
    }

    /// What stands above a drill, the first of which is number 1.
    pub(super) fn title(&self, number: usize, plan: &DrillPlan) -> String {
        let title = &plan.scenario.title;
        let blank = if number > 1 { "\n" } else { "" };
        if self.total > 1 { format!("{blank}{number} of {}  {title}", self.total) } else { title.clone() }
    }

    /// One more that was run.
    pub(super) fn add(&mut self, plan: &DrillPlan, finish: &FinishedDrill, exit: Exit) {
        let verdict = &finish.judged.verdict;
        self.worst = self.worst.max(exit);
        self.row(plan, verdict.verdict.word(), cutover(verdict).unwrap_or_default(), relative(&finish.folder));
    }

    /// Several of one scenario, which have a folder and a verdict of their own.
    pub(super) fn add_repeats(&mut self, plan: &DrillPlan, finish: &FinishedRepeats, exit: Exit) {
        self.worst = self.worst.max(exit);
        let counts = finish.drills.repeats.counts;
        let met = format!("{} of {} met", counts.met, counts.counted());
        self.row(plan, finish.drills.verdict().word(), met, relative(&finish.folder));
    }

    /// The number of the next one.
    pub(super) const fn next(&self) -> usize {
        self.rows.len() + 1
    }

    /// One that could not begin or could not be judged. The others are run all the same.
    pub(super) fn failed(&mut self, plan: &DrillPlan, error: &anyhow::Error) {
        say(&format!("error: {}", told(error)));
        self.worst = self.worst.max(Exit::of(error));
        self.row(plan, "not run", String::new(), String::new());
    }

    /// One that was not begun, because a person stopped those before it.
    pub(super) fn left_out(&mut self, plan: &DrillPlan) {
        self.worst = self.worst.max(Exit::Safety);
        self.row(plan, "not run", String::new(), String::new());
    }

    fn row(&mut self, plan: &DrillPlan, verdict: &str, cutover: String, folder: String) {
        let (scenario, environment) = (plan.scenario.name.clone(), plan.environment_name.clone());
        self.rows.push(SeriesRow { scenario, environment, verdict: verdict.to_owned(), cutover, folder });
    }

    /// The table, where there were several.
    pub(super) fn end(self) -> anyhow::Result<Exit> {
        if self.total > 1 {
            let blank = if is_quiet() { "" } else { "\n" };
            put(&format!("{blank}{}", table(&self.rows, width(), self.worst)))?;
        }
        Ok(self.worst)
    }
}

/// A row a drill, where the terminal is wide enough; else its folder stands below it, whole.
fn table(rows: &[SeriesRow], width: usize, worst: Exit) -> String {
    let cells = |row: &SeriesRow| [row.scenario.clone(), row.environment.clone(), row.verdict.clone(), row.cutover.clone()];
    let head = ["scenario", "environment", "verdict", "cutover"].map(str::to_owned);
    let all: Vec<[String; 4]> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let wide: Vec<usize> = (0..4).map(|place| all.iter().map(|cells| cells[place].chars().count()).max().unwrap_or(0)).collect();
    let longest = rows.iter().map(|row| row.folder.chars().count()).max().unwrap_or(0);
    let beside = 4 + wide.iter().map(|wide| wide + 2).sum::<usize>() + longest <= width;
    let mut text = String::new();
    for (number, cells) in all.iter().enumerate() {
        let label = if number == 0 { String::new() } else { number.to_string() };
        let folder = number.checked_sub(1).map_or("folder", |place| rows[place].folder.as_str());
        let mut line = format!("{label:>2}  ");
        cells.iter().zip(&wide).for_each(|(cell, wide)| line += &format!("{cell:<wide$}  "));
        if beside {
            line += folder;
        }
        text += line.trim_end();
        text.push('\n');
        if !beside && number > 0 && !folder.is_empty() {
            text += &format!("    {folder}\n");
        }
    }
    text + &format!("exit code {}, the worst of {}\n", worst.code(), rows.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(scenario: &str, verdict: &str, cutover: &str, folder: &str) -> SeriesRow {
        let text = str::to_owned;
        SeriesRow {
            scenario: text(scenario),
            environment: text("lab"),
            verdict: text(verdict),
            cutover: text(cutover),
            folder: text(folder),
        }
    }

    #[test]
    fn the_table_fits_and_never_breaks_a_path() {
        let rows = [
            row("azure-outage", "met", "0.35 to 0.42 s", "drills/2026-11-29T13-05-07-azure-outage-0007"),
            row("rate-limit", "missed", "more than 2.37 s", "drills/2026-11-29T13-05-50-rate-limit-1c2d"),
            row("rate-limit", "not run", "", ""),
        ];
        let wanted = "    scenario      environment  verdict  cutover
 1  azure-outage  lab          met      0.35 to 0.42 s
    drills/2026-11-29T13-05-07-azure-outage-0007
 2  rate-limit    lab          missed   more than 2.37 s
    drills/2026-11-29T13-05-50-rate-limit-1c2d
 3  rate-limit    lab          not run
exit code 4, the worst of 3
";
        assert_eq!(table(&rows, 60, Exit::Safety), wanted);
        let wide = table(&rows, 120, Exit::Missed);
        assert!(
            wide.contains("cutover           folder\n") && wide.contains("0.35 to 0.42 s    drills/2026-11-29T13-05-07-azure"),
            "{wide}"
        );
        assert!(wide.ends_with("exit code 1, the worst of 3\n") && wide.lines().count() == 5, "{wide}");
    }
}
