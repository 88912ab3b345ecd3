//! HAProxy's configuration, broken on purpose, line by line. Its standbys are `backup` servers.
//!
//! What this file does not do: follow `use_backend` rules that choose a standby by other means than `backup`.

use super::edited::{EditedConfiguration, WRONG_KEY, edited, elsewhere};
use super::tree::text_times_ten;
use crate::model::SabotageKind;
use std::collections::BTreeSet;

/// The timeouts that are about providers.
const TIMEOUTS: [&str; 4] = ["connect", "server", "queue", "check"];
/// Words of a server line that look after its health, and how many values follow each.
const CHECKS: [(&str, usize); 12] = [
    ("check", 0),
    ("inter", 1),
    ("fastinter", 1),
    ("downinter", 1),
    ("fall", 1),
    ("rise", 1),
    ("observe", 1),
    ("error-limit", 1),
    ("on-error", 1),
    ("on-marked-down", 1),
    ("on-marked-up", 1),
    ("slowstart", 1),
];
/// The headers that hold keys.
const CREDENTIALS: [&str; 3] = ["authorization", "api-key", "x-api-key"];

pub(super) fn sabotaged(text: &str, kind: SabotageKind) -> Result<EditedConfiguration, String> {
    let mut changed = Vec::new();
    let (lines, nothing): (Vec<Option<String>>, _) = match kind {
        SabotageKind::FallbackRemoved => {
            (text.lines().map(|line| without_backup(line, &mut changed)).collect(), "no server of it is a `backup`")
        }
        SabotageKind::TimeoutTimesTen => (text.lines().map(|line| slower(line, &mut changed)).collect(), "it sets no timeout for servers"),
        SabotageKind::BreakerOff => (text.lines().map(|line| unchecked(line, &mut changed)).collect(), "no server of it is checked"),
        SabotageKind::StandbyKeyWrong => (wrong_keys(text, &mut changed), "no section of a backup sets a header with a key"),
        _ => return Err(elsewhere(kind)),
    };
    let text: String = lines.into_iter().flatten().map(|line| line + "\n").collect();
    edited(text, &changed, nothing)
}

/// The words of a line without its comment.
fn words(line: &str) -> Vec<&str> {
    line.split('#').next().unwrap_or_default().split_whitespace().collect()
}

fn is_server(words: &[&str]) -> bool {
    words.first().is_some_and(|word| *word == "server")
}

fn without_backup(line: &str, changed: &mut Vec<String>) -> Option<String> {
    let words = words(line);
    if is_server(&words) && words.contains(&"backup") {
        changed.push(format!("removed the backup server {}", words.get(1).unwrap_or(&"")));
        return None;
    }
    Some(line.to_owned())
}

fn slower(line: &str, changed: &mut Vec<String>) -> Option<String> {
    if let ["timeout", which, length, ..] = words(line)[..]
        && TIMEOUTS.contains(&which)
        && let Some(ten) = text_times_ten(length)
    {
        changed.push(format!("timeout {which} times ten"));
        let indent: String = line.chars().take_while(|letter| letter.is_whitespace()).collect();
        return Some(format!("{indent}timeout {which} {ten}"));
    }
    Some(line.to_owned())
}

fn unchecked(line: &str, changed: &mut Vec<String>) -> Option<String> {
    let all = words(line);
    match all[..] {
        ["option", "httpchk" | "tcp-check" | "ssl-hello-chk", ..] | ["http-check" | "tcp-check", ..] => {
            changed.push("removed health checks".to_owned());
            None
        }
        ["server" | "default-server", ..] => {
            let (mut kept, mut skip, before) = (Vec::new(), 0, changed.len());
            for word in &all {
                if skip > 0 {
                    skip -= 1;
                } else if let Some((_, values)) = CHECKS.iter().find(|(name, _)| name == word).filter(|_| !kept.is_empty()) {
                    skip = *values;
                    changed.push("removed health checks".to_owned());
                } else {
                    kept.push(*word);
                }
            }
            if changed.len() == before {
                return Some(line.to_owned());
            }
            let indent: String = line.chars().take_while(|letter| letter.is_whitespace()).collect();
            // A `default-server` with nothing in it is none.
            (kept.len() > 1).then(|| indent + &kept.join(" "))
        }
        _ => Some(line.to_owned()),
    }
}

/// The sections that serve what backups lead to: named like one, or like the socket that one asks.
fn wrong_keys(text: &str, changed: &mut Vec<String>) -> Vec<Option<String>> {
    let backups: BTreeSet<&str> = text
        .lines()
        .map(words)
        .filter(|words| is_server(words) && words.contains(&"backup"))
        .filter_map(|words| words.get(1).copied())
        .collect();
    let mut section = String::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let all = words(line);
        if let ["listen" | "backend" | "frontend" | "defaults" | "global", rest @ ..] = &all[..] {
            section = rest.first().copied().unwrap_or_default().to_owned();
        }
        let is_key = matches!(all[..], ["http-request", "set-header", name, ..] if CREDENTIALS.contains(&name.to_lowercase().as_str()));
        if is_key && backups.contains(section.as_str()) {
            let name = all[2].to_lowercase();
            let wrong = if name == "authorization" { format!("\"Bearer {WRONG_KEY}\"") } else { WRONG_KEY.to_owned() };
            let indent: String = line.chars().take_while(|letter| letter.is_whitespace()).collect();
            changed.push(format!("another {name} for {section}"));
            lines.push(Some(format!("{indent}http-request set-header {name} {wrong}")));
        } else {
            lines.push(Some(line.to_owned()));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
defaults
  mode http
  timeout connect 700ms
  timeout client 30s
  timeout server 30s   # patience
backend providers
  option httpchk GET /health
  default-server check inter 5s rise 4 observe layer7 error-limit 3 on-error mark-down
  server first unix@first.sock
  server second unix@second.sock check fall 2 backup
listen second
  bind unix@second.sock
  http-request set-header authorization \"Bearer $SECOND_KEY\"
  server provider 127.0.0.1:9
";

    #[test]
    fn a_configuration_is_broken_in_each_way() {
        let text = |kind| sabotaged(TEXT, kind).unwrap().text;
        let removed = text(SabotageKind::FallbackRemoved);
        assert!(!removed.contains("backup") && removed.contains("server first") && removed.lines().count() == TEXT.lines().count() - 1);
        let slower = text(SabotageKind::TimeoutTimesTen);
        assert!(
            slower.contains("timeout connect 7000ms") && slower.contains("timeout client 30s") && slower.contains("timeout server 300s")
        );
        let unchecked = text(SabotageKind::BreakerOff);
        assert!(!unchecked.contains("check") && !unchecked.contains("observe"), "{unchecked}");
        assert!(unchecked.contains("  server second unix@second.sock backup\n"), "{unchecked}");
        let keyed = text(SabotageKind::StandbyKeyWrong);
        assert!(keyed.contains(&format!("authorization \"Bearer {WRONG_KEY}\"")) && !keyed.contains("SECOND_KEY"), "{keyed}");
        assert!(sabotaged("defaults\n  mode http\n", SabotageKind::FallbackRemoved).is_err());
    }
}
