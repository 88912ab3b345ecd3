//! The blast radius of a fault on requests: those that it may touch at all. Everything else that passes is spared, and the proxy counts that.
//!
//! What this file does not do: look at requests. `fault` holds one against it.

use crate::units::{Ratio, Seed};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which requests a fault may touch. A `match` says which of them it is about; this says which nobody would miss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Only {
    /// Those with this header, as `name: value`; `*` as the value is any, and at its end it stands for any rest.
    Header(String),
    /// Those of a share of sessions.
    Sessions(Sessions),
}

/// A share of sessions: which of them is drawn once from the seed, so that each session is taken always or never.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sessions {
    /// How many of them.
    pub share: Ratio,
    /// What tells sessions apart: the name of a header, or `address` for where a connection comes from.
    pub by: String,
    /// What draws them; the drill's own where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<Seed>,
}

impl Sessions {
    /// As `by`: the address that a connection comes from.
    pub const ADDRESS: &'static str = "address";

    /// The header that tells sessions apart; `None` where their address does.
    pub fn header(&self) -> Option<&str> {
        Some(self.by.as_str()).filter(|by| *by != Self::ADDRESS)
    }
}

impl Only {
    /// The header that makes a request one of those, with a value that does; `None` where nothing that a request says does.
    pub fn mark(&self) -> Option<(&str, &str)> {
        let Self::Header(header) = self else { return None };
        let (name, value) = header_parts(header);
        // Something must stand there where anything may.
        let value = value.strip_suffix('*').unwrap_or(value);
        Some((name, if value.is_empty() { "1" } else { value }))
    }

    /// The header by which it tells requests apart.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Header(header) => Some(header_parts(header).0),
            Self::Sessions(sessions) => sessions.header(),
        }
    }

    /// The same, drawn from this seed where it draws anything and has none.
    #[must_use]
    pub fn seeded(self, seed: Seed) -> Self {
        match self {
            Self::Sessions(sessions) => Self::Sessions(Sessions { seed: sessions.seed.or(Some(seed)), ..sessions }),
            header @ Self::Header(_) => header,
        }
    }

    /// The same, with every session: whoever is one of these can be told apart.
    #[must_use]
    pub fn whole(self) -> Self {
        match self {
            Self::Sessions(sessions) => Self::Sessions(Sessions { share: Ratio::ONE, ..sessions }),
            header @ Self::Header(_) => header,
        }
    }
}

/// Name and value of a header as it is written here; without a value any will do.
pub fn header_parts(header: &str) -> (&str, &str) {
    let (name, value) = header.split_once(':').unwrap_or((header, "*"));
    (name.trim(), value.trim())
}

/// As it follows a fault: `only x-lifeboat-drill: *`, `only 5% of sessions (by x-session)`.
impl fmt::Display for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(header) => {
                let (name, value) = header_parts(header);
                if value == "*" { write!(f, "only requests with {name}") } else { write!(f, "only requests with {name}: {value}") }
            }
            Self::Sessions(Sessions { share, by, .. }) => write!(f, "only {share} of sessions (by {by})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_traffic_sends_is_one_of_those_that_are_meant() {
        for (header, sent) in [
            ("x-drill: *", ("x-drill", "1")),
            ("x-drill", ("x-drill", "1")),
            ("x-drill: yes", ("x-drill", "yes")),
            ("x-drill:  team-a* ", ("x-drill", "team-a")),
        ] {
            assert_eq!(Only::Header(header.to_owned()).mark(), Some(sent), "{header}");
        }
        let sessions = Sessions { share: Ratio::new(0.05).unwrap(), by: "x-session".into(), seed: None };
        let only = Only::Sessions(sessions.clone());
        assert_eq!(
            (only.mark(), only.header(), only.to_string().as_str()),
            (None, Some("x-session"), "only 5% of sessions (by x-session)")
        );
        assert_eq!(Sessions { by: Sessions::ADDRESS.into(), ..sessions }.header(), None);
        let Only::Sessions(seeded) = only.seeded(Seed(7)).seeded(Seed(8)) else { panic!() };
        assert_eq!(seeded.seed, Some(Seed(7)));
    }
}
