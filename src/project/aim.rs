//! Which requests a fault takes: `probability: 30%`, `match: {model: gpt-*}`, `shape: {form: ramp, over: 30s}`; and which it may touch at all:
//! `only: {header: {x-lifeboat-drill: "*"}}`, `only: {sessions: 5%, by: x-session}`.

use super::fields::MapFields;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use super::vocabulary::pick;
use super::wire::header_name;
use crate::model::{Aim, FaultKind, FaultShape, Match, Only, Requests, Sessions, header_parts};
use crate::redact::{is_secret, is_secret_header};
use crate::units::{Duration, Fingerprint, Ratio};

/// Reads it from among a fault's settings.
pub(super) fn read(fields: &MapFields<'_>) -> Aim {
    Aim {
        probability: fields.optional("probability", &|reader, node| reader.quantity::<Ratio>(node)),
        only: fields.optional("only", &only),
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

/// An error where a fault is to be limited that takes whole connections: marked requests and all others share them.
pub(super) fn unlimited(fields: &MapFields<'_>, kind: &FaultKind) {
    // Asked for only where it is there, so that nobody is offered it.
    let Some((key, _)) = (!fields.has_none(&["only"])).then(|| fields.raw("only")).flatten() else { return };
    let word = kind.word.unwrap_or_default();
    if kind.on_requests.is_empty() {
        let message = format!("`{word}` is about a key, which everybody uses, so it cannot be limited to some requests");
        return fields.reader.error(key.spot, message, "take `only` away, or use a fault on requests such as `{status: {code: 401}}`");
    }
    let message =
        format!("`{word}` acts on whole connections, which the requests of users share, so it cannot be limited to some requests");
    fields.reader.error(key.spot, message, format!("use a fault on requests that does the like, such as `{}`", kind.on_requests));
}

fn only(reader: &TreeReader<'_>, node: &Node) -> Option<Only> {
    let fields = reader.fields(node, "what a fault is limited to")?;
    fields.looks_like("{header: {x-lifeboat-drill: '*'}}");
    let by = fields.optional("by", &|reader, node| Some((reader.words(node)?, node.spot)));
    let told = match fields.exactly_one(&["header", "sessions"]) {
        Some("header") => fields.optional("header", &header).map(Only::Header),
        Some(_) => sessions(&fields, by.as_ref().map(|(by, _)| by.clone())),
        None => None,
    };
    if let (Some((_, spot)), false) = (by, fields.has_none(&["header"])) {
        reader.error(spot, "`by` tells sessions apart, and these are requests with a header", "take `by` away");
    }
    fields.finish();
    told
}

/// A share of sessions, with what tells them apart.
fn sessions(fields: &MapFields<'_>, by: Option<String>) -> Option<Only> {
    let share = fields.optional("sessions", &|reader, node| Some((reader.quantity::<Ratio>(node)?, node.spot)));
    let (share, spot) = share?;
    let Some(by) = by else {
        let hint = "add `by: x-session-id`, the header that does, or `by: address` for where a connection comes from";
        fields.reader.error(spot, "nothing says what tells one session from another", hint);
        return None;
    };
    if is_secret(&by) {
        fields.reader.error(spot, "a credential is no session", "name a header that says whose session it is, and nothing else");
        return None;
    }
    Some(Only::Sessions(Sessions { share, by, seed: None }))
}

/// One header, as `{name: value}` or `name: value` in quotes.
fn header(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let hint = "write `{x-lifeboat-drill: '*'}`; `*` stands for any value, and at its end for any rest";
    let header = match &node.kind {
        NodeKind::Map(entries) => {
            let [(key, value)] = entries.as_slice() else {
                reader.error(node.spot, "one header marks a request", hint);
                return None;
            };
            if !header_name(reader, key) {
                return None;
            }
            format!("{}: {}", key.text, reader.text(value)?.trim())
        }
        _ => reader.words(node)?,
    };
    let (name, value) = header_parts(&header);
    let inner = value.strip_suffix('*').unwrap_or(value);
    if name.is_empty() || value.is_empty() || inner.contains(['*', '\r', '\n', '\0']) {
        reader.error(node.spot, format!("`{header}` marks no request"), hint);
        return None;
    }
    if is_secret(name) {
        reader.error_unquoted(node.spot, "a credential is no mark", "name a header that says nothing else, such as `x-lifeboat-drill`");
        return None;
    }
    Some(header)
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
