//! Which failures a service's criticality wants to see drilled, each within a year.
//!
//! | criticality | demands |
//! |---|---|
//! | single-point-of-failure | outage, brown-out, rate-limit, quota, credential, model-withdrawn, region, two-vendors, silent-corruption |
//! | recoverable | outage, brown-out, rate-limit, credential |
//! | optional | outage |
//!
//! A region is demanded where a provider of the service names one, two vendors where it has providers of two or more. `price` is demanded of
//! nobody: no fault plays it.

use crate::model::{Criticality, FailureMode, Inventory, Service};
use std::collections::BTreeSet;

/// True where a failure of this kind can be drilled on the service.
pub fn possible(inventory: &Inventory, service: &Service, mode: FailureMode) -> bool {
    let providers = || service.providers.iter().filter_map(|name| Some((name, inventory.providers.get(name)?)));
    match mode {
        FailureMode::Price => false,
        FailureMode::Region => providers().any(|(_, provider)| provider.region.is_some()),
        FailureMode::TwoVendors => {
            let vendors: BTreeSet<&str> = providers().map(|(name, provider)| provider.vendor(name)).collect();
            vendors.len() > 1
        }
        _ => true,
    }
}

/// True where the service's criticality demands it.
pub fn demanded(inventory: &Inventory, service: &Service, mode: FailureMode) -> bool {
    use FailureMode::{BrownOut, Credential, Outage, RateLimit};
    let wanted = match service.criticality {
        Criticality::SinglePointOfFailure => true,
        Criticality::Recoverable => matches!(mode, Outage | BrownOut | RateLimit | Credential),
        Criticality::Optional => mode == Outage,
    };
    wanted && possible(inventory, service, mode)
}
