//! `http`: a request, and what its answer must be.

use super::reader::TreeReader;
use super::tree::Node;
use super::wire;
use crate::model::HttpCall;
use std::collections::BTreeMap;

/// Headers of a request; a secret only by a variable.
fn headers(reader: &TreeReader<'_>, node: &Node) -> Option<BTreeMap<String, String>> {
    let headers = reader.texts(node)?;
    wire::no_secrets(reader, node);
    Some(headers)
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<HttpCall> {
    let fields = reader.fields(node, "an http request")?;
    let method = fields.exactly_one(&METHODS);
    let url = method.and_then(|method| fields.optional(method, &|reader, node| reader.url(node)));
    let headers = fields.optional("headers", &headers).unwrap_or_default();
    let body = fields.optional("body", &|reader, node| reader.text(node));
    let expect = fields.optional("expect", &|reader, node| {
        let fields = reader.fields(node, "what is expected")?;
        let status = fields.optional("status", &|reader, node| reader.number(node, 100, 599));
        let contains = fields.optional("contains", &|reader, node| reader.words(node));
        fields.finish();
        Some((status.and_then(|status| u16::try_from(status).ok()), contains))
    });
    fields.finish();
    let (expect_status, expect_text) = expect.unwrap_or_default();
    Some(HttpCall { method: method?.to_uppercase(), url: url?, headers, body, expect_status, expect_text })
}
