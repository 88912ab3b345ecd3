//! What keeps drills apart and stops them: an environment's lever, where its locks are kept, and how long a fault or a lock outlives whoever had it.

use super::environment::key_from;
use super::reader::TreeReader;
use super::tree::Node;
use crate::model::{LeverBinding, LocksBinding};
use crate::units::Duration;

/// A lease must be renewed several times before it ends, over a network too.
const LEASE_MIN: Duration = Duration::from_secs(1);
/// One that is longer is none: nobody waits for its end.
const LEASE_MAX: Duration = Duration::from_secs(600);

/// A lever: a file, an address, or both.
pub(super) fn lever(reader: &TreeReader<'_>, node: &Node) -> Option<LeverBinding> {
    let fields = reader.fields(node, "a lever")?;
    let file = fields.optional("file", &|reader, node| reader.words(node));
    let url = fields.optional("url", &|reader, node| reader.url(node));
    let token_from = fields.optional("token_from", &key_from);
    let is_empty = fields.raw("file").is_none() && fields.raw("url").is_none();
    fields.finish();
    if is_empty {
        reader.error(
            node.spot,
            "this lever is nowhere",
            "write `file:` with its path, or `url:` with the address that says whether it is pulled",
        );
    }
    (file.is_some() || url.is_some()).then_some(LeverBinding { file, url, token_from })
}

/// Where locks are kept.
pub(super) fn locks(reader: &TreeReader<'_>, node: &Node) -> Option<LocksBinding> {
    let fields = reader.fields(node, "where locks are kept")?;
    let folder = fields.required("folder", &|reader, node| reader.words(node));
    let lease = fields.optional("lease", &lease);
    fields.finish();
    Some(LocksBinding { folder: folder?, lease })
}

/// How long something outlives whoever had it.
pub(super) fn lease(reader: &TreeReader<'_>, node: &Node) -> Option<Duration> {
    let lease = reader.time(node)?;
    if !(LEASE_MIN..=LEASE_MAX).contains(&lease) {
        let message = format!("a lease of {lease} cannot be kept");
        reader.error(node.spot, message, format!("write one from {LEASE_MIN} to {LEASE_MAX}, such as `10s`"));
        return None;
    }
    Some(lease)
}
