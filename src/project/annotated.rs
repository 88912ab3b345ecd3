//! A runbook's files with comments at its steps: what was learnt when it was walked, at the place where it must be read next time.

use super::opened_project::Project;
use super::runbook_file::RunbookFile;
use std::collections::BTreeMap;
use std::path::Path;

/// A file of the project, as it is and as it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotatedFile {
    /// From the project's root.
    pub path: String,
    /// Its text now.
    pub before: String,
    /// Its text with the comments.
    pub after: String,
}

impl Project {
    /// The files of a runbook, and of those that it includes, with a comment above each of these steps. Of a step that is no longer there the name
    /// comes back.
    pub fn annotated(&self, runbook: &Path, comments: &[(String, String)]) -> (Vec<AnnotatedFile>, Vec<String>) {
        let (Some(file), _) = self.runbook(runbook) else {
            return (Vec::new(), comments.iter().map(|(step, _)| step.clone()).collect());
        };
        let own = file.document.source.recorded(runbook, &self.root).path;
        let mut at: BTreeMap<String, Vec<(usize, &str)>> = BTreeMap::new();
        let mut gone: Vec<String> = Vec::new();
        for (step, comment) in comments {
            match place(&file, step, &own) {
                Some((path, line)) => at.entry(path).or_default().push((line, comment)),
                None => gone.push(step.clone()),
            }
        }
        let files = at.into_iter().filter_map(|(path, mut lines)| {
            let before = std::fs::read_to_string(self.root.join(&path)).ok()?;
            lines.sort_by_key(|(line, _)| *line);
            // A runbook that is included twice has each step twice in one place.
            lines.dedup();
            let after = with(&before, &lines);
            Some(AnnotatedFile { path, before, after })
        });
        (files.collect(), gone)
    }
}

/// In which file, from the root, and on which line, from 1, a step begins.
fn place(file: &RunbookFile, step: &str, own: &str) -> Option<(String, usize)> {
    let place = file.runbook.steps.iter().position(|known| known.name == step)?;
    let (included, line) = file.line_of(place);
    let path = match included {
        None => own.to_owned(),
        Some(number) => file.sources.get(number)?.path.clone(),
    };
    Some((path, line))
}

/// The text with comments above these lines, indented as they are.
fn with(text: &str, comments: &[(usize, &str)]) -> String {
    let mut after = String::with_capacity(text.len() + 80 * comments.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
        let indent: String = line.chars().take_while(|letter| *letter == ' ').collect();
        for (_, comment) in comments.iter().filter(|(wanted, _)| *wanted == number + 1) {
            after += &format!("{indent}# {}{end}", comment.replace(['\n', '\r'], " "));
        }
        after += line;
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_stands_above_its_step_in_the_file_where_that_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("runbooks")).unwrap();
        write("runbooks/inventory.yaml", "version: 1\nproviders: {a: {dialect: openai}}\nservices: {}\n");
        let inner = "version: 1\nrunbook: inner\nstart: by-hand\nsteps:\n- name: Deep\n  pause: 1s\n";
        write("runbooks/inner.yaml", inner);
        let own = "version: 1\r\nrunbook: own\r\nstart: by-hand\r\nsteps:\r\n  - {name: One, pause: 1s}\r\n  - name: Both\r\n    parallel:\r\n      - {name: Left, pause: 1s}\r\n      - {name: Right, pause: 1s}\r\n  - {name: More, include: runbooks/inner.yaml}\r\n";
        write("runbooks/own.yaml", own);
        let (project, _) = Project::open(folder.path());
        let comments = [("Both: Right", "wrong"), ("More: Deep", "was 2s\nof late"), ("Gone", "x"), ("One", "fine")];
        let comments = comments.map(|(step, comment)| (step.to_owned(), comment.to_owned()));
        let (files, gone) = project.annotated(&folder.path().join("runbooks/own.yaml"), &comments);
        assert_eq!(gone, ["Gone"]);
        let after = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.after.clone());
        assert_eq!(after("runbooks/inner.yaml").unwrap(), inner.replace("- name: Deep", "# was 2s of late\n- name: Deep"));
        let wanted = own
            .replace("  - {name: One", "  # fine\r\n  - {name: One")
            .replace("      - {name: Right", "      # wrong\r\n      - {name: Right");
        assert_eq!(after("runbooks/own.yaml").unwrap(), wanted);
    }
}
