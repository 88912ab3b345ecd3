//! Configurations of gateways as they are: what LiteLLM, Portkey, Envoy, HAProxy and nginx are told, read into one form (pure).
//!
//! From it follow the worst time to cut over, a project to begin with, and copies that are broken on purpose.
//!
//! What this room does not do: open files, start anything, or talk to a gateway.
#![doc = include_str!("README.md")]

mod change;
mod expected;
mod failure_shape;
mod predict;
mod read;
mod reckon;
pub mod sabotage;
pub mod setting_name;
mod setup;
#[cfg(test)]
mod tests;

pub use change::mending;
pub use expected::{expected, expected_of, of_reference, shape_of};
pub use failure_shape::{FailureKinds, FailureShape};
pub use predict::predict;
pub use read::{READ, kind_of, read};
pub use reckon::Expected;
pub use setup::{Comeback, GatewayHop, GatewaySetup, GatewayTiming, KeyReference, LastWait, NamedSetting};
