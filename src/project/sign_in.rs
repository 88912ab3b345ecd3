//! An inventory's `serve: {oidc: …}`: who may sign in to the page.

use super::reader::TreeReader;
use super::store;
use super::tree::{Node, NodeKind};
use crate::model::{AccessRole, OidcProvider};

/// `{issuer: ADDRESS, client_id: ID, client_secret_from: "env:NAME", roles: {GROUP: ROLE}}`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<OidcProvider> {
    let fields = reader.fields(node, "a provider of sign-in")?;
    fields.looks_like(
        "{issuer: \"https://id.example\", client_id: lifeboat, client_secret_from: \"env:OIDC_SECRET\", roles: {drill-team: [run, stop]}}",
    );
    let issuer = fields.required("issuer", &|reader, node| reader.url(node));
    let client_id = fields.required("client_id", &|reader, node| reader.words(node));
    let client_secret = fields.optional("client_secret_from", &store::source);
    let roles = fields.required("roles", &|reader, node| reader.keyed(node, "a map of groups", &roles));
    fields.finish();
    Some(OidcProvider { issuer: issuer?, client_id: client_id?, client_secret, roles: roles? })
}

/// A role, or a list of them.
fn roles(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<AccessRole>> {
    let role = |reader: &TreeReader<'_>, node: &Node| reader.word(node, AccessRole::WORDS, AccessRole::from_word);
    match node.kind {
        NodeKind::List(_) => reader.list(node, &role),
        _ => role(reader, node).map(|role| vec![role]),
    }
}
