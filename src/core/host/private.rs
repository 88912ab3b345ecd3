//! Files and folders that only their owner can read: modes 0600 and 0700, whatever the umask says.
//!
//! A history tells which keys a team has and where they are kept, and the output of programs may hold more than anybody thought of. No file is
//! opened through a symbolic link, which somebody may have put there to have another file overwritten: whoever may write in a folder above
//! (`/tmp`) could.
//!
//! What this file does not do: change what stands in a folder that it did not make, or change who owns anything.

use super::replace::{folder_of, put, sync_folder};
use rustix::fs::OFlags;
use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Of files.
const FILE: u32 = 0o600;
/// Of folders.
const FOLDER: u32 = 0o700;
/// The bits of a mode by which somebody else may write.
const OTHERS_WRITE: u32 = 0o022;

/// Opens a file with these options; one that was there is its owner's alone from now on.
///
/// # Errors
/// Those of opening it; a symbolic link is one, and so is what is no file: a pipe would have the caller wait for its other end.
pub fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = options.mode(FILE).custom_flags(flags).open(path).map_err(|error| if is_link(path) { a_link(path) } else { error })?;
    if !file.metadata()?.is_file() {
        return Err(Error::other(format!("{} is not a file", path.display())));
    }
    file.set_permissions(Permissions::from_mode(FILE))?;
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

/// Opens a file for reading that nobody but this user can have written: a regular file of theirs, in a folder of theirs, and both closed to
/// what others write. For what is done in this user's name because a file says so.
///
/// # Errors
/// Those of opening it; what others may write is [`ErrorKind::PermissionDenied`].
pub fn open_own(path: &Path) -> Result<File> {
    own_folder(folder_of(path))?;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = File::options().read(true).custom_flags(flags).open(path);
    let file = opened.map_err(|error| if is_link(path) { a_link(path) } else { error })?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(Error::other(format!("{} is not a file", path.display())));
    }
    own(path, &about)?;
    Ok(file)
}

/// What stands in such a file.
///
/// # Errors
/// See [`open_own`].
pub fn read_own(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_own(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Sees that nobody but this user can have put anything into a folder.
///
/// # Errors
/// Those of looking at it; see [`open_own`].
pub fn own_folder(path: &Path) -> Result<()> {
    let about = path.symlink_metadata()?;
    if about.is_symlink() {
        return Err(a_link(path));
    }
    if !about.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    own(path, &about)
}

fn own(path: &Path, about: &Metadata) -> Result<()> {
    let denied = |why: String| Err(Error::new(ErrorKind::PermissionDenied, format!("{} {why}", path.display())));
    if about.uid() != rustix::process::geteuid().as_raw() {
        return denied(format!("belongs to another user (number {})", about.uid()));
    }
    if about.mode() & OTHERS_WRITE != 0 {
        return denied("can be written by others".to_owned());
    }
    Ok(())
}

/// Puts a file with these bytes there, whole or not at all: on the disk first, then in the place of what stood there, and that onto the disk
/// as well. After a failure what was there is as it was, or, where only the last of this failed, what is new is whole; nothing half-written
/// is left.
///
/// # Errors
/// Those of writing it; a symbolic link in its place is one.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if is_link(path) {
        return Err(a_link(path));
    }
    put(path, bytes, FILE)?;
    sync_folder(path)
}

/// Makes a folder that is there already if it has to be, with those above it. One that was there and is empty is its owner's alone from
/// now on; one that holds something keeps its mode.
///
/// # Errors
/// Those of making it. A symbolic link is one, and so is a folder that lies behind one which neither this user nor root has made.
pub fn folder(path: &Path) -> Result<()> {
    no_strange_links(path)?;
    if is_link(path) {
        return Err(a_link(path));
    }
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

/// Sees that nothing in a folder is a link: a run that is about to begin in it writes files there.
///
/// # Errors
/// The first link, or that of reading the folder.
pub fn without_links(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if is_link(&path) {
            return Err(a_link(&path));
        }
    }
    Ok(())
}

/// Links above a path may be there (`/tmp` is one on some systems), but only those of this user and of root.
fn no_strange_links(path: &Path) -> Result<()> {
    let own = rustix::process::geteuid().as_raw();
    for above in std::path::absolute(path)?.ancestors() {
        if above.symlink_metadata().is_ok_and(|there| there.is_symlink() && there.uid() != own && there.uid() != 0) {
            return Err(Error::other(format!("{} is a symbolic link made by another user", above.display())));
        }
    }
    Ok(())
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|there| there.is_symlink())
}

fn a_link(path: &Path) -> Error {
    Error::other(format!("{} is a symbolic link, and Lifeboat does not write through one", path.display()))
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
        for refused in [create(&link), create_new(&link), open(&link, File::options().read(true).append(true))] {
            assert!(refused.unwrap_err().to_string().contains("link is a symbolic link"));
        }
        assert!(without_links(place.path()).unwrap_err().to_string().contains("is a symbolic link"));
        assert!(folder(&link).unwrap_err().to_string().contains("is a symbolic link"));
        assert!(write(&link, b"ours").unwrap_err().to_string().contains("is a symbolic link"));
        assert_eq!(std::fs::read(&theirs).unwrap(), b"theirs");
    }

    #[test]
    fn a_link_of_another_user_leads_nowhere() {
        let place = tempfile::tempdir().unwrap();
        let (real, link) = (place.path().join("real"), place.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        folder(&link.join("own")).unwrap();
        // Only root can imitate another user; the pipeline is root.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::lchown(&link, Some(65_534), None).unwrap();
            assert!(folder(&link.join("theirs")).unwrap_err().to_string().contains("another user"));
            assert!(!real.join("theirs").exists());
        }
    }

    #[test]
    fn only_what_nobody_else_can_have_written_is_ones_own() {
        let place = tempfile::tempdir().unwrap();
        let (inner, file) = (place.path().join("inner"), place.path().join("inner/file"));
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(&file, "mine").unwrap();
        assert_eq!(read_own(&file).unwrap(), b"mine");
        for path in [&inner, &file] {
            for open in [0o020, 0o002] {
                std::fs::set_permissions(path, Permissions::from_mode(0o700 | open)).unwrap();
                assert_eq!(read_own(&file).unwrap_err().kind(), ErrorKind::PermissionDenied, "{path:?} {open:o}");
            }
            std::fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
            // Only root can imitate another user; the pipeline is root.
            if rustix::process::geteuid().is_root() {
                std::os::unix::fs::chown(path, Some(65_534), None).unwrap();
                assert!(read_own(&file).unwrap_err().to_string().contains("belongs to another user"), "{path:?}");
                std::os::unix::fs::chown(path, Some(0), None).unwrap();
            }
        }
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&inner, &link).unwrap();
        assert!(read_own(&link.join("file")).unwrap_err().to_string().contains("is a symbolic link"));
        std::os::unix::fs::symlink(&file, inner.join("link")).unwrap();
        assert!(read_own(&inner.join("link")).unwrap_err().to_string().contains("is a symbolic link"));
        rustix::fs::mknodat(rustix::fs::CWD, inner.join("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        assert!(read_own(&inner.join("pipe")).unwrap_err().to_string().ends_with("is not a file"));
        assert_eq!(read_own(&inner.join("none")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let place = tempfile::tempdir().unwrap();
        let pipe = place.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        let error = open(&pipe, File::options().read(true)).unwrap_err();
        assert!(error.to_string().ends_with("is not a file"), "{error}");
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
