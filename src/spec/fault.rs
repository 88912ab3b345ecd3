//! Faults: `{blackhole: {}}`, `{status: {code: 503}}`, or the bare word where nothing needs saying.

use super::reader::{Reader, pick};
use super::tree::{Kind, Node};
use crate::model::Fault;
use crate::units::{ByteRate, Duration};

/// Reads one fault.
pub(super) fn read(reader: &Reader<'_>, node: &Node) -> Option<Fault> {
    let nothing = Node { kind: Kind::Map(Vec::new()), spot: node.spot };
    match &node.kind {
        Kind::Text(word) => of_word(reader, word, node, &nothing),
        Kind::Map(entries) if entries.len() == 1 => {
            let (key, value) = &entries[0];
            let named = Node { kind: Kind::Text(key.text.clone()), spot: key.spot };
            of_word(reader, &key.text, &named, if value.kind == Kind::Nothing { &nothing } else { value })
        }
        _ => {
            reader.error(node.spot, "a fault is one word with its settings", "write `{blackhole: {}}` or `{status: {code: 503}}`");
            None
        }
    }
}

fn of_word(reader: &Reader<'_>, word: &str, named: &Node, settings: &Node) -> Option<Fault> {
    if !Fault::WORDS.contains(&word) {
        reader.error(named.spot, format!("`{word}` is not a fault"), pick(word, Fault::WORDS.iter().copied()));
        return None;
    }
    let fields = reader.fields(settings, "this fault")?;
    let fault = match word {
        "refuse" => Some(Fault::Refuse),
        "blackhole" => Some(Fault::Blackhole),
        "reset" => Some(Fault::Reset),
        "credential-revoked" => Some(Fault::CredentialRevoked),
        "latency" => {
            let latency = fields.required("latency", &|reader, node| reader.quantity::<Duration>(node));
            let jitter = fields.optional("jitter", &|reader, node| Some((reader.quantity::<Duration>(node)?, node.spot)));
            if let (Some(latency), Some((jitter, spot))) = (latency, jitter)
                && jitter > latency
            {
                reader.error(
                    spot,
                    format!("a jitter of {jitter} around {latency} would need to answer before the question"),
                    format!("write at most `{latency}`"),
                );
            }
            latency.map(|latency| Fault::Latency { latency, jitter: jitter.map_or(Duration::ZERO, |(jitter, _)| jitter) })
        }
        "bandwidth" => fields.required("rate", &|reader, node| reader.quantity::<ByteRate>(node)).map(|rate| Fault::Bandwidth { rate }),
        "status" => {
            let code = fields.required("code", &|reader, node| reader.number(node, 400, 599));
            let retry_after = fields.optional("retry_after", &|reader, node| reader.quantity::<Duration>(node));
            code.and_then(|code| u16::try_from(code).ok()).map(|code| Fault::Status { code, retry_after })
        }
        _ => Some(Fault::Stall { hold: fields.optional("for", &|reader, node| reader.time(node)) }),
    };
    fields.finish();
    fault
}
