//! A fault's shape over time, the attribute `shape`: how the share of requests that it takes changes since it was put in force.
//!
//! | `form` | attributes | share of the probability |
//! |---|---|---|
//! | `step` | | all of it at once, which is also so without a shape |
//! | `ramp` | `over_ms` | grows evenly from nothing |
//! | `grey` | | all of it: a small probability that stays |
//! | `flap` | `on_ms`, `off_ms` | all of it and nothing by turns |
//! | `pulse` | `for_ms` | all of it, then nothing |
//!
//! Whether a request is taken is decided by the moment at which it came, and never again; one that was underway before the fault counts as
//! of the fault's first moment. The same seed takes the same requests: as a share grows it takes more, never others.

use super::attributes::{AttributeReader, Attributes, bad, milliseconds};
use super::toxic_error::ToxicError;
use crate::model::FaultShape;
use crate::units::Duration;
use serde_json::json;

pub(super) fn read(attributes: Attributes) -> Result<FaultShape, ToxicError> {
    let mut fields = AttributeReader::of(attributes);
    let form = fields.word("form")?.unwrap_or_default();
    let mut some = |name: &str| {
        let time = fields.milliseconds(name)?.filter(|time| *time > Duration::ZERO);
        time.ok_or_else(|| bad(name, "write a number of milliseconds above 0"))
    };
    let shape = match form.as_str() {
        "step" => FaultShape::Step,
        "ramp" => FaultShape::Ramp { over: some("over_ms")? },
        "grey" => FaultShape::Grey,
        "flap" => FaultShape::Flap { on: some("on_ms")?, off: some("off_ms")? },
        "pulse" => FaultShape::Pulse { length: some("for_ms")? },
        _ => return Err(bad("form", format!("write one of {}", FaultShape::WORDS.join(", ")))),
    };
    fields.end("shape")?;
    Ok(shape)
}

pub(super) fn attributes(shape: FaultShape) -> Attributes {
    let time = |name: &str, time: Duration| (name.to_owned(), json!(milliseconds(time)));
    let times = match shape {
        FaultShape::Step | FaultShape::Grey => vec![],
        FaultShape::Ramp { over } => vec![time("over_ms", over)],
        FaultShape::Flap { on, off } => vec![time("on_ms", on), time("off_ms", off)],
        FaultShape::Pulse { length } => vec![time("for_ms", length)],
    };
    times.into_iter().chain([("form".to_owned(), json!(shape.word()))]).collect()
}

/// From 0 to 1: what the probability is multiplied with so many nanoseconds after the fault was put in force.
pub(super) fn share(shape: FaultShape, since: u64) -> f64 {
    let while_there = |there: bool| f64::from(u8::from(there));
    match shape {
        FaultShape::Step | FaultShape::Grey => 1.0,
        FaultShape::Ramp { over } => (since as f64 / over.as_nanos().max(1) as f64).min(1.0),
        FaultShape::Flap { on, off } => while_there(since % on.as_nanos().saturating_add(off.as_nanos()).max(1) < on.as_nanos()),
        FaultShape::Pulse { length } => while_there(since < length.as_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_its_course() {
        let (over, on, off, length) = (Duration::from_nanos(10), Duration::from_nanos(3), Duration::from_nanos(2), Duration::from_nanos(4));
        let course = |shape| [0, 1, 3, 4, 5, 8, 10, 99].map(|since| share(shape, since));
        assert_eq!(course(FaultShape::Step), [1.0; 8]);
        assert_eq!(course(FaultShape::Grey), [1.0; 8]);
        assert_eq!(course(FaultShape::Ramp { over }), [0.0, 0.1, 0.3, 0.4, 0.5, 0.8, 1.0, 1.0]);
        assert_eq!(course(FaultShape::Flap { on, off }), [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(course(FaultShape::Pulse { length }), [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
