//! How a workload's requests are asked, from what the scenario and the environment say: variables filled in, keys read, files found.

use super::Stop;
use super::stage::Names;
use crate::model::{DrillPlan, NamedWorkload, RequestKind, ServiceBinding};
use crate::traffic::Manner;
use crate::units::{Secret, Seed};
use std::path::Path;

/// How the requests of a workload are asked.
pub(super) fn of(named: &NamedWorkload, plan: &DrillPlan, seed: Seed, root: &Path, names: &Names) -> Result<Manner, Stop> {
    let service = plan.environment.services.get(&named.service_name);
    let workload = &named.workload;
    let headers = workload.wire.headers.iter().map(|(name, value)| Ok((name.clone(), names.expand(value)?)));
    let authority = service.and_then(|service| service.ca.as_ref()).map(|path| names.expand(path)).transpose()?;
    Ok(Manner {
        errand: workload.errand.clone(),
        bytes: workload.request == RequestKind::Tcp,
        wire: workload.wire.clone(),
        headers: headers.collect::<Result<_, Stop>>()?,
        keys: keys(service, &named.service_name)?,
        seed,
        authority: authority.map(|path| root.join(path)),
        proxy: service.and_then(|service| service.proxy.as_ref()).map(|url| names.expand(url)).transpose()?,
    })
}

/// The keys of several clients, where there are several.
pub(super) fn keys(service: Option<&ServiceBinding>, name: &str) -> Result<Vec<Secret>, Stop> {
    service.map_or(&[][..], |service| &service.keys_from).iter().map(|variable| key(variable, name)).collect()
}

/// The key that clients of a service send, from where the environment says.
pub(super) fn key(variable: &str, name: &str) -> Result<Secret, Stop> {
    std::env::var(variable).map(Secret::new).map_err(|_| {
        Stop::environment(format!(
            "the environment variable {variable} is not set\n\nhint: export {variable}=… with the key that clients of {name} send"
        ))
    })
}
