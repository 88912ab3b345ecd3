//! How a workload's requests are asked, from what the scenario and the environment say: variables filled in, keys read, files found.

use super::names::ResolvedNames;
use super::preflight::ground;
use super::{DrillStop, blast_radius};
use crate::model::{DrillPlan, NamedWorkload, RequestKind, ServiceBinding};
use crate::traffic::ClientSettings;
use crate::units::{Secret, Seed};
use std::path::Path;

/// How the requests of a workload are asked.
pub(super) fn of(
    named: &NamedWorkload,
    plan: &DrillPlan,
    seed: Seed,
    root: &Path,
    names: &ResolvedNames,
) -> Result<ClientSettings, DrillStop> {
    let service = plan.environment.services.get(&named.service_name);
    let workload = &named.workload;
    // The workload's come last, and win.
    let written = service.map(|service| &service.headers).into_iter().chain([&workload.wire.headers]).flatten();
    let written = written.map(|(name, value)| Ok((name.clone(), names.expand(value)?)));
    let read = service.map(|service| &service.headers_from).into_iter().flatten();
    let read = read.map(|(name, variable)| Ok((name.clone(), key(variable, &named.service_name)?.expose().to_owned())));
    let read: Vec<(String, String)> = read.chain(written).collect::<Result<_, DrillStop>>()?;
    // What makes a request one that a fault may take, unless the scenario or the environment say it themselves.
    let is_said = |name: &str| read.iter().any(|(said, _)| said.eq_ignore_ascii_case(name));
    let marks: Vec<(String, String)> = blast_radius::headers(plan).into_iter().filter(|(name, _)| !is_said(name)).collect();
    let session = blast_radius::session(plan).filter(|name| !is_said(name));
    let authority = service.and_then(|service| service.ca.as_ref()).map(|path| names.expand(path)).transpose()?;
    Ok(ClientSettings {
        plain: workload.errand.clone(),
        bytes: workload.request == RequestKind::Tcp,
        wire: workload.wire.clone(),
        headers: read.into_iter().chain(marks).collect(),
        session,
        body: service.map(|service| service.body.clone()).unwrap_or_default(),
        complete: service.map(|service| service.complete).unwrap_or_default(),
        keys: keys(service, &named.service_name)?,
        seed,
        authority: authority.map(|path| root.join(path)),
        proxy: service.and_then(|service| service.proxy.as_ref()).map(|url| names.expand(url)).transpose()?,
    })
}

/// The keys of several clients, where there are several.
pub(super) fn keys(service: Option<&ServiceBinding>, name: &str) -> Result<Vec<Secret>, DrillStop> {
    service.map_or(&[][..], |service| &service.keys_from).iter().map(|variable| key(variable, name)).collect()
}

/// The key that clients of a service send, from where the environment says.
pub(super) fn key(variable: &str, name: &str) -> Result<Secret, DrillStop> {
    ground::key(variable, name)?;
    Ok(crate::secret::variable(variable).unwrap_or_default())
}
