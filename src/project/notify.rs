//! `notify`: a message and where it goes.

use super::mail;
use super::reader::TreeReader;
use super::tree::Node;
use super::variable;
use crate::model::{Channel, Notify, NotifySeverity};

/// `{slack: "env:NAME", message: …}`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Notify> {
    let fields = reader.fields(node, "a notification")?;
    let chosen = fields.exactly_one(&["webhook", "slack", "email", "contact", "pagerduty"]);
    let address = chosen.and_then(|word| {
        fields.optional(word, &|reader, node| {
            let text = reader.text(node)?;
            if word != "contact"
                && let Some(name) = text.strip_prefix("env:").filter(|name| variable::is_environment_name(name))
            {
                return Some(format!("env:{name}"));
            }
            if word == "pagerduty" {
                reader.error(node.spot, "a routing key does not stand in a file", "write `env:NAME` with the variable that holds it");
                return None;
            }
            match word {
                "email" => mail::address(reader, node),
                "contact" => reader.name(node),
                _ => reader.url(node),
            }
        })
    });
    let at = fields.optional("at", &|reader, node| reader.url(node));
    fields.exactly_one(&["message", "template"]);
    let template = fields.optional("template", &|reader, node| reader.name(node));
    // The words of a template are put there once all of them are known.
    let message = fields.optional("message", &|reader, node| reader.words(node)).or_else(|| template.as_ref().map(|_| String::new()));
    let severity = fields.optional("severity", &|reader, node| reader.word(node, NotifySeverity::WORDS, NotifySeverity::from_word));
    fields.finish();
    let channel = match chosen? {
        "webhook" => Channel::Webhook(address?),
        "slack" => Channel::Slack(address?),
        "email" => Channel::Email(address?),
        "contact" => Channel::Contact(address?),
        _ => Channel::Pagerduty { key: address?, at },
    };
    Some(Notify { channel, message: message?, severity: severity.unwrap_or(NotifySeverity::Error), template })
}
