//! Lengths of time as gateways write them: `700ms`, `1m30s`, `0.25s`, or a number alone in the gateway's own unit.

use crate::units::Duration;

const UNITS: [(&str, f64); 7] = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0), ("w", 604_800.0)];

/// A length of time; a number without a unit counts so many seconds.
pub(super) fn span(text: &str, bare: f64) -> Option<Duration> {
    let (mut rest, mut seconds) = (text.trim(), 0.0);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = if end == 0 { bare } else { UNITS.iter().find(|(name, _)| *name == &rest[..end])?.1 };
        seconds += number * unit;
        rest = rest[end..].trim_start();
    }
    // Rounded to the microsecond: `0.7` has no exact form, and nobody counts less.
    (seconds.is_finite() && seconds < 1e12).then(|| Duration::from_nanos(((seconds * 1e6).round() as u64).saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_the_gateways_unit() {
        assert_eq!(span("700ms", 1.0), Some(Duration::from_millis(700)));
        assert_eq!(span("1m30s", 1.0), Some(Duration::from_secs(90)));
        assert_eq!(span("0.7s", 1.0), Some(Duration::from_millis(700)));
        assert_eq!((span("5000", 1e-3), span("10", 1.0)), (Some(Duration::from_secs(5)), Some(Duration::from_secs(10))));
        assert_eq!((span("", 1.0), span("soon", 1.0), span("1x", 1.0), span("$t", 1.0)), (None, None, None, None));
    }
}
