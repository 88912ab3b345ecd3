//! Which failures a service's criticality wants to see drilled, each within a year.
//!
//! | criticality | demands |
//! |---|---|
//! | single-point-of-failure | outage, brown-out, rate-limit, quota, credential, model-withdrawn, region, two-vendors, silent-corruption |
//! | recoverable | outage, brown-out, rate-limit, credential |
//! | optional | outage |
//!
//! A region is demanded where a provider of the service names one, two vendors where it has providers of two or more. `price` can be drilled
//! where a provider bills tokens, and is demanded of nobody: a criticality says how bad it is to be failed, and a price fails nobody.

use crate::model::{Criticality, Dialect, FailureMode, Inventory, Service};
use std::collections::BTreeSet;

/// True where a failure of this kind can be drilled on the service.
pub fn possible(inventory: &Inventory, service: &Service, mode: FailureMode) -> bool {
    let providers = || service.providers.iter().filter_map(|name| Some((name, inventory.providers.get(name)?)));
    match mode {
        FailureMode::Price => providers().any(|(_, provider)| !matches!(provider.dialect, Dialect::Http | Dialect::Tcp)),
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
    use FailureMode::{BrownOut, Credential, Outage, Price, RateLimit};
    let wanted = match service.criticality {
        Criticality::SinglePointOfFailure => mode != Price,
        Criticality::Recoverable => matches!(mode, Outage | BrownOut | RateLimit | Credential),
        Criticality::Optional => mode == Outage,
    };
    wanted && possible(inventory, service, mode)
}
