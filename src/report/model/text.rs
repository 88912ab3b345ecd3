//! Texts in pieces: of each piece whether it is prose or code, and whose words they are.

use serde::Serialize;

/// A text, in pieces.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct Text(pub Vec<Phrase>);

/// A piece of text of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Phrase {
    /// The words, without any markup.
    pub words: String,
    /// What they are.
    pub form: PhraseForm,
    /// Who wrote them.
    pub source: PhraseSource,
}

/// What words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhraseForm {
    /// Prose.
    Prose,
    /// What is to be typed or stands in a file.
    Code,
}

/// Who wrote a phrase. What came from outside must not be read as markup in any format; Lifeboat's own sentences bear names and reasons from
/// outside too, so a format in which they could do harm (HTML) keeps every phrase from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhraseSource {
    /// A sentence of Lifeboat's, with the names that it speaks of.
    Lifeboat,
    /// A text from a file, a program or a person.
    Outside,
}

impl Text {
    /// A sentence of Lifeboat's; what stands between backticks is code.
    pub fn own(text: impl AsRef<str>) -> Self {
        Self::parsed(text.as_ref(), PhraseSource::Lifeboat)
    }

    /// A text from a file, a program or a person; what stands between backticks is code.
    pub fn outside(text: impl AsRef<str>) -> Self {
        Self::parsed(text.as_ref(), PhraseSource::Outside)
    }

    fn parsed(text: &str, source: PhraseSource) -> Self {
        let pieces: Vec<&str> = text.split('`').collect();
        // A backtick without a partner is a letter like any other.
        let pieces = if pieces.len().is_multiple_of(2) { vec![text] } else { pieces };
        let forms = [PhraseForm::Prose, PhraseForm::Code].into_iter().cycle();
        let phrases = pieces.into_iter().zip(forms).filter(|(words, form)| *form == PhraseForm::Code || !words.is_empty());
        Self(phrases.map(|(words, form)| Phrase { words: words.to_owned(), form, source }).collect())
    }

    /// This text, and that which follows.
    #[must_use]
    pub fn then(mut self, more: impl Into<Self>) -> Self {
        self.0.extend(more.into().0);
        self
    }

    /// True where there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words as a terminal and `verdict.json` have them: code between backticks.
    pub fn plain(&self) -> String {
        let phrase = |phrase: &Phrase| match phrase.form {
            PhraseForm::Prose => phrase.words.clone(),
            PhraseForm::Code => format!("`{}`", phrase.words),
        };
        self.0.iter().map(phrase).collect()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::own(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::own(text)
    }
}
