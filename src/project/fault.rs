//! Faults: `{blackhole: {}}`, `{status: {code: 503}}`, or the bare word where nothing needs saying. Those on requests and answers also take
//! `probability`, `match` and `shape` beside their own settings.

use super::aim;
use super::fields::MapFields;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use super::vocabulary::{meant, pick};
use crate::model::{Aim, Fault, Refusal, Retry, RetryForm, TlsProblem};
use crate::units::{ByteRate, Duration, Rate};

/// The largest rate limit, a minute.
const MOST_A_MINUTE: f64 = 1e9;

/// Reads one fault, and which requests it takes.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<(Fault, Aim)> {
    let nothing = Node { kind: NodeKind::Map(Vec::new()), spot: node.spot };
    match &node.kind {
        NodeKind::Text(word) => of_word(reader, word, node, &nothing),
        NodeKind::Map(entries) if entries.len() == 1 => {
            let (key, value) = &entries[0];
            let named = Node { kind: NodeKind::Text(key.text.clone()), spot: key.spot };
            of_word(reader, &key.text, &named, if value.kind == NodeKind::Nothing { &nothing } else { value })
        }
        _ => {
            let usual = || "write `{blackhole: {}}` or `{status: {code: 503}}`".into();
            reader.error(node.spot, "a fault is one word with its settings", of_type(node).unwrap_or_else(usual));
            None
        }
    }
}

/// `{type: latency, latency: 2s}`, as other tools write it, in the form that is read here.
fn of_type(node: &Node) -> Option<String> {
    let word = ["type", "kind", "name", "fault", "toxic"].iter().find_map(|key| node.at(&[key])?.as_text())?;
    let word = meant(word, Fault::WORDS.iter().copied())?;
    let settings = setting(word).map(|(key, example)| {
        let given = node.at(&[key]).and_then(Node::as_text).unwrap_or(example);
        format!("{key}: {given}")
    });
    Some(format!("write `{{{word}: {{{}}}}}`", settings.unwrap_or_default()))
}

/// The setting that a fault is mostly about, with a value that it may have.
fn setting(word: &str) -> Option<(&'static str, &'static str)> {
    match word {
        "status" => Some(("code", "503")),
        "latency" => Some(("latency", "2s")),
        "bandwidth" => Some(("rate", "64KB/s")),
        "slow-stream" => Some(("rate", "5/s")),
        "rate-limit" => Some(("requests", "60/min")),
        "refused" => Some(("error", Refusal::WORDS[0])),
        "tls" => Some(("problem", TlsProblem::WORDS[0])),
        "stall" | "stall-midstream" => Some(("for", "30s")),
        "cut" | "end-early" | "malformed" | "error-event" | "keep-alive" => Some(("after", "3")),
        "revoke" | "rotate" => Some(("propagation", "5s")),
        _ => None,
    }
}

fn of_word(reader: &TreeReader<'_>, word: &str, named: &Node, settings: &Node) -> Option<(Fault, Aim)> {
    if !Fault::WORDS.contains(&word) {
        reader.error(named.spot, format!("`{word}` is not a fault"), pick(word, Fault::WORDS.iter().copied()));
        return None;
    }
    if let NodeKind::Text(text) = &settings.kind {
        // `{latency: 1000}` is in milliseconds where that is how faults are written.
        let bare = text.parse::<u64>().is_ok_and(|_| word == "latency");
        let hint = match setting(word) {
            Some((key, _)) => format!("write `{{{word}: {{{key}: {text}{}}}}}`", if bare { "ms" } else { "" }),
            None => format!("write `{{{word}: {{}}}}`"),
        };
        reader.error(settings.spot, format!("the settings of `{word}` are expected here, not a text"), hint);
        return None;
    }
    let fields = reader.fields(settings, "this fault")?;
    let after = || fields.optional("after", &|reader, node| reader.number(node, 0, 1_000_000_000)).unwrap_or(0);
    let fault = match word {
        "refuse" => Some(Fault::Refuse),
        "blackhole" => Some(Fault::Blackhole),
        "reset" => Some(Fault::Reset),
        "credential-revoked" => Some(Fault::CredentialRevoked),
        "empty-answer" => Some(Fault::EmptyAnswer),
        "wrong-model" => Some(Fault::WrongModel),
        "corrupt" => Some(Fault::Corrupt),
        "dns-failure" => Some(Fault::DnsFailure),
        "revoke" | "rotate" => {
            let propagation = fields.optional("propagation", &|reader, node| reader.quantity::<Duration>(node)).unwrap_or(Duration::ZERO);
            Some(if word == "revoke" { Fault::Revoke { propagation } } else { Fault::Rotate { propagation } })
        }
        "tls" => {
            let problem = fields.required("problem", &|reader, node| reader.word(node, TlsProblem::WORDS, TlsProblem::from_word));
            problem.map(|problem| Fault::Tls { problem })
        }
        "cut" => Some(Fault::Cut { after: after() }),
        "end-early" => Some(Fault::EndEarly { after: after() }),
        "error-event" => {
            let error = fields.optional("error", &|reader, node| reader.word(node, Refusal::WORDS, Refusal::from_word));
            Some(Fault::ErrorEvent { after: after(), error })
        }
        "malformed" => Some(Fault::Malformed { after: after() }),
        "stall-midstream" => {
            Some(Fault::StallMidstream { after: after(), hold: fields.optional("for", &|reader, node| reader.time(node)) })
        }
        "keep-alive" => {
            let every = fields.optional("every", &|reader, node| reader.time(node)).unwrap_or(Duration::from_secs(1));
            Some(Fault::KeepAlive { after: after(), every: every.max(Duration::from_millis(1)) })
        }
        "slow-stream" => fields.required("rate", &|reader, node| reader.quantity::<Rate>(node)).map(|rate| Fault::SlowStream { rate }),
        "refused" => {
            let error = fields.required("error", &|reader, node| reader.word(node, Refusal::WORDS, Refusal::from_word));
            let retry = retry(&fields);
            error.map(|error| Fault::Refused { error, retry })
        }
        "rate-limit" => {
            let requests = fields.optional("requests", &a_minute);
            let tokens = fields.optional("tokens", &a_minute);
            if fields.has_none(&["requests", "tokens"]) {
                reader.error(
                    named.spot,
                    "a rate limit is one on requests, on tokens or on both",
                    "write `{rate-limit: {requests: 60/min}}`",
                );
            }
            Some(Fault::RateLimit { requests, tokens })
        }
        "latency" => {
            let latency = fields.required("latency", &|reader, node| reader.quantity::<Duration>(node));
            let jitter = fields.optional("jitter", &|reader, node| Some((reader.quantity::<Duration>(node)?, node.spot)));
            if let (Some(latency), Some((jitter, spot))) = (latency, jitter)
                && jitter > latency
            {
                reader.error(
                    spot,
                    format!("the jitter must not exceed the latency: {jitter} is more than {latency}"),
                    format!("write at most `{}`", latency.typed()),
                );
            }
            latency.map(|latency| Fault::Latency { latency, jitter: jitter.map_or(Duration::ZERO, |(jitter, _)| jitter) })
        }
        "bandwidth" => fields.required("rate", &|reader, node| reader.quantity::<ByteRate>(node)).map(|rate| Fault::Bandwidth { rate }),
        "status" => {
            let code = fields.required("code", &|reader, node| reader.number(node, 400, 599));
            let retry = retry(&fields);
            code.and_then(|code| u16::try_from(code).ok()).map(|code| Fault::Status { code, retry })
        }
        _ => Some(Fault::Stall { hold: fields.optional("for", &|reader, node| reader.time(node)) }),
    };
    let aim = if fault.as_ref().is_some_and(|fault| !fault.needs_http() || fault.of_credential().is_some()) {
        Aim::default()
    } else {
        aim::read(&fields)
    };
    fields.finish();
    Some((fault?, aim))
}

/// When to come back; its form is nothing without it.
fn retry(fields: &MapFields<'_>) -> Retry {
    let after = fields.optional("retry_after", &|reader, node| reader.quantity::<Duration>(node));
    let form = fields.optional("retry_form", &|reader, node| {
        let form = reader.word(node, RetryForm::WORDS, RetryForm::from_word);
        if fields.has_none(&["retry_after"]) {
            reader.error(node.spot, "there is no time whose form this could be", "add `retry_after: 30s`, or take `retry_form` away");
        }
        form
    });
    Retry { after, form }
}

/// How many a minute.
pub(super) fn a_minute(reader: &TreeReader<'_>, node: &Node) -> Option<u64> {
    let rate = (reader.quantity::<Rate>(node)?.as_per_second() * 60.0).round();
    if !(1.0..=MOST_A_MINUTE).contains(&rate) {
        reader.error(node.spot, "a limit is from 1 to a billion a minute", "write a rate such as `60/min`");
        return None;
    }
    Some(rate as u64)
}
