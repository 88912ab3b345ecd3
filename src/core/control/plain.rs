//! What a fault is on Shopify's Toxiproxy: one or two toxics, or a disabled proxy.

use crate::fault::{Effect, PlainMeans, Stream};
use crate::model::{Dialect, Fault};

/// The name under which a disabled proxy is kept as if it were a toxic.
pub(super) const DOWN: &str = "down";

/// What to ask a plain Toxiproxy for.
#[derive(Debug, Clone, PartialEq)]
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
    let Some(effect) = Effect::of(fault) else { return Means::None };
    match effect.on_plain() {
        PlainMeans::Down => Means::Down,
        PlainMeans::Itself => Means::Toxics(effect, &[Stream::Downstream]),
        PlainMeans::Other(other, streams) => Effect::of(&other).map_or(Means::None, |effect| Means::Toxics(effect, streams)),
        PlainMeans::None => Means::None,
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
    use crate::fault::{Bandwidth, Blackhole, Latency};
    use crate::units::Duration;

    #[test]
    fn parts_of_its_units_are_known_beforehand() {
        let late = |micros| Fault::from(Latency { latency: Duration::from_millis(100), jitter: Duration::from_micros(micros) });
        let slow = |bytes_per_second| Fault::from(Bandwidth { bytes_per_second });
        for (fault, whole) in
            [(late(2000), true), (late(2500), false), (slow(64_000), true), (slow(64_500), false), (Blackhole.into(), true)]
        {
            let Means::Toxics(effect, _) = means(&fault) else { panic!("{fault}") };
            assert_eq!(is_whole(&effect), whole, "{fault}");
        }
    }
}
