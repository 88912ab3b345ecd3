//! In which ways a provider fails, as far as gateways tell them apart, and which of them a setting of a gateway is about.

use std::fmt;

/// How a provider fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureShape {
    /// No connection comes about, and nobody says so: packets are lost.
    Unreachable,
    /// Connections are refused at once.
    Refused,
    /// Connections are taken, and no answer comes.
    NoAnswer,
    /// Connections are closed before an answer, or within it.
    Cut,
    /// This status comes at once.
    Status(u16),
}

impl FailureShape {
    /// Those by which a provider is judged where nothing is said of how it fails.
    pub const USUAL: [Self; 3] = [Self::NoAnswer, Self::Refused, Self::Status(503)];
}

impl fmt::Display for FailureShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("no connection"),
            Self::Refused => f.write_str("refused connections"),
            Self::NoAnswer => f.write_str("no answer"),
            Self::Cut => f.write_str("cut connections"),
            Self::Status(code) => write!(f, "status {code}"),
        }
    }
}

/// A set of ways in which a provider fails.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FailureKinds {
    /// Connections that do not come about.
    pub connect: bool,
    /// Answers that do not come in time.
    pub timeout: bool,
    /// Connections that are closed too soon.
    pub cut: bool,
    /// Statuses, from and to.
    pub statuses: Vec<(u16, u16)>,
}

impl FailureKinds {
    /// All of them, and every status from 400 on.
    pub fn all() -> Self {
        Self { connect: true, timeout: true, cut: true, statuses: vec![(400, 599)] }
    }

    /// Those without a status, and these.
    pub fn network_and(statuses: &[(u16, u16)]) -> Self {
        Self { connect: true, timeout: true, cut: true, statuses: statuses.to_vec() }
    }

    /// True where this way of failing is among them.
    pub fn holds(&self, shape: FailureShape) -> bool {
        match shape {
            FailureShape::Unreachable | FailureShape::Refused => self.connect,
            FailureShape::NoAnswer => self.timeout,
            FailureShape::Cut => self.cut,
            FailureShape::Status(code) => self.statuses.iter().any(|(from, to)| (*from..=*to).contains(&code)),
        }
    }

    /// True where nothing is.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let kinds = FailureKinds::network_and(&[(429, 429), (500, 599)]);
        assert!(kinds.holds(FailureShape::Status(429)) && kinds.holds(FailureShape::Status(503)) && kinds.holds(FailureShape::NoAnswer));
        assert!(!kinds.holds(FailureShape::Status(401)) && FailureKinds::default().is_empty());
        assert!(FailureShape::USUAL.iter().all(|shape| FailureKinds::all().holds(*shape)));
    }
}
