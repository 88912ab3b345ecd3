//! Whether a file is one of Lifeboat's, told by its own words. Only those are quoted in findings: what was named by mistake, or by somebody
//! who wants to see it, may hold anything (`.env`, a key, a cluster's configuration).
//!
//! A file is ours that says which it is (`scenario:`, `runbook:`, or `providers:` and `services:`), or that has our version and one of our keys.

use super::tree::{Kind, Node};

/// The outermost keys of inventories, scenarios and runbooks, without `version`.
const KEYS: [&str; 23] = [
    "abort_when",
    "contacts",
    "credentials",
    "detect",
    "environments",
    "escalate",
    "mail",
    "objectives",
    "owner",
    "parameters",
    "providers",
    "reaction",
    "reviewed",
    "runbook",
    "scenario",
    "service",
    "services",
    "start",
    "steps",
    "stores",
    "timeline",
    "title",
    "traffic",
];

/// Of a file that was parsed.
pub(super) fn of_tree(root: &Node) -> bool {
    let Kind::Map(entries) = &root.kind else { return false };
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
        Kind::Text(text) => text,
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
