//! Configurations of gateways as they are: what LiteLLM, Portkey, Envoy, HAProxy and nginx are told, read into one form (pure).
//!
//! From it follow the worst time to cut over, a project to begin with, and copies that are broken on purpose.
//!
//! What this room does not do: open files, start anything, or talk to a gateway.

mod failure_shape;
mod read;
pub mod sabotage;
pub mod setting_name;
mod setup;

pub use failure_shape::{FailureKinds, FailureShape};
pub use read::{READ, kind_of, read};
pub use setup::{Comeback, GatewayHop, GatewaySetup, GatewayTiming, KeyReference, NamedSetting};
