//! A bundle that somebody hands over, opened: into a folder of its own, within bounds, and nothing else touched.
//!
//! It is nobody's friend: a name that leads out of the folder, a link, a device, two files of one name, more files, bytes or compression than any drill
//! has is an error, and what was written until then is removed.
//!
//! What this file does not do: say whether what is inside is what a drill left.

use super::scratch::ScratchFolder;
use crate::host::{self, private};
use crate::units::{Explained, RunningHash, one_line};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// What bundles' names end with.
pub const SUFFIX: &str = ".lifeboat.tar.zst";
/// No bundle holds more files.
pub(super) const FILES_MAX: usize = 10_000;
/// No bundle is longer. In bytes.
const PACKED_MAX: u64 = 4 << 30;
/// No bundle holds more. In bytes.
const UNPACKED_MAX: u64 = 16 << 30;
/// So much is unpacked before anybody asks how well it was compressed. In bytes.
const UNASKED: u64 = 64 << 20;
/// Nothing that a drill writes is compressed better, times.
const RATIO_MAX: u64 = 1000;
/// No file lies deeper.
const DEPTH_MAX: usize = 16;

/// Why a bundle cannot be packed or opened.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The operating system says no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Its words.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("{} is no bundle of Lifeboat", path.display())]
    Other {
        /// The file.
        path: PathBuf,
    },
    /// A newer build packed it.
    #[error("{} is a bundle of form {form}; this build ({}) opens form {FORM}", path.display(), env!("CARGO_PKG_VERSION"))]
    Newer {
        /// The file.
        path: PathBuf,
        /// As it says.
        form: String,
    },
    /// Its end is not there.
    #[error("{} was cut: its end is missing", path.display())]
    Cut {
        /// The file.
        path: PathBuf,
    },
    /// Its bytes are not those that were packed.
    #[error("{} was changed: its bytes are not those that were packed", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// What is compressed in it cannot be read.
    #[error("{}: what is packed cannot be read: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// It holds what no bundle holds.
    #[error("the entry `{name}`: {problem}")]
    Entry {
        /// As it is called.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Too many files.
    #[error("there are more than {FILES_MAX} files in it")]
    TooMany,
    /// Too many bytes.
    #[error("it holds more than {} GiB", UNPACKED_MAX >> 30)]
    TooLarge,
    /// A decompression bomb.
    #[error("it unpacks to more than {RATIO_MAX} times its size, as nothing does that a drill writes")]
    Bomb,
    /// A drill writes into the folder.
    #[error("a process still writes the history in {}", path.display())]
    Running {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is none of a drill.
    #[error("{} holds no history of a drill", path.display())]
    NoDrill {
        /// The folder.
        path: PathBuf,
    },
    /// A file was changed while it was packed.
    #[error("`{name}` was changed while it was packed")]
    Moved {
        /// The file.
        name: String,
    },
    /// Another bundle is there.
    #[error("{} holds something else already", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
}

impl Explained for BundleError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Io { .. } => return None,
            Self::Other { .. } => "name a file that `lifeboat bundle` made: NAME.lifeboat.tar.zst",
            Self::Newer { .. } => "update lifeboat",
            Self::Cut { .. } | Self::Changed { .. } | Self::Damaged { .. } => "fetch it again from where it is kept",
            Self::Entry { .. } | Self::TooMany | Self::TooLarge | Self::Bomb => "nothing of it was kept; ask where it comes from",
            Self::Running { .. } => "wait for the end of the drill",
            Self::NoDrill { .. } => "name the folder of a drill, for example one below `drills/`",
            Self::Moved { .. } => "pack it again when nobody writes into the folder",
            Self::Taken { .. } => "choose another name with `--out`; a bundle is never overwritten",
        }))
    }
}

/// An error of one entry, by its name as it may be shown.
pub(super) fn entry_error(name: &str, problem: &'static str) -> BundleError {
    BundleError::Entry { name: one_line(name).chars().take(200).collect(), problem }
}

/// The number of the form that this build packs and opens.
const FORM: &str = "1";

/// What stands behind the archive, in a frame that decoders of zstd step over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trailer {
    /// Of every byte before it.
    pub(super) sha256: String,
}

impl Trailer {
    /// A skippable frame's number (RFC 8878, section 3.1.2).
    const MAGIC: [u8; 4] = 0x184D_2A5B_u32.to_le_bytes();
    const HEAD: &'static str = "lifeboat-bundle ";
    /// Of the whole frame, in bytes.
    pub(super) const LENGTH: u64 = 8 + 16 + 1 + 8 + 64 + 1;

    pub(super) fn bytes(&self) -> Vec<u8> {
        let text = format!("{}{FORM} sha256:{}\n", Self::HEAD, self.sha256);
        let length = u32::try_from(text.len()).expect("a line is shorter");
        [&Self::MAGIC[..], &length.to_le_bytes(), text.as_bytes()].concat()
    }
}

/// A bundle in a folder of its own, which is removed when this is dropped.
#[derive(Debug)]
pub struct OpenedBundle {
    _scratch: ScratchFolder,
    folder: PathBuf,
    files: usize,
}

impl OpenedBundle {
    /// Opens a bundle.
    ///
    /// # Errors
    /// Where it is none, was cut or changed, or holds what no bundle holds. Nothing of it is left then.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let scratch = ScratchFolder::new().map_err(|source| BundleError::Io { path: std::env::temp_dir(), source })?;
        let input = Input::new(path)?;
        let (folder, files) = input.unpack(scratch.path())?;
        Ok(Self { _scratch: scratch, folder, files })
    }

    /// The drill's folder in it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many files are in it.
    pub const fn files(&self) -> usize {
        self.files
    }
}

/// Opens a bundle into a folder of its own.
///
/// # Errors
/// See [`OpenedBundle::open`].
pub fn open(path: &Path) -> Result<OpenedBundle, BundleError> {
    OpenedBundle::open(path)
}

/// True of a file that says that it is a bundle, by its first bytes and its name.
pub fn is_bundle(path: &Path) -> bool {
    let mut first = [0; 4];
    let packed = host::regular(path).is_ok_and(|mut file| file.read_exact(&mut first).is_ok() && first == ZSTD);
    packed || path.is_file() && path.to_string_lossy().ends_with(SUFFIX)
}

const ZSTD: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

/// A bundle whose bytes are those that were packed.
struct Input<'p> {
    path: &'p Path,
    file: File,
    /// Of the archive, in bytes.
    packed: u64,
}

impl<'p> Input<'p> {
    fn new(path: &'p Path) -> Result<Self, BundleError> {
        let io = |source| BundleError::Io { path: path.to_owned(), source };
        let mut file = host::regular(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut first = [0; 4];
        if length < 4 || file.read_exact(&mut first).is_err() || first != ZSTD {
            return Err(BundleError::Other { path: path.to_owned() });
        }
        if length > PACKED_MAX {
            return Err(BundleError::TooLarge);
        }
        let Some(packed) = length.checked_sub(Trailer::LENGTH) else { return Err(BundleError::Cut { path: path.to_owned() }) };
        file.rewind().map_err(io)?;
        let (mut hash, mut left, mut part) = (RunningHash::default(), packed, vec![0; 1 << 16]);
        while left > 0 {
            let most = part.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = file.read(&mut part[..most]).map_err(io)?;
            if count == 0 {
                return Err(BundleError::Cut { path: path.to_owned() });
            }
            hash.add(&part[..count]);
            left -= count as u64;
        }
        let mut trailer = Vec::new();
        file.read_to_end(&mut trailer).map_err(io)?;
        let right = Trailer { sha256: hash.hex() }.bytes();
        if trailer != right {
            return Err(told(path, &trailer, &right));
        }
        file.rewind().map_err(io)?;
        Ok(Self { path, file, packed })
    }

    /// Writes every file below a folder; returns the one folder in it that holds them all, and how many they are.
    fn unpack(self, into: &Path) -> Result<(PathBuf, usize), BundleError> {
        let damaged = |problem: String| BundleError::Damaged { path: self.path.to_owned(), problem };
        let packed = BufReader::with_capacity(1 << 16, (&self.file).take(self.packed));
        let decoder = ruzstd::decoding::StreamingDecoder::new(packed).map_err(|error| damaged(error.to_string()))?;
        let mut bounded = Bounded { inner: decoder, read: 0, packed: self.packed, over: None };
        let mut archive = tar::Archive::new(&mut bounded);
        let unpacked = unpack(&mut archive, into);
        // What ended the reading says more than what could not be read.
        let over = bounded.over.take();
        let found = match (over, unpacked) {
            (Some(Over::Large), _) => return Err(BundleError::TooLarge),
            (Some(Over::Bomb), _) => return Err(BundleError::Bomb),
            (None, Err(Unpacking::Bundle(error))) => return Err(error),
            (None, Err(Unpacking::Io(error))) => return Err(damaged(error.to_string())),
            (None, Ok(found)) => found,
        };
        // Behind the archive nothing stands but zeros, and behind the frame nothing at all.
        let mut rest = [0; 4096];
        loop {
            match bounded.read(&mut rest) {
                Ok(0) => break,
                Ok(count) if rest[..count].iter().all(|byte| *byte == 0) => {}
                Ok(_) => return Err(damaged("something stands behind the archive".to_owned())),
                Err(_) if matches!(bounded.over, Some(Over::Bomb)) => return Err(BundleError::Bomb),
                Err(error) => return Err(damaged(error.to_string())),
            }
        }
        if bounded.inner.get_mut().read(&mut rest).is_ok_and(|count| count > 0) {
            return Err(damaged("something stands behind the frame".to_owned()));
        }
        Ok(found)
    }
}

/// Why a bundle's end is not the right one.
fn told(path: &Path, trailer: &[u8], right: &[u8]) -> BundleError {
    let path = path.to_owned();
    let head = [&Trailer::MAGIC[..], &right[4..8], Trailer::HEAD.as_bytes()].concat();
    if !trailer.starts_with(&Trailer::MAGIC) || !trailer[8..].starts_with(Trailer::HEAD.as_bytes()) {
        return BundleError::Cut { path };
    }
    let form = String::from_utf8_lossy(&trailer[head.len()..]).split(' ').next().unwrap_or_default().to_owned();
    let is_number = !form.is_empty() && form.bytes().all(|digit| digit.is_ascii_digit());
    if trailer.starts_with(&head) && form != FORM && is_number && trailer.ends_with(b"\n") {
        return BundleError::Newer { path, form };
    }
    BundleError::Changed { path }
}

/// A reader that unpacks no more than a bundle may hold.
struct Bounded<R> {
    inner: R,
    read: u64,
    packed: u64,
    over: Option<Over>,
}

#[derive(Clone, Copy)]
enum Over {
    Large,
    Bomb,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > UNPACKED_MAX {
            self.over = Some(Over::Large);
        } else if self.read > UNASKED && self.read / RATIO_MAX > self.packed {
            self.over = Some(Over::Bomb);
        }
        if self.over.is_some() { Err(std::io::Error::other("it holds too much")) } else { Ok(count) }
    }
}

enum Unpacking {
    Bundle(BundleError),
    Io(std::io::Error),
}

impl From<BundleError> for Unpacking {
    fn from(error: BundleError) -> Self {
        Self::Bundle(error)
    }
}

impl From<std::io::Error> for Unpacking {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

fn unpack(archive: &mut tar::Archive<impl Read>, into: &Path) -> Result<(PathBuf, usize), Unpacking> {
    let (mut names, mut top): (BTreeSet<String>, Option<String>) = (BTreeSet::new(), None);
    // Raw: an entry that only says how the next is called is an entry like any other, and none of ours.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let bytes = entry.path_bytes().into_owned();
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let name = String::from_utf8(bytes).map_err(|_| entry_error(&shown, "its name is no UTF-8"))?;
        match entry.header().entry_type() {
            tar::EntryType::Regular => {}
            tar::EntryType::Symlink | tar::EntryType::Link => {
                return Err(entry_error(&name, "it is a link, and only files are in a bundle").into());
            }
            tar::EntryType::Directory => return Err(entry_error(&name, "it is a folder, and only files are in a bundle").into()),
            _ => return Err(entry_error(&name, "it is no plain file").into()),
        }
        let parts: Vec<&str> = name.split('/').collect();
        if name.starts_with('/') {
            return Err(entry_error(&name, "its name begins at the root").into());
        }
        if parts.contains(&"..") {
            return Err(entry_error(&name, "its name leads out of the folder").into());
        }
        if !(2..=DEPTH_MAX).contains(&parts.len()) || !parts.iter().all(|part| is_plain(part)) {
            return Err(entry_error(&name, "its name is none that a drill gives").into());
        }
        if *top.get_or_insert_with(|| parts[0].to_owned()) != parts[0] {
            return Err(entry_error(&name, "it is in another folder than those before it").into());
        }
        if names.len() >= FILES_MAX {
            return Err(BundleError::TooMany.into());
        }
        if !names.insert(name.clone()) {
            return Err(entry_error(&name, "there are two of this name").into());
        }
        let path = into.join(&name);
        let folder = path.parent().unwrap_or(into);
        std::fs::create_dir_all(folder).map_err(|_| entry_error(&name, "its folder is a file"))?;
        let mut file = private::create_new(&path).map_err(|_| entry_error(&name, "it cannot be written beside the others"))?;
        let size = entry.size();
        let written = std::io::copy(&mut entry, &mut file)?;
        file.flush()?;
        if written != size {
            return Err(Unpacking::Io(std::io::Error::other("the archive was cut")));
        }
    }
    let top = top.ok_or_else(|| std::io::Error::other("the archive is empty"))?;
    Ok((into.join(top), names.len()))
}

/// True of a part of a path that means itself and can be shown.
pub(super) fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && part != "."
        && part != ".."
        && part.len() <= 255
        && !part.contains(|letter: char| letter == '\\' || letter.is_control())
}
