//! Lines in frames of Zstandard (RFC 8878), as a compressed history keeps them.
//!
//! A history that is written is frame after frame, each whole in itself and a second long at the most: `zstd -dc` reads what is there while more is
//! written, and of a drill that was killed all but the frame that was not finished. At its end stands a seek table in a frame that decoders step
//! over, as zstd's "seekable format" has it: for each frame its length in the file and its length as text.
//!
//! What is read may come from any encoder: frames of any size, with frames to be skipped among them. What is not there yet of a frame is waited for,
//! so that whoever follows a file that grows goes on where it stopped.
//!
//! What this file does not do: know what a line says, or when a frame is to end (`journal`).

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};
use zstd::bulk::Compressor;
use zstd::stream::raw::{Decoder, Operation};

/// What a frame of data begins with.
pub(super) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// What is read of a file at once.
const PIECE: usize = 64 << 10;
/// The longest line: a plan with everything that an inventory may hold is far below. Without a bound, a few bytes could fill the memory.
const LINE: usize = 1 << 28;
/// The frame of a seek table, and how it ends.
const TABLE: u32 = 0x184d_2a5e;
const SEEKABLE: u32 = 0x8f92_eab1;
/// What stands before the entries of a table and after them.
const HEAD: usize = 8;
const FOOT: usize = 9;
/// The fastest level. Of the lines of a history, which are numbers between a few words, none below the twelfth makes less.
const LEVEL: i32 = 1;

/// True for what begins a frame of any kind. No line of JSON begins so.
pub(super) const fn is_frame(head: [u8; 4]) -> bool {
    matches!(head, MAGIC | [0x50..=0x5f, 0x2a, 0x4d, 0x18])
}

/// Makes frames, and keeps their table.
pub struct FrameMaker {
    encoder: Compressor<'static>,
    /// Of each frame that was made: its length, and its length as text.
    made: Vec<[u32; 2]>,
}

impl FrameMaker {
    /// One that has made none.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub(crate) fn new() -> Result<Self> {
        let mut encoder = Compressor::new(LEVEL)?;
        encoder.include_checksum(true)?;
        Ok(Self { encoder, made: Vec::new() })
    }

    /// The frame of these bytes.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub(crate) fn frame(&mut self, lines: &[u8]) -> Result<Vec<u8>> {
        let frame = self.encoder.compress(lines)?;
        self.made.push([frame.len(), lines.len()].map(|length| u32::try_from(length).unwrap_or(u32::MAX)));
        Ok(frame)
    }

    /// The table of all that were made.
    pub(crate) fn table(&self) -> Vec<u8> {
        let count = u32::try_from(self.made.len()).unwrap_or(u32::MAX);
        let length = 8 * count + FOOT as u32;
        let entries = self.made.iter().flatten().flat_map(|length| length.to_le_bytes());
        let head = [TABLE.to_le_bytes(), length.to_le_bytes()].concat();
        let foot = [&count.to_le_bytes()[..], &[0], &SEEKABLE.to_le_bytes()].concat();
        head.into_iter().chain(entries).chain(foot).collect()
    }
}

/// The text of frames.
pub(super) struct FrameReader {
    decoder: Decoder<'static>,
    /// What was read of the file; what was not decoded yet is from `at` to `until`.
    bytes: Vec<u8>,
    at: usize,
    until: usize,
    /// Bytes of the frame that is read which have gone into the decoder.
    begun: u64,
    /// Whether the decoder may have more without more of the file.
    has_more: bool,
    /// Bytes of the line that is being read.
    line: usize,
}

impl FrameReader {
    /// Over what begins with these bytes.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub(super) fn new(head: Vec<u8>) -> Result<Self> {
        let until = head.len();
        Ok(Self { decoder: Decoder::new()?, bytes: head, at: 0, until, begun: 0, has_more: false, line: 0 })
    }

    /// Bytes of a frame that is not whole, where the end was reached in the middle of one.
    pub(super) fn torn(&self) -> u64 {
        self.begun + (self.until - self.at) as u64
    }

    /// Text, as far as frames of the input are there; none where none is now.
    pub(super) fn read(&mut self, input: &mut impl Read, out: &mut [u8]) -> Result<usize> {
        loop {
            if out.is_empty() || self.at == self.until && !self.has_more && !self.fill(input)? {
                return Ok(0);
            }
            let done = self.decoder.run_on_buffers(&self.bytes[self.at..self.until], out).map_err(|error| damaged(&error.to_string()))?;
            self.at += done.bytes_read;
            self.begun = if done.remaining == 0 { 0 } else { self.begun + done.bytes_read as u64 };
            self.has_more = done.bytes_written == out.len();
            if done.bytes_written > 0 {
                self.bound(&out[..done.bytes_written])?;
                return Ok(done.bytes_written);
            }
        }
    }

    /// Takes in more of the file; false where there is none.
    fn fill(&mut self, input: &mut impl Read) -> Result<bool> {
        self.bytes.resize(PIECE, 0);
        (self.at, self.until) = (0, 0);
        self.until = loop {
            match input.read(&mut self.bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        Ok(self.until > 0)
    }

    fn bound(&mut self, text: &[u8]) -> Result<()> {
        self.line = match text.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => text.len() - end - 1,
            None => self.line + text.len(),
        };
        if self.line > LINE { Err(damaged("a line has no end")) } else { Ok(()) }
    }
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the compressed history is damaged: {what}"))
}

/// Where the last frames begin, so many at most, by the table at the end of a file; `None` where it has none, as that of a drill that runs or was
/// killed.
///
/// # Errors
/// Where the file cannot be read.
pub(super) fn last_frames(file: &mut (impl Read + Seek), most: u32) -> Result<Option<u64>> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut number_at = |before_end: u64| -> Result<Option<u32>> {
        let Some(place) = length.checked_sub(before_end) else { return Ok(None) };
        file.seek(SeekFrom::Start(place))?;
        let mut number = [0; 4];
        file.read_exact(&mut number)?;
        Ok(Some(u32::from_le_bytes(number)))
    };
    if number_at(4)? != Some(SEEKABLE) {
        return Ok(None);
    }
    let count = number_at(FOOT as u64)?.unwrap_or(0);
    let table = u64::from(count) * 8 + (HEAD + FOOT) as u64;
    if number_at(table)? != Some(TABLE) {
        return Ok(None);
    }
    let mut begins = length - table;
    for entry in 1..=u64::from(count.min(most)) {
        begins = begins.saturating_sub(number_at(FOOT as u64 + 8 * entry)?.map_or(0, u64::from));
    }
    Ok(Some(begins))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Gives what was written piece by piece, and nothing after each.
    struct GrowingFrames(VecDeque<Vec<u8>>);

    impl Read for GrowingFrames {
        fn read(&mut self, out: &mut [u8]) -> Result<usize> {
            let Some(mut piece) = self.0.pop_front() else { return Ok(0) };
            let count = piece.len().min(out.len());
            out[..count].copy_from_slice(&piece[..count]);
            if count < piece.len() {
                self.0.push_front(piece.split_off(count));
            }
            Ok(count)
        }
    }

    /// All that is there now.
    fn drained(reader: &mut FrameReader, input: &mut impl Read) -> Result<Vec<u8>> {
        let (mut all, mut piece) = (Vec::new(), vec![0; 1000]);
        loop {
            match reader.read(input, &mut piece)? {
                0 => return Ok(all),
                count => all.extend_from_slice(&piece[..count]),
            }
        }
    }

    /// Text that repeats itself as a history does, and its frames.
    fn framed() -> (Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<u8>) {
        let line = |number: u64| format!("{{\"t\":{},\"request\":{{\"id\":{number},\"outcome\":\"ok\"}}}}\n", number * 7_919_123);
        let texts = [0..1, 1..50, 50..5_000, 5_000..5_003].map(|lines| lines.map(line).collect::<String>().into_bytes());
        let mut maker = FrameMaker::new().unwrap();
        let frames = texts.clone().map(|text| maker.frame(&text).unwrap());
        (texts.to_vec(), frames.to_vec(), maker.table())
    }

    #[test]
    fn what_is_written_is_read_however_it_comes_in_and_the_table_is_stepped_over() {
        let (texts, frames, table) = framed();
        let (text, file) = (texts.concat(), [frames.concat(), table.clone()].concat());
        assert!(file.len() * 4 < text.len(), "{} of {}", file.len(), text.len());
        for size in [1, 5, 1_000, file.len()] {
            let mut reader = FrameReader::new(Vec::new()).unwrap();
            let mut input = GrowingFrames(file.chunks(size).map(<[u8]>::to_vec).collect());
            assert_eq!(drained(&mut reader, &mut input).unwrap(), text, "{size}");
            assert_eq!(reader.torn(), 0);
        }
        let number = |place: usize| u32::from_le_bytes(*table[place..].first_chunk().unwrap());
        assert_eq!((number(0), number(4) as usize, number(table.len() - 9)), (TABLE, table.len() - 8, 4));
        assert_eq!(number(table.len() - 4), SEEKABLE);
        let lengths: Vec<[usize; 2]> = (0..4).map(|place| [8 + 8 * place, 12 + 8 * place].map(|place| number(place) as usize)).collect();
        assert_eq!(lengths, texts.iter().zip(&frames).map(|(text, frame)| [frame.len(), text.len()]).collect::<Vec<_>>());
        let last = |file: &[u8], most| last_frames(&mut std::io::Cursor::new(file), most).unwrap();
        assert_eq!([1, 2, 4, 9].map(|most| last(&file, most)), [3, 2, 0, 0].map(|count| Some(frames[..count].concat().len() as u64)));
        assert_eq!([&file[..file.len() - 1], b"", &frames[0][..]].map(|file| last(file, 2)), [None; 3]);
    }

    #[test]
    fn a_frame_that_is_not_whole_is_nothing_until_it_is() {
        let (texts, frames, _) = framed();
        let (one, two) = frames[1].split_at(frames[1].len() / 2);
        let mut reader = FrameReader::new(Vec::new()).unwrap();
        let mut told = Vec::new();
        for piece in [&frames[0][..], one, two] {
            let now = drained(&mut reader, &mut GrowingFrames(VecDeque::from([piece.to_vec()]))).unwrap();
            told.push((now, reader.torn()));
        }
        assert_eq!(told, [(texts[0].clone(), 0), (Vec::new(), one.len() as u64), (texts[1].clone(), 0)]);
    }

    #[test]
    fn every_changed_byte_is_found_and_every_cut_leaves_what_was_before_it() {
        let (texts, frames, _) = framed();
        let (file, text) = (frames[..2].concat(), texts[..2].concat());
        for place in 0..file.len() {
            let mut changed = file.clone();
            changed[place] ^= 0x55;
            let mut reader = FrameReader::new(Vec::new()).unwrap();
            let read = drained(&mut reader, &mut &changed[..]);
            // A length that was changed may make a frame seem to go on, which is told as one that is not whole.
            assert!(read.map_or(true, |read| read != text) || reader.torn() > 0, "{place}");
            let mut reader = FrameReader::new(Vec::new()).unwrap();
            let kept = drained(&mut reader, &mut &file[..place]).unwrap();
            let (whole, torn) = if place < frames[0].len() { (0, place) } else { (texts[0].len(), place - frames[0].len()) };
            // What is not packed in a frame, because that would not make it smaller, is there as far as it goes.
            assert!(kept.len() >= whole && text.starts_with(&kept) && reader.torn() == torn as u64, "{place}: {}", kept.len());
        }
    }
}
