//! Files of prompts as a command line names them, and the commands in them that would be started.

use crate::evaluation::{EvaluationPrompt, IdealMatch, OpenFile, PromptFile, read_prompts};
use crate::model::Executable;
use crate::units::Problem;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files beside one that names them.
#[derive(Debug)]
struct KeptBeside(PathBuf);

impl OpenFile for KeptBeside {
    fn open(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|error| error.to_string())
    }
}

/// The prompts of these files.
pub(super) fn prompts_of(paths: &[PathBuf], ideal: IdealMatch) -> anyhow::Result<Vec<EvaluationPrompt>> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Problem::new(format!("{} cannot be read", path.display()))
                .caused_by(error)
                .hint("name a file of prompts: `lifeboat help comparisons`")
        })?;
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        Ok((path.display().to_string(), text, KeptBeside(folder)))
    };
    let files = paths.iter().map(read).collect::<Result<Vec<_>, Problem>>()?;
    let files: Vec<PromptFile<'_>> = files.iter().map(|(name, text, open)| PromptFile { name, text, open }).collect();
    Ok(read_prompts(&files, ideal)?)
}

/// The commands that score answers to these prompts, each once.
pub(super) fn scoring(prompts: &[EvaluationPrompt]) -> Vec<Executable> {
    let mut found: Vec<Executable> = Vec::new();
    for (prompt, argv) in prompts.iter().flat_map(|prompt| prompt.commands().into_iter().map(move |argv| (prompt, argv))) {
        if found.iter().all(|known| known.argv != argv) {
            // Not the line: a command that moves within its file is the same.
            let file = prompt.place.rsplit_once(':').map_or(prompt.place.as_str(), |(file, _)| file);
            let place = format!("score in {}", file.rsplit('/').next().unwrap_or(file));
            found.push(Executable { place, argv: argv.to_vec(), env: BTreeMap::new(), pass: Vec::new(), folder: None });
        }
    }
    found
}

/// The same of every file of prompts in a folder. What cannot be read cannot be run.
pub(super) fn scoring_below(folder: &Path) -> Vec<Executable> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    let read = |path: PathBuf| prompts_of(&[path], IdealMatch::Begins).map(|prompts| scoring(&prompts)).unwrap_or_default();
    paths.into_iter().flat_map(read).collect()
}
