//! Files and folders that only their owner can read: modes 0600 and 0700, whatever the umask says.
//!
//! A history tells which keys a team has and where they are kept, and the output of programs may hold more than anybody thought of. Whoever
//! may write in a folder above (`/tmp`) may have put a link where a file is about to be, so nothing is read or written through one. What is
//! written at once is written beside its place and renamed into it: a full disk leaves the old file or none, never half a one.
//!
//! What this file does not do: change what stands in a folder that it did not make, or change who owns anything.

use rustix::fs::OFlags;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Of files.
const FILE: u32 = 0o600;
/// Of folders.
const FOLDER: u32 = 0o700;
const LINK: &str = "is a link, and a run's files are not written through one";

/// Opens a file with these options; one that was there is its owner's alone from now on.
///
/// # Errors
/// Those of opening it. A link is one, and so is what is no file: a pipe would have the caller wait for its other end.
pub fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = options.mode(FILE).custom_flags(flags).open(path);
    let file = opened.map_err(|error| if is_link(path) { refused(path, LINK) } else { error })?;
    if !file.metadata()?.is_file() {
        return Err(refused(path, "is not a file"));
    }
    file.set_permissions(Permissions::from_mode(FILE))?;
    Ok(file)
}

/// Makes a file that is not there yet, to be appended to.
///
/// # Errors
/// Where it is there, even as a link that leads nowhere, or cannot be made.
pub fn create_new(path: &Path) -> Result<File> {
    open(path, File::options().append(true).create_new(true))
}

/// Puts a file with these bytes there, whole or not at all: on the disk first, then in the place of what stood there. After a failure what
/// was there is as it was, and nothing half-written is left.
///
/// # Errors
/// Where a link is in its place, or it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if is_link(path) {
        return Err(refused(path, LINK));
    }
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
    // One of this name that a process which was killed has left is in nobody's way for long: the count goes on.
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let beside = path.with_file_name(format!(".{name}.{process}-{count}"));
    let mut file = match create_new(&beside) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(&beside)?;
            create_new(&beside)?
        }
        made => made?,
    };
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // It may hold a part of what could not be written; where even that fails, the error that is told is the one that matters.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// Makes a folder that is there already if it has to be, with those above it. One that was there and is empty is its owner's alone from
/// now on; one that holds something keeps its mode.
///
/// # Errors
/// Where it cannot be made, is a link, or lies behind a link that neither this user nor root has made.
pub fn folder(path: &Path) -> Result<()> {
    no_strange_links(path)?;
    let mut missing: Vec<PathBuf> = path.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    missing.retain(|folder| !folder.as_os_str().is_empty());
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)?;
    if is_link(path) {
        return Err(refused(path, LINK));
    }
    for made in &missing {
        std::fs::set_permissions(made, Permissions::from_mode(FOLDER))?;
    }
    if missing.is_empty() && std::fs::read_dir(path)?.next().is_none() && is_ours(path)? {
        std::fs::set_permissions(path, Permissions::from_mode(FOLDER))?;
    }
    Ok(())
}

/// Makes a folder that is not there yet.
///
/// # Errors
/// Where it is there, whatever it is, or cannot be made.
pub fn new_folder(path: &Path) -> Result<()> {
    DirBuilder::new().mode(FOLDER).create(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(FOLDER))
}

fn is_ours(path: &Path) -> Result<bool> {
    Ok(path.symlink_metadata()?.uid() == rustix::process::geteuid().as_raw())
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|there| there.is_symlink())
}

/// Links above a path may be there (`/tmp` is one on some systems), but only those of this user and of root.
fn no_strange_links(path: &Path) -> Result<()> {
    let own = rustix::process::geteuid().as_raw();
    for above in std::path::absolute(path)?.ancestors() {
        if above.symlink_metadata().is_ok_and(|there| there.is_symlink() && there.uid() != own && there.uid() != 0) {
            return Err(refused(above, "is a link that another user has made"));
        }
    }
    Ok(())
}

fn refused(path: &Path, why: &str) -> Error {
    Error::other(format!("{} {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{lchown, symlink};

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
        drop(open(&file, File::options().append(true)).unwrap());
        assert_eq!((mode(&file), std::fs::read(&file).unwrap()), (FILE, b"old".to_vec()));
        assert_eq!(create_new(&file).unwrap_err().kind(), ErrorKind::AlreadyExists);
        write(&file, b"new").unwrap();
        assert_eq!((mode(&file), std::fs::read(&file).unwrap()), (FILE, b"new".to_vec()));
        std::fs::set_permissions(&deep, Permissions::from_mode(0o755)).unwrap();
        folder(&deep).unwrap();
        assert_eq!(mode(&deep), 0o755, "one that holds something keeps its mode");
        new_folder(&deep.join("two")).unwrap();
        assert_eq!(mode(&deep.join("two")), FOLDER);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, link, run) = (dir.path().join("victim"), dir.path().join("link"), dir.path().join("run"));
        std::fs::create_dir(&victim).unwrap();
        std::fs::write(victim.join("precious"), "as it was").unwrap();
        symlink(&victim, &link).unwrap();
        assert!(folder(&link).unwrap_err().to_string().contains("is a link"));
        folder(&run).unwrap();
        for (name, target) in [("planted", victim.join("precious")), ("dangling", victim.join("new"))] {
            let at = run.join(name);
            symlink(&target, &at).unwrap();
            let again = || open(&at, File::options().read(true).append(true));
            for error in [again().unwrap_err(), write(&at, b"x").unwrap_err(), create_new(&at).unwrap_err()] {
                assert!(error.to_string().contains("is a link"), "{name}: {error}");
            }
        }
        assert_eq!(std::fs::read_to_string(victim.join("precious")).unwrap(), "as it was");
        assert!(!victim.join("new").exists());
    }

    #[test]
    fn a_link_of_another_user_leads_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink(dir.path(), &link).unwrap();
        folder(&link.join("own")).unwrap();
        // Only root can imitate another user; the pipeline is root.
        if rustix::process::geteuid().is_root() {
            lchown(&link, Some(65_534), None).unwrap();
            assert!(folder(&link.join("theirs")).unwrap_err().to_string().contains("another user"));
        }
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
