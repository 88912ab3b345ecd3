//! What a parser says of a file that may be anything, without what it quotes of it.
//!
//! Parsers tell what they met: `invalid type: string "…"`. Where another file was named than was meant, that may be a key.

/// The same message with `…` in the place of what stands in double quotes or backticks.
pub fn unquoted(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(begin) = rest.find(['"', '`']) {
        let mark = &rest[begin..=begin];
        shown.push_str(&rest[..=begin]);
        // The last mark of its kind: what is quoted may hold marks itself.
        let Some(end) = rest[begin + 1..].rfind(mark) else {
            shown.push('…');
            return shown;
        };
        shown.push('…');
        shown.push_str(mark);
        rest = &rest[begin + 1 + end + 1..];
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn what_is_quoted_is_not_shown() {
        for (message, shown) in [
            (r#"invalid type: string "sk-1", expected a sequence at line 1"#, r#"invalid type: string "…", expected a sequence at line 1"#),
            ("`sk-1` is not a word", "`…` is not a word"),
            (r#"unknown variant `a"b`c`, expected `d`"#, "unknown variant `…`"),
            (r#"string "a "b" c" is "#, r#"string "…" is "#),
            ("it ends in `the middle", "it ends in `…"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(unquoted(message), shown);
        }
    }
}
