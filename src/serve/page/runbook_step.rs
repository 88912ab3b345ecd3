//! A step of a runbook in words: what to do, what to type, what follows when it fails, and what takes it back.
//!
//! Commands stand as text that can be copied. Values of their environment are left out: they may be secrets.

use super::contact::contact;
use super::shown::{name, prose, short};
use crate::model::{
    Action, Canary, Channel, Command, Condition, Confirm, HttpCall, Inventory, Manual, Notify, OnFailure, RotationPart, Step, Switch,
    WalkResult, When, Within,
};
use maud::{Markup, html};

/// Letters of a command or a body.
const LONG: usize = 4_000;

/// A step with its number.
pub(super) fn step(inventory: &Inventory, number: usize, step: &Step) -> Markup {
    html! {
        li id={ "step-" (number) } {
            h3 { span.count { (number) } span { (name(&step.name)) } }
            @if let Some(when) = &step.when { p { strong { "Only where " } (condition_of(when)) } }
            @if let Some(description) = &step.description { p { (prose(description)) } }
            (action(inventory, &step.action))
            (facts(inventory, step))
            @if let Some(undo) = &step.undo {
                div.undo { p { "To take it back" } (action(inventory, undo)) }
            }
        }
    }
}

fn facts(inventory: &Inventory, step: &Step) -> Markup {
    let failure = match &step.on_failure {
        OnFailure::Undo if step.changes_nothing() && step.undo.is_none() => {
            html! { "If it fails, what was done before is taken back, and the runbook ends." }
        }
        OnFailure::Undo => html! { "If it fails, take back what was done, last step first." },
        OnFailure::Stop => html! { "If it fails, stop here; what was done stays." },
        OnFailure::Continue => html! { "If it fails, go on." },
        OnFailure::Goto { step, at_most } => html! { "If it fails, go on with " (name(step)) ", at most " (at_most) " times." },
    };
    html! {
        p.facts {
            @if let Some(owner) = &step.owner { "Done by " (contact(inventory, owner)) ". " }
            "Give up after " (step.timeout)
            @if step.retries > 0 { ", after " (step.retries) " further tries" }
            @if let Some(expected) = step.expected { "; it usually takes " (expected) }
            ". " (failure)
            @if let Some(next) = &step.on_success { " When it is done, go to " (name(&next.step)) "." }
            @if let Some(together) = &step.together { " At the same time as the other steps of " (name(together)) "." }
        }
    }
}

/// What is done.
fn action(inventory: &Inventory, action: &Action) -> Markup {
    match action {
        Action::Run(command) => run(command),
        Action::Http(call) => http(call),
        Action::Manual(manual) => by_hand(manual),
        Action::Confirm(confirm) => asked(inventory, confirm),
        Action::Ask(ask) => html! { p { strong { "Answer: " } (prose(&ask.question)) } },
        Action::WaitUntil(until) => html! { p { "Wait until: " (condition(until)) } },
        Action::Pause(length) => html! { p { "Wait " (length) "." } },
        Action::Switch(switch) => switched(switch),
        Action::SwitchBack(switch) => {
            html! { p { "Put back what stood at " code { (short(&switch.key.join("."), 200)) } " in " (place(switch)) "." } }
        }
        Action::Notify(notify) => message(inventory, notify),
        Action::Rotate(rotate) => html! { p { (part(rotate.part)) " of the credential " (name(&rotate.credential)) "." } },
        Action::Canary(canary) => shifted(inventory, canary),
        Action::StopHere(stop) => html! {
            p {
                @match stop.end { WalkResult::Well => "The runbook ends here: all is well.", WalkResult::Failed => "The runbook ends here: it has failed." }
                @if let Some(message) = &stop.message { " " (prose(message)) }
            }
        },
    }
}

fn run(command: &Command) -> Markup {
    let variables: Vec<&str> = command.env.keys().chain(&command.pass).map(String::as_str).collect();
    html! {
        pre tabindex="0" { code { (short(&typed(&command.argv), LONG)) } }
        @if let Some(folder) = &command.folder { p.facts { "In the folder " code { (short(folder, 200)) } } }
        @if !variables.is_empty() { p.facts { "With the variables " code { (short(&variables.join(" "), 400)) } } }
    }
}

/// A command as it is typed: what a shell would read otherwise than it stands is quoted.
fn typed(argv: &[String]) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "_./:=@%+,-${}".contains(letter);
    let word = |word: &String| match !word.is_empty() && word.chars().all(plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    argv.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn http(call: &HttpCall) -> Markup {
    html! {
        pre tabindex="0" { code { (short(&call.method, 20)) " " (short(&call.url, LONG)) } }
        @if !call.headers.is_empty() {
            p.facts { "With the headers " code { (short(&call.headers.keys().cloned().collect::<Vec<_>>().join(", "), 400)) } }
        }
        @if let Some(body) = &call.body {
            details { summary { "Its body" } pre tabindex="0" { code { (prose(body)) } } }
        }
        p.facts {
            "Expected: " @match call.expect_status { Some(status) => { "status " (status) }, None => "a status from 200 to 299" }
            @if let Some(text) = &call.expect_text { ", and an answer with " code { (short(text, 200)) } }
        }
    }
}

fn by_hand(manual: &Manual) -> Markup {
    let is_page = |link: &String| link.starts_with("https://") || link.starts_with("http://");
    html! {
        p { (prose(&manual.text)) }
        @if !manual.links.is_empty() {
            ul.links {
                @for link in manual.links.iter().take(50) {
                    li { @if is_page(link) && !link.contains("${") { a href=(link) rel="noreferrer" { (name(link)) } } @else { (name(link)) } }
                }
            }
        }
        @if !manual.checklist.is_empty() { ul.tick { @for each in manual.checklist.iter().take(200) { li { (prose(each)) } } } }
    }
}

fn asked(inventory: &Inventory, confirm: &Confirm) -> Markup {
    html! {
        p { strong { "Decide: " } (prose(&confirm.question)) }
        p.facts {
            "Answers: " (short(&confirm.allowed().join(", "), 200)) ". "
            @if let Some(role) = &confirm.role { "The holder of the role " (name(role)) " answers. " }
            @if !confirm.approvers.is_empty() {
                (confirm.needed.max(1)) " of: "
                @for (place, id) in confirm.approvers.iter().take(50).enumerate() { @if place > 0 { ", " } (contact(inventory, id)) }
                ". "
            }
            @if let Some(default) = &confirm.default { "Where nobody answers: " (name(default)) "." }
        }
    }
}

fn switched(switch: &Switch) -> Markup {
    html! {
        p { "In " (place(switch)) ", set " code { (short(&switch.key.join("."), 300)) } " to:" }
        pre tabindex="0" { code { (short(&switch.to, LONG)) } }
    }
}

fn place(switch: &Switch) -> Markup {
    match &switch.within {
        Within::File { file, document } => {
            html! { code { (short(file, 300)) } @if let Some(document) = document { " (" (short(&document.to_string(), 200)) ")" } }
        }
        Within::Kubernetes { store, object } => html! { code { (short(&object.to_string(), 300)) } " of the cluster " (name(store)) },
    }
}

fn message(inventory: &Inventory, notify: &Notify) -> Markup {
    let to = match &notify.channel {
        Channel::Contact(id) => contact(inventory, id),
        Channel::Email(address) => html! { "by e-mail to " (name(address)) },
        // An address that takes messages is a secret.
        other => html! { "by " (other.word()) },
    };
    html! { p { "Tell " (to) ":" } pre tabindex="0" { code { (prose(&notify.message)) } } }
}

fn shifted(inventory: &Inventory, canary: &Canary) -> Markup {
    html! {
        p { "Shift a share of the traffic to " (name(&canary.of.to_string())) ":" }
        (action(inventory, &canary.shift))
        p { "Watch it for " (canary.hold) ". If it is worse than the rest, take it back:" }
        (action(inventory, &canary.back))
    }
}

const fn part(part: RotationPart) -> &'static str {
    match part {
        RotationPart::Mint => "Make a new key",
        RotationPart::Take => "Take the spare key",
        RotationPart::Stage => "Put the new key beside the current one in the store",
        RotationPart::Commit => "Make what is staged the current key",
        RotationPart::Store => "Make the new key the current one in the store",
        RotationPart::Rollback => "Make the key from before the current one again",
        RotationPart::Revoke => "Revoke the old key",
        RotationPart::Accepted => "Wait until the provider takes the new key",
        RotationPart::Refused => "Wait until the provider refuses the old key",
    }
}

/// What is waited for.
pub(super) fn condition(condition: &Condition) -> Markup {
    let here = condition.here(false);
    html! { bdi { (short(&here.to_string(), 600)) } }
}

fn condition_of(when: &When) -> Markup {
    match when {
        When::Is { value, text } => html! { code { (short(value, 200)) } " is " code { (short(text, 200)) } },
        When::IsNot { value, text } => html! { code { (short(value, 200)) } " is not " code { (short(text, 200)) } },
        When::Ended { step, end } => html! { "the step " (name(step)) " ended as " (end) },
        When::Holds { text, .. } => html! { code { (short(text, 600)) } },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Duration;
    use std::collections::BTreeMap;

    fn shown(action: Action) -> String {
        let mut made = Step::new("Do it <b>", action, Duration::from_secs(60));
        made.description = Some("Look at the <graph>.".into());
        step(&Inventory::default(), 3, &made).into_string()
    }

    #[test]
    fn a_command_can_be_copied_and_its_variables_keep_their_values_to_themselves() {
        let command = Command {
            argv: ["./switch.sh", "a b", "it's", "$(rm)", "${service.url}"].map(str::to_owned).to_vec(),
            env: BTreeMap::from([("TOKEN".to_owned(), "hidden-value".to_owned())]),
            pass: vec![],
            folder: None,
            exit_codes: vec![],
            leaves_running: false,
            grace: Command::GRACE,
        };
        let markup = shown(Action::Run(command));
        assert!(markup.contains("<code>./switch.sh 'a b' 'it'\\''s' '$(rm)' ${service.url}</code>"), "{markup}");
        assert!(markup.contains("TOKEN") && !markup.contains("hidden-value") && markup.contains("Do it &lt;b&gt;"), "{markup}");
        assert!(markup.contains("id=\"step-3\"") && markup.contains("&lt;graph&gt;"));
    }

    #[test]
    fn a_link_is_one_only_where_it_leads_to_a_page() {
        let links = ["https://status.example/x", "javascript:alert(1)", "${dashboard}"].map(str::to_owned).to_vec();
        let markup = shown(Action::Manual(Manual { text: "Open".into(), links, checklist: vec!["One".into()], reaction: None }));
        assert!(markup.contains("href=\"https://status.example/x\"") && !markup.contains("href=\"javascript"), "{markup}");
        assert!(markup.contains("<ul class=\"tick\"><li><bdi>One</bdi></li></ul>"), "{markup}");
    }
}
