//! What stands in a run's folder, told without following a link, without waiting for a pipe, and within bounds; and the hashes of what are files.
//!
//! What this file does not do: know which of it belongs there, or write anything.

use crate::units::RunningHash;
use rustix::fs::OFlags;
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// So many entries of a folder are looked at.
pub(super) const ENTRIES: usize = 20_000;
/// So deep: `inputs/` holds a project's files by their paths.
const DEPTH: usize = 32;

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListedKind {
    /// A file of this many bytes.
    File(u64),
    /// A folder; in a listing one with nothing in it.
    Folder,
    /// A symbolic link, which nobody follows.
    Link,
    /// A pipe, a socket, a device.
    Other,
    /// A folder that cannot be read, or that is deeper than any.
    Closed,
}

impl ListedKind {
    /// In words, with an article.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::File(_) => "a file",
            Self::Folder => "a folder",
            Self::Link => "a link (not followed)",
            Self::Other => "a pipe, a socket or a device",
            Self::Closed => "a folder that cannot be read",
        }
    }
}

/// What stands in a folder and in those below it, by its path from there, with `/` between.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) entries: BTreeMap<String, ListedKind>,
    /// Whether there is more than is looked at.
    pub(super) is_cut: bool,
}

impl Listing {
    /// All of it, but for folders of these names in the folder itself.
    ///
    /// # Errors
    /// Where the folder itself cannot be read.
    pub(super) fn of(folder: &Path, but: &dyn Fn(&str) -> bool) -> std::io::Result<Self> {
        let mut listing = Self::default();
        listing.add(folder, "", 0, but)?;
        Ok(listing)
    }

    fn add(&mut self, folder: &Path, prefix: &str, depth: usize, but: &dyn Fn(&str) -> bool) -> std::io::Result<usize> {
        let mut count = 0;
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            count += 1;
            if self.entries.len() >= ENTRIES {
                self.is_cut = true;
                return Ok(count);
            }
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let about = entry.path().symlink_metadata();
            let kind = about.as_ref().map_or(ListedKind::Closed, kind_of);
            let is_folder = about.is_ok_and(|about| about.is_dir());
            if !is_folder {
                self.entries.insert(name, kind);
            } else if prefix.is_empty() && but(&name) {
                // What stands in it is told by whoever asked to leave it out.
            } else if depth == DEPTH {
                self.entries.insert(name, ListedKind::Closed);
            } else {
                match self.add(&entry.path(), &format!("{name}/"), depth + 1, but) {
                    Ok(0) => drop(self.entries.insert(name, ListedKind::Folder)),
                    Ok(_) => {}
                    Err(_) => drop(self.entries.insert(name, ListedKind::Closed)),
                }
            }
        }
        Ok(count)
    }
}

fn kind_of(about: &Metadata) -> ListedKind {
    match about {
        about if about.is_symlink() => ListedKind::Link,
        about if about.is_file() => ListedKind::File(about.len()),
        about if about.is_dir() => ListedKind::Folder,
        _ => ListedKind::Other,
    }
}

/// What stands at this path below a folder; `None` where nothing does. A link on the way there is told as one.
pub(super) fn entry(folder: &Path, name: &str) -> Option<ListedKind> {
    let mut path = folder.to_owned();
    let mut kind = None;
    for part in name.split('/') {
        path.push(part);
        let about = path.symlink_metadata().ok()?;
        kind = Some(kind_of(&about));
        if !about.is_dir() && path != folder.join(name) {
            return if about.is_symlink() { Some(ListedKind::Link) } else { None };
        }
    }
    kind
}

/// Opens a file to read it, and neither follows a link nor waits for a pipe.
pub(super) fn open(path: &Path) -> std::io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(Error::other("it is not a file")) }
}

/// What stands in a file of at most so many bytes.
pub(super) fn bytes_of(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(Error::new(ErrorKind::FileTooLarge, format!("it is larger than {most} bytes"))) } else { Ok(bytes) }
}

/// The SHA-256 of a file, and how many bytes it has; of any size, for it is read piece by piece.
pub(super) fn hash_of(path: &Path) -> std::io::Result<(String, u64)> {
    hash_through(open(path)?)
}

/// The same of what is still to be read of something.
pub(super) fn hash_through(mut file: impl Read) -> std::io::Result<(String, u64)> {
    let (mut hash, mut bytes, mut piece) = (RunningHash::default(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((hash.hex(), bytes)),
            count => {
                hash.add(&piece[..count]);
                bytes += count as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_told_without_following_anything() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        std::fs::create_dir_all(path("a/b")).unwrap();
        std::fs::create_dir(path("left-out")).unwrap();
        std::fs::write(path("left-out/x"), "").unwrap();
        std::fs::write(path("a/file"), "abc").unwrap();
        std::os::unix::fs::symlink("/", path("link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        let listing = Listing::of(place.path(), &|name| name == "left-out").unwrap();
        let told: Vec<(&str, ListedKind)> = listing.entries.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
        assert_eq!(
            told,
            [("a/b", ListedKind::Folder), ("a/file", ListedKind::File(3)), ("link", ListedKind::Link), ("pipe", ListedKind::Other)]
        );
        assert!(hash_of(&path("link")).is_err() && hash_of(&path("pipe")).is_err());
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
        assert_eq!(hash_of(&path("a/file")).unwrap(), (abc, 3));
    }

    #[test]
    fn of_a_hundred_thousand_files_the_first_are_told() {
        let place = tempfile::tempdir().unwrap();
        for number in 0..ENTRIES + 5 {
            File::create(place.path().join(number.to_string())).unwrap();
        }
        let listing = Listing::of(place.path(), &|_| false).unwrap();
        assert!(listing.is_cut && listing.entries.len() == ENTRIES);
    }
}
