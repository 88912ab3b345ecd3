//! What a fault proxy saw that knows bytes only.

use std::borrow::Cow;

/// A fault proxy that sees only bytes saw a connection end. Of whom it was it knows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The provider that the proxy stands before.
    pub by: Cow<'static, str>,
    /// When it was accepted, by the proxy's stamp.
    pub at: u64,
    /// From `at` to its end.
    pub took: u64,
    /// Bytes that reached the provider.
    pub up: u64,
    /// Bytes that reached the gateway.
    pub down: u64,
    /// True where it did not end by itself.
    pub cut: bool,
    /// True where a fault touched it.
    pub touched: bool,
}
