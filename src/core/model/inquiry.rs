//! What a runbook asks somebody itself, again and again, until the answer is as it should be.

use super::{Command, HttpCall, KubernetesObject};
use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A question that is asked until its answer is as it should be so often in a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inquiry {
    /// Who is asked, and what.
    pub of: InquirySource,
    /// The path of the value in an answer that is JSON; `None` looks at the whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// What the answer must be.
    pub expects: InquiryGoal,
    /// How often in a row.
    pub in_a_row: u32,
    /// From the start of one try to the start of the next.
    pub every: Duration,
    /// A try that takes longer had no answer.
    pub timeout: Duration,
}

/// Who is asked, and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InquirySource {
    /// A program: how it ends, and what it prints.
    Run(Command),
    /// An HTTP request: its answer.
    Http(HttpCall),
    /// A Prometheus: the value of a query now.
    Promql {
        /// The query; may contain variables.
        query: String,
        /// The base URL of the Prometheus, where it is not the environment's; may contain variables.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prometheus: Option<String>,
    },
    /// The system's resolver: the addresses of a name, which may contain variables.
    Dns(String),
    /// A port, `HOST:PORT`, which may contain variables: whether it accepts a connection.
    Tcp(String),
    /// The API server of a cluster: an object as it is now.
    Kubernetes {
        /// The store under `stores:` whose cluster it is.
        store: String,
        /// Which one.
        object: KubernetesObject,
    },
}

impl InquirySource {
    /// The key that introduces it in YAML.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Http(_) => "http",
            Self::Promql { .. } => "promql",
            Self::Dns(_) => "dns",
            Self::Tcp(_) => "tcp",
            Self::Kubernetes { .. } => "kubernetes",
        }
    }

    /// What one try is called: of one, and of several.
    pub const fn noun(&self) -> (&'static str, &'static str) {
        match self {
            Self::Run(_) => ("run", "runs"),
            Self::Http(_) => ("request", "requests"),
            Self::Promql { .. } => ("query", "queries"),
            Self::Dns(_) => ("look-up", "look-ups"),
            Self::Tcp(_) => ("connection", "connections"),
            Self::Kubernetes { .. } => ("look", "looks"),
        }
    }
}

/// What an answer must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InquiryGoal {
    /// A good one: exit code 0, a status of 2xx, an address, a connection, an object; with a path, that there is a value.
    Good,
    /// A bad one, or none.
    Bad,
    /// A program's exit code.
    Exits(u8),
    /// This text; may contain variables.
    Is(String),
    /// Any other text; may contain variables.
    IsNot(String),
    /// This stands in it; may contain variables.
    Contains(String),
    /// A regular expression that matches somewhere in it; may contain variables.
    Matches(String),
    /// A number above this; of several series every one.
    Above(f64),
    /// A number below this; of several series every one.
    Below(f64),
    /// A query returns something.
    Something,
    /// A query returns nothing.
    Nothing,
    /// An object's condition of this type is true, or what follows an `=`.
    Condition(String),
}

impl fmt::Display for InquiryGoal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("good"),
            Self::Bad => f.write_str("not good"),
            Self::Exits(code) => write!(f, "exit code {code}"),
            Self::Is(text) => write!(f, "`{text}`"),
            Self::IsNot(text) => write!(f, "not `{text}`"),
            Self::Contains(text) => write!(f, "with `{text}`"),
            Self::Matches(pattern) => write!(f, "like `{pattern}`"),
            Self::Above(number) => write!(f, "above {number}"),
            Self::Below(number) => write!(f, "below {number}"),
            Self::Something => f.write_str("something"),
            Self::Nothing => f.write_str("nothing"),
            Self::Condition(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Inquiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            InquirySource::Run(command) => write!(f, "`{}`", command.argv.join(" "))?,
            InquirySource::Http(call) => write!(f, "{} {}", call.method, call.url)?,
            InquirySource::Promql { query, .. } => write!(f, "`{query}`")?,
            InquirySource::Dns(name) => write!(f, "addresses of {name}")?,
            InquirySource::Tcp(address) => write!(f, "port {address}")?,
            InquirySource::Kubernetes { object, .. } => write!(f, "{object}")?,
        }
        if let Some(path) = &self.json {
            write!(f, " at {path}")?;
        }
        write!(f, ": {}", self.expects)?;
        if self.in_a_row > 1 { write!(f, ", {} in a row", self.in_a_row) } else { Ok(()) }
    }
}

impl Inquiry {
    /// Every text in it that may hold variables.
    pub fn texts(&self) -> Vec<&str> {
        let mut all: Vec<&str> = match &self.of {
            InquirySource::Run(command) => command.texts(),
            InquirySource::Http(call) => call.texts(),
            InquirySource::Promql { query, prometheus } => {
                let usual = if prometheus.is_none() { "${prometheus.url}" } else { "" };
                [query.as_str(), usual].into_iter().chain(prometheus.as_deref()).collect()
            }
            InquirySource::Dns(text) | InquirySource::Tcp(text) => vec![text],
            InquirySource::Kubernetes { .. } => Vec::new(),
        };
        if let InquiryGoal::Is(text) | InquiryGoal::IsNot(text) | InquiryGoal::Contains(text) | InquiryGoal::Matches(text) = &self.expects {
            all.push(text);
        }
        all
    }
}
