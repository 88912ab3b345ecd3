//! Bytes as they are read: without what people, editors and terminals put between the letters of a secret.
//!
//! | reading | left out |
//! |---|---|
//! | plain | line ends |
//! | unfolded | line ends, white space after them, the `\` or `=` before them (shells, quoted-printable); escape codes of terminals (ECMA-48); NUL, which makes of UTF-16 what it says |
//!
//! Two readings, because what folds a text may also be a part of a secret: `abc=` at the end of a line.
//!
//! What stands between two letters is left out up to a bound, so that nobody who prints one letter and then nothing but line ends is waited for
//! without end.

/// More than this between two letters belongs to nothing. In bytes.
const GAP: usize = 256;

/// The bytes that count, and where each stands.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) text: Vec<u8>,
    pub(super) at: Vec<usize>,
}

impl Reading {
    /// Line ends left out.
    pub(super) fn plain(bytes: &[u8]) -> Self {
        Self::without(bytes, |rest, _| usize::from(is_line_end(rest[0])))
    }

    /// Everything left out that folds a text or colours it. Where `more` may follow, so is what may become that.
    pub(super) fn unfolded(bytes: &[u8], more: bool) -> Self {
        Self::without(bytes, |rest, folded| match rest[0] {
            b'\r' | b'\n' | 0 => 1,
            b' ' | b'\t' if folded => 1,
            b'\\' | b'=' => usize::from(line_ends_after(&rest[1..], more)),
            ESCAPE => code(rest, more),
            _ => 0,
        })
    }

    /// `skip` says how many bytes are left out here, from the rest and whether a line has just ended.
    fn without(bytes: &[u8], skip: impl Fn(&[u8], bool) -> usize) -> Self {
        let mut reading = Self { text: Vec::with_capacity(bytes.len()), at: Vec::with_capacity(bytes.len()) };
        let (mut place, mut gap, mut folded) = (0, 0, false);
        while place < bytes.len() {
            let skipped = skip(&bytes[place..], folded);
            if skipped > 0 && gap + skipped <= GAP {
                folded |= is_line_end(bytes[place]);
                gap += skipped;
                place += skipped;
                continue;
            }
            reading.text.push(bytes[place]);
            reading.at.push(place);
            place += 1;
            (gap, folded) = (0, false);
        }
        reading
    }
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// True where a line ends here, or may.
fn line_ends_after(rest: &[u8], more: bool) -> bool {
    rest.iter().find(|byte| **byte != 0).map_or(more, |byte| is_line_end(*byte))
}

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// The length of the escape code that begins here; 0 where none does. One that is not whole is as long as it may still become one.
fn code(rest: &[u8], more: bool) -> usize {
    let open = if more { rest.len() } else { 0 };
    match rest.get(1) {
        None => open,
        // CSI: parameters, intermediates, one final byte.
        Some(b'[') => match rest[2..].iter().position(|byte| !(0x20..=0x3f).contains(byte)) {
            Some(end) if (0x40..=0x7e).contains(&rest[2 + end]) => end + 3,
            Some(_) => 0,
            None => open,
        },
        // OSC, DCS, SOS, PM, APC: any text up to BEL or ST.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let within = &rest[2..rest.len().min(GAP)];
            match within.iter().position(|byte| matches!(*byte, BELL | ESCAPE)) {
                Some(end) if within[end] == BELL => end + 3,
                Some(end) => match within.get(end + 1) {
                    Some(b'\\') => end + 4,
                    Some(_) => 2,
                    None if more => open,
                    None => 2,
                },
                None if more && rest.len() < GAP => open,
                None => 2,
            }
        }
        // Everything else: intermediates, one final byte.
        Some(_) => match rest[1..].iter().position(|byte| !(0x20..=0x2f).contains(byte)) {
            Some(end) if (0x30..=0x7e).contains(&rest[1 + end]) => end + 2,
            Some(_) => 1,
            None => open,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(text: &str) -> String {
        String::from_utf8(Reading::unfolded(text.as_bytes(), false).text).unwrap()
    }

    #[test]
    fn folds_and_codes_are_left_out_and_nothing_else() {
        for (text, read) in [
            ("a\r\n  \tb", "ab"),
            ("a b", "a b"),
            ("a\\\nb\\c", "ab\\c"),
            ("a=\r\nb=c=", "ab=c="),
            ("a\x1b[1;31mb\x1b[0mc", "abc"),
            ("a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c", "abc"),
            ("a\x1b(Bb\x1b7c\x1bMd", "abcd"),
            ("a\x1b[\u{7f}", "a\x1b[\u{7f}"),
            ("a\x1b]never ended", "anever ended"),
            ("k\0e\0y\0\n\0 \0 \0s\0", "keys"),
        ] {
            assert_eq!(unfolded(text), read, "{text:?}");
        }
    }

    #[test]
    fn nobody_waits_for_ever() {
        let long = format!("a{}b", "\n".repeat(GAP + 1));
        assert!(Reading::plain(long.as_bytes()).text.len() == 3 && Reading::unfolded(long.as_bytes(), true).text.len() == 3);
        let open = format!("a\x1b]{}", "x".repeat(2 * GAP));
        assert!(Reading::unfolded(open.as_bytes(), true).text.len() > GAP, "a title that never ends hides nothing");
    }
}
