//! JSON as clients of models read it, where that is more than our parser allows.
//!
//! Half of a pair of surrogates (`"\ud83d"`), which a provider sends where it cuts a text between two tokens, is no error to any client in use:
//! JavaScript keeps it, Python too. A byte order mark before a whole document is passed over, as Python's decoder does it.

use serde_json::Value;

/// What bytes say; `None` where they are no JSON.
pub(super) fn value(bytes: &[u8]) -> Option<Value> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).ok().or_else(|| serde_json::from_slice(&with_whole_surrogates(bytes)?).ok())
}

/// The same with U+FFFD in the place of every half of a pair; `None` where there is none.
fn with_whole_surrogates(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut mended, mut from, mut any) = (Vec::with_capacity(bytes.len()), 0, false);
    while let Some(rest) = bytes.get(from..).filter(|rest| !rest.is_empty()) {
        let (length, is_half) = match escape(rest) {
            None if rest[0] == b'\\' => (rest.len().min(2), false),
            None => (1, false),
            Some(0xD800..=0xDBFF) if matches!(rest.get(6..).and_then(escape), Some(0xDC00..=0xDFFF)) => (12, false),
            Some(unit) => (6, matches!(unit, 0xD800..=0xDFFF)),
        };
        mended.extend_from_slice(if is_half { b"\\ufffd" } else { &rest[..length] });
        (from, any) = (from + length, any || is_half);
    }
    any.then_some(mended)
}

/// The unit of UTF-16 that `\uXXXX` at the beginning stands for.
fn escape(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn half_of_a_pair_is_a_letter_and_everything_else_stays() {
        for (text, wanted) in [
            (r#"{"a":"\ud83d","b":"\ud83d\ude00"}"#, json!({"a": "\u{fffd}", "b": "\u{1f600}"})),
            (r#"["\ude00\ud83d", "\\ud83d", "\ud83dx"]"#, json!(["\u{fffd}\u{fffd}", "\\ud83d", "\u{fffd}x"])),
            (r#"["\ud83d\ud83d\ude00"]"#, json!(["\u{fffd}\u{1f600}"])),
            ("\u{feff}[1]", json!([1])),
        ] {
            assert_eq!(value(text.as_bytes()), Some(wanted), "{text}");
        }
        for text in ["", "{oops", r#"["\ud83d"#, r#"["\ud8zz"]"#, r#"["\"#, "\"\\ud83d\\"] {
            assert_eq!(value(text.as_bytes()), None, "{text}");
        }
    }
}
