//! The manifest of an execution's folder, made each time it ends, once its report is written. Where it goes on later, that is made again.
//!
//! What this file does not do: copy the runbook's files, whose texts are kept beside the history anyway (`texts`).

use crate::evidence::{ClockReading, InputFile, Manifest, ManifestError, ManifestFacts, manifest};
use crate::history::{Event, History};
use std::path::Path;

/// Writes it; `None` where the history is none of an execution.
///
/// # Errors
/// Where a file of the folder cannot be read, or the manifest not be written.
pub fn write_manifest(folder: &Path, history: &History) -> Result<Option<Manifest>, ManifestError> {
    let Some(Event::ExecutionStarted(started)) = history.events.first().map(|stamped| &stamped.event) else { return Ok(None) };
    let input = |path: &String, sha256: &String| InputFile { path: path.clone(), sha256: sha256.clone(), copy: None, redacted: false };
    let facts = ManifestFacts {
        drill: started.execution.clone(),
        host: started.origin.host.clone(),
        user: started.origin.user.clone(),
        clock: ClockReading::now().state(),
        plan_sha256: None,
        inputs: started.plan.sources.iter().map(|source| input(&source.path, &source.sha256)).collect(),
    };
    manifest::make(folder, facts).map(Some)
}
