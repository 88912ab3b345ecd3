//! `switch`: one value of a YAML, JSON, TOML or `.env` file, or of a Kubernetes object, is replaced, added or taken out, all at once or not at all,
//! and can be put back exactly.
//!
//! A file's new text goes into a file beside the old one, onto the disk, and takes its name; owner, permissions and attributes stay, and where the
//! name is a link the link stays as well. Where others read the file by another name or mount, or nobody may write it, nothing is done and that is
//! said. With `in_place` the file itself is written into: its old text is kept first, since that is not done all at once.
//!
//! An object is patched only as it was read: where it has another version by then, it is read again, and where
//! somebody has changed this very value, it is left so. What puts a change back is kept before anything is changed, in a file that only
//! its owner may read: it may be a secret, so it stands in no history.

use super::before::Changed;
use super::error::problem_of;
use super::{Context, Output, StepError};
use crate::host::{could_replace, is_half_written, obstacle, overwrite, replace};
use crate::model::{DocumentSelector, KeyChange, KubernetesObject, Switch, Within};
use crate::project::{EditError, FileFormat, Splice};
use crate::secret::{Cluster, Patch, SecretContext, SecretError, cluster};
use crate::units::{Problem, Secret};
use serde_json::Value;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// How often an object is read again, because something else of it has changed meanwhile: controllers write into it all the time.
const TRIES: usize = 5;
const BUSY: &str = "it changes so often that nothing could be written in between; nothing was done";
const IN_PLACE: &str = "write `in_place: true` beside `key:`: then this very file is written into, which is not done all at once";

/// What becomes of a part of a text, and what puts it back.
struct SwitchEdit {
    edited: String,
    /// The old bytes of a value, or how the change is taken back.
    kept: Secret,
}

/// Puts the new value in.
pub(super) async fn switch(switch: &Switch, place: usize, context: &Context) -> Result<Output, StepError> {
    let (target, key, to) = (SwitchTarget::of(switch, context)?, &switch.key, Secret::new(context.expand(&switch.to)?));
    target.is_free()?;
    target.mend(switch, place, &to, context)?;
    let mut first = None;
    for _ in 0..TRIES {
        let seen = target.read().await?;
        let SwitchEdit { edited, kept } = target.edit(&seen, switch, &to).map_err(|error| target.failed(error))?;
        if *first.get_or_insert_with(|| kept.clone()) != kept {
            return Err(target.failed(format!("somebody else is changing `{}` right now; it was left as it is", key.join("."))));
        }
        target.keep(Changed::Step(place), &kept, context)?;
        if let SwitchTarget::File { in_place: true, .. } = target {
            target.keep(Changed::Text(place), &seen.text.as_str().into(), context)?;
        }
        if target.write(&seen, &edited, key, &to, Patch::Real).await? {
            target.confirm(switch, &to).await?;
            let what = match switch.change {
                KeyChange::Set => format!("`{}` of {target} is `{}` now", key.join("."), to.expose()),
                KeyChange::Add => format!("`{}` of {target} was added: `{}`", key.join("."), to.expose()),
                KeyChange::Remove => format!("`{}` of {target} was taken out", key.join(".")),
            };
            let how = if switch.in_place { "\nit was written in place: what read it meanwhile may have seen a part of it" } else { "" };
            return Ok(Output { shown: format!("{what}{how}"), value: to });
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
    target.is_free()?;
    target.mend(switch, place, &to, context)?;
    let as_it_was = || Output::of(format!("`{}` of {target} is restored", key.join(".")));
    for _ in 0..TRIES {
        let seen = target.read().await?;
        let restored = match target.restored(&seen, switch, &to, &old)? {
            Restored::Already => return Ok(as_it_was()),
            Restored::Text(text) => text,
            Restored::Changed => {
                let problem = format!("somebody else has changed `{}` of {target} in the meantime; it was left as it is", key.join("."));
                return Err(StepError::failed(problem));
            }
        };
        if target.write(&seen, &restored, key, &to, Patch::Real).await? {
            return Ok(as_it_was());
        }
    }
    Err(target.failed(BUSY))
}

/// A part of a text with the old value put back.
enum Restored {
    /// It is there.
    Already,
    /// This is to be written.
    Text(String),
    /// Somebody else has been there.
    Changed,
}

/// Whether the value could be replaced; for a rehearsal. A cluster is asked itself, by a patch that it only tries.
///
/// # Errors
/// Why not.
pub async fn can_switch(switch: &Switch, context: &Context) -> Result<(), StepError> {
    let (target, key, to) = (SwitchTarget::of(switch, context)?, &switch.key, Secret::new(context.expand(&switch.to)?));
    target.is_free()?;
    let seen = target.read().await?;
    let SwitchEdit { edited, .. } = target.edit(&seen, switch, &to).map_err(|error| target.failed(error))?;
    target.write(&seen, &edited, key, &to, Patch::Dry).await.map(|_| ())
}

/// The file or the object in which a value is replaced.
enum SwitchTarget<'a> {
    File { path: PathBuf, format: FileFormat, document: Option<&'a DocumentSelector>, in_place: bool },
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

    /// The whole text with another part in the place of this one.
    fn with(&self, part: &str) -> String {
        format!("{}{part}{}", &self.text[..self.part.start], &self.text[self.part.end..])
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
                let format = format.ok_or_else(|| failed(&named.display(), only))?;
                Ok(Self::File { format, path, document: document.as_ref(), in_place: switch.in_place })
            }
            Within::Kubernetes { store, object } => {
                let site = SecretContext { stores: &context.stores, root: &context.folder };
                Ok(Self::Object { cluster: cluster(store, site).map_err(of_cluster)?, object })
            }
        }
    }

    /// An error where it should not be written.
    fn is_free(&self) -> Result<(), StepError> {
        let Self::File { path, in_place, .. } = self else { return Ok(()) };
        let Some(obstacle) = obstacle(path).filter(|obstacle| !(*in_place && obstacle.is_none_in_place())) else { return Ok(()) };
        let problem = Problem::new(format!("{self}: {obstacle}"));
        let hint = if obstacle.is_none_in_place() { IN_PLACE } else { "make it writable (`chmod u+w`) where it may be changed" };
        Err(problem.hint(hint).into())
    }

    /// Puts back the whole old text where a write into the file itself was interrupted.
    fn mend(&self, switch: &Switch, place: usize, to: &Secret, context: &Context) -> Result<(), StepError> {
        let Self::File { path, format, document, in_place: true } = self else { return Ok(()) };
        let Some(old) = context.before.get(&Changed::Text(place)) else { return Ok(()) };
        let old = old.expose();
        let part = format.part(old, *document).map_err(|error| self.failed(error))?;
        let seen = SwitchContent { format: *format, text: old.to_owned(), part, object: Value::Null };
        let edited = self.edit(&seen, switch, to).map_err(|error| self.failed(error))?.edited;
        let now = std::fs::read(path).map_err(|error| self.failed(error))?;
        if is_half_written(&now, old.as_bytes(), seen.with(&edited).as_bytes()) {
            overwrite(path, old.as_bytes()).map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    /// What becomes of what was read.
    fn edit(&self, seen: &SwitchContent, switch: &Switch, to: &Secret) -> Result<SwitchEdit, EditError> {
        let (part, key) = (seen.part(), &switch.key);
        let is_object = matches!(self, Self::Object { .. });
        let by = |splice: Splice| SwitchEdit {
            edited: splice.after(),
            kept: serde_json::to_string(&splice).map(Secret::new).expect("three texts and a number are JSON"),
        };
        match switch.change {
            KeyChange::Set => match seen.format.replaced(part, key, to.expose()) {
                Ok((edited, old)) => Ok(SwitchEdit { edited, kept: old.into() }),
                Err(EditError::Not { what: "nothing", .. }) => seen.format.filled(part, key, to.expose()).map(by),
                Err(error) => Err(error),
            },
            KeyChange::Add => {
                let texts = key.len() > 1 && TEXTS.contains(&key[key.len() - 2].as_str());
                let splice = seen.format.added(part, key, to.expose(), is_object && texts)?;
                // An object is another text each time that it is read.
                Ok(if is_object { SwitchEdit { edited: splice.after(), kept: Secret::default() } } else { by(splice) })
            }
            KeyChange::Remove => {
                let old = seen.format.find(part, key)?.range;
                let splice = seen.format.removed(part, key)?;
                Ok(if is_object { SwitchEdit { edited: splice.after(), kept: part[old].into() } } else { by(splice) })
            }
        }
    }

    /// The part that was read with the old value put back.
    fn restored(&self, seen: &SwitchContent, switch: &Switch, to: &Secret, old: &Secret) -> Result<Restored, StepError> {
        let (part, key, old) = (seen.part(), &switch.key, old.expose());
        let splice: Option<Splice> = serde_json::from_str(old).ok();
        let now = match seen.format.find(part, key) {
            Ok(now) => Some(now),
            Err(EditError::Absent { .. } | EditError::Not { what: "nothing", .. }) => None,
            Err(error) => return Err(self.failed(error)),
        };
        let taken_back = |splice: &Splice| splice.taken_back(part).map_or(Restored::Changed, Restored::Text);
        let removed = || seen.format.removed(part, key).map_err(|error| self.failed(error));
        let is_new = now.as_ref().is_some_and(|now| now.value == to.expose());
        Ok(match (switch.change, splice, now) {
            (KeyChange::Set, None, Some(now)) if part[now.range.clone()] == *old => Restored::Already,
            (KeyChange::Set, None, Some(_)) if is_new => {
                Restored::Text(seen.format.restored(part, key, old).map_err(|error| self.failed(error))?)
            }
            (KeyChange::Set, None, None) => return Err(self.failed(EditError::Absent { key: key.join(".") })),
            (KeyChange::Set | KeyChange::Add, _, None) => Restored::Already,
            (KeyChange::Set | KeyChange::Add, Some(splice), Some(_)) if is_new => taken_back(&splice),
            (KeyChange::Add, None, Some(_)) if is_new => Restored::Text(removed()?.after()),
            (KeyChange::Remove, Some(splice), None) => taken_back(&splice),
            (KeyChange::Remove, None, None) => Restored::Text(with_value(part, key, old).ok_or_else(|| self.failed("its map is gone"))?),
            (KeyChange::Remove, None, Some(now)) if part[now.range.clone()] == *old => Restored::Already,
            (KeyChange::Remove, Some(splice), Some(_)) if splice.is_before(&seen.text) || splice.is_before(part) => Restored::Already,
            _ => Restored::Changed,
        })
    }

    fn keep(&self, what: Changed, value: &Secret, context: &Context) -> Result<(), StepError> {
        context.before.keep(&what, value).map_err(|error| StepError::failed(format!("the old value cannot be saved: {error}")))
    }

    async fn read(&self) -> Result<SwitchContent, StepError> {
        match self {
            Self::File { path, format, document, .. } => {
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
            Self::File { in_place: true, .. } if patch == Patch::Dry => Ok(true),
            Self::File { path, .. } if patch == Patch::Dry => {
                let problem = |error| self.failed(format!("a new file cannot be created next to it: {error}"));
                could_replace(path).map_err(problem).map(|()| true)
            }
            Self::File { path, in_place: true, .. } => {
                overwrite(path, seen.with(edited).as_bytes()).map_err(|error| self.failed(error)).map(|()| true)
            }
            Self::File { path, .. } => {
                let replaced = replace(path, seen.with(edited).as_bytes());
                replaced.map(|()| true).map_err(|error| match error.kind() {
                    std::io::ErrorKind::PermissionDenied => Problem::new(format!("{self}: {error}")).hint(IN_PLACE).into(),
                    _ => self.failed(error),
                })
            }
            Self::Object { cluster, object } => {
                let changed = serde_json::from_str(edited).map_err(|error| self.failed(error))?;
                cluster.patch_object(object, &seen.object, &changed, key, to, patch).await.map_err(of_cluster)
            }
        }
    }

    /// A cluster has programs of its own that set values: what was written is read again.
    async fn confirm(&self, switch: &Switch, to: &Secret) -> Result<(), StepError> {
        let Self::Object { .. } = self else { return Ok(()) };
        let seen = self.read().await?;
        let is_so = match (switch.change, seen.format.find(seen.part(), &switch.key)) {
            (KeyChange::Remove, Err(EditError::Absent { .. })) => true,
            (KeyChange::Set | KeyChange::Add, Ok(now)) => now.value == to.expose(),
            _ => false,
        };
        let what = if switch.change == KeyChange::Remove { "taken out" } else { "set" };
        let problem =
            || Problem::new(format!("`{}` of {self} was {what}, and then something else set it to another value", switch.key.join(".")));
        if is_so { Ok(()) } else { Err(StepError::Left(problem())) }
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

/// Maps of Kubernetes whose values are texts, whatever they look like.
const TEXTS: [&str; 5] = ["data", "annotations", "labels", "matchLabels", "nodeSelector"];

/// An object with a value at a path whose map is there.
fn with_value(object: &str, path: &[String], value: &str) -> Option<String> {
    let (last, parent) = path.split_last()?;
    let mut whole: Value = serde_json::from_str(object).ok()?;
    let map = parent.iter().try_fold(&mut whole, |here, key| match here {
        Value::Object(entries) => entries.get_mut(key),
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    })?;
    map.as_object_mut()?.insert(last.clone(), serde_json::from_str(value).ok()?);
    Some(whole.to_string())
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
