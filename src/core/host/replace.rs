//! A file's bytes changed at once or not at all: a new file beside it, on the disk, then renamed over it.
//!
//! Whoever reads meanwhile sees the old bytes or the new ones. After a failure what was there is as it was, and nothing half-written is left:
//! it may hold a secret.

use rustix::buffer::spare_capacity;
use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
use rustix::io::Errno;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// More than a file's attributes may take, in bytes: the kernel's own bound.
const ATTRIBUTES: usize = 1 << 16;

/// Puts bytes in the place of a team's own file, which keeps its owner, its permissions and its attributes, lists of who may access it among them;
/// one that was not there can be read by its owner alone. A symbolic link stays one, and what it leads to is replaced.
///
/// # Errors
/// Those of writing it, also where the new file cannot be given to whom the old one belongs: then nothing was changed. Where only the folder could
/// not be brought onto the disk, there is none, for the file has its new bytes.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let old = match File::open(&real) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    put_like(&real, bytes, old.as_ref())?;
    // That a file system cannot sync a folder changes nothing about the rename, which has happened.
    let _ = sync_folder(&real);
    Ok(())
}

/// Writes bytes into the file itself, whatever else has it open or mounted. Not at once: whoever reads meanwhile may see a part of them, and after
/// a crash the file may hold the beginning of the new bytes and the end of the old ones.
///
/// # Errors
/// Those of writing it.
pub fn overwrite(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}

/// True for what [`overwrite`] leaves where it is interrupted: the beginning of the new text and the rest of the old one.
pub fn is_half_written(now: &[u8], old: &[u8], new: &[u8]) -> bool {
    let same = now.iter().zip(new).take_while(|(now, new)| now == new).count();
    now != old && now != new && old.get(same..).is_some_and(|rest| now[same..] == *rest)
}

/// Whether a file like this one could be put in its place, with its owner and attributes; for a rehearsal, which leaves nothing behind.
///
/// # Errors
/// Why not.
pub fn could_replace(path: &Path) -> Result<()> {
    let beside = beside(path)?;
    let made = write(&beside, b"", Like(&File::open(path)?));
    let _ = std::fs::remove_file(&beside);
    made
}

fn put_like(path: &Path, bytes: &[u8], old: Option<&File>) -> Result<()> {
    match old {
        Some(old) => put_as(path, bytes, Like(old)),
        None => put_as(path, bytes, Mode(0o600)),
    }
}

/// Puts a file with these bytes and this mode there, in place of what stood there.
pub(super) fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    put_as(path, bytes, Mode(mode))
}

/// What a new file is like.
enum NewFile<'a> {
    /// This process's, with this mode.
    Mode(u32),
    /// As another one: of the same owner, mode and attributes.
    Like(&'a File),
}
use NewFile::{Like, Mode};

fn put_as(path: &Path, bytes: &[u8], like: NewFile<'_>) -> Result<()> {
    let beside = beside(path)?;
    let written = write(&beside, bytes, like).and_then(|()| std::fs::rename(&beside, path));
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

fn write(beside: &Path, bytes: &[u8], like: NewFile<'_>) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
    match like {
        Mode(mode) => file.set_permissions(Permissions::from_mode(mode))?,
        Like(old) => {
            let about = old.metadata()?;
            own(&file, &about)?;
            // After the owner, whose change takes bits away.
            file.set_permissions(Permissions::from_mode(about.permissions().mode() & 0o7777))?;
            attributes(old, &file)?;
        }
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Gives a new file to whom the old one belongs.
fn own(new: &File, old: &Metadata) -> Result<()> {
    let about = new.metadata()?;
    if (about.uid(), about.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    fchown(new, Some(old.uid()), Some(old.gid())).map_err(|error| {
        let whose = format!("{}:{}", old.uid(), old.gid());
        Error::new(
            ErrorKind::PermissionDenied,
            format!("it belongs to {whose} (user:group), and a new file cannot be given to them: {error}"),
        )
    })
}

/// Extended attributes, of which lists of who may access a file are some. What the system gives a file by itself (`security.…`) stays its own where it
/// cannot be set.
fn attributes(old: &File, new: &File) -> Result<()> {
    let mut names = Vec::with_capacity(ATTRIBUTES);
    match flistxattr(old, spare_capacity(&mut names)) {
        Ok(_) => {}
        Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = Vec::with_capacity(ATTRIBUTES);
        let kept = fgetxattr(old, name, spare_capacity(&mut value)).and_then(|_| fsetxattr(new, name, &value, XattrFlags::empty()));
        if let Err(error) = kept
            && !name.starts_with(b"security.")
        {
            let name = String::from_utf8_lossy(name);
            let error = Error::from(error);
            return Err(Error::new(error.kind(), format!("a new file cannot have its attribute {name}: {error}")));
        }
    }
    Ok(())
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

    #[test]
    fn a_file_keeps_its_owner_and_its_attributes_or_nothing_is_changed() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        std::fs::write(&file, "old").unwrap();
        let has_attributes = rustix::fs::setxattr(&file, "user.note", b"kept", XattrFlags::empty()).is_ok();
        // Only the superuser gives files away.
        let is_given = std::os::unix::fs::chown(&file, Some(1234), Some(4321)).is_ok();
        could_replace(&file).unwrap();
        replace(&file, b"new").unwrap();
        let about = std::fs::metadata(&file).unwrap();
        assert!(!is_given || (about.uid(), about.gid()) == (1234, 4321));
        let mut value = [0; 8];
        assert!(
            !has_attributes || rustix::fs::getxattr(&file, "user.note", &mut value[..]).is_ok_and(|length| value[..length] == *b"kept")
        );
        assert_eq!((std::fs::read(&file).unwrap(), std::fs::read_dir(place.path()).unwrap().count()), (b"new".to_vec(), 1));
    }

    #[test]
    fn what_is_written_in_place_is_the_same_file_and_a_half_written_one_is_known() {
        let place = tempfile::tempdir().unwrap();
        let (file, other) = (place.path().join("file"), place.path().join("other"));
        std::fs::write(&file, "key: azure\nend\n").unwrap();
        std::fs::hard_link(&file, &other).unwrap();
        overwrite(&file, b"key: x\nend\n").unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), b"key: x\nend\n");
        let half = |now: &str, old: &str, new: &str| is_half_written(now.as_bytes(), old.as_bytes(), new.as_bytes());
        assert!(half("key: bedre\nend\n", "key: azure\nend\n", "key: bedrock\nend\n"));
        assert!(half("key: x\nend\nend\n", "key: azure\nend\n", "key: x\nend\n"), "all is written, and it is not yet cut");
        for now in ["key: azure\nend\n", "key: bedrock\nend\n", "key: bedrock\nend\nmore\n", "key: mine\nend\n", ""] {
            assert!(!half(now, "key: azure\nend\n", "key: bedrock\nend\n"), "{now}");
        }
    }
}
