//! One request as it is judged, and one try of it at a provider.

use super::event::Outcome;

/// Who produced an answer, as proven by a proxy's sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Nobody.
    Nobody,
    /// Somebody, but it cannot be told who.
    Unknown,
    /// The provider at this place in [`Evidence::providers`](super::Evidence::providers).
    Provider(u16),
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedRequest {
    /// When it was due.
    pub due: i64,
    /// When it was sent.
    pub sent: i64,
    /// When its first byte of content came; its end where that is not known.
    pub proof: i64,
    /// When it ended.
    pub done: i64,
    /// Who answered.
    pub by: By,
    /// How it ended.
    pub outcome: Outcome,
}

/// One try of one request at one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When it was dispatched.
    pub at: i64,
    /// The request's place in [`Evidence::requests`](super::Evidence::requests).
    pub request: u32,
    /// The provider's place in [`Evidence::providers`](super::Evidence::providers).
    pub provider: u16,
    /// True where the provider answered it whole.
    pub completed: bool,
    /// False where a fault answered in the provider's place.
    pub reached: bool,
}
