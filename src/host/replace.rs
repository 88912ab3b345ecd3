//! A file's bytes changed at once or not at all: a new file beside it, on the disk, then renamed over it.
//!
//! Whoever reads meanwhile sees the old bytes or the new ones. After a failure what was there is as it was, and nothing half-written is left:
//! it may hold a secret.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Puts bytes in the place of a team's own file, which keeps its permissions; one that was not there can be read by its owner alone. A symbolic
/// link stays one, and what it leads to is replaced.
///
/// # Errors
/// Those of writing it; where only the folder could not be brought onto the disk, there is none, for the file has its new bytes.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = std::fs::metadata(&real).map_or(0o600, |about| about.permissions().mode() & 0o7777);
    put(&real, bytes, mode)?;
    // That a file system cannot sync a folder changes nothing about the rename, which has happened.
    let _ = sync_folder(&real);
    Ok(())
}

/// Puts a file with these bytes and this mode there, in place of what stood there.
pub(super) fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let beside = beside(path)?;
    let written = write(&beside, bytes, mode).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// Brings the name of a file onto the disk.
pub(super) fn sync_folder(path: &Path) -> Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// The folder that something stands in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write(beside: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name beside it that nobody knows beforehand, who could have a file of their own there.
fn beside(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
    let mut random = [0; 16];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    Ok(path.with_file_name(format!(".{name}.lifeboat-{:032x}", u128::from_le_bytes(random))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_mode_a_link_stays_one_and_a_new_file_is_its_owners() {
        let place = tempfile::tempdir().unwrap();
        let (real, link) = (place.path().join("real"), place.path().join("link"));
        std::fs::write(&real, "old").unwrap();
        std::fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        replace(&link, b"new").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((std::fs::read(&real).unwrap(), mode(&real), link.is_symlink()), (b"new".to_vec(), 0o640, true));
        replace(&place.path().join("absent"), b"made").unwrap();
        assert_eq!(mode(&place.path().join("absent")), 0o600);
        assert!(replace(&place.path().join("no/such"), b"x").is_err());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 3, "nothing is left beside them");
    }
}
