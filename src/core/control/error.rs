//! What can go wrong between us and a control API.

use super::difference::Occupied;
use crate::units::Explained;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// No call may take longer than this.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a call to a control API did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody answers there; nothing was changed.
    #[error("the control API at {url} cannot be reached: {problem}")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// In the operating system's words.
        problem: String,
    },
    /// It answers, but not as a control API does.
    #[error("what answers at {url} is not a fault proxy's control API: {problem}")]
    NotControl {
        /// Where it was looked for.
        url: String,
        /// What it answered.
        problem: AnswerProblem,
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
        /// What it says to do instead.
        hint: Option<String>,
    },
    /// It has a proxy of that name already, which may be another drill's.
    #[error("the control API at {url} already has a proxy `{proxy}`{why}")]
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
    #[error("it is not known whether the control API at {url} did what it was asked, to {what}: {problem}")]
    Unknown {
        /// The control API.
        url: String,
        /// What was asked for.
        what: String,
        /// What happened to the answer.
        problem: AnswerProblem,
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
    #[error("the plain Toxiproxy at {url} has no {what}")]
    Unsupported {
        /// The control API.
        url: String,
        /// What was asked for.
        what: String,
    },
}

/// What is wrong with the answer of a server that takes connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerProblem {
    /// None came in time.
    Silence,
    /// Something else, in words.
    Words(String),
}

impl fmt::Display for AnswerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence => write!(f, "no answer within {} s", TIMEOUT.as_secs()),
            Self::Words(words) => f.write_str(words),
        }
    }
}

impl From<String> for AnswerProblem {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<&str> for AnswerProblem {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

impl Explained for ControlError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unreachable { .. } => {
                "start the fault proxy there, correct `control:` of the environment, or leave it out to have a proxy embedded".into()
            }
            Self::NotControl { .. } => "`control:` of the environment is the address of the control API, not of a proxy".into(),
            Self::Refused { hint, .. } => return hint.as_deref().map(Cow::Borrowed),
            Self::Taken { hint, .. } => hint.into(),
            Self::Unknown { url, .. } => format!("`lifeboat heal --control {url}` heals every fault there").into(),
            Self::NotShown { .. } => return None,
            Self::Unsupported { .. } => "leave `control:` out of the environment to have a proxy embedded, which can".into(),
        })
    }
}

impl ControlError {
    /// True where a proxy cannot listen because somebody else does. Our server says it in the words of Shopify's, which has no other sign for it.
    pub fn is_address_in_use(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error.contains("address already in use"))
    }

    /// True where the lever of the server is pulled, so that it takes no fault.
    pub const fn is_locked(&self) -> bool {
        matches!(self, Self::Refused { status: 423, .. })
    }

    /// True where no control API is left: nobody listens there, or somebody else answers. One that hangs may come back.
    pub fn is_of_nobody(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::NotControl { problem, .. } => *problem != AnswerProblem::Silence,
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
