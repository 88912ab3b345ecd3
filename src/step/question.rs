//! A question as it is put to people: what is asked, who may answer, and what an answer must be.

use crate::units::TextPattern;

/// A question as it is put to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The place of the step that asks, from 0.
    pub step: Option<u32>,
    /// In words, without secrets.
    pub text: String,
    /// What may be answered.
    pub reply: Reply,
    /// Who may answer; the answer must then name one of them. Empty where it need not.
    pub names: Vec<String>,
    /// What was said so far, where one answer is not enough.
    pub so_far: String,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// One of the answers that were allowed, or any text where that was asked for.
    Word(String),
    /// These items of the checklist, by their places from 0.
    Ticks(Vec<u32>),
}

/// What may be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// One of these words.
    Word(Vec<String>),
    /// Any text on one line.
    Text {
        /// That the whole text is like.
        pattern: Option<String>,
        /// What an empty line stands for.
        default: Option<String>,
    },
    /// Items of a checklist, by their places from 0; or that it is `done`, where none is left, or has `failed`.
    Ticks(Vec<(u32, String)>),
}

/// What may be said of a step that is done by hand, besides ticks.
pub const DONE: &str = "done";
/// The same, where it could not be done.
pub const FAILED: &str = "failed";
/// The longest text of an answer or a comment, in characters.
pub const LONGEST_SAID: usize = 1_000;

impl Question {
    /// One that is answered with a word.
    pub fn of_words(text: impl Into<String>, words: &[&str]) -> Self {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Self { step: None, text: text.into(), reply: Reply::Word(words), names: Vec::new(), so_far: String::new() }
    }

    /// The same of another step.
    #[must_use]
    pub fn of_step(self, step: u32) -> Self {
        Self { step: Some(step), ..self }
    }

    /// True where this one may answer.
    pub fn asks(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|known| known == name)
    }

    /// What is asked, with what was said so far.
    pub fn asked(&self) -> String {
        if self.so_far.is_empty() { self.text.clone() } else { format!("{} ({})", self.text, self.so_far) }
    }
}

impl Reply {
    /// What an answer must be, in words; nothing where this is one.
    ///
    /// # Errors
    /// What to write instead.
    pub fn takes(&self, said: &Said) -> Result<(), String> {
        let good = match (self, said) {
            (Self::Word(words), Said::Word(word)) => words.contains(word),
            (Self::Text { pattern, .. }, Said::Word(text)) => {
                let like = |pattern: &String| TextPattern::new(pattern).is_ok_and(|pattern| pattern.fits(text));
                let short = !text.trim().is_empty() && text.chars().count() <= LONGEST_SAID && !text.contains(['\n', '\r']);
                short && pattern.as_ref().is_none_or(like)
            }
            (Self::Ticks(left), Said::Ticks(items)) => {
                !items.is_empty() && items.iter().all(|item| left.iter().any(|(place, _)| place == item))
            }
            (Self::Ticks(left), Said::Word(word)) => word == FAILED || word == DONE && left.is_empty(),
            (Self::Word(_) | Self::Text { .. }, Said::Ticks(_)) => false,
        };
        if good { Ok(()) } else { Err(self.wanted()) }
    }

    /// What somebody means who writes this and nothing else.
    pub fn meant(&self, text: &str) -> Said {
        let text = text.trim();
        let Self::Ticks(left) = self else { return Said::Word(text.to_owned()) };
        if text.eq_ignore_ascii_case("all") {
            return Said::Ticks(left.iter().map(|(item, _)| *item).collect());
        }
        let numbers = text.split([' ', ',']).filter(|number| !number.is_empty());
        let items: Option<Vec<u32>> = numbers.map(|number| number.parse::<u32>().ok()?.checked_sub(1)).collect();
        items.filter(|items| !items.is_empty()).map_or_else(|| Said::Word(text.to_owned()), Said::Ticks)
    }

    /// What to write.
    pub fn wanted(&self) -> String {
        match self {
            Self::Word(words) => words.join(" or "),
            Self::Text { pattern: Some(pattern), .. } => format!("a text like `{pattern}`"),
            Self::Text { pattern: None, .. } => "a text".to_owned(),
            Self::Ticks(left) if left.is_empty() => format!("{DONE} or {FAILED}"),
            Self::Ticks(left) => {
                let numbers: Vec<String> = left.iter().map(|(place, _)| (place + 1).to_string()).collect();
                format!("the numbers of what is done (left: {}), or all, or {FAILED}", numbers.join(", "))
            }
        }
    }
}
