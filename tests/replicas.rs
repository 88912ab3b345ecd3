//! Schedules without anybody: several processes of `lifeboat serve` over one store. They are killed with `kill -9` and their PostgreSQL is stopped at
//! once and begun again, at random moments: each occurrence is begun once, or recorded as interrupted, and none is lost. Counted by `psql` and by the
//! drills' own histories.
//!
//! ```text
//! LIFEBOAT_OCCURRENCES=100 cargo test --test all replicas::each -- --nocapture
//! ```

use crate::support::{
    Daemon, OCCURRENCES, OccurrenceRow, Postgres, Project, Standing, drilled_by_itself, minutes_ago, occurrence_rows, schedule, seen,
    wait_for,
};
use lifeboat::permission::{LockOrder, LockWish, lock_all};
use lifeboat::store::{DrillStore, StoreAddress};
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const SEED: u64 = 1804;

fn count(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Why the drill in a folder was begun, and whether its history ends as a drill does.
fn history(folder: &Path) -> Option<(String, bool)> {
    let text = std::fs::read_to_string(folder.join("history.jsonl")).ok()?;
    let whole = &text[..text.rfind('\n')? + 1];
    let first: serde_json::Value = serde_json::from_str(whole.lines().next()?).unwrap();
    let reason = first["started"]["origin"]["reason"].as_str().unwrap_or_default().to_owned();
    Some((reason, whole.lines().any(|line| line.contains("\"finished\":{"))))
}

/// The drills of a project by what they were begun for: each folder, and whether it was over.
fn drilled(projects: &[&Project]) -> BTreeMap<String, Vec<(String, bool)>> {
    let mut found: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for project in projects {
        for entry in std::fs::read_dir(project.path("drills")).into_iter().flatten().flatten() {
            if let Some((reason, over)) = history(&entry.path()) {
                found.entry(reason).or_default().push((entry.file_name().into_string().unwrap(), over));
            }
        }
    }
    found
}

/// Begun once, or recorded as interrupted; never twice, and never lost. How many were interrupted.
fn each_once(rows: &[OccurrenceRow], projects: &[&Project]) -> usize {
    let mut drilled = drilled(projects);
    for row in rows {
        let due = chrono::DateTime::from_timestamp_millis(row.due).unwrap().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let drills = drilled.remove(&format!("schedule {}, due {due}", row.schedule)).unwrap_or_default();
        assert_eq!((row.state.as_str(), row.end.as_str()), ("over", "started"), "{row:?}");
        assert!(drills.len() <= 1, "{row:?} was begun twice: {drills:?}");
        match drills.first() {
            Some((_, true)) => {}
            // The process was gone before a drill had a history, or while it ran.
            None | Some((_, false)) => assert!(row.interrupted, "{row:?}: {drills:?}"),
        }
        if !row.interrupted {
            assert_eq!(row.drills, [drills[0].0.clone()], "{row:?}");
        }
    }
    drilled.remove("");
    assert!(drilled.is_empty(), "drills of no occurrence: {drilled:?}");
    rows.iter().filter(|row| row.interrupted).count()
}

fn faults(standing: &Standing) -> usize {
    let (status, proxies) = standing.call("GET", "/proxies", "");
    assert_eq!(status, 200, "{proxies}");
    let of = |proxy: &serde_json::Value| proxy["toxics"].as_array().map_or(0, Vec::len) + usize::from(proxy["enabled"] == false);
    proxies.as_object().unwrap().values().map(of).sum()
}

/// Kills replicas and the database at random moments until all occurrences are over.
#[expect(clippy::print_stdout, reason = "what was counted is what it is run for")]
fn chaos(replicas: usize, occurrences: usize, seed: u64) {
    let mut postgres = Postgres::start();
    let (standing, projects) = (Standing::start(&[]), [drilled_by_itself(), drilled_by_itself()]);
    let (due, mut names) = (minutes_ago(1), Vec::new());
    for project in &projects {
        let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
        project.environment("standing", &format!("{gateway}, control: {{url: 'http://{}', lease: 2s}}", standing.api));
    }
    for number in 0..occurrences {
        let name = format!("s{number:03}");
        // One in six breaks something that outlives it.
        let environment = if number % 6 == 0 { "environment: standing\nwindow: 4h" } else { "environment: lab\nwindow: 4h" };
        projects.iter().for_each(|project| schedule(project, &name, due, environment));
        names.push(name);
    }
    let more = ["--lease", "5s", "--at-once", "3"];
    let mut first = Daemon::of(&projects[0], &postgres.url(), 0, &["--no-schedules"]);
    wait_for("the tables", || {
        let found = postgres.query("SELECT count(*) FROM information_schema.tables WHERE table_name = 'schedules'");
        (found == ["1"]).then_some(())
    });
    first.kill();
    postgres.query(&seen(&names, due.timestamp_millis() - 3_600_000, None));
    let mut running: Vec<Daemon<'_>> =
        (0..replicas).map(|number| Daemon::of(&projects[usize::from(number == 2)], &postgres.url(), number, &more)).collect();
    let (mut random, began) = (rand::rngs::ChaCha8Rng::seed_from_u64(seed), Instant::now());
    let (mut kills, mut stops) = (0, 0);
    let all = loop {
        assert!(began.elapsed() < Duration::from_secs(60 + 10 * occurrences as u64), "it does not end (seed {seed})");
        std::thread::sleep(Duration::from_millis(random.random_range(200..1_200)));
        running.iter_mut().for_each(Daemon::tend);
        let all = occurrence_rows(&postgres.query(OCCURRENCES));
        if all.len() == occurrences && all.iter().all(|row| row.state == "over") {
            break all;
        }
        match random.random_range(0..6) {
            0 | 1 if kills < occurrences / 4 => {
                let place = random.random_range(0..running.len());
                running[place].kill();
                kills += 1;
            }
            2 if stops < 1 + occurrences / 20 => {
                postgres.stop();
                std::thread::sleep(Duration::from_millis(random.random_range(0..1_500)));
                postgres.begin();
                stops += 1;
            }
            _ => {}
        }
    };
    for replica in &mut running {
        replica.tend();
        assert!(matches!(replica.end(), Some(0)), "{}", replica.said());
    }
    let interrupted = each_once(&all, &[&projects[0], &projects[1]]);
    wait_for("no fault at the standing proxy", || (faults(&standing) == 0).then_some(()));
    assert_eq!(all.iter().map(|row| row.schedule.clone()).collect::<Vec<_>>(), names, "none is lost, and none is there twice");
    println!(
        "seed {seed}: {occurrences} occurrences by {replicas} replicas in {:?}: {kills} kills, {stops} stops of the store, {interrupted} interrupted",
        began.elapsed()
    );
}

#[test]
fn each_occurrence_is_begun_once_or_recorded_as_interrupted_whatever_dies() {
    let occurrences = count("LIFEBOAT_OCCURRENCES", 16);
    let seed = count("LIFEBOAT_SEED", SEED as usize) as u64;
    chaos(2, occurrences, seed);
    chaos(3, occurrences, seed + 1);
}

#[test]
fn a_lock_in_the_shared_store_is_had_by_one_and_survives_the_database() {
    let mut postgres = Postgres::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = StoreAddress::of(Some(&postgres.url()), Path::new(".")).unwrap();
    let store = runtime.block_on(DrillStore::open(address)).unwrap();
    // As two hosts would: each with a connection of its own.
    let tables = [store.locks().unwrap().unwrap(), store.locks().unwrap().unwrap()];
    let order = |place: usize, wait: Option<lifeboat::units::Duration>| {
        let table = tables[place % 2].clone();
        let wish = LockWish { name: "proxy x".to_owned(), what: "the standing proxy x".to_owned(), table };
        LockOrder { wishes: vec![wish], drill: "outage in staging".to_owned(), lease: lifeboat::units::Duration::from_secs(30), wait }
    };
    let taken = |place: usize| runtime.block_on(lock_all(order(place, None), tokio::sync::watch::channel(false).1, |_| {}));
    let held: Vec<_> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8).map(|place| scope.spawn(move || taken(place).ok())).collect();
        tries.into_iter().filter_map(|tried| tried.join().unwrap()).collect()
    });
    assert_eq!(held.len(), 1, "one of eight has it");
    postgres.stop();
    assert!(taken(1).unwrap_err().to_string().contains("cannot be taken"), "nobody knows whose it is");
    postgres.begin();
    wait_for("the lock, which is held as before", || {
        let refused = taken(0).unwrap_err().to_string();
        refused.contains("the standing proxy x is held by ").then_some(())
    });
    drop(held);
    assert_eq!(postgres.query("SELECT count(*) FROM locks"), ["1"], "older generations are gone");
    assert!(taken(1).is_ok(), "it was given back");
}
