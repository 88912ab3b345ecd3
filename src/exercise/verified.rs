//! A drill's folder verified: what its manifest and its seals say (`evidence`), and whether what was said of its history is what its history says.
//!
//! | looked at | held against |
//! |---|---|
//! | `verdict.json` | the verdict that this Lifeboat draws of the history now |
//! | `repeats.json` | the same of the drills of a series |
//! | what the manifest says of the drill, its plan, its host, its inputs | what the history says of them |
//!
//! What this file does not do: choose words for a terminal, or check signatures.

use super::judge::{JudgeError, judge_counting};
use super::plan_hash::plan_hash;
use super::repeated::{holds_repeats, judge_repeats};
use crate::console::WorkProgress;
use crate::evidence::{Check, CheckState, Integrity, Manifest, ReadManifest, VerifiedFolder, VerifyError, verify};
use crate::history::{FORMAT, ReadError, Started};
use crate::host::bytes_of;
use crate::run_folder::RunFile;
use crate::units::explained;
use serde_json::Value;
use std::path::Path;

/// A verdict is not larger.
const VERDICT_MAX: usize = 64 << 20;

/// A folder that was looked at.
#[derive(Debug)]
pub struct Verified {
    /// Its manifest, where it can be read.
    pub manifest: Option<ReadManifest>,
    /// What each look showed; of a drill of a series with its folder's name before it.
    pub checks: Vec<Check>,
}

impl Verified {
    /// What they say together.
    pub fn integrity(&self) -> Integrity {
        Integrity::of(&self.checks)
    }
}

/// Looks at everything in a drill's folder, or in that of a series; writes nothing.
///
/// # Errors
/// Where there is nothing to verify.
pub fn verified(folder: &Path, work: &WorkProgress) -> Result<Verified, VerifyError> {
    work.begin("holding the files against the manifest", 0);
    let VerifiedFolder { manifest, mut checks, chain, trials } = verify::folder(folder)?;
    // Of another history another verdict would be no news.
    let is_other = |check: &Check| RunFile::of_name(&check.what).is_some_and(RunFile::is_history) && check.state == CheckState::Changed;
    if chain.is_some() && !checks.iter().any(is_other) {
        judged_again(folder, manifest.as_ref().map(|read| &read.manifest), work, &mut checks);
    }
    for trial in trials {
        let within = verified(&folder.join(&trial), work);
        let named = |check: Check| Check { what: format!("{trial}/{}", check.what), ..check };
        match within {
            Ok(within) => checks.extend(within.checks.into_iter().map(named)),
            Err(error) => checks.push(named(Check::new("folder", CheckState::Missing, error.to_string()))),
        }
    }
    if holds_repeats(folder) {
        checks.extend(repeats_again(folder, work));
    }
    work.end();
    Ok(Verified { manifest, checks })
}

/// What a drill's history says of its verdict and of its manifest.
fn judged_again(folder: &Path, manifest: Option<&Manifest>, work: &WorkProgress, checks: &mut Vec<Check>) {
    let name = RunFile::Verdict.name();
    let judged = match judge_counting(folder, work) {
        Ok(judged) => judged,
        // An execution has no verdict of its own.
        Err(JudgeError::History { source: ReadError::NoStart, .. }) => return,
        Err(error) => {
            let detail = format!("the history cannot be judged again: {}", explained(&error).replace("\n\nhint: ", "; "));
            checks.push(Check::new(name, CheckState::Unknown, detail));
            return;
        }
    };
    let Some(started) = judged.digest.started() else { return };
    if let Some(manifest) = manifest {
        checks.extend(unlike(manifest, started).map(|detail| Check::new(RunFile::Manifest.name(), CheckState::Changed, detail)));
    }
    let Ok(bytes) = bytes_of(&RunFile::Verdict.within(folder), VERDICT_MAX) else { return };
    let again = judged.json();
    let own = env!("CARGO_PKG_VERSION");
    let decision = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok()?.get("verdict")?.as_str().map(str::to_owned);
    let (said, says) = (decision(&bytes), decision(again.as_bytes()));
    let check = if bytes == again.as_bytes() {
        Check::new("verdict", CheckState::Intact, "the history was judged again, and says the same")
    } else if started.lifeboat == own && started.format == FORMAT {
        let says = says.map_or_else(String::new, |says| format!(": {says}"));
        Check::new("verdict", CheckState::Changed, format!("`{name}` is not what the history says{says}"))
    } else if said.is_some() && said == says {
        let then = &started.lifeboat;
        Check::new(
            "verdict",
            CheckState::Intact,
            format!("the history was judged again by {own}, and says the same; {then} wrote it otherwise"),
        )
    } else {
        let detail = format!("Lifeboat {} said otherwise of this history than {own} does: judge it with that version", started.lifeboat);
        Check::new("verdict", CheckState::Unknown, detail)
    };
    checks.push(check);
}

/// What the manifest of a drill says otherwise than its history.
fn unlike(manifest: &Manifest, started: &Started) -> Option<String> {
    let origin = &started.origin;
    let hash = Some(plan_hash(&started.plan));
    let said = [
        ("the drill's name", manifest.drill == started.drill),
        ("the version of Lifeboat", manifest.lifeboat.version == started.lifeboat),
        ("the user", origin.user.is_none() || manifest.user == origin.user),
        ("the host", origin.host.is_none() || manifest.host == origin.host),
        // What another version makes of a plan may have another form, and so another hash.
        ("the plan", started.lifeboat != env!("CARGO_PKG_VERSION") || manifest.plan_sha256 == hash),
        (
            "the files that it was read from",
            origin.files.iter().all(|file| manifest.inputs.iter().any(|input| input.path == file.path && input.sha256 == file.sha256)),
        ),
    ];
    let others: Vec<&str> = said.iter().filter(|(_, same)| !same).map(|(what, _)| *what).collect();
    (!others.is_empty()).then(|| format!("it says otherwise than the history of {}", others.join(", of ")))
}

/// What the drills of a series say together, held against its `repeats.json`.
fn repeats_again(folder: &Path, work: &WorkProgress) -> Option<Check> {
    let bytes = bytes_of(&RunFile::Repeats.within(folder), VERDICT_MAX).ok()?;
    let name = RunFile::Repeats.name();
    Some(match judge_repeats(folder, work) {
        Err(error) => Check::new(name, CheckState::Unknown, format!("its drills cannot be judged again: {error}")),
        Ok(drills) if drills.record.json().as_bytes() == bytes => {
            Check::new("verdict", CheckState::Intact, "the drills were judged again, and say the same together")
        }
        Ok(drills) if drills.record.lifeboat == env!("CARGO_PKG_VERSION") && drills.record.ended.is_some() => {
            Check::new("verdict", CheckState::Changed, format!("`{name}` is not what the drills say together"))
        }
        Ok(_) => Check::new(
            "verdict",
            CheckState::Unknown,
            format!("`{name}` is of another version or was not ended, and cannot be judged again here"),
        ),
    })
}
