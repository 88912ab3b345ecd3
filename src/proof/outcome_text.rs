//! What came of the controls as a table for people, as Markdown, and as JSON.

use super::outcome::{ControlEnd, ControlResult, ProofOutcome};
use crate::verdict::Decision;
use serde_json::json;

impl ProofOutcome {
    /// In a sentence.
    pub fn summary(&self) -> String {
        let (scenario, environment) = (&self.scenario, &self.environment);
        if let Some(why) = &self.untold {
            return format!("{scenario} in {environment}: it could not be told: {why}");
        }
        let of = self.controls.len();
        let parts: Vec<String> = [ControlEnd::Green, ControlEnd::OtherReason, ControlEnd::Untold]
            .into_iter()
            .filter(|end| self.count(*end) > 0)
            .map(|end| format!("{} {end}", self.count(end)))
            .collect();
        match (of, self.count(ControlEnd::Red)) {
            (0, _) => format!("{scenario} in {environment}: no control applies"),
            (of, red) if red == of && self.not_asked.is_empty() => {
                format!("{scenario} in {environment} is proven: {of} of {of} broken copies went red, each for its own reason")
            }
            (of, red) if red == of => {
                format!("{scenario} in {environment}: {red} of {} went red for their reason", of + self.not_asked.len())
            }
            (of, red) => {
                format!("{scenario} in {environment} is not proven: {red} of {of} went red for their reason; {}", parts.join(", "))
            }
        }
    }

    /// For people: a line a control, then what was seen of each.
    pub fn to_text(&self) -> String {
        let widest = self.controls.iter().map(|control| control.name.chars().count()).max().unwrap_or(0).max("as it is".len());
        let line = |label: &str, verdict: &str, end: &str| format!("  {label:<widest$}  {verdict:<12}  {end}\n");
        let mut text = format!("{}\n\n", self.summary());
        text += &line("control", "verdict", "as expected");
        text += &line("as it is", word(self.as_it_is), if self.untold.is_none() { "yes, green" } else { "no" });
        for control in &self.controls {
            text += &line(&control.name, word(control.verdict), expected(control));
        }
        for control in &self.controls {
            text += &format!("\n  {}: {}\n    {}\n", control.name, control.what, told(control));
        }
        text + &self.left_out_text()
    }

    fn left_out_text(&self) -> String {
        let mut text = String::new();
        for left in &self.left_out {
            text += &format!("  left out: {}, since {}\n", left.name, left.why);
        }
        if text.is_empty() { text } else { format!("\n{text}") }
    }

    /// As a table.
    pub fn to_markdown(&self) -> String {
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        let mut text = format!("## {}\n\n| control | verdict | as expected | what was seen |\n|---|---|---|---|\n", cell(&self.summary()));
        let green = if self.untold.is_none() { "yes, green" } else { "no" };
        text += &format!("| as it is | {} | {green} | |\n", word(self.as_it_is));
        for control in &self.controls {
            let seen = cell(&format!("{}: {}", control.what, told(control)));
            text += &format!("| {} | {} | {} | {seen} |\n", cell(&control.name), word(control.verdict), expected(control));
        }
        for left in &self.left_out {
            text += &format!("\nLeft out: `{}`, since {}.\n", cell(&left.name), cell(&left.why));
        }
        text
    }

    /// All of it.
    pub fn to_json(&self) -> serde_json::Value {
        let left: Vec<_> = self.left_out.iter().map(|left| json!({"name": left.name, "why": left.why})).collect();
        json!({
            "scenario": self.scenario, "environment": self.environment, "at": self.at, "sha256": self.sha256, "proven": self.is_red() && self.not_asked.is_empty(),
            "as_it_is": self.as_it_is, "untold": self.untold, "drill": self.drill, "controls": self.controls, "not_asked": self.not_asked,
            "left_out": left,
        })
    }
}

fn word(verdict: Option<Decision>) -> &'static str {
    verdict.map_or("-", Decision::word)
}

const fn expected(control: &ControlResult) -> &'static str {
    match control.end {
        ControlEnd::Red => "yes, red for its reason",
        ControlEnd::OtherReason => "no, red for another reason",
        ControlEnd::Green => "no, it stayed green",
        ControlEnd::Untold => "could not be told",
    }
}

/// What was seen, and what to do about it.
fn told(control: &ControlResult) -> String {
    let missed = if control.missed.is_empty() { String::new() } else { format!("{} missed; ", control.missed.join(", ")) };
    let advice = if control.advice.is_empty() { String::new() } else { format!("; {}", control.advice) };
    format!("{missed}{}{advice}", control.seen)
}
