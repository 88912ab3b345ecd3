//! `manual` and `ask`: what a person does, and what a person writes; `roles`: who they are.

use super::reaction;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use crate::model::{Ask, Manual, RoleHolder};
use crate::units::TextPattern;

/// A text, or `{do: TEXT, links: […], checklist: […]}`.
pub(super) fn manual(reader: &TreeReader<'_>, node: &Node) -> Option<Manual> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(Manual { text: reader.words(node)?, ..Manual::default() });
    }
    let fields = reader.fields(node, "a step by hand")?;
    let text = fields.required("do", &|reader, node| reader.words(node));
    let links = fields.optional("links", &|reader, node| reader.list(node, &|reader, node| reader.words(node))).unwrap_or_default();
    let checklist = fields.optional("checklist", &|reader, node| reader.list(node, &|reader, node| reader.words(node))).unwrap_or_default();
    let reaction = fields.optional("reaction", &reaction::read);
    fields.finish();
    Some(Manual { text: text?, links, checklist, reaction })
}

/// A text, or `{question: TEXT, pattern: …, default: …}`.
pub(super) fn ask(reader: &TreeReader<'_>, node: &Node) -> Option<Ask> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(Ask { question: reader.words(node)?, ..Ask::default() });
    }
    let fields = reader.fields(node, "a question for a text")?;
    let question = fields.required("question", &|reader, node| reader.words(node));
    let pattern = fields.optional("pattern", &|reader, node| {
        let text = reader.words(node)?;
        match TextPattern::new(&text) {
            Ok(_) => Some(text),
            Err(problem) => {
                let hint = "write a regular expression for the whole answer, for example `[a-z0-9-]+`";
                reader.error(node.spot, format!("`{text}` is not a regular expression: {problem}"), hint);
                None
            }
        }
    });
    let default = fields.optional("default", &|reader, node| {
        let text = reader.words(node)?;
        let fits =
            text.contains("${") || pattern.as_ref().is_none_or(|pattern| TextPattern::new(pattern).is_ok_and(|like| like.fits(&text)));
        if !fits {
            reader.error(node.spot, format!("`{text}` does not fit the pattern"), "write a default that is a good answer");
        }
        fits.then_some(text)
    });
    let reaction = fields.optional("reaction", &reaction::read);
    fields.finish();
    Some(Ask { question: question?, pattern, default, reaction })
}

/// The name of a contact, or `ask`.
pub(super) fn role(reader: &TreeReader<'_>, node: &Node) -> Option<RoleHolder> {
    let name = reader.name(node)?;
    Some(if name == "ask" { RoleHolder::Asked } else { RoleHolder::Contact(name) })
}
