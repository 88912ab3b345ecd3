//! A topic as a terminal of any width shows it: paragraphs and lists are broken anew, and links become what can be typed here. Tables and
//! blocks of code stay as they are.
//!
//! What this file does not do: know more of Markdown than our own files use.

use super::terminal::broken;

/// The text for a terminal of this width. `topic` tells the name of the topic that a link leads to.
pub(super) fn reflowed(text: &str, width: usize, topic: impl Fn(&str) -> Option<&'static str>) -> String {
    let mut shown = String::new();
    let mut open = String::new();
    let mut is_code = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        let as_it_is = is_code || fence || line.starts_with(['|', '#']) || line.trim().is_empty();
        is_code ^= fence;
        if as_it_is || line.starts_with("- ") {
            shown += &flowed(&open, width, &topic);
            open.clear();
        }
        if as_it_is {
            shown += line;
            shown.push('\n');
        } else {
            open += if open.is_empty() { "" } else { " " };
            open += line.trim();
        }
    }
    shown + &flowed(&open, width, &topic)
}

/// A paragraph, or an item of a list, whose further lines are indented.
fn flowed(paragraph: &str, width: usize, topic: impl Fn(&str) -> Option<&'static str>) -> String {
    if paragraph.is_empty() {
        return String::new();
    }
    let indent = if paragraph.starts_with("- ") { "  " } else { "" };
    let text = without_sources(&without_links(paragraph, topic));
    broken(&text, width - indent.len()).replace('\n', &format!("\n{indent}")) + "\n"
}

/// `[text](target)` as its text, with what to type for more.
fn without_links(text: &str, topic: impl Fn(&str) -> Option<&'static str>) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("](") {
        let (Some((start, label)), Some((target, more))) = (before.rsplit_once('['), after.split_once(')')) else { break };
        shown += start;
        shown += &topic(target).map_or_else(|| label.to_owned(), |name| format!("{label} (`lifeboat help {name}`)"));
        rest = more;
    }
    shown + rest
}

/// Without sentences that name a source file, which is not there where Lifeboat is installed.
fn without_sources(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(" See `src/") {
        shown += before;
        rest = after.split_once("`.").map_or("", |(_, more)| more);
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_lists_fit_and_the_rest_stays_as_it_is() {
        let text = "## Head\n\nOne two three\nfour [five](#six) seven.\n\n- an item that\n  goes on. See `src/a/b.rs`.\n- another\n\n| a long | table of cells |\n```yaml\n- {a: long line, of: code}\n\n```\nThe end\n";
        let topic = |target: &str| (target == "#six").then_some("six");
        let wanted = "## Head\n\nOne two three four\nfive (`lifeboat help\nsix`) seven.\n\n- an item that\n  goes on.\n- another\n\n| a long | table of cells |\n```yaml\n- {a: long line, of: code}\n\n```\nThe end\n";
        assert_eq!(reflowed(text, 20, topic), wanted);
    }
}
