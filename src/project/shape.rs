//! Whether a file is one of Lifeboat's, told by its own words. Only those are quoted in findings: what was named by mistake, or by somebody
//! who wants to see it, may hold anything (`.env`, a key, a cluster's configuration).
//!
//! A file is ours that says which it is (`scenario:`, `runbook:`, `schedule:` with `scenarios:`, or `providers:` and `services:`), or that has our version and one of our keys.

use super::document::SourceDocument;
use super::finding::Finding;
use super::tree::{Node, NodeKind};

/// The outermost keys of inventories, scenarios, runbooks and schedules, without `version`.
const KEYS: [&str; 27] = [
    "abort_when",
    "contacts",
    "credentials",
    "detect",
    "environments",
    "escalate",
    "mail",
    "objectives",
    "overlay",
    "owner",
    "parameters",
    "providers",
    "reaction",
    "reviewed",
    "runbook",
    "scenario",
    "schedule",
    "schedules",
    "secrets",
    "service",
    "services",
    "start",
    "steps",
    "stores",
    "timeline",
    "title",
    "traffic",
];

/// What a file of Lifeboat's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Inventory,
    Scenario,
    Runbook,
    Schedule,
}

impl FileKind {
    /// With its article, for messages.
    pub(super) const fn named(self) -> &'static str {
        match self {
            Self::Inventory => "an inventory",
            Self::Scenario => "a scenario",
            Self::Runbook => "a runbook",
            Self::Schedule => "a schedule",
        }
    }

    /// The keys that only this kind has.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Inventory => {
                &["contacts", "credentials", "environments", "mail", "providers", "schedules", "secrets", "services", "stores"]
            }
            Self::Scenario => &["abort_when", "objectives", "overlay", "scenario", "service", "timeline", "title", "traffic"],
            Self::Runbook => &["detect", "escalate", "owner", "parameters", "reaction", "reviewed", "start", "steps"],
            Self::Schedule => &["cadence", "cron", "if_missed", "jitter", "overlap", "scenarios", "schedule", "when", "window", "zone"],
        }
    }
}

/// Which kind a file is, by most of its keys; `None` where it does not say.
pub(super) fn kind_of(root: &Node) -> Option<FileKind> {
    let NodeKind::Map(entries) = &root.kind else { return None };
    let count = |kind: FileKind| entries.iter().filter(|(key, _)| kind.keys().contains(&key.text.as_str())).count();
    let has = |name: &str| entries.iter().any(|(key, _)| key.text == name);
    let mut kinds = [FileKind::Inventory, FileKind::Scenario, FileKind::Runbook, FileKind::Schedule].map(|kind| (count(kind), kind));
    kinds.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let [(most, kind), (second, _), ..] = kinds;
    match () {
        () if most > second => Some(kind),
        () if has("scenario") => Some(FileKind::Scenario),
        () if has("runbook") => Some(FileKind::Runbook),
        () if has("schedule") => Some(FileKind::Schedule),
        () => None,
    }
}

/// The finding for a file that is of another kind than the one that is expected, and surely so.
pub(super) fn mixed_up(document: &SourceDocument, expected: FileKind) -> Option<Finding> {
    let kind = kind_of(document.root.as_ref()?).filter(|kind| *kind != expected)?;
    let path = &document.source.path;
    let hint = match (kind, expected) {
        (FileKind::Runbook, FileKind::Scenario) => {
            format!("run it with `lifeboat execute {path}`, or name it in a scenario, `runbook: {path}`")
        }
        (FileKind::Scenario, FileKind::Runbook) => format!("run it with `lifeboat run {path}`; a runbook begins with `runbook: NAME`"),
        (FileKind::Schedule, _) => "`lifeboat schedule` shows what it says; name one of its scenarios".into(),
        (FileKind::Inventory, _) => "name another file; the project's inventory is read by itself".into(),
        (_, FileKind::Inventory) => "move it to another file; an inventory declares `providers:` and `services:`".into(),
        _ => "name another file".into(),
    };
    Some(Finding::of_file(path, format!("this is {}, and {} is expected here", kind.named(), expected.named()), hint))
}

/// What a file of somebody else's looks like, by its keys alone.
pub(super) fn of_others(root: &Node) -> Option<&'static str> {
    const OTHERS: [(&str, &[&str]); 8] = [
        ("a Kubernetes manifest", &["apiVersion", "kind"]),
        ("a LiteLLM configuration", &["model_list"]),
        ("a Chaos Toolkit experiment", &["method"]),
        ("a GitHub Actions workflow", &["jobs", "on"]),
        ("Prometheus rules", &["groups"]),
        ("a Prometheus configuration", &["scrape_configs"]),
        ("an Envoy configuration", &["static_resources"]),
        ("a Compose file", &["services"]),
    ];
    let NodeKind::Map(entries) = &root.kind else { return None };
    let has = |name: &&str| entries.iter().any(|(key, _)| key.text == **name);
    OTHERS.into_iter().find(|(_, keys)| keys.iter().all(&has)).map(|(what, _)| what)
}

/// Of a file that was parsed.
pub(super) fn of_tree(root: &Node) -> bool {
    let NodeKind::Map(entries) = &root.kind else { return false };
    is_ours(&entries.iter().map(|(key, value)| (key.text.as_str(), value_of(value))).collect::<Vec<_>>())
}

/// Of a file that cannot be parsed: by the keys that begin its lines.
pub(super) fn of_text(text: &str) -> bool {
    let key = |line: &'_ str| -> Option<(usize, usize)> {
        let end = line.find(':')?;
        (end > 0 && line[..end].bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')).then_some((end, end + 1))
    };
    let keys = text.lines().filter_map(|line| key(line).map(|(end, rest)| (&line[..end], line[rest..].trim())));
    is_ours(&keys.take(1_000).collect::<Vec<_>>())
}

fn value_of(node: &Node) -> &str {
    match &node.kind {
        NodeKind::Text(text) => text,
        _ => "",
    }
}

fn is_ours(keys: &[(&str, &str)]) -> bool {
    let has = |wanted: &str| keys.iter().any(|(key, _)| *key == wanted);
    let says = |wanted: &str| keys.iter().any(|(key, value)| *key == wanted && !value.is_empty());
    let versioned = keys.iter().any(|(key, value)| *key == "version" && *value == "1");
    says("scenario")
        || says("runbook")
        || has("providers") && has("services")
        || says("schedule") && has("scenarios")
        || versioned && keys.iter().any(|(key, _)| KEYS.contains(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_others_are_told_from_ours() {
        for ours in
            ["version: 1\nscenario: a\n", "runbook: a\nsteps: [\n", "services: {}\nproviders: {}\n", "version: 1\ntraffic: {rate: [}\n"]
        {
            assert!(of_text(ours), "{ours}");
        }
        let others = [
            "OPENAI_API_KEY=sk-1\n",
            "version: \"3\"\nservices: {}\n",
            "apiVersion: v1\nkind: Secret\ndata: {key: c2VjcmV0}\n",
            "root:$6$hash:19000:0:99999:7:::\nrunbook:\n",
            "{scenario: a, x: [",
            "scenario\n",
            "",
        ];
        for other in others {
            assert!(!of_text(other), "{other}");
        }
    }
}
