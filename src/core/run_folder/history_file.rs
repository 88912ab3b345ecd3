//! The history in a run's folder, plain or compressed: which file that is, and its lines. Whoever reads a history reads it through this.
//!
//! ```text
//!  history_in    the file in a folder: `history.jsonl`, or `history.jsonl.zst`
//!  HistoryInput  the lines of either, told apart by how they begin; also of one that still grows
//!  last_lines    the end of one, without reading all of it
//! ```
//!
//! What this file does not do: know what a line says (`history`), or write one (`journal`).

use super::file::RunFile;
use super::frames::{FrameReader, MAGIC, is_frame, last_frames};
use crate::model::HistoryForm;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// So many of the last frames are looked into for the end of a history: what comes slowly has small ones.
const LAST: u32 = 16;

/// The file that a folder's history is kept in; where there is none, that of a plain one.
///
/// Where both stand there, somebody has packed or unpacked one beside the other. That which a process writes is the history, else the compressed one:
/// `zstd -d` leaves it where it is, and what it made meanwhile may be shorter.
pub fn history_in(folder: &Path) -> PathBuf {
    RunFile::of_history(form_in(folder)).within(folder)
}

/// How a folder's history is kept. Where there is none, as most are.
pub fn form_in(folder: &Path) -> HistoryForm {
    let stands = |form| RunFile::of_history(form).within(folder).symlink_metadata().is_ok();
    match (stands(HistoryForm::Plain), stands(HistoryForm::Compressed)) {
        (_, false) => HistoryForm::Plain,
        (true, true) if is_written(folder, HistoryForm::Plain) => HistoryForm::Plain,
        (_, true) => HistoryForm::Compressed,
    }
}

/// True where a process writes a folder's history of this form.
pub(super) fn is_written(folder: &Path, form: HistoryForm) -> bool {
    let path = RunFile::of_history(form).within(folder);
    crate::host::private::open_own(&path).is_ok_and(|history| history.try_lock_shared().is_err())
}

/// The lines of a history, however its file keeps them. What is read when there is no more may have more later.
pub struct HistoryInput<R> {
    input: R,
    /// What has come of it before it was known what it is, and how much of that was handed on.
    head: Vec<u8>,
    given: usize,
    kept: KeptAs,
}

enum KeptAs {
    /// Too little has come to tell.
    Unknown,
    Text,
    Frames(Box<FrameReader>),
}

impl<R> fmt::Debug for HistoryInput<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryInput").field("form", &self.form()).finish_non_exhaustive()
    }
}

impl<R> HistoryInput<R> {
    /// Over a file from its beginning.
    pub const fn new(input: R) -> Self {
        Self { input, head: Vec::new(), given: 0, kept: KeptAs::Unknown }
    }

    /// Over a file from where one of its frames begins.
    fn of_frames(input: R) -> Result<Self> {
        Ok(Self { input, head: Vec::new(), given: 0, kept: KeptAs::Frames(Box::new(FrameReader::new(Vec::new())?)) })
    }

    /// How it is kept, by what was read so far.
    pub const fn form(&self) -> HistoryForm {
        match self.kept {
            KeptAs::Unknown | KeptAs::Text => HistoryForm::Plain,
            KeptAs::Frames(_) => HistoryForm::Compressed,
        }
    }

    /// Bytes of a frame that is not whole, where the end was reached in the middle of one, as it may be after a crash. A torn line of text is for
    /// whoever reads lines to see.
    pub fn torn(&self) -> u64 {
        match &self.kept {
            KeptAs::Unknown => self.head.len() as u64,
            KeptAs::Text => 0,
            KeptAs::Frames(frames) => frames.torn(),
        }
    }
}

impl<R: Read> HistoryInput<R> {
    /// Reads as much as tells what it is.
    fn look(&mut self) -> Result<()> {
        while self.head.len() < MAGIC.len() {
            let mut piece = [0; MAGIC.len()];
            match self.input.read(&mut piece[self.head.len()..]) {
                Ok(0) => break,
                Ok(count) => {
                    let from = self.head.len();
                    self.head.extend_from_slice(&piece[from..from + count]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.kept = match self.head.first_chunk() {
            Some(head) if is_frame(*head) => KeptAs::Frames(Box::new(FrameReader::new(std::mem::take(&mut self.head))?)),
            None if MAGIC.starts_with(&self.head) => KeptAs::Unknown,
            _ => KeptAs::Text,
        };
        Ok(())
    }
}

impl<R: Read> Read for HistoryInput<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if matches!(self.kept, KeptAs::Unknown) {
            self.look()?;
        }
        match &mut self.kept {
            KeptAs::Unknown => Ok(0),
            KeptAs::Frames(frames) => frames.read(&mut self.input, out),
            KeptAs::Text if self.given < self.head.len() => {
                let count = out.len().min(self.head.len() - self.given);
                out[..count].copy_from_slice(&self.head[self.given..self.given + count]);
                self.given += count;
                // Whoever looks at what comes first expects more than these.
                Ok(count + if count < out.len() { self.input.read(&mut out[count..])? } else { 0 })
            }
            KeptAs::Text => self.input.read(out),
        }
    }
}

/// The last bytes of a history's lines, so many at most; the first of the lines may be cut. Of a compressed one the last few frames are unpacked, or
/// all where no table says where those begin.
///
/// # Errors
/// Where it cannot be read.
pub fn last_lines(mut file: File, most: u64) -> Result<Vec<u8>> {
    let mut head = [0; MAGIC.len()];
    let mut lines = Vec::new();
    if file.read_exact(&mut head).is_err() || !is_frame(head) {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
        file.take(most).read_to_end(&mut lines)?;
        return Ok(lines);
    }
    // A table that leads elsewhere leads to no frame.
    let begins = last_frames(&mut file, LAST)?.unwrap_or(0);
    let from = |mut file: &File, begins| {
        file.seek(SeekFrom::Start(begins))?;
        end_of(HistoryInput::of_frames(file)?, most)
    };
    match from(&file, begins) {
        Ok(end) if begins == 0 || !end.is_empty() => Ok(end),
        _ => from(&file, 0),
    }
}

/// What comes last of an input; no more than that is kept.
fn end_of(mut input: impl Read, most: u64) -> Result<Vec<u8>> {
    let (mut end, mut piece) = (Vec::new(), vec![0; 64 << 10]);
    while let count @ 1.. = input.read(&mut piece)? {
        end.extend_from_slice(&piece[..count]);
        let over = end.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
        end.drain(..over);
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::super::frames::FrameMaker;
    use super::*;

    fn compressed(lines: &[&str]) -> Vec<u8> {
        let mut maker = FrameMaker::new().unwrap();
        let frames: Vec<u8> = lines.iter().flat_map(|line| maker.frame(line.as_bytes()).unwrap()).collect();
        [frames, maker.table()].concat()
    }

    fn read(bytes: &[u8]) -> (String, HistoryForm, u64) {
        let (mut input, mut text) = (HistoryInput::new(bytes), String::new());
        input.read_to_string(&mut text).unwrap();
        (text, input.form(), input.torn())
    }

    #[test]
    fn lines_are_the_same_whichever_way_they_are_kept() {
        use HistoryForm::{Compressed, Plain};
        let text = "{\"t\":0}\n{\"t\":1}\n";
        let packed = compressed(&["{\"t\":0}\n", "{\"t\":1}\n"]);
        assert_eq!(read(text.as_bytes()), (text.into(), Plain, 0));
        assert_eq!(read(&packed), (text.into(), Compressed, 0));
        for (few, torn) in [(&b""[..], 0), (b"{", 0), (b"\x28\xb5", 2)] {
            let wanted = if torn > 0 { "" } else { str::from_utf8(few).unwrap() };
            assert_eq!(read(few), (wanted.into(), Plain, torn), "{few:?}");
        }
        let skipped = [b"\x53\x2a\x4d\x18\x03\0\0\0abc".as_slice(), &packed].concat();
        assert_eq!(read(&skipped), (text.into(), Compressed, 0), "what another encoder puts in front");
    }

    #[test]
    fn the_end_is_read_without_the_rest() {
        let lines: Vec<String> = (0..40).map(|number| format!("{{\"t\":{number}}}\n")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let place = tempfile::tempdir().unwrap();
        let end = |bytes: &[u8], most| {
            let path = place.path().join("history");
            std::fs::write(&path, bytes).unwrap();
            String::from_utf8(last_lines(File::open(&path).unwrap(), most).unwrap()).unwrap()
        };
        let (plain, packed) = (lines.concat().into_bytes(), compressed(&lines));
        for most in [5, 100] {
            assert_eq!(end(&packed, most), end(&plain, most));
        }
        assert_eq!(end(&packed, 10_000), lines[40 - LAST as usize..].concat(), "as far as the last frames go");
        let table = packed.len() - (40 * 8 + 17);
        let last = u32::from_le_bytes(*packed[packed.len() - 9 - 8..].first_chunk().unwrap()) as usize;
        assert_eq!(end(&packed[..table - last + 3], 9), "{\"t\":38}\n", "of a torn frame the beginning says nothing");
        let mut lying = packed.clone();
        lying[packed.len() - 9 - 8] ^= 1;
        assert_eq!(end(&lying, 10_000), lines.concat(), "a table that leads nowhere is none");
        assert_eq!((end(b"", 9), end(b"{", 9)), (String::new(), "{".to_owned()));
    }

    #[test]
    fn of_two_histories_the_one_that_is_written_counts() {
        let place = tempfile::tempdir().unwrap();
        let name = || history_in(place.path()).file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(name(), "history.jsonl", "where there is none yet");
        let plain = crate::host::private::create_new(&place.path().join("history.jsonl")).unwrap();
        assert_eq!(name(), "history.jsonl");
        plain.lock().unwrap();
        std::fs::write(place.path().join("history.jsonl.zst"), "").unwrap();
        assert_eq!(name(), "history.jsonl", "it is written, and the other is a copy");
        drop(plain);
        assert_eq!(name(), "history.jsonl.zst");
        std::fs::remove_file(place.path().join("history.jsonl")).unwrap();
        assert_eq!(name(), "history.jsonl.zst");
    }
}
