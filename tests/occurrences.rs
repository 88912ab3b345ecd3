//! What becomes of each time that a schedule was due: begun, late, missed with its reason, asked about. One process of `lifeboat serve`, or two over one
//! file; what they did is read from the store by Python and by `psql`.

use crate::support::{
    Daemon, OCCURRENCES, OccurrenceRow, Postgres, Project, drilled_by_itself, minutes_ago, occurrence_rows, schedule, seen, sqlite,
    wait_for,
};

/// Makes the store of a project, in which schedules of these names have been seen since a moment, and looked at until another.
fn with_store(project: &Project, names: &[&str], since: i64, looked: Option<i64>) {
    project.lifeboat(&["serve", "--once"]).exits_with(0);
    sqlite(project, "DELETE FROM schedules");
    sqlite(project, "DELETE FROM occurrences");
    sqlite(project, &seen(names, since, looked));
}

fn found(project: &Project) -> Vec<OccurrenceRow> {
    occurrence_rows(&sqlite(project, OCCURRENCES))
}

/// The only occurrence, once this holds of it.
fn until(project: &Project, what: &str, holds: impl Fn(&OccurrenceRow) -> bool) -> OccurrenceRow {
    wait_for(what, || found(project).into_iter().find(&holds))
}

/// The only drill's folder, from the project's root.
fn only_drill(project: &Project) -> String {
    let folders = std::fs::read_dir(project.path("drills")).unwrap().map(|entry| entry.unwrap().path());
    let folders: Vec<_> = folders.filter(|folder| folder.join("history.jsonl").exists()).collect();
    let [folder] = &folders[..] else { panic!("{folders:?}") };
    format!("drills/{}", folder.file_name().unwrap().to_str().unwrap())
}

#[test]
fn who_is_told_to_end_heals_records_and_leaves_with_0() {
    let project = drilled_by_itself();
    project.edit("scenarios/quick.yaml", "for: 600ms", "for: 60s");
    let due = minutes_ago(1);
    schedule(&project, "long", due, "window: 2h");
    with_store(&project, &["long"], due.timestamp_millis() - 60_000, None);
    let mut daemon = Daemon::of(&project, "", 0, &[]);
    wait_for("the fault", || {
        let folders = std::fs::read_dir(project.path("drills")).unwrap().flatten().map(|entry| entry.path().join("history.jsonl"));
        folders.filter_map(|file| std::fs::read_to_string(file).ok()).any(|text| text.contains("fault_confirmed")).then_some(())
    });
    assert_eq!(daemon.end(), Some(0), "{}", daemon.said());
    let drill = only_drill(&project);
    project.stopped_cleanly(&drill, "person");
    let [row] = &found(&project)[..] else { panic!("{:?}", found(&project)) };
    assert_eq!((row.state.as_str(), row.end.as_str(), row.interrupted), ("over", "started", true), "{row:?}");
    assert_eq!(row.drills, [drill.trim_start_matches("drills/")]);
    assert!(row.told.contains("was stopped with lifeboat"), "{row:?}");
    assert!(sqlite(&project, "SELECT * FROM replicas").is_empty(), "it has left");
}

#[test]
fn two_processes_over_one_file_begin_each_drill_once() {
    let project = drilled_by_itself();
    let due = minutes_ago(1);
    let all = ["s0", "s1", "s2", "s3", "s4", "s5"];
    all.iter().for_each(|name| schedule(&project, name, due, "window: 2h"));
    with_store(&project, &all, due.timestamp_millis() - 60_000, None);
    let mut both = [Daemon::of(&project, "", 0, &[]), Daemon::of(&project, "", 1, &[])];
    let rows = wait_for("six that are over", || {
        let rows = found(&project);
        (rows.len() == 6 && rows.iter().all(|row| row.state == "over")).then_some(rows)
    });
    both.iter_mut().for_each(|daemon| assert_eq!(daemon.end(), Some(0), "{}", daemon.said()));
    assert!(rows.iter().all(|row| row.end == "started" && !row.interrupted && row.drills.len() == 1), "{rows:?}");
    let drills: std::collections::BTreeSet<&String> = rows.iter().flat_map(|row| &row.drills).collect();
    let folders = std::fs::read_dir(project.path("drills")).unwrap().flatten().filter(|entry| entry.path().join("history.jsonl").exists());
    assert_eq!((drills.len(), folders.count()), (6, 6), "{rows:?}");
}

#[test]
fn what_was_due_while_nobody_was_there_is_missed_late_or_asked_about() {
    let project = drilled_by_itself();
    let due = minutes_ago(120);
    for (name, policy) in [("asks", "ask"), ("late", "run-late"), ("skips", "skip")] {
        schedule(&project, name, due, &format!("window: 10m\nif_missed: {policy}"));
    }
    let before = due.timestamp_millis() - 60_000;
    with_store(&project, &["asks", "late", "skips"], before, Some(before));
    project.lifeboat(&["serve", "--once"]).exits_with(0).says("late, due ").says("asks, due ");
    let rows = found(&project);
    let [asks, late, skips] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((skips.state.as_str(), skips.end.as_str(), skips.reason.as_str()), ("over", "missed", "daemon-down"), "{skips:?}");
    assert_eq!((late.state.as_str(), late.end.as_str(), late.drills.len()), ("over", "late", 1), "{late:?}");
    assert_eq!((asks.state.as_str(), asks.end.as_str()), ("asked", ""), "{asks:?}");
    // Nothing of it happens again.
    project.lifeboat(&["serve", "--once"]).exits_with(0);
    assert_eq!(found(&project).len(), 3);
    let at = due.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    project.lifeboat(&["schedule", "late", "skips", "--due", &at]).exits_with(2).says("nobody is asked about `skips`");
    project.lifeboat(&["schedule", "late", "asks", "--due", &at]).exits_with(0);
    project.lifeboat(&["serve", "--once"]).exits_with(0);
    let asks = until(&project, "the one that was asked about", |row| row.schedule == "asks");
    assert_eq!((asks.state.as_str(), asks.end.as_str(), asks.drills.len()), ("over", "late", 1), "{asks:?}");
}

#[test]
fn a_lever_holds_what_is_due_and_once_it_is_lifted_it_goes_on() {
    let project = drilled_by_itself();
    let (gone, now) = (minutes_ago(3), minutes_ago(1));
    schedule(&project, "waits", now, "window: 2h");
    with_store(&project, &["waits"], now.timestamp_millis() - 60_000, None);
    project.lifeboat(&["stop", "--reason", "the database is being moved"]).exits_with(0);
    project.lifeboat(&["serve", "--once"]).exits_with(0).says("does not begin yet").says("the database is being moved");
    let row = until(&project, "the one that waits", |row| row.schedule == "waits");
    assert_eq!((row.state.as_str(), row.reason.as_str()), ("due", "lever"), "{row:?}");
    // Its window ends while the lever is pulled.
    schedule(&project, "missed", gone, "window: 1m\nif_missed: skip");
    let entered = format!(
        "INSERT INTO occurrences (schedule, due, state, reason, told, drills, interrupted, fence) \
         VALUES ('missed', {}, 'due', 'lever', 'ada pulled the lever', '[]', 0, 0)",
        gone.timestamp_millis()
    );
    sqlite(&project, &entered);
    sqlite(&project, &seen(&["missed"], gone.timestamp_millis() - 60_000, Some(gone.timestamp_millis() + 1_000)));
    project.lifeboat(&["serve", "--once"]).exits_with(0);
    let row = until(&project, "the one that was missed", |row| row.schedule == "missed");
    assert_eq!((row.state.as_str(), row.end.as_str(), row.reason.as_str()), ("over", "missed", "lever"), "{row:?}");
    assert!(row.told.contains("ada pulled the lever"), "{row:?}");
    project.lifeboat(&["resume"]).exits_with(0);
    project.lifeboat(&["serve", "--once"]).exits_with(0);
    let row = until(&project, "the one that waited", |row| row.schedule == "waits");
    assert_eq!((row.state.as_str(), row.end.as_str(), row.reason.as_str()), ("over", "started", ""), "{row:?}");
}

#[test]
fn a_drill_whose_database_goes_away_ends_well_and_is_recorded_when_it_is_back() {
    let mut postgres = Postgres::start();
    let project = drilled_by_itself();
    let due = minutes_ago(1);
    ["one", "two"].iter().for_each(|name| schedule(&project, name, due, "window: 2h"));
    let mut daemon = Daemon::of(&project, &postgres.url(), 0, &["--no-schedules"]);
    wait_for("the tables", || {
        let tables = postgres.query("SELECT count(*) FROM information_schema.tables WHERE table_name = 'schedules'");
        (tables == ["1"]).then_some(())
    });
    daemon.kill();
    postgres.query(&seen(&["one", "two"], due.timestamp_millis() - 60_000, None));
    let daemon = Daemon::of(&project, &postgres.url(), 1, &["--at-once", "1", "--lease", "2s"]);
    daemon.until(": began: ");
    postgres.stop();
    // Longer than the lease.
    daemon.until("its end is recorded when the store is back");
    daemon.until("the store cannot be used, and nothing begins");
    let folder = only_drill(&project);
    assert!(project.path(&folder).join("verdict.json").exists(), "it ended well, and nothing else was begun");
    postgres.begin();
    let rows = wait_for("both that are over", || {
        let rows = occurrence_rows(&postgres.query(OCCURRENCES));
        (rows.len() == 2 && rows.iter().all(|row| row.state == "over")).then_some(rows)
    });
    assert!(rows.iter().all(|row| row.end == "started" && !row.interrupted && row.drills.len() == 1), "{rows:?}");
    daemon.until("the store can be used again");
}

#[test]
fn a_schedule_that_cannot_be_read_holds_up_no_other_and_is_not_forgotten() {
    let project = drilled_by_itself();
    let due = minutes_ago(1);
    ["bad", "good"].iter().for_each(|name| schedule(&project, name, due, "window: 2h"));
    // Once it was read well.
    project.lifeboat(&["serve", "--once"]).exits_with(0);
    sqlite(&project, &format!("UPDATE schedules SET since = {}, looked = NULL", due.timestamp_millis() - 60_000));
    sqlite(&project, "DELETE FROM occurrences");
    let whole = std::fs::read_to_string(project.path("schedules/bad.yaml")).unwrap();
    project.write("schedules/bad.yaml", "version: 1\nschedule: bad\nscenarios: [\n");
    project.lifeboat(&["serve", "--once"]).exits_with(0).says("a schedule cannot be read").says("schedules/bad.yaml");
    let rows = found(&project);
    let [bad, good] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((bad.state.as_str(), bad.reason.as_str()), ("due", "invalid"), "{bad:?}");
    assert_eq!((good.state.as_str(), good.end.as_str()), ("over", "started"), "{good:?}");
    project.write("schedules/bad.yaml", &whole);
    project.lifeboat(&["serve", "--once"]).exits_with(0);
    let bad = until(&project, "the one that could not be read", |row| row.schedule == "bad");
    assert_eq!((bad.state.as_str(), bad.end.as_str()), ("over", "started"), "{bad:?}");
}
