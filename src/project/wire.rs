//! How the traffic's requests go over the wire, and what plain ones ask, as a scenario's `traffic` says it:
//!
//! ```yaml
//! traffic:
//!   rate: 50/s
//!   request: http                  # or tcp
//!   path: /health                  # http only, after the service's URL
//!   body: '{"ping": true}'         # http only: a POST; for tcp `send:`
//!   expect: {status: 200, contains: ok}   # for tcp `expect: PONG`
//!   connections: per-request       # or pooled, or 20
//!   http: 2
//!   timeouts: {connect: 1s, first_byte: 5s, idle: 2s}
//!   headers: {x-tenant: blue, authorization: "Bearer ${credential.openai-eu}"}
//! ```

use super::fields::MapFields;
use super::reader::TreeReader;
use super::secretive::{holds_key, says_secret};
use super::tree::{Key, Node, NodeKind};
use crate::model::{Connections, HttpVersion, PlainRequest, RequestKind, Timeouts, Wire};
use crate::redact::is_secret;
use crate::units::Duration;
use std::collections::{BTreeMap, BTreeSet};

/// The header that carries a request's mark.
const MARK: &str = "x-lifeboat-request";

/// The keys beside `rate` and `arrivals` that say how requests go over the wire.
pub(super) fn read(fields: &MapFields<'_>) -> Wire {
    told_once(fields.reader, fields.raw("headers").map(|(_, node)| node));
    Wire {
        connections: fields.optional("connections", &connections).unwrap_or_default(),
        http: fields.optional("http", &|reader, node| reader.word(node, HttpVersion::WORDS, HttpVersion::from_word)).unwrap_or_default(),
        timeouts: fields.optional("timeouts", &timeouts).unwrap_or_default(),
        headers: fields.optional("headers", &headers).unwrap_or_default(),
    }
}

/// The keys that say what a plain request asks and expects; `None` for a chat, which has none of them.
pub(super) fn errand(fields: &MapFields<'_>, request: RequestKind) -> Option<PlainRequest> {
    let mut errand = PlainRequest::default();
    match request {
        RequestKind::Http => {
            errand.path = fields.optional("path", &path).unwrap_or_default();
            errand.send = fields.optional("body", &|reader, node| reader.text(node));
            if let Some((status, contains)) = fields.optional("expect", &expected) {
                errand.status = status.unwrap_or(errand.status);
                errand.contains = contains;
            }
        }
        RequestKind::Tcp => {
            errand.send = fields.optional("send", &|reader, node| reader.words(node));
            errand.contains = fields.optional("expect", &|reader, node| reader.words(node));
        }
        _ => return None,
    }
    Some(errand)
}

fn path(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.words(node)?;
    let good = text.starts_with(['/', '?']) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if !good {
        reader.error(node.spot, format!("`{text}` is not a path"), "write what follows the service's URL, for example `/health`");
    }
    good.then_some(text)
}

fn expected(reader: &TreeReader<'_>, node: &Node) -> Option<(Option<u16>, Option<String>)> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        reader.error(node.spot, "what is expected is a status, a text or both", "write `expect: {status: 200, contains: ok}`");
        return None;
    }
    let fields = reader.fields(node, "what is expected")?;
    let status = fields.optional("status", &|reader, node| u16::try_from(reader.number(node, 200, 599)?).ok());
    let contains = fields.optional("contains", &|reader, node| reader.words(node));
    fields.finish();
    Some((status, contains))
}

fn connections(reader: &TreeReader<'_>, node: &Node) -> Option<Connections> {
    match reader.text(node)?.as_str() {
        "pooled" => Some(Connections::Pooled),
        "per-request" => Some(Connections::PerRequest),
        text => {
            let most = text.parse().ok().filter(|most| *most > 0);
            if most.is_none() {
                let hint = "write `pooled`, `per-request`, or the most that may be open, such as `20`";
                reader.error(node.spot, format!("`{text}` says nothing about connections"), hint);
            }
            most.map(Connections::AtMost)
        }
    }
}

fn timeouts(reader: &TreeReader<'_>, node: &Node) -> Option<Timeouts> {
    let fields = reader.fields(node, "a request's timeouts")?;
    let time = |name| fields.optional(name, &|reader, node| reader.time(node));
    let timeouts: [Option<Duration>; 3] = [time("connect"), time("first_byte"), time("idle")];
    fields.finish();
    let [connect, first_byte, idle] = timeouts;
    Some(Timeouts { connect, first_byte, idle })
}

/// Names that HTTP allows; a secret only by a variable, for a file is read by many and a history keeps it.
pub(super) fn headers(reader: &TreeReader<'_>, node: &Node) -> Option<BTreeMap<String, String>> {
    let NodeKind::Map(entries) = &node.kind else { return reader.texts(node) };
    let headers = reader.texts(node)?;
    for (key, _) in entries {
        let name = key.text.to_ascii_lowercase();
        if !header_name(reader, key) {
            continue;
        }
        if headers.get(&key.text).is_some_and(|value| value.contains(['\r', '\n', '\0'])) {
            reader.error(key.spot, format!("the value of `{name}` is not one line"), "write one line");
        }
    }
    no_secrets(reader, node);
    Some(headers)
}

/// An error for each header whose value is a secret, by its name or by what it says.
pub(super) fn no_secrets(reader: &TreeReader<'_>, node: &Node) {
    let NodeKind::Map(entries) = &node.kind else { return };
    for (key, value) in entries {
        let value = value.as_text().unwrap_or_default();
        let by_name = is_secret(&key.text) && !value.trim().is_empty() && !value.contains("${");
        // A key is told of wherever it stands.
        if (by_name || says_secret(value)) && !holds_key(value) {
            let name = key.text.to_ascii_lowercase();
            let hint = "write a variable such as `Bearer ${credential.PROVIDER}`, which is filled in when it is sent; a service's clients may \
                        also have `headers_from: {NAME: \"env:…\"}` under `environments:`";
            reader.error_unquoted(key.spot, format!("a secret in `{name}` must not stand in a file"), hint);
        }
    }
}

/// The name of a header has no case, so that none may be told twice in another.
pub(super) fn told_once<'n>(reader: &TreeReader<'_>, maps: impl IntoIterator<Item = &'n Node>) {
    let mut seen = BTreeSet::new();
    for node in maps {
        let NodeKind::Map(entries) = &node.kind else { continue };
        for (key, _) in entries.iter().filter(|(key, _)| !seen.insert(key.text.to_ascii_lowercase())) {
            let message = format!("the header `{}` is told twice: the case of a header's name makes no difference", key.text);
            reader.error(key.spot, message, "keep one of them");
        }
    }
}

/// Whether a request may have a header of this name.
pub(super) fn header_name(reader: &TreeReader<'_>, key: &Key) -> bool {
    let name = key.text.to_ascii_lowercase();
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let (message, hint) = if name.is_empty() || !name.bytes().all(token) {
        (format!("`{}` is not the name of a header", key.text), "use letters, digits and `-`")
    } else if ["host", "content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
        (format!("`{name}` belongs to the connection, not to a request's headers"), "remove it")
    } else if name == MARK {
        (format!("`{name}` is how the fault proxies know a request"), "remove it")
    } else {
        return true;
    };
    reader.error(key.spot, message, hint);
    false
}
