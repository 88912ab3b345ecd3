//! A report in short, as messages of Slack (Block Kit) and Teams (an Adaptive Card): the verdict, the key numbers, what to do, a link.
//!
//! Nothing in them is markup but the link: every text is one that both show as it is. What does not fit into their limits is cut, and said.
//!
//! What this file does not do: send anything. Whoever has the webhook posts what is printed.

use super::gist::{Gist, GistObjective, at_most};
use super::json::written;
use crate::report::model::{Grade, Report};
use crate::units::counted;
use serde_json::{Value, json};

/// Characters of a text; Slack takes 3,000.
const TEXT: usize = 2_900;
/// Characters of a heading; Slack takes 150.
const HEADING: usize = 150;
/// Key numbers that are told; Slack takes ten in a block.
const NUMBERS: usize = 10;
/// Characters of a key number.
const NUMBER: usize = 300;

/// The form that Slack's incoming webhooks take.
pub fn slack(report: &Report, link: Option<&str>) -> String {
    let gist = Gist::of(report);
    let plain = |text: &str, most: usize| json!({"type": "plain_text", "text": at_most(text, most), "emoji": false});
    let section = |text: &str| json!({"type": "section", "text": plain(text, TEXT)});
    let heading = heading(&gist);
    let mut blocks = vec![json!({"type": "header", "text": plain(&heading, HEADING)})];
    let verdict = gist.verdict.join("\n");
    blocks.extend((!verdict.is_empty()).then(|| section(&verdict)));
    let (numbers, left) = numbers(&gist);
    let fields: Vec<Value> = numbers.iter().map(|(name, told)| plain(&format!("{name}\n{told}"), NUMBER)).collect();
    blocks.extend((!fields.is_empty()).then(|| json!({"type": "section", "fields": fields})));
    blocks.extend(left.map(|left| section(&left)));
    let advice = gist.advice.join("\n");
    blocks.extend((!advice.is_empty()).then(|| section(&advice)));
    blocks.push(json!({"type": "context", "elements": [plain(&origin(&gist), TEXT)]}));
    if let Some(link) = link {
        let safe = link.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E").replace('&', "&amp;");
        blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": format!("<{safe}|Open the report>")}}));
    }
    // What a notification shows, in which three letters are markup.
    let text = at_most(&heading, TEXT / 5).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    written(&json!({"text": text, "blocks": blocks}))
}

/// The form that Teams takes: a message with an Adaptive Card.
pub fn teams(report: &Report, link: Option<&str>) -> String {
    let gist = Gist::of(report);
    let colour = match report.status.grade {
        Grade::Good => "Good",
        Grade::Bad => "Attention",
        Grade::Open => "Warning",
        Grade::Neutral => "Default",
    };
    // Runs of text are shown as they are; blocks of text would be read as Markdown.
    let text = |text: &str| {
        let run = json!({"type": "TextRun", "text": at_most(text, TEXT)});
        json!({"type": "RichTextBlock", "inlines": [run]})
    };
    let run = json!({"type": "TextRun", "text": at_most(&heading(&gist), HEADING), "size": "Large", "weight": "Bolder", "color": colour});
    let mut body = vec![json!({"type": "RichTextBlock", "inlines": [run]})];
    let verdict = gist.verdict.join("\n");
    body.extend((!verdict.is_empty()).then(|| text(&verdict)));
    let (numbers, left) = numbers(&gist);
    body.extend(numbers.iter().map(|(name, told)| {
        let name = json!({"type": "TextRun", "text": format!("{}: ", at_most(name, NUMBER)), "weight": "Bolder"});
        json!({"type": "RichTextBlock", "inlines": [name, {"type": "TextRun", "text": at_most(told, NUMBER)}]})
    }));
    body.extend(left.iter().chain(&gist.advice).map(|line| text(line)));
    let run = json!({"type": "TextRun", "text": at_most(&origin(&gist), TEXT), "size": "Small", "isSubtle": true});
    body.push(json!({"type": "RichTextBlock", "inlines": [run]}));
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    });
    if let Some(link) = link {
        card["actions"] = json!([{"type": "Action.OpenUrl", "title": "Open the report", "url": link}]);
    }
    let attachment = json!({"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card});
    written(&json!({"type": "message", "attachments": [attachment]}))
}

/// How it ended, and what it was.
fn heading(gist: &Gist<'_>) -> String {
    format!("{}: {}", crate::report::words::wording::capital(&gist.report.status.word), gist.title)
}

/// The objectives that were not met first, each with what was promised and measured, and how many more there are.
fn numbers(gist: &Gist<'_>) -> (Vec<(String, String)>, Option<String>) {
    let mut sorted: Vec<&GistObjective> = gist.objectives.iter().collect();
    sorted.sort_by_key(|objective| objective.status.grade == Grade::Good);
    let told = |objective: &&GistObjective| {
        let limit = if objective.promised.is_empty() { String::new() } else { format!(" ({})", objective.promised) };
        (objective.full_name(), format!("{}{limit}: {}", objective.measured, objective.status.word))
    };
    let left = sorted.len().saturating_sub(NUMBERS);
    let left = (left > 0).then(|| format!("And {} more.", counted(left as u64, "objective")));
    (sorted.iter().take(NUMBERS).map(told).collect(), left)
}

/// Which run it was.
fn origin(gist: &Gist<'_>) -> String {
    let of = &gist.report.identity;
    let parts = [of.run.clone(), of.environment.as_ref().map(|name| format!("environment {name}")), of.started_at.clone()];
    let told: Vec<String> = parts.into_iter().flatten().map(|part| super::gist::one(&part)).filter(|part| !part.is_empty()).collect();
    if told.is_empty() { "Lifeboat".to_owned() } else { format!("Lifeboat: {}", told.join(", ")) }
}
