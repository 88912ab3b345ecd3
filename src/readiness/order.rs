//! What a round is told: whose hops, how deep, for how much.

use crate::model::{Environment, Inventory};
use crate::units::Money;
use std::time::Duration;

/// How much is asked of a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeDepth {
    /// One token with a stream.
    One,
    /// Besides, JSON, a tool's call, and what is told of the model.
    All,
}

/// A round to be done.
#[derive(Debug, Clone, Copy)]
pub struct RoundOrder<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// The environment whose `allow` says who may be asked, and which knows the gateways.
    pub environment: &'a Environment,
    /// Its name.
    pub environment_name: &'a str,
    /// The services whose hops are asked; none: all.
    pub services: &'a [String],
    /// How much is asked.
    pub depth: ProbeDepth,
    /// The most that a round may cost, at known prices.
    pub max_spend: Money,
    /// How long each answer may take.
    pub within: Duration,
}

impl RoundOrder<'_> {
    /// Usually: five cents, fifteen seconds.
    pub const MAX_SPEND: Money = Money::from_nanos(50_000_000);
    /// See there.
    pub const WITHIN: Duration = Duration::from_secs(15);

    /// The most that may be spent here.
    pub fn cap(&self) -> Money {
        self.environment.allow.max_spend.map_or(self.max_spend, |allowed| allowed.min(self.max_spend))
    }
}
