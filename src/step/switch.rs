//! `switch`: one value of a YAML, JSON, TOML or `.env` file is replaced, all at once or not at all, and can be put back exactly.
//!
//! The new text goes into a file beside the old one, onto the disk, and takes its name; permissions stay, and where the name is a link the
//! link stays as well. The bytes of the old value are kept before anything is changed, in a file that only its owner may read: they may be
//! a secret, so they stand in no history.

use super::{Context, Output, StepError};
use crate::model::Switch;
use crate::spec::Format;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Old values, by the place of the step that replaced them: in a folder, so that they survive a crash, or in memory.
#[derive(Debug, Clone, Default)]
pub struct Before {
    folder: Option<PathBuf>,
    memory: Arc<Mutex<BTreeMap<usize, String>>>,
}

impl Before {
    /// Kept in a folder.
    pub fn within(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), memory: Arc::default() }
    }

    fn file(&self, place: usize) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(format!("before-step-{}", place + 1)))
    }

    /// The first value counts: a step that is repeated finds its own.
    fn keep(&self, place: usize, bytes: &str) -> std::io::Result<()> {
        if self.get(place).is_some() {
            return Ok(());
        }
        if let Some(path) = self.file(place) {
            replace(&path, bytes, None)?;
        }
        self.memory.lock().expect("nothing panics while it holds it").insert(place, bytes.to_owned());
        Ok(())
    }

    fn get(&self, place: usize) -> Option<String> {
        let kept = self.memory.lock().expect("nothing panics while it holds it").get(&place).cloned();
        kept.or_else(|| std::fs::read_to_string(self.file(place)?).ok())
    }
}

/// Puts the new value in.
pub(super) fn switch(switch: &Switch, place: usize, context: &Context) -> Result<Output, StepError> {
    let (path, format, key, to) = target(switch, context)?;
    let text = read(&path)?;
    let (edited, old) = format.replaced(&text, &key, &to).map_err(|error| failed(&path, error))?;
    context.before.keep(place, &old).map_err(|error| StepError::Failed(format!("the old value cannot be kept: {error}")))?;
    replace(&path, &edited, Some(&path)).map_err(|error| failed(&path, error))?;
    Ok(Output { shown: format!("`{}` of {} is `{to}` now", key.join("."), path.display()), value: to.into() })
}

/// Puts the old value back, unless somebody else has changed it meanwhile.
pub(super) fn back(switch: &Switch, place: usize, context: &Context) -> Result<Output, StepError> {
    let (path, format, key, to) = target(switch, context)?;
    let text = read(&path)?;
    let Some(old) = context.before.get(place) else {
        // It is kept before anything is changed, so nothing was.
        return Ok(Output::of(format!("{} was not changed", path.display())));
    };
    let now = format.find(&text, &key).map_err(|error| failed(&path, error))?;
    if text[now.range.clone()] == old {
        return Ok(Output::of(format!("`{}` of {} is what it was", key.join("."), path.display())));
    }
    if now.value != to {
        return Err(StepError::Failed(format!(
            "somebody else has changed `{}` of {} meanwhile; it was left so",
            key.join("."),
            path.display()
        )));
    }
    let restored = format.restored(&text, &key, &old).map_err(|error| failed(&path, error))?;
    replace(&path, &restored, Some(&path)).map_err(|error| failed(&path, error))?;
    Ok(Output::of(format!("`{}` of {} is what it was", key.join("."), path.display())))
}

/// Whether the value could be replaced; for a rehearsal.
///
/// # Errors
/// Why not.
pub fn can_switch(switch: &Switch, context: &Context) -> Result<(), StepError> {
    let (path, format, key, to) = target(switch, context)?;
    format.replaced(&read(&path)?, &key, &to).map_err(|error| failed(&path, error))?;
    let writable = |path: &Path| rustix::fs::access(path, rustix::fs::Access::WRITE_OK).map_err(std::io::Error::from);
    path.parent().map_or(Ok(()), writable).map_err(|error| failed(&path, format!("a new file cannot be made beside it: {error}")))
}

fn target(switch: &Switch, context: &Context) -> Result<(PathBuf, Format, Vec<String>, String), StepError> {
    let named = context.folder.join(context.expand(&switch.file)?);
    let path = named.canonicalize().map_err(|error| failed(&named, error))?;
    let format = Format::of(&named).or_else(|| Format::of(&path));
    let format = format.ok_or_else(|| failed(&named, "only .yaml, .yml, .json, .toml and .env files can be switched"))?;
    Ok((path, format, switch.key.clone(), context.expand(&switch.to)?))
}

fn read(path: &Path) -> Result<String, StepError> {
    std::fs::read_to_string(path).map_err(|error| failed(path, error))
}

fn failed(path: &Path, problem: impl std::fmt::Display) -> StepError {
    StepError::Failed(format!("{}: {problem}", path.display()))
}

/// Writes a file beside the one that is meant, onto the disk, and gives it its name. With the permissions of `like`, or only for its owner.
fn replace(path: &Path, text: &str, like: Option<&Path>) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.lifeboat-{}", std::process::id()));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        if let Some(like) = like {
            file.set_permissions(std::fs::metadata(like)?.permissions())?;
        }
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}
