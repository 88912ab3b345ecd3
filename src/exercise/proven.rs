//! `drills/proofs/SCENARIO.json`: what is known of a scenario's negative controls, kept beside the drills of the copies that were broken.
//!
//! What this file does not do: run controls (`proof`).

use super::plan_hash::plan_hash;
use crate::evidence::StartedFiles;
use crate::host::{bytes_of, private};
use crate::model::{DrillPlan, KnownProof, ProofFile};
use crate::units::{Duration, Explained, sha256_hex};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The folder of proofs, from the project's root: their files, and the drills that they are known from.
pub const PROOFS: &str = "drills/proofs";
/// The largest file that is read.
const LARGEST: usize = 4 << 20;

/// Why a proof cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum ProofFileError {
    /// What is there is no proof.
    #[error("{} is no file of proofs: {problem}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// It cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
}

impl Explained for ProofFileError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Form { path, .. } => format!("remove it, and run `lifeboat prove` again: rm {}", path.display()).into(),
            Self::Write { .. } => "make room on the disk, or see who may write there".into(),
        })
    }
}

/// What was proven: the hash of the plan but for its prices and the length of its baseline, and of the files that are started with.
pub fn proof_hash(plan: &DrillPlan, root: &Path) -> String {
    let mut plan = plan.clone();
    plan.prices.clear();
    plan.sabotage = None;
    plan.scenario.timeline.baseline = Duration::ZERO;
    let mut text = plan_hash(&plan);
    let started = StartedFiles::of(&plan, root);
    started.hashes().for_each(|(path, sha256)| text += &format!("\n{path} {sha256}"));
    if let Some(named) = &plan.environment.configuration {
        let read = bytes_of(&root.join(&named.file), LARGEST).unwrap_or_default();
        text += &format!("\n{} {}", named.file, sha256_hex(&read));
    }
    sha256_hex(text.as_bytes())
}

/// The file of a scenario's proofs.
pub fn proof_file(root: &Path, scenario: &str) -> PathBuf {
    let name: String =
        scenario.chars().map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' }).collect();
    root.join(PROOFS).join(format!("{name}.json"))
}

/// The proofs of a scenario, where there are any.
///
/// # Errors
/// Where the file is there and is none of ours.
pub fn read_proof(root: &Path, scenario: &str) -> Result<Option<ProofFile>, ProofFileError> {
    let path = proof_file(root, scenario);
    if !path.is_file() {
        return Ok(None);
    }
    let read = bytes_of(&path, LARGEST).map_err(|error| error.to_string());
    let read = read.and_then(|bytes| serde_json::from_slice::<ProofFile>(&bytes).map_err(|error| error.to_string()));
    let known = read.and_then(|file| match file.proofs {
        ProofFile::FORM => Ok(file),
        form => Err(format!("it has the form {form}, and this build reads {}", ProofFile::FORM)),
    });
    known.map(Some).map_err(|problem| ProofFileError::Form { path, problem })
}

/// Writes it.
///
/// # Errors
/// Where it cannot be written.
pub fn write_proof(root: &Path, file: &ProofFile) -> Result<PathBuf, ProofFileError> {
    let path = proof_file(root, &file.scenario);
    let text = serde_json::to_string_pretty(file).unwrap_or_default() + "\n";
    let written = private::folder(&root.join(PROOFS)).and_then(|()| private::write(&path, text.as_bytes()));
    written.map(|()| path.clone()).map_err(|source| ProofFileError::Write { path, source })
}

/// What is known of the scenario of a plan as it is now. A file that cannot be read proves nothing.
pub fn known_proof(plan: &DrillPlan, root: &Path) -> KnownProof {
    known_proof_of(root, &plan.scenario.name, &plan.environment_name, || proof_hash(plan, root))
}

/// The same by the scenario's name, and by a hash that is asked for only where there is a proof.
pub fn known_proof_of(root: &Path, scenario: &str, environment: &str, hash: impl FnOnce() -> String) -> KnownProof {
    let Ok(Some(file)) = read_proof(root, scenario) else { return KnownProof::NONE };
    file.known(environment, &hash())
}
