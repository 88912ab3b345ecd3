//! What a program printed, in memory: for people without secrets, which are taken out before anything is cut, and as it is for what reads it.

use crate::redact::{RedactingStream, Redactor};
use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

/// Of a longer output the middle is read and thrown away, so that a talkative program is not held up. In bytes.
const KEPT: usize = 1 << 16;
/// Stands where a long output was cut.
pub const CUT: &str = "… the middle is left out …";
/// Lines of an output that say why it ended.
const LAST: usize = 3;

/// The captured output of a program, from one pipe.
pub struct CapturedOutput {
    stream: RedactingStream,
    shown: CutOutput,
    raw: CutOutput,
}

impl CapturedOutput {
    pub(super) fn without_secrets_of(redactor: &Redactor) -> Self {
        Self { stream: redactor.stream(), shown: CutOutput::default(), raw: CutOutput::default() }
    }

    /// Reads a pipe to its end; `progress` is told what has come so far.
    pub(super) async fn fill(&mut self, pipe: Option<impl AsyncRead + Unpin>, progress: &(dyn Fn(&str) + Sync)) {
        let Some(mut pipe) = pipe else { return };
        let mut buffer = Zeroizing::new([0; 8192]);
        while let Ok(count @ 1..) = pipe.read(&mut buffer[..]).await {
            self.shown.push(&self.stream.push(&buffer[..count]));
            self.raw.push(&buffer[..count]);
            progress(&self.shown.end());
        }
    }

    /// Nothing more comes.
    pub(super) fn close(&mut self) {
        self.shown.push(&self.stream.end());
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        self.shown.text()
    }

    /// As it is; where it was cut, what is for people: what was cut might hold a part of a secret, which nobody could find.
    pub fn value(&self) -> String {
        if self.raw.cut { self.shown() } else { self.raw.text() }
    }

    /// Every byte; `None` where it was too long to be kept.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        (!self.raw.cut).then_some(&self.raw.bytes)
    }

    /// Its last lines, secrets among them.
    pub(crate) fn raw_end(&self) -> String {
        self.raw.end()
    }
}

/// The beginning and the end of an output: what a program was about to do, and why it failed.
#[derive(Default)]
struct CutOutput {
    bytes: Zeroizing<Vec<u8>>,
    cut: bool,
}

impl CutOutput {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > 2 * KEPT {
            let end = self.bytes.len() - KEPT / 2;
            self.bytes.drain(KEPT / 2..end);
            self.cut = true;
        }
    }

    fn text(&self) -> String {
        if !self.cut {
            return String::from_utf8_lossy(&self.bytes).into_owned();
        }
        let (head, tail) = self.bytes.split_at(KEPT / 2);
        format!("{}\n{CUT}\n{}", String::from_utf8_lossy(head), String::from_utf8_lossy(tail))
    }

    /// The last lines of it.
    fn end(&self) -> String {
        let tail = &self.bytes[self.bytes.len().saturating_sub(KEPT / 2)..];
        let text = String::from_utf8_lossy(&tail[tail.len().saturating_sub(4096)..]).into_owned();
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(LAST)..].join("\n")
    }
}

/// What was said, as the end of an error's text: on lines of its own, empty where nothing was said.
pub(super) fn last_words(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!("\n{said}") }
}
