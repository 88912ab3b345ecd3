//! Everything that one execution of a runbook needs, gathered from inventory and runbook, and checked across them.

use super::{Contact, Credential, Environment, Mail, Provider, Runbook, SecretStore, Service};
use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A runbook that is walked for real, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutionPlan {
    /// What is done.
    pub runbook: Runbook,
    /// Where, by name; `None` where no environment was named.
    pub environment_name: Option<String>,
    /// Where.
    pub environment: Environment,
    /// For which service, by name; `None` where no service names this runbook.
    pub service_name: Option<String>,
    /// The service.
    pub service: Option<Service>,
    /// Every provider of the inventory.
    pub providers: BTreeMap<String, Provider>,
    /// Their credentials, by reference.
    pub credentials: BTreeMap<String, Credential>,
    /// The stores that they are kept in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stores: BTreeMap<String, SecretStore>,
    /// Every contact of the inventory.
    pub contacts: BTreeMap<String, Contact>,
    /// The server that takes e-mail to contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
}

impl ExecutionPlan {
    /// Within which users should be served again, where the service declares it.
    pub fn rto(&self) -> Option<Duration> {
        self.service.as_ref()?.objectives.rto
    }
}
