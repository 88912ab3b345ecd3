//! `noop` (Shopify's): it does nothing.

use super::contract::{FaultEffect, fault};
use crate::model::{ActsOn, FailureMode};

fault! {
    /// Nothing.
    Noop { toxic: Some("noop"), acts_on: ActsOn::Bytes }
}

impl FaultEffect for Noop {
    fn mode(&self) -> Option<FailureMode> {
        None
    }
}
