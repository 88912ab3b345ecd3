//! The search for secrets in whatever any test of this suite left behind: after every run of the binary in a project, in what it said, in
//! the arguments of what it started (looked at five times a second: of what ends sooner some escape), and in the folders of its drills and executions, for every secret that
//! there was. It fails too where it knows of fewer than there must have been, and where others than its owner may read what is left.
//!
//! Files outside the folders of drills are the project's own, and may hold keys.

use super::arguments::Arguments;
use super::secrets::{Secrets, Sources, Watch};
use super::{Leaks, files_below};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

/// Files and folders at and below a path that others than their owner may enter, read or write. What ends meanwhile is no longer there.
pub(crate) fn loose(path: &Path) -> Vec<String> {
    let Ok(data) = path.symlink_metadata() else { return Vec::new() };
    let mode = data.permissions().mode();
    let is_loose = mode & 0o077 != 0 && !data.is_symlink();
    let mut found: Vec<String> =
        is_loose.then(|| format!("others may read {} (mode {:o})", path.display(), mode & 0o7777)).into_iter().collect();
    if data.is_dir() {
        found.extend(std::fs::read_dir(path).into_iter().flatten().flatten().flat_map(|entry| loose(&entry.path())));
    }
    found
}

/// Names the file that the lab's servers write every simulated key to.
pub(super) const KEYLOG: &str = "LIFEBOAT_LAB_KEYLOG";

/// A store of others that tells what it holds and held: whose, and what.
type Store = Box<dyn Fn() -> Vec<(String, String)> + Send>;

/// The search through one project.
pub(crate) struct Search {
    folder: PathBuf,
    keylog: tempfile::NamedTempFile,
    state: Mutex<State>,
}

/// One run of the binary, followed from its start.
pub(super) struct Followed {
    arguments: Arguments,
    files: Watch,
}

#[derive(Default)]
struct State {
    left: bool,
    secrets: Secrets,
    /// Each with whether it ever told anything.
    stores: Vec<(Store, bool)>,
    /// As they were when they were searched, and for how many secrets.
    files: BTreeMap<PathBuf, (u64, Option<SystemTime>, usize)>,
    /// With the first line of each history.
    drills: BTreeMap<PathBuf, Value>,
    outputs: usize,
    arguments: usize,
    bytes: usize,
    took: Duration,
}

impl Search {
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), keylog: tempfile::NamedTempFile::new().unwrap(), state: Mutex::default() }
    }

    /// Nothing is searched from now on.
    pub(super) fn leave(&self) {
        self.state.lock().unwrap().left = true;
    }

    /// From now on this store is asked what it holds before and after each run.
    pub(super) fn ask(&self, store: Store) {
        self.state.lock().unwrap().stores.push((store, false));
    }

    /// Where the lab's servers write their keys.
    pub(super) fn keylog(&self) -> &Path {
        self.keylog.path()
    }

    /// A run begins.
    pub(super) fn begin(&self, process: u32) -> Followed {
        self.state.lock().unwrap().ask_stores();
        Followed { arguments: Arguments::of(process), files: Watch::of(&self.folder) }
    }

    /// Searches what a command said, the arguments that what it started had, and what stands in the folders of drills now. Panics
    /// where a secret is found.
    pub(super) fn after(&self, command: &Command, outputs: &[&str], followed: Option<Followed>) {
        let (arguments, files) = followed.map(|run| (run.arguments.seen(), run.files.seen())).unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        state.secrets.merge(files);
        let told = |name: &str| {
            let own =
                command.get_envs().find(|(other, _)| *other == name).map(|(_, value)| value.map(|value| value.to_string_lossy().into()));
            own.unwrap_or_else(|| std::env::var(name).ok())
        };
        state.secrets.learn_given(command);
        self.learn(&mut state, &told);
        if state.left {
            return;
        }
        let begin = Instant::now();
        let found = state.look(outputs, &arguments);
        state.took += begin.elapsed();
        drop(state);
        assert!(found.is_empty(), "a secret was leaked, or may be:\n{}", found.join("\n"));
    }

    /// Everything that is known by now, to search for it elsewhere.
    pub(super) fn leaks(&self) -> Leaks {
        let mut state = self.state.lock().unwrap();
        self.learn(&mut state, &|name| std::env::var(name).ok());
        assert!(state.secrets.len() > 0, "nothing is known that could be searched for");
        Leaks::of_pairs(state.secrets.pairs())
    }

    /// The secret of this owner.
    pub(super) fn secret(&self, whose: &str) -> String {
        let mut state = self.state.lock().unwrap();
        self.learn(&mut state, &|name| std::env::var(name).ok());
        let found = state.secrets.pairs().find(|(owner, _)| *owner == whose).map(|(_, secret)| secret.to_owned());
        found.unwrap_or_else(|| panic!("nothing is known of a secret of {whose}"))
    }

    /// Every drill's folder, and every secret that there was.
    fn learn(&self, state: &mut State, told: &dyn Fn(&str) -> Option<String>) {
        state.secrets.learn_of_the_lab(self.keylog.path());
        state.ask_stores();
        let mut sources = Sources::of_project(&self.folder);
        for history in files_below(&self.folder).into_iter().filter(|path| path.ends_with("history.jsonl")) {
            let text = std::fs::read(&history).unwrap_or_default();
            let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let Ok(first) = serde_json::from_slice::<Value>(line) else { continue };
            let Some(started) = first.get("started").or_else(|| first.get("execution_started")) else { continue };
            sources.extend(&String::from_utf8_lossy(line));
            state.drills.insert(history.parent().unwrap().to_owned(), started.clone());
        }
        state.secrets.learn_from(&sources, &self.folder, told);
    }
}

impl State {
    fn ask_stores(&mut self) {
        for (store, told) in &mut self.stores {
            for (whose, secret) in store() {
                self.secrets.add(&whose, &secret);
                *told = true;
            }
        }
    }

    fn look(&mut self, outputs: &[&str], arguments: &BTreeSet<String>) -> Vec<String> {
        if self.secrets.len() == 0 {
            return Vec::new();
        }
        let leaks = Leaks::of_pairs(self.secrets.pairs());
        let mut found = Vec::new();
        for output in outputs {
            found.extend(leaks.in_bytes("what it said", output.as_bytes()));
            self.outputs += 1;
            self.bytes += output.len();
        }
        for line in arguments {
            found.extend(leaks.in_bytes("arguments", line.as_bytes()));
            self.arguments += 1;
            self.bytes += line.len();
        }
        for path in self.drills.keys().flat_map(|drill| files_below(drill)) {
            let Ok(data) = path.metadata() else { continue };
            let now = (data.len(), data.modified().ok(), self.secrets.len());
            if self.files.get(&path) == Some(&now) {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap_or_default();
            let place = path.display().to_string();
            // What a `switch` replaced is kept for its owner alone, so that it can be put back; it may be a secret.
            if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("before-")) {
                found.extend(leaks.in_bytes(&place, &bytes));
            }
            found.extend(leaks.in_bytes("a file's name", place.as_bytes()));
            self.bytes += bytes.len();
            self.files.insert(path, now);
        }
        let loose = self.drills.keys().flat_map(|drill| loose(drill));
        found.iter().map(ToString::to_string).chain(loose).collect()
    }

    /// What the search must have known of every drill, and did not.
    fn missing(&self) -> Vec<String> {
        let of_one = |(folder, started): (&PathBuf, &Value)| {
            let history = std::fs::read_to_string(folder.join("history.jsonl")).unwrap_or_default();
            self.secrets.missing(started, &history).into_iter().map(|what| format!("{}: {what}", folder.display())).collect::<Vec<_>>()
        };
        let silent = self.stores.iter().filter(|(_, told)| !told).map(|_| "a store that never told what it holds".to_owned());
        self.drills.iter().flat_map(of_one).chain(silent).collect()
    }
}

impl Drop for Search {
    /// What was begun and never waited for is searched at last, and what was done is told.
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.left || std::thread::panicking() {
            return;
        }
        self.learn(&mut state, &|name| std::env::var(name).ok());
        let found = state.look(&[], &BTreeSet::new());
        let (secrets, drills, files) = (state.secrets.len(), state.drills.len(), state.files.len());
        if drills == 0 {
            return;
        }
        let (outputs, arguments, bytes) = (state.outputs, state.arguments, state.bytes);
        let line = format!(
            "searched for {secrets} secrets in {drills} drills, {files} files, {outputs} outputs, arguments of {arguments} processes, {bytes} bytes"
        );
        let _ = writeln!(std::io::stdout(), "{line}: {} found, in {:?}", found.len(), state.took);
        // For the sum over the suite, whose tests are processes of their own.
        let sum = Path::new(env!("CARGO_TARGET_TMPDIR")).join("searched.log");
        if let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(sum) {
            let _ = writeln!(file, "{line}");
        }
        assert!(found.is_empty(), "a secret was leaked, or may be:\n{}", found.join("\n"));
        let missing = state.missing();
        assert!(missing.is_empty(), "the search knew of fewer secrets than there were:\n{}", missing.join("\n"));
    }
}
