//! The page behind a one-time link: a form without a script, that a telephone shows too.

use crate::step::{FAILED, OpenQuestion, Reply};
use std::fmt::Write as _;

const STYLE: &str = "body{font:1.1em/1.5 system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em;color:#1a1a1a;background:#fff}\
button,input{font:inherit;padding:.4em .9em;margin:.3em .4em .3em 0}label{display:block;margin:.4em 0}p{white-space:pre-wrap;overflow-wrap:anywhere}\
input[type=text]{width:100%;box-sizing:border-box}";

/// What is asked of whoever follows the link.
pub(super) fn form(runbook: &str, contact: Option<&str>, open: Option<&OpenQuestion>, acknowledges: bool) -> String {
    let who = contact.map(|contact| format!("<p>This link is for {} and is good once.</p>", escaped(contact))).unwrap_or_default();
    let body = match open {
        _ if acknowledges => {
            format!("<p>Have you taken this on? Then others are not woken.</p><form method=post>{}{}</form>", button("", "yes"), COMMENT)
        }
        Some(open) => question(open),
        None => "<p>Nothing is asked of you at this moment. Open this page again later.</p>".to_owned(),
    };
    page(&format!("<h1>{}</h1>{body}{who}", escaped(runbook)))
}

/// One sentence.
pub(super) fn words(text: &str) -> String {
    page(&format!("<p>{}</p>", escaped(text)))
}

const COMMENT: &str = "<label>Comment <input type=text name=comment maxlength=1000></label>";

fn button(name: &str, value: &str) -> String {
    format!("<button name=\"{name}\" value=\"{0}\">{0}</button>", escaped(value))
}

fn question(open: &OpenQuestion) -> String {
    let mut form =
        format!("<p>{}</p><form method=post><input type=hidden name=question value=\"{}\">", escaped(&open.question.asked()), open.id);
    // Writing to a string cannot fail.
    match &open.question.reply {
        Reply::Word(answers) => {
            form += COMMENT;
            form += &answers.iter().map(|answer| button("answer", answer)).collect::<String>();
        }
        Reply::Text { default, .. } => {
            let default = default.as_deref().map(escaped).unwrap_or_default();
            let _ =
                write!(form, "<label>Answer <input type=text name=answer maxlength=1000 value=\"{default}\"></label><button>Send</button>");
        }
        Reply::Ticks(left) if left.is_empty() => {
            form += COMMENT;
            form += &[button("answer", "done"), button("answer", FAILED)].concat();
        }
        Reply::Ticks(left) => {
            for (item, text) in left {
                let number = item + 1;
                let _ = write!(form, "<label><input type=checkbox name=answer value={number}> {number}. {}</label>", escaped(text));
            }
            form += COMMENT;
            form += "<button>Tick off</button>";
        }
    }
    form + "</form>"
}

fn page(body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Lifeboat</title>\
         <style>{STYLE}</style><body>{body}</body></html>"
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Question;

    #[test]
    fn nothing_that_others_wrote_is_markup() {
        let evil = "<script>\"'&";
        let question = Question::of_words(evil, &[evil]);
        let open = OpenQuestion { id: "0a".into(), question };
        let list = Reply::Ticks(vec![(0, evil.to_owned())]);
        let list = OpenQuestion { question: Question { reply: list, ..open.question.clone() }, ..open.clone() };
        for page in [form(evil, Some(evil), Some(&open), false), form(evil, Some(evil), Some(&list), false), words(evil)] {
            assert!(!page.contains("<script") && page.contains("&lt;script&gt;&quot;&#39;&amp;"), "{page}");
        }
    }
}
