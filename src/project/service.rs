//! Where a service answers in an environment, and what its clients send there:
//!
//! ```yaml
//! services:
//!   support-chat:
//!     url: "https://gw.staging.example/v1"
//!     key_from: "env:SUPPORT_CHAT_KEY"
//!     gateway: litellm                        # so that reports name its settings
//!     model: chat-large                       # what the gateway calls it
//!     headers: {x-team: drills}
//!     headers_from: {x-gateway-token: "env:GATEWAY_TOKEN"}
//!     body: {max_tokens: null, max_completion_tokens: 64, temperature: null}
//!     stream_ends_with: finish_reason         # no [DONE]
//!     usage: absent
//!     reset: ["./reset.sh", "${service.name}"]  # before each trial of `run --repeat`
//! ```
//!
//! What this file does not do: ask whether a service answers so. A drill does, before its baseline.

use super::environment::key_from;
use super::reader::TreeReader;
use super::secretive::is_secret_as;
use super::tree::{Node, NodeKind};
use super::wire;
use crate::model::{Complete, Dialect, GatewayKind, ResetCommand, ServiceBinding, StreamEnd, UsageReport};
use crate::units::Duration;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// What the drill itself asks, and what to write instead.
const OWN: [(&str, &str); 6] = [
    ("model", "write `model: …` beside `body:`"),
    ("stream", "write `request: chat` or `request: chat-stream` in the scenario"),
    ("messages", "remove it: what is asked proves who answered"),
    ("contents", "remove it: what is asked proves who answered"),
    ("input", "remove it: what is asked proves who answered"),
    ("prompt", "remove it: what is asked proves who answered"),
];

/// Reads one.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<ServiceBinding> {
    let fields = reader.fields(node, "a service's address")?;
    let url = fields.required("url", &|reader, node| reader.url(node));
    let replicas = fields.optional("replicas", &|reader, node| reader.list(node, &|reader, node| reader.url(node))).unwrap_or_default();
    let one = fields.optional("key_from", &key_from);
    let several = fields.optional("keys_from", &|reader, node| reader.list(node, &key_from)).unwrap_or_default();
    if let (Some(_), Some((key, _))) = (&one, fields.raw("keys_from")) {
        reader.error(key.spot, "one key and several cannot both be sent", "write `key_from` or `keys_from`");
    }
    wire::told_once(reader, ["headers", "headers_from"].into_iter().filter_map(|name| fields.raw(name)).map(|(_, node)| node));
    let binding = ServiceBinding {
        url: url.unwrap_or_default(),
        replicas,
        key_from: one,
        keys_from: several,
        ca: fields.optional("ca", &|reader, node| reader.words(node)),
        proxy: fields.optional("proxy", &forward_proxy),
        gateway: fields.optional("gateway", &|reader, node| reader.word(node, GatewayKind::WORDS, GatewayKind::from_word)),
        dialect: fields
            .optional("dialect", &|reader, node| reader.word(node, Dialect::WORDS, Dialect::from_word))
            .unwrap_or(Dialect::OpenAi),
        model: fields.optional("model", &|reader, node| reader.words(node)),
        headers: fields.optional("headers", &wire::headers).unwrap_or_default(),
        headers_from: fields.optional("headers_from", &headers_from).unwrap_or_default(),
        body: fields.optional("body", &parameters).unwrap_or_default(),
        complete: Complete {
            stream_ends_with: fields
                .optional("stream_ends_with", &|reader, node| reader.word(node, StreamEnd::WORDS, StreamEnd::from_word))
                .unwrap_or_default(),
            usage: fields
                .optional("usage", &|reader, node| reader.word(node, UsageReport::WORDS, UsageReport::from_word))
                .unwrap_or_default(),
        },
        reset: fields.optional("reset", &reset),
    };
    fields.finish();
    Some(binding)
}

/// What puts it back as it was: a list of the program and its arguments, or that under `run:` with what it is given.
fn reset(reader: &TreeReader<'_>, node: &Node) -> Option<ResetCommand> {
    let usual = Duration::from_secs(60);
    let command = if let NodeKind::Map(_) = &node.kind {
        let fields = reader.fields(node, "a reset")?;
        let run = fields.required("run", &super::command::argv);
        let env = fields.optional("env", &|reader, node| reader.texts(node)).unwrap_or_default();
        let pass = fields.optional("pass", &super::command::pass).unwrap_or_default();
        let within = fields.optional("within", &|reader, node| reader.time(node)).unwrap_or(usual);
        fields.finish();
        ResetCommand { run: run?, env, pass, within }
    } else {
        ResetCommand { run: super::command::argv(reader, node)?, env: BTreeMap::new(), pass: Vec::new(), within: usual }
    };
    // Nothing of a drill runs then, so that a name of its rig stands for nothing.
    let names = |text: &String| text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect::<Vec<_>>();
    let unknown = command.texts().flat_map(names).find(|name| !ResetCommand::VARIABLES.contains(&name.as_str()));
    if let Some(unknown) = unknown {
        let known = ResetCommand::VARIABLES.map(|name| format!("`${{{name}}}`")).join(", ");
        let hint = format!("it knows {known}; `pass: [NAME]` gives it a variable of the environment");
        reader.error(node.spot, format!("a reset runs between drills, where `${{{unknown}}}` stands for nothing"), hint);
        return None;
    }
    Some(command)
}

/// `http://HOST:PORT`, and nothing after it.
fn forward_proxy(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.url(node)?;
    let good =
        text.starts_with("${") || text.strip_prefix("http://").is_some_and(|rest| !rest.trim_end_matches('/').contains(['/', '?', '#']));
    if !good {
        reader.error(node.spot, format!("`{text}` is not a forward proxy"), "write `http://HOST:PORT`");
    }
    good.then_some(text)
}

/// Headers whose values are in environment variables.
fn headers_from(reader: &TreeReader<'_>, node: &Node) -> Option<BTreeMap<String, String>> {
    let NodeKind::Map(entries) = &node.kind else { return reader.texts(node) };
    entries.iter().for_each(|(key, _)| _ = wire::header_name(reader, key));
    Some(entries.iter().filter_map(|(key, node)| Some((key.text.clone(), key_from(reader, node)?))).collect())
}

/// Parameters of a body: a map, or JSON as a text where a number shall be a text or the other way round.
pub(super) fn parameters(reader: &TreeReader<'_>, node: &Node) -> Option<BTreeMap<String, Value>> {
    let given = match &node.kind {
        NodeKind::Text(text) => serde_json::from_str(text).ok(),
        _ => Some(json(node)),
    };
    let Some(Value::Object(fields)) = given else {
        reader.error(
            node.spot,
            "these are not the parameters of a body",
            "write `{temperature: null, max_completion_tokens: 64}`, or JSON",
        );
        return None;
    };
    for (name, hint) in OWN.iter().filter(|(name, _)| fields.contains_key(*name)) {
        let spot = node.at(&[name]).map_or(node.spot, |node| node.spot);
        reader.error(spot, format!("`{name}` is what the drill itself asks"), hint);
    }
    unfit(reader, node, &fields);
    Some(fields.into_iter().collect())
}

/// What must not stand in a body: it goes out as it is written, and is kept in every history.
fn unfit(reader: &TreeReader<'_>, node: &Node, fields: &Map<String, Value>) {
    let mut found = Vec::new();
    for (name, value) in fields {
        texts(&mut vec![name], value, &mut found);
    }
    for (path, problem) in found {
        let spot = node.at(&path.iter().map(String::as_str).collect::<Vec<_>>()).map_or(node.spot, |node| node.spot);
        let message = match &problem {
            Unfit::Secret(name) => format!("a secret in `{name}` must not stand in a file"),
            Unfit::Variable(text) => format!("`{text}` would be sent as it stands here: a body has no variables"),
        };
        let hint = "take it out of `body:`; a header can carry what is secret, `headers_from: {NAME: \"env:…\"}`";
        reader.error_unquoted(spot, message, hint);
    }
}

enum Unfit {
    /// Under this name.
    Secret(String),
    /// This one.
    Variable(String),
}

/// Texts in a value that must not stand there, each with its path: the first few.
fn texts<'v>(path: &mut Vec<&'v str>, value: &'v Value, found: &mut Vec<(Vec<String>, Unfit)>) {
    const MOST: usize = 20;
    let name = path.last().copied().unwrap_or_default();
    let problem = match value {
        _ if found.len() == MOST => return,
        Value::Object(fields) => {
            for (name, value) in fields {
                path.push(name);
                texts(path, value, found);
                path.pop();
            }
            return;
        }
        // Their place is that of the list.
        Value::Array(items) => return items.iter().for_each(|item| texts(path, item, found)),
        Value::String(text) => match text.find("${") {
            Some(start) => {
                let variable = &text[start..];
                Unfit::Variable(variable[..variable.find('}').map_or(variable.len(), |end| end + 1)].to_owned())
            }
            None if is_secret_as(name, text) && !text.trim().is_empty() => Unfit::Secret(name.to_owned()),
            None => return,
        },
        _ => return,
    };
    found.push((path.iter().map(|name| (*name).to_owned()).collect(), problem));
}

/// What a value is as JSON. A text that JSON takes for a number or a truth is one.
fn json(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Map(entries) => entries.iter().map(|(key, node)| (key.text.clone(), json(node))).collect(),
        NodeKind::List(items) => items.iter().map(json).collect(),
        NodeKind::Text(text) => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => serde_json::from_str::<Number>(text).map_or_else(|_| Value::String(text.to_owned()), Value::Number),
        },
        NodeKind::Nothing => Value::Null,
    }
}
