//! Which requests a fault takes: `probability: 30%`, `match: {model: gpt-*}`, `shape: {form: ramp, over: 30s}`.

use super::fields::MapFields;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use super::vocabulary::pick;
use crate::model::{Aim, FaultShape, Match, Requests};
use crate::redact::is_secret_header;
use crate::units::{Duration, Fingerprint, Ratio};

/// Reads it from among a fault's settings.
pub(super) fn read(fields: &MapFields<'_>) -> Aim {
    Aim {
        probability: fields.optional("probability", &|reader, node| reader.quantity::<Ratio>(node)),
        matching: fields.optional("match", &matching).unwrap_or_default(),
        shape: fields.optional("shape", &shape).unwrap_or_default(),
    }
}

fn matching(reader: &TreeReader<'_>, node: &Node) -> Option<Match> {
    let fields = reader.fields(node, "a match")?;
    let text = |name| fields.optional(name, &|reader, node| reader.words(node));
    let matching = Match {
        requests: fields.optional("requests", &|reader, node| reader.word(node, Requests::WORDS, Requests::from_word)),
        method: text("method"),
        path: text("path"),
        model: text("model"),
        stream: fields.optional("stream", &|reader, node| reader.truth(node)),
        key: fields.optional("key", &|reader, node| {
            let key = reader.text(node)?.parse::<Fingerprint>();
            if let Err(error) = &key {
                // What was written may be the key itself.
                reader.error(node.spot, "this is not a credential's fingerprint", &error.hint);
            }
            key.ok()
        }),
        header: fields.optional("header", &|reader, node| {
            let header = reader.words(node)?;
            if is_secret_header(&header) {
                reader.error(node.spot, "a credential does not belong into a scenario", "write its fingerprint as `key`");
                return None;
            }
            Some(header)
        }),
    };
    fields.finish();
    Some(matching)
}

fn shape(reader: &TreeReader<'_>, node: &Node) -> Option<FaultShape> {
    if let NodeKind::Text(word) = &node.kind {
        return match word.as_str() {
            "step" => Some(FaultShape::Step),
            "grey" => Some(FaultShape::Grey),
            _ => {
                let hint = "write `step` or `grey`, or one of `{form: ramp, over: 30s}`, `{form: flap, on: 5s, off: 5s}`, `{form: pulse, for: 5s}`";
                reader.error(node.spot, format!("`{word}` is not a shape that needs no times"), hint);
                None
            }
        };
    }
    let fields = reader.fields(node, "a shape")?;
    let form = fields.required("form", &|reader, node| Some((reader.text(node)?, node.spot)));
    let time = |name| fields.required::<Duration>(name, &|reader, node| reader.time(node));
    let shape = match form.as_ref().map(|(form, _)| form.as_str()) {
        Some("step") => Some(FaultShape::Step),
        Some("grey") => Some(FaultShape::Grey),
        Some("ramp") => time("over").map(|over| FaultShape::Ramp { over }),
        Some("flap") => time("on").zip(time("off")).map(|(on, off)| FaultShape::Flap { on, off }),
        Some("pulse") => time("for").map(|length| FaultShape::Pulse { length }),
        _ => {
            if let Some((form, spot)) = form {
                reader.error(spot, format!("`{form}` is not a form"), pick(&form, FaultShape::WORDS.iter().copied()));
            }
            return None;
        }
    };
    fields.finish();
    shape
}
