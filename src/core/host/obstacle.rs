//! Why a file should not have another put in its place: whoever reads it by another way would keep the old one, or its owner meant it to stay.
//!
//! | what | how it is seen |
//! |---|---|
//! | it has several names | its number of hard links |
//! | it is mounted by itself, here or in a container | the kernel's tables of mounts, of every process that may be looked at |
//! | nobody may write it | its mode, its attributes, its file system |

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{Metadata, read_link, read_to_string};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The bits of a mode by which anybody may write.
const ANYBODY_WRITES: u32 = 0o222;

/// Why a file should not be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Nobody may write it; what the system says.
    ReadOnly(String),
    /// It has this many names.
    HardLinks(u64),
    /// It is mounted by itself at this place.
    Mounted(PathBuf),
}

impl Obstacle {
    /// True where it does not matter for whoever writes into the file itself.
    pub const fn is_none_in_place(&self) -> bool {
        match self {
            Self::ReadOnly(_) => false,
            Self::HardLinks(_) | Self::Mounted(_) => true,
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadOnly(why) => write!(f, "it is read-only ({why}), so it was left as it is"),
            Self::HardLinks(names) => {
                write!(f, "it has {names} names (hard links), and a new file would have one: the others would keep the old text")
            }
            Self::Mounted(place) => write!(
                f,
                "it is mounted by itself at {}, so what reads it there, a container for example, would keep the old text",
                place.display()
            ),
        }
    }
}

/// What stands against another file in the place of this one, which is no link; `None` also where there is no such file.
pub fn obstacle(path: &Path) -> Option<Obstacle> {
    let about = std::fs::symlink_metadata(path).ok()?;
    if let Some(why) = read_only(path, &about) {
        return Some(Obstacle::ReadOnly(why));
    }
    if about.nlink() > 1 {
        return Some(Obstacle::HardLinks(about.nlink()));
    }
    mounted(path).map(Obstacle::Mounted)
}

/// The superuser may write a file that its owner has made read-only; that is not what the owner meant.
fn read_only(path: &Path, about: &Metadata) -> Option<String> {
    match rustix::fs::access(path, rustix::fs::Access::WRITE_OK).map_err(|error| std::io::Error::from(error).kind()) {
        Err(ErrorKind::ReadOnlyFilesystem) => Some("its file system is".into()),
        Err(_) if about.mode() & ANYBODY_WRITES != 0 => {
            Some(format!("this user may not write it: its mode is {:04o}", about.mode() & 0o7777))
        }
        Err(_) => Some(format!("its mode is {:04o}", about.mode() & 0o7777)),
        Ok(()) => (about.mode() & ANYBODY_WRITES == 0).then(|| format!("its mode is {:04o}", about.mode() & 0o7777)),
    }
}

/// One line of a table of mounts: proc(5), `/proc/pid/mountinfo`.
struct Mount {
    device: String,
    /// What of its file system is mounted.
    root: PathBuf,
    place: PathBuf,
}

impl Mount {
    fn all(table: &str) -> Vec<Self> {
        let parse = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let [_, _, device, root, place, ..] = words[..] else { return None };
            Some(Self { device: device.to_owned(), root: unescaped(root), place: unescaped(place) })
        };
        table.lines().filter_map(parse).collect()
    }
}

/// Where a file is mounted by itself, in this process's view or in another's.
fn mounted(path: &Path) -> Option<PathBuf> {
    let own = Mount::all(&read_to_string("/proc/self/mountinfo").ok()?);
    if own.iter().any(|mount| mount.place == path) {
        return Some(path.to_owned());
    }
    // The last of several that are mounted one over the other is what is seen.
    let holds = |mount: &&Mount| path.starts_with(&mount.place);
    let home = own.iter().filter(holds).max_by_key(|mount| mount.place.components().count())?;
    let within = home.root.join(path.strip_prefix(&home.place).ok()?);
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let process = entry.path();
        let Ok(view) = read_link(process.join("ns/mnt")) else { continue };
        if !seen.insert(view) {
            continue;
        }
        let Ok(table) = read_to_string(process.join("mountinfo")) else { continue };
        let there = Mount::all(&table).into_iter().find(|mount| mount.device == home.device && mount.root == within);
        if let Some(mount) = there {
            return Some(mount.place);
        }
    }
    None
}

/// Blanks, tabs, line ends and backslashes stand there as octal numbers.
fn unescaped(text: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code =
            (first == b'\\').then(|| tail.get(..3).and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 8).ok())).flatten();
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn several_names_and_a_mode_are_seen_and_a_file_of_its_own_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("a b"), folder.path().join("other"));
        std::fs::write(&file, "x").unwrap();
        assert_eq!(obstacle(&file), None);
        std::fs::hard_link(&file, &other).unwrap();
        assert_eq!(obstacle(&file), Some(Obstacle::HardLinks(2)));
        std::fs::remove_file(other).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o440)).unwrap();
        assert_eq!(obstacle(&file), Some(Obstacle::ReadOnly("its mode is 0440".into())));
        assert!(obstacle(&folder.path().join("absent")).is_none());
        assert_eq!(unescaped("/a\\040b\\134c\\"), Path::new("/a b\\c\\"));
    }
}
