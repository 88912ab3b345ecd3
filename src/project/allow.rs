//! What an environment allows, and whose approval a drill needs there.
//!
//! What this file does not do: read calendars, keys or clocks; whether a drill may begin now is the room `permission`'s.

use super::document::SourceDocument;
use super::finding::Finding;
use super::inside::{self, NamedFile};
use super::inventory::unknown;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use crate::model::{Allow, Approvals, Approver, CalendarSource, Environment, Inventory};
use crate::units::{Money, Rate, WeekHours};
use std::path::Path;

/// Reads `allow:`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Allow> {
    let fields = reader.fields(node, "what an environment allows")?;
    let names = |reader: &TreeReader<'_>, node: &Node| reader.list(node, &|reader, node| reader.name(node));
    let allow = Allow {
        faults_on: fields.optional("faults_on", &names),
        asks: fields.optional("asks", &names),
        max_rate: fields.optional("max_rate", &|reader, node| reader.quantity::<Rate>(node)),
        max_spend: fields.optional("max_spend", &|reader, node| reader.quantity::<Money>(node)),
        max_requests: fields.optional("max_requests", &|reader, node| reader.count(node, 1)).map(u64::from),
        revoke: fields.optional("revoke", &names).unwrap_or_default(),
        stores: fields.optional("stores", &|reader, node| reader.list(node, &|reader, node| reader.words(node))).unwrap_or_default(),
        hours: fields
            .optional("hours", &|reader, node| one_or_more(reader, node, |node| reader.quantity::<WeekHours>(node)))
            .unwrap_or_default(),
        freezes: fields.optional("freezes", &|reader, node| one_or_more(reader, node, |node| calendar(reader, node))).unwrap_or_default(),
        max_duration: fields.optional("max_duration", &|reader, node| reader.time(node)),
        sabotage: fields.optional("sabotage", &|reader, node| reader.truth(node)).unwrap_or(false),
    };
    fields.finish();
    Some(allow)
}

/// One item by itself, or a list of them.
fn one_or_more<T>(reader: &TreeReader<'_>, node: &Node, read: impl Fn(&Node) -> Option<T>) -> Option<Vec<T>> {
    match node.kind {
        NodeKind::Text(_) => Some(vec![read(node)?]),
        _ => reader.list(node, &|_, node| read(node)),
    }
}

/// The text is not shown where it may be a private address.
fn calendar(reader: &TreeReader<'_>, node: &Node) -> Option<CalendarSource> {
    let text = reader.words(node)?;
    match text.parse() {
        Ok(source) => Some(source),
        Err(crate::units::ParseError { problem, hint }) => {
            reader.error(node.spot, problem, hint);
            None
        }
    }
}

/// Reads `approvals:`.
pub(super) fn approvals(reader: &TreeReader<'_>, node: &Node) -> Option<Approvals> {
    let fields = reader.fields(node, "whose approval it takes")?;
    let of = fields.required("of", &|reader, node| reader.list(node, &approver));
    let needed = fields.optional("needed", &|reader, node| reader.count(node, 1)).unwrap_or(1);
    if let (Some(of), Some((_, node))) = (&of, fields.raw("needed"))
        && needed as usize > of.len()
    {
        let all = of.len();
        let message = format!("{needed} approvals are needed, and only {all} may approve");
        reader.error(node.spot, message, format!("write `needed: {all}` or less, or name more approvers under `of:`"));
    }
    fields.finish();
    Some(Approvals { of: of?, needed })
}

/// A contact's name, or a map of it and the key that signs its approvals.
fn approver(reader: &TreeReader<'_>, node: &Node) -> Option<Approver> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(Approver { contact: reader.name(node)?, key: None });
    }
    let fields = reader.fields(node, "an approver")?;
    let contact = fields.required("contact", &|reader, node| reader.name(node));
    let key = fields.optional("key", &|reader, node| reader.words(node));
    fields.finish();
    Some(Approver { contact: contact?, key })
}

/// Approvers that are no contacts, are named twice, or whose key is another's or lies elsewhere.
pub(super) fn names(document: &SourceDocument, root: &Path, inventory: &Inventory, id: &str, environment: &Environment) -> Vec<Finding> {
    let mut found = Vec::new();
    let approvers = environment.approvals.iter().flat_map(|approvals| &approvals.of);
    let all: Vec<&Approver> = approvers.collect();
    for (index, approver) in all.iter().enumerate() {
        let place = index.to_string();
        let at = ["environments", id, "approvals", "of", &place];
        found.extend(unknown(document, &at, &approver.contact, "a contact", &inventory.contacts));
        let earlier = &all[..index];
        if earlier.iter().any(|other| other.contact == approver.contact) {
            let message = format!("`{}` is an approver already, and counts once", approver.contact);
            found.push(document.error(&at, message, "name somebody else, or take it away"));
        }
        let Some(key) = &approver.key else { continue };
        if let Some(other) = earlier.iter().find(|other| other.key.as_ref() == Some(key)) {
            let message =
                format!("`{}` and `{}` have the same key, so that one person could approve twice", other.contact, approver.contact);
            found.push(document.error(&at, message, "give each approver a key of their own, made with `lifeboat key`"));
        }
        if !Approver::is_key_name(key) {
            let named = inside::named(root, key);
            let wrong = inside::wrong(&named, "key", key).map(|(message, hint)| (message, hint.to_owned()));
            let absent = || {
                let hint =
                    "write the path of the file of the public key, from the project's root, or the key's name of 64 hexadecimal digits";
                matches!(named, NamedFile::Absent).then(|| (format!("there is no key `{key}`"), hint.to_owned()))
            };
            found.extend(wrong.or_else(absent).map(|(message, hint)| document.error(&at, message, hint)));
        }
    }
    found
}
