//! A job of GitLab CI for each schedule. Its times are no part of the YAML: they are entered as pipeline schedules, which know the zone, and which
//! the comment writes as calls of GitLab's API.

use super::cron_line::{CronLine, own_lines, zone_of};
use super::github::cases;
use super::invocation::{command, quoted, yaml};
use super::{ExportSettings, Exported, ExportedFile, approval_note, object_name, origin};
use crate::model::DrillSchedule;
use crate::units::{Problem, one_line};

pub(super) fn exported(schedules: &[DrillSchedule], settings: &ExportSettings) -> Result<Exported, Problem> {
    let mut exported = Exported::default();
    for schedule in schedules {
        let never = || {
            Problem::new(format!("the schedule `{}` is never due", schedule.name))
                .hint("`lifeboat schedule preview` shows when schedules are due")
        };
        let lines = own_lines(schedule, settings.from).ok_or_else(never)?;
        let notes: Vec<String> = approval_note(schedule).into_iter().collect();
        let name = object_name(&schedule.name, 60);
        exported.files.push(ExportedFile { name: format!("lifeboat-{name}.gitlab-ci.yml"), text: job(schedule, &lines, &notes, settings) });
        exported.notes.extend(notes);
        let entered = lines.iter().map(|line| format!("`{}` ({})", line.fields(), zone_of(schedule))).collect::<Vec<_>>().join(" and ");
        exported.notes.push(format!("{}: enter a pipeline schedule for {entered}, as the file's comment shows", schedule.name));
    }
    Ok(exported)
}

fn job(schedule: &DrillSchedule, lines: &[CronLine], notes: &[String], settings: &ExportSettings) -> String {
    let told: String =
        std::iter::once(origin(schedule)).chain(notes.iter().cloned()).map(|line| format!("# {}\n", one_line(&line))).collect();
    let calls: String = lines.iter().map(|line| call(schedule, line)).collect();
    let name = object_name(&schedule.name, 60);
    format!(
        "{told}# Take it in with `include: [{{local: lifeboat-{name}.gitlab-ci.yml}}]`, and enter its times once:
{calls}lifeboat-{name}:
  image: {image}
  rules:
    - if: '$CI_PIPELINE_SOURCE == \"schedule\" && $LIFEBOAT_SCHEDULE == \"{name}\"'
  resource_group: lifeboat-{name}
  timeout: 6h
  variables: {{LIFEBOAT_TRUSTED: \"1\"}}
  script:
    - |
{due}
      {run}
  artifacts: {{when: always, paths: [drills/]}}
",
        image = yaml(&settings.image),
        due = cases("LIFEBOAT_CRON", lines, "      "),
        run = command(schedule, settings),
    )
}

/// As GitLab's API takes it.
fn call(schedule: &DrillSchedule, line: &CronLine) -> String {
    let name = object_name(&schedule.name, 60);
    let fields = quoted(&line.fields());
    format!(
        "#   glab schedule create --description 'drills {name}' --ref main --cron {fields} --cronTimeZone {} \\\n\
         #     --variable LIFEBOAT_SCHEDULE:{name} --variable LIFEBOAT_CRON:{fields}\n",
        zone_of(schedule)
    )
}
