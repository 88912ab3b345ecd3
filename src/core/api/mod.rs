//! The records of the fault proxy's control API: what `proxy` serves and `control` reads, each typed once.
//!
//! The API is Shopify Toxiproxy's with additions, so every record can be read from a plain Toxiproxy as well: what that does not have is
//! optional, and is not written where it is absent. A toxic as it is asked for is [`RawToxic`](crate::fault::RawToxic), which the faults parse.
//!
//! What this room does not do: paths and statuses (`proxy`), or calls (`control`).

mod error;
mod event;
mod record;

#[cfg(test)]
mod tests;

pub use error::ApiError;
pub use event::{ConnectionRecord, ExchangeRecord, ProxyEvent, ServerTime, ToxicChange, ToxicChangeRecord};
pub use record::{AppliedSpan, ExpiredToxic, ProxyRecord, ProxyRequest, SparedRecord, ToxicRecord, VersionRecord};
