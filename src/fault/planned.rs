//! The toxic that plays a fault of a scenario.

use super::{
    Bandwidth, Corrupt, CredentialRevoked, Cut, Effect, EmptyAnswer, EndEarly, ErrorEvent, KeepAlive, Latency, Malformed, RateLimit,
    Refused, SlowStream, Stall, StallMidstream, Status, Tls, Toxic, WrongModel,
};
use crate::model::{Aim, Fault};

impl Toxic {
    /// The toxic that plays this fault on the requests of this aim; `None` where no proxy plays it.
    pub fn planned(name: impl Into<String>, fault: &Fault, aim: &Aim) -> Option<Self> {
        Some(Self { aim: aim.clone(), ..Self::of(name, Effect::of(fault)?) })
    }
}

impl Effect {
    /// What plays this fault; `None` where it is none of a proxy's.
    pub fn of(fault: &Fault) -> Option<Self> {
        Some(match *fault {
            Fault::Revoke { .. } | Fault::Rotate { .. } => return None,
            Fault::Refuse => Self::Refuse,
            Fault::Blackhole => Self::Blackhole,
            Fault::Reset => Self::Reset,
            Fault::Latency { latency, jitter } => Self::Latency(Latency { latency, jitter }),
            Fault::Bandwidth { rate } => Self::Bandwidth(Bandwidth { bytes_per_second: rate.as_bytes_per_second() }),
            Fault::Status { code, retry } => Self::Status(Status { code, retry }),
            Fault::Refused { error, retry } => Self::Refused(Refused { error, retry }),
            Fault::CredentialRevoked => Self::CredentialRevoked(CredentialRevoked),
            Fault::RateLimit { requests, tokens } => Self::RateLimit(RateLimit { requests, tokens }),
            Fault::Stall { hold } => Self::Stall(Stall { hold }),
            Fault::StallMidstream { after, hold } => Self::StallMidstream(StallMidstream { after, hold }),
            Fault::SlowStream { rate } => Self::SlowStream(SlowStream::of(rate)),
            Fault::KeepAlive { after, every } => Self::KeepAlive(KeepAlive { after, every }),
            Fault::Cut { after } => Self::Cut(Cut { after }),
            Fault::EndEarly { after } => Self::EndEarly(EndEarly { after }),
            Fault::ErrorEvent { after, error } => Self::ErrorEvent(ErrorEvent { after, error }),
            Fault::Malformed { after } => Self::Malformed(Malformed { after }),
            Fault::EmptyAnswer => Self::EmptyAnswer(EmptyAnswer),
            Fault::WrongModel => Self::WrongModel(WrongModel),
            Fault::Corrupt => Self::Corrupt(Corrupt),
            Fault::Tls { problem } => Self::Tls(Tls { problem }),
            Fault::DnsFailure => Self::DnsFailure,
        })
    }
}
