//! From a gateway's setup the longest time to cut over when its first provider fails in one way, with what would halve it (see `README.md`).
//!
//! What this file does not do: say what a drill plays (`expected`).

use super::change::mending;
use super::failure_shape::FailureShape;
use super::reckon::{Expected, reckon};
use super::setup::GatewaySetup;
use crate::model::Prediction;
use crate::units::Duration;

/// The longest time to cut over, and what would halve it.
pub fn predict(setup: &GatewaySetup, shape: FailureShape, expected: &Expected) -> Prediction {
    let reckoned = reckon(setup, shape, expected);
    let goal = reckoned.cutover.map(|cutover| Duration::from_nanos(cutover.as_nanos() / 2));
    let (changes, then) = mending(setup, shape, expected, goal).unwrap_or_default();
    Prediction {
        kind: setup.kind,
        file: None,
        provider: setup.hops.first().map(|hop| hop.name.clone()).unwrap_or_default(),
        shape: shape.to_string(),
        cutover: reckoned.cutover,
        because: reckoned.because,
        wait: reckoned.wait,
        passed_on: reckoned.passed_on,
        terms: reckoned.terms,
        changes,
        then,
        doubts: setup.doubts.clone(),
    }
}
