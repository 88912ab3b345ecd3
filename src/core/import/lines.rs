//! The lines of a record, each of bounded length, and rows that run over several of them.

use super::cells::Quotes;
use std::collections::VecDeque;
use std::io::{BufRead, Read};

/// A longer line, or a row of longer lines, is none of ours.
const LONGEST: usize = 1 << 20;

/// One line of a record, without its end.
pub(super) enum TextLine {
    Text(String),
    /// It is longer than can be.
    Long,
}

/// A reader of lines, which can be given lines back.
pub(super) struct LineReader<R> {
    input: R,
    /// Lines that were read ahead.
    ahead: VecDeque<TextLine>,
}

impl<R: BufRead> LineReader<R> {
    pub(super) const fn new(input: R) -> Self {
        Self { input, ahead: VecDeque::new() }
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> std::io::Result<Option<TextLine>> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read(),
        }
    }

    /// The lines with which the quotes that the first of them leaves open are closed; nothing where that never comes. They are to be given
    /// back with [`LineReader::put_back`] if the row cannot be read nevertheless.
    pub(super) fn closing(&mut self, mut quotes: Quotes, first: &str) -> std::io::Result<Vec<String>> {
        let (mut open, mut more, mut length) = (quotes.stay_open(first), Vec::new(), first.len());
        while open && length <= LONGEST {
            match self.next()? {
                None => break,
                Some(TextLine::Long) => {
                    self.ahead.push_front(TextLine::Long);
                    break;
                }
                Some(TextLine::Text(line)) => {
                    open = quotes.stay_open(&line);
                    length += line.len() + 1;
                    more.push(line);
                }
            }
        }
        if open {
            self.put_back(std::mem::take(&mut more));
        }
        Ok(more)
    }

    /// Lines to be read again.
    pub(super) fn put_back(&mut self, lines: Vec<String>) {
        lines.into_iter().rev().for_each(|line| self.ahead.push_front(TextLine::Text(line)));
    }

    fn read(&mut self) -> std::io::Result<Option<TextLine>> {
        let mut line = Vec::new();
        if Read::take(&mut self.input, LONGEST as u64).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if !line.ends_with(b"\n") && line.len() == LONGEST {
            pass_over(&mut self.input)?;
            return Ok(Some(TextLine::Long));
        }
        // A name in a strange encoding is no reason to leave a line out.
        let text = String::from_utf8(line).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(Some(TextLine::Text(text.trim_end_matches(['\n', '\r']).to_owned())))
    }
}

/// Passes over the rest of a line that is too long.
fn pass_over(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(());
        }
        let (used, ended) = chunk.iter().position(|byte| *byte == b'\n').map_or((chunk.len(), false), |end| (end + 1, true));
        input.consume(used);
        if ended {
            return Ok(());
        }
    }
}
