//! How long people take to react: `45s`, or `{p50: 30s, p95: 90s}`.

use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use crate::model::Reaction;

/// Reads one.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Reaction> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        let always = reader.time(node)?;
        return Some(Reaction { p50: always, p95: always });
    }
    let fields = reader.fields(node, "a reaction")?;
    let p50 = fields.required("p50", &|reader, node| reader.time(node));
    let p95 = fields.required("p95", &|reader, node| reader.time(node));
    if let (Some(p50), Some(p95), Some((_, node))) = (p50, p95, fields.raw("p95"))
        && p95 < p50
    {
        reader.error(node.spot, "the 95th percentile is below the median", format!("write at least `{p50}`"));
    }
    fields.finish();
    Some(Reaction { p50: p50?, p95: p95? })
}
