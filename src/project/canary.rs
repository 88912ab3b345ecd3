//! Canaries: who gets a share of the traffic, how, and when they keep it.
//!
//! That so few exchanges cannot show what is asked of them is known beforehand, and said here rather than at night.

use super::condition;
use super::reader::TreeReader;
use super::step::action;
use super::tree::Node;
use crate::model::{Action, Canary, WorseBy};
use crate::units::Ratio;

/// What may shift traffic.
const ROUTERS: [&str; 3] = ["run", "http", "switch"];

/// `{shift: {run: […]}, back: {run: […]}, of: standby, hold: 30s, at_least: 300 requests, worse_by: {errors: 1%, latency: 20%}}`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Canary> {
    let fields = reader.fields(node, "a canary")?;
    let shift = fields.required("shift", &router);
    let back = match &shift {
        Some(Action::Switch(switch)) => Some(fields.optional("back", &router).unwrap_or_else(|| Action::SwitchBack(switch.clone()))),
        _ => fields.required("back", &router),
    };
    let of = fields.required("of", &condition::who);
    let hold = fields.required("hold", &|reader, node| reader.time(node));
    let at_least = fields.optional("at_least", &requests);
    let worse_by = fields.required("worse_by", &worse_by);
    let outside = fields.optional("outside", &condition::outside);
    let least = worse_by.and_then(|worse_by| worse_by.least());
    if let (Some(wanted), Some(least), Some((_, node))) = (at_least, least, fields.raw("at_least"))
        && wanted < least
    {
        let message = format!("{wanted} requests cannot show it, even if not one of them fails");
        reader.error(node.spot, message, format!("write `at_least: {least} requests`, leave it away, or allow more in `worse_by`"));
    }
    fields.finish();
    let at_least = at_least.or(least)?;
    Some(Canary { shift: Box::new(shift?), back: Box::new(back?), of: of?, hold: hold?, at_least, worse_by: worse_by?, outside })
}

fn router(reader: &TreeReader<'_>, node: &Node) -> Option<Action> {
    let fields = reader.fields(node, "what shifts traffic")?;
    let action = fields.exactly_one(&ROUTERS).and_then(|word| action(&fields, word));
    fields.finish();
    action
}

/// `300 requests`.
fn requests(reader: &TreeReader<'_>, node: &Node) -> Option<u64> {
    let text = reader.text(node)?;
    let count = text.strip_suffix(" requests").and_then(|count| count.trim().parse::<u64>().ok()).filter(|count| *count > 0);
    if count.is_none() {
        reader.error(node.spot, format!("`{text}` does not say how many requests"), "write a count such as `300 requests`");
    }
    count
}

/// `{errors: 1%, latency: 20%, quality: 1%}`; as much is allowed of wrong answers as of errors where nothing is said.
fn worse_by(reader: &TreeReader<'_>, node: &Node) -> Option<WorseBy> {
    let fields = reader.fields(node, "how much worse it may be")?;
    let errors = fields.required("errors", &some);
    let quality = fields.optional("quality", &some).or(errors);
    let latency = fields.required("latency", &|reader, node| reader.quantity::<Ratio>(node));
    let cost = fields.optional("cost", &|reader, node| reader.quantity::<Ratio>(node));
    fields.finish();
    Some(WorseBy { errors: errors?, latency: latency?, quality: quality?, cost })
}

/// A share above zero: that there is no difference at all cannot be shown by counting.
fn some(reader: &TreeReader<'_>, node: &Node) -> Option<Ratio> {
    let share = reader.quantity::<Ratio>(node)?;
    if share.get() == 0.0 {
        reader.error(node.spot, "no number of requests can show that there is no difference at all", "write a share such as `1%`");
        return None;
    }
    Some(share)
}
