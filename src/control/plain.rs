//! What a fault is on Shopify's Toxiproxy: one or two toxics, or a disabled proxy.

use crate::fault::{Effect, ResetPeer, Stream, Timeout};
use crate::model::{Dialect, Fault};
use crate::units::Duration;

/// The name under which a disabled proxy is kept as if it were a toxic.
pub(super) const DOWN: &str = "down";

/// What to ask a plain Toxiproxy for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// `enabled: false`.
    Down,
    /// A toxic in each of these directions.
    Toxics(Effect, &'static [Stream]),
    /// It cannot.
    None,
}

/// How a plain Toxiproxy plays this fault.
pub(super) fn means(fault: &Fault) -> Means {
    match fault {
        Fault::Refuse => Means::Down,
        // Its timeout stops one direction; a blackhole stops both.
        Fault::Blackhole => Means::Toxics(Effect::Timeout(Timeout { timeout: Duration::ZERO }), &[Stream::Downstream, Stream::Upstream]),
        Fault::Reset => Means::Toxics(Effect::ResetPeer(ResetPeer { timeout: Duration::ZERO }), &[Stream::Downstream]),
        Fault::Latency { .. } | Fault::Bandwidth { .. } => {
            Effect::of(fault).map_or(Means::None, |effect| Means::Toxics(effect, &[Stream::Downstream]))
        }
        _ => Means::None,
    }
}

/// True where it says nothing that takes a fraction: Shopify's server reads whole numbers of its units, and refuses others.
pub(super) fn is_whole(effect: &Effect) -> bool {
    effect.attributes().values().all(|value| value.as_f64().is_none_or(|number| number.fract() == 0.0))
}

/// The name of a fault's toxic in one direction.
pub(super) fn toxic_name(name: &str, stream: Stream) -> String {
    match stream {
        Stream::Downstream => name.to_owned(),
        Stream::Upstream => format!("{name}-upstream"),
    }
}

/// `host:port` for a proxy that sees only bytes; `None` where it would have to speak TLS.
pub(super) fn address(upstream: &str, dialect: Dialect) -> Option<String> {
    match upstream.split_once("://") {
        None => Some(upstream.to_owned()),
        Some(("http", rest)) if dialect != Dialect::Tcp => {
            let host = rest.split('/').next().unwrap_or_default();
            let ported = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            Some(if ported { host.to_owned() } else { format!("{host}:80") })
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::ByteRate;

    #[test]
    fn parts_of_its_units_are_known_beforehand() {
        let late = |micros| Fault::Latency { latency: Duration::from_millis(100), jitter: Duration::from_micros(micros) };
        let slow = |rate| Fault::Bandwidth { rate: ByteRate::bytes_per_second(rate).unwrap() };
        for (fault, whole) in
            [(late(2000), true), (late(2500), false), (slow(64_000), true), (slow(64_500), false), (Fault::Blackhole, true)]
        {
            let Means::Toxics(effect, _) = means(&fault) else { panic!("{fault}") };
            assert_eq!(is_whole(&effect), whole, "{fault}");
        }
    }
}
