//! `confirm`: a question to people.

use super::reaction;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use crate::model::Confirm;

/// A question, or one with `answers`, `approvers` or `role`, `needed` and `default`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Confirm> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(Confirm { question: reader.words(node)?, ..Confirm::default() });
    }
    let fields = reader.fields(node, "a question")?;
    let question = fields.required("question", &|reader, node| reader.words(node));
    let answers = fields.optional("answers", &|reader, node| reader.list(node, &|reader, node| reader.name(node))).unwrap_or_default();
    let approvers = fields.optional("approvers", &|reader, node| reader.list(node, &|reader, node| reader.name(node))).unwrap_or_default();
    let role = fields.optional("role", &|reader, node| reader.name(node));
    if let (Some(_), Some((key, _))) = (&role, fields.raw("approvers")) {
        reader.error(key.spot, "the holder of the role answers, so there are no approvers", "write `role` or `approvers`, not both");
    }
    let most = u64::try_from(approvers.len()).unwrap_or(u64::MAX).max(1);
    let needed = fields.optional("needed", &|reader, node| reader.number(node, 1, most)).and_then(|needed| u32::try_from(needed).ok());
    let reaction = fields.optional("reaction", &reaction::read);
    let confirm = Confirm { question: question?, answers, approvers, needed: needed.unwrap_or(0), role, default: None, reaction };
    let default = fields.optional("default", &|reader, node| {
        let allowed = confirm.allowed();
        let words: Vec<&str> = allowed.iter().map(String::as_str).collect();
        reader.word(node, &words, |text| allowed.iter().find(|word| *word == text).cloned())
    });
    fields.finish();
    Some(Confirm { default, ..confirm })
}
