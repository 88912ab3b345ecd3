//! A drill's folder as one file, `NAME.lifeboat.tar.zst`: the same bytes whenever and wherever it is packed.
//!
//! ```text
//!  a frame of zstd (RFC 8878)   a tar archive (ustar) of plain files, sorted by name, with one owner, mode and time for all
//!  a skippable frame            `lifeboat-bundle 1 sha256:HASH`, the hash of every byte before it
//! ```
//!
//! `zstd` and `tar` read it as they read any other; they step over the second frame. By it a bundle that was cut, or in which any bit was changed, is
//! told at once, whatever became of what is inside. It is no signature: who changes a bundle on purpose can write it again. What is inside is signed.
//!
//! Keys and scratch stay behind (`run_folder` knows which files those are), and so does what somebody else put into the folder.
//!
//! What this file does not do: open one (`opened`), or take it anywhere (`ship`).

use super::listing::hash_through;
use super::opened::{BundleError, FILES_MAX, OpenedBundle, SUFFIX, Trailer, entry_error, is_plain};
use super::scratch::ScratchFolder;
use crate::host;
use crate::run_folder::{FileNature, RunFile, files_of, holds_history, is_running};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// A bundle that was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedBundle {
    /// Where it is.
    pub path: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// How many files are in it.
    pub files: usize,
}

/// Packs a drill's folder, opens what was packed again, and holds it against the folder. `out` is `NAME.lifeboat.tar.zst` beside the folder where it is
/// `None`. A bundle that is there already and the same stays; another is never overwritten.
///
/// # Errors
/// Where the folder is no drill's or still being written, holds a link or too much, or the bundle cannot be written.
pub fn pack(folder: &Path, out: Option<&Path>) -> Result<PackedBundle, BundleError> {
    let folder = &std::fs::canonicalize(folder).map_err(|source| io(folder, source))?;
    let name = folder.file_name().and_then(|name| name.to_str()).filter(|name| is_plain(name)).unwrap_or("drill");
    let out = out.map_or_else(|| folder.with_file_name(format!("{name}{SUFFIX}")), Path::to_owned);
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let scratch = ScratchFolder::within(parent).map_err(|source| io(parent, source))?;
    let packed = packed(folder, name, &scratch)?;
    File::open(&packed.path).and_then(|file| file.sync_all()).map_err(|source| io(&packed.path, source))?;
    // A link is made only where nothing is, unlike a rename.
    match std::fs::hard_link(&packed.path, &out) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            if !host::regular(&out).is_ok_and(|there| hash_through(there).is_ok_and(|(hash, _)| hash == packed.sha256)) {
                return Err(BundleError::Taken { path: out });
            }
        }
        // Not every file system knows links.
        Err(_) if !out.exists() => std::fs::rename(&packed.path, &out).map_err(|source| io(&out, source))?,
        Err(source) => return Err(io(&out, source)),
    }
    Ok(PackedBundle { path: out, ..packed })
}

/// Packs a folder into a scratch folder, under this name, and sees that it can be opened again to the same.
fn packed(folder: &Path, name: &str, scratch: &ScratchFolder) -> Result<PackedBundle, BundleError> {
    if is_running(folder) {
        return Err(BundleError::Running { path: folder.to_owned() });
    }
    let files = listed(folder)?;
    let (archive, path) = (scratch.path().join("archive"), scratch.path().join("bundle"));
    let made = |path: &Path| File::options().read(true).write(true).create_new(true).open(path).map_err(|source| io(path, source));
    let mut plain = made(&archive)?;
    write_archive(&files, name, BufWriter::with_capacity(1 << 20, &plain))?;
    plain.rewind().map_err(|source| io(&archive, source))?;
    let mut bundle = made(&path)?;
    compress(BufReader::with_capacity(1 << 20, &plain), &bundle).map_err(|source| io(&path, source))?;
    let mut finish = || {
        bundle.rewind()?;
        let (hash, _) = hash_through(&bundle)?;
        bundle.write_all(&Trailer { sha256: hash }.bytes())?;
        bundle.rewind()?;
        hash_through(&bundle)
    };
    let (sha256, bytes) = finish().map_err(|source| io(&path, source))?;
    let _ = std::fs::remove_file(archive);
    let opened = OpenedBundle::open(&path)?;
    same(&opened, &files)?;
    Ok(PackedBundle { path, sha256, bytes, files: files.len() })
}

/// A file that goes into a bundle: its name there below the folder's, with slashes, and where it is.
type Listed = (String, PathBuf);

/// What goes into a bundle, sorted by name.
fn listed(folder: &Path) -> Result<Vec<Listed>, BundleError> {
    let mut files = Vec::new();
    run_files(folder, "", &mut files)?;
    let is_history = |name: &str| name.rsplit('/').next().and_then(RunFile::of_name).is_some_and(RunFile::is_history);
    if !files.iter().any(|(name, _)| is_history(name) || *name == *RunFile::Repeats.name()) {
        return Err(BundleError::NoDrill { path: folder.to_owned() });
    }
    files.sort();
    Ok(files)
}

/// Of a run's folder what may be given to others, and of a series that of each trial.
fn run_files(folder: &Path, before: &str, files: &mut Vec<Listed>) -> Result<(), BundleError> {
    let is_series = RunFile::Repeats.within(folder).exists();
    for file in files_of(folder).into_iter().filter(|file| file.nature() == FileNature::Evidence) {
        let (name, path) = (format!("{before}{}", file.name()), file.within(folder));
        match (file, kind_of(&path, &name)?) {
            (RunFile::Undo, EntryKind::Folder) => run_files(&path, &format!("{name}/"), files)?,
            (RunFile::Inputs, EntryKind::Folder) => all_files(&path, &format!("{name}/"), files)?,
            (_, EntryKind::Folder) => return Err(entry_error(&name, "it is a folder, and a file is expected")),
            (_, EntryKind::File) => add(name, path, files)?,
        }
    }
    if is_series {
        for (name, path) in entries(folder)? {
            if path.is_dir() && !path.is_symlink() && RunFile::of_name(&name).is_none() && holds_history(&path) {
                run_files(&path, &format!("{before}{name}/"), files)?;
            }
        }
    }
    Ok(())
}

/// Everything below a folder.
fn all_files(folder: &Path, before: &str, files: &mut Vec<Listed>) -> Result<(), BundleError> {
    for (name, path) in entries(folder)? {
        let name = format!("{before}{name}");
        match kind_of(&path, &name)? {
            EntryKind::Folder => all_files(&path, &format!("{name}/"), files)?,
            EntryKind::File => add(name, path, files)?,
        }
    }
    Ok(())
}

fn add(name: String, path: PathBuf, files: &mut Vec<Listed>) -> Result<(), BundleError> {
    if files.len() >= FILES_MAX {
        return Err(BundleError::TooMany);
    }
    files.push((name, path));
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, BundleError> {
    let wrong = |source| io(folder, source);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let shown = entry.file_name().to_string_lossy().into_owned();
        let name = entry.file_name().into_string().map_err(|_| entry_error(&shown, "its name is no UTF-8"))?;
        found.push((name, entry.path()));
        if found.len() > FILES_MAX {
            return Err(BundleError::TooMany);
        }
    }
    Ok(found)
}

enum EntryKind {
    File,
    Folder,
}

fn kind_of(path: &Path, name: &str) -> Result<EntryKind, BundleError> {
    let facts = std::fs::symlink_metadata(path).map_err(|source| io(path, source))?.file_type();
    if !name.rsplit('/').next().is_some_and(is_plain) {
        return Err(entry_error(name, "its name holds what no plain name does"));
    }
    match () {
        () if facts.is_file() => Ok(EntryKind::File),
        () if facts.is_dir() => Ok(EntryKind::Folder),
        () if facts.is_symlink() => Err(entry_error(name, "it is a link, and only files go into a bundle")),
        () => Err(entry_error(name, "it is neither a file nor a folder")),
    }
}

/// What every entry of an archive has in common: it would say when and where it was packed.
fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    // 1980-01-01, the earliest that every archiver takes for a date.
    header.set_mtime(315_532_800);
    header.set_size(size);
    header
}

fn write_archive(files: &[Listed], top: &str, out: impl Write) -> Result<(), BundleError> {
    let mut archive = tar::Builder::new(out);
    for (name, path) in files {
        let file = host::regular(path).map_err(|source| io(path, source))?;
        let size = file.metadata().map_err(|source| io(path, source))?.len();
        let mut header = header(size);
        header.set_path(format!("{top}/{name}")).map_err(|_| entry_error(name, "its path is too long for an archive"))?;
        header.set_cksum();
        // One that grows meanwhile is told of when the bundle is held against the folder.
        let mut limited = file.take(size);
        archive.append(&header, &mut limited).map_err(|source| io(path, source))?;
        if limited.limit() > 0 {
            return Err(BundleError::Moved { name: name.clone() });
        }
    }
    archive.finish().and_then(|()| archive.into_inner()?.flush()).map_err(|source| io(Path::new(top), source))
}

/// Compresses what can be read. The encoder knows no errors of reading and writing: they are kept for it.
fn compress(input: impl Read, output: impl Write) -> std::io::Result<()> {
    let (mut input, mut output) = (Kept { inner: input, error: None }, Kept { inner: output, error: None });
    ruzstd::encoding::compress(&mut input, BufWriter::with_capacity(1 << 20, &mut output), ruzstd::encoding::CompressionLevel::Fastest);
    input.error.or(output.error).map_or(Ok(()), Err)
}

/// A reader or a writer that ends where it fails, and keeps why.
struct Kept<T> {
    inner: T,
    error: Option<std::io::Error>,
}

impl<T: Read> Read for Kept<T> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.error.is_some() {
            return Ok(0);
        }
        match self.inner.read(buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.error = Some(error);
                Ok(0)
            }
            read => read,
        }
    }
}

impl<T: Write> Write for Kept<T> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        if self.error.is_none()
            && let Err(error) = self.inner.write_all(buffer)
        {
            self.error = Some(error);
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.error.is_none() { self.inner.flush() } else { Ok(()) }
    }
}

/// Sees that a bundle holds these files and no other, byte for byte.
fn same(opened: &OpenedBundle, files: &[Listed]) -> Result<(), BundleError> {
    for (name, path) in files {
        let hash = |path: &Path| host::regular(path).and_then(hash_through).map_err(|source| io(path, source));
        if hash(path)? != hash(&opened.folder().join(name))? {
            return Err(BundleError::Moved { name: name.clone() });
        }
    }
    if opened.files() == files.len() { Ok(()) } else { Err(BundleError::TooMany) }
}

fn io(path: &Path, source: std::io::Error) -> BundleError {
    BundleError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
