//! Files that somebody names, read up to a bound: a pipe would be waited for without end, and a large file fills the memory.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The largest file of certificates that is read: twenty times all of the web's authorities.
pub const CERTIFICATES_MAX: usize = 5_000_000;

/// A file's bytes, of which there may be so many. For certificates and settings that a project or a person names.
///
/// # Errors
/// Where it cannot be read, is larger, or is no regular file: a pipe would be waited for without end, and a device is endless.
pub fn bytes_of(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most { Err(Error::new(ErrorKind::FileTooLarge, format!("it is larger than {most} bytes"))) } else { Ok(bytes) }
}

/// Opens a file if it is one. What it is, is asked of what was opened, and opening waits for nobody.
pub fn regular(path: &Path) -> std::io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(Error::other("it is not a file")) }
}
