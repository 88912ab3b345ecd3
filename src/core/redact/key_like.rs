//! What looks like a key: letters and digits as nobody writes them. A guess, for values that nobody has named as secret.

/// From here on a word may be a key.
const WORD: usize = 12;

/// A text with `[hidden]` in the place of every word that looks like a key.
pub fn without_key_like(text: &str) -> String {
    let ends = |letter: char| letter.is_whitespace() || "\"'`,;:=<>(){}[]".contains(letter);
    let words = text.split_inclusive(ends);
    words.fold(String::with_capacity(text.len()), |mut whole, word| {
        let bare = word.trim_end_matches(ends);
        whole.push_str(if bare.chars().count() >= WORD && is_like_nothing(bare) { "[hidden]" } else { bare });
        whole.push_str(&word[bare.len()..]);
        whole
    })
}

/// Letters and digits mixed, as nobody writes them: the whole, or a long part of it. People write words, numbers and dates with something
/// between them (`gpt-4o-mini-2024-07-18`).
pub fn is_like_nothing(value: &str) -> bool {
    let count = |counts: fn(char) -> bool| value.chars().filter(|letter| counts(*letter)).count();
    let long = |part: &&str| part.chars().count() >= 12;
    !value.contains(char::is_whitespace)
        && count(|letter| letter.is_ascii_digit()) >= 2
        && count(char::is_alphabetic) >= 2
        && (is_mixed(value) || value.split(|letter: char| !letter.is_alphanumeric()).filter(long).any(is_mixed))
}

/// True where letters, capitals and digits take turns. Of random ones three in ten do at least; a word with a capital has none.
fn is_mixed(text: &str) -> bool {
    let kind = |letter: char| match letter {
        _ if letter.is_numeric() => Some(0),
        _ if letter.is_uppercase() => Some(1),
        _ => letter.is_alphabetic().then_some(2),
    };
    let kinds: Vec<Option<u8>> = text.chars().map(kind).collect();
    let turns = kinds.windows(2).filter(|pair| match pair {
        [Some(1), Some(2)] => false,
        [Some(before), Some(after)] => before != after,
        _ => false,
    });
    turns.count() * 5 >= kinds.len()
}

#[cfg(test)]
mod tests {
    use super::without_key_like;

    #[test]
    fn words_that_look_like_keys_are_hidden_and_sentences_stay() {
        for (text, shown) in [
            ("Unable to locate credentials. You can configure them by running \"aws configure\".", None),
            ("error: api_key=sk-q8rT5uVw2XyZ1aBc rejected", Some("error: api_key=[hidden] rejected")),
            ("open /etc/vault/config-2024.hcl: no such file", None),
            ("Authorization: Bearer hvs.CAESIJ8dk2lsO9fPq", Some("Authorization: Bearer [hidden]")),
        ] {
            assert_eq!(without_key_like(text), shown.unwrap_or(text));
        }
    }
}
