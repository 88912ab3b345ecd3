//! Which requests a fault takes: what they must be, what share of them, and how that share changes with time.

use super::{Only, words};
use crate::units::{Duration, Fingerprint, Ratio};
use serde::{Deserialize, Serialize};
use std::fmt;

words! {
    /// What requests are for.
    Requests {
        /// A model shall do something: chat, responses, messages, embeddings and their like.
        Inference = "inference",
        /// Anything: lists of models, health checks and their like as well.
        All = "all",
    }
}

/// Which requests a fault on requests or answers takes. By default those that are of its nature.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Aim {
    /// The share of those that match; all of them where it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<Ratio>,
    /// Those that it may touch at all; any where it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// What they must be.
    #[serde(rename = "match", skip_serializing_if = "Match::is_anything")]
    pub matching: Match,
    /// How the share changes with time.
    #[serde(skip_serializing_if = "FaultShape::is_step")]
    pub shape: FaultShape,
}

/// What a request must be; what is absent may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Match {
    /// What they are for; what is of the fault's nature where neither this nor method or path is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Requests>,
    /// Its method, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Its path without the query; with `*` at its end, how it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The model or deployment that it is for; `*` likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether its answer must be streamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Its credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Fingerprint>,
    /// A header that it has, as `name` or `name: value`; `*` at the end of the value stands for any rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

/// How the share of requests that a fault takes changes with the time since it was put in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultShape {
    /// All of it at once.
    #[default]
    Step,
    /// It grows evenly from nothing.
    Ramp {
        /// How long, until it is all there.
        over: Duration,
    },
    /// It stays as small as the probability says: the failure that no health check sees.
    Grey,
    /// It comes and goes; it begins by being there.
    Flap {
        /// How long it is there.
        on: Duration,
        /// How long it is not.
        off: Duration,
    },
    /// It comes once.
    Pulse {
        /// How long it is there.
        length: Duration,
    },
}

impl Aim {
    /// True where it narrows nothing.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

impl Match {
    /// True where nothing is said.
    pub fn is_anything(&self) -> bool {
        *self == Self::default()
    }

    /// True where the body of a request may decide.
    pub fn asks_for_body(&self) -> bool {
        self.model.is_some() || self.stream.is_some()
    }
}

impl FaultShape {
    /// The forms' names.
    pub const WORDS: &'static [&'static str] = &["step", "ramp", "grey", "flap", "pulse"];

    /// The form's name.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Ramp { .. } => "ramp",
            Self::Grey => "grey",
            Self::Flap { .. } => "flap",
            Self::Pulse { .. } => "pulse",
        }
    }

    fn is_step(&self) -> bool {
        *self == Self::Step
    }
}

impl fmt::Display for FaultShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Step | Self::Grey => Ok(()),
            Self::Ramp { over } => write!(f, " over {over}"),
            Self::Flap { on, off } => write!(f, " {on} on, {off} off"),
            Self::Pulse { length } => write!(f, " of {length}"),
        }
    }
}

/// As it follows a fault: nothing where all requests are taken, else `, 30% of requests, model gpt-*, ramp over 30s`.
impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(probability) = self.probability {
            write!(f, ", {probability} of requests")?;
        }
        let Match { requests, method, path, model, stream, key, header } = &self.matching;
        match requests {
            Some(Requests::All) => f.write_str(", all requests")?,
            Some(Requests::Inference) => f.write_str(", inference requests only")?,
            None => {}
        }
        for (name, text) in [("method", method), ("path", path), ("model", model), ("header", header)] {
            if let Some(text) = text {
                write!(f, ", {name} {text}")?;
            }
        }
        if let Some(key) = key {
            write!(f, ", key {key}")?;
        }
        if let Some(stream) = stream {
            f.write_str(if *stream { ", streamed" } else { ", not streamed" })?;
        }
        if let Some(only) = &self.only {
            write!(f, ", {only}")?;
        }
        if self.shape.is_step() { Ok(()) } else { write!(f, ", {}", self.shape) }
    }
}
