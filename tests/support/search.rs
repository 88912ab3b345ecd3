//! The search for secrets in whatever any test of this suite left behind: after every run of the binary in a project, in what it said, in
//! the arguments of what it started (looked at five times a second: of what ends sooner some escape), and in the folders of its drills and executions, for every secret that they knew,
//! which their histories tell the names of.
//!
//! What it does not know: secrets that only a store of others holds, or a test's own server; those tests search for them themselves. Files
//! outside the folders of drills are the project's own, and may hold keys.

use super::{Leaks, files_below};
use lifeboat::units::Seed;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::SystemTime;

/// Shorter ones are anybody's words.
const SHORTEST: usize = 8;

/// The search through one project.
pub(crate) struct Search {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    left: bool,
    secrets: BTreeMap<String, String>,
    /// As they were when they were searched.
    files: BTreeMap<PathBuf, (u64, Option<SystemTime>)>,
    drills: BTreeSet<PathBuf>,
    outputs: usize,
    arguments: usize,
    bytes: usize,
}

impl Search {
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), state: Mutex::default() }
    }

    /// Nothing is searched from now on.
    pub(super) fn leave(&self) {
        self.state.lock().unwrap().left = true;
    }

    /// Searches what a command said, the arguments that what it started had, and what stands in the folders of drills now. Panics
    /// where a secret is found.
    pub(super) fn after(&self, command: &Command, outputs: &[&str], arguments: &BTreeSet<String>) {
        let mut state = self.state.lock().unwrap();
        if state.left {
            return;
        }
        let told = |name: &str| {
            let own =
                command.get_envs().find(|(other, _)| *other == name).map(|(_, value)| value.map(|value| value.to_string_lossy().into()));
            own.unwrap_or_else(|| std::env::var(name).ok())
        };
        self.learn(&mut state, &told);
        let found = state.look(outputs, arguments);
        drop(state);
        assert!(found.is_empty(), "a secret was leaked:\n{}", found.join("\n"));
    }

    /// Every drill's folder, with the secrets that its history tells of.
    fn learn(&self, state: &mut State, told: &dyn Fn(&str) -> Option<String>) {
        for history in files_below(&self.folder).into_iter().filter(|path| path.ends_with("history.jsonl")) {
            let text = std::fs::read(&history).unwrap_or_default();
            let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let Ok(first) = serde_json::from_slice::<Value>(line) else { continue };
            let Some(started) = first.get("started").or_else(|| first.get("execution_started")) else { continue };
            state.drills.insert(history.parent().unwrap().to_owned());
            state.secrets.extend(of_lab(started));
            state.secrets.extend(of_credentials(&self.folder, line, &started["plan"], told));
        }
    }
}

impl State {
    fn look(&mut self, outputs: &[&str], arguments: &BTreeSet<String>) -> Vec<String> {
        if self.secrets.is_empty() {
            return Vec::new();
        }
        let leaks = Leaks::of(&self.secrets);
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
        for path in self.drills.iter().flat_map(|drill| files_below(drill)) {
            let Ok(data) = path.metadata() else { continue };
            let now = (data.len(), data.modified().ok());
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
        found.iter().map(ToString::to_string).collect()
    }
}

/// Keys that the lab of a drill with this seed takes, and those that it would mint next.
fn of_lab(started: &Value) -> BTreeMap<String, String> {
    let Some(seed) = started["seed"].as_str().and_then(|seed| seed.parse::<Seed>().ok()) else { return BTreeMap::new() };
    let plan = &started["plan"];
    let mut owners: BTreeSet<String> = plan["providers"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for name in &owners {
        for number in 0..4 {
            let minted = seed.derive(name).derive(name).derive(&format!("minted key {number}"));
            keys.insert(format!("{name}, minted {number}"), format!("sk-lab-{minted}"));
        }
    }
    owners.insert("service".into());
    let mut services = BTreeSet::new();
    named(plan, "service", &mut services);
    owners.extend(services.into_iter().map(|name| format!("service {name}")));
    keys.extend(owners.into_iter().map(|whose| {
        let key = seed.derive(&format!("key of {whose}"));
        (whose, format!("sk-lab-{key}"))
    }));
    keys
}

/// Texts that stand anywhere under this name.
fn named(value: &Value, name: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get(name).and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| named(field, name, into));
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, name, into)),
        _ => {}
    }
}

/// Keys in the environment and in files, wherever a plan names one.
fn of_credentials(root: &Path, line: &[u8], plan: &Value, told: &dyn Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(line);
    let mut variables: BTreeSet<String> = text
        .split("env:")
        .skip(1)
        .map(|rest| rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect())
        .collect();
    named(plan, "key_from", &mut variables);
    named(&plan["environment"]["alerts"], "token_from", &mut variables);
    let mut keys: BTreeMap<String, String> =
        variables.into_iter().filter_map(|name| told(&name).map(|value| (format!("${name}"), value))).collect();
    let mut sources = BTreeSet::new();
    named(&plan["credentials"], "from", &mut sources);
    for path in sources.iter().filter_map(|source| source.strip_prefix("file:")) {
        let held = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        keys.insert(path.to_owned(), held.trim().to_owned());
    }
    keys.retain(|_, key| key.len() >= SHORTEST);
    keys
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
        let _ = writeln!(std::io::stdout(), "{line}: {} found", found.len());
        // For the sum over the suite, whose tests are processes of their own.
        let sum = Path::new(env!("CARGO_TARGET_TMPDIR")).join("searched.log");
        if let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(sum) {
            let _ = writeln!(file, "{line}");
        }
        assert!(found.is_empty(), "a secret was leaked:\n{}", found.join("\n"));
    }
}
