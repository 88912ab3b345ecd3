//! A workflow of GitHub Actions for each schedule. Its `schedule` knows zones (`timezone`, since 2026; GitHub Enterprise Server may not yet): a time
//! that summer time leaves out comes at the end of the gap, as it does here.
//!
//! GitHub starts late when it is busy, now and then by an hour, and drops a start when it is very busy; it disables schedules of a repository in
//! which nothing happens for 60 days. `lifeboat schedule` says what is overdue.

use super::cron_line::{CronLine, own_lines, zone_of};
use super::invocation::{command, yaml};
use super::{ExportSettings, Exported, ExportedFile, approval_note, object_name, origin};
use crate::model::DrillSchedule;
use crate::units::{Problem, one_line};

/// GitHub starts nothing more often than this, in minutes.
const SHORTEST: u32 = 5;

const HEAD: &str = "\
# GitHub may start an hour late, or not at all when it is busy, and disables schedules of a repository without activity for 60 days:
# `lifeboat schedule` says what is overdue. `timezone` is new: a GitHub Enterprise Server that does not know it refuses this file.
";

pub(super) fn exported(schedules: &[DrillSchedule], settings: &ExportSettings) -> Result<Exported, Problem> {
    let mut exported = Exported::default();
    for schedule in schedules {
        let never = || {
            Problem::new(format!("the schedule `{}` is never due", schedule.name))
                .hint("`lifeboat schedule preview` shows when schedules are due")
        };
        let lines = own_lines(schedule, settings.from).ok_or_else(never)?;
        if lines.iter().any(|line| line.shortest() < SHORTEST) {
            let told = format!(
                "the schedule `{}` is due more often than every {SHORTEST} minutes, and GitHub starts nothing so often",
                schedule.name
            );
            return Err(Problem::new(told).hint("let it be due less often, or let `lifeboat serve` start it"));
        }
        let notes: Vec<String> = approval_note(schedule).into_iter().collect();
        let name = object_name(&schedule.name, 60);
        exported.files.push(ExportedFile {
            name: format!(".github/workflows/lifeboat-{name}.yml"),
            text: workflow(schedule, &lines, &notes, settings),
        });
        exported.notes.extend(notes);
    }
    Ok(exported)
}

fn workflow(schedule: &DrillSchedule, lines: &[CronLine], notes: &[String], settings: &ExportSettings) -> String {
    let told: String =
        std::iter::once(origin(schedule)).chain(notes.iter().cloned()).map(|line| format!("# {}\n", one_line(&line))).collect();
    let zone = yaml(if zone_of(schedule).as_str() == "UTC" { "Etc/UTC" } else { schedule.when.zone.as_str() });
    let crons: String = lines.iter().map(|line| format!("    - cron: {}\n      timezone: {zone}\n", yaml(&line.fields()))).collect();
    let group = yaml(&format!("lifeboat-{}", object_name(&schedule.name, 60)));
    format!(
        "{told}{HEAD}name: {name}
on:
  schedule:
{crons}  workflow_dispatch: {{}}
permissions: {{contents: read}}
concurrency: {{group: {group}, cancel-in-progress: false}}
jobs:
  drill:
    runs-on: ubuntu-latest
    timeout-minutes: 360
    steps:
      - id: due
        env: {{CRON: \"${{{{ github.event.schedule }}}}\"}}
        run: |
{due}
          echo 'now=yes' >> \"$GITHUB_OUTPUT\"
      - if: steps.due.outputs.now == 'yes'
        uses: actions/checkout@v4
      - if: steps.due.outputs.now == 'yes'
        # Or however lifeboat comes to your runners.
        run: command -v lifeboat || cargo install --locked lifeboat
      - if: steps.due.outputs.now == 'yes'
        env: {{LIFEBOAT_TRUSTED: \"1\"}}
        run: {run}
      - if: always() && steps.due.outputs.now == 'yes'
        uses: actions/upload-artifact@v4
        with: {{name: drills, path: drills/}}
",
        name = yaml(&format!("drills {}", schedule.name)),
        due = cases("CRON", lines, "          "),
        run = yaml(&command(schedule, settings)),
    )
}

/// What the shell asks for each line, by its five fields: those of a pipeline that somebody started are none of them.
pub(super) fn cases(variable: &str, lines: &[CronLine], indent: &str) -> String {
    let of = |line: &CronLine| {
        let guards: String = line.guards().iter().map(|guard| format!("{indent}    {guard}\n")).collect();
        (!guards.is_empty()).then(|| format!("{indent}  {})\n{guards}{indent}    ;;\n", super::invocation::quoted(&line.fields())))
    };
    let cases: String = lines.iter().filter_map(of).collect();
    if cases.is_empty() {
        format!("{indent}# Each line is due whenever it starts.")
    } else {
        format!("{indent}case \"${variable}\" in\n{cases}{indent}esac")
    }
}
