//! The text of a file, whatever was done to it: compressed by gzip (k6 does that itself, logrotate too) or Zstandard, or written as UTF-16
//! (PowerShell's `>`), with or without a mark in front. What is known and not read is named.
//!
//! All of it is a stream: a record may be larger when it is unpacked than what fits into memory.

use super::record::ImportError;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{BufRead, BufReader, Chain, Cursor, Error, Read, Result};

/// As much of a file as shows what it is.
const HEAD: usize = 16;
/// What is known by its first bytes, and what to do about it.
const OTHERS: [(&[u8], &str, &str); 9] = [
    (b"BZh", "it is compressed with bzip2", "decompress it first: bunzip2 FILE"),
    (b"\xfd7zXZ", "it is compressed with xz", "decompress it first: unxz FILE"),
    (b"PK\x03\x04", "it is a zip archive", "decompress it first: unzip FILE"),
    (b"\x04\x22\x4d\x18", "it is compressed with lz4", "decompress it first: unlz4 FILE"),
    (b"SQLite format 3", "it is an SQLite database", "export the table of its requests as CSV; oha writes one with --output-format csv"),
    (b"PAR1", "it is a Parquet file", "export it as CSV"),
    (b"<?xml", "it is XML", "let JMeter write CSV: jmeter.save.saveservice.output_format=csv"),
    (b"<testResults", "it is JMeter's XML", "let JMeter write CSV: jmeter.save.saveservice.output_format=csv"),
    (b"\x00\x00\xfe\xff", "it is UTF-32", "write it as UTF-8"),
];

/// An input whose first bytes have been looked at.
type PeekedInput<R> = Chain<Cursor<Vec<u8>>, R>;

/// The text of a file.
pub(super) fn plain<'r>(input: impl BufRead + 'r) -> std::result::Result<Box<dyn BufRead + 'r>, ImportError> {
    let (head, input) = begun(input)?;
    if head.starts_with(b"\x1f\x8b") {
        return text(BufReader::with_capacity(1 << 18, MultiGzDecoder::new(input)));
    }
    if head.starts_with(b"\x28\xb5\x2f\xfd") || head.get(1..4) == Some(b"\x2a\x4d\x18") {
        return text(BufReader::with_capacity(1 << 18, ZstdFrames { input, decoder: FrameDecoder::new(), open: false }));
    }
    text(input)
}

/// What was unpacked, as UTF-8.
fn text<'r>(input: impl BufRead + 'r) -> std::result::Result<Box<dyn BufRead + 'r>, ImportError> {
    let (head, mut input) = begun(input)?;
    if let Some((_, what, hint)) = OTHERS.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Err(ImportError::Packed { what, hint });
    }
    let order = match head[..] {
        [0xef, 0xbb, 0xbf, ..] => {
            input.consume(3);
            return Ok(Box::new(input));
        }
        [0xff, 0xfe, ..] => Some((2, u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0xfe, 0xff, ..] => Some((2, u16::from_be_bytes as fn([u8; 2]) -> u16)),
        // Without a mark: what all these formats begin with is ASCII.
        [1..0x80, 0, 1..0x80, 0, ..] => Some((0, u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0, 1..0x80, 0, 1..0x80, ..] => Some((0, u16::from_be_bytes as fn([u8; 2]) -> u16)),
        _ => None,
    };
    let Some((mark, order)) = order else { return Ok(Box::new(input)) };
    input.consume(mark);
    Ok(Box::new(BufReader::with_capacity(1 << 18, Utf16 { input, order, high: None, ready: Vec::new(), given: 0 })))
}

/// The first bytes of a file, and all of it.
fn begun<R: BufRead>(mut input: R) -> Result<(Vec<u8>, PeekedInput<R>)> {
    let mut head = Vec::with_capacity(HEAD);
    Read::take(&mut input, HEAD as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(input)))
}

/// The frames of a Zstandard file, one after the other.
struct ZstdFrames<R> {
    input: R,
    decoder: FrameDecoder,
    open: bool,
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if !self.open {
                if self.input.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.open = self.begin()?;
                continue;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder.decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1)).map_err(Error::other)?;
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.open = false;
            let told = self.decoder.get_checksum_from_data();
            if told.is_some() && told != self.decoder.get_calculated_checksum() {
                return Err(Error::other("a frame's checksum is wrong"));
            }
        }
    }
}

impl<R: BufRead> ZstdFrames<R> {
    /// True where a frame of data begins; one that is to be skipped is skipped.
    fn begin(&mut self) -> Result<bool> {
        match self.decoder.init(&mut self.input) {
            Ok(()) => Ok(true),
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                std::io::copy(&mut Read::take(&mut self.input, u64::from(length)), &mut std::io::sink())?;
                Ok(false)
            }
            Err(error) => Err(Error::other(error)),
        }
    }
}

/// A decoder of UTF-16 into UTF-8. What is no character becomes the replacement character.
struct Utf16<R> {
    input: R,
    order: fn([u8; 2]) -> u16,
    /// The first half of a character that has two.
    high: Option<u16>,
    ready: Vec<u8>,
    given: usize,
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.given == self.ready.len() {
            self.fill()?;
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

impl<R: BufRead> Utf16<R> {
    fn fill(&mut self) -> Result<()> {
        let mut bytes = Vec::with_capacity(1 << 13);
        Read::take(&mut self.input, 1 << 13).read_to_end(&mut bytes)?;
        let units = bytes.chunks_exact(2).map(|pair| (self.order)([pair[0], pair[1]]));
        let mut units: Vec<u16> = self.high.take().into_iter().chain(units).collect();
        if !bytes.is_empty() {
            self.high = units.pop_if(|last| (0xd800..0xdc00).contains(last));
        }
        let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
        (self.ready, self.given) = (letters.collect::<String>().into_bytes(), 0);
        // A piece of one half is no end.
        if self.ready.is_empty() && !bytes.is_empty() { self.fill() } else { Ok(()) }
    }
}
