//! Files and folders that only their owner can read: modes 0600 and 0700, whatever the umask says.
//!
//! A history tells which keys a team has and where they are kept, and the output of programs may hold more than anybody thought of. No file is
//! opened through a symbolic link, which somebody may have put there to have another file overwritten.
//!
//! What this file does not do: change what stands in a folder that it did not make, or change who owns anything.

use rustix::fs::OFlags;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Of files.
const FILE: u32 = 0o600;
/// Of folders.
const FOLDER: u32 = 0o700;

/// Opens a file with these options; one that was there is its owner's alone from now on.
///
/// # Errors
/// Those of opening it; a symbolic link is one.
pub fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).map_err(Error::other)?;
    let file = options.mode(FILE).custom_flags(flags).open(path)?;
    // What is no file (`/dev/full`) is somebody else's, and keeps its mode.
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(FILE))?;
    }
    Ok(file)
}

/// Opens a new file for writing, or an old one that is emptied.
///
/// # Errors
/// See [`open`].
pub fn create(path: &Path) -> Result<File> {
    open(path, File::options().write(true).create(true).truncate(true))
}

/// Opens a new file for appending; one that is there is an error.
///
/// # Errors
/// See [`open`].
pub fn create_new(path: &Path) -> Result<File> {
    open(path, File::options().append(true).create_new(true))
}

/// Puts a file with these bytes there, whole or not at all: on the disk first, then in the place of what stood there. After a failure what
/// was there is as it was, and nothing half-written is left.
///
/// # Errors
/// Those of writing it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    });
    if written.is_err() {
        // It may hold a part of what could not be written.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// Makes a folder that is there already if it has to be, with those above it. One that was there and is empty is its owner's alone from
/// now on; one that holds something keeps its mode.
///
/// # Errors
/// Those of making it.
pub fn folder(path: &Path) -> Result<()> {
    let mut missing: Vec<PathBuf> = path.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    missing.retain(|folder| !folder.as_os_str().is_empty());
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)?;
    for made in &missing {
        std::fs::set_permissions(made, Permissions::from_mode(FOLDER))?;
    }
    if missing.is_empty() && std::fs::read_dir(path)?.next().is_none() && is_ours(path)? {
        std::fs::set_permissions(path, Permissions::from_mode(FOLDER))?;
    }
    Ok(())
}

/// Makes a folder that is not there.
///
/// # Errors
/// Those of making it.
pub fn new_folder(path: &Path) -> Result<()> {
    DirBuilder::new().mode(FOLDER).create(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(FOLDER))
}

fn is_ours(path: &Path) -> Result<bool> {
    Ok(path.symlink_metadata()?.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn files_and_folders_are_their_owners_alone() {
        let place = tempfile::tempdir().unwrap();
        let deep = place.path().join("drills/one");
        folder(&deep).unwrap();
        assert_eq!([mode(&deep), mode(deep.parent().unwrap())], [FOLDER, FOLDER]);
        std::fs::set_permissions(&deep, Permissions::from_mode(0o755)).unwrap();
        folder(&deep).unwrap();
        assert_eq!(mode(&deep), FOLDER, "an empty one that was there");
        let file = deep.join("a");
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        drop(create(&file).unwrap());
        assert_eq!((mode(&file), std::fs::read(&file).unwrap()), (FILE, Vec::new()));
        assert_eq!(create_new(&file).unwrap_err().kind(), ErrorKind::AlreadyExists);
        std::fs::set_permissions(&deep, Permissions::from_mode(0o755)).unwrap();
        folder(&deep).unwrap();
        assert_eq!(mode(&deep), 0o755, "one that holds something keeps its mode");
        new_folder(&deep.join("two")).unwrap();
        assert_eq!(mode(&deep.join("two")), FOLDER);
    }

    #[test]
    fn no_link_is_followed() {
        let place = tempfile::tempdir().unwrap();
        let (theirs, link) = (place.path().join("theirs"), place.path().join("link"));
        std::fs::write(&theirs, "theirs").unwrap();
        std::os::unix::fs::symlink(&theirs, &link).unwrap();
        assert!(create(&link).is_err() && create_new(&link).is_err());
        write(&link, b"ours").unwrap();
        assert_eq!((std::fs::read(&theirs).unwrap(), std::fs::read(&link).unwrap()), (b"theirs".to_vec(), b"ours".to_vec()));
        assert_eq!(mode(&link), FILE);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let taken = place.path().join("taken");
        std::fs::create_dir(&taken).unwrap();
        std::fs::write(taken.join("x"), "").unwrap();
        assert!(write(&taken, b"a key").is_err());
        let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["taken"]);
    }
}
