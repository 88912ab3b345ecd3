//! Texts within a page: whatever was written outside reads as the text that it is, in its own direction of writing.

use crate::report::model::{Grade, Phrase, PhraseForm, PhraseSource, ReportStatus, Text};
use crate::units::printable;
use maud::{Markup, html};

/// Letters without a blank that a cell of a table has room for.
const LONG: usize = 36;

/// A text within a line, a cell or a heading.
pub(super) fn text(text: &Text) -> Markup {
    html! { @for each in &text.0 { (phrase(each)) } }
}

fn phrase(phrase: &Phrase) -> Markup {
    match (phrase.form, phrase.source) {
        (PhraseForm::Code, _) => html! { code { (lines(&phrase.words)) } },
        (PhraseForm::Prose, PhraseSource::Outside) => html! { bdi { (lines(&phrase.words)) } },
        (PhraseForm::Prose, PhraseSource::Lifeboat) => lines(&with_units(&phrase.words)),
    }
}

/// What stands behind a number and belongs to it.
pub(super) const UNITS: [&str; 7] = ["ms", "s", "min", "h", "d", "USD", "EUR"];

/// A sentence in which no line ends between a number and its unit.
fn with_units(words: &str) -> String {
    let mut kept = String::with_capacity(words.len());
    for (place, word) in words.split(' ').enumerate() {
        let bare = word.trim_end_matches(|letter: char| letter.is_ascii_punctuation());
        let is_unit = UNITS.contains(&bare) && kept.ends_with(|letter: char| letter.is_ascii_digit());
        kept.push_str(if place == 0 {
            ""
        } else if is_unit {
            "\u{a0}"
        } else {
            " "
        });
        kept.push_str(word);
    }
    kept
}

/// Words whose line breaks are kept, and in which nothing steers whatever shows them.
fn lines(words: &str) -> Markup {
    let words = printable(words);
    html! {
        @for (place, line) in words.trim_end_matches('\n').split('\n').enumerate() {
            @if place > 0 { br; }
            (line)
        }
    }
}

/// Whether a text holds a word that no column can be as wide as.
pub(super) fn is_long(text: &Text) -> bool {
    text.0.iter().flat_map(|phrase| phrase.words.split_whitespace()).any(|word| word.chars().count() > LONG)
}

/// How something ended: in its word, with a mark and a colour.
pub fn badge(status: &ReportStatus) -> Markup {
    html! { span class={ "status " (grade(status.grade)) } { (mark(status.grade)) (status.word) } }
}

/// A mark that differs in its form, for those who see no colours; who hears the page hears the word.
fn mark(grade: Grade) -> Markup {
    let drawn = match grade {
        Grade::Good => "M2 6.5 5 9.5 10 3",
        Grade::Bad => "M3 3 9 9M9 3 3 9",
        Grade::Open => "M4 4.2C4 1.6 8.2 1.7 8 4.3 7.9 5.8 6 5.9 6 7.6M6 9.4V10.2",
        Grade::Neutral => "M2.5 6H9.5",
    };
    html! { svg viewBox="0 0 12 12" aria-hidden="true" focusable="false" { path d=(drawn) {} } }
}

/// The class of what ended so.
pub(super) const fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Good => "good",
        Grade::Bad => "bad",
        Grade::Open => "open",
        Grade::Neutral => "neutral",
    }
}
