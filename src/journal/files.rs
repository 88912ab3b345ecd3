//! Files that a run leaves: for their owner alone, never written through a link that somebody else put there, and whole or not there.
//!
//! Folders are made 0700 and files 0600. Whoever may write in a folder above (`/tmp`) may have put a link where a file is about to be: so
//! every file is made anew, and one that is there is an error. What is written at once is written beside its place and renamed into it: a
//! disk that is full leaves the old file or none, and never half a one.

use rustix::fs::OFlags;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

const LINK: &str = "is a link, and a run's files are not written through one";

/// Makes a folder and those above it where they are missing, and sees that no stranger's link leads there.
///
/// # Errors
/// Where it cannot be made, is a link, or lies behind a link that neither this user nor root has made.
pub fn folder(path: &Path) -> Result<()> {
    no_strange_links(path)?;
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if path.symlink_metadata()?.is_symlink() {
        return Err(refused(path, LINK));
    }
    Ok(())
}

/// Makes a folder that is not there yet.
///
/// # Errors
/// Where it is there, whatever it is, or cannot be made.
pub fn new_folder(path: &Path) -> Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Makes a file that is not there yet, to be appended to.
///
/// # Errors
/// Where it is there, even as a link that leads nowhere, or cannot be made.
pub fn fresh(path: &Path) -> Result<File> {
    match OpenOptions::new().append(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && is_link(path) => Err(refused(path, LINK)),
        opened => opened,
    }
}

/// Opens a file that this program made, to read it and to append to it.
///
/// # Errors
/// Where it is a link or no file, or cannot be opened.
pub fn again(path: &Path) -> Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .custom_flags(flags)
        .open(path)
        .map_err(|error| if is_link(path) { refused(path, LINK) } else { error })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused(path, "is not a file")) }
}

/// Writes a whole file, in the place of one that may be there.
///
/// # Errors
/// Where a link is in its place, or it cannot be written; what was there is then as it was.
pub fn whole(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    if is_link(path) {
        return Err(refused(path, LINK));
    }
    let name = path.file_name().ok_or_else(|| refused(path, "is not a file's name"))?;
    let beside = path.with_file_name(format!(".{}.{:032x}", name.to_string_lossy(), u128::from_le_bytes(super::random()?)));
    let written = write(&beside, bytes.as_ref()).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // What was begun is nobody's; where even that fails, the error that is told is the one that matters.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn write(beside: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = fresh(beside)?;
    file.write_all(bytes)?;
    file.sync_all()
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
    use std::os::unix::fs::{PermissionsExt, lchown, symlink};

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        folder(&deep).unwrap();
        folder(&deep).unwrap();
        fresh(&deep.join("log")).unwrap();
        whole(&deep.join("report.md"), "one").unwrap();
        whole(&deep.join("report.md"), "two").unwrap();
        assert_eq!(std::fs::read_to_string(deep.join("report.md")).unwrap(), "two");
        assert_eq!(
            [mode(&dir.path().join("a")), mode(&deep), mode(&deep.join("log")), mode(&deep.join("report.md"))],
            [0o700, 0o700, 0o600, 0o600]
        );
        let left: Vec<_> = std::fs::read_dir(&deep).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
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
            symlink(&target, run.join(name)).unwrap();
            for refused in
                [fresh(&run.join(name)).unwrap_err(), again(&run.join(name)).unwrap_err(), whole(&run.join(name), "x").unwrap_err()]
            {
                assert!(refused.to_string().contains("is a link"), "{name}: {refused}");
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
}
