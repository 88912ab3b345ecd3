//! A file's bytes changed at once or not at all: a new file beside it, on the disk, then renamed over it.
//!
//! The new file has the old one's permissions; one that was not there can be read by its owner only. A symbolic link stays one. Whoever
//! reads meanwhile sees the old bytes or the new ones.

use super::SecretError;
use super::once::once;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A store is read up to here; a longer file is no store of keys. In bytes.
const LONGEST: u64 = 1 << 20;

/// A file's bytes; `None` where there is no such file.
pub(super) fn bytes(path: &Path, place: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
    let failed = |error: &std::io::Error| SecretError::Refused {
        place: place.to_owned(),
        why: format!("{} cannot be read: {error}", path.display()),
        hint: "give the user that runs Lifeboat the right to read it".to_owned(),
    };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
        // A pipe would be waited for without end.
        Ok(about) if !about.is_file() || about.len() > LONGEST => {
            return Err(SecretError::Malformed {
                place: place.to_owned(),
                problem: format!("{} is not a file of at most 1 MiB", path.display()),
                hint: "name a file that holds keys and little else".to_owned(),
            });
        }
        Ok(_) => {}
    }
    std::fs::read(path).map(|bytes| Some(Zeroizing::new(bytes))).map_err(|error| failed(&error))
}

/// Puts these bytes in its place.
pub(super) fn replace(path: &Path, bytes: &[u8], place: &str) -> Result<(), SecretError> {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(&real);
    let written = write(&real, &beside, bytes);
    if written.is_err() {
        // What was begun holds a secret.
        let _ = std::fs::remove_file(&beside);
    }
    written.map_err(|error| SecretError::Refused {
        place: place.to_owned(),
        why: format!("{} cannot be written: {error}", real.display()),
        hint: "give the user that runs Lifeboat the right to write in its folder".to_owned(),
    })
}

fn write(real: &Path, beside: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mode = std::fs::metadata(real).map_or(0o600, |about| about.permissions().mode() & 0o7777);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(beside, real)?;
    if let Some(folder) = real.parent() {
        // The rename itself has happened; that a file system cannot sync a folder changes nothing about that.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

fn beside(real: &Path) -> PathBuf {
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    real.with_file_name(format!(".{name}.lifeboat-{}-{:016x}", std::process::id(), once()))
}
