//! Bytes as they are read: without what people, editors and terminals put between the letters of a secret.
//!
//! | reading | left out |
//! |---|---|
//! | plain | line ends |
//! | unfolded | line ends, white space around them, the `\` or `=` before them (shells, quoted-printable); escape codes of terminals (ECMA-48), with ESC or with C1 in UTF-8; NUL, which makes of UTF-16 what it says |
//!
//! Two readings, because what folds a text may also be a part of a secret: `abc=` at the end of a line.
//!
//! What stands between two letters is left out up to a bound, so that nobody who prints one letter and then nothing but line ends is waited for
//! without end.

/// More than this between two letters belongs to nothing. In bytes.
const GAP: usize = 256;

/// Bytes without what was left out of them, and where each stood.
#[derive(Default)]
pub(super) struct NormalizedBytes {
    pub(super) text: Vec<u8>,
    pub(super) at: Vec<usize>,
}

impl NormalizedBytes {
    /// Line ends left out.
    pub(super) fn plain(bytes: &[u8]) -> Self {
        Self::without(bytes, |rest, _| usize::from(is_line_end(rest[0])))
    }

    /// Everything left out that folds a text or colours it. Where `more` may follow, so is what may become that.
    pub(super) fn unfolded(bytes: &[u8], more: bool) -> Self {
        Self::without(bytes, |rest, folded| match rest[0] {
            b'\r' | b'\n' | 0 => 1,
            b' ' | b'\t' if folded => 1,
            // Columns that are filled up, `format=flowed` (RFC 3676).
            b' ' | b'\t' | b'\\' | b'=' => usize::from(line_ends_after(&rest[1..], more)),
            ESCAPE | C1 => code(rest, more),
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

/// True where a line ends here, or may, after nothing but white space and codes.
fn line_ends_after(rest: &[u8], more: bool) -> bool {
    let mut place = 0;
    while let Some(byte) = rest.get(place).copied().filter(|_| place < GAP) {
        place += match byte {
            _ if is_line_end(byte) => return true,
            b' ' | b'\t' | 0 => 1,
            ESCAPE | C1 => match code(&rest[place..], more) {
                0 => return false,
                length => length,
            },
            _ => return false,
        }
    }
    more && place < GAP
}

const ESCAPE: u8 = 0x1b;
/// The first byte of U+0080 to U+00BF in UTF-8. Up to U+009F each means what ESC and the letter 0x40 below it mean.
const C1: u8 = 0xc2;
const BELL: u8 = 0x07;
/// The second byte of ST as a C1 code.
const END: u8 = 0x9c;

/// The length of the escape code that begins here; 0 where none does. One that is not whole is as long as it may still become one.
fn code(rest: &[u8], more: bool) -> usize {
    let open = if more { rest.len() } else { 0 };
    let letter = match rest.get(1) {
        None => return open,
        Some(byte) if rest[0] == ESCAPE => *byte,
        Some(byte @ 0x80..=0x9f) => byte - 0x40,
        Some(_) => return 0,
    };
    match letter {
        // CSI: parameters, intermediates, one final byte.
        b'[' => match rest[2..].iter().position(|byte| !(0x20..=0x3f).contains(byte)) {
            Some(end) if (0x40..=0x7e).contains(&rest[2 + end]) => end + 3,
            Some(_) => 0,
            None => open,
        },
        // OSC, DCS, SOS, PM, APC.
        b']' | b'P' | b'X' | b'^' | b'_' => text_of_code(rest, more),
        _ if rest[0] == C1 => 2,
        // Everything else: intermediates, one final byte.
        _ => match rest[1..].iter().position(|byte| !(0x20..=0x2f).contains(byte)) {
            Some(end) if (0x30..=0x7e).contains(&rest[1 + end]) => end + 2,
            Some(_) => 1,
            None => open,
        },
    }
}

/// The length of a code that holds any text up to BEL or ST. Where it never ends, only its beginning is a code.
fn text_of_code(rest: &[u8], more: bool) -> usize {
    let within = &rest[2..rest.len().min(GAP)];
    let ends = |place: &usize| match within[*place] {
        BELL | ESCAPE => true,
        C1 => within.get(place + 1).is_none_or(|byte| *byte == END),
        _ => false,
    };
    let may_go_on = more && rest.len() < GAP;
    match (0..within.len()).find(ends) {
        Some(end) if within[end] == BELL => end + 3,
        Some(end) => match within.get(end + 1) {
            Some(b'\\' | &END) => end + 4,
            None if may_go_on => rest.len(),
            _ => 2,
        },
        None if may_go_on => rest.len(),
        None => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(text: &str) -> String {
        String::from_utf8(NormalizedBytes::unfolded(text.as_bytes(), false).text).unwrap()
    }

    #[test]
    fn folds_and_codes_are_left_out_and_nothing_else() {
        for (text, read) in [
            ("a\r\n  \tb", "ab"),
            ("a b", "a b"),
            ("a \nb\t \r\n c", "abc"),
            ("a \x1b[0m \nb", "ab"),
            ("a  b ", "a  b "),
            ("a= \nb", "ab"),
            ("a\\\nb\\c", "ab\\c"),
            ("a=\r\nb=c=", "ab=c="),
            ("a\x1b[1;31mb\x1b[0mc", "abc"),
            ("a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c", "abc"),
            ("a\u{9b}1;31mb\u{9b}0mc", "abc"),
            ("a\u{9d}0;title\u{9c}b\u{9d}8;;£\x07c\x1b]t\u{9c}d", "abcd"),
            ("a\u{85}b\u{a3}\u{9b}\u{7f}", "ab\u{a3}\u{9b}\u{7f}"),
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
        assert!(
            NormalizedBytes::plain(long.as_bytes()).text.len() == 3 && NormalizedBytes::unfolded(long.as_bytes(), true).text.len() == 3
        );
        let padded = format!("a{}\nb", " ".repeat(2 * GAP));
        assert!(NormalizedBytes::unfolded(padded.as_bytes(), false).text.len() > GAP, "so much white space belongs to nothing");
        let open = format!("a\x1b]{}", "x".repeat(2 * GAP));
        assert!(NormalizedBytes::unfolded(open.as_bytes(), true).text.len() > GAP, "a title that never ends hides nothing");
    }
}
