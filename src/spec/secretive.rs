//! Names that say a secret: of headers, of a body's parameters, of keys in a file that is quoted. Told by whole words, so that
//! `x-gateway-token` and `apiKey` are such names, and `max_tokens` and `prompt_cache_key` are not. Values that are keys whatever they are
//! called: by how those of well-known issuers begin, and where JSON within a value has a name that says a secret.
//!
//! What this file does not do: find a key that looks like any other word.

use super::document::Document;
use super::finding::Finding;
use super::source::Spot;
use super::tree::{Kind, Node};
use super::variable::is_environment_name;
use crate::model::CredentialSource;
use serde_json::Value;

/// Always a secret.
const SECRETS: [&str; 8] = ["authorization", "apikey", "secret", "password", "passwd", "cookie", "credential", "credentials"];
/// What stands before `key` where it opens nothing.
const HARMLESS_KEYS: [&str; 6] = ["cache", "idempotency", "partition", "public", "sort", "primary"];
/// What stands beside `token` where it is a piece of text.
const PIECES: [&str; 25] = [
    "max", "min", "first", "last", "next", "count", "limit", "budget", "gap", "rate", "usage", "total", "per", "type", "id", "ids", "eos",
    "bos", "pad", "unk", "mask", "sep", "stop", "start", "end",
];

/// True where whoever reads the name expects a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let words = words(name);
    let is_before = |place: usize, list: &[&str]| place > 0 && list.contains(&words[place - 1].as_str());
    let is_after = |place: usize, list: &[&str]| words.get(place + 1).is_some_and(|word| list.contains(&word.as_str()));
    words.iter().enumerate().any(|(place, word)| match word.as_str() {
        "key" => !is_before(place, &HARMLESS_KEYS),
        "token" => !is_before(place, &PIECES) && !is_after(place, &PIECES),
        word => SECRETS.contains(&word),
    })
}

/// True for a header, written `name: value`, whose value is one.
pub fn is_secret_header(header: &str) -> bool {
    header.split_once(':').is_some_and(|(name, _)| is_secret(name))
}

/// How the keys of well-known issuers begin.
const BEGINNINGS: [&str; 16] = [
    "sk-",
    "sk_",
    "xai-",
    "gsk_",
    "AIza",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "hf_",
    "nvapi-",
    "pplx-",
    "xoxb-",
    "xoxp-",
    "hvs.",
    "r8_",
];
/// No key is shorter.
const SHORTEST: usize = 16;

/// True where a word of the text is a key.
pub(super) fn holds_key(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.split(|c: char| !word(c)).any(is_key)
}

/// True for what begins as keys of well-known issuers do. A name that somebody chose has no digits.
fn is_key(word: &str) -> bool {
    word.len() >= SHORTEST && BEGINNINGS.iter().any(|beginning| word.starts_with(beginning)) && word.contains(|c: char| c.is_ascii_digit())
}

/// True where a value says a secret of its own: a key, what stands behind `Bearer`, or JSON with such a name in it. `${…}` is none.
pub(super) fn says_secret(value: &str) -> bool {
    let behind = ["bearer ", "basic "].iter().find_map(|scheme| {
        let (head, rest) = value.trim_start().split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    if holds_key(value) || behind.is_some_and(is_literal) {
        return true;
    }
    serde_json::from_str::<Value>(value).is_ok_and(|value| within(&value, false))
}

fn within(value: &Value, is_named: bool) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| within(value, is_secret(name))),
        Value::Array(items) => items.iter().any(|item| within(item, is_named)),
        Value::String(text) => is_named && is_literal(text),
        _ => false,
    }
}

fn is_literal(text: &str) -> bool {
    !text.trim().is_empty() && !refers(text)
}

/// True for a text that says where a secret is, and is none itself.
pub(super) fn refers(text: &str) -> bool {
    text.contains("${") || CredentialSource::parse(text).is_some() || variable_meant(text).is_some()
}

/// The environment variable that somebody meant who wrote it as a shell, a workflow or another tool does: `$NAME`, `${{ secrets.NAME }}`,
/// `os.environ/NAME`, `env.NAME`, `NAME`.
pub(super) fn variable_meant(text: &str) -> Option<&str> {
    let text = text.trim();
    let braced = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    let braced = braced.or_else(|| text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')));
    let inner = braced.map_or(text, str::trim);
    let prefixes = ["os.environ/", "secrets.", "env.", "ENV.", "env:", "ENV:", "vars.", "$"];
    let stripped = prefixes.iter().find_map(|prefix| inner.strip_prefix(prefix));
    let name = stripped.unwrap_or(inner).trim();
    // Without a prefix only what is written as such names are: a key may have capitals, but no line between words and no digits left out.
    let shouts = name.contains('_') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    (is_environment_name(name) && (stripped.is_some() || braced.is_some() || shouts)).then_some(name)
}

/// Keys anywhere in a document, each once for its place. Their lines are not quoted.
pub(super) fn keys_in(document: &Document) -> Vec<Finding> {
    /// More than these are not counted: it is the same mistake.
    const MOST: usize = 20;
    let mut found = Vec::new();
    let mut open: Vec<&Node> = document.root.iter().collect();
    while let Some(node) = open.pop().filter(|_| found.len() < MOST) {
        let mut look = |text: &str, spot: Spot| {
            if holds_key(text) {
                let hint = "take it out and say where it is found, `env:NAME`, or in a header `${credential.PROVIDER}`; have it revoked if others could read this file";
                found.push(document.source.error(spot, "this is a key, and no key may stand in a file", hint).unquoted());
            }
        };
        match &node.kind {
            Kind::Text(text) => look(text, node.spot),
            Kind::List(items) => open.extend(items),
            Kind::Map(entries) => {
                entries.iter().for_each(|(key, _)| look(&key.text, key.spot));
                open.extend(entries.iter().map(|(_, value)| value));
            }
            Kind::Nothing => {}
        }
    }
    found
}

/// The words of a name, in small letters: what stands between `-`, `_`, `.` and the like, or between camel humps.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map(|before| letters[before]);
        let is_hump = letter.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase() || before.is_numeric())
                || before.is_some_and(char::is_uppercase) && letters.get(place + 1).is_some_and(|next| next.is_lowercase()));
        if is_hump || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{holds_key, is_secret, says_secret, variable_meant};

    #[test]
    fn keys_are_known_by_how_they_begin_and_by_what_is_said_of_them() {
        for key in
            ["sk-proj-0123456789abcdef", "Bearer sk-ant-api03-0123456789", "x=ghp_0123456789abcdefgh;", "{\"a\": \"AIza0123456789abcdef\"}"]
        {
            assert!(holds_key(key) && says_secret(key), "{key}");
        }
        for secret in [r#"{"api_key": "short"}"#, r#"{"a": [{"apiKey": "x"}]}"#, "Bearer abc", "basic dXNlcg=="] {
            assert!(says_secret(secret), "{secret}");
        }
        let others = [
            "sk-1234",
            "sk-no-key-of-this-account",
            "Bearer ${credential.a}",
            r#"{"api_key": "${service.key}"}"#,
            r#"{"max_tokens": "64"}"#,
            "blue",
            "",
        ];
        for other in others {
            assert!(!says_secret(other), "{other}");
        }
    }

    #[test]
    fn variables_are_understood_as_others_write_them() {
        for text in ["$A_KEY", "${A_KEY}", "${{ secrets.A_KEY }}", "os.environ/A_KEY", "env.A_KEY", "env: A_KEY", "A_KEY"] {
            assert_eq!(variable_meant(text), Some("A_KEY"), "{text}");
        }
        for text in ["hunter2", "HUNTER", "sk-1", "${a.b}", "AKIA_0123", ""] {
            assert_eq!(variable_meant(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_says_a_secret_by_a_whole_word() {
        for name in [
            "authorization",
            "Proxy-Authorization",
            "api_key",
            "apiKey",
            "APIKey",
            "X-API-KEY",
            "x-gateway-token",
            "accessToken",
            "client.secret",
            "password",
            "set-cookie",
            "credential",
            "key",
            "token",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "x-tenant",
            "max_tokens",
            "max_completion_tokens",
            "maxOutputTokens",
            "max_token",
            "token_count",
            "first_token",
            "prompt_cache_key",
            "idempotency-key",
            "keyboard",
            "monkey",
            "tokenizer",
            "metadata",
            "",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
