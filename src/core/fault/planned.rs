//! The toxic that plays a fault of a scenario.

use super::{Effect, Toxic};
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
        fault.kind().toxic.and_then(|_| Self::with(fault.kind(), fault.settings()))
    }
}
