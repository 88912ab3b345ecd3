//! The files of a project that a plan names, by their hashes: scripts that its steps run, configurations of gateways, recordings of traffic. A plan
//! that was approved is the same plan only while they are the same.
//!
//! A file is named by any text of the plan, or any word of one, that is its path: from the project's root, or behind `${root}/`. What those files
//! name in their turn nobody sees here, and programs of the host are not the project's.

use crate::host;
use crate::model::{DrillPlan, SourceFile};
use crate::units::{Problem, RunningHash};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

/// More than any plan names, and larger than any of them: what is beyond cannot be approved.
const FILES_MAX: usize = 1000;
const BYTES_MAX: u64 = 1_000_000_000;

/// A file by its hash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NamedHash {
    /// From the project's root.
    pub path: String,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

/// All of them, by their paths. Those that the plan was read from (`read`) are left out: the plan is what they say.
///
/// # Errors
/// Where one cannot be read, or they are too many or too large.
pub fn named_files<'r>(plan: &DrillPlan, root: &Path, read: impl Iterator<Item = &'r SourceFile>) -> Result<Vec<NamedHash>, Problem> {
    let whole = serde_json::to_value(plan).map_err(|error| Problem::new("the plan cannot be written").caused_by(error))?;
    let mut words = BTreeSet::new();
    texts(&whole, &mut |text| {
        let text = text.strip_prefix("file:").unwrap_or(text);
        words.insert(text.to_owned());
        words
            .extend(text.split(|letter: char| letter.is_whitespace() || matches!(letter, '=' | ',' | ';' | '\'' | '"')).map(str::to_owned));
    });
    let known: BTreeSet<&str> = read.map(|file| file.path.as_str()).collect();
    let calendars: BTreeSet<String> = plan.environment.allow.freezes.iter().map(ToString::to_string).collect();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for word in &words {
        let word = word.strip_prefix("${root}/").or_else(|| word.strip_prefix("./")).unwrap_or(word);
        // Calendars are asked anew each time: what was approved is not when.
        let is_path = !word.is_empty() && word.len() < 1024 && !word.starts_with('/') && !word.contains(['\n', '\0']);
        if !is_path || known.contains(word) || found.contains_key(word) || calendars.contains(&format!("file:{word}")) {
            continue;
        }
        let path = root.join(word);
        if !path.is_file() {
            continue;
        }
        if found.len() == FILES_MAX {
            return Err(Problem::new(format!("the plan names more than {FILES_MAX} files")));
        }
        let hash = hash_of(&path).map_err(|error| Problem::new(format!("{word} cannot be read")).caused_by(error))?;
        found.insert(word.to_owned(), hash);
    }
    Ok(found.into_iter().map(|(path, sha256)| NamedHash { path, sha256 }).collect())
}

fn texts(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, each)),
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            each(key);
            texts(value, each);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn hash_of(path: &Path) -> std::io::Result<String> {
    let mut file = host::regular(path)?.take(BYTES_MAX + 1);
    let (mut hash, mut part, mut size) = (RunningHash::default(), vec![0; 64 * 1024], 0);
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hash.hex()),
            count => {
                hash.add(&part[..count]);
                size += count as u64;
            }
        }
        if size > BYTES_MAX {
            return Err(std::io::Error::other(format!("it is larger than {BYTES_MAX} bytes")));
        }
    }
}
