//! An inventory's `serve:`: under which address people find `lifeboat serve`, whom it posts what happens to, where traces go.

use super::document::SourceDocument;
use super::finding::Finding;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use super::{sign_in, store};
use crate::model::{CredentialSource, Inventory, NoticeKind, ServePolicy, Webhook, origin_and_path};

/// The most webhooks.
const MOST: usize = 50;

/// `{url: ADDRESS, oidc: {…}, webhooks: [{url: ADDRESS, secret_from: "env:NAME", events: […]}], otlp: ADDRESS}`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<ServePolicy> {
    let fields = reader.fields(node, "a map of what it serves")?;
    let url = fields.optional("url", &|reader, node| reader.url(node));
    let oidc = fields.optional("oidc", &sign_in::read);
    let webhooks = fields.optional("webhooks", &webhooks).unwrap_or_default();
    let otlp = fields.optional("otlp", &|reader, node| reader.url(node));
    fields.finish();
    Some(ServePolicy { url, oidc, webhooks, otlp })
}

fn webhooks(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<Webhook>> {
    let found = reader.list(node, &webhook)?;
    if found.len() > MOST {
        reader.error(node.spot, format!("these are {} webhooks", found.len()), format!("name at most {MOST}"));
    }
    for (place, webhook) in found.iter().enumerate() {
        if found[..place].iter().any(|other| other.name == webhook.name) {
            let hint = "give each a `name:` of its own";
            reader.error(node.spot, format!("two webhooks are called `{}`", webhook.name), hint);
        }
    }
    Some(found)
}

fn webhook(reader: &TreeReader<'_>, node: &Node) -> Option<Webhook> {
    let fields = reader.fields(node, "a webhook")?;
    fields.looks_like("{url: \"https://hooks.example/lifeboat\", secret_from: \"env:WEBHOOK_SECRET\"}");
    let name = fields.optional("name", &|reader, node| reader.name(node));
    let url = fields.required("url", &|reader, node| reader.url(node));
    let secret_from = fields.required("secret_from", &secrets);
    let event = |reader: &TreeReader<'_>, node: &Node| reader.word(node, NoticeKind::WORDS, NoticeKind::from_word);
    let events = fields.optional("events", &|reader, node| reader.list(node, &event)).unwrap_or_default();
    fields.finish();
    let url = url?;
    Some(Webhook { name: name.unwrap_or_else(|| host_of(&url)), url, secret_from: secret_from?, events })
}

/// One, or a list while an old one is exchanged for a new one.
fn secrets(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<CredentialSource>> {
    match node.kind {
        NodeKind::List(_) => reader.list(node, &store::source).filter(|found| !found.is_empty()),
        _ => store::source(reader, node).map(|from| vec![from]),
    }
}

/// What it is called where nobody says: by its host, without what may be a secret.
fn host_of(url: &str) -> String {
    let (origin, _) = origin_and_path(url);
    let host = origin.split_once("://").map_or(origin, |(_, host)| host).split(['?', '#']).next().unwrap_or_default();
    let plain: String = host.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' }).collect();
    plain.trim_matches('-').to_owned()
}

/// Stores that its secrets are kept in and the inventory does not declare.
pub(super) fn names(document: &SourceDocument, inventory: &Inventory) -> Vec<Finding> {
    let webhooks = inventory.serve.webhooks.iter().enumerate();
    let each = webhooks.flat_map(|(place, webhook)| webhook.secret_from.iter().map(move |from| (place.to_string(), from)));
    each.filter_map(|(place, from)| store::named(document, &["serve", "webhooks", &place, "secret_from"], from, &inventory.stores))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn a_webhook_without_a_name_is_called_by_its_host() {
        assert_eq!(host_of("https://hooks.example/T0/secret"), "hooks.example");
        assert_eq!(host_of("http://127.0.0.1:8080?token=x"), "127.0.0.1-8080");
        assert_eq!(host_of("${HOOK}"), "HOOK");
    }
}
