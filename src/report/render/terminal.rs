//! Facts as lines of a terminal: a label, and beside it what is said, wrapped at the terminal's width.
//!
//! What this file does not do: choose what is said (`summary`), or colour it (`cli`).

use crate::report::model::Fact;

/// Columns for labels.
const LABELS: usize = 14;

/// Each group of facts, an empty line between two of them.
pub(in crate::report) fn lines(groups: &[Vec<Fact>], width: usize) -> String {
    let room = width.clamp(40, 100) - LABELS;
    let group = |facts: &Vec<Fact>| facts.iter().map(|fact| lines_of(fact, room)).collect::<String>();
    groups.iter().map(group).collect::<Vec<_>>().join("\n")
}

fn lines_of(fact: &Fact, room: usize) -> String {
    let label = fact.label.plain();
    let lines = wrapped(&fact.text.plain(), room);
    let labels = [label.as_str()].into_iter().chain(std::iter::repeat(""));
    lines.iter().zip(labels).map(|(line, label)| format!("{label:<LABELS$}{line}\n")).collect()
}

/// Words in lines of at most `room` characters.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
