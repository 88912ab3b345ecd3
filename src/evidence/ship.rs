//! A bundle taken to where it is kept: a folder, a bucket, or wherever a program takes it. Nothing that is there already is overwritten.
//!
//! What this file does not do: make one (`bundle`), or speak to buckets (`bucket`).

use super::bucket;
use super::listing::hash_through;
use crate::host;
use crate::model::ShipTo;
use crate::process::{GRACE, Program, RunOptions, Supervision};
use crate::redact::Redactor;
use crate::secret::SecretContext;
use crate::units::Problem;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Takes a bundle to a place; returns where it is then.
///
/// # Errors
/// Where it cannot be written there, something else is there, or it is not seen there afterwards.
pub async fn ship(bundle: &Path, place: &ShipTo, site: SecretContext<'_>) -> Result<String, Problem> {
    match place {
        ShipTo::Folder(folder) => into_folder(bundle, &site.root.join(folder)),
        ShipTo::Run(argv) => by_program(bundle, argv, site.root).await,
        ShipTo::S3(place) => bucket::store(bundle, place, site).await,
    }
}

/// A copy in a folder that is there: one that is not may be a disk that nobody has mounted.
fn into_folder(bundle: &Path, folder: &Path) -> Result<String, Problem> {
    if !folder.is_dir() {
        let problem = Problem::new(format!("there is no folder {}", folder.display()));
        return Err(problem.hint("make it, or mount what is kept there"));
    }
    let name = bundle.file_name().ok_or_else(|| Problem::new("the bundle has no name"))?;
    let there = folder.join(name);
    let wrong = |error: std::io::Error| Problem::new(format!("cannot write {}", there.display())).caused_by(error);
    let right = hash_of(bundle).map_err(wrong)?;
    let part = folder.join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let copied = || {
        let (mut from, mut to) = (host::regular(bundle)?, File::create_new(&part)?);
        std::io::copy(&mut from, &mut to)?;
        to.sync_all()?;
        match std::fs::hard_link(&part, &there) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists && !there.exists() => std::fs::rename(&part, &there),
            made => made,
        }
    };
    let copied = copied();
    let _ = std::fs::remove_file(&part);
    match copied {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(wrong(error)),
    }
    if hash_of(&there).map_err(wrong)? == right {
        return Ok(there.display().to_string());
    }
    Err(Problem::new(format!("{} holds something else already", there.display())).hint("what is kept is never overwritten; move it away"))
}

async fn by_program(bundle: &Path, argv: &[String], root: &Path) -> Result<String, Problem> {
    let bundle = std::path::absolute(bundle).unwrap_or_else(|_| bundle.to_owned());
    let program = Program {
        argv: argv.iter().map(|argument| argument.replace("${bundle}", &bundle.to_string_lossy())).collect(),
        folder: root.to_owned(),
        pass: Vec::new(),
        env: Vec::new(),
        supervision: Supervision::Unsupervised,
        grace: GRACE,
    };
    let redactor = Redactor::default();
    let options = RunOptions { within: Some(PATIENCE), ..RunOptions::new(&redactor) };
    let finished = program.run(options).await.map_err(|error| Problem::new(error.to_string()).hint(host::GIVES_LITTLE))?;
    if finished.is_done(&[]) {
        return Ok(format!("where `{}` took it", argv.first().map_or("", String::as_str)));
    }
    let problem = Problem::new(finished.failure(finished.complained()).to_string());
    Err(problem.hint(format!("run it by hand: its argument `${{bundle}}` is {}", bundle.display())))
}

fn hash_of(path: &Path) -> std::io::Result<String> {
    Ok(hash_through(host::regular(path)?)?.0)
}

/// A place as it is typed: `s3://BUCKET/PREFIX`, or a folder.
pub fn typed(place: &str) -> Typed {
    match place.strip_prefix("s3://") {
        Some(rest) => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            Typed::Bucket(bucket.to_owned(), prefix.trim_matches('/').to_owned())
        }
        None => Typed::Folder(PathBuf::from(place)),
    }
}

/// A place as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// A folder.
    Folder(PathBuf),
    /// A bucket, and what stands before the bundle's name.
    Bucket(String, String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    async fn shipped(bundle: &Path, place: ShipTo, root: &Path) -> Result<String, String> {
        let stores = BTreeMap::new();
        ship(bundle, &place, SecretContext { stores: &stores, root }).await.map_err(|problem| crate::units::explained(&problem))
    }

    #[tokio::test]
    async fn a_folder_takes_a_bundle_once_and_keeps_what_it_has() {
        let place = tempfile::tempdir().unwrap();
        let (root, bundle) = (place.path(), place.path().join("a.lifeboat.tar.zst"));
        std::fs::write(&bundle, "one").unwrap();
        let to = || ShipTo::Folder("kept".into());
        let absent = shipped(&bundle, to(), root).await.unwrap_err();
        assert!(absent.starts_with("there is no folder ") && absent.contains("hint: make it"), "{absent}");
        std::fs::create_dir(root.join("kept")).unwrap();
        for _ in 0..2 {
            assert_eq!(shipped(&bundle, to(), root).await.unwrap(), root.join("kept/a.lifeboat.tar.zst").display().to_string());
        }
        std::fs::write(&bundle, "two").unwrap();
        assert!(shipped(&bundle, to(), root).await.unwrap_err().contains("holds something else already"));
        assert_eq!(std::fs::read(root.join("kept/a.lifeboat.tar.zst")).unwrap(), b"one");
        assert_eq!(std::fs::read_dir(root.join("kept")).unwrap().count(), 1, "nothing else is left there");
    }

    #[tokio::test]
    async fn a_program_is_told_where_the_bundle_is_and_what_it_says_of_a_failure_is_told() {
        let place = tempfile::tempdir().unwrap();
        let (root, bundle) = (place.path(), place.path().join("a.lifeboat.tar.zst"));
        std::fs::write(&bundle, "one").unwrap();
        let run = |argv: &[&str]| ShipTo::Run(argv.iter().map(|argument| (*argument).to_owned()).collect());
        shipped(&bundle, run(&["cp", "${bundle}", "taken"]), root).await.unwrap();
        assert_eq!(std::fs::read(root.join("taken")).unwrap(), b"one");
        let failed = shipped(&bundle, run(&["cp", "${bundle}", "no/such/folder"]), root).await.unwrap_err();
        assert!(failed.contains("no/such/folder") && failed.contains("hint: run it by hand"), "{failed}");
        assert!(shipped(&bundle, run(&["no-such-program", "${bundle}"]), root).await.is_err());
    }

    #[test]
    fn a_typed_place_is_a_bucket_or_a_folder() {
        assert_eq!(typed("s3://drills/2026/a/"), Typed::Bucket("drills".into(), "2026/a".into()));
        assert_eq!(
            (typed("s3://drills"), typed("/mnt/x")),
            (Typed::Bucket("drills".into(), String::new()), Typed::Folder("/mnt/x".into()))
        );
    }
}
