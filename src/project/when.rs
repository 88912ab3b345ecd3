//! `when`: what the beginning of a step depends on.

use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use crate::expression::Expression;
use crate::model::{StepEnd, When};

/// `"steps.region == 'eu' && int(steps.count) > 3"`, `{value: "${steps.region}", is: eu}` or `{step: NAME, ended: failed}`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<When> {
    if let NodeKind::Text(text) = &node.kind {
        return match Expression::parse(text) {
            Ok(_) => Some(When::Holds { text: text.clone(), within: String::new() }),
            Err(problem) => {
                reader.error(reader.source.within(node.spot, text, problem.place), problem.message, problem.hint);
                None
            }
        };
    }
    let fields = reader.fields(node, "a `when`")?;
    let when = match fields.exactly_one(&["value", "step"]) {
        Some("value") => {
            let value = fields.optional("value", &|reader, node| reader.words(node));
            match fields.exactly_one(&["is", "is_not"]) {
                Some("is") => value.zip(fields.optional("is", &|r, n| r.text(n))).map(|(value, text)| When::Is { value, text }),
                Some(_) => value.zip(fields.optional("is_not", &|r, n| r.text(n))).map(|(value, text)| When::IsNot { value, text }),
                None => None,
            }
        }
        Some(_) => {
            let step = fields.optional("step", &|reader, node| reader.words(node));
            let end = fields.required("ended", &|reader, node| reader.word(node, StepEnd::WORDS, StepEnd::from_word));
            step.zip(end).map(|(step, end)| When::Ended { step, end })
        }
        None => None,
    };
    fields.finish();
    when
}
