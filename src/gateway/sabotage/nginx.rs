//! nginx's configuration, broken on purpose. Its standbys are `backup` servers of an upstream, and named locations that `error_page` leads to.
//!
//! What this file does not do: follow `include`; what is included is not edited.

use super::edited::{EditedConfiguration, WRONG_KEY, edited, elsewhere};
use super::tree::text_times_ten;
use crate::model::SabotageKind;

/// The timeouts that are about providers.
const TIMEOUTS: [&str; 4] = ["proxy_connect_timeout", "proxy_read_timeout", "proxy_send_timeout", "proxy_next_upstream_timeout"];
/// The headers that hold keys.
const CREDENTIALS: [&str; 3] = ["authorization", "api-key", "x-api-key"];

pub(super) fn sabotaged(text: &str, kind: SabotageKind) -> Result<EditedConfiguration, String> {
    let mut changed = Vec::new();
    let mut edit: Box<dyn FnMut(&NginxDirective<'_>) -> Edit> = match kind {
        SabotageKind::FallbackRemoved => Box::new(without_fallback),
        SabotageKind::StandbyKeyWrong => Box::new(wrong_key),
        SabotageKind::TimeoutTimesTen => Box::new(slower),
        SabotageKind::BreakerOff => Box::new(never_put_aside),
        _ => return Err(elsewhere(kind)),
    };
    let text = rewritten(text, &mut edit, &mut changed);
    let nothing = match kind {
        SabotageKind::FallbackRemoved => "no upstream of it has a `backup` server, and no error_page leads to a named location",
        SabotageKind::StandbyKeyWrong => "no named location of it sets a header with a key",
        SabotageKind::TimeoutTimesTen => "it sets no timeout of proxy_…",
        _ => "it has no upstream with several servers",
    };
    edited(text, &changed, nothing)
}

/// One simple directive, without its semicolon.
struct NginxDirective<'t> {
    words: Vec<&'t str>,
    /// The blocks around it, the outermost first, as `location @standby`.
    blocks: &'t [String],
}

impl NginxDirective<'_> {
    fn name(&self) -> &str {
        self.words.first().copied().unwrap_or_default()
    }

    fn is_upstream_server(&self) -> bool {
        self.name() == "server" && self.blocks.last().is_some_and(|block| block.starts_with("upstream "))
    }
}

/// What becomes of a directive, and what that is called.
enum Edit {
    Kept,
    Removed(String),
    Replaced(String, String),
}

/// Each simple directive of a text through `edit`; comments, quotes and blocks stay as they are.
fn rewritten(text: &str, edit: &mut dyn FnMut(&NginxDirective<'_>) -> Edit, changed: &mut Vec<String>) -> String {
    let (mut result, mut blocks): (String, Vec<String>) = (String::with_capacity(text.len()), Vec::new());
    let (mut from, mut quote, mut comment, mut escaped) = (0, None, false, false);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if comment => comment = false,
            _ if comment => {}
            '"' | '\'' if quote == Some(letter) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(letter),
            _ if quote.is_some() => {}
            '#' if place == 0
                || text[..place].ends_with(|before: char| before.is_whitespace() || before == ';' || before == '{' || before == '}') =>
            {
                comment = true;
            }
            ';' => {
                let written = &text[from..place];
                let bare = bare(written);
                let directive = NginxDirective { words: bare.split_whitespace().collect(), blocks: &blocks };
                match edit(&directive) {
                    Edit::Kept => result += &text[from..=place],
                    Edit::Removed(what) => {
                        result.push_str(lead(written));
                        changed.push(what);
                    }
                    Edit::Replaced(new, what) => {
                        result += &format!("{}{new};", lead(written));
                        changed.push(what);
                    }
                }
                from = place + 1;
            }
            // `${name}` is a variable.
            '{' if !text[..place].ends_with('$') => {
                blocks.push(bare(&text[from..place]).split_whitespace().collect::<Vec<_>>().join(" "));
                result += &text[from..=place];
                from = place + 1;
            }
            '}' if text[from..place].rfind("${").is_none_or(|open| text[from..place][open..].contains('}')) => {
                blocks.pop();
                result += &text[from..=place];
                from = place + 1;
            }
            _ => {}
        }
    }
    result + &text[from..]
}

/// Without comments.
fn bare(text: &str) -> String {
    text.lines()
        .map(|line| if line.trim_start().starts_with('#') { "" } else { line.split(" #").next().unwrap_or_default() })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The white space before a directive, with the comments in it.
fn lead(written: &str) -> &str {
    let last = written.lines().next_back().unwrap_or_default();
    let words = bare(written);
    match words.split_whitespace().next().and_then(|first| written.find(first).filter(|_| !written.contains('#'))) {
        Some(place) => &written[..place],
        None => &written[..written.len() - last.trim_start().len()],
    }
}

fn without_fallback(directive: &NginxDirective<'_>) -> Edit {
    let words = &directive.words;
    if directive.is_upstream_server() && words.contains(&"backup") {
        return Edit::Removed(format!("removed the backup server {}", words.get(1).unwrap_or(&"")));
    }
    match directive.name() {
        "error_page" if words.last().is_some_and(|last| last.starts_with('@')) => {
            Edit::Removed(format!("removed error_page to {}", words.last().unwrap_or(&"")))
        }
        _ => Edit::Kept,
    }
}

fn wrong_key(directive: &NginxDirective<'_>) -> Edit {
    let is_standby = directive.blocks.iter().any(|block| block.starts_with("location @"));
    let name = directive.words.get(1).map(|name| name.trim_matches(['"', '\'']).to_lowercase()).unwrap_or_default();
    if !is_standby || directive.name() != "proxy_set_header" || !CREDENTIALS.contains(&name.as_str()) {
        return Edit::Kept;
    }
    let wrong = if name == "authorization" { format!("\"Bearer {WRONG_KEY}\"") } else { WRONG_KEY.to_owned() };
    Edit::Replaced(format!("proxy_set_header {name} {wrong}"), format!("another {name} in the named location"))
}

fn slower(directive: &NginxDirective<'_>) -> Edit {
    let (name, length) = (directive.name(), directive.words.get(1).copied().unwrap_or_default());
    match text_times_ten(length).filter(|_| TIMEOUTS.contains(&name)) {
        Some(ten) => Edit::Replaced(format!("{name} {ten}"), format!("{name} times ten")),
        None => Edit::Kept,
    }
}

/// A server that has failed is put aside for `fail_timeout` after `max_fails`; 0 never does it.
fn never_put_aside(directive: &NginxDirective<'_>) -> Edit {
    if !directive.is_upstream_server() || directive.words.contains(&"max_fails=0") {
        return Edit::Kept;
    }
    let kept = directive.words.iter().filter(|word| !word.starts_with("max_fails=") && !word.starts_with("fail_timeout="));
    let words: Vec<&str> = kept.copied().chain(["max_fails=0"]).collect();
    Edit::Replaced(words.join(" "), "max_fails=0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# with { a ; comment
events {}
http {
    upstream providers {
        server 127.0.0.1:1 max_fails=3 fail_timeout=5s;   # the first; the best
        server 127.0.0.1:2 backup;
    }
    server {
        listen 127.0.0.1:8080;
        location / {
            proxy_pass http://providers;
            proxy_connect_timeout 300ms;
            proxy_read_timeout 2s;
            proxy_set_header authorization \"Bearer first; {or} so\";
            error_page 502 504 = @standby;
        }
        location @standby {
            proxy_set_header Authorization \"Bearer ${second}\";
            proxy_pass http://127.0.0.1:2;
        }
    }
}
";

    #[test]
    fn a_configuration_is_broken_in_each_way_and_stays_whole() {
        let text = |kind| sabotaged(TEXT, kind).unwrap().text;
        let removed = text(SabotageKind::FallbackRemoved);
        assert!(!removed.contains("backup") && !removed.contains("error_page") && removed.contains("location @standby {"), "{removed}");
        let slower = text(SabotageKind::TimeoutTimesTen);
        assert!(slower.contains("proxy_connect_timeout 3000ms;\n            proxy_read_timeout 20s;\n"), "{slower}");
        let keyed = text(SabotageKind::StandbyKeyWrong);
        assert!(keyed.contains(&format!("proxy_set_header authorization \"Bearer {WRONG_KEY}\";")), "{keyed}");
        assert!(keyed.contains("Bearer first; {or} so") && !keyed.contains("${second}"), "{keyed}");
        let off = text(SabotageKind::BreakerOff);
        assert!(
            off.contains("server 127.0.0.1:1 max_fails=0;   # the first; the best")
                && off.contains("server 127.0.0.1:2 backup max_fails=0;"),
            "{off}"
        );
        for kind in [SabotageKind::FallbackRemoved, SabotageKind::BreakerOff, SabotageKind::StandbyKeyWrong, SabotageKind::TimeoutTimesTen]
        {
            let count = |text: &str, letter: char| text.matches(letter).count();
            let edited = text(kind);
            assert_eq!(count(&edited, '{') - edited.matches("${").count(), count(TEXT, '{') - 1, "{kind}: {edited}");
        }
        assert!(sabotaged("events {}\n", SabotageKind::BreakerOff).is_err());
    }
}
