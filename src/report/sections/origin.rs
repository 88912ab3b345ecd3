//! Who started a drill or an execution, and why, as facts of a report.

use crate::history::RunOrigin;
use crate::report::model::{Fact, Text};

/// What is known of it.
pub(in crate::report) fn origin(origin: &RunOrigin) -> impl Iterator<Item = Fact> {
    let by = match (&origin.user, &origin.host) {
        (Some(user), Some(host)) => Some(Text::outside(user).then(" on ").then(Text::outside(host))),
        (Some(name), None) | (None, Some(name)) => Some(Text::outside(name)),
        (None, None) => None,
    };
    let by = by.map(|by| Fact::of("started by", by));
    by.into_iter().chain(origin.reason.as_ref().map(|reason| Fact::of("reason", Text::outside(reason))))
}
