//! AWS's event stream encoding, `application/vnd.amazon.eventstream`: frames with headers, a payload and two checksums.
//!
//! ```text
//!  u32 total length │ u32 length of headers │ u32 CRC32 of these 8 bytes │ headers │ payload │ u32 CRC32 of all before it
//!  header: u8 length of name │ name │ u8 type of value │ value (type 7, a string: u16 length │ bytes)
//! ```
//!
//! Numbers are big-endian, checksums those of IEEE 802.3. Written: headers of strings, which is all that an event or an exception has. Read:
//! headers of every type, of which only strings are kept. Source: AWS's description of the encoding.

use std::collections::BTreeMap;

/// Length of the first three numbers.
const PRELUDE: usize = 12;
/// Length of all that is not headers or payload.
const OVERHEAD: usize = PRELUDE + 4;
/// The longest frame that AWS allows: 16 MiB of payload, 128 KiB of headers.
const LONGEST: usize = (16 << 20) + (128 << 10) + OVERHEAD;
/// The type of a header's value that is a string.
const STRING: u8 = 7;

/// The header that says what a frame is: `event`, `exception` or `error`.
pub(super) const MESSAGE_TYPE: &str = ":message-type";

/// A frame that was read: its headers and its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    headers: BTreeMap<String, String>,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// The error for bytes that are no frame: a checksum or a length does not fit. Nothing after them can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// Writes one frame.
///
/// # Panics
/// Where a header's name is longer than 255 bytes or its value longer than 65,535: names and values here are constants.
pub(super) fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).expect("a header's name is short"));
        head.extend_from_slice(name.as_bytes());
        head.push(STRING);
        head.extend_from_slice(&u16::try_from(value.len()).expect("a header's value is short").to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    written(&head, payload)
}

fn written(head: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = |length: usize| u32::try_from(length).expect("a frame is far shorter than 4 GiB").to_be_bytes();
    let mut bytes = Vec::with_capacity(OVERHEAD + head.len() + payload.len());
    bytes.extend_from_slice(&length(OVERHEAD + head.len() + payload.len()));
    bytes.extend_from_slice(&length(head.len()));
    bytes.extend_from_slice(&crc32(&bytes).to_be_bytes());
    bytes.extend_from_slice(head);
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(&crc32(&bytes).to_be_bytes());
    bytes
}

/// The length of a whole frame by its first four bytes; `None` where no frame is so long.
pub(super) fn frame_length(bytes: [u8; 4]) -> Option<usize> {
    Some(number(&bytes) as usize).filter(|total| (OVERHEAD..=LONGEST).contains(total))
}

/// The same frame with another payload; its headers stay as they are.
pub(super) fn with_payload(whole: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    first_frame(whole).ok()??;
    let head = &whole[PRELUDE..PRELUDE + number(&whole[4..8]) as usize];
    Some(written(head, payload))
}

/// Takes the first frame off `bytes`, with its length; `None` while it is not whole.
///
/// # Errors
/// Where the bytes are damaged, which shows with the prelude at the earliest.
pub(super) fn first_frame(bytes: &[u8]) -> Result<Option<(Frame, usize)>, Damaged> {
    let Some(prelude) = bytes.get(..PRELUDE) else { return Ok(None) };
    let (total, head) = (number(&prelude[..4]) as usize, number(&prelude[4..8]) as usize);
    let sound = crc32(&prelude[..8]) == number(&prelude[8..]) && (OVERHEAD..=LONGEST).contains(&total) && head <= total - OVERHEAD;
    if !sound {
        return Err(Damaged);
    }
    let Some(whole) = bytes.get(..total) else { return Ok(None) };
    let (body, sum) = whole.split_at(total - 4);
    if crc32(body) != number(sum) {
        return Err(Damaged);
    }
    let (head, payload) = body[PRELUDE..].split_at(head);
    Ok(Some((Frame { headers: headers(head).ok_or(Damaged)?, payload: payload.to_vec() }, total)))
}

fn headers(mut rest: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut headers = BTreeMap::new();
    while !rest.is_empty() {
        let length = usize::from(take(&mut rest, 1)?[0]);
        let name = take(&mut rest, length)?;
        let kind = take(&mut rest, 1)?[0];
        let length = match kind {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            6 | STRING => usize::from(u16::from_be_bytes(take(&mut rest, 2)?.try_into().ok()?)),
            9 => 16,
            _ => return None,
        };
        let value = take(&mut rest, length)?;
        if kind == STRING {
            headers.insert(String::from_utf8(name.to_vec()).ok()?, String::from_utf8(value.to_vec()).ok()?);
        }
    }
    Some(headers)
}

fn take<'b>(rest: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// Four bytes as a number.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// The CRC-32 of IEEE 802.3, reflected, by table.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| CRC[usize::from(crc as u8 ^ *byte)] ^ crc >> 8)
}

const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let (mut value, mut bit) = (index as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ 0xEDB8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    /// The example of AWS's description of the encoding: a message without headers or payload.
    #[test]
    fn the_empty_frame_is_the_published_one() {
        let published = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
        assert_eq!(frame(&[], b""), published);
        assert!(matches!(first_frame(&published), Ok(Some((_, 16)))));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed_and_half_a_frame_is_awaited() {
        let whole = frame(&[(":message-type", "event"), (":event-type", "metadata")], b"{\"usage\":{}}");
        for cut in 0..whole.len() {
            assert_eq!(first_frame(&whole[..cut]), Ok(None), "cut at {cut}");
        }
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(first_frame(&damaged), Err(Damaged), "bit {bit}");
        }
    }

    #[test]
    fn another_payload_leaves_the_headers_alone() {
        let changed = with_payload(&frame(&[("a", "b")], b"one"), b"another").unwrap();
        assert_eq!(changed, frame(&[("a", "b")], b"another"));
        assert_eq!(with_payload(b"nothing of the kind", b""), None);
    }

    #[test]
    fn headers_of_every_type_are_passed_over() {
        let mut head = Vec::new();
        for (kind, length) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16)] {
            head.extend([1, b'h', kind]);
            head.extend(vec![0xff; length]);
        }
        head.extend([1, b'h', 6, 0, 2, 0xff, 0xff, 1, b'n', 7, 0, 1, b'v']);
        assert_eq!(headers(&head), Some(BTreeMap::from([("n".to_owned(), "v".to_owned())])));
        for cut in 1..head.len() {
            let _ = headers(&head[..cut]);
        }
        assert_eq!(headers(&[1, b'h', 10]), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            headers in proptest::collection::btree_map("[a-z:-]{1,20}", ".{0,40}", 0..5),
            payload in proptest::collection::vec(any::<u8>(), 0..300),
            after in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let pairs: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let mut bytes = frame(&pairs, &payload);
            let length = bytes.len();
            bytes.extend(after);
            prop_assert_eq!(first_frame(&bytes), Ok(Some((Frame { headers, payload }, length))));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = first_frame(&bytes);
            let _ = headers(&bytes);
        }
    }
}
