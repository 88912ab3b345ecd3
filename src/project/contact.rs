//! Contacts of an inventory: a way to reach somebody, or a service that takes messages by an API of its own.
//!
//! Keys and tokens stand in no file: they are references.

use super::fields::MapFields;
use super::reader::TreeReader;
use super::store;
use super::tree::Node;
use super::variable;
use crate::model::{ComponentImpact, Contact, ContactService, OpsgenieIntegration, PagerdutyService, StatusPage};

const WAYS: [&str; 5] = ["reach", "pagerduty", "opsgenie", "statuspage", "instatus"];

/// `{name: …, reach: "mailto:…"}`, or with `pagerduty:`, `opsgenie:`, `statuspage:` or `instatus:` in place of `reach`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Contact> {
    let fields = reader.fields(node, "a contact")?;
    let name = fields.required("name", &|reader, node| reader.words(node));
    // None of them is allowed: then a person is told to find out how.
    let way = if fields.has_none(&WAYS) {
        let _ = WAYS.map(|way| fields.raw(way));
        None
    } else {
        fields.exactly_one(&WAYS)
    };
    let service = match way {
        Some("pagerduty") => fields.optional("pagerduty", &pagerduty).map(ContactService::Pagerduty),
        Some("opsgenie") => fields.optional("opsgenie", &opsgenie).map(ContactService::Opsgenie),
        Some("statuspage") => fields.optional("statuspage", &page).map(ContactService::Statuspage),
        Some("instatus") => fields.optional("instatus", &page).map(ContactService::Instatus),
        _ => None,
    };
    let reach = fields.optional("reach", &reach);
    let token_from = fields.optional("token_from", &store::key);
    fields.finish();
    Some(Contact { name: name.unwrap_or_default(), reach, token_from, service })
}

fn reach(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.words(node)?;
    let known = ["webhook:", "mailto:", "tel:"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if !known {
        let hint = "write `webhook:URL`, `mailto:ADDRESS` or `tel:NUMBER`";
        reader.error(node.spot, format!("`{text}` is not a way to reach somebody"), hint);
    }
    known.then_some(text)
}

fn address(fields: &MapFields<'_>, key: &'static str) -> Option<String> {
    fields.optional(key, &|reader, node| reader.url(node))
}

fn pagerduty(reader: &TreeReader<'_>, node: &Node) -> Option<PagerdutyService> {
    let fields = reader.fields(node, "a service of PagerDuty")?;
    let key = fields.required("key", &reference);
    let (at, token, api) = (address(&fields, "at"), fields.optional("token", &reference), address(&fields, "api"));
    if let Some((key, _)) = fields.raw("api").filter(|_| fields.has_none(&["token"])) {
        reader.error(key.spot, "`api` is of no use without `token`", "name a token that may read incidents, or take `api` away");
    }
    fields.finish();
    Some(PagerdutyService { key: key?, at, token, api })
}

fn opsgenie(reader: &TreeReader<'_>, node: &Node) -> Option<OpsgenieIntegration> {
    let fields = reader.fields(node, "an integration of Opsgenie")?;
    let (key, at) = (fields.required("key", &reference), address(&fields, "at"));
    fields.finish();
    Some(OpsgenieIntegration { key: key?, at })
}

fn page(reader: &TreeReader<'_>, node: &Node) -> Option<StatusPage> {
    let fields = reader.fields(node, "a status page")?;
    let page = fields.required("page", &|reader, node| reader.name(node));
    let token = fields.required("token", &reference);
    let at = address(&fields, "at");
    let title = fields.optional("title", &|reader, node| reader.words(node));
    let impact = |reader: &TreeReader<'_>, node: &Node| reader.word(node, ComponentImpact::WORDS, ComponentImpact::from_word);
    let components = fields.optional("components", &|reader, node| reader.named(node, &impact)).unwrap_or_default();
    fields.finish();
    Some(StatusPage { page: page?, token: token?, at, title, components })
}

/// Where a key or a token is found. The text is never shown: it may be the key itself.
fn reference(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    let from_environment = text.strip_prefix("env:").is_some_and(variable::is_environment_name);
    let declared = text.strip_prefix("${secret.").and_then(|rest| rest.strip_suffix('}')).is_some_and(|name| !name.contains(['$', '}']));
    if !from_environment && !declared {
        let hint = "write `env:NAME` with the variable that holds it; the key itself never stands in a file";
        reader.error_unquoted(node.spot, "this does not say where the key is found", hint);
        return None;
    }
    Some(text)
}
