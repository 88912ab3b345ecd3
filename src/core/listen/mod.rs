//! What our own HTTP servers share: who may call them, how long a request may take to arrive, how many calls may be open, and which headers
//! are not forwarded. Our own clients of HTTP/1.1 share the decoder of bodies in chunks.
//!
//! The control API, the receiver of alerts and the lab's servers share it, so that what is true of one is true of all. It knows neither
//! routes nor tokens' owners; those stay with each server.

mod bearer;
mod callers;
mod chunks;
mod connection_headers;
mod progress;
mod serve;

#[cfg(test)]
mod tests;

pub use bearer::bearer;
pub use callers::{CallerRefusal, Callers};
pub use chunks::{BadChunk, ChunkDecoder, ChunkPiece};
pub use connection_headers::{is_of_connection, strip_connection};
pub use progress::ConnectionProgress;
pub use serve::{HEAD_LINES, Reached, ServerLimits, Unfinished, converse, serve, whole};

use std::time::Duration;

/// How long the head of a request may take, from its first byte (on a new connection: from its beginning).
pub const HEAD_WITHIN: Duration = Duration::from_secs(10);
