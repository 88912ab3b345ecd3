//! A file that still grows, read as whole lines: a line whose end is not written yet is handed on once it is. So a reader that believes a last line
//! without its end to be torn can go on where it stopped.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

/// What is read at once.
const CHUNK: usize = 256 << 10;
/// The longest line: a plan with everything that an inventory may hold is far below.
const LONGEST: usize = 16 << 20;

/// The whole lines of a reader that may have more later.
#[derive(Debug)]
pub(super) struct WholeLines<R> {
    input: R,
    buffer: Vec<u8>,
    /// What was handed on, and where the last whole line ends.
    from: usize,
    until: usize,
}

impl<R: Read> WholeLines<R> {
    pub(super) const fn new(input: R) -> Self {
        Self { input, buffer: Vec::new(), from: 0, until: 0 }
    }
}

impl<R: Read> Read for WholeLines<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(out.len());
        out[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for WholeLines<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        while self.from >= self.until {
            self.buffer.drain(..self.from);
            (self.from, self.until) = (0, 0);
            let before = self.buffer.len();
            if before > LONGEST {
                return Err(Error::new(ErrorKind::InvalidData, "a line has no end"));
            }
            self.buffer.resize(before + CHUNK, 0);
            let read = self.input.read(&mut self.buffer[before..]);
            self.buffer.truncate(before + read.as_ref().copied().unwrap_or(0));
            if read? == 0 {
                break;
            }
            self.until = self.buffer[before..].iter().rposition(|byte| *byte == b'\n').map_or(0, |place| before + place + 1);
        }
        Ok(&self.buffer[self.from..self.until])
    }

    fn consume(&mut self, count: usize) {
        self.from = (self.from + count).min(self.until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Gives what was written, piece by piece, and nothing after each.
    struct Grows(VecDeque<&'static [u8]>);

    impl Read for Grows {
        fn read(&mut self, out: &mut [u8]) -> Result<usize> {
            let Some(piece) = self.0.pop_front() else { return Ok(0) };
            out[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    #[test]
    fn half_a_line_is_nothing_until_its_end_is_there() {
        let mut lines = WholeLines::new(Grows(VecDeque::from([b"one\ntw".as_slice(), b"", b"o", b"\nthree\n", b"", b"end"])));
        let mut told = Vec::new();
        for _ in 0..4 {
            let mut all = String::new();
            lines.read_to_string(&mut all).unwrap();
            told.push(all);
        }
        assert_eq!(told, ["one\n", "two\nthree\n", "", ""]);
    }
}
