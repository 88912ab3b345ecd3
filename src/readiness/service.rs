//! A service's hops together: how many could take over, and which could not.

use super::hop::HopKind;
use super::reading::HopReading;
use crate::model::{HopState, Inventory, Service};
use crate::units::counted;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The role of a hop in a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HopRole {
    /// What its users ask.
    Gateway,
    /// It serves when nothing is wrong.
    Primary,
    /// It serves when that does not.
    Standby,
}

impl HopRole {
    /// Whether it serves when nothing is wrong.
    pub(super) const fn serves(self) -> bool {
        matches!(self, Self::Primary)
    }
}

impl fmt::Display for HopRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gateway => "gateway",
            Self::Primary => "primary",
            Self::Standby => "standby",
        })
    }
}

/// A hop of a service, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceHop {
    /// By what it is known in the round.
    pub hop: String,
    /// What it is there.
    pub role: HopRole,
}

/// A service in a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceReadiness {
    /// Its name.
    pub service: String,
    /// Its hops, in the order in which they are asked.
    pub hops: Vec<ServiceHop>,
    /// How many of them could take over.
    pub alive: u64,
    /// The whole in a sentence without full stop.
    pub told: String,
}

impl ServiceReadiness {
    /// Before anything was asked.
    pub(super) fn of(name: &str, service: &Service, has_gateway: bool) -> Self {
        let gateway = has_gateway.then(|| ServiceHop { hop: format!("gateway:{name}"), role: HopRole::Gateway });
        let primaries = service.primaries().iter().map(|hop| ServiceHop { hop: hop.clone(), role: HopRole::Primary });
        let standbys = service.standbys().iter().map(|hop| ServiceHop { hop: hop.clone(), role: HopRole::Standby });
        let hops = gateway.into_iter().chain(primaries).chain(standbys).collect();
        Self { service: name.to_owned(), hops, alive: 0, told: String::new() }
    }

    /// Those of an inventory that are asked for, in its order; none that are named: all.
    pub(super) fn chosen<'i>(inventory: &'i Inventory, named: &[String]) -> impl Iterator<Item = (&'i String, &'i Service)> {
        inventory.services.iter().filter(|(name, _)| named.is_empty() || named.contains(name))
    }

    /// With what was found of its hops.
    pub(super) fn tell(&mut self, readings: &[HopReading]) {
        let of = |id: &str| readings.iter().find(|reading| reading.hop.id() == id);
        let found: Vec<(HopRole, &HopReading)> = self.hops.iter().filter_map(|hop| Some((hop.role, of(&hop.hop)?))).collect();
        let is = |reading: &HopReading, ready| reading.state.is_ready() == ready;
        self.alive = found.iter().filter(|(_, reading)| is(reading, Some(true))).count() as u64;
        let of = counted(self.hops.len() as u64, "hop");
        let mut told = if self.alive == self.hops.len() as u64 {
            if self.hops.len() == 1 { "its only hop is alive".to_owned() } else { format!("all {of} alive") }
        } else {
            format!("{} of {of} alive", self.alive)
        };
        for (role, reading) in found {
            let who = match reading.hop.kind {
                HopKind::Gateway => "its gateway".to_owned(),
                HopKind::Provider => format!("the {role} `{}`", reading.hop.name),
            };
            match reading.state {
                HopState::Dead => {
                    let since = reading.since.map_or_else(String::new, |since| format!(", since {}", since.format("%Y-%m-%d %H:%M UTC")));
                    told += &format!("; {who} is dead: {}{since}", reading.told);
                }
                HopState::Unknown => told += &format!("; of {who} nobody can tell: {}", reading.told),
                HopState::LeftOut => told += &format!("; {who} was not asked: {}", reading.told),
                HopState::Alive | HopState::Warned => {}
            }
        }
        self.told = told;
    }
}
