//! Answers in a form in which only what they say differs: to tell whether two answers are alike.
//!
//! Texts are compared without case, marks of emphasis, white space and punctuation at their ends; JSON as what it says; calls of tools by name and
//! arguments.

use crate::dialect::ChatAnswer;
use serde_json::Value;

/// What an answer says, for comparing.
pub fn normalised(answer: &ChatAnswer) -> String {
    let mut said = text(&answer.text);
    for call in &answer.calls {
        let arguments = serde_json::from_str::<Value>(&call.arguments).map_or_else(|_| call.arguments.clone(), |value| value.to_string());
        said += &format!("\u{1}{}\u{1}{arguments}", call.name);
    }
    if answer.refused { "\u{1}refused".to_owned() } else { said }
}

fn text(text: &str) -> String {
    if let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str::<Value>(text) {
        // Keys are sorted.
        return value.to_string();
    }
    let plain: String = text.to_lowercase().chars().filter(|letter| !matches!(letter, '*' | '_' | '`' | '#')).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    words.trim_matches(|letter: char| letter.is_ascii_punctuation() || letter.is_whitespace()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_differs() {
        let said = |text: &str| normalised(&ChatAnswer { text: text.to_owned(), ..ChatAnswer::default() });
        assert_eq!(said("**Paris**.\n"), said("paris"));
        assert_eq!(said(r#"{"b": 1, "a": 2}"#), said(r#"{"a":2,"b":1}"#));
        assert_ne!(said("Paris"), said("Paris, France"));
        let refused = ChatAnswer { refused: true, ..ChatAnswer::default() };
        assert_ne!(normalised(&refused), said(""));
    }
}
