//! What requests to a service are worth:
//!
//! ```yaml
//! services:
//!   checkout:
//!     business: {requests_per_order: 20, order_value: 35 EUR, abandon_after: 8s, revenue_per_request: 0.04 EUR}
//! ```

use super::reader::TreeReader;
use super::tree::Node;
use crate::model::Business;
use crate::units::Amount;

/// More requests than any order takes.
const REQUESTS_MAX: u64 = 1_000_000;

/// Reads it.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Business> {
    let fields = reader.fields(node, "what a service is worth")?;
    let amount = |name| fields.optional(name, &|reader, node| reader.quantity::<Amount>(node));
    let business = Business {
        requests_per_order: fields.optional("requests_per_order", &|reader, node| reader.number(node, 1, REQUESTS_MAX)),
        order_value: amount("order_value"),
        abandon_after: fields.optional("abandon_after", &|reader, node| reader.time(node)),
        revenue_per_request: amount("revenue_per_request"),
    };
    if let (Some(_), Some((key, _)), true) = (business.order_value, fields.raw("order_value"), fields.has_none(&["requests_per_order"])) {
        reader.error(key.spot, "nobody can tell how many orders lost requests are", "add `requests_per_order: 20`, an average");
    }
    if fields.has_none(&["requests_per_order", "order_value", "abandon_after", "revenue_per_request"]) {
        let hint = "write `{requests_per_order: 20, order_value: 35 EUR}` or `{revenue_per_request: 0.04 EUR}`";
        reader.error(node.spot, "this says nothing of what a service is worth", hint);
    }
    fields.finish();
    Some(business)
}
