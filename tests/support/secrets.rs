//! Which secrets there were around the runs of the binary in one project, learned from whoever had them: the lab's servers, which log
//! every key that they take, make or revoke; the environment, files and .env files that the project's YAML or a plan names, looked at before,
//! during and after each run; contacts' addresses; and the stores of others, which are asked.
//!
//! What it does not learn: what only a command store or a test's own server knows; those tests search for it themselves.

use super::files_below;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Shorter ones are anybody's words.
const SHORTEST: usize = 8;
/// Between two looks at files that hold keys: a rotation has them changed for longer.
const LOOK: Duration = Duration::from_millis(100);
/// A variable with such a name holds a secret, whoever named it.
const TELLING: [&str; 6] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "HOOK", "PAGER"];

/// What is known: whose each secret is.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    whose: BTreeMap<String, String>,
    /// What the lab's servers told: the fate of a key, and whose it is, by the key.
    lab: BTreeSet<(String, String, String)>,
}

impl Secrets {
    /// Takes one in, by its first owner's name.
    pub(super) fn add(&mut self, whose: &str, secret: &str) {
        let path = secret.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
        for secret in [Some(secret), path].into_iter().flatten().filter(|secret| secret.len() >= SHORTEST) {
            self.whose.entry(secret.to_owned()).or_insert_with(|| whose.to_owned());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.whose.len()
    }

    /// Whose, and what.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.whose.iter().map(|(secret, whose)| (whose.as_str(), secret.as_str()))
    }

    /// What the lab's servers have told so far.
    pub(super) fn learn_of_the_lab(&mut self, keylog: &Path) {
        for line in std::fs::read_to_string(keylog).unwrap_or_default().lines() {
            let mut words = line.splitn(3, ' ');
            let (Some(fate), Some(key), Some(whose)) = (words.next(), words.next(), words.next()) else { continue };
            let is_first = fate == "taken";
            self.add(&if is_first { whose.to_owned() } else { format!("{whose}, {fate}") }, key);
            self.lab.insert((fate.to_owned(), whose.to_owned(), key.to_owned()));
        }
    }

    /// What these sources hold now.
    pub(super) fn learn_from(&mut self, sources: &Sources, root: &Path, told: &dyn Fn(&str) -> Option<String>) {
        for name in sources.variables.iter().filter(|name| !is_an_identifier(name)) {
            if let Some(value) = told(name) {
                self.add(&format!("${name}"), value.trim());
            }
        }
        for file in &sources.files {
            for secret in file.held(root) {
                self.add(&file.told(), &secret);
            }
        }
    }

    /// What a command was given in its own environment under a telling name.
    pub(super) fn learn_given(&mut self, command: &std::process::Command) {
        for (name, value) in command.get_envs() {
            let (name, value) = (name.to_string_lossy(), value.map(|value| value.to_string_lossy().into_owned()).unwrap_or_default());
            if TELLING.iter().any(|word| name.contains(word)) && !name.starts_with("LIFEBOAT_") && !is_an_identifier(&name) {
                self.add(&format!("${name}"), value.trim());
            }
        }
    }

    /// What must be known of a drill whose history has come so far that its servers answered, and is not: nothing, or the search is blind.
    pub(super) fn missing(&self, started: &Value, history: &str) -> Vec<String> {
        let environment = &started["plan"]["environment"];
        let of_the_lab = environment["embedded"] == true;
        if !of_the_lab || !history.contains("\"served\"") {
            return Vec::new();
        }
        let known = |fate: &str, whose: &str| self.lab.iter().any(|(other, of, _)| other == fate && of.starts_with(whose));
        let count = |fate: &str| self.lab.iter().filter(|(other, ..)| other == fate).count();
        let mut missing = Vec::new();
        if environment["keys"].as_str().unwrap_or("lab") != "stores" {
            let providers = started["plan"]["providers"].as_object().into_iter().flatten();
            missing.extend(providers.filter(|(name, _)| !known("taken", name)).map(|(name, _)| format!("the key that {name} takes")));
        } else if !self.whose.values().any(|whose| whose.contains(':')) {
            missing.push("what the stores hold".to_owned());
        }
        let bound = |service: &Value| service["key_from"].is_string() || service["keys_from"].is_string() || service["clients"].is_object();
        let own = environment["services"].as_object().is_some_and(|services| services.values().any(bound));
        if !own && !known("taken", "service") {
            missing.push("the key of the service".to_owned());
        }
        for (event, fate) in [("{\"key_minted\"", "minted"), ("{\"token_minted\"", "lent")] {
            let (seen, told) = (history.matches(event).count(), count(fate));
            if told < seen {
                missing.push(format!("{} of {seen} keys that were {fate}", seen - told));
            }
        }
        missing
    }
}

/// An access key's identifier names it, and is in AWS's own logs.
fn is_an_identifier(name: &str) -> bool {
    name.to_uppercase().replace('_', "").ends_with("ACCESSKEYID")
}

/// What a store keeps in a secret: its text, or of an object the fields that a name tells.
pub(super) fn fields(text: &str) -> Vec<String> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(fields)) => {
            let telling = |name: &str| TELLING.iter().any(|word| name.to_uppercase().contains(word)) && !is_an_identifier(name);
            fields.iter().filter(|(name, _)| telling(name)).filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect()
        }
        _ => vec![text.to_owned()],
    }
}

/// One request to a server of this test; its answer's body as JSON, `null` where it has ended meanwhile. Without a runtime, since it is asked in
/// the midst of one.
pub(super) fn ask(url: &str, method: &str, path: &str, header: &str) -> Value {
    let address = url.trim_start_matches("http://");
    let whole = || -> std::io::Result<String> {
        let mut wire = TcpStream::connect(address)?;
        wire.set_read_timeout(Some(Duration::from_secs(5)))?;
        // Of version 1.0, so that nothing comes in chunks.
        write!(wire, "{method} {path} HTTP/1.0\r\nhost: {address}\r\n{header}\r\n")?;
        let mut text = String::new();
        wire.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = whole().unwrap_or_default();
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// Where secrets are kept, as YAML and plans name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sources {
    variables: BTreeSet<String>,
    files: BTreeSet<Kept>,
}

/// A file that holds keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    path: PathBuf,
    /// Of a .env file.
    name: Option<String>,
}

impl Sources {
    /// Those that every YAML and CSV file of a project names.
    pub(super) fn of_project(root: &Path) -> Self {
        let mut sources = Self::default();
        for path in ["runbooks", "scenarios"].iter().flat_map(|folder| files_below(&root.join(folder))) {
            if path.metadata().is_ok_and(|metadata| metadata.len() < 1_000_000) {
                sources.extend(&String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()));
            }
        }
        sources
    }

    /// Those that a text names, besides.
    pub(super) fn extend(&mut self, text: &str) {
        let is_of_name = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
        let is_of_path = |letter: &char| !letter.is_whitespace() && !"\"',{}[]\\#".contains(*letter);
        let behind = |word: &'static str| text.split(word).skip(1);
        let name = |rest: &str| -> String { rest.chars().take_while(is_of_name).collect() };
        self.variables.extend(behind("env:").map(name).filter(|name| !name.is_empty()));
        for field in ["key_from\":\"", "token_from\":\""] {
            self.variables.extend(behind(field).map(name).filter(|name| !name.is_empty()));
        }
        for reach in behind("reach") {
            let line = reach.lines().next().unwrap_or_default();
            self.variables.extend(line.split("${").skip(1).map(name).filter(|name| name.chars().all(|letter| !letter.is_lowercase())));
        }
        for rest in behind("file:") {
            let path: String = rest.chars().take_while(is_of_path).collect();
            // A calendar of freezes holds no key.
            if !path.is_empty() && !path.ends_with(".ics") {
                self.files.insert(Kept { path: path.into(), name: None });
            }
        }
        for rest in behind("dotenv:") {
            let path: String = rest.chars().take_while(is_of_path).collect();
            let name = rest[path.len()..].strip_prefix('#').map(name);
            self.files.extend(name.map(|name| Kept { path: path.into(), name: Some(name) }));
        }
    }
}

impl Kept {
    fn told(&self) -> String {
        let name = self.name.iter().map(|name| format!("#{name}")).collect::<String>();
        format!("file:{}{name}", self.path.display())
    }

    /// What it holds now: a key file of JSON its private key, another its first line.
    fn held(&self, root: &Path) -> Vec<String> {
        let text = std::fs::read_to_string(root.join(&self.path)).unwrap_or_default();
        if let Some(name) = &self.name {
            let value = |line: &str| {
                let (key, value) = line.trim().trim_start_matches("export ").split_once('=')?;
                (key.trim() == name).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
            };
            return text.lines().filter_map(value).collect();
        }
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(fields)) => {
                ["private_key", "secret"].iter().filter_map(|name| fields.get(*name)?.as_str().map(str::to_owned)).collect()
            }
            _ => text.lines().next().map(|line| line.trim().to_owned()).into_iter().collect(),
        }
    }
}

/// Files that hold keys, looked at until this is stopped.
pub(super) struct Watch {
    stop: Sender<()>,
    seen: JoinHandle<Secrets>,
}

impl Watch {
    /// Of all that a project names now.
    pub(super) fn of(root: &Path) -> Self {
        let (stop, stopped) = channel();
        let root = root.to_owned();
        let seen = std::thread::spawn(move || {
            let (sources, mut seen) = (Sources::of_project(&root), Secrets::default());
            loop {
                seen.learn_from(&sources, &root, &|_| None);
                if stopped.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
                    return seen;
                }
            }
        });
        Self { stop, seen }
    }

    /// Everything that was in them.
    pub(super) fn seen(self) -> Secrets {
        let _ = self.stop.send(());
        self.seen.join().unwrap()
    }
}

impl Secrets {
    /// Takes in what others have learned.
    pub(super) fn merge(&mut self, others: Self) {
        for (secret, whose) in others.whose {
            self.add(&whose, &secret);
        }
        self.lab.extend(others.lab);
    }
}
