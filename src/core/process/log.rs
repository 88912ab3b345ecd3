//! What a program prints, into a file, without secrets; and the last lines of it, for messages.

use crate::redact::Redactor;
use std::fs::File;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Seek, SeekFrom, Write, pipe};
use std::path::Path;
use std::time::Duration;
use tokio::sync::oneshot;

/// So much is read at once, in bytes: what a pipe of Linux holds.
const CHUNK: usize = 1 << 16;
/// Lines of an output that a failure shows.
const LINES: usize = 12;
/// Bytes of it in which they are looked for.
const END: u64 = 16_384;

/// A file that fills with what is written into a pipe. A thread of its own reads, so that a program which prints much is not held up by
/// whatever else this process does; where the file takes no more, it reads on.
#[derive(Debug)]
pub struct RedactedLog {
    ended: oneshot::Receiver<()>,
}

impl RedactedLog {
    /// Begins one. Programs write into the other end; the log ends when the last of them has closed it.
    ///
    /// # Errors
    /// Where there is no pipe or no thread to be had.
    pub fn into_file(file: File, redactor: &Redactor) -> std::io::Result<(Self, PipeWriter)> {
        let (reader, writer) = pipe()?;
        let (ends, ended) = oneshot::channel();
        let redactor = redactor.clone();
        std::thread::Builder::new().name("log".into()).spawn(move || {
            follow(reader, file, &redactor);
            // Nobody may wait for it.
            let _ = ends.send(());
        })?;
        Ok((Self { ended }, writer))
    }

    /// Waits until everything that was printed stands in the file. A program that outlives its parents keeps its end of the pipe open; it
    /// is waited for so long and no longer.
    pub async fn end(self, within: Duration) {
        let _ = tokio::time::timeout(within, self.ended).await;
    }
}

fn follow(mut from: PipeReader, mut file: File, redactor: &Redactor) {
    let (mut chunk, mut stream) = (vec![0; CHUNK], redactor.stream());
    loop {
        match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => drop(file.write_all(&stream.push(&chunk[..count]))),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let _ = file.write_all(&stream.end());
}

/// The last lines of what a program printed, indented; `None` where it printed nothing.
pub fn last_lines(log: &Path) -> Option<String> {
    let text = end_of(log).ok()?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    (!last.is_empty()).then(|| last.join("\n  "))
}

/// The last bytes of a file: a system may print without end before it is ready.
fn end_of(log: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
    let mut bytes = Vec::new();
    file.take(END).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
