//! What is expected of an answer, and whether it is so.
//!
//! An answer is right where all that its prompt expects holds; its score is the mean of what each expectation gives, which is 0 or 1 but for a
//! command that says otherwise. A refusal is never right.
//!
//! What this file does not do: run commands ([`CommandScore`] is what they said).

use crate::dialect::ChatAnswer;
use jsonschema::Validator;
use regex::Regex;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// Whether capital letters count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterCase {
    /// They are letters of their own.
    Counts,
    /// They are not told apart.
    Ignored,
}

/// A JSON schema, ready to be held against answers.
#[derive(Clone)]
pub struct AnswerSchema(Arc<Validator>);

impl fmt::Debug for AnswerSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerSchema")
    }
}

impl AnswerSchema {
    /// Of this schema.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn new(schema: &Value) -> Result<Self, String> {
        jsonschema::validator_for(schema).map(|validator| Self(Arc::new(validator))).map_err(|error| error.to_string())
    }

    fn takes(&self, value: &Value) -> bool {
        self.0.is_valid(value)
    }
}

/// By how much a number may be off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// By so much.
    Absolute(f64),
    /// By this share of the right one.
    Relative(f64),
}

/// What is expected of an answer.
#[derive(Debug, Clone)]
pub enum AnswerExpectation {
    /// This stands in it.
    Contains(String, LetterCase),
    /// It is this, without white space around it.
    Equals(String),
    /// It begins so.
    StartsWith(String),
    /// Something in it fits this.
    Regex(Regex),
    /// It is JSON, after a schema where there is one.
    Json(Option<AnswerSchema>),
    /// JSON stands in it, after a schema where there is one.
    HoldsJson(Option<AnswerSchema>),
    /// It calls this tool; with arguments that hold these, where there are any.
    Tool(String, Option<Value>),
    /// The last number in it is this one.
    Number(f64, Tolerance),
    /// A program with its arguments says so.
    Command(Vec<String>),
    /// One of these holds.
    Any(Vec<AnswerExpectation>),
    /// All of these hold.
    All(Vec<AnswerExpectation>),
    /// This does not hold.
    Not(Box<AnswerExpectation>),
}

/// What a command said of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CommandScore {
    /// Whether the answer is right.
    pub pass: bool,
    /// How good it is, from 0 to 1.
    pub score: f64,
}

impl CommandScore {
    /// Of how a command ended and what it printed: `{"pass": true, "score": 0.8}` on its last line, either of them or both; else its exit code alone.
    pub fn of(succeeded: bool, printed: &str) -> Self {
        let last = printed.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        let told = serde_json::from_str::<Value>(last).ok().filter(Value::is_object).unwrap_or_default();
        let score = told["score"].as_f64().map(|score| score.clamp(0.0, 1.0));
        let pass = succeeded && told["pass"].as_bool().unwrap_or(true);
        Self { pass, score: score.unwrap_or(if pass { 1.0 } else { 0.0 }) }
    }
}

/// How an answer fared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnswerScore {
    /// Whether all that was expected holds.
    pub right: bool,
    /// The mean of all.
    pub score: f64,
}

/// Holds an answer against what is expected of it; `None` where nothing is. `command` says what a command said of it.
pub fn scored(
    expects: &[AnswerExpectation],
    answer: &ChatAnswer,
    command: &dyn Fn(&[String]) -> Option<CommandScore>,
) -> Option<AnswerScore> {
    if expects.is_empty() {
        return None;
    }
    let each: Vec<CommandScore> = expects.iter().map(|expected| expected.held(answer, command)).collect();
    let right = !answer.refused && each.iter().all(|held| held.pass);
    let mean = each.iter().map(|held| held.score).sum::<f64>() / each.len() as f64;
    Some(AnswerScore { right, score: if answer.refused { 0.0 } else { mean } })
}

impl AnswerExpectation {
    /// The commands in it.
    pub(super) fn commands(&self) -> Vec<&[String]> {
        match self {
            Self::Command(argv) => vec![argv.as_slice()],
            Self::Any(list) | Self::All(list) => list.iter().flat_map(Self::commands).collect(),
            Self::Not(inner) => inner.commands(),
            _ => Vec::new(),
        }
    }

    fn held(&self, answer: &ChatAnswer, command: &dyn Fn(&[String]) -> Option<CommandScore>) -> CommandScore {
        let plain = |pass: bool| CommandScore { pass, score: if pass { 1.0 } else { 0.0 } };
        match self {
            // One that could not be asked has not passed.
            Self::Command(argv) => command(argv).unwrap_or(plain(false)),
            Self::Any(list) => plain(list.iter().any(|each| each.held(answer, command).pass)),
            Self::All(list) => plain(list.iter().all(|each| each.held(answer, command).pass)),
            Self::Not(inner) => plain(!inner.held(answer, command).pass),
            other => plain(other.holds(answer)),
        }
    }

    fn holds(&self, answer: &ChatAnswer) -> bool {
        let text = answer.text.trim();
        match self {
            Self::Contains(wanted, LetterCase::Counts) => text.contains(wanted.as_str()),
            Self::Contains(wanted, LetterCase::Ignored) => text.to_lowercase().contains(&wanted.to_lowercase()),
            Self::Equals(wanted) => text == wanted.trim() || is_same_json(text, wanted),
            Self::StartsWith(wanted) => text.starts_with(wanted.trim()),
            Self::Regex(pattern) => pattern.is_match(&answer.text),
            Self::Json(schema) => json_of(text).is_some_and(|value| schema.as_ref().is_none_or(|schema| schema.takes(&value))),
            Self::HoldsJson(schema) => within(text).any(|value| schema.as_ref().is_none_or(|schema| schema.takes(&value))),
            Self::Tool(name, arguments) => answer.calls.iter().any(|call| {
                let given = json_of(&call.arguments);
                call.name == *name && arguments.as_ref().is_none_or(|wanted| given.is_some_and(|given| holds_all(&given, wanted)))
            }),
            Self::Number(wanted, tolerance) => last_number(text).is_some_and(|found| is_near(found, *wanted, *tolerance)),
            Self::Command(_) | Self::Any(_) | Self::All(_) | Self::Not(_) => false,
        }
    }
}

fn json_of(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Two objects or lists that say the same.
fn is_same_json(text: &str, wanted: &str) -> bool {
    let nested = |text: &str| json_of(text).filter(|value| value.is_object() || value.is_array());
    nested(text).zip(nested(wanted)).is_some_and(|(one, other)| one == other)
}

/// The objects and lists that stand in a text.
fn within(text: &str) -> impl Iterator<Item = Value> + '_ {
    let starts = text.char_indices().filter(|(_, letter)| matches!(letter, '{' | '['));
    // A text of nothing but brackets is looked at no longer than people look.
    starts.take(1000).filter_map(|(place, _)| serde_json::Deserializer::from_str(&text[place..]).into_iter().next()?.ok())
}

/// Whether everything in `wanted` is in `given`, objects in objects.
fn holds_all(given: &Value, wanted: &Value) -> bool {
    match (given, wanted) {
        (Value::Object(given), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| given.get(key).is_some_and(|given| holds_all(given, wanted)))
        }
        (Value::Number(given), Value::Number(wanted)) => given.as_f64() == wanted.as_f64(),
        (given, wanted) => given == wanted,
    }
}

/// The last number in a text; a comma between three figures and three belongs to it.
fn last_number(text: &str) -> Option<f64> {
    let letters: Vec<char> = text.chars().collect();
    let (mut found, mut place) = (None, 0);
    while place < letters.len() {
        if !letters[place].is_ascii_digit() {
            place += 1;
            continue;
        }
        let begin = place;
        let is_part = |at: usize| {
            let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
            let group = || (1..=3).all(|step| digit(at + step)) && !digit(at + 4);
            digit(at) || (letters.get(at) == Some(&'.') && digit(at + 1)) || (letters.get(at) == Some(&',') && group())
        };
        while is_part(place) {
            place += 1;
        }
        let after_word = |at: usize| at.checked_sub(1).and_then(|at| letters.get(at)).is_some_and(|letter| letter.is_alphanumeric());
        let minus = begin.checked_sub(1).filter(|at| matches!(letters[*at], '-' | '−') && !after_word(*at)).is_some();
        let digits: String = letters[begin..place].iter().filter(|letter| **letter != ',').collect();
        found = digits.parse::<f64>().ok().map(|number| if minus { -number } else { number }).or(found);
    }
    found
}

fn is_near(found: f64, wanted: f64, tolerance: Tolerance) -> bool {
    let most = match tolerance {
        Tolerance::Absolute(most) => most,
        Tolerance::Relative(share) => (wanted * share).abs(),
    };
    // What is exactly at the limit is within it.
    (found - wanted).abs() <= most + wanted.abs() * 1e-12
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::ChatCall;
    use serde_json::json;

    fn says(text: &str) -> ChatAnswer {
        ChatAnswer { text: text.to_owned(), ..ChatAnswer::default() }
    }

    fn holds(expected: &AnswerExpectation, answer: &ChatAnswer) -> bool {
        scored(std::slice::from_ref(expected), answer, &|_| None).unwrap().right
    }

    #[test]
    fn each_expectation_holds_where_it_should_and_not_elsewhere() {
        let schema = || Some(AnswerSchema::new(&json!({"type": "object", "required": ["city"]})).unwrap());
        let text = |text: &str| text.to_owned();
        for (expected, right, wrong) in [
            (AnswerExpectation::Contains(text("Paris"), LetterCase::Counts), "It is Paris.", "It is paris."),
            (AnswerExpectation::Contains(text("PARIS"), LetterCase::Ignored), "It is paris.", "It is Rome."),
            (AnswerExpectation::Equals(text("42")), " 42\n", "42."),
            (AnswerExpectation::Equals(text(r#"{"a": 1, "b": 2}"#)), r#"{"b":2,"a":1}"#, r#"{"b":2}"#),
            (AnswerExpectation::StartsWith(text("Yes")), "Yes, of course", "Oh yes"),
            (AnswerExpectation::Regex(Regex::new(r"\b\d{4}\b").unwrap()), "in 1999", "in 99"),
            (AnswerExpectation::Json(None), "[1, 2]", "[1, 2"),
            (AnswerExpectation::Json(schema()), r#"{"city": "Rome"}"#, "{}"),
            (AnswerExpectation::HoldsJson(schema()), "Here: {\"city\": \"Rome\"} it is", "Here: {} it is"),
            (AnswerExpectation::Number(1234.5, Tolerance::Absolute(0.1)), "first 7, then 1,234.55", "1,234.5 and then 7"),
            (AnswerExpectation::Number(-3.0, Tolerance::Relative(0.1)), "it is -3.2.", "it is 3"),
            (AnswerExpectation::Not(Box::new(AnswerExpectation::Contains(text("no"), LetterCase::Counts))), "yes", "no"),
            (AnswerExpectation::Any(vec![AnswerExpectation::Equals(text("a")), AnswerExpectation::Equals(text("b"))]), "b", "c"),
        ] {
            assert!(holds(&expected, &says(right)), "{expected:?}: {right}");
            assert!(!holds(&expected, &says(wrong)), "{expected:?}: {wrong}");
        }
    }

    #[test]
    fn a_tool_is_called_with_what_is_expected_or_more() {
        let call = |arguments: &str| ChatAnswer {
            calls: vec![ChatCall { name: "weather".into(), arguments: arguments.into() }],
            ..ChatAnswer::default()
        };
        let expected = AnswerExpectation::Tool("weather".into(), Some(json!({"city": "Rome", "at": {"day": 1}})));
        assert!(holds(&expected, &call(r#"{"city":"Rome","at":{"day":1.0,"hour":3},"unit":"C"}"#)));
        assert!(!holds(&expected, &call(r#"{"city":"Paris","at":{"day":1}}"#)) && !holds(&expected, &says("Rome")));
        assert!(holds(&AnswerExpectation::Tool("weather".into(), None), &call("{oops")));
    }

    #[test]
    fn a_command_says_so_by_its_exit_code_or_in_json_and_a_refusal_is_never_right() {
        let score = |succeeded, printed| CommandScore::of(succeeded, printed);
        assert_eq!(score(true, ""), CommandScore { pass: true, score: 1.0 });
        assert_eq!(score(false, "{\"pass\": true}"), CommandScore { pass: false, score: 0.0 });
        assert_eq!(score(true, "thinking\n{\"pass\": false, \"score\": 0.25}\n"), CommandScore { pass: false, score: 0.25 });
        assert_eq!(score(true, "{\"score\": 7}"), CommandScore { pass: true, score: 1.0 });
        let expects = [AnswerExpectation::Command(vec!["x".into()]), AnswerExpectation::Equals("yes".into())];
        let told = scored(&expects, &says("yes"), &|_| Some(CommandScore { pass: true, score: 0.5 })).unwrap();
        assert_eq!(told, AnswerScore { right: true, score: 0.75 });
        let refused = ChatAnswer { refused: true, ..says("yes") };
        assert_eq!(scored(&expects[1..], &refused, &|_| None).unwrap(), AnswerScore { right: false, score: 0.0 });
        assert!(scored(&[], &says("yes"), &|_| None).is_none());
    }
}
