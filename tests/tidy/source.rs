//! The source as a tidiness test reads it: every file without its tests, its lines without comments, and the paths that it uses.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file without its tests.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) room: String,
    pub(super) text: String,
}

pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every file of both crates but those that only tests compile, without what stands under `#[cfg(test)]` at its end.
pub(super) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    files(&root().join("src"), &mut found);
    let mut test_only = Vec::new();
    for path in &found {
        let text = fs::read_to_string(path).unwrap();
        for (place, _) in text.match_indices("#[cfg(test)]\nmod ") {
            let name = text[place..].split("mod ").nth(1).unwrap().split([';', ' ']).next().unwrap();
            let folder = if path.ends_with("mod.rs") { path.parent().unwrap().to_owned() } else { path.with_extension("") };
            test_only.push(folder.join(name));
        }
    }
    let only_for_tests = |path: &PathBuf| test_only.iter().any(|module| path.starts_with(module) || path.with_extension("") == *module);
    found
        .iter()
        .filter(|path| !only_for_tests(path))
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
            let path = path.strip_prefix(root().join("src")).unwrap();
            let inside = path.strip_prefix("core").unwrap_or(path);
            let room = inside.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
            Source { path: format!("src/{}", path.display()), room, text: code }
        })
        .collect()
}

/// Lines of code without comments.
pub(super) fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(place, line)| (place + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Code without comments, texts and characters, so that a word in it is a word of the language.
pub(super) fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("r\"") || rest.starts_with("r#\"") {
            let end = if rest.starts_with("r#") { "\"#" } else { "\"" };
            let start = rest.find('"').unwrap() + 1;
            rest[start..].find(end).map_or(rest.len(), |place| start + place + end.len())
        } else if next == '"' {
            let mut escaped = false;
            let end = rest.char_indices().skip(1).find(|(_, letter)| {
                let ends = *letter == '"' && !escaped;
                escaped = *letter == '\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |(place, _)| place + 1)
        } else if let Some(escaped) = rest.strip_prefix("'\\") {
            escaped.char_indices().skip(1).find(|(_, letter)| *letter == '\'').map_or(rest.len(), |(place, _)| place + 3)
        } else if next == '\'' && rest.chars().nth(2) == Some('\'') {
            rest.char_indices().nth(3).map_or(rest.len(), |(place, _)| place)
        } else {
            0
        };
        if skipped > 0 {
            out.push(' ');
            rest = &rest[skipped..];
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// Every path that begins with `crate`, `super` or `self` in a file, those in the braces of a `use` written out: `crate::units::Rate`.
pub(super) fn paths(bare: &str) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for start in ["crate::", "super::", "self::"] {
        for (place, _) in bare.match_indices(start) {
            let is_start = !bare[..place].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':');
            if is_start {
                follow(&bare[place..], &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// Reads one path, with its braces, from the start of a text; what is left of the text behind it.
fn follow<'t>(text: &'t str, before: &mut Vec<String>, found: &mut BTreeSet<Vec<String>>) -> &'t str {
    let depth = before.len();
    let mut rest = text.trim_start();
    loop {
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside.trim_start();
            while !rest.is_empty() && !rest.starts_with('}') {
                let after = follow(rest, before, found);
                // A name that is no path, such as a `*`, ends it.
                rest = after.trim_start().trim_start_matches(',').trim_start();
                if after.len() == text.len() {
                    break;
                }
            }
            rest = rest.strip_prefix('}').unwrap_or(rest);
            break;
        }
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            rest = rest.strip_prefix('*').unwrap_or(rest);
            break;
        }
        before.push(name.to_owned());
        match after.strip_prefix("::") {
            Some(next) => rest = next,
            None => {
                found.insert(before.clone());
                let renamed = after.trim_start().strip_prefix("as ").map(str::trim_start);
                rest = renamed.map_or(after, |name| name.trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_'));
                break;
            }
        }
    }
    before.truncate(depth);
    rest
}

#[test]
fn paths_are_read_with_their_braces_and_without_texts() {
    let read = |text: &str| paths(&bare(text)).into_iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(read("use crate::{units::{Rate, Ratio as R}, model};"), ["crate::model", "crate::units::Rate", "crate::units::Ratio"]);
    assert_eq!(
        read("// crate::no\nlet a = \"crate::no\"; super::wire::Wire::new(crate::web::X)"),
        ["crate::web::X", "super::wire::Wire::new"]
    );
    assert_eq!(read("let a = '\"'; self::b::c(); r#\"super::no\"#"), ["self::b::c"]);
}
