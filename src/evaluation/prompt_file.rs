//! Files of prompts, in any of their forms: which one it is, and every prompt's name unlike any other.

use super::jsonl::{self, IdealMatch};
use super::place::{PromptPlace, UnreadPrompt};
use super::prompt::EvaluationPrompt;
use super::promptfoo;
use std::collections::BTreeSet;

/// A file of prompts, as it was read.
#[derive(Debug)]
pub struct PromptFile<'f> {
    /// As it was named.
    pub name: &'f str,
    /// What stands in it.
    pub text: &'f str,
    /// Reads a file that it names, relative to it.
    pub open: &'f dyn OpenFile,
}

/// Who reads the files that a file of prompts names.
pub trait OpenFile: std::fmt::Debug {
    /// The text of a file, by its path relative to the one that names it.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn open(&self, path: &str) -> Result<String, String>;
}

/// The prompts of all of these files, in their order.
///
/// # Errors
/// The first thing that is wrong: file, line, what to write.
pub fn read_prompts(files: &[PromptFile<'_>], ideal: IdealMatch) -> Result<Vec<EvaluationPrompt>, UnreadPrompt> {
    let mut prompts: Vec<EvaluationPrompt> = Vec::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for file in files {
        let read = if is_lines(file.text) {
            jsonl::read(file.name, file.text, ideal)?
        } else {
            promptfoo::read(file.name, file.text, &|path| file.open.open(path))?
        };
        if read.is_empty() {
            return Err(PromptPlace { file: file.name, line: 0 }.wrong("there is no prompt in it", "write {\"prompt\": \"…\"} on a line"));
        }
        for mut prompt in read {
            if names.contains(&prompt.id) && files.len() > 1 {
                prompt.id = format!("{} {}", stem(file.name), prompt.id);
            }
            if !names.insert(prompt.id.clone()) {
                let line = prompt.place.rsplit_once(':').and_then(|(_, line)| line.parse().ok()).unwrap_or(0);
                return Err(PromptPlace { file: file.name, line }
                    .wrong(format!("there are two prompts `{}`", prompt.id), "give each an `id` of its own"));
            }
            prompts.push(prompt);
        }
    }
    Ok(prompts)
}

/// A file's name without its folder and ending.
fn stem(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split_once('.').map_or(last, |(stem, _)| stem)
}

/// Whether a file has one JSON object a line.
fn is_lines(text: &str) -> bool {
    let first = text.trim_start_matches('\u{feff}').lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    first.starts_with('{') && first.ends_with('}') || text.trim().is_empty()
}

#[cfg(test)]
mod tests;
