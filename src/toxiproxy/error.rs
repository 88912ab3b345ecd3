//! What can go wrong between us and a control API.

/// Why a call to a control API did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody answers there; nothing was changed.
    #[error(
        "the control API at {url} cannot be reached: {problem}\n\nhint: start the fault proxy there, correct `control:` of the environment, or leave it out to have a proxy embedded"
    )]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// In the operating system's words.
        problem: String,
    },
    /// It answers, but not as a control API does.
    #[error(
        "{url} does not answer as a fault proxy's control API: {problem}\n\nhint: `control:` of the environment is the address of the control API, not of a proxy"
    )]
    NotControl {
        /// Where it was looked for.
        url: String,
        /// What it answered.
        problem: String,
    },
    /// It refused: known not to have been done.
    #[error("the control API at {url} refused to {what} (status {status}): {error}")]
    Refused {
        /// The control API.
        url: String,
        /// What was asked for.
        what: String,
        /// HTTP status.
        status: u16,
        /// Its words.
        error: String,
    },
    /// It has a proxy of that name already, which may be another drill's.
    #[error(
        "the control API at {url} has a proxy `{proxy}` already\n\nhint: wait for the drill that uses it; if none does, one that was killed \
         left it behind, and `curl -X DELETE {url}/proxies/{proxy}` removes it"
    )]
    Taken {
        /// The control API.
        url: String,
        /// The proxy's name.
        proxy: String,
    },
    /// Whether it was done is not known: no answer in time, or the connection was cut.
    #[error(
        "it is not known whether the control API at {url} did what it was asked, to {what}: {problem}\n\nhint: `curl -X POST {url}/reset` \
         removes every fault there"
    )]
    Unknown {
        /// The control API.
        url: String,
        /// What was asked for.
        what: String,
        /// What happened to the answer.
        problem: String,
    },
    /// It said that it was done, and the read-back does not show it.
    #[error("the control API at {url} accepted to {what}, but reading it back shows {shown}")]
    NotShown {
        /// The control API.
        url: String,
        /// What was asked for.
        what: String,
        /// What the read-back shows.
        shown: String,
    },
    /// This server cannot do that.
    #[error(
        "the plain Toxiproxy at {url} has no {what}\n\nhint: leave `control:` out of the environment to have a proxy embedded, which can"
    )]
    Unsupported {
        /// The control API.
        url: String,
        /// What was asked for.
        what: String,
    },
}
