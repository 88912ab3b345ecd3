//! Questions on the terminal, and what may be typed as an answer.

use super::say;
use crate::step::PromptAnswer;
use std::io::BufRead;

/// Asks for yes or no; no where nobody answers.
pub(super) fn yes_or_no(question: &str) -> bool {
    on_terminal(question, &["yes".to_owned(), "no".to_owned()], &[]).is_some_and(|answer| answer.word == "yes")
}

/// Asks until one of the answers is typed; `None` where nobody is there.
pub(super) fn on_terminal(question: &str, answers: &[String], names: &[String]) -> Option<PromptAnswer> {
    loop {
        say(&put(question, answers, names));
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(1..) => {}
            _ => return None,
        }
        match understood(&line, answers, names) {
            Some(answer) => return Some(answer),
            None => say(&wanted(answers, names)),
        }
    }
}

/// A question as it is shown.
pub(super) fn put(question: &str, answers: &[String], names: &[String]) -> String {
    let who = if names.is_empty() { String::new() } else { format!(" and who: {}", names.join(", ")) };
    format!("{question} [{}{who}]", answers.join("/"))
}

/// What to type, for one who typed something else.
pub(super) fn wanted(answers: &[String], names: &[String]) -> String {
    let words = answers.join(" or ");
    match names.first() {
        Some(name) => format!("please write {words} and a name, for example `{} {name}`", answers[0]),
        None => format!("please write {words}"),
    }
}

/// `yes`, or `yes alice`, each with a comment behind it. A letter will do where no other answer begins with it.
pub(super) fn understood(line: &str, answers: &[String], names: &[String]) -> Option<PromptAnswer> {
    let (word, rest) = first(line);
    let typed = word.to_lowercase();
    let beginning = |answer: &&String| !typed.is_empty() && answer.to_lowercase().starts_with(&typed);
    let mut meant = answers.iter().filter(beginning);
    let exact = answers.iter().find(|answer| answer.to_lowercase() == typed);
    let word = exact.or_else(|| meant.next().filter(|_| meant.next().is_none() && typed.len() == 1))?.clone();
    if names.is_empty() {
        return Some(PromptAnswer { word, by: None, comment: rest.to_owned() });
    }
    let (name, comment) = first(rest);
    let by = names.iter().find(|known| known.to_lowercase() == name.to_lowercase())?.clone();
    Some(PromptAnswer { word, by: Some(by), comment: comment.to_owned() })
}

/// The first word, without what separates it from the rest, and the rest.
fn first(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word.trim_end_matches([',', ':', '.']), rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_word_then_who_then_a_comment() {
        let answers = ["yes".to_owned(), "no".to_owned(), "later".to_owned()];
        let names = ["alice".to_owned(), "bob".to_owned()];
        let said = |line, names: &[String]| {
            understood(line, &answers, names).map(|answer| (answer.word, answer.by.unwrap_or_default(), answer.comment))
        };
        let is = |word: &str, by: &str, comment: &str| Some((word.to_owned(), by.to_owned(), comment.to_owned()));
        assert_eq!(said("yes\n", &[]), is("yes", "", ""));
        assert_eq!(said(" Y, looks good\n", &[]), is("yes", "", "looks good"));
        assert_eq!(said("ye", &[]), None, "half a word is not an answer");
        assert_eq!(said("yesterday it worked", &[]), None);
        assert_eq!(said("later Bob: after lunch", &names), is("later", "bob", "after lunch"));
        assert_eq!(said("yes", &names), None, "somebody must say who they are");
        assert_eq!(said("yes mallory", &names), None);
        assert_eq!(said("", &[]), None);
    }
}
