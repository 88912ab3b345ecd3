//! DER (ITU-T X.690), as far as time stamps need it: a value is a tag, a length and so many bytes; some hold others.
//!
//! What this file does not do: know what any of them means.

/// Tags.
pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// Of the values that a type numbers: the first and the second, where they hold others.
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_1: u8 = 0xa1;

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) struct DerValue<'a> {
    pub(super) tag: u8,
    /// What it holds.
    pub(super) content: &'a [u8],
    /// The same with its tag and length.
    pub(super) whole: &'a [u8],
}

/// Values one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct DerReader<'a>(&'a [u8]);

impl<'a> DerReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// True where nothing follows.
    pub(super) const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value; `None` where none follows that is whole and written in the one way that DER knows.
    pub(super) fn next(&mut self) -> Option<DerValue<'a>> {
        let (tag, first) = (*self.0.first()?, *self.0.get(1)?);
        // Tags of several bytes are nowhere in a time stamp.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (header, length) = match first {
            0..=0x7f => (2, usize::from(first)),
            0x81..=0x84 => {
                let digits = self.0.get(2..2 + usize::from(first & 0x7f))?;
                let length = digits.iter().fold(0, |length: usize, digit| length << 8 | usize::from(*digit));
                // The shortest form is the only one.
                if length < 0x80 || digits[0] == 0 {
                    return None;
                }
                (2 + digits.len(), length)
            }
            _ => return None,
        };
        let whole = self.0.get(..header.checked_add(length)?)?;
        self.0 = &self.0[whole.len()..];
        Some(DerValue { tag, content: &whole[header..], whole })
    }

    /// The next value, where it has this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<DerValue<'a>> {
        self.optional(tag)
    }

    /// The next value, where it has this tag; any other is left where it is.
    pub(super) fn optional(&mut self, tag: u8) -> Option<DerValue<'a>> {
        let before = self.0;
        let found = self.next().filter(|value| value.tag == tag);
        if found.is_none() {
            self.0 = before;
        }
        found
    }
}

impl<'a> DerValue<'a> {
    /// The values in it.
    pub(super) const fn inside(self) -> DerReader<'a> {
        DerReader::new(self.content)
    }
}

/// A value as it is written.
pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut written = vec![tag];
    if length < 0x80 {
        written.push(length as u8);
    } else {
        let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
        written.push(0x80 | digits.len() as u8);
        written.extend(digits);
    }
    written.extend_from_slice(content);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_what_is_written_otherwise_is_not() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let written = value(OCTET_STRING, &vec![7; length]);
            let mut reader = DerReader::new(&written);
            let read = reader.next().unwrap();
            assert_eq!((read.tag, read.content.len(), read.whole.len()), (OCTET_STRING, length, written.len()));
            assert!(reader.is_at_end() && reader.next().is_none());
            assert!(DerReader::new(&written[..written.len() - 1]).next().is_none(), "cut at {length}");
        }
        for other in [&[4, 0x81, 5, 1, 2, 3, 4, 5][..], &[4, 0x80, 0, 0], &[4, 0x82, 0, 200], &[0x1f, 1, 0], &[4], &[]] {
            assert!(DerReader::new(other).next().is_none(), "{other:?}");
        }
        let mut reader = DerReader::new(&[2, 1, 9, 5, 0]);
        assert!(reader.optional(NULL).is_none() && reader.expect(INTEGER).is_some() && reader.expect(NULL).is_some());
    }
}
