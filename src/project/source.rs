//! One file's text and the places in it: what may be read at all, and what a finding shows of it.
//!
//! Refused here, before any parser sees it: files above 1 MB, UTF-16, text that is not UTF-8, NUL bytes, and what is not a
//! file. A byte order mark is taken off. What this file does not do: know YAML or CSV.

use super::finding::{AHEAD, Finding, Severity, blotted, clean, clean_hint, escaped};
use super::shape;
use crate::host::regular;
use crate::model::{ReadFile, SourceFile};
use crate::units::sha256_hex;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

/// The largest file that is read.
pub(super) const BYTES_MAX: usize = 1_000_000;

/// How many characters of a source line are shown.
const WINDOW: usize = 120;

/// Where something stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spot {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In characters; at least 1 where it is shown.
    pub length: usize,
    /// In bytes from the start of the text.
    pub offset: usize,
}

/// The text of one file, with the path under which findings show it.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceText {
    /// The path, as shown.
    pub path: String,
    /// UTF-8, without a byte order mark.
    pub text: String,
}

impl SourceText {
    /// Reads a file.
    ///
    /// # Errors
    /// A finding with what to do where the file cannot be read, is too large or is not text.
    pub(super) fn read(path: &Path, shown: &str) -> Result<Self, Box<Finding>> {
        let unreadable = |error: std::io::Error| {
            Finding::of_file(shown, format!("this file cannot be read: {error}"), "see that the path is right and may be read")
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            let what = if metadata.is_dir() { "this is a folder, and a file is expected here" } else { "this is not a file" };
            return Err(Box::new(Finding::of_file(shown, what, "name a YAML or CSV file")));
        }
        // One byte more than allowed tells a file that is too large from one that fits, whatever its metadata say.
        let mut bytes = Vec::new();
        regular(path).and_then(|file| file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
        Self::from_bytes(bytes, shown)
    }

    /// The text of a project's file; `None` where it cannot be read.
    pub(super) fn of_project(root: &Path, path: &str) -> Option<Self> {
        Self::read(&root.join(path), path).ok()
    }

    /// As a history names it: by its path from the project's root and the hash of its text.
    pub(super) fn recorded(&self, path: &Path, root: &Path) -> SourceFile {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let path = absolute(path);
        let path = path.strip_prefix(absolute(root)).unwrap_or(&path).to_string_lossy().into_owned();
        SourceFile { path, sha256: sha256_hex(self.text.as_bytes()) }
    }

    /// With its text, as it was read.
    pub(super) fn as_read(&self, file: SourceFile) -> ReadFile {
        ReadFile { file, text: self.text.clone() }
    }

    /// Takes a file's bytes.
    ///
    /// # Errors
    /// A finding with what to do where they are too many or not text.
    pub(super) fn from_bytes(mut bytes: Vec<u8>, shown: &str) -> Result<Self, Box<Finding>> {
        let whole = |message: &str, hint: &str| Box::new(Finding::of_file(shown, message, hint));
        if bytes.len() > BYTES_MAX {
            return Err(whole("this file is larger than 1 MB", "split it: one scenario or runbook a file"));
        }
        let null_every_second = bytes.len() >= 4 && bytes.chunks_exact(2).take(8).all(|pair| (pair[0] == 0) != (pair[1] == 0));
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || null_every_second {
            return Err(whole("this file is encoded in UTF-16", "save it as UTF-8"));
        }
        if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
            bytes.drain(..3);
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let lossy = Self { path: shown.to_owned(), text: String::from_utf8_lossy(error.as_bytes()).into_owned() };
            lossy.if_ours(lossy.error(lossy.spot_of(valid, 1), "this is not UTF-8", "save the file as UTF-8"))
        })?;
        let source = Self { path: shown.to_owned(), text };
        match source.text.find('\0') {
            Some(at) => {
                let finding = source.error(source.spot_of(at, 1), "a NUL byte stands here", "this is not a text file, or it is damaged");
                Err(Box::new(source.if_ours(finding)))
            }
            None => Ok(source),
        }
    }

    /// A finding that quotes the text only where this is a file of Lifeboat's.
    fn if_ours(&self, finding: Finding) -> Finding {
        if shape::of_text(&self.text) { finding } else { finding.unquoted() }
    }

    /// The spot at a byte of the text; counts lines, so it is for the rare case.
    pub(super) fn spot_of(&self, offset: usize, length: usize) -> Spot {
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Spot { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1, length, offset }
    }

    /// Some characters of a value, where it stands in the file as it is; else the whole value.
    pub(super) fn within(&self, spot: Spot, value: &str, place: Range<usize>) -> Spot {
        // Behind a quote, if it has one.
        let quoted = [0, 1].into_iter().find(|skip| self.text.get(spot.offset + skip..).is_some_and(|rest| rest.starts_with(value)));
        match quoted {
            Some(skip) if !value.contains('\n') => {
                let before: usize = value.chars().take(place.start).map(char::len_utf8).sum();
                let (column, offset) = (spot.column + skip + place.start, spot.offset + skip + before);
                Spot { column, length: place.len().max(1), offset, ..spot }
            }
            _ => spot,
        }
    }

    /// An error at a place.
    pub(super) fn error(&self, spot: Spot, message: impl AsRef<str>, hint: impl AsRef<str>) -> Finding {
        let LineWindow { shown: source_line, indent, length, hidden, written } = self.window(spot);
        // What is blotted out of the line stands in no message either, and in no hint. One plain word may stand in any hint of ours: those that
        // repeat what was written do not repeat a secret.
        let replace = |text: String, secret: &String| text.replace(secret.as_str(), "•••");
        let without = |text: &str| hidden.iter().fold(text.to_owned(), replace);
        let hint = typography(&written).map_or_else(|| hint.as_ref().to_owned(), str::to_owned);
        let hint = hidden.iter().filter(|secret| !is_plain_word(secret)).fold(hint, replace);
        Finding {
            severity: Severity::Error,
            path: self.path.clone(),
            line: spot.line.max(1),
            column: spot.column.max(1),
            length,
            source_line,
            indent,
            message: clean(&without(message.as_ref())),
            hint: Some(clean_hint(&hint)).filter(|hint| !hint.is_empty()),
            about: None,
            also: Vec::new(),
        }
    }

    /// The part of the line around a spot, ready to be shown, with the number of characters before the spot and under it.
    ///
    /// Costs as much as the part and not as the line, because a hostile file may hold one line of 1 MB with ten thousand
    /// things wrong in it.
    fn window(&self, spot: Spot) -> LineWindow {
        // What stands before may tell that a secret follows, so more is looked at than is shown.
        const CONTEXT: usize = 2_000;
        let ends = |c: char| c == '\n' || c == '\r';
        let offset = (0..=spot.offset.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let mut line: Vec<char> = self.text[..offset].chars().rev().take_while(|c| !ends(*c)).take(CONTEXT).collect();
        line.reverse();
        let before = line.len();
        let longer = before < spot.column.saturating_sub(1);
        line.extend(self.text[offset..].chars().take_while(|c| !ends(*c)).take(WINDOW + AHEAD));
        let written: String = line[before..line.len().min(before + spot.length.max(1))].iter().collect();
        let (line, plain) = (blotted(&line), line);
        let start = if line.len() <= WINDOW && !longer { 0 } else { before.saturating_sub(WINDOW / 3) };
        let end = line.len().min(start + WINDOW);
        let mut shown = String::from(if start > 0 || longer { "…" } else { "" });
        shown.extend(line[start..before].iter().map(|c| escaped(*c)));
        let indent = shown.chars().count();
        let under: String = line[before..end.min(before + spot.length.max(1))].iter().map(|c| escaped(*c)).collect();
        shown.push_str(&under);
        shown.extend(line[end.min(before + spot.length.max(1))..end].iter().map(|c| escaped(*c)));
        if end < line.len() {
            shown.push('…');
        }
        let hidden = hidden(&plain[start..end], &line[start..end]);
        LineWindow { shown, indent, length: under.chars().count().max(1), hidden, written }
    }
}

/// The part of a line that a finding shows around its spot, so that a long line stays readable.
struct LineWindow {
    shown: String,
    /// The characters before the spot.
    indent: usize,
    /// The characters under it.
    length: usize,
    /// What is blotted out of it.
    hidden: Vec<String>,
    /// What stands at the spot.
    written: String,
}

/// The texts that are blotted out of a line. What is shorter than any secret may be a part of other words, and stays.
fn hidden(plain: &[char], blotted: &[char]) -> Vec<String> {
    const SHORTEST: usize = 5;
    let mut found = vec![String::new()];
    for (plain, shown) in plain.iter().zip(blotted) {
        match found.last_mut() {
            Some(last) if plain != shown => last.push(*plain),
            Some(last) if !last.is_empty() => found.push(String::new()),
            _ => {}
        }
    }
    found.retain(|text| text.chars().count() >= SHORTEST);
    found
}

/// True for small letters, with `-` between words at most.
fn is_plain_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// What to write where a text program has put quotes or spaces that mean nothing here.
fn typography(written: &str) -> Option<&'static str> {
    if written.contains(['“', '”', '„', '‟', '«', '»']) {
        Some("these are typographic quotes: write plain ones, `\"…\"`, or none")
    } else if written.starts_with(['‘', '’', '‚']) || written.ends_with(['‘', '’']) {
        Some("these are typographic quotes: write plain ones, `'…'`, or none")
    } else if written.contains(['\u{a0}', '\u{202f}', '\u{2007}']) {
        Some("there is a no-break space in it: write a plain space, or none")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The finding for the whole line, with this hint.
    fn hint(line: &str, hint: &str) -> String {
        let source = SourceText { path: "a.yaml".into(), text: line.into() };
        source.error(source.spot_of(0, 1), "this is wrong", hint).hint.unwrap_or_default()
    }

    #[test]
    fn a_hint_of_ours_is_shown_whole_and_a_secret_is_not() {
        let usual = format!("write {}", crate::model::CredentialSource::FORMS);
        for word in ["vault", "kubernetes", "command", "aws-secretsmanager", "dotenv", "write"] {
            assert_eq!(hint(&format!("from: {word}"), &usual), usual, "{word}");
        }
        assert_eq!(hint("from: hunter2abc", "write `env:hunter2abc`"), "write `env:•••`");
        let line = format!("{}: x ghp_0123456789abcdefghij", "a".repeat(WINDOW - 10));
        let source = SourceText { path: "a.yaml".into(), text: line };
        let shown = source.error(source.spot_of(0, 1), "this is wrong", "").source_line;
        assert!(!shown.contains("ghp_") && shown.ends_with('…'), "a key that is cut off: {shown}");
    }
}
