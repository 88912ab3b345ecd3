//! CronJobs of Kubernetes (`batch/v1`, 1.27 or newer for `timeZone`): one for each line of cron that a schedule takes.
//!
//! A CronJob that missed more than 100 starts is never started again; `startingDeadlineSeconds` bounds how far back its controller looks, and so
//! keeps it below that.

use super::cron_line::{CronLine, own_lines, zone_of};
use super::invocation::{command, words, yaml};
use super::{ExportSettings, Exported, ExportedFile, approval_note, object_name, origin};
use crate::model::{DrillSchedule, IfMissed};
use crate::schedule::jitter_of;
use crate::units::{Problem, one_line};

/// What is run late is begun within so many seconds: a week.
const LATE: u64 = 7 * 86_400;
/// So many starts may lie within the deadline, which are fewer than the 100 after which a CronJob is given up.
const MISSED_MAX: u64 = 80;

pub(super) fn exported(schedules: &[DrillSchedule], settings: &ExportSettings) -> Result<Exported, Problem> {
    let mut exported = Exported::default();
    for schedule in schedules {
        let never = || {
            Problem::new(format!("the schedule `{}` is never due", schedule.name))
                .hint("`lifeboat schedule preview` shows when schedules are due")
        };
        let lines = own_lines(schedule, settings.from).ok_or_else(never)?;
        let notes: Vec<String> = approval_note(schedule).into_iter().collect();
        let mut text: String =
            std::iter::once(origin(schedule)).chain(notes.iter().cloned()).map(|line| format!("# {}\n", one_line(&line))).collect();
        text += "# The image has `lifeboat`, a shell, `date` and the time zones; the claim `lifeboat-project` holds the project.\n";
        // 52 letters are allowed, to which the controller adds.
        let name = object_name(&format!("lifeboat-{}", schedule.name), 49);
        for (place, line) in lines.iter().enumerate() {
            let name = if place == 0 { name.clone() } else { format!("{name}-{}", place + 1) };
            text += &cron_job(&name, line, schedule, settings);
        }
        exported.files.push(ExportedFile { name: format!("{name}.yaml"), text });
        exported.notes.extend(notes);
    }
    Ok(exported)
}

fn cron_job(name: &str, line: &CronLine, schedule: &DrillSchedule, settings: &ExportSettings) -> String {
    format!(
        "---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}
  labels: {{app.kubernetes.io/name: lifeboat, lifeboat/schedule: {label}}}
spec:
  schedule: {fields}
  timeZone: {zone}
  # Drills of one schedule never run beside each other; one that is due meanwhile begins once they are over, within the deadline.
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: {deadline}
  jobTemplate:
    spec:
      # A drill is never repeated by itself: its exit code tells how it went.
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          # Told to stop, a drill heals its faults first.
          terminationGracePeriodSeconds: 300
          containers:
            - name: lifeboat
              image: {image}
              workingDir: {root}
              command: {command}
              volumeMounts: [{{name: project, mountPath: {root}}}]
          volumes: [{{name: project, persistentVolumeClaim: {{claimName: lifeboat-project}}}}]
",
        label = yaml(&object_name(&schedule.name, 60)),
        fields = yaml(&line.fields()),
        zone = yaml(if zone_of(schedule).as_str() == "UTC" { "Etc/UTC" } else { schedule.when.zone.as_str() }),
        deadline = deadline(line, schedule),
        image = yaml(&settings.image),
        root = yaml(&settings.root),
        command = container_command(line, schedule, settings),
    )
}

/// The window; where it is to be run late, up to a week; never so long that 100 starts could be missed within it.
fn deadline(line: &CronLine, schedule: &DrillSchedule) -> u64 {
    let window = schedule.window.std().as_secs();
    let wanted = if schedule.if_missed == IfMissed::RunLate { LATE.max(window) } else { window };
    let bound = u64::from(line.shortest()) * 60 * MISSED_MAX;
    // Below 10 s the controller may never see it.
    wanted.clamp(10, bound.max(10))
}

/// The words themselves where that is enough, else a shell that asks first.
fn container_command(line: &CronLine, schedule: &DrillSchedule, settings: &ExportSettings) -> String {
    let jitter = jitter_of(schedule).std().as_secs();
    if line.is_plain() && jitter == 0 {
        let words: Vec<String> = words(schedule, &settings.program).iter().map(|word| yaml(word)).collect();
        return format!("[{}]", words.join(", "));
    }
    let sleep = (jitter > 0).then(|| format!("sleep {jitter}"));
    let script: Vec<String> = line.guards().into_iter().chain(sleep).chain([format!("exec {}", command(schedule, settings))]).collect();
    format!("[\"/bin/sh\", \"-c\", {}]", yaml(&script.join("; ")))
}
