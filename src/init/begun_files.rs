//! All files of a new project.

use super::beginning::BegunProject;
use super::text::{RUNBOOK, SCHEMAS, inventory, runbook, scenario};
use crate::project::{ProjectFile, project_schema};

/// A file of a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunFile {
    /// From the project's root.
    pub path: String,
    /// What it holds.
    pub text: String,
    /// True where one that is there already is as good: nobody's work is in it.
    pub is_optional: bool,
}

/// What drills leave, and keys: for nobody's repository.
const IGNORED: &str = "/drills/\n/executions/\n.env\n";

/// The files that begin a project, those first that people look at first.
pub fn files(begun: &BegunProject) -> Vec<BegunFile> {
    let own = |path: &str, text: String| BegunFile { path: path.to_owned(), text, is_optional: false };
    let mut all = vec![own("runbooks/inventory.yaml", inventory::text(begun))];
    all.extend(scenario::texts(begun).into_iter().map(|(path, text)| own(&path, text)));
    all.push(own(RUNBOOK, runbook::text(begun)));
    all.push(BegunFile { path: ".gitignore".into(), text: IGNORED.into(), is_optional: true });
    all.extend(schemas());
    all
}

/// The schemas by which editors complete and check.
fn schemas() -> impl Iterator<Item = BegunFile> {
    let forms = [
        ("inventory", ProjectFile::Inventory),
        ("scenario", ProjectFile::Scenario),
        ("runbook", ProjectFile::Runbook),
        ("schedule", ProjectFile::Schedule),
    ];
    forms.into_iter().map(|(name, file)| BegunFile {
        path: format!("{SCHEMAS}/{name}.schema.json"),
        text: format!("{:#}\n", project_schema(file)),
        is_optional: true,
    })
}
