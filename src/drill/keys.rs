//! Who keeps and who makes the credentials of a drill: the lab, the inventory's stores, real issuers.

use super::Stop;
use super::stage::{Names, Site};
use crate::lab::{Shelf, SimulatedProvider};
use crate::model::{Action, DrillPlan, KeySource};
use crate::secret::{self, Store};
use crate::step::{Keeping, Keyring, declared};
use std::collections::BTreeMap;
use std::sync::Arc;

/// True where a drill has to do with keys at all.
pub(super) fn rotates(plan: &DrillPlan) -> bool {
    let steps = plan.runbook.iter().flat_map(|runbook| &runbook.steps);
    plan.scenario.timeline.faults.iter().any(|planned| planned.fault.of_credential().is_some())
        || steps.into_iter().any(|step| matches!(step.action, Action::Rotate(_)))
}

/// The credentials of a drill. The lab's providers, in the order of the plan's, make the keys that they take.
pub(super) fn keyring(site: &Site<'_>, names: &Names, simulated: &[SimulatedProvider]) -> Result<Keyring, Stop> {
    let plan = site.plan;
    let keepings = if plan.environment.embedded {
        lab(site, names, simulated)?
    } else {
        declared(&plan.credentials, &plan.providers, &plan.stores, site.root)
    };
    Ok(Keyring::new(keepings, plan.stores.clone(), site.root.to_owned(), site.recorder.clone(), names.redactor().clone()))
}

fn lab(site: &Site<'_>, names: &Names, simulated: &[SimulatedProvider]) -> Result<BTreeMap<String, Keeping>, Stop> {
    let plan = site.plan;
    let mut keepings = BTreeMap::new();
    for (name, provider) in plan.providers.keys().zip(simulated) {
        let (credential, held) = (plan.credential_of(name), names.key(name));
        let source = plan.credentials.get(credential).map(|credential| &credential.from);
        let store: Arc<dyn Store> = match source.filter(|_| plan.environment.keys == KeySource::Stores) {
            Some(source) => {
                if held.is_empty() {
                    return Err(Stop::environment(format!(
                        "{source} holds no key, and the lab of `{}` takes what is current there\n\nhint: write any key of 8 letters or more \
                         there, or take `keys: stores` away",
                        plan.environment_name
                    )));
                }
                let site = secret::Site { stores: &plan.stores, root: site.root };
                Arc::from(secret::open(source, site).map_err(Stop::environment)?)
            }
            None if plan.environment.keys == KeySource::Sealed => Arc::new(Shelf::sealed(credential, held.clone())),
            None => Arc::new(Shelf::new(credential, held.clone())),
        };
        let issuer = Box::new(provider.issuer(name).map_err(Stop::environment)?);
        let keeping = Keeping { store: Ok(store), issuer: Ok(issuer), held: Some(held), key_id: None };
        // Providers that share a credential have one issuer, the first's.
        keepings.entry(credential.to_owned()).or_insert(keeping);
    }
    Ok(keepings)
}
