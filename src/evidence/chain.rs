//! A history held against its seals, in one pass over a file of any size.
//!
//! | what was done | how it shows |
//! |---|---|
//! | a line changed, cut out, or put in | the next seal does not fit; where one line too many or two in each other's place explain it, that is said |
//! | a seal changed | it does not fit, and the one after it fits what it should have been |
//! | the end cut off | the head is not the one that the manifest has; without a manifest nobody can tell it from a drill that was killed |
//! | nothing: the drill was killed | the lines after the last seal are sealed by none, and the last may be torn |
//!
//! What this file does not do: know what an event means beyond its moment and whether it is the last, or say whether any of it is bad.

use super::listing;
use crate::history::Seal;
use crate::model::HistoryForm;
use crate::run_folder::HistoryInput;
use crate::units::{RunningHash, sha256_hex};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// No seal's line is longer; of a longer line only its beginning is kept.
const SHORT: usize = 256;
/// So much of what stands between two seals is kept, to say what was done to it.
const KEPT: usize = 1 << 18;
/// So many places where a history does not fit its seals are told.
const BREAKS: usize = 20;
/// So many bytes are hashed at most to explain one of them.
const EXPLAINED: usize = 1 << 25;

/// What a history's seals say of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Whole lines, seals among them.
    pub lines: u64,
    /// Seals.
    pub seals: u64,
    /// The hash of the last seal's line, which stands for everything up to it.
    pub head: Option<String>,
    /// The line, from 1, of the seal that was looked for; `None` where it is not there.
    pub sought: Option<u64>,
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// Its bytes.
    pub bytes: u64,
    /// Where it does not fit its seals, the first of them.
    pub breaks: Vec<ChainBreak>,
    /// How many more there are.
    pub more_breaks: u64,
    /// What follows the last seal.
    pub tail: Tail,
    /// Whether the last event says that the run was over.
    pub is_finished: bool,
    /// The format, as its first line says it.
    pub format: Option<String>,
}

impl Chain {
    /// Whether it is written to its end, and sealed to it.
    pub fn is_complete(&self) -> bool {
        self.is_finished && self.head.is_some() && self.tail == Tail::default()
    }
}

/// Lines after the last seal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tail {
    /// Whole lines.
    pub lines: u64,
    /// Bytes of a last line that has no end.
    pub torn: u64,
    /// A line, from 1, whose moment is before that of the line above it.
    pub backwards: Option<u64>,
}

/// Lines that do not fit the seal that follows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainBreak {
    /// The first of them, from 1.
    pub first: u64,
    /// The line of the seal.
    pub seal: u64,
    /// What explains it.
    pub cause: BreakCause,
}

/// What explains that lines do not fit their seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakCause {
    /// Something was changed or cut out; which of them nobody can tell.
    Changed,
    /// This line was put in: without it they fit.
    Added(u64),
    /// These two lines changed places: the other way round they fit.
    Swapped(u64, u64),
    /// This line stands elsewhere than it did: its moment is before that of the line above it.
    Reordered(u64),
    /// The seal itself was changed: the next one fits what it should have been.
    Seal,
    /// A seal among them, on this line, can no longer be read as one.
    LostSeal(u64),
    /// A seal that stood before this line was cut out: with it they fit.
    SealCut(u64),
    /// It fits, and the seal has another moment than the line before it.
    Moment,
}

/// Holds the history in a file, plain or compressed, against its seals, and looks for one of this head. The hash and the size are the file's.
///
/// # Errors
/// Those of reading it.
pub fn of_file(path: &Path, sought: Option<&str>) -> std::io::Result<Chain> {
    let mut input = BufReader::with_capacity(1 << 16, HistoryInput::new(listing::open(path)?));
    let mut chain = read(&mut input, sought)?;
    let input = input.get_ref();
    if chain.tail.torn == 0 {
        chain.tail.torn = input.torn();
    }
    if input.form() == HistoryForm::Compressed {
        (chain.sha256, chain.bytes) = listing::hash_of(path)?;
    }
    Ok(chain)
}

/// Holds a history against its seals, and looks for one of this head.
///
/// # Errors
/// Those of reading it.
pub fn read(mut input: impl BufRead, sought: Option<&str>) -> std::io::Result<Chain> {
    let mut walk = ChainWalk { sought: sought.map(ToOwned::to_owned), ..ChainWalk::default() };
    let mut whole = RunningHash::default();
    let mut bytes = 0;
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(walk.end(whole.hex(), bytes));
        }
        whole.add(chunk);
        chunk.split_inclusive(|byte| *byte == b'\n').for_each(|piece| walk.take(piece));
        let length = chunk.len();
        bytes += length as u64;
        input.consume(length);
    }
}

/// What is known while a history is read.
#[derive(Default)]
struct ChainWalk {
    sought: Option<String>,
    found: Option<u64>,
    lines: u64,
    seals: u64,
    head: Option<String>,
    breaks: Vec<ChainBreak>,
    more_breaks: u64,
    format: Option<String>,
    is_finished: bool,
    /// Of the last event.
    moment: u64,
    /// The beginning of the line that is read, and how long it is so far.
    line: Vec<u8>,
    length: usize,
    segment: Segment,
}

/// The lines since a seal.
#[derive(Default)]
struct Segment {
    hash: RunningHash,
    /// The same where the seal before does not fit: after what it should have been.
    mended: Option<RunningHash>,
    /// The line of the seal before.
    before: Vec<u8>,
    kept: Vec<u8>,
    overflows: bool,
    lines: u64,
    /// A line, from 1 in the file, whose moment is before that of the one above it.
    backwards: Option<u64>,
    /// A line, from 1 in the file, that is like a seal and is none.
    lost: Option<u64>,
}

impl Segment {
    fn after(seal: Vec<u8>, mended: Option<&[u8]>) -> Self {
        let hash_of = |line: &[u8]| {
            let mut hash = RunningHash::default();
            hash.add(line);
            hash
        };
        Self { hash: hash_of(&seal), mended: mended.map(hash_of), before: seal, ..Self::default() }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.hash.add(bytes);
        if let Some(mended) = &mut self.mended {
            mended.add(bytes);
        }
        self.overflows |= self.kept.len() + bytes.len() > KEPT;
        if !self.overflows {
            self.kept.extend_from_slice(bytes);
        }
    }

    /// Why these lines, of which this is the first, do not fit their seal.
    fn explain(&self, wanted: &str, first: u64) -> BreakCause {
        self.explained(wanted, first).unwrap_or(match (self.lost, self.backwards) {
            (Some(line), _) => BreakCause::LostSeal(line),
            (None, Some(line)) => BreakCause::Reordered(line),
            (None, None) => BreakCause::Changed,
        })
    }

    /// What was done to them, where undoing it makes them fit.
    fn explained(&self, wanted: &str, first: u64) -> Option<BreakCause> {
        if self.overflows {
            return None;
        }
        let lines: Vec<&[u8]> = self.kept.split_inclusive(|byte| *byte == b'\n').collect();
        let tries = EXPLAINED / (self.kept.len() + self.before.len()).max(1);
        let hash = |parts: &[&[&[u8]]]| {
            let mut hash = RunningHash::default();
            hash.add(&self.before);
            parts.iter().flat_map(|part| part.iter()).for_each(|line| hash.add(line));
            hash.hex()
        };
        let line = |place: usize| first + place as u64;
        if lines.len() <= tries {
            let is_added = |place: &usize| hash(&[&lines[..*place], &lines[place + 1..]]) == wanted;
            if let Some(place) = (0..lines.len()).find(is_added) {
                return Some(BreakCause::Added(line(place)));
            }
            let is_cut = |place: &usize| {
                let sealed = moment(lines[place - 1]).map(|t| Seal { t, sha256: hash(&[&lines[..*place]]) }.line());
                sealed.is_some_and(|seal| sha256_hex(&[seal.as_slice(), &lines[*place..].concat()].concat()) == wanted)
            };
            if let Some(place) = (1..lines.len()).find(is_cut) {
                return Some(BreakCause::SealCut(line(place)));
            }
        }
        if lines.len() * lines.len() / 2 > tries {
            return None;
        }
        let pairs = (0..lines.len()).flat_map(|first| (first + 1..lines.len()).map(move |second| (first, second)));
        let mut other = lines.clone();
        for (one, two) in pairs {
            other.swap(one, two);
            if hash(&[&other]) == wanted {
                return Some(BreakCause::Swapped(line(one), line(two)));
            }
            other.swap(one, two);
        }
        None
    }
}

impl ChainWalk {
    /// Takes in a part of a line, or the rest of it with its line feed.
    fn take(&mut self, piece: &[u8]) {
        let before = self.length;
        self.length += piece.len();
        // A line that may still be a seal is held back.
        if self.length > SHORT {
            if before <= SHORT {
                self.segment.add(&self.line);
            }
            self.segment.add(piece);
        }
        self.line.extend_from_slice(&piece[..piece.len().min(SHORT - self.line.len())]);
        if piece.last() == Some(&b'\n') {
            self.lines += 1;
            let line = std::mem::take(&mut self.line);
            let length = std::mem::take(&mut self.length);
            match Seal::of_line(&line).filter(|_| length <= SHORT) {
                Some(seal) => self.close(&seal),
                None => self.event(&line, length),
            }
        }
    }

    /// A line that is no seal, of which this is the beginning.
    fn event(&mut self, line: &[u8], length: usize) {
        if length <= SHORT {
            self.segment.add(line);
        }
        self.segment.lines += 1;
        if self.lines == 1 {
            self.format = quoted(line, b"\"format\":\"");
        }
        if holds(line, b"\"sealed\"") {
            self.segment.lost.get_or_insert(self.lines);
        }
        let moment = moment(line);
        if let Some(moment) = moment {
            if moment < self.moment {
                self.segment.backwards.get_or_insert(self.lines);
            }
            self.moment = moment;
        }
        self.is_finished = moment.is_some() && (holds(line, b",\"finished\":") || holds(line, b",\"execution_finished\":"));
    }

    /// A seal: the lines since the one before are held against it.
    fn close(&mut self, seal: &Seal) {
        let segment = std::mem::take(&mut self.segment);
        let first = self.lines - segment.lines;
        let should = segment.hash.clone().hex();
        let is_mended = segment.mended.as_ref().is_some_and(|hash| hash.clone().hex() == seal.sha256);
        if is_mended && self.more_breaks == 0 {
            // The lines are as they were; it was the seal before them that was not.
            if let Some(last) = self.breaks.last_mut() {
                last.cause = BreakCause::Seal;
            }
        }
        let cause = match should == seal.sha256 || is_mended {
            true => (seal.t != self.moment).then_some(BreakCause::Moment),
            false if segment.lines == 0 => Some(BreakCause::Added(self.lines)),
            false => Some(segment.explain(&seal.sha256, first)),
        };
        let mended = cause.map(|_| Seal { t: self.moment, sha256: should }.line());
        if let Some(cause) = cause {
            if self.breaks.len() < BREAKS {
                self.breaks.push(ChainBreak { first, seal: self.lines, cause });
            } else {
                self.more_breaks += 1;
            }
        }
        let head = seal.head();
        if self.sought.as_ref() == Some(&head) {
            self.found = Some(self.lines);
        }
        self.seals += 1;
        self.head = Some(head);
        self.segment = Segment::after(seal.line(), mended.as_deref());
    }

    fn end(self, sha256: String, bytes: u64) -> Chain {
        let tail = Tail { lines: self.segment.lines, torn: self.length as u64, backwards: self.segment.backwards };
        let Self { lines, seals, head, found: sought, breaks, more_breaks, is_finished, format, .. } = self;
        Chain { lines, seals, head, sought, sha256, bytes, breaks, more_breaks, tail, is_finished, format }
    }
}

fn holds(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}

/// The moment of a line, where it has one.
fn moment(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(b"{\"t\":")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// The text in quotes behind this.
fn quoted(line: &[u8], before: &[u8]) -> Option<String> {
    let start = line.windows(before.len()).position(|window| window == before)? + before.len();
    let length = line[start..].iter().position(|byte| *byte == b'"')?;
    str::from_utf8(&line[start..start + length]).ok().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Sealer;

    /// Five seals with three lines each, and then `finished` with its own.
    fn history() -> Vec<String> {
        let (mut sealer, mut lines) = (Sealer::default(), Vec::new());
        let mut put = |t: u64, line: String, seals: bool, lines: &mut Vec<String>| {
            sealer.add(t, line.as_bytes());
            lines.push(line);
            if seals {
                lines.extend(sealer.seal().map(|seal| String::from_utf8(seal).unwrap()));
            }
        };
        put(0, "{\"t\":0,\"started\":{\"format\":\"2.3\"}}\n".into(), false, &mut lines);
        for t in 1..15 {
            // One of them is longer than anything that is kept whole.
            let filler = "x".repeat(if t == 7 { 1000 } else { 0 });
            put(t * 10, format!("{{\"t\":{},\"note\":{{\"text\":\"{filler}\"}}}}\n", t * 10), t % 3 == 2, &mut lines);
        }
        put(150, "{\"t\":150,\"finished\":{}}\n".into(), true, &mut lines);
        lines
    }

    fn read_lines(lines: &[String]) -> Chain {
        read(lines.concat().as_bytes(), None).unwrap()
    }

    fn broken(change: impl Fn(&mut Vec<String>)) -> Vec<(u64, u64, BreakCause)> {
        let mut lines = history();
        change(&mut lines);
        read_lines(&lines).breaks.into_iter().map(|each| (each.first, each.seal, each.cause)).collect()
    }

    #[test]
    fn an_untouched_history_fits_however_it_comes_in() {
        let lines = history();
        let chain = read_lines(&lines);
        let bytes = lines.concat();
        assert_eq!((chain.lines, chain.seals, chain.bytes, chain.is_finished), (22, 6, bytes.len() as u64, true));
        assert_eq!((chain.breaks.len(), chain.tail.clone(), chain.format.as_deref()), (0, Tail::default(), Some("2.3")));
        assert_eq!(chain.sha256, sha256_hex(bytes.as_bytes()));
        assert_eq!(chain.head, Some(sha256_hex(lines[21].as_bytes())));
        for size in [1, 7, 300] {
            let slow = std::io::BufReader::with_capacity(size, bytes.as_bytes());
            assert_eq!(read(slow, None).unwrap(), chain, "{size}");
        }
        let earlier = sha256_hex(lines[3].as_bytes());
        assert_eq!(read(bytes.as_bytes(), Some(&earlier)).unwrap().sought, Some(4));
    }

    #[test]
    fn what_was_done_to_a_line_is_told_with_its_place() {
        use BreakCause::{Added, Changed, LostSeal, Reordered, Seal, SealCut, Swapped};
        // Lines count from 1, and the seals stand on lines 4, 8, 12, 16, 20 and 22.
        assert_eq!(broken(|lines| lines[5] = lines[5].replace("text", "tezt")), [(5, 8, Changed)]);
        assert_eq!(broken(|lines| drop(lines.remove(5))), [(5, 7, Changed)]);
        assert_eq!(broken(|lines| lines.insert(5, lines[5].clone())), [(5, 9, Added(6))]);
        assert_eq!(broken(|lines| lines.insert(6, "{\"t\":45,\"note\":{}}\n".into())), [(5, 9, Added(7))]);
        assert_eq!(broken(|lines| lines.swap(4, 6)), [(5, 8, Swapped(5, 7))]);
        assert_eq!(broken(|lines| lines.swap(5, 9)), [(5, 8, Reordered(7)), (9, 12, Reordered(10))]);
        assert_eq!(broken(|lines| lines[7] = lines[7].replace("\"t\":50", "\"t\":51")), [(5, 8, Seal)]);
        let other = |line: &str| line.replace(&line[30..34], if &line[30..34] == "0000" { "1111" } else { "0000" });
        assert_eq!(broken(|lines| lines[7] = other(&lines[7])), [(5, 8, Seal)]);
        assert_eq!(broken(|lines| lines[7] = lines[7].replace("\"sealed\":{", "\"sealed\": {")), [(5, 12, LostSeal(8))]);
        assert_eq!(broken(|lines| drop(lines.remove(7))), [(5, 11, SealCut(8))]);
        assert_eq!(broken(|lines| lines.insert(7, lines[7].clone())), [(9, 9, Added(9))]);
    }

    #[test]
    fn an_end_that_is_missing_is_told_as_what_it_is() {
        let lines = history();
        let torn = lines.concat();
        let chain = read(&torn.as_bytes()[..torn.len() - 30], None).unwrap();
        assert_eq!((chain.tail.lines, chain.tail.torn > 0, chain.is_finished, chain.breaks.len()), (1, true, true, 0));
        let cut = read_lines(&lines[..20]);
        assert_eq!((cut.tail, cut.is_finished, cut.breaks.len()), (Tail::default(), false, 0));
        let unsealed = read_lines(&lines[..19]);
        assert_eq!((unsealed.tail, unsealed.seals), (Tail { lines: 3, torn: 0, backwards: None }, 4));
        let empty = read(&b""[..], None).unwrap();
        assert_eq!((empty.lines, empty.head, empty.format), (0, None, None));
    }
}
