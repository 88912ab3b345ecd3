//! Schedules: a year of several of them under a clock of the test's own, agreement with other programs about when random ones are due, and the commands
//! that show them.

use crate::support::{Project, python};
use chrono::{DateTime, TimeDelta, Utc};
use lifeboat::model::{DrillSchedule, IfMissed, OverlapPolicy, ScheduleNotices};
use lifeboat::permission::{Calendar, Timetable};
use lifeboat::schedule::{
    Act, ManualRun, MissReason, Occurrence, OccurrenceState, first_starts, read_cron, read_rule, reckon, standing, starts, told_zoned,
};
use lifeboat::units::Duration;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// Two halves of 10,000, each by a process of its own: other seeds find other schedules.
const HALVES: [&str; 2] = ["18", "81"];

#[test]
fn ten_thousand_random_schedules_are_due_when_other_programs_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = python("schedules", "tests/schedules/requirements.txt");
    let each = |seed: &str| {
        let mut command = Command::new(programs.join("python"));
        // The database of zones is the one that is installed with it: the system's may be older or newer than ours.
        command.arg(root.join("tests/schedules/reckoned.py")).args([seed, "5000"]).env("PYTHONTZPATH", "");
        command.env("PYTHONDONTWRITEBYTECODE", "1").stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap()
    };
    let both = HALVES.map(each);
    let (mut compared, mut starts) = (BTreeSet::new(), 0);
    for child in both {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let told: Value = serde_json::from_str(line).unwrap();
            let zone = told["zone"].as_str().unwrap().parse().unwrap();
            let rule = match told["cron"].as_str() {
                Some(cron) => read_cron(cron, zone),
                None => read_rule(told["when"].as_str().unwrap(), Some(zone)),
            };
            let rule = rule.unwrap_or_else(|error| panic!("{line}: {error:?}"));
            let after = DateTime::from_timestamp(told["after"].as_i64().unwrap(), 0).unwrap();
            let due: Vec<i64> = told["due"].as_array().unwrap().iter().map(|at| at.as_i64().unwrap()).collect();
            let ours = first_starts(&rule, after, after + TimeDelta::days(40 * 366), due.len());
            let ours_told: Vec<String> = ours.iter().map(|at| told_zoned(&rule, *at)).collect();
            assert_eq!(ours.iter().map(DateTime::timestamp).collect::<Vec<_>>(), due, "{line}: {ours_told:?}");
            starts += due.len();
            compared.insert(line.to_owned());
        }
    }
    // Few of them are drawn twice.
    assert!(compared.len() > 9_900 && starts == 40_000, "{} {starts}", compared.len());
}

fn moment(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

fn schedule(name: &str, rule: &str, if_missed: IfMissed) -> DrillSchedule {
    DrillSchedule {
        name: name.to_owned(),
        scenarios: vec![format!("scenarios/{name}.yaml")],
        environment: "staging".to_owned(),
        when: read_rule(rule, None).unwrap(),
        window: Duration::from_secs(7_200),
        jitter: Duration::ZERO,
        if_missed,
        overlap: OverlapPolicy::Skip,
        cadence: Some(Duration::from_secs(100 * 86_400)),
        approval: None,
        notify: ScheduleNotices::default(),
    }
}

/// Spring's and December's freezes.
const FREEZES: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n\
BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Move\r\nDTSTART:20260408T000000Z\r\nDTEND:20260420T060000Z\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:2\r\nSUMMARY:Sale\r\nDTSTART:20261214T000000Z\r\nDTEND:20270103T000000Z\r\nEND:VEVENT\r\n\
END:VCALENDAR\r\n";

/// A scheduler and its store, in a few lines.
struct Year {
    schedules: Vec<DrillSchedule>,
    timetable: Timetable,
    kept: Vec<Occurrence>,
    runs: Vec<ManualRun>,
    looked: Option<DateTime<Utc>>,
}

impl Year {
    fn look(&mut self, since: DateTime<Utc>, now: DateTime<Utc>) {
        for schedule in self.schedules.clone() {
            let of = |each: &&Occurrence| each.schedule == schedule.name;
            let known: Vec<Occurrence> = self.kept.iter().filter(of).cloned().collect();
            for act in reckon(&schedule, &known, &self.runs, since, self.looked, now) {
                self.act(&schedule, act, now);
            }
        }
        self.looked = Some(now);
    }

    fn act(&mut self, schedule: &DrillSchedule, act: Act, now: DateTime<Utc>) {
        if let Act::Enter(occurrence) = act {
            assert!(!self.kept.iter().any(|each| (&each.schedule, each.due) == (&occurrence.schedule, occurrence.due)), "{occurrence:?}");
            self.kept.push(occurrence);
            return;
        }
        let frozen = self.timetable.permits(now, Duration::from_secs(600)).is_err();
        let (Act::Begin { due, .. } | Act::Close { due, .. } | Act::Ask { due }) = &act else { return };
        let one = self.kept.iter_mut().find(|each| each.schedule == schedule.name && each.due == *due).unwrap();
        assert_ne!(one.state, OccurrenceState::Over, "{one:?}");
        match act {
            Act::Begin { .. } if frozen => one.reason = Some(MissReason::Freeze),
            Act::Begin { end, .. } => {
                (one.state, one.end, one.reason, one.began) = (OccurrenceState::Over, Some(end), None, Some(now));
            }
            Act::Close { end, reason, drills, .. } => {
                (one.state, one.end, one.reason, one.drills) = (OccurrenceState::Over, Some(end), reason, drills);
            }
            Act::Ask { .. } => one.state = OccurrenceState::Asked,
            Act::Enter(_) => unreachable!(),
        }
    }

    fn told(&self) -> String {
        let mut rows: Vec<&Occurrence> = self.kept.iter().collect();
        rows.sort_by_key(|each| (each.due, &each.schedule));
        let told = |each: &Occurrence| {
            let schedule = self.schedules.iter().find(|schedule| schedule.name == each.schedule).unwrap();
            let reason = each.reason.map_or_else(String::new, |reason| format!(" {}", reason.word()));
            let began = each.began.filter(|began| *began != each.due).map(|began| format!(" at {}", told_zoned(&schedule.when, began)));
            let end = each.end.map_or(each.state.word(), |end| end.word());
            let due = each.due.format("%m-%d %H:%MZ");
            format!("{due} {:<30}{:<10} {end}{reason}{}\n", told_zoned(&schedule.when, each.due), each.schedule, began.unwrap_or_default())
        };
        rows.into_iter().map(told).collect()
    }
}

/// A year over six changes of clocks in three zones on both halves of the world, with two freezes, a daemon that is down for all of June, and a drill
/// by hand.
#[test]
fn a_year_ends_as_the_list_says() {
    let schedules = vec![
        schedule("quarterly", "second Tuesday of every quarter, 10:00 Europe/Berlin", IfMissed::RunLate),
        schedule("nightly", "first and second Sunday of March and November, 01:30 and 02:30 America/New_York", IfMissed::Skip),
        schedule("island", "first Sunday of April and October, 01:45 and 02:15 Australia/Lord_Howe", IfMissed::Ask),
        schedule("summer", "last Sunday of March and October, 02:30 Europe/Berlin", IfMissed::RunLate),
        schedule("monthly", "last Friday of every month, 16:00 Europe/Berlin", IfMissed::Skip),
        schedule("fortnight", "every 2 weeks on Monday, 09:00 America/New_York", IfMissed::RunLate),
    ];
    let (since, end) = (moment("2026-01-01T00:00"), moment("2027-01-01T00:00"));
    let by_hand = |drill: &str, at| ManualRun {
        drill: drill.to_owned(),
        scenario: "scenarios/quarterly.yaml".to_owned(),
        environment: "staging".to_owned(),
        at: moment(at),
        counts: true,
    };
    let calendar = Calendar::read("freezes.ics", FREEZES.as_bytes(), None).unwrap();
    let timetable = Timetable::new("staging", Vec::new(), vec![calendar]);
    let mut year = Year { schedules, timetable, kept: Vec::new(), runs: vec![by_hand("by-hand", "2026-07-13T07:00")], looked: None };
    // The clock: every day at noon, every quarter of an hour after each start, and at the ends of freezes. In June nobody looks.
    let mut clock: BTreeSet<DateTime<Utc>> = (0..365).map(|day| since + TimeDelta::hours(day * 24 + 12)).collect();
    for start in year.schedules.iter().flat_map(|schedule| starts(schedule, since, end)) {
        clock.extend((0..=9).map(|quarter| start + TimeDelta::minutes(quarter * 15)));
    }
    clock.insert(moment("2026-04-20T06:00"));
    clock.retain(|now| *now < moment("2026-06-01T00:00") || *now >= moment("2026-07-01T12:00"));
    for now in clock.into_iter().filter(|now| *now < end) {
        year.look(since, now);
    }
    let told = year.told();
    assert_eq!(told, include_str!("schedules/year.txt"), "\n{told}");
    // Nothing that the rules say is missing, and nothing else is there.
    for schedule in &year.schedules {
        let due: BTreeSet<DateTime<Utc>> = year.kept.iter().filter(|each| each.schedule == schedule.name).map(|each| each.due).collect();
        assert_eq!(due, starts(schedule, since, end).into_iter().collect(), "{}", schedule.name);
    }
    let stands = standing(&year.schedules[0], &year.kept, &year.runs, since, end);
    assert_eq!((stands.last_kept, stands.overdue), (Some(moment("2026-10-13T08:00")), None));
}

const SCHEDULE: &str = "version: 1
schedule: chat-quarterly
scenarios: [scenarios/quick.yaml]
environment: staging
when: second Tuesday of every quarter, 10:00 Europe/Berlin
window: 2h
";

/// A quick project with `staging`, its freezes, and a schedule there.
fn project() -> Project {
    let project = Project::quick();
    project.environment("staging", "allow: {hours: \"Mon-Thu 09:00-16:00 Europe/Berlin\", freezes: [\"file:freezes.ics\"]}");
    project.write("freezes.ics", FREEZES).write("schedules/chat.yaml", SCHEDULE);
    project
}

#[test]
fn the_preview_lists_a_year_and_marks_what_stands_in_the_way() {
    let project = project();
    let weekly = "version: 1\nschedule: weekly-drill-of-the-chat-in-staging\nscenarios: [scenarios/quick.yaml]\nenvironment: staging\n\
                  when: 20 April and 10 April, 07:30 Europe/Berlin\nwindow: 2h\n";
    project.write("schedules/weekly.yaml", weekly);
    let shown = project.lifeboat(&["schedule", "preview", "--from", "2026-01-01", "--to", "2026-12-31"]);
    let wanted = "Tue 2026-01-13 10:00 CET   chat-quarterly
Fri 2026-04-10 07:30 CEST  weekly-drill-of-the-chat… frozen: Move of freezes.ics
Tue 2026-04-14 10:00 CEST  chat-quarterly            frozen: Move of freezes.ics
Mon 2026-04-20 07:30 CEST  weekly-drill-of-the-chat… frozen: Move of freezes.ic…
Tue 2026-07-14 10:00 CEST  chat-quarterly
Tue 2026-10-13 10:00 CEST  chat-quarterly

6 times of 2 schedules, at 2 of them nothing may begin
";
    assert_eq!(shown.exits_with(0).stdout, wanted);
    assert!(shown.stdout.lines().all(|line| line.chars().count() <= 80), "{}", shown.stdout);
    let json =
        project.lifeboat(&["schedule", "preview", "chat-quarterly", "--from", "2026-04-14", "--to", "2026-04-14", "--format", "json"]);
    let rows: Value = serde_json::from_str(&json.exits_with(0).stdout).unwrap();
    assert_eq!((&rows[0]["due"], &rows[0]["stands"], &rows[0]["begins"]), (&"2026-04-14T08:00:00Z".into(), &"freeze".into(), &Value::Null));
    assert_eq!(rows.as_array().unwrap().len(), 1);
    project.lifeboat(&["schedule", "preview", "chat-quartely"]).exits_with(2).says("did you mean `chat-quarterly`?");
    project.lifeboat(&["schedule", "preview", "--from", "2026-02-01", "--to", "2026-01-01"]).exits_with(2).says("is before");
    // A calendar that cannot be read marks nothing, and is told of.
    project.write("freezes.ics", "nonsense");
    project.lifeboat(&["schedule", "preview", "--from", "2026-04-14", "--to", "2026-04-14"]).exits_with(0).says("freezes.ics");
}

#[test]
fn schedules_are_checked_shown_and_have_a_schema() {
    let project = project();
    project.lifeboat(&["check"]).exits_with(0).says("1 scenario, 1 schedule: no problems found");
    project.lifeboat(&["schedule"]).exits_with(0).says("chat-quarterly").says("1 schedule, 1 never drilled");
    let rows: Value = serde_json::from_str(&project.lifeboat(&["schedule", "--format", "json"]).exits_with(0).stdout).unwrap();
    assert_eq!(
        (&rows[0]["schedule"], &rows[0]["never_drilled"], &rows[0]["zone"]),
        (&"chat-quarterly".into(), &true.into(), &"Europe/Berlin".into())
    );
    let schema: Value = serde_json::from_str(&project.lifeboat(&["schema", "schedule"]).exits_with(0).stdout).unwrap();
    assert_eq!(schema["$defs"]["schedule"]["properties"]["if_missed"]["enum"], serde_json::json!(["run-late", "skip", "ask"]));
    // Freezes that hold each of its times.
    let always = FREEZES.replace("20260408T000000Z", "20200101T000000Z").replace("20260420T060000Z", "20990101T000000Z");
    project.write("freezes.ics", &always);
    project.lifeboat(&["check"]).exits_with(0).says("warning: `chat-quarterly` cannot begin within a year").says("1 warning");
    project.write("freezes.ics", FREEZES);
    project.lifeboat(&["run", "schedules/chat.yaml"]).exits_with(2).says("this is a schedule, and a scenario is expected here");
    project.edit("schedules/chat.yaml", "second Tuesday", "second Tusday");
    let told = project.lifeboat(&["check"]);
    let wanted = "error: `tusday` is not understood in a rule
  --> schedules/chat.yaml:5:7
   |
 5 | when: second Tusday of every quarter, 10:00 Europe/Berlin
   |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   = hint: did you mean `Tuesday`?

";
    assert_eq!(told.exits_with(2).stdout, wanted);
    project.lifeboat(&["check", "schedules/chat.yaml"]).exits_with(2).says("`tusday`");
    project.lifeboat(&["schedule"]).exits_with(2).says("`tusday` is not understood");
    std::fs::remove_dir_all(project.path("schedules")).unwrap();
    project.lifeboat(&["schedule"]).exits_with(0).says("there is no schedule; `lifeboat help schedules` tells how to write one");
}
