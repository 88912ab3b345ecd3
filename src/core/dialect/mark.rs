//! How a request of the traffic is recognised wherever it passes.
//!
//! The mark travels twice: as a header, which a proxy finds cheaply, and as text in the prompt, which survives a gateway that
//! drops headers it does not know. Both name the drill, so that the traffic of another drill or of real users is never counted.

use std::fmt;

/// The header that carries the mark.
pub const MARK_HEADER: &str = "x-lifeboat-request";
/// What introduces the mark in a body.
const IN_BODY: &[u8] = b"[lifeboat ";

/// The mark of one request of one drill. Text form: `0000002a-17`, the drill's tag as 8 hexadecimal digits and the request's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Tells drills apart: drawn from the drill's seed and its start.
    pub drill: u32,
    /// The request's number in the schedule.
    pub id: u64,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{}", self.drill, self.id)
    }
}

impl Mark {
    /// As it stands in a prompt: `[lifeboat 0000002a-17]`.
    pub fn in_body(self) -> String {
        format!("[lifeboat {self}]")
    }

    /// From its text form; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (drill, id) = text.split_once('-')?;
        let digits = |text: &str, longest: usize| !text.is_empty() && text.len() <= longest;
        if drill.len() != 8
            || !drill.bytes().all(|byte| byte.is_ascii_hexdigit())
            || !digits(id, 20)
            || !id.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        Some(Self { drill: u32::from_str_radix(drill, 16).ok()?, id: id.parse().ok()? })
    }
}

/// The mark of a request: from its header where that is whole, else from its body.
pub fn find_mark(header: Option<&str>, body: &[u8]) -> Option<Mark> {
    header.and_then(|text| Mark::parse(text.trim())).or_else(|| in_body(body))
}

fn in_body(body: &[u8]) -> Option<Mark> {
    let mut rest = body;
    loop {
        let start = rest.windows(IN_BODY.len()).position(|window| window == IN_BODY)? + IN_BODY.len();
        rest = &rest[start..];
        let end = rest.iter().take(32).position(|byte| *byte == b']');
        if let Some(mark) = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok()).and_then(Mark::parse) {
            return Some(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_in_the_header_or_in_the_body() {
        let mark = Mark { drill: 0x2a, id: 17 };
        assert_eq!(find_mark(Some("0000002a-17"), b""), Some(mark));
        let body = format!("{{\"content\":\"[lifeboat nonsense] {} say\"}}", mark.in_body());
        assert_eq!(find_mark(Some("damaged"), body.as_bytes()), Some(mark));
        assert_eq!(find_mark(None, b"nothing here"), None);
        for text in ["", "2a-17", "0000002a-", "0000002a-x", "0000002a--1", "+000002a-1", "0000002a-99999999999999999999"] {
            assert!(Mark::parse(text).is_none(), "{text}");
        }
    }
}
