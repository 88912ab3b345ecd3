//! `lifeboat serve` as a process that begins what schedules say, and what is in its store, read by others' programs.

use super::{Project, signal, wait_for};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const SCENARIO: &str = "\
version: 1
scenario: quick
title: The standby stops answering for a moment
service: chat
traffic: {rate: 50/s, request: chat-stream}
timeline:
  baseline: 500ms
  faults: [{at: 0s, on: second, fault: blackhole, for: 600ms}]
  watch: 200ms
";

/// A project whose drills take about a second.
pub(crate) fn drilled_by_itself() -> Project {
    let project = Project::quick();
    let inventory = "runbooks/inventory.yaml";
    // How fast it is does not matter here, and other tests may slow it down.
    project.edit(inventory, "first_token: 250ms", "first_token: 1s").edit(inventory, "lag_max: 200ms", "lag_max: 1s");
    project.write("scenarios/quick.yaml", SCENARIO);
    project
}

/// When the clock of UTC showed a whole minute, so many minutes ago.
pub(crate) fn minutes_ago(minutes: i64) -> chrono::DateTime<chrono::Utc> {
    let now = chrono::Utc::now().timestamp();
    chrono::DateTime::from_timestamp(now - now % 60 - 60 * minutes, 0).unwrap()
}

/// A schedule that was due at this minute, as every day.
pub(crate) fn schedule(project: &Project, name: &str, due: chrono::DateTime<chrono::Utc>, more: &str) {
    let cron = due.format("%-M %-H * * *");
    let more = if more.contains("environment:") { more.to_owned() } else { format!("environment: lab\n{more}") };
    let text = format!("version: 1\nschedule: {name}\nscenarios: [scenarios/quick.yaml]\ncron: \"{cron}\"\nzone: UTC\n{more}\n");
    project.write(&format!("schedules/{name}.yaml"), &text);
}

/// Since when schedules were seen, and until when somebody looked.
pub(crate) fn seen(names: &[impl AsRef<str>], since: i64, looked: Option<i64>) -> String {
    let looked = looked.map_or("NULL".to_owned(), |looked| looked.to_string());
    let rows: Vec<String> = names.iter().map(|name| format!("('{}', '', {since}, {looked}, 0)", name.as_ref())).collect();
    format!("INSERT INTO schedules (schedule, definition, since, looked, claims) VALUES {}", rows.join(", "))
}

/// Rows of a project's own store, by Python's module.
pub(crate) fn sqlite(project: &Project, sql: &str) -> Vec<String> {
    let script = "import sqlite3, sys\nstore = sqlite3.connect(sys.argv[1], timeout=20)\nrows = store.execute(sys.argv[2]).fetchall()\n\
                  store.commit()\n[print('|'.join('' if cell is None else str(cell) for cell in row)) for row in rows]";
    let output = Command::new("python3").args(["-c", script]).arg(project.path("drills/lifeboat.db")).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

pub(crate) const OCCURRENCES: &str = "SELECT schedule, due, state, COALESCE(ended_as, ''), COALESCE(reason, ''), interrupted, drills, replace(told, '\n', ' ') FROM occurrences \
                           ORDER BY schedule, due";

/// A row of it.
#[derive(Debug, Clone)]
pub(crate) struct OccurrenceRow {
    pub(crate) schedule: String,
    pub(crate) due: i64,
    pub(crate) state: String,
    pub(crate) end: String,
    pub(crate) reason: String,
    pub(crate) interrupted: bool,
    pub(crate) drills: Vec<String>,
    pub(crate) told: String,
}

pub(crate) fn occurrence_rows(lines: &[String]) -> Vec<OccurrenceRow> {
    let row = |line: &String| {
        let cells: Vec<&str> = line.splitn(8, '|').collect();
        OccurrenceRow {
            schedule: cells[0].to_owned(),
            due: cells[1].parse().unwrap(),
            state: cells[2].to_owned(),
            end: cells[3].to_owned(),
            reason: cells[4].to_owned(),
            interrupted: cells[5] != "0",
            drills: serde_json::from_str(cells[6]).unwrap(),
            told: cells[7].to_owned(),
        }
    };
    lines.iter().map(row).collect()
}

/// One process of `lifeboat serve`, begun again whenever it has ended.
pub(crate) struct Daemon<'p> {
    project: &'p Project,
    store: String,
    number: usize,
    more: Vec<String>,
    child: Option<Child>,
    log: PathBuf,
}

impl<'p> Daemon<'p> {
    pub(crate) fn of(project: &'p Project, store: &str, number: usize, more: &[&str]) -> Self {
        let log = project.path(&format!("serve-{number}.log"));
        let more = more.iter().map(|&more| more.to_owned()).collect();
        let mut replica = Self { project, store: store.to_owned(), number, more, child: None, log };
        replica.begin();
        replica
    }

    pub(crate) fn begin(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(&self.log).unwrap();
        let mut command = self.project.command(&["serve", "--listen", "127.0.0.1:0"]);
        if !self.store.is_empty() {
            command.args(["--store", &self.store]);
        }
        command.args(&self.more).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    /// Begins it again where it has ended: it does not begin without its store.
    pub(crate) fn tend(&mut self) {
        if self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some()) {
            self.begin();
        }
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Ends it as a service is ended; its exit code.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        signal(child.id(), 15);
        wait_for("the end of lifeboat serve", || child.try_wait().unwrap()).code()
    }

    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn until(&self, text: &str) {
        wait_for(text, || self.said().contains(text).then_some(()));
    }
}

impl Drop for Daemon<'_> {
    #[expect(clippy::print_stdout, reason = "what a failed test shows")]
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            println!("--- what replica {} said\n{}", self.number, self.said());
        }
    }
}
