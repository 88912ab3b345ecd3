//! What a fault proxy can do to the traffic for one provider.

use super::words;
use crate::units::{ByteRate, Duration, Rate};
use serde::{Deserialize, Serialize};

words! {
    /// Why a provider refuses, where a bare status does not tell it.
    Refusal {
        /// Too many requests or tokens a minute.
        RateLimit = "rate-limit",
        /// What was paid for is used up.
        Quota = "quota",
        /// The provider has more to do than it can.
        Overloaded = "overloaded",
        /// The credential was valid once.
        Expired = "expired",
        /// The credential is valid, but not for this.
        Forbidden = "forbidden",
        /// The model is not offered any more.
        ModelWithdrawn = "model-withdrawn",
        /// The prompt is found to be against the rules.
        ContentFilter = "content-filter",
    }
}

words! {
    /// How a provider says when to come back.
    RetryForm {
        /// `retry-after`, in whole seconds.
        Seconds = "seconds",
        /// `retry-after-ms`, in milliseconds.
        Milliseconds = "ms",
        /// `retry-after`, as a moment.
        Date = "date",
        /// In whole seconds and in milliseconds.
        Both = "both",
    }
}

words! {
    /// What is wrong with a TLS handshake.
    TlsProblem {
        /// The certificate's time is over.
        Expired = "expired",
        /// The certificate is for another name.
        WrongName = "wrong-name",
        /// Nobody who is trusted has signed the certificate.
        Untrusted = "untrusted",
        /// The connection ends before the handshake does.
        Cut = "cut",
    }
}

/// When to come back, as a refusal tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// After so long; nothing is told without it.
    #[serde(rename = "retry_after")]
    pub after: Option<Duration>,
    /// How it is told; in the provider's own way where it is not said.
    #[serde(rename = "retry_form", default, skip_serializing_if = "Option::is_none")]
    pub form: Option<RetryForm>,
}

/// A fault. In YAML a map with one key: `{blackhole: {}}`, `{status: {code: 503}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Open connections are cut and new ones refused.
    Refuse,
    /// Connections are accepted and nothing comes back, on open connections too.
    Blackhole,
    /// Connections are reset (RST): open ones at once, new ones on their first bytes.
    Reset,
    /// Every byte from the provider is late by `latency` ± `jitter` (uniform); order is kept.
    Latency {
        /// Mean delay.
        latency: Duration,
        /// Largest deviation from it; at most `latency`.
        jitter: Duration,
    },
    /// Bytes from the provider pass at `rate` at most.
    Bandwidth {
        /// The ceiling.
        rate: ByteRate,
    },
    /// Requests are answered with an HTTP error in the provider's own dialect, without reaching it.
    Status {
        /// 400 to 599.
        code: u16,
        /// When to come back.
        #[serde(flatten)]
        retry: Retry,
    },
    /// Requests reach the provider, whose answer is held back before its first byte.
    Stall {
        /// How long; `None` until the fault ends.
        hold: Option<Duration>,
    },
    /// Requests are answered as the provider answers a revoked key.
    CredentialRevoked,
    /// Answers begin, and stop coming after so many events of their stream.
    StallMidstream {
        /// Events that pass before; 0 stalls behind the head.
        after: u64,
        /// How long; `None` until the fault ends.
        hold: Option<Duration>,
    },
    /// The events of streams come at this rate at most.
    SlowStream {
        /// Events a second.
        rate: Rate,
    },
    /// After so many events only signs of life come, and no tokens.
    KeepAlive {
        /// Events that pass before.
        after: u64,
        /// From one sign to the next.
        every: Duration,
    },
    /// The connection is cut after so many events.
    Cut {
        /// Events that pass before.
        after: u64,
    },
    /// Answers end politely after so many events, without their terminal marker.
    EndEarly {
        /// Events that pass before.
        after: u64,
    },
    /// After so many events comes an error in the provider's dialect, and the end.
    ErrorEvent {
        /// Events that pass before.
        after: u64,
        /// Which error; something broke at the provider where it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Refusal>,
    },
    /// After so many events one comes broken.
    Malformed {
        /// Events that pass before.
        after: u64,
    },
    /// Answers say yes and nothing else.
    EmptyAnswer,
    /// Answers name another model.
    WrongModel,
    /// The letters of answers are others.
    Corrupt,
    /// Requests are refused for this reason in the provider's own words, without reaching it.
    Refused {
        /// Why.
        error: Refusal,
        /// When to come back.
        #[serde(flatten)]
        retry: Retry,
    },
    /// Requests are refused where they are more, or ask for more tokens, than the provider gives a minute; its counters tell so.
    RateLimit {
        /// Requests a minute.
        requests: Option<u64>,
        /// Tokens a minute.
        tokens: Option<u64>,
    },
    /// New TLS handshakes go wrong, where the proxy stands for the provider with a certificate of its own; open connections end as soon as
    /// they carry nothing.
    Tls {
        /// How.
        problem: TlsProblem,
    },
    /// The provider's name does not resolve, for those who come through a forward proxy.
    DnsFailure,
    /// The provider's key is revoked where it was issued, and stays so. No fault of a proxy: the drill asks the issuer.
    Revoke {
        /// How long the issuer may take until it refuses the key everywhere.
        propagation: Duration,
    },
    /// The planned rotation of the provider's key begins; nothing is broken.
    Rotate {
        /// As in [`Fault::Revoke`], once the runbook has revoked the old key.
        propagation: Duration,
    },
}

impl Fault {
    /// The names, as written in YAML and in the control API.
    pub const WORDS: &'static [&'static str] = &[
        "refuse",
        "blackhole",
        "reset",
        "latency",
        "bandwidth",
        "status",
        "stall",
        "credential-revoked",
        "stall-midstream",
        "slow-stream",
        "keep-alive",
        "cut",
        "end-early",
        "error-event",
        "malformed",
        "empty-answer",
        "wrong-model",
        "corrupt",
        "refused",
        "tls",
        "dns-failure",
        "rate-limit",
        "revoke",
        "rotate",
    ];

    /// This fault's name.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Blackhole => "blackhole",
            Self::Reset => "reset",
            Self::Latency { .. } => "latency",
            Self::Bandwidth { .. } => "bandwidth",
            Self::Status { .. } => "status",
            Self::Stall { .. } => "stall",
            Self::CredentialRevoked => "credential-revoked",
            Self::StallMidstream { .. } => "stall-midstream",
            Self::SlowStream { .. } => "slow-stream",
            Self::KeepAlive { .. } => "keep-alive",
            Self::Cut { .. } => "cut",
            Self::EndEarly { .. } => "end-early",
            Self::ErrorEvent { .. } => "error-event",
            Self::Malformed { .. } => "malformed",
            Self::EmptyAnswer => "empty-answer",
            Self::WrongModel => "wrong-model",
            Self::Corrupt => "corrupt",
            Self::Refused { .. } => "refused",
            Self::Tls { .. } => "tls",
            Self::DnsFailure => "dns-failure",
            Self::RateLimit { .. } => "rate-limit",
            Self::Revoke { .. } => "revoke",
            Self::Rotate { .. } => "rotate",
        }
    }

    /// The propagation window, where it is about a credential at its issuer and not about what passes a proxy.
    pub const fn of_credential(&self) -> Option<Duration> {
        match self {
            Self::Revoke { propagation } | Self::Rotate { propagation } => Some(*propagation),
            _ => None,
        }
    }

    /// What it does besides what its name says, in the words of a plan.
    pub const fn besides(&self) -> Option<&'static str> {
        match self {
            Self::Tls { .. } => Some("open connections end once they are idle"),
            _ => None,
        }
    }

    /// True where the fault acts on requests and not on bytes, so that the proxy must speak HTTP.
    pub const fn needs_http(&self) -> bool {
        !matches!(
            self,
            Self::Refuse
                | Self::Blackhole
                | Self::Reset
                | Self::Latency { .. }
                | Self::Bandwidth { .. }
                | Self::Tls { .. }
                | Self::DnsFailure
        )
    }
}

impl std::fmt::Display for Retry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.after.map_or(Ok(()), |after| write!(f, ", Retry-After {after}"))?;
        self.form.filter(|_| self.after.is_some()).map_or(Ok(()), |form| write!(f, " as {form}"))
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Latency { latency, jitter } if *jitter == Duration::ZERO => write!(f, " {latency}"),
            Self::Latency { latency, jitter } => write!(f, " {latency} ± {jitter}"),
            Self::Bandwidth { rate } => write!(f, " {rate}"),
            Self::Status { code, retry } => write!(f, " {code}{retry}"),
            Self::Stall { hold: Some(hold) } => write!(f, " {hold}"),
            Self::SlowStream { rate } => write!(f, " {rate}"),
            Self::StallMidstream { after, .. }
            | Self::KeepAlive { after, .. }
            | Self::Cut { after }
            | Self::EndEarly { after }
            | Self::ErrorEvent { after, error: None }
            | Self::Malformed { after } => write!(f, " after {after} events"),
            Self::ErrorEvent { after, error: Some(error) } => write!(f, " {error} after {after} events"),
            Self::Refused { error, retry } => write!(f, " {error}{retry}"),
            Self::RateLimit { requests, tokens } => {
                let limits = [("requests", requests), ("tokens", tokens)];
                let told = limits.iter().filter_map(|(name, limit)| Some(format!(" {} {name}/min", (*limit).as_ref()?)));
                f.write_str(&told.collect::<Vec<_>>().join(","))
            }
            Self::Tls { problem } => write!(f, " {problem}"),
            _ => Ok(()),
        }
    }
}
