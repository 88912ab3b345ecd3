//! What schedules that are wrong get: the value, the line, and what to write.

use super::*;
use crate::model::{DueDays, DuePattern, IfMissed, OverlapPolicy};

const SCHEDULE_PATH: &str = "schedules/chat.yaml";

const SCHEDULE: &str = "version: 1
schedule: chat-quarterly
scenarios: [scenarios/outage.yaml]
environment: staging
when: second Tuesday of every quarter, 10:00 Europe/Berlin
window: 2h
if_missed: ask
overlap: wait
cadence: 100d
approval: {by: [oncall], before: 2d}
notify: {to: [oncall], after: [oncall]}
";

/// A project with this schedule.
fn with(schedule: &str) -> Files {
    let files = Files::new();
    files.write(SCHEDULE_PATH, schedule);
    // What is said of the rest is another matter.
    files.write(INVENTORY_PATH, INVENTORY);
    files
}

fn found(files: &Files) -> String {
    let (project, _) = Project::open(files.root());
    project.schedules().1.to_string()
}

/// What is said of the schedule with one text spoiled.
#[track_caller]
fn says(good: &str, bad: &str, wanted: &[&str]) {
    let text = found(with(SCHEDULE).spoil(SCHEDULE_PATH, good, bad));
    for wanted in wanted {
        assert!(text.contains(wanted), "{bad}: no {wanted:?} in\n{text}");
    }
    assert_eq!(text.matches("error: ").count() + text.matches("warning: ").count(), 1, "{bad}: {text}");
}

#[test]
fn a_schedule_is_read_with_all_that_it_says() {
    let files = with(SCHEDULE);
    let (project, _) = Project::open(files.root());
    let (schedules, findings) = project.schedules();
    assert_eq!(findings.to_string(), "");
    let [schedule] = &schedules[..] else { panic!("{schedules:?}") };
    assert_eq!((schedule.name.as_str(), schedule.environment.as_str()), ("chat-quarterly", "staging"));
    assert!(matches!(&schedule.when.rule, DuePattern::Days { days: DueDays::Within { .. }, at } if at[..] == [600]));
    assert_eq!((schedule.when.zone.as_str(), schedule.if_missed, schedule.overlap), ("Europe/Berlin", IfMissed::Ask, OverlapPolicy::Wait));
    assert_eq!((schedule.window.typed(), schedule.cadence.unwrap().typed()), ("2h".to_owned(), "100d".to_owned()));
    // People are told a day before, where nobody says when.
    assert_eq!(schedule.notify.before.unwrap().typed(), "24h");
    assert_eq!(project.scenario_name("scenarios/outage.yaml").as_deref(), Some("outage"));
    // It goes into a database and back.
    let text = serde_json::to_string(schedule).unwrap();
    assert_eq!(&serde_json::from_str::<crate::model::DrillSchedule>(&text).unwrap(), schedule);
    let checked = check(files.root(), &[], TODAY);
    assert_eq!((checked.schedules, checked.findings.errors()), (1, 0), "{}", checked.findings);
}

#[test]
fn what_is_not_said_has_a_usual_value() {
    let short = "version: 1\nschedule: a\nscenarios: [scenarios/outage.yaml]\nenvironment: lab\ncron: \"*/30 * * * *\"\nzone: UTC\n";
    let files = with(short);
    let (schedules, _) = Project::open(files.root()).0.schedules();
    // The window is no longer than the time to the next start; the cadence is both.
    assert_eq!((schedules[0].window.typed(), schedules[0].cadence.unwrap().typed()), ("30m".to_owned(), "1h".to_owned()));
    files.write(SCHEDULE_PATH, short.replace("zone: UTC", "zone: UTC\ncadence: none"));
    assert_eq!(Project::open(files.root()).0.schedules().0[0].cadence, None);
}

#[test]
fn names_that_are_not_there_are_told_with_what_was_meant() {
    says(
        "environment: staging",
        "environment: stagin",
        &["`stagin` is not an environment of this inventory", "chat.yaml:4:14", "did you mean `staging`?"],
    );
    says(
        "scenarios/outage.yaml]",
        "scenarios/outge.yaml]",
        &["the scenario `scenarios/outge.yaml` does not exist", "chat.yaml:3:13", "did you mean `scenarios/outage.yaml`?"],
    );
    says("scenarios/outage.yaml]", "runbooks/switch.yaml]", &["`runbooks/switch.yaml` is a runbook, and a scenario is expected here"]);
    says("scenarios/outage.yaml]", "../outage.yaml]", &["the scenario `../outage.yaml` leads out of the project"]);
    says("scenarios/outage.yaml]", "scenarios/outage.yaml, scenarios/outage.yaml]", &["`scenarios/outage.yaml` is drilled already"]);
    says("by: [oncall]", "by: [oncal]", &["`oncal` is not a contact of this inventory", "did you mean `oncall`?"]);
    says("after: [oncall]", "after: [nobody]", &["`nobody` is not a contact of this inventory"]);
    says("if_missed: ask", "if_missed: run_late", &["`run_late` is not allowed here", "did you mean `run-late`?"]);
    says("if_missed: ask", "if_mised: ask", &["`if_mised` is not a key of a schedule", "did you mean `if_missed`?"]);
    says("window: 2h", "timezone: UTC", &["`timezone` is not a key of a schedule", "did you mean `zone`?"]);
    says("notify: {to: [oncall], ", "notify: {before: 2d, ", &["nobody is told before it is due", "add `to: [CONTACT]`"]);
}

#[test]
fn times_that_make_no_sense_are_told() {
    let rule = "when: second Tuesday of every quarter, 10:00 Europe/Berlin";
    says("Europe/Berlin", "Europe/Berln", &["`Europe/Berln` is not a time zone", "did you mean `Europe/Berlin`?"]);
    says("Tuesday", "Tusday", &["`tusday` is not understood in a rule", "chat.yaml:5:7", "did you mean `Tuesday`?"]);
    says(rule, "when: 30 February, 10:00 UTC", &["there is no 30 February, so this would never be due", "`last day of February`"]);
    says(rule, "cron: \"0 10 30 2 *\"\nzone: UTC", &["`0 10 30 2 *` is never due: no such day comes within 50 years"]);
    says(rule, "cron: \"0 10 1 */3 *\"", &["these fields do not say whose clock they go by", "add `zone: Europe/Berlin`"]);
    says(rule, &format!("{rule}\nzone: UTC"), &["the zone is told twice, as `Europe/Berlin` and as `UTC`"]);
    says(rule, "when: second Tuesday of every quarter, 10:00", &["has no time zone", "Europe/Berlin"]);
    says(rule, &format!("{rule}\ncron: \"0 10 * * 1\""), &["a schedule has `when` and `cron`, and may have only one of them"]);
    says(
        "window: 2h",
        "window: 85d",
        &["a window of 85 days is longer than the 83 days 23 h from one start to the next", "write `window: 83d23h` or less"],
    );
    says("window: 2h", "window: 2h\njitter: 2h", &["a jitter of 2 h may begin it after its window of 2 h"]);
    says("cadence: 100d", "cadence: 80d", &["warning: after 80 days it is overdue, and up to 98 days 1 h pass from one start to the next"]);
}

#[test]
fn either_day_of_cron_is_doubted() {
    let both =
        SCHEDULE.replace("when: second Tuesday of every quarter, 10:00 Europe/Berlin", "cron: \"0 10 8-14 * 2\"\nzone: Europe/Berlin");
    let text = found(&with(&both));
    assert!(
        text.contains("warning: cron takes either day: this is due on each day `8-14` of the month, and on each day `2` of the week"),
        "{text}"
    );
}

#[test]
fn one_that_is_due_each_minute_on_a_longer_drill_is_told_so() {
    let often = "version: 1\nschedule: a\nscenarios: [scenarios/outage.yaml]\nenvironment: staging\ncron: \"* * * * *\"\nzone: UTC\n";
    assert_eq!(found(&with(often)), "");
    let files = with(often);
    files.spoil(SCENARIO_PATH, "watch: 20s", "watch: 10m");
    let text = found(&files);
    assert!(text.contains("it is due every 1 min, and its drills take 10 min 28 s: most of its times would be missed"), "{text}");
}

#[test]
fn hours_in_which_it_never_begins_are_told() {
    let files = with(SCHEDULE);
    files.spoil(INVENTORY_PATH, "max_rate: 20/s}", "max_rate: 20/s, hours: \"Mon-Thu 14:00-16:00 Europe/Berlin\"}");
    let text = found(&files);
    let wanted = "warning: it never could begin: `staging` allows drills `Mon-Thu 14:00-16:00 Europe/Berlin` alone";
    assert!(text.contains(wanted), "{text}");
    files.spoil(SCHEDULE_PATH, "window: 2h", "window: 5h");
    assert_eq!(found(&files), "");
}

#[test]
fn the_inventory_may_list_schedules_and_each_name_is_there_once() {
    let files = with(SCHEDULE);
    let listed = "schedules:
  - {schedule: search, scenarios: [scenarios/outage.yaml], environment: staging, when: \"every Monday, 10:00 UTC\"}
  - {schedule: chat-quarterly, scenarios: [scenarios/outage.yaml], environment: staging, when: \"every Monday, 10:00 UTC\"}
  - {schedule: odd, scenarios: [scenarios/outage.yaml], environment: staging, when: \"every Munday, 10:00 UTC\"}
";
    files.write(INVENTORY_PATH, format!("{INVENTORY}{listed}"));
    let (project, of_inventory) = Project::open(files.root());
    assert!(of_inventory.to_string().contains("`munday` is not understood in a rule"), "{of_inventory}");
    let (schedules, findings) = project.schedules();
    assert_eq!(schedules.iter().map(|each| each.name.as_str()).collect::<Vec<_>>(), ["chat-quarterly", "search"]);
    let text = findings.to_string();
    assert!(text.contains("`chat-quarterly` is a schedule of `schedules/chat.yaml` already") && text.contains("inventory.yaml:"), "{text}");
    let checked = check(files.root(), &[], TODAY).findings.to_string();
    assert_eq!(checked.matches("munday").count(), 1, "it is told once: {checked}");
}

#[test]
fn other_files_in_the_folder_are_told_from_schedules() {
    let files = with(SCHEDULE);
    files.write("schedules/other.yaml", SCENARIO);
    assert!(found(&files).contains("this is a scenario, and a schedule is expected here"), "{}", found(&files));
    files.write("schedules/other.yaml", "apiVersion: batch/v1\nkind: CronJob\nschedule: x\n");
    assert!(found(&files).contains("this looks like a Kubernetes manifest"), "{}", found(&files));
    files.write("schedules/other.yaml", "");
    assert!(found(&files).contains("this file is empty"), "{}", found(&files));
}
