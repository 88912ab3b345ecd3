//! A drill's signature: two statements about its manifest, each in a file that cosign verifies.
//!
//! The manifest holds the hash of every other file, so that whoever trusts the key can trust the folder. Where there is none, as in a folder that an
//! older build wrote, the statements are about the history itself.
//!
//! What this file does not do: hold the folder against its manifest.

use super::check::{Check, CheckState};
use super::listing::hash_through;
use super::sigstore::{SigstoreBundle, Untaken};
use super::statement::{PAYLOAD, Predicate, Resource, Statement};
use crate::host::{self, private};
use crate::run_folder::{RunFile, form_in};
use crate::signing::{Envelope, KeyName, SigningKey, VerifyingKey};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub use super::statement::{CUTOVER, DrillOutcome, TestOutcome};

/// No signed statement is longer. In bytes.
const LONGEST: usize = 1 << 24;

/// The two files, and what each says.
const FILES: [(RunFile, Predicate); 2] = [(RunFile::TestResult, Predicate::TestResult), (RunFile::Measurement, Predicate::Cutover)];

/// Why a drill could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct AttestationError {
    /// The file.
    path: PathBuf,
    /// The operating system's words.
    source: std::io::Error,
}

/// Signs what a drill's folder holds now. Time stamps that are there are named in it.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn sign(folder: &Path, outcome: &DrillOutcome, key: &SigningKey) -> Result<KeyName, AttestationError> {
    let about = signed_file(folder);
    let subject = Resource::new(about.name(), hash_of(&about.within(folder))?);
    let mut stamps = Vec::new();
    for file in [RunFile::PlanStamp, RunFile::HeadStamp] {
        let path = file.within(folder);
        if path.exists() {
            stamps.push((file.name().into_owned(), hash_of(&path)?));
        }
    }
    let name = key.public().name();
    for (file, predicate) in FILES {
        let statement = Statement::new(predicate, subject.clone(), outcome, &stamps);
        let payload = serde_json::to_vec(&statement).expect("plain data can be written as JSON");
        let text = SigstoreBundle::new(Envelope::sign(PAYLOAD, &payload, key), &name).text();
        let path = file.within(folder);
        private::write(&path, text.as_bytes()).map_err(|source| AttestationError { path, source })?;
    }
    Ok(name)
}

/// What the signatures in a folder are worth to somebody who trusts these keys. One by a key that is none of them cannot be told; where a key is
/// given and nothing is signed, the signature is missing.
pub fn check(folder: &Path, keys: &[VerifyingKey]) -> Vec<Check> {
    let is_signed = FILES.iter().any(|(file, _)| file.within(folder).exists());
    FILES.iter().flat_map(|(file, predicate)| checked(folder, *file, *predicate, keys, is_signed)).collect()
}

fn checked(folder: &Path, file: RunFile, predicate: Predicate, keys: &[VerifyingKey], is_signed: bool) -> Vec<Check> {
    let of = |state, detail: String| vec![Check::new(file.name(), state, detail)];
    let bytes = match host::bytes_of(&file.within(folder), LONGEST) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match (is_signed, keys) {
                (true, _) => of(CheckState::Missing, "the other statement is signed, and this one is not there".to_owned()),
                (false, []) => of(CheckState::Unsigned, "the drill was not signed".to_owned()),
                (false, _) => of(CheckState::Missing, "a key was given, and nothing is signed".to_owned()),
            };
        }
        Err(error) => return of(CheckState::Changed, error.to_string()),
    };
    let Ok(bundle) = SigstoreBundle::read(&bytes) else {
        return of(CheckState::Changed, "it is not as Lifeboat wrote it".to_owned());
    };
    let (payload, signed) = match bundle.verified(PAYLOAD, keys) {
        Ok((payload, name)) => (payload, Ok(name)),
        Err(Untaken::Form) => return of(CheckState::Changed, "it is signed by another key than it says".to_owned()),
        Err(Untaken::Signature) => return of(CheckState::Changed, "its signature does not hold".to_owned()),
        Err(Untaken::Stranger(name)) => match bundle.unverified() {
            Some(payload) => (payload, Err(name)),
            None => return of(CheckState::Changed, "what was signed cannot be read".to_owned()),
        },
    };
    // What it says is held against the folder whoever signed it: a changed file is changed by any key.
    let Some(statement) = Statement::read(&payload, predicate) else {
        return of(CheckState::Changed, format!("it is no statement of the kind {}", predicate.word()));
    };
    let (good, mut found) = held(folder, file, &statement);
    if good {
        found.insert(
            0,
            match signed {
                Ok(name) => Check::new(file.name(), CheckState::Intact, format!("signed by key {name}")),
                Err(name) if keys.is_empty() => Check::new(
                    file.name(),
                    CheckState::Unknown,
                    format!("it says that key {name} signed it; give --key FILE.pub to check that"),
                ),
                Err(name) => {
                    Check::new(file.name(), CheckState::Unknown, format!("signed by an unknown key, {name}: none of those that were given"))
                }
            },
        );
    }
    found
}

/// The file of a folder that stands for all of it.
fn signed_file(folder: &Path) -> RunFile {
    if RunFile::Manifest.within(folder).exists() { RunFile::Manifest } else { RunFile::of_history(form_in(folder)) }
}

/// A statement held against the files that it names; true where they are what it says.
fn held(folder: &Path, file: RunFile, statement: &Statement) -> (bool, Vec<Check>) {
    let mut found = Vec::new();
    let mut wrong = |what: &str, state, detail: String| found.push(Check::new(what, state, detail));
    let own = signed_file(folder);
    let about: Vec<&Resource> = statement.subject.iter().collect();
    match about[..] {
        [subject] if subject.name == own.name() => match hash_of(&own.within(folder)) {
            Ok(hash) if subject.digest.get("sha256") == Some(&hash) => {}
            Ok(_) => wrong(&own.name(), CheckState::Changed, format!("it is not the one that was signed in {}", file.name())),
            Err(error) => wrong(&own.name(), CheckState::Missing, error.to_string()),
        },
        [subject] if subject.name == RunFile::Manifest.name() => {
            wrong(&subject.name, CheckState::Missing, format!("it was signed in {}, and is not there", file.name()));
        }
        _ => wrong(&file.name(), CheckState::Changed, "it is about something else than this folder".to_owned()),
    }
    for (name, hash) in statement.stamps() {
        let Some(stamp) = RunFile::of_name(name).filter(|file| matches!(file, RunFile::PlanStamp | RunFile::HeadStamp)) else { continue };
        match hash_of(&stamp.within(folder)) {
            Ok(now) if now == hash => {}
            Ok(_) => wrong(name, CheckState::Changed, format!("it is not the one that was signed in {}", file.name())),
            Err(error) => wrong(name, CheckState::Missing, error.to_string()),
        }
    }
    (found.is_empty(), found)
}

fn hash_of(path: &Path) -> Result<String, AttestationError> {
    let hashed = host::regular(path).and_then(hash_through);
    hashed.map(|(hash, _)| hash).map_err(|source| AttestationError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use CheckState::{Changed, Intact, Missing, Unknown, Unsigned};

    fn outcome() -> DrillOutcome {
        DrillOutcome {
            result: TestOutcome::Passed,
            tests: vec![("rto".into(), TestOutcome::Passed)],
            configuration: vec![("scenarios/x.yaml".into(), "0".repeat(64))],
            measured: serde_json::Map::new(),
        }
    }

    fn states(folder: &Path, keys: &[VerifyingKey]) -> Vec<CheckState> {
        check(folder, keys).into_iter().map(|check| check.state).collect()
    }

    fn signed() -> (tempfile::TempDir, SigningKey) {
        let (place, key) = (tempfile::tempdir().unwrap(), SigningKey::generate().unwrap());
        for (name, text) in [("manifest.json", "{\"manifest\":\"1.0\"}\n"), ("plan.tsr", "1"), ("head.tsr", "2")] {
            std::fs::write(place.path().join(name), text).unwrap();
        }
        sign(place.path(), &outcome(), &key).unwrap();
        (place, key)
    }

    #[test]
    fn a_signature_holds_for_its_key_and_is_told_from_one_by_a_stranger() {
        let (place, key) = signed();
        let stranger = SigningKey::generate().unwrap();
        assert_eq!(states(place.path(), &[stranger.public(), key.public()]), [Intact, Intact]);
        assert_eq!(states(place.path(), &[]), [Unknown, Unknown]);
        let told = check(place.path(), &[stranger.public()]);
        let right = format!("signed by an unknown key, {}: none of those that were given", key.public().name());
        assert!(told.iter().all(|check| check.state == Unknown && check.detail == right), "{told:?}");
        // Somebody else signs the same folder.
        sign(place.path(), &outcome(), &stranger).unwrap();
        assert_eq!(states(place.path(), &[key.public()]), [Unknown, Unknown]);
    }

    #[test]
    fn what_was_signed_and_is_no_longer_there_or_no_longer_the_same_is_told_by_its_name() {
        let (place, key) = signed();
        let keys = [key.public()];
        let path = |name: &str| place.path().join(name);
        for name in ["manifest.json", "head.tsr", "plan.tsr", "test-result.sigstore.json", "measurement.sigstore.json"] {
            let before = std::fs::read(path(name)).unwrap();
            std::fs::remove_file(path(name)).unwrap();
            let told = check(place.path(), &keys);
            assert!(told.iter().any(|check| check.what == name && check.state == Missing), "{name}: {told:?}");
            std::fs::write(path(name), [&before[..], b" "].concat()).unwrap();
            for keys in [&keys[..], &[]] {
                let told = check(place.path(), keys);
                assert!(told.iter().any(|check| check.what == name && check.state == Changed), "{name}: {told:?}");
            }
            std::fs::write(path(name), before).unwrap();
        }
        assert_eq!(states(place.path(), &keys), [Intact, Intact]);
        for file in ["test-result.sigstore.json", "measurement.sigstore.json"] {
            std::fs::remove_file(path(file)).unwrap();
        }
        assert_eq!((states(place.path(), &[]), states(place.path(), &keys)), (vec![Unsigned; 2], vec![Missing; 2]));
    }

    #[test]
    fn one_statement_does_not_stand_for_the_other() {
        let (place, key) = signed();
        let [result, own] = ["test-result.sigstore.json", "measurement.sigstore.json"].map(|name| place.path().join(name));
        std::fs::copy(&own, &result).unwrap();
        assert_eq!(states(place.path(), &[key.public()]), [Changed, Intact]);
    }

    #[test]
    fn a_folder_without_a_manifest_is_signed_by_its_history() {
        let (place, key) = (tempfile::tempdir().unwrap(), SigningKey::generate().unwrap());
        std::fs::write(place.path().join("history.jsonl"), "one\n").unwrap();
        sign(place.path(), &outcome(), &key).unwrap();
        assert_eq!(states(place.path(), &[key.public()]), [Intact, Intact]);
        std::fs::write(place.path().join("history.jsonl"), "two\n").unwrap();
        assert_eq!(states(place.path(), &[key.public()]), [Changed, Changed]);
        // Where a manifest comes later, what was signed says nothing of it.
        std::fs::write(place.path().join("manifest.json"), "{}").unwrap();
        assert_eq!(states(place.path(), &[key.public()]), [Changed, Changed]);
    }
}
