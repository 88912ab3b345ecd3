//! Why a toxic is refused, in the words of Shopify's server.

/// Why a toxic is not one. The words before the hint are those of Shopify's server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToxicError {
    /// Its type has no meaning here.
    #[error("invalid toxic type")]
    Type {
        /// As it was written.
        kind: String,
    },
    /// Its stream is no direction.
    #[error("stream was invalid, can be either upstream or downstream")]
    Stream {
        /// As it was written.
        stream: String,
    },
    /// It cannot be called so.
    #[error("bad request body: invalid name: {problem}")]
    Name {
        /// What is wrong with it.
        problem: String,
    },
    /// Its type has no such attribute.
    #[error("bad request body: invalid attribute `{name}`: {problem}")]
    Unknown {
        /// The attribute's name.
        name: String,
        /// Where it belongs, if anywhere.
        problem: String,
    },
    /// A value is missing or cannot be.
    #[error("bad request body: invalid attribute `{name}`: {problem}")]
    Attribute {
        /// The attribute's name.
        name: String,
        /// What is wrong and what to write.
        problem: String,
    },
}
