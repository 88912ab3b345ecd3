//! The store: an index of drills' folders in SQLite and in PostgreSQL, made again from them at any time, and what happens where it is damaged,
//! locked, newer, read-only or away.

use crate::support::{ENVIRONMENTS, PastDrills, Postgres, Project, SCENARIOS, VERDICTS};
use chrono::{TimeDelta, Utc};
use lifeboat::model::FindingState;
use lifeboat::store::{
    AssignError, DrillEntry, DrillQuery, DrillState, DrillStore, FindingChange, FindingName, FindingQuery, RunKind, StoreAddress,
    StoreError, Synced,
};
use lifeboat::verdict::Decision;
use serde_json::{Value, json};
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Runs what waits.
fn waited<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

/// A folder with a project's `drills/`, and so many drills in it.
fn drilled(count: usize) -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::Builder::new().prefix("a store's project % ").tempdir().unwrap();
    let drills = root.path().join("drills");
    let past = PastDrills::of_one();
    for number in 0..count {
        past.write(&drills, number);
    }
    (root, drills)
}

fn file(root: &Path) -> StoreAddress {
    StoreAddress::of(None, root).unwrap()
}

/// The same case with a file of SQLite and with PostgreSQL.
fn on_both<F: Future<Output = ()>>(count: usize, case: impl Fn(PathBuf, StoreAddress) -> F) {
    let postgres = Postgres::start();
    for is_shared in [false, true] {
        let (root, _) = drilled(count);
        let url = postgres.url();
        let address = StoreAddress::of(is_shared.then_some(url.as_str()), root.path()).unwrap();
        waited(case(root.path().to_owned(), address));
    }
}

async fn names(store: &DrillStore, query: DrillQuery) -> Vec<String> {
    store.drills(&query).await.unwrap().into_iter().map(|entry| entry.id).collect()
}

/// Looks until nothing is read: what has just been written is read again, because a change in the same moment would not show.
async fn settled(store: &DrillStore, root: &Path) -> Synced {
    for _ in 0..200 {
        let synced = store.sync(root).await.unwrap();
        if synced.read == 0 {
            return synced;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("something is read again and again");
}

fn all_of(count: usize, is_one: impl Fn(usize) -> bool) -> Vec<String> {
    (0..count).rev().filter(|number| is_one(*number)).map(PastDrills::name).collect()
}

#[test]
fn what_is_asked_for_is_found_the_newest_first() {
    on_both(60, |root, address| async move {
        let store = DrillStore::open(address).await.unwrap();
        let synced = store.sync(&root).await.unwrap();
        assert_eq!((synced.folders, synced.read, synced.gone, synced.problems.len()), (60, 60, 0, 0));
        assert_eq!(names(&store, DrillQuery::default()).await, all_of(60, |_| true));
        let some = |text: &str| Some(text.to_owned());
        let by_scenario = DrillQuery { scenario: some(SCENARIOS[1]), ..DrillQuery::default() };
        assert_eq!(names(&store, by_scenario.clone()).await, all_of(60, |number| number % 5 == 1));
        let both = DrillQuery { environment: some(ENVIRONMENTS[1]), verdict: Decision::from_word(VERDICTS[1]), ..by_scenario };
        assert_eq!(names(&store, both).await, all_of(60, |number| number % 5 == 1 && number % 2 == 1 && number % 3 == 1));
        let service = |name: &str| DrillQuery { service: some(name), ..DrillQuery::default() };
        assert_eq!(names(&store, service("support-chat")).await.len(), 60);
        assert_eq!((names(&store, service("support")).await, names(&store, service("SUPPORT-CHAT")).await), (vec![], vec![]));
        let (since, until) = (Some(PastDrills::began(10)), Some(PastDrills::began(20)));
        let between = DrillQuery { since, until, ..DrillQuery::default() };
        assert_eq!(names(&store, between.clone()).await, all_of(60, |number| (10..20).contains(&number)));
        let page = DrillQuery { limit: Some(3), offset: 2, ..between.clone() };
        assert_eq!(names(&store, page).await, all_of(60, |number| (15..18).contains(&number)));
        assert_eq!(store.count(&between).await.unwrap(), 10);
        let one = store.drill(&PastDrills::name(7)).await.unwrap().unwrap();
        let DrillEntry { kind, service, who, reason, state, ended, cutover, objective, modes, host, .. } = &one;
        assert_eq!((*kind, service.as_str(), who.as_str(), *state), (RunKind::Drill, "support-chat", "ann", DrillState::Over));
        assert_eq!((reason.as_str(), host.as_str()), ("third quarter", "staging-1"));
        assert!(ended.unwrap() - one.started > TimeDelta::seconds(42) && cutover.is_some() && objective.is_some(), "{one:?}");
        assert!(modes.iter().any(|mode| mode.word() == "outage"), "{modes:?}");
        assert_eq!(store.drill("none").await.unwrap(), None);
        assert_eq!(store.drill_in(&one.folder).await.unwrap().unwrap().id, one.id);
    });
}

#[test]
fn a_look_at_the_folders_finds_what_is_new_ended_changed_and_gone() {
    on_both(6, |root, address| async move {
        let drills = root.join("drills");
        let past = PastDrills::of_one();
        let running = past.write(&drills, 6);
        fs::remove_file(running.join("verdict.json")).unwrap();
        let whole = fs::read_to_string(running.join("history.jsonl")).unwrap();
        let begun: String = whole.lines().take(12).map(|line| format!("{line}\n")).collect();
        fs::write(running.join("history.jsonl"), &begun).unwrap();
        let history = fs::File::options().append(true).open(running.join("history.jsonl")).unwrap();
        history.lock().unwrap();
        fs::create_dir(drills.join("notes")).unwrap();
        let store = DrillStore::open(address).await.unwrap();
        assert_eq!(store.sync(&root).await.unwrap().read, 8);
        let state = async || store.drill(&PastDrills::name(6)).await.unwrap().unwrap().state;
        assert_eq!(state().await, DrillState::Running);
        // Its process is gone, and nothing says that it ended.
        drop(history);
        store.sync(&root).await.unwrap();
        assert_eq!(state().await, DrillState::Interrupted);
        let again = settled(&store, &root).await;
        assert_eq!((again.folders, again.read, again.gone), (8, 0, 0), "nothing is new, so nothing is read");
        // It was finished after all, as an execution is that was resumed.
        fs::write(running.join("history.jsonl"), &whole).unwrap();
        fs::write(running.join(".verdict"), "{").unwrap();
        store.sync(&root).await.unwrap();
        assert_eq!(state().await, DrillState::Over);
        // One is gone; of a copy the one that is called as its drill is counts.
        let first = drills.join(PastDrills::name(0));
        fs::create_dir(drills.join("a copy")).unwrap();
        for name in ["history.jsonl", "verdict.json"] {
            fs::copy(drills.join(PastDrills::name(1)).join(name), drills.join("a copy").join(name)).unwrap();
        }
        fs::remove_dir_all(first).unwrap();
        assert_eq!(store.sync(&root).await.unwrap().gone, 1);
        let copied = store.drill(&PastDrills::name(1)).await.unwrap().unwrap();
        assert_eq!(copied.folder.file_name().unwrap().to_str().unwrap(), PastDrills::name(1));
        assert_eq!(names(&store, DrillQuery::default()).await, all_of(7, |number| number > 0));
        // Where the original goes the copy stands for it.
        fs::remove_dir_all(&copied.folder).unwrap();
        store.sync(&root).await.unwrap();
        store.sync(&root).await.unwrap();
        assert!(store.drill(&PastDrills::name(1)).await.unwrap().unwrap().folder.ends_with("a copy"));
        // A disk that is not mounted takes nothing out of the index.
        fs::rename(&drills, root.join("elsewhere")).unwrap();
        assert_eq!(store.sync(&root).await.unwrap().gone, 0);
        assert_eq!(names(&store, DrillQuery::default()).await.len(), 6);
    });
}

#[test]
fn what_people_decide_is_written_into_the_file_where_comments_stay_and_is_found() {
    on_both(16, |root, address| async move {
        let store = DrillStore::open(address).await.unwrap();
        store.sync(&root).await.unwrap();
        // Of each scenario in each environment the newest drill that has a file: 12 to 0 in steps of four, all in the lab.
        let open = store.findings(&FindingQuery::default()).await.unwrap();
        assert_eq!(open.iter().map(|finding| finding.id.as_str()).collect::<Vec<_>>(), ["dead-primary-asked"; 4]);
        let all = store.findings(&FindingQuery { all: true, ..FindingQuery::default() }).await.unwrap();
        assert_eq!(all.len(), 8);
        let today = Utc::now().date_naive();
        let overdue = FindingQuery { overdue_on: Some(today), ..FindingQuery::default() };
        assert_eq!(store.findings(&overdue).await.unwrap().len(), 4);
        let name = |drill: Option<String>| FindingName { id: "dead-primary-asked".into(), about: None, drill };
        let change = FindingChange { owner: Some("bob: the new one".into()), due: Some("2099-12-01".into()), ..FindingChange::default() };
        let several = store.assign_finding(&root, &name(None), change.clone()).await.unwrap_err();
        assert!(matches!(&several, AssignError::Several { places, .. } if places.len() == 4), "{several}");
        let drill = PastDrills::name(12);
        let changed = store.assign_finding(&root, &name(Some(drill.clone())), change).await.unwrap();
        assert_eq!((changed.owner.as_deref(), changed.due.as_deref()), (Some("bob: the new one"), Some("2099-12-01")));
        let text = fs::read_to_string(root.join("drills").join(&drill).join("findings.yaml")).unwrap();
        assert!(text.starts_with("# kept by people\n") && text.contains("owner: \"bob: the new one\"   # she knows\n"), "{text}");
        assert_eq!(store.findings(&overdue).await.unwrap().len(), 3);
        let owned = FindingQuery { owner: Some("bob: the new one".into()), ..FindingQuery::default() };
        assert_eq!(store.findings(&owned).await.unwrap()[0].drill, drill);
        let accepted = FindingChange { state: Some(FindingState::Accepted), notes: Some("it is cheap".into()), ..FindingChange::default() };
        store.assign_finding(&root, &name(Some(drill.clone())), accepted).await.unwrap();
        assert_eq!(store.findings(&FindingQuery::default()).await.unwrap().len(), 3);
        assert_eq!(store.drill(&drill).await.unwrap().unwrap().findings, 0);
        for (day, is_one) in [("2026-02-30", false), ("soon", false), ("", true)] {
            let change = FindingChange { due: Some(day.into()), ..FindingChange::default() };
            let done = store.assign_finding(&root, &name(Some(drill.clone())), change).await;
            assert_eq!(done.is_ok(), is_one, "{done:?}");
        }
        let unknown = FindingName { id: "no-such".into(), ..FindingName::default() };
        let change = FindingChange { owner: Some("ann".into()), ..FindingChange::default() };
        assert!(matches!(store.assign_finding(&root, &unknown, change).await, Err(AssignError::Unknown { .. })));
        // A file that people have broken is told of, and its drill stays in the index.
        let broken = root.join("drills").join(&drill).join("findings.yaml");
        fs::write(&broken, text.replace("owner:", "ownr:")).unwrap();
        let synced = store.sync(&root).await.unwrap();
        assert!(synced.problems.len() == 1 && synced.problems[0].contains("ownr"), "{synced:?}");
        assert!(store.drill(&drill).await.unwrap().is_some());
    });
}

/// A table of one's own, as those of schedules are.
async fn own_table(store: &DrillStore) {
    let row = json!({"host": "h", "folder": "f", "stamp": "s", "drill": ""});
    store.note("places", &row).await.unwrap();
}

#[test]
fn a_damaged_file_is_told_of_and_rebuilt_and_nothing_is_lost() {
    let (root, drills) = drilled(40);
    let (root, address) = (root.path().to_owned(), file(root.path()));
    waited(async {
        let store = DrillStore::open(address.clone()).await.unwrap();
        store.sync(&root).await.unwrap();
        own_table(&store).await;
        let before = store.drills(&DrillQuery::default()).await.unwrap();
        let findings = store.findings(&FindingQuery { all: true, ..FindingQuery::default() }).await.unwrap();
        store.close().await;
        // Not a database any more; and one with a page of rubbish in the middle.
        for at in [0, 8192] {
            let path = drills.join("lifeboat.db");
            let mut bytes = fs::read(&path).unwrap();
            let end = (at + 4096).min(bytes.len());
            bytes[at..end].fill(0xa5);
            fs::write(&path, bytes).unwrap();
            for end in ["-wal", "-shm"] {
                let _ = fs::remove_file(drills.join(format!("lifeboat.db{end}")));
            }
            if at == 0 {
                let refused = DrillStore::open(address.clone()).await.unwrap_err();
                assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
            }
            let (store, rebuilt) = DrillStore::rebuild(address.clone(), &root, &[]).await.unwrap();
            assert!(rebuilt.set_aside.as_ref().is_some_and(|path| path.is_file()), "{rebuilt:?}");
            assert_eq!(rebuilt.put_back.map(|put_back| put_back.lines + put_back.left_out), Some(1));
            assert_eq!(store.drills(&DrillQuery::default()).await.unwrap(), before);
            assert_eq!(store.findings(&FindingQuery { all: true, ..FindingQuery::default() }).await.unwrap(), findings);
            assert_eq!(store.check().await.unwrap().problems, Vec::<String>::new());
            store.close().await;
        }
        // A file that is gone is made again as well.
        for entry in fs::read_dir(&drills).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let _ = entry.to_str().unwrap().contains("lifeboat").then(|| fs::remove_file(&entry));
        }
        let (store, rebuilt) = DrillStore::rebuild(address, &root, &[]).await.unwrap();
        assert_eq!((rebuilt.set_aside, rebuilt.synced.read), (None, 40));
        assert_eq!(store.drills(&DrillQuery::default()).await.unwrap(), before);
    });
}

#[test]
fn of_many_drills_the_newest_of_each_kind_are_told() {
    on_both(60, |root, address| async move {
        let store = DrillStore::open(address).await.unwrap();
        store.sync(&root).await.unwrap();
        let ids = |entries: Vec<DrillEntry>| entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>();
        // Five scenarios in two environments, three verdicts.
        assert_eq!(ids(store.newest_of_scenarios().await.unwrap()), all_of(60, |number| number >= 50));
        let mut decisive = ids(store.newest_decisive().await.unwrap());
        decisive.sort();
        let last = |rest: usize| (0..60).rev().find(|number| number % 10 == rest && number % 3 != 2).unwrap();
        let mut wanted: Vec<String> = (0..10).map(|rest| PastDrills::name(last(rest))).collect();
        wanted.sort();
        assert_eq!(decisive, wanted);
        let alike = ids(store.newest_alike().await.unwrap().into_iter().map(|(entry, _)| entry).collect());
        let mut wanted = all_of(60, |number| number >= 30);
        wanted.reverse();
        assert_eq!(alike, wanted);
        assert_eq!(store.newest_of_services().await.unwrap()["support-chat"].id, PastDrills::name(59));
        let since = store.drills_since(PastDrills::began(50)).await.unwrap();
        assert_eq!((since.len(), &since[0].0.id), (10, &PastDrills::name(50)));
        let indecisive = store.indecisive(PastDrills::began(30)).await.unwrap();
        assert_eq!(indecisive.into_iter().rev().collect::<Vec<_>>(), all_of(60, |number| number >= 30 && number % 3 == 2));
    });
}

#[test]
fn an_old_store_is_read_after_a_copy_and_a_newer_one_is_refused() {
    let (root, drills) = drilled(0);
    fs::create_dir_all(&drills).unwrap();
    let path = drills.join("lifeboat.db");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stores/version-1.db"), &path).unwrap();
    let address = file(root.path());
    waited(async {
        let store = DrillStore::open(address.clone()).await.unwrap();
        let found = store.drills(&DrillQuery::default()).await.unwrap();
        assert_eq!(found.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), [PastDrills::name(1), PastDrills::name(0)]);
        assert!(store.check().await.unwrap().version > 1);
        let copies = || {
            fs::read_dir(&drills).unwrap().filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".v1-")).count()
        };
        assert_eq!(copies(), 1);
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777;
        assert_eq!(mode, 0o600);
        store.close().await;
        assert_eq!(python(&path, "UPDATE _sqlx_migrations SET version = 999 WHERE version = 5"), "");
        let refused = DrillStore::open(address).await.unwrap_err();
        assert!(matches!(refused, StoreError::Newer { found: 999, .. }), "{refused:?}");
        assert!(refused.to_string().contains("was written by a newer lifeboat"), "{refused}");
    });
}

/// Does something to a database in another process.
fn python(path: &Path, sql: &str) -> String {
    let script = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as c: c.executescript(sys.argv[2])";
    let output = std::process::Command::new("python3").args(["-c", script]).arg(path).arg(sql).output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn lists_work_where_the_store_cannot_be_had_and_say_so() {
    // These drills had keys that nobody here knows.
    let project = Project::quick().unsearched();
    let past = PastDrills::of_one();
    for number in 0..70 {
        past.write(&project.path("drills"), number);
    }
    let listed = project.lifeboat(&["list"]);
    listed.exits_with(0).says("50 of 70, the newest first; `--limit 70` shows all of them");
    assert!(listed.stdout.lines().all(|line| line.chars().count() <= 80), "{listed:?}");
    assert_eq!(listed.stdout.lines().nth(1).unwrap().split_whitespace().next().unwrap(), PastDrills::name(69));
    let json: Vec<Value> = serde_json::from_str(&project.lifeboat(&["list", "--format", "json"]).exits_with(0).stdout).unwrap();
    assert_eq!((json.len(), &json[0]["verdict"], &json[0]["kind"]), (70, &VERDICTS[0].into(), &"drill".into()));
    let args = ["list", "--verdict", "missed", "--scenario", "key-revoked", "--env", "staging", "--until", "2020-01-20", "--format", "csv"];
    let csv = project.lifeboat(&args);
    csv.exits_with(0);
    let until = PastDrills::began(0) + TimeDelta::days(19);
    let wanted = all_of(70, |number| number % 3 == 1 && number % 5 == 1 && number % 2 == 1 && PastDrills::began(number) < until);
    let ids: Vec<String> = csv.stdout.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(ids, wanted);
    project.lifeboat(&["list", "--verdict", "mised"]).exits_with(2).says("did you mean `missed`?");
    project.lifeboat(&["show", &PastDrills::name(3)]).says("azure");
    project.lifeboat(&["store", "check"]).exits_with(0).says("70 drills");
    project.lifeboat(&["store", "backup", "copy.db"]).exits_with(0);
    project.lifeboat(&["store", "backup", "copy.db"]).exits_with(2);
    let copied = project.lifeboat(&["list", "--store", "copy.db", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&copied.stdout).unwrap().len(), 70);
    // Away, damaged, newer: each is told, and the list is there.
    let away = format!("postgres://ann:hidden@localhost/x?host={}", project.path("nowhere").display());
    for (store, said) in [(away.as_str(), "cannot be reached"), ("broken.db", "is damaged")] {
        project.write("broken.db", &"no database at all, but long enough to be taken for one ".repeat(80));
        let listed = project.lifeboat(&["list", "--limit", "2", "--store", store]);
        listed.exits_with(0).says(said).says("read from the drills' folders alone").says(&PastDrills::name(69));
        assert!(!listed.stderr.contains("hidden"), "{listed:?}");
    }
    project.lifeboat(&["store", "check", "--store", "broken.db"]).exits_with(2).says("`lifeboat store rebuild`");
    project.lifeboat(&["store", "rebuild", "--store", "broken.db"]).exits_with(0).says("set aside").says("70 folders");
    project.lifeboat(&["list", "--store", "mysql://x/y"]).exits_with(2).says("is no address of a store");
    // No room: a file may not become larger than one block.
    let full = ["sh", "-c", "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\""];
    let listed = project.run(&mut project.after(&full, &["list", "--limit", "1", "--store", "full.db"]));
    listed.exits_with(0).says("read from the drills' folders alone").says(&PastDrills::name(69));
}

#[test]
fn a_store_that_another_process_holds_is_waited_for_and_then_told() {
    let (root, _) = drilled(3);
    let address = file(root.path());
    waited(async {
        let store = DrillStore::open(address.clone()).await.unwrap();
        let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\nc.execute('BEGIN IMMEDIATE')\nprint('held', flush=True)\nsys.stdin.read()";
        let mut holder = std::process::Command::new("python3")
            .args(["-c", script])
            .arg(root.path().join("drills/lifeboat.db"))
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut [0; 4]).unwrap();
        let refused = store.sync(root.path()).await.unwrap_err();
        let pid = format!("(process {})", holder.id());
        assert!(matches!(&refused, StoreError::Locked { holders, .. } if holders.contains(&pid)), "{refused:?}");
        // Whoever reads is not held up.
        assert!(store.drills(&DrillQuery::default()).await.unwrap().is_empty());
        drop(holder.stdin.take());
        holder.wait().unwrap();
        assert_eq!(store.sync(root.path()).await.unwrap().read, 3);
    });
}

#[test]
fn the_hundredth_look_costs_what_the_first_list_does_and_reads_nothing() {
    // Figures are for the benchmark; here it is that a look at known folders is many times quicker than reading them.
    const COUNT: usize = 1000;
    let (root, _) = drilled(COUNT);
    waited(async {
        let store = DrillStore::open(file(root.path())).await.unwrap();
        let began = Instant::now();
        assert_eq!(store.sync(root.path()).await.unwrap().read, COUNT as u64);
        let first = began.elapsed();
        settled(&store, root.path()).await;
        let again = Instant::now();
        let synced = store.sync(root.path()).await.unwrap();
        let second = again.elapsed();
        assert_eq!((synced.folders, synced.read), (COUNT as u64, 0));
        // Reading takes some ten times as long on an idle machine; a busy one is given half of that.
        assert!(second * 4 < first, "{second:?} after {first:?}");
        // 200 folders a second are asked for; any machine that runs these tests does five times that.
        assert!(first.as_secs() < 5, "{first:?}");
    });
}
