//! What can go wrong between us and a control API.

use super::difference::Occupied;
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
        "what answers at {url} is not a fault proxy's control API: {problem}\n\nhint: `control:` of the environment is the address of the control API, not of a proxy"
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
    #[error("the control API at {url} already has a proxy `{proxy}`{why}\n\nhint: {hint}")]
    Taken {
        /// The control API.
        url: String,
        /// The proxy's name.
        proxy: String,
        /// What keeps it from being used as it stands.
        why: String,
        /// What to do.
        hint: String,
    },
    /// Whether it was done is not known: no answer in time, or the connection was cut.
    #[error(
        "it is not known whether the control API at {url} did what it was asked, to {what}: {problem}\n\nhint: `lifeboat heal \
         --control {url}` heals every fault there"
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
    #[error("the control API at {url} accepted to {what}, but reading it again shows {shown}")]
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

/// What is told of a server that takes connections and says nothing.
pub(super) const NO_ANSWER: &str = "no answer within 5 s";

impl ControlError {
    /// True where no control API is left: nobody listens there, or somebody else answers. One that hangs may come back.
    pub fn is_of_nobody(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::NotControl { problem, .. } => problem != NO_ANSWER,
            _ => false,
        }
    }

    /// What it is for may be somebody's own: nothing is said of removing it.
    pub(super) fn taken(url: String, proxy: &str, occupied: &Occupied) -> Self {
        let heal = format!("`lifeboat heal --control {url}` heals every fault there");
        let (why, hint) = match occupied {
            Occupied::Toxics(toxics) => {
                let (named, them) = (toxics.join("`, `"), if toxics.len() == 1 { "the toxic" } else { "the toxics" });
                (
                    format!(", and {proxy} has {them} `{named}`"),
                    format!("wait for its owner, or take it away with the tool that created it; if a killed drill left it, {heal}"),
                )
            }
            Occupied::Disabled => (
                format!(", and {proxy} is disabled"),
                format!("wait for its owner, or enable it with the tool that disabled it; if a killed drill left it, {heal}"),
            ),
            Occupied::Other { what, is, wanted } => (
                format!(", and its `{what}` is {is} where this drill needs {wanted}"),
                format!(
                    "wait for the drill that uses it, or give the provider a name of its own in the inventory; a proxy `{proxy}` whose `{what}` \
                     is {wanted} would be used as it stands"
                ),
            ),
        };
        Self::Taken { url, proxy: proxy.to_owned(), why, hint }
    }
}
