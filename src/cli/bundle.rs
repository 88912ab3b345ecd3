//! `lifeboat bundle`: a drill's folder as one file, and that file where it is kept.

use super::arguments::relative;
use super::terminal::{put_path, show_wait};
use super::{Exit, put, say, until_interrupted};
use crate::evidence::bundle::{PackedBundle, pack};
use crate::evidence::ship::{Typed, ship, typed};
use crate::model::{BucketPlace, CredentialSource, LockMode, ObjectLock, ShipTo};
use crate::project::Project;
use crate::secret::SecretContext;
use crate::units::{Duration, Explained, Problem, explained};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Packs a drill's folder as one file, NAME.lifeboat.tar.zst: the same bytes each time, without keys and scratch. It is opened again and compared with
/// the folder before it is used. `zstd` and `tar` read it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The drill's folder
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The bundle, instead of one beside the folder; another that is there is never overwritten
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Take it there as well: a folder, or s3://BUCKET/PREFIX with the key, the region and the address of the usual variables (AWS_ACCESS_KEY_ID,
    /// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL)
    #[arg(long, value_name = "DEST")]
    to: Vec<String>,
    /// In a bucket, let nobody delete or overwrite it for so long: compliance:365d, or governance:30d, which can be lifted by whoever has the right to
    #[arg(long, value_name = "MODE:TIME", value_parser = lock)]
    lock: Option<ObjectLock>,
    /// Take it to every place that the inventory names under `evidence: {ship: […]}`
    #[arg(long)]
    ship: bool,
}

/// `compliance:365d`.
fn lock(text: &str) -> Result<ObjectLock, String> {
    let (mode, keep) = text.split_once(':').ok_or("write MODE:TIME, for example compliance:365d")?;
    let mode = LockMode::from_word(mode).ok_or_else(|| format!("`{mode}` is none of {}", LockMode::WORDS.join(" and ")))?;
    let keep: Duration = keep.parse().map_err(|error: crate::units::ParseError| error.problem)?;
    Ok(ObjectLock { mode, keep })
}

pub(super) fn bundle(args: &Args) -> anyhow::Result<Exit> {
    let places = match places(args) {
        Ok(places) => places,
        Err(problem) => return refused(&problem),
    };
    let waiting = show_wait("packing");
    let packed = match pack(&args.folder, args.out.as_deref()) {
        Ok(packed) => packed,
        Err(error) => return refused(&error),
    };
    drop(waiting);
    let PackedBundle { path, sha256, bytes, files } = &packed;
    put_path("bundle", &relative(path))?;
    put(&format!("{:<14}{sha256}\n{:<14}{files}, {bytes} bytes\n", "sha256", "files"))?;
    if places.is_empty() {
        return Ok(Exit::Met);
    }
    until_interrupted("stopping: what is being sent is dropped", async |mut stopped| {
        let stores = BTreeMap::new();
        let mut exit = Exit::Met;
        for (root, place) in &places {
            let waiting = show_wait("sending the bundle");
            let sending = ship(path, place, SecretContext { stores: &stores, root });
            let sent = tokio::select! {
                sent = sending => sent,
                _ = stopped.wait_for(|stopped| *stopped) => Err(Problem::new("somebody stopped it")),
            };
            drop(waiting);
            match sent {
                Ok(kept) => put_path("kept", &kept)?,
                Err(problem) => {
                    say(&format!("error: {}", explained(&problem)));
                    exit = Exit::Inconclusive;
                }
            }
        }
        Ok(exit)
    })
}

fn refused(error: &(impl Explained + ?Sized)) -> anyhow::Result<Exit> {
    say(&format!("error: {}", explained(error)));
    Ok(Exit::Usage)
}

/// Where it is taken, each with the folder that paths in it begin at.
fn places(args: &Args) -> Result<Vec<(PathBuf, ShipTo)>, Problem> {
    let mut places = Vec::new();
    for place in &args.to {
        let place = match typed(place) {
            Typed::Folder(folder) => ShipTo::Folder(folder.to_string_lossy().into_owned()),
            Typed::Bucket(bucket, prefix) => ShipTo::S3(Box::new(bucket_of_environment(bucket, prefix, args.lock)?)),
        };
        places.push((PathBuf::new(), place));
    }
    let has_bucket = places.iter().any(|(_, place)| matches!(place, ShipTo::S3(_)));
    if args.lock.is_some() && !has_bucket {
        return Err(Problem::new("only a bucket locks what it keeps").hint("name one: `--to s3://BUCKET/PREFIX`"));
    }
    if args.ship {
        let root = Project::find(&args.folder).map_err(|error| Problem::new(error.to_string()))?;
        let (project, _) = Project::open(&root);
        let named = project.inventory.evidence.ship;
        if named.is_empty() {
            let hint = "add `evidence: {ship: [{folder: /mnt/evidence}]}` to it, or name a place with `--to`";
            return Err(Problem::new("the inventory names no place for bundles").hint(hint));
        }
        places.extend(named.into_iter().map(|place| (root.clone(), place)));
    }
    Ok(places)
}

/// A bucket by what AWS's own tools look for in the environment.
fn bucket_of_environment(bucket: String, prefix: String, lock: Option<ObjectLock>) -> Result<BucketPlace, Problem> {
    let variable = |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    if bucket.is_empty() {
        return Err(Problem::new("the place names no bucket").hint("write `--to s3://BUCKET/PREFIX`"));
    }
    let needs = |name: &str| {
        let found = variable(&[name]).is_some();
        if found { Ok(CredentialSource::Env(name.to_owned())) } else { Err(Problem::new(format!("the variable {name} is not set"))) }
    };
    Ok(BucketPlace {
        bucket,
        prefix: (!prefix.is_empty()).then_some(prefix),
        region: variable(&["AWS_REGION", "AWS_DEFAULT_REGION"]).unwrap_or_else(|| "us-east-1".to_owned()),
        endpoint: variable(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]),
        access_key_id: needs("AWS_ACCESS_KEY_ID").map_err(keyless)?,
        secret_access_key: needs("AWS_SECRET_ACCESS_KEY").map_err(keyless)?,
        session_token: needs("AWS_SESSION_TOKEN").ok(),
        lock,
    })
}

fn keyless(problem: Problem) -> Problem {
    problem.hint("set the key of the bucket's user, as AWS's own tools read it")
}
