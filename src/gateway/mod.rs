//! Configurations of gateways as they are: what LiteLLM, Portkey, Envoy, HAProxy and nginx are told, read into one form (pure).
//!
//! From it follow the worst time to cut over, a project to begin with, and copies that are broken on purpose.
//!
//! What this room does not do: open files, start anything, or talk to a gateway.

pub mod sabotage;
mod setup;

pub use setup::{GatewayHop, GatewaySetup, GatewayTiming, KeyReference, NamedSetting};
