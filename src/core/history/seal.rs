//! Seals: lines of a history that are no events, by which a change of any other line shows.
//!
//! A seal is `{"t":N,"sealed":{"sha256":"H"}}`. `H` is the SHA-256 of every byte from the line of the seal before it, or from the file's start, up
//! to its own line: lines with their line feeds, as they stand. Since that covers the seal before, whole with its hash, seals are a chain: who
//! changes a line must write every seal after it anew, and the last of them stands where its writer no longer reaches it (a manifest's signature,
//! a witness). One that does not fit tells between which two seals something was changed.
//!
//! The journal writes one once a second, after 120 KB, as soon as anything but a request happened, whenever somebody waits for what was recorded, and
//! when it closes, so that what a killed drill leaves is sealed but for its last moments. `t` is that of the line before.
//!
//! What this file does not do: hold a file against its seals (`evidence`), or know of signatures.

use crate::units::{RunningHash, sha256_hex};
use std::io::{BufRead, Error};

const HEAD: &[u8] = b"{\"t\":";
const MIDDLE: &[u8] = b",\"sealed\":{\"sha256\":\"";
const FOOT: &[u8] = b"\"}}\n";
const DIGITS: usize = 64;

/// A seal as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The moment of the line before it, in nanoseconds since the history's origin.
    pub t: u64,
    /// What it says of the lines since the seal before it.
    pub sha256: String,
}

impl Seal {
    /// The seal on this line with its line feed; `None` where the line is anything else. There is one way to write one, to the byte.
    pub fn of_line(line: &[u8]) -> Option<Self> {
        let rest = line.strip_prefix(HEAD)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (t, rest) = rest.split_at(digits);
        let (sha256, foot) = rest.strip_prefix(MIDDLE)?.split_at_checked(DIGITS)?;
        let is_hash = sha256.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let text = |bytes: &[u8]| str::from_utf8(bytes).ok().map(ToOwned::to_owned);
        (is_hash && foot == FOOT).then_some(Self { t: text(t)?.parse().ok()?, sha256: text(sha256)? })
    }

    /// Its line.
    pub fn line(&self) -> Vec<u8> {
        [HEAD, self.t.to_string().as_bytes(), MIDDLE, self.sha256.as_bytes(), FOOT].concat()
    }

    /// What stands for the whole history up to this seal where it is the last: the SHA-256 of its line.
    pub fn head(&self) -> String {
        sha256_hex(&self.line())
    }
}

/// Makes the seals of a history while it is written.
#[derive(Debug, Clone, Default)]
pub struct Sealer {
    hash: RunningHash,
    /// The moment of the last line, where one has come since the last seal.
    fresh: Option<u64>,
}

impl Sealer {
    /// Goes on after these bytes, the whole of a history so far.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn after(mut written: impl BufRead) -> Result<Self, Error> {
        let (mut sealer, mut line) = (Self::default(), Vec::new());
        while written.read_until(b'\n', &mut line)? > 0 {
            if Seal::of_line(&line).is_some() {
                sealer = Self::default();
            }
            sealer.hash.add(&line);
            line.clear();
        }
        Ok(sealer)
    }

    /// Takes in a line of this moment, with its line feed.
    pub fn add(&mut self, t: u64, line: &[u8]) {
        self.hash.add(line);
        self.fresh = Some(t);
    }

    /// The line of the next seal, which is to be written now; `None` where nothing has come since the last.
    pub fn seal(&mut self) -> Option<Vec<u8>> {
        let t = self.fresh.take()?;
        let line = Seal { t, sha256: std::mem::take(&mut self.hash).hex() }.line();
        self.hash.add(&line);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(sealer: &mut Sealer, lines: &[&str]) -> Vec<u8> {
        let mut text = Vec::new();
        for (line, t) in lines.iter().zip(7..) {
            sealer.add(t, line.as_bytes());
            text.extend_from_slice(line.as_bytes());
        }
        text.extend(sealer.seal().expect("lines have come"));
        text
    }

    #[test]
    fn a_seal_is_the_hash_of_everything_since_the_one_before_and_is_read_back() {
        let mut sealer = Sealer::default();
        assert_eq!(sealer.seal(), None, "nothing was written yet");
        let first = written(&mut sealer, &["one\n", "two\n"]);
        assert_eq!(sealer.seal(), None, "nothing has come since");
        let of = |text: &[u8]| Seal::of_line(text.split_inclusive(|byte| *byte == b'\n').next_back().unwrap()).unwrap();
        let seal = of(&first);
        assert_eq!(seal, Seal { t: 8, sha256: sha256_hex(b"one\ntwo\n") });
        let second = written(&mut sealer, &["three\n"]);
        assert_eq!(of(&second).sha256, sha256_hex(&[seal.line(), b"three\n".to_vec()].concat()));
        assert_eq!(seal.head(), sha256_hex(&seal.line()));
    }

    #[test]
    fn whoever_goes_on_with_a_file_seals_as_its_writer_would_have() {
        let mut whole = Sealer::default();
        let mut text = written(&mut whole, &["one\n"]);
        for torn in ["", "two\n", "two\nthr"] {
            let mut resumed = Sealer::after([&text[..], torn.as_bytes()].concat().as_slice()).unwrap();
            let mut expected = whole.clone();
            expected.add(9, torn.as_bytes());
            resumed.add(10, b"more\n");
            expected.add(10, b"more\n");
            assert_eq!(resumed.seal(), expected.seal(), "after {torn:?}");
        }
        text.extend(written(&mut whole, &["two\n"]));
        assert_eq!(Sealer::after(text.as_slice()).unwrap().seal(), None);
    }

    #[test]
    fn what_is_not_written_as_a_seal_is_none() {
        let line = Seal { t: 12, sha256: "0".repeat(64) }.line();
        assert!(Seal::of_line(&line).is_some());
        let text = String::from_utf8(line).unwrap();
        for other in [
            text.replace("12", ""),
            text.replace("12", "-1"),
            text.replace("12", "99999999999999999999999"),
            text.replace(":\"0", ":\"A"),
            text.replace("00\"", "0\""),
            text.replace('\n', ""),
            text.replace("\"}}", "\"} }"),
            text.replace("{\"t\"", "{ \"t\""),
        ] {
            assert_eq!(Seal::of_line(other.as_bytes()), None, "{other}");
        }
    }
}
