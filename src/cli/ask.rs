//! Questions on the terminal, and what may be typed as an answer.

use super::say;
use crate::step::{DONE, FAILED, PromptAnswer, Question, Reply, Said};
use std::io::BufRead;

/// Asks for yes or no; no where nobody answers.
pub(super) fn yes_or_no(question: &str) -> bool {
    on_terminal(&Question::of_words(question, &["yes", "no"])).is_some_and(|answer| answer.word() == "yes")
}

/// Asks until one of the answers is typed; `None` where nobody is there.
pub(super) fn on_terminal(question: &Question) -> Option<PromptAnswer> {
    loop {
        say(&put(question));
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(1..) => {}
            _ => return None,
        }
        match understood(&line, question) {
            Some(answer) => return Some(answer),
            None => say(&wanted(question)),
        }
    }
}

/// A question as it is shown.
pub(super) fn put(question: &Question) -> String {
    let who = if question.names.is_empty() { String::new() } else { format!(" and who: {}", question.names.join(", ")) };
    let what = match &question.reply {
        Reply::Word(answers) => answers.join("/"),
        Reply::Text { pattern: None, default: None } => "a text".to_owned(),
        Reply::Text { pattern: Some(pattern), default: None } => format!("a text like `{pattern}`"),
        Reply::Text { default: Some(default), .. } => format!("a text; Enter alone for {default}"),
        Reply::Ticks(left) if left.is_empty() => format!("{DONE}/{FAILED}"),
        Reply::Ticks(_) => format!("numbers of what is done, all, or {FAILED}"),
    };
    let asked = question.asked();
    // Behind the last item of a list it would be taken for a part of it.
    let between = if asked.contains('\n') { "\n" } else { " " };
    format!("{asked}{between}[{what}{who}]")
}

/// Where else it can be answered, one a line.
pub(super) fn links(links: &[(String, String)]) -> String {
    let line = |(name, url): &(String, String)| {
        if name.is_empty() { format!("or answer once at {url}") } else { format!("{name} can answer once at {url}") }
    };
    links.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What to type, for one who typed something else.
pub(super) fn wanted(question: &Question) -> String {
    let words = question.reply.wanted();
    match (question.names.first(), &question.reply) {
        (Some(name), Reply::Word(answers)) => format!("please write {words} and a name, for example `{} {name}`", answers[0]),
        _ => format!("please write {words}"),
    }
}

/// `yes`, or `yes alice`, each with a comment behind it. A letter will do where no other answer begins with it. Of a checklist `1`, `2 3`, `all`.
pub(super) fn understood(line: &str, question: &Question) -> Option<PromptAnswer> {
    let answer = match &question.reply {
        Reply::Word(answers) => word(line, answers, &question.names)?,
        Reply::Text { default, .. } => {
            let text = Some(line.trim()).filter(|text| !text.is_empty()).or(default.as_deref())?;
            PromptAnswer::typed(Said::Word(text.to_owned()), None, "")
        }
        Reply::Ticks(left) => ticks(line, left)?,
    };
    question.reply.takes(&answer.said).is_ok().then_some(answer)
}

fn word(line: &str, answers: &[String], names: &[String]) -> Option<PromptAnswer> {
    let (word, rest) = first(line);
    let typed = word.to_lowercase();
    let beginning = |answer: &&String| !typed.is_empty() && answer.to_lowercase().starts_with(&typed);
    let mut meant = answers.iter().filter(beginning);
    let exact = answers.iter().find(|answer| answer.to_lowercase() == typed);
    let word = exact.or_else(|| meant.next().filter(|_| meant.next().is_none() && typed.len() == 1))?.clone();
    if names.is_empty() {
        return Some(PromptAnswer::typed(Said::Word(word), None, rest));
    }
    // A name may have several words.
    let after = |name: &String| {
        let head = rest.get(..name.len()).filter(|head| head.to_lowercase() == name.to_lowercase())?;
        let comment = &rest[head.len()..];
        let ends = comment.is_empty() || comment.starts_with(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ':' | '.'));
        ends.then(|| (name.clone(), comment.trim_start_matches([',', ':', '.']).trim().to_owned()))
    };
    let (by, comment) = names.iter().find_map(after)?;
    Some(PromptAnswer::typed(Said::Word(word), Some(by), comment))
}

/// Numbers of items, as they stand before them, then a comment.
fn ticks(line: &str, left: &[(u32, String)]) -> Option<PromptAnswer> {
    let (word, rest) = first(line);
    match word.to_lowercase().as_str() {
        "all" => return Some(PromptAnswer::typed(Said::Ticks(left.iter().map(|(item, _)| *item).collect()), None, rest)),
        word @ (DONE | FAILED) => return Some(PromptAnswer::typed(Said::Word(word.to_owned()), None, rest)),
        _ => {}
    }
    let (mut items, mut comment) = (Vec::new(), line.trim());
    while let (number, rest) = first(comment)
        && let Ok(number) = number.parse::<u32>()
    {
        items.extend(number.checked_sub(1));
        comment = rest;
    }
    items.dedup();
    Some(PromptAnswer::typed(Said::Ticks(items), None, comment))
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

    fn said(line: &str, question: &Question) -> Option<(Said, String, String)> {
        understood(line, question).map(|answer| (answer.said, answer.speaker.by.unwrap_or_default(), answer.comment))
    }

    #[test]
    fn an_answer_is_a_word_then_who_then_a_comment() {
        let free = Question::of_words("Go on?", &["yes", "no", "later"]);
        let names = Question { names: ["alice", "bob", "Ann Lee"].map(str::to_owned).to_vec(), ..free.clone() };
        let is = |word: &str, by: &str, comment: &str| Some((Said::Word(word.to_owned()), by.to_owned(), comment.to_owned()));
        assert_eq!(said("yes\n", &free), is("yes", "", ""));
        assert_eq!(said(" Y, looks good\n", &free), is("yes", "", "looks good"));
        assert_eq!(said("ye", &free), None, "half a word is not an answer");
        assert_eq!(said("yesterday it worked", &free), None);
        assert_eq!(said("later Bob: after lunch", &names), is("later", "bob", "after lunch"));
        assert_eq!(said("yes ann lee, seen it", &names), is("yes", "Ann Lee", "seen it"));
        assert_eq!(said("yes bobby", &names), None);
        assert_eq!(said("yes", &names), None, "somebody must say who they are");
        assert_eq!(said("yes mallory", &names), None);
        assert_eq!(said("", &free), None);
    }

    #[test]
    fn items_are_ticked_by_their_numbers_and_a_text_is_taken_as_it_is() {
        let list = |left: &[u32]| {
            let items = left.iter().map(|item| (*item, format!("item {item}"))).collect();
            Question { reply: Reply::Ticks(items), ..Question::of_words("Do this", &[]) }
        };
        let ticks = |items: &[u32], comment: &str| Some((Said::Ticks(items.to_vec()), String::new(), comment.to_owned()));
        let word = |word: &str, comment: &str| Some((Said::Word(word.to_owned()), String::new(), comment.to_owned()));
        assert_eq!(said("1\n", &list(&[0, 1, 2])), ticks(&[0], ""));
        assert_eq!(said("2, 3: both seen", &list(&[0, 1, 2])), ticks(&[1, 2], "both seen"));
        assert_eq!(said("all as planned", &list(&[1, 2])), ticks(&[1, 2], "as planned"));
        assert_eq!(said("1", &list(&[1, 2])), None, "it is ticked already");
        assert_eq!((said("done", &list(&[1])), said("4", &list(&[1])), said("hello", &list(&[1]))), (None, None, None));
        assert_eq!(said("done at 3", &list(&[])), word("done", "at 3"));
        assert_eq!(said("failed: no access", &list(&[1])), word("failed", "no access"));
        let text = |pattern: Option<&str>, default: Option<&str>| {
            let reply = Reply::Text { pattern: pattern.map(str::to_owned), default: default.map(str::to_owned) };
            Question { reply, ..Question::of_words("Who?", &[]) }
        };
        assert_eq!(said(" Ann Lee \n", &text(None, None)), word("Ann Lee", ""));
        assert_eq!((said("\n", &text(None, None)), said("\n", &text(None, Some("bob")))), (None, word("bob", "")));
        assert_eq!((said("EU", &text(Some("[a-z]+"), None)), said("eu", &text(Some("[a-z]+"), None))), (None, word("eu", "")));
        assert_eq!(put(&text(Some("[a-z]+"), None)), "Who? [a text like `[a-z]+`]");
    }
}
