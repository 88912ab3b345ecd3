//! Names that say a secret: of headers, of a body's parameters, of keys in a file that is quoted. Told by whole words, so that
//! `x-gateway-token` and `apiKey` are such names, and `max_tokens` and `prompt_cache_key` are not. Values that are keys whatever they are
//! called: by how those of well-known issuers begin, behind the name of a scheme, and where JSON within a value has a name that says a secret.
//!
//! What this file does not do: find a key that looks like any other word.

use super::document::SourceDocument;
use super::finding::Finding;
use super::source::Spot;
use super::tree::{Node, NodeKind};
use super::variable::is_environment_name;
use crate::model::CredentialSource;
use crate::redact::is_secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use std::ops::Range;

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
/// Issuers whose keys are short and have `-` and `_` among their letters. All others' have one long run without a seam.
const SEAMED: [&str; 2] = ["AIza", "glpat-"];
/// No key has fewer letters and digits in one run.
const SHORTEST: usize = 16;
/// A run of letters as long as this is no word.
const LONGEST_WORD: usize = 32;

/// True where a word of the text is a key.
pub(super) fn holds_key(text: &str) -> bool {
    if text.len() < SHORTEST {
        return false;
    }
    let letters: Vec<char> = text.chars().collect();
    words_of(&letters, is_word).any(|place| is_key(&text_of(&letters, place)))
}

/// Where keys stand in a line: words that are keys, and a credential behind the name of its scheme.
pub(super) fn keys(line: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for place in words_of(line, is_word) {
        // Most words are too short for the one and no scheme's name: a hostile line has thousands.
        if place.len() >= SHORTEST && is_key(&text_of(line, place.clone())) {
            found.push(place);
        } else if matches!(place.len(), 5 | 6)
            && let Some(blanks) = line[place.end..].iter().position(|c| *c != ' ').filter(|blanks| *blanks > 0)
        {
            let start = place.end + blanks;
            let length = line[start..].iter().position(|c| !is_of_credential(*c)).unwrap_or(line.len() - start);
            if is_credential(&text_of(line, place), &text_of(line, start..start + length)) {
                found.push(start..start + length);
            }
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The letters that HTTP allows in a credential.
fn is_of_credential(c: char) -> bool {
    is_word(c) || matches!(c, '~' | '+' | '/' | '=')
}

fn text_of(line: &[char], place: Range<usize>) -> String {
    line[place].iter().collect()
}

/// Where the words of a line stand.
pub(super) fn words_of(line: &[char], is_word: impl Fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        start += line.get(start..)?.iter().position(|c| is_word(*c))?;
        let length = line[start..].iter().position(|c| !is_word(*c)).unwrap_or(line.len() - start);
        start += length;
        Some(start - length..start)
    })
}

/// True for what begins as keys of well-known issuers do and goes on as keys do. Models, files and regions have names that begin so.
fn is_key(word: &str) -> bool {
    let Some(beginning) = BEGINNINGS.iter().find(|beginning| word.starts_with(**beginning)) else { return false };
    let is_seam = |c: char| !(c.is_ascii_alphanumeric() || SEAMED.contains(beginning) && matches!(c, '-' | '_'));
    word.split(is_seam).any(is_drawn)
}

/// True for a run of letters and digits that nobody would choose.
fn is_drawn(run: &str) -> bool {
    run.len() >= SHORTEST && run.contains(|c: char| c.is_ascii_digit()) || run.len() >= LONGEST_WORD
}

/// True where a word behind the name of a scheme is its credential: `Basic tier` and `Bearer required` are words.
fn is_credential(scheme: &str, word: &str) -> bool {
    if !word.chars().all(is_of_credential) {
        return false;
    }
    match scheme.to_ascii_lowercase().as_str() {
        "basic" => {
            let decoded = STANDARD_NO_PAD.decode(word.trim_end_matches('=')).ok();
            decoded.and_then(|bytes| String::from_utf8(bytes).ok()).is_some_and(|text| text.contains(':'))
        }
        "bearer" => {
            let has_hump = word.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
            word.len() >= 8 && (has_hump || word.contains(|c: char| c.is_ascii_digit()))
        }
        _ => false,
    }
}

/// True where a value says a secret of its own: a key, a scheme with its credential and nothing else, or JSON with such a name in it. `${…}`
/// is none.
pub(super) fn says_secret(value: &str) -> bool {
    let mut words = value.split_whitespace();
    let is_scheme = match (words.next(), words.next(), words.next()) {
        (Some(scheme), Some(word), None) => is_credential(scheme, word),
        _ => false,
    };
    is_scheme || holds_key(value) || serde_json::from_str::<Value>(value).is_ok_and(|value| within(&value, ""))
}

fn within(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| within(value, name)),
        Value::Array(items) => items.iter().any(|item| within(item, name)),
        Value::String(text) => is_secret_as(name, text) && is_literal(text),
        _ => false,
    }
}

/// True where a value of this name within JSON is a secret. `key` and `token` alone may be those of a tag, so there the value must look like one.
pub(super) fn is_secret_as(name: &str, value: &str) -> bool {
    let is_alone = ["key", "token"].iter().any(|word| name.eq_ignore_ascii_case(word));
    is_secret(name) && (!is_alone || value.split(|c: char| !c.is_ascii_alphanumeric()).any(is_drawn))
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
    let own = ["env:", "ENV:"].iter().find_map(|prefix| inner.strip_prefix(prefix));
    let others = ["os.environ/", "secrets.", "env.", "ENV.", "vars.", "$"];
    let stripped = own.or_else(|| others.iter().find_map(|prefix| inner.strip_prefix(prefix)));
    let name = stripped.unwrap_or(inner).trim();
    // A password may begin with `$`, and a key with `secrets.`: behind those only what is written as such names are.
    let is_loud = name.starts_with(|c: char| c.is_ascii_uppercase()) && !name.contains(|c: char| c.is_ascii_lowercase());
    // Without a prefix even less: a key may have capitals, but no line between words and no digits left out.
    let shouts = name.contains('_') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let is_meant = braced.is_some() || own.is_some() || stripped.is_some() && is_loud || shouts;
    (is_environment_name(name) && is_meant).then_some(name)
}

/// Keys anywhere in a document, each once for its place. Their lines are not quoted. What says where a credential is found is a path or a name.
pub(super) fn keys_in(document: &SourceDocument) -> Vec<Finding> {
    /// More than these are not counted: it is the same mistake.
    const MOST: usize = 20;
    let mut found = Vec::new();
    let mut open: Vec<&Node> = document.root.iter().collect();
    while let Some(node) = open.pop().filter(|_| found.len() < MOST) {
        let mut look = |text: &str, spot: Spot| {
            let is_place = CredentialSource::parse(text).is_some() && !text.contains(char::is_whitespace);
            if holds_key(text) && !is_place {
                let hint = "take it out and say where it is found, `env:NAME`, or in a header `${credential.PROVIDER}`; have it revoked if others could read this file";
                found.push(document.source.error(spot, "this is a key, and no key may stand in a file", hint).unquoted());
            }
        };
        match &node.kind {
            NodeKind::Text(text) => look(text, node.spot),
            NodeKind::List(items) => open.extend(items),
            NodeKind::Map(entries) => {
                entries.iter().for_each(|(key, _)| look(&key.text, key.spot));
                open.extend(entries.iter().map(|(_, value)| value));
            }
            NodeKind::Nothing => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{SourceDocument, holds_key, is_secret, keys_in, says_secret, variable_meant};
    use crate::project::source::SourceText;

    #[test]
    fn keys_are_known_by_how_they_begin_and_by_what_is_said_of_them() {
        for key in [
            "sk-proj-0123456789abcdef",
            "Bearer sk-ant-api03-0123456789abcdef-01",
            "x=ghp_0123456789abcdefgh;",
            "{\"a\": \"AIza0123456789abcdef\"}",
            "AIzaSyA-0123_abc-0123",
            "glpat-0123abc_-XYZ",
            "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
        ] {
            assert!(holds_key(key) && says_secret(key), "{key}");
        }
        let secrets = [
            r#"{"api_key": "short"}"#,
            r#"{"a": [{"apiKey": "x"}]}"#,
            r#"{"key": "0123456789abcdef"}"#,
            "Bearer abcd1234",
            "bearer abcdEfgh",
            "basic dXNlcjpwdw==",
        ];
        for secret in secrets {
            assert!(says_secret(secret), "{secret}");
        }
        let others = [
            "sk-1234",
            "sk-no-key-of-this-account",
            "xai-grok-4-fast-reasoning",
            "xai-grok-code-fast-1",
            "hf_llama-3.1-70b-instruct",
            "secrets/sk-prod-2026-key",
            "The sk-slovakia-region-2 is down",
            "Basic tier",
            "Basic auth is off",
            "Bearer required",
            "Bearer ${credential.a}",
            r#"{"key":"team","value":"blue"}"#,
            r#"{"token": "blue"}"#,
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
    fn a_place_where_a_credential_is_found_is_no_key() {
        let keys = |value: &str| {
            let text = format!("version: 1\nscenario: a\ntitle: \"{value}\"\n");
            keys_in(&SourceDocument::of_yaml(SourceText { path: "a.yaml".into(), text })).len()
        };
        for place in ["file:keys/sk-0123456789abcdef", "vault:kv/sk-0123456789abcdef#key"] {
            assert_eq!(keys(place), 0, "{place}");
        }
        for key in ["sk-0123456789abcdef", "file: sk-0123456789abcdef", "the file:sk-0123456789abcdef"] {
            assert_eq!(keys(key), 1, "{key}");
        }
    }

    #[test]
    fn variables_are_understood_as_others_write_them() {
        let texts = [
            "$A_KEY",
            "${A_KEY}",
            "${{ secrets.A_KEY }}",
            "os.environ/A_KEY",
            "secrets.A_KEY",
            "env.A_KEY",
            "vars.A_KEY",
            "env: A_KEY",
            "A_KEY",
        ];
        for text in texts {
            assert_eq!(variable_meant(text), Some("A_KEY"), "{text}");
        }
        assert_eq!(["$KEY2", "${a_key}", "env: a_key"].map(variable_meant), [Some("KEY2"), Some("a_key"), Some("a_key")]);
        let passwords = ["$ecretPassw0rd", "secrets.hunter2abc", "env.hunter2abc", "vars.hunter2abc", "os.environ/hunter2abc", "$Ecret"];
        for text in [&passwords[..], &["hunter2", "HUNTER", "sk-1", "${a.b}", "AKIA_0123", ""]].concat() {
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
