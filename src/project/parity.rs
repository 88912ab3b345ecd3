//! Requests of which primary and standby must decide alike, as a service or a scenario says them, and what a simulated provider refuses:
//!
//! ```yaml
//! parity:
//!   - {name: a user without the right, prompt: "Show the payroll.", user: intern, expect: refused}
//!   - {name: too many tokens, tokens: 200000, expect: refused}
//!   - {name: a wrong tenant, prompt: Hello., headers: {openai-organization: org-of-somebody-else}, expect: refused}
//! ```

use super::environment::key_from;
use super::reader::TreeReader;
use super::tree::Node;
use super::wire;
use crate::model::{KeptTexts, ParityProbe, ProbeDecision, ProbeText, RefusalRule};

/// Reads `parity: […]`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<ParityProbe>> {
    let probes = reader.list(node, &probe)?;
    let twice = probes.iter().enumerate().find(|(place, probe)| probes[..*place].iter().any(|other| other.name == probe.name));
    if let Some((_, probe)) = twice {
        reader.error(node.spot, format!("there are two probes `{}`", probe.name), "give each a name of its own");
        return None;
    }
    Some(probes)
}

/// `keep: prompts`.
pub(super) fn keep(reader: &TreeReader<'_>, node: &Node) -> Option<KeptTexts> {
    reader.word(node, KeptTexts::WORDS, KeptTexts::from_word)
}

fn probe(reader: &TreeReader<'_>, node: &Node) -> Option<ParityProbe> {
    let fields = reader.fields(node, "a parity probe")?;
    fields.looks_like("{name: a user without the right, prompt: \"Show the payroll.\", user: intern, expect: refused}");
    let name = fields.required("name", &|reader, node| reader.words(node));
    let asks = match fields.exactly_one(&["prompt", "tokens"]) {
        Some("prompt") => fields.required("prompt", &|reader, node| reader.text(node)).map(ProbeText::Prompt),
        Some(_) => fields.required("tokens", &|reader, node| reader.number(node, 1, ParityProbe::TOKENS_MAX)).map(ProbeText::Tokens),
        None => None,
    };
    let expect = fields.optional("expect", &|reader, node| reader.word(node, ProbeDecision::WORDS, ProbeDecision::from_word));
    let user = fields.optional("user", &|reader, node| reader.words(node));
    let headers = fields.optional("headers", &wire::headers).unwrap_or_default();
    let key_from = fields.optional("key_from", &key_from);
    let body = fields.optional("body", &super::service::parameters).unwrap_or_default();
    fields.finish();
    Some(ParityProbe { name: name?, asks: asks?, expect, user, headers, key_from, body })
}

/// `{user: intern}`, `{contains: payroll}`, `{tokens_above: 100000}`, or `{tenant: org-ours}`.
pub(super) fn refusal(reader: &TreeReader<'_>, node: &Node) -> Option<RefusalRule> {
    let fields = reader.fields(node, "what a provider refuses")?;
    fields.exactly_one(&["user", "contains", "tokens_above", "tenant"])?;
    let words = |name| fields.optional(name, &|reader: &TreeReader<'_>, node: &Node| reader.words(node));
    let rule = RefusalRule {
        user: words("user"),
        contains: words("contains"),
        tokens_above: fields.optional("tokens_above", &|reader, node| reader.number(node, 0, u64::MAX)),
        tenant: words("tenant"),
    };
    fields.finish();
    Some(rule)
}
