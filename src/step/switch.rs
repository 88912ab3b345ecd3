//! `switch`: one value of a YAML, JSON, TOML or `.env` file, or of a Kubernetes object, is replaced, all at once or not at all, and can be put
//! back exactly.
//!
//! A file's new text goes into a file beside the old one, onto the disk, and takes its name; permissions stay, and where the name is a link
//! the link stays as well. An object is patched only as it was read: where it has another version by then, it is read again, and where
//! somebody has changed this very value, it is left so. The bytes of the old value are kept before anything is changed, in a file that only
//! its owner may read: they may be a secret, so they stand in no history.

use super::before::{Changed, replace};
use super::error::problem_of;
use super::{Context, Output, StepError};
use crate::model::{DocumentSelector, KubernetesObject, Switch, Within};
use crate::project::FileFormat;
use crate::secret::{Cluster, Patch, SecretContext, SecretError, cluster};
use crate::units::{Problem, Secret};
use serde_json::Value;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How often an object is read again, because something else of it has changed meanwhile: controllers write into it all the time.
const TRIES: usize = 5;
const BUSY: &str = "it changes so often that nothing could be written in between; nothing was done";

/// Puts the new value in.
pub(super) async fn switch(switch: &Switch, place: usize, context: &Context) -> Result<Output, StepError> {
    let (target, key, to) = (SwitchTarget::of(switch, context)?, &switch.key, Secret::new(context.expand(&switch.to)?));
    let mut first = None;
    for _ in 0..TRIES {
        let seen = target.read().await?;
        let (edited, old) = seen.format.replaced(seen.part(), key, to.expose()).map_err(|error| target.failed(error))?;
        if *first.get_or_insert_with(|| old.clone()) != old {
            return Err(target.failed(format!("somebody else is changing `{}` right now; it was left as it is", key.join("."))));
        }
        let kept = context.before.keep(&Changed::Step(place), &old.as_str().into());
        kept.map_err(|error| StepError::failed(format!("the old value cannot be saved: {error}")))?;
        if target.write(&seen, &edited, key, &to, Patch::Real).await? {
            target.confirm(key, &to).await?;
            return Ok(Output { shown: format!("`{}` of {target} is `{}` now", key.join("."), to.expose()), value: to });
        }
    }
    Err(target.failed(BUSY))
}

/// Puts the old value back, unless somebody else has changed it meanwhile.
pub(super) async fn back(switch: &Switch, place: usize, context: &Context) -> Result<Output, StepError> {
    let (target, key, to) = (SwitchTarget::of(switch, context)?, &switch.key, Secret::new(context.expand(&switch.to)?));
    let Some(old) = context.before.get(&Changed::Step(place)) else {
        // It is kept before anything is changed, so nothing was.
        return Ok(Output::of(format!("{target} was not changed")));
    };
    for _ in 0..TRIES {
        let seen = target.read().await?;
        let now = seen.format.find(seen.part(), key).map_err(|error| target.failed(error))?;
        let as_it_was = || Output::of(format!("`{}` of {target} is restored", key.join(".")));
        if seen.part()[now.range.clone()] == *old.expose() {
            return Ok(as_it_was());
        }
        if now.value != to.expose() {
            let problem = format!("somebody else has changed `{}` of {target} in the meantime; it was left as it is", key.join("."));
            return Err(StepError::failed(problem));
        }
        let restored = seen.format.restored(seen.part(), key, old.expose()).map_err(|error| target.failed(error))?;
        if target.write(&seen, &restored, key, &to, Patch::Real).await? {
            return Ok(as_it_was());
        }
    }
    Err(target.failed(BUSY))
}

/// Whether the value could be replaced; for a rehearsal. A cluster is asked itself, by a patch that it only tries.
///
/// # Errors
/// Why not.
pub async fn can_switch(switch: &Switch, context: &Context) -> Result<(), StepError> {
    let (target, key, to) = (SwitchTarget::of(switch, context)?, &switch.key, Secret::new(context.expand(&switch.to)?));
    let seen = target.read().await?;
    let (edited, _) = seen.format.replaced(seen.part(), key, to.expose()).map_err(|error| target.failed(error))?;
    target.write(&seen, &edited, key, &to, Patch::Dry).await.map(|_| ())
}

/// The file or the object in which a value is replaced.
enum SwitchTarget<'a> {
    File { path: PathBuf, format: FileFormat, document: Option<&'a DocumentSelector> },
    Object { cluster: Cluster, object: &'a KubernetesObject },
}

/// The content of a target, as it was read.
struct SwitchContent {
    format: FileFormat,
    text: String,
    /// What of the text is edited.
    part: Range<usize>,
    /// The object as it was read; `null` of a file.
    object: Value,
}

impl SwitchContent {
    fn part(&self) -> &str {
        &self.text[self.part.clone()]
    }
}

impl<'a> SwitchTarget<'a> {
    fn of(switch: &'a Switch, context: &Context) -> Result<Self, StepError> {
        match &switch.within {
            Within::File { file, document } => {
                let named = context.folder.join(context.expand(file)?);
                let path = named.canonicalize().map_err(|error| failed(&named.display(), error))?;
                let format = FileFormat::of(&named).or_else(|| FileFormat::of(&path));
                let only = "only .yaml, .yml, .json, .toml and .env files can be switched";
                Ok(Self::File { format: format.ok_or_else(|| failed(&named.display(), only))?, path, document: document.as_ref() })
            }
            Within::Kubernetes { store, object } => {
                let site = SecretContext { stores: &context.stores, root: &context.folder };
                Ok(Self::Object { cluster: cluster(store, site).map_err(of_cluster)?, object })
            }
        }
    }

    async fn read(&self) -> Result<SwitchContent, StepError> {
        match self {
            Self::File { path, format, document } => {
                let text = std::fs::read_to_string(path).map_err(|error| self.failed(error))?;
                let part = format.part(&text, *document).map_err(|error| self.failed(error))?;
                Ok(SwitchContent { format: *format, text, part, object: Value::Null })
            }
            Self::Object { cluster, object } => {
                let object = cluster.object(object).await.map_err(of_cluster)?;
                let text = object.to_string();
                Ok(SwitchContent { format: FileFormat::Json, part: 0..text.len(), text, object })
            }
        }
    }

    /// Puts an edited part in the place of the one that was seen; false where somebody else was faster, and nothing was done.
    async fn write(&self, seen: &SwitchContent, edited: &str, key: &[String], to: &Secret, patch: Patch) -> Result<bool, StepError> {
        match self {
            Self::File { path, .. } if patch == Patch::Dry => {
                let writable = |path: &Path| rustix::fs::access(path, rustix::fs::Access::WRITE_OK).map_err(std::io::Error::from);
                let problem = |error| self.failed(format!("a new file cannot be created next to it: {error}"));
                path.parent().map_or(Ok(()), writable).map_err(problem).map(|()| true)
            }
            Self::File { path, .. } => {
                let text = format!("{}{edited}{}", &seen.text[..seen.part.start], &seen.text[seen.part.end..]);
                replace(path, &text).map_err(|error| self.failed(error)).map(|()| true)
            }
            Self::Object { cluster, object } => {
                let changed = serde_json::from_str(edited).map_err(|error| self.failed(error))?;
                cluster.patch_object(object, &seen.object, &changed, key, to, patch).await.map_err(of_cluster)
            }
        }
    }

    /// A cluster has programs of its own that set values: what was written is read again.
    async fn confirm(&self, key: &[String], to: &Secret) -> Result<(), StepError> {
        let Self::Object { .. } = self else { return Ok(()) };
        let seen = self.read().await?;
        match seen.format.find(seen.part(), key) {
            Ok(now) if now.value == to.expose() => Ok(()),
            _ => Err(StepError::Left(Problem::new(format!(
                "`{}` of {self} was set, and then something else set it to another value",
                key.join(".")
            )))),
        }
    }

    fn failed(&self, problem: impl fmt::Display) -> StepError {
        failed(self, problem)
    }
}

impl fmt::Display for SwitchTarget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, document: None, .. } => write!(f, "{}", path.display()),
            Self::File { path, document: Some(which), .. } => write!(f, "{} ({which})", path.display()),
            Self::Object { object, .. } => write!(f, "{object}"),
        }
    }
}

fn failed(place: &impl fmt::Display, problem: impl fmt::Display) -> StepError {
    StepError::failed(format!("{place}: {problem}"))
}

/// Where nobody knows whether a patch was taken, it is as good as done.
fn of_cluster(error: SecretError) -> StepError {
    match error {
        SecretError::Unknown { .. } => StepError::Left(problem_of(&error)),
        other => other.into(),
    }
}
