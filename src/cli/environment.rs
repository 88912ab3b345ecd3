//! An environment of the project that the current folder lies in, for commands that need no scenario.

use super::say;
use crate::model::Environment;
use crate::project::Project;
use std::path::Path;

/// The project and the environment of this name, or what is wrong, in words.
pub(super) fn named(name: &str) -> anyhow::Result<Result<(Project, Environment), String>> {
    let (project, findings) = Project::open(&Project::find(Path::new("."))?);
    if findings.has_errors() {
        for finding in &findings {
            say(&finding.to_string());
        }
        return Ok(Err("the inventory does not validate".into()));
    }
    let environments = &project.inventory.environments;
    let Some(environment) = environments.get(name).cloned() else {
        let names: Vec<&str> = environments.keys().map(String::as_str).collect();
        return Ok(Err(format!("no environment `{name}` in the inventory\n\nhint: it has {}", names.join(", "))));
    };
    Ok(Ok((project, environment)))
}
