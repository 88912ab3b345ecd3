//! The open questions of a live drill, each as a form of its own. A form stays as it is while its question is open, so that nothing that somebody types
//! is lost.

use super::form_fields::FormFields;
use super::sight::DrillSight;
use crate::step::{DONE, FAILED, LONGEST_SAID, OpenQuestion, Reply};
use maud::{Markup, html};

/// All of them; nothing where nobody is asked.
pub(super) fn questions(sight: &DrillSight, fields: &FormFields) -> Markup {
    if sight.questions.is_empty() || sight.end.is_some() {
        return html! {};
    }
    html! {
        h2 { (if sight.questions.len() == 1 { "A person is asked" } else { "People are asked" }) }
        @for open in &sight.questions { (form(sight, open, fields)) }
    }
}

fn form(sight: &DrillSight, open: &OpenQuestion, fields: &FormFields) -> Markup {
    let question = &open.question;
    html! {
        form.lv-question id={ "lv-q-" (open.id) } data-keep method="post" action={ "/drills/" (sight.id) "/answer" } {
            @if let Some(csrf) = &fields.csrf { (csrf) }
            input type="hidden" name="question" value=(open.id);
            @if let Some(step) = question.step { p.lv-soft { "Step " (step + 1) } }
            p.lv-asked { (question.asked()) }
            (reply(open))
            @if !fields.is_known { (who(open)) }
            @if !matches!(question.reply, Reply::Text { .. }) {
                p { label { "Comment, where there is something to say " input type="text" name="comment" maxlength=(LONGEST_SAID) autocomplete="off"; } }
            }
            p.lv-buttons { (buttons(&question.reply)) }
        }
    }
}

/// What is typed or ticked.
fn reply(open: &OpenQuestion) -> Markup {
    match &open.question.reply {
        Reply::Text { default, pattern } => html! {
            p {
                label { "Answer " input type="text" name="answer" required maxlength=(LONGEST_SAID) value=[default.as_deref()] autocomplete="off"; }
                @if let Some(pattern) = pattern { span.lv-soft { " like " code { (pattern) } } }
            }
        },
        Reply::Ticks(left) if !left.is_empty() => html! {
            fieldset {
                legend { "What is done" }
                @for (item, text) in left {
                    p { label { input type="checkbox" name="answer" value=(item + 1); " " (text) } }
                }
            }
        },
        Reply::Word(_) | Reply::Ticks(_) => html! {},
    }
}

/// Who answers, where that is not known by itself.
fn who(open: &OpenQuestion) -> Markup {
    let names = &open.question.names;
    html! {
        p.lv-who {
            @if names.is_empty() {
                label { "Your name " input type="text" name="by" maxlength="100" autocomplete="name"; }
            } @else {
                label { "Who answers "
                    select name="by" required {
                        @if names.len() > 1 { option value="" { "choose" } }
                        @for name in names { option value=(name) { (name) } }
                    }
                }
            }
        }
    }
}

fn buttons(reply: &Reply) -> Markup {
    let word = |word: &str| html! { button name="answer" value=(word) { (word) } " " };
    match reply {
        Reply::Word(words) => html! { @for each in words { (word(each)) } },
        Reply::Text { .. } => html! { button { "Send" } },
        Reply::Ticks(left) if left.is_empty() => html! { (word(DONE)) (word(FAILED)) },
        Reply::Ticks(_) => html! { button { "Tick off" } " " button name="answer" value=(FAILED) { "It failed" } },
    }
}
