//! What a program prints, into a file, without secrets.

use super::Redactor;
use std::fs::File;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write, pipe};
use std::time::Duration;
use tokio::sync::oneshot;

/// So much is read at once, in bytes: what a pipe of Linux holds.
const CHUNK: usize = 1 << 16;

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
