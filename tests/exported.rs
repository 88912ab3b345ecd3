//! Schedules as what others run start at just the moments of the schedule, by the word of those others: cron by croniter and a real shell, systemd by
//! systemd, calendars by two libraries; and each file is one by its own schema.

use crate::support::{Project, node, python};
use chrono::{DateTime, Utc};
use lifeboat::model::{ApprovalWish, DrillSchedule, IfMissed, OverlapPolicy, ScheduleNotices};
use lifeboat::schedule::export::{ExportSettings, ExportTarget, export};
use lifeboat::schedule::{read_cron, read_rule, starts};
use lifeboat::units::Duration;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is exported on this day …
const FROM: &str = "2027-11-30T00:00:00Z";
/// … is looked at up to this one: a 29 February and every change of clocks lie between.
const UNTIL: &str = "2029-01-31T00:00:00Z";

/// In several zones on both sides of the equator: what cron can say by itself, what takes a guard, and what has no rule; `|` before a zone of cron's.
const RULES: [&str; 11] = [
    "second Tuesday of every quarter, 10:00 Europe/Berlin",
    "last Friday of every month, 16:00 America/New_York",
    "last day of every month, 23:30 Europe/London",
    "first working day of every month, 09:30 Asia/Kolkata",
    "every 2 weeks on Wednesday, 08:00 Europe/Berlin",
    "every weekday, 07:00 and 15:30 Australia/Lord_Howe",
    "first and third Monday and last Thursday of every month, 07:00 America/Sao_Paulo",
    "every Monday 01:30 +05:30",
    "1 March and 29 February, 12:00 UTC",
    "0 10 13 * 5 | Europe/Berlin",
    "*/20 6-8 1-7 2,5 1 | America/Santiago",
];

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn schedule(place: usize, rule: &str) -> DrillSchedule {
    let when = match rule.split_once(" | ") {
        Some((cron, zone)) => read_cron(cron, zone.parse().unwrap()).unwrap(),
        None => read_rule(rule, None).unwrap(),
    };
    DrillSchedule {
        name: format!("schedule-{place}"),
        scenarios: vec!["scenarios/outage.yaml".to_owned(), "scenarios/it's slow.yaml".to_owned()],
        environment: "staging".to_owned(),
        when,
        window: Duration::from_secs(7_200),
        jitter: if place == 0 { Duration::from_secs(90) } else { Duration::ZERO },
        if_missed: if place.is_multiple_of(2) { IfMissed::RunLate } else { IfMissed::Skip },
        overlap: if place.is_multiple_of(3) { OverlapPolicy::Wait } else { OverlapPolicy::Skip },
        cadence: None,
        approval: (place == 1).then(|| ApprovalWish { by: vec!["ana".to_owned()], before: Duration::from_secs(86_400) }),
        notify: ScheduleNotices::default(),
    }
}

fn schedules() -> Vec<DrillSchedule> {
    RULES.iter().enumerate().map(|(place, rule)| schedule(place, rule)).collect()
}

/// The program only prints its words.
fn settings() -> ExportSettings {
    ExportSettings {
        program: "echo".to_owned(),
        root: ".".to_owned(),
        from: moment(FROM).date_naive(),
        changed: moment(FROM),
        host_zone: None,
        image: "registry.example/lifeboat:1".to_owned(),
    }
}

/// Seconds since 1970.
fn due(schedule: &DrillSchedule) -> Vec<i64> {
    starts(schedule, moment(FROM), moment(UNTIL)).iter().map(DateTime::timestamp).collect()
}

/// Each schedule in files of its own, below a folder of its own.
fn written(target: ExportTarget, settings: &ExportSettings, folder: &Path) -> Vec<Vec<PathBuf>> {
    let each = schedules().into_iter().map(|schedule| {
        let exported = export(target, std::slice::from_ref(&schedule), settings).unwrap();
        let paths = exported.files.iter().map(|file| {
            let path = folder.join(target.word()).join(&schedule.name).join(&file.name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &file.text).unwrap();
            path
        });
        paths.collect()
    });
    each.collect()
}

fn tools() -> PathBuf {
    python("exported", "tests/exported/requirements.txt")
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exported").join(name)
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{said}\n{wrong}");
    said.into_owned()
}

fn span() -> [String; 2] {
    [moment(FROM), moment(UNTIL)].map(|moment| moment.timestamp().to_string())
}

/// Asserts that others start each schedule at its moments.
fn agree(who: &str, told: &str) {
    let told: Value = serde_json::from_str(told).unwrap();
    for ((schedule, rule), told) in schedules().iter().zip(RULES).zip(told.as_array().unwrap()) {
        let told: Vec<i64> = told.as_array().unwrap().iter().map(|moment| moment.as_i64().unwrap()).collect();
        let due = due(schedule);
        assert!(due.len() >= 2, "{rule}");
        let of = |moments: &[i64], others: &[i64]| {
            let only = moments.iter().filter(|moment| !others.contains(moment));
            only.map(|moment| DateTime::from_timestamp(*moment, 0).unwrap().to_string()).take(5).collect::<Vec<_>>()
        };
        let (early, late) = (of(&told, &due), of(&due, &told));
        assert_eq!(told, due, "{who}: {rule}: only there {early:?}, only here {late:?}");
    }
}

#[test]
fn what_has_five_fields_of_cron_starts_at_just_the_moments_of_the_schedule() {
    let folder = tempfile::tempdir().unwrap();
    for target in [ExportTarget::Crontab, ExportTarget::Kubernetes, ExportTarget::Github, ExportTarget::Gitlab] {
        let files = written(target, &settings(), folder.path()).concat();
        let told = output(Command::new(tools().join("python")).arg(script("fires.py")).arg(target.word()).args(span()).args(&files));
        agree(target.word(), &told);
    }
}

#[test]
fn a_crontab_for_a_host_whose_clock_is_utc_follows_summer_time() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ExportSettings { host_zone: Some("UTC".parse().unwrap()), ..settings() };
    let files = written(ExportTarget::Crontab, &settings, folder.path()).concat();
    assert!(!std::fs::read_to_string(&files[0]).unwrap().contains("CRON_TZ="));
    agree("crontab by UTC", &output(Command::new(tools().join("python")).arg(script("fires.py")).arg("crontab").args(span()).args(&files)));
    let berlin = ExportSettings { host_zone: Some("Europe/Berlin".parse().unwrap()), ..settings };
    let refused = export(ExportTarget::Crontab, &[schedule(1, RULES[1])], &berlin).unwrap_err();
    assert!(refused.to_string().contains("goes by the clocks of America/New_York"), "{refused}");
}

#[test]
fn a_calendar_has_the_moments_of_the_schedule_in_two_libraries() {
    let folder = tempfile::tempdir().unwrap();
    let files = written(ExportTarget::Ical, &settings(), folder.path()).concat();
    agree("icalendar", &output(Command::new(tools().join("python")).arg(script("fires.py")).arg("ical").args(span()).args(&files)));
    let modules = node("ical", &["ical.js@2.2.1"]);
    agree("ical.js", &output(Command::new("node").arg(script("ical.cjs")).args(span()).args(&files).env("NODE_PATH", &modules)));
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{}", file.display());
    }
    // The same schedules are the same calendar; a change makes a newer revision of the same events.
    let one = schedule(0, RULES[0]);
    let text = |settings: &ExportSettings| export(ExportTarget::Ical, std::slice::from_ref(&one), settings).unwrap().files[0].text.clone();
    let later = ExportSettings { changed: moment("2027-12-24T00:00:00Z"), ..settings() };
    let line = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert_eq!(text(&settings()), text(&settings()));
    assert_eq!(line(&text(&settings()), "UID:"), line(&text(&later), "UID:"));
    let sequence = |text: &str| line(text, "SEQUENCE:").trim_start_matches("SEQUENCE:").parse::<u64>().unwrap();
    assert!(sequence(&text(&settings())) < sequence(&text(&later)));
}

#[test]
fn systemd_elapses_at_just_the_moments_of_the_schedule_and_takes_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ExportSettings { program: "/bin/echo".to_owned(), root: "/".to_owned(), ..settings() };
    let files = written(ExportTarget::Systemd, &settings, folder.path());
    let mut told = Vec::new();
    for (files, schedule) in files.iter().zip(schedules()) {
        let timer = std::fs::read_to_string(&files[0]).unwrap();
        let lines: Vec<&str> = timer.lines().filter_map(|line| line.strip_prefix("OnCalendar=")).collect();
        let iterations = format!("--iterations={}", due(&schedule).len() + 2);
        let base = "--base-time=2027-11-30 00:00:00 UTC";
        let said =
            output(Command::new("systemd-analyze").args(["calendar", base, &iterations]).args(&lines).env("TZ", "UTC").env("LC_ALL", "C"));
        let until = moment(UNTIL).timestamp();
        let times = said.lines().filter(|line| line.contains("Next elapse:") || line.contains("Iter. #"));
        let mut moments: Vec<i64> = times.filter_map(elapse).filter(|moment| *moment <= until).collect();
        moments.sort_unstable();
        told.push(moments);
        let persistent = schedule.if_missed == IfMissed::RunLate;
        assert!(timer.contains(&format!("Persistent={persistent}\n")), "{timer}");
    }
    agree("systemd", &serde_json::to_string(&told).unwrap());
    let timer = std::fs::read_to_string(&files[0][0]).unwrap();
    assert!(timer.contains("RandomizedDelaySec=90s\nFixedRandomDelay=true\n"), "{timer}");
    let services: Vec<PathBuf> = files.concat();
    output(Command::new("systemd-analyze").args(["verify", "--man=no", "--recursive-errors=no"]).args(&services));
}

/// `       Iter. #2: Fri 2027-01-29 09:00:00 UTC`
fn elapse(line: &str) -> Option<i64> {
    let (_, told) = line.split_once(": ")?;
    let at = chrono::NaiveDateTime::parse_from_str(told.trim().split_once(' ')?.1, "%Y-%m-%d %H:%M:%S UTC").ok()?;
    Some(at.and_utc().timestamp())
}

#[test]
fn files_are_what_github_gitlab_and_kubernetes_say_that_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for (target, schema) in [(ExportTarget::Github, "vendor.github-workflows"), (ExportTarget::Gitlab, "vendor.gitlab-ci")] {
        let files = written(target, &settings(), folder.path()).concat();
        output(Command::new(tools().join("check-jsonschema")).args(["--builtin-schema", schema]).args(&files));
    }
    let files = written(ExportTarget::Kubernetes, &settings(), folder.path()).concat();
    output(Command::new(tools().join("kubernetes-validate")).arg("--strict").args(&files));
    // No CronJob may ever miss a hundred starts, after which it is given up.
    let every = DrillSchedule { window: Duration::from_secs(90_000), ..schedule(0, "* * * * * | UTC") };
    let text = export(ExportTarget::Kubernetes, &[every], &settings()).unwrap().files[0].text.clone();
    assert!(text.contains("startingDeadlineSeconds: 4800\n"), "{text}");
    assert!(text.contains("concurrencyPolicy: Forbid") && text.contains("backoffLimit: 0"), "{text}");
}

#[test]
fn what_a_target_cannot_say_is_refused() {
    let often = schedule(0, "* * * * * | UTC");
    let refused = |target| export(target, std::slice::from_ref(&often), &settings()).unwrap_err().to_string();
    assert!(refused(ExportTarget::Github).contains("more often than every 5 minutes"));
    assert!(refused(ExportTarget::Ical).contains("1440 times a day"));
    let never = schedule(0, "0 10 30 2 * | UTC");
    for target in [
        ExportTarget::Crontab,
        ExportTarget::Systemd,
        ExportTarget::Kubernetes,
        ExportTarget::Github,
        ExportTarget::Gitlab,
        ExportTarget::Ical,
    ] {
        let told = export(target, std::slice::from_ref(&never), &settings()).unwrap_err().to_string();
        assert!(told.contains("is never due"), "{target}: {told}");
    }
}

const SCHEDULE: &str = "version: 1
schedule: chat-quarterly
scenarios: [scenarios/quick.yaml]
environment: lab
when: second Tuesday of every quarter, 10:00 Europe/Berlin
";

#[test]
fn the_command_exports_what_the_project_has_and_what_it_writes_runs() {
    let project = Project::quick();
    project.write("schedules/chat.yaml", SCHEDULE);
    let crontab = project.lifeboat(&["schedule", "export", "crontab"]);
    crontab.exits_with(0).says("CRON_TZ=Europe/Berlin").says("cron does not");
    let line = crontab.stdout.lines().find(|line| line.starts_with("0 10 8-14 1,4,7,10 * ")).unwrap_or_else(|| panic!("{crontab:?}"));
    let command = line.split_once("; cd ").map(|(_, rest)| format!("cd {}", rest.replace("\\%", "%"))).unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("{command} --dry-run")]).env("LIFEBOAT_TRUSTED", "1");
    assert!(output(&mut shell).contains("first"), "the plan is shown");
    // Its exit code is kept.
    let mut wrong = Command::new("/bin/sh");
    let status = wrong.args(["-c", &command.replace("--env lab", "--env nowhere")]).output().unwrap().status;
    assert_eq!(status.code(), Some(2));
    let wrote = project.lifeboat(&["schedule", "export", "github", "chat-quarterly", "--out", "."]);
    wrote.exits_with(0).says("wrote").says(".github/workflows/lifeboat-chat-quarterly.yml");
    assert!(project.path(".github/workflows/lifeboat-chat-quarterly.yml").is_file());
    project.lifeboat(&["schedule", "export", "systemd"]).exits_with(0).says("# lifeboat-chat-quarterly.timer");
    project.lifeboat(&["schedule", "export", "ical", "chat-quartely"]).exits_with(2).says("did you mean `chat-quarterly`?");
    project.lifeboat(&["schedule", "export", "crontab", "--host-zone", "CEST"]).exits_with(2).says("is not a time zone");
}
