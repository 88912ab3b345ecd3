//! Who keeps and who makes the credentials of a drill: the lab, the inventory's stores, real issuers.

use super::DrillStop;
use super::names::ResolvedNames;
use super::rig::RigSite;
use crate::history::{Event, Remark, RemarkAbout};
use crate::journal::Recorder;
use crate::lab::{Shelf, SimulatedProvider};
use crate::model::{Action, CredentialSource, DrillPlan, KeySource};
use crate::redact::Redactor;
use crate::secret::{self, RestoringStore, Store, Unread};
use crate::step::{CredentialBackend, Keyring, declared};
use crate::units::explained;
use std::collections::BTreeMap;
use std::sync::Arc;

/// True where a drill has to do with keys at all.
pub(super) fn rotates(plan: &DrillPlan) -> bool {
    let steps = plan.runbook.iter().flat_map(|runbook| &runbook.steps);
    plan.scenario.timeline.faults.iter().any(|planned| planned.fault.of_credential().is_some())
        || steps.into_iter().any(|step| matches!(step.action, Action::Rotate(_)))
}

/// What nobody here can read is not taken out of what programs print: the history says so, and a drill that needs the key does not begin.
pub(super) async fn tell_unread(plan: &DrillPlan, unread: &[Unread], recorder: &Recorder) -> Result<(), DrillStop> {
    for Unread { whose, why, .. } in unread {
        let text = format!("{whose} cannot be read, so it cannot be recognized and hidden in output: {why}");
        recorder.record(Event::Remark(Remark { about: RemarkAbout::Redaction, text })).await;
    }
    let needed = plan.rotated();
    match unread.iter().find(|unread| needed.contains(unread.whose.as_str())) {
        Some(unread) => {
            let why = explained(unread);
            Err(DrillStop::environment_of(format!("this drill needs {}, which cannot be read: {why}", unread.whose)))
        }
        None => Ok(()),
    }
}

/// What a drill in the lab wrote into the inventory's stores is put back as it was found, and the history says how that went. Where it could
/// not be, its file is left in the drill's folder, and whoever began the drill is told (`crate::secret::left_in`).
pub(super) async fn put_back(kept: &[Arc<RestoringStore>], recorder: &Recorder, redactor: &Redactor) {
    for store in kept {
        let text = match store.put_back().await {
            Ok(false) => continue,
            Ok(true) => format!("the store {} was restored to what it held before the drill", store.place()),
            Err(error) => {
                let problem = redactor.redact(&error.to_string());
                format!("the store {} could not be restored: {}", store.place(), problem.split("\n\n").next().unwrap_or_default())
            }
        };
        recorder.record(Event::Remark(Remark { about: RemarkAbout::Store, text })).await;
    }
}

/// The credentials of a drill. The lab's providers, in the order of the plan's, make the keys that they take. With them the stores of the
/// inventory that the lab writes into.
pub(super) fn keyring(
    site: &RigSite<'_>,
    names: &ResolvedNames,
    simulated: &[SimulatedProvider],
) -> Result<(Keyring, Vec<Arc<RestoringStore>>), DrillStop> {
    let plan = site.plan;
    let mut kept = Vec::new();
    let keepings = if plan.environment.embedded {
        lab(site, names, simulated, &mut kept)?
    } else {
        declared(&plan.credentials, &plan.providers, &plan.stores, site.root)
    };
    let keyring = Keyring::new(keepings, plan.stores.clone(), site.root.to_owned(), site.recorder.clone(), names.redactor().clone());
    Ok((keyring, kept))
}

fn lab(
    site: &RigSite<'_>,
    names: &ResolvedNames,
    simulated: &[SimulatedProvider],
    kept: &mut Vec<Arc<RestoringStore>>,
) -> Result<BTreeMap<String, CredentialBackend>, DrillStop> {
    let plan = site.plan;
    let mut keepings = BTreeMap::new();
    for (name, provider) in plan.providers.keys().zip(simulated) {
        let (credential, held) = (plan.credential_of(name), names.key(name));
        let source = plan.credentials.get(credential).map(|credential| &credential.from);
        let store: Arc<dyn Store> = match source.filter(|_| plan.environment.keys == KeySource::Stores) {
            Some(source) => {
                if let Some(why) = names.unheld(name) {
                    return Err(DrillStop::environment_of(why));
                }
                if held.is_empty() {
                    let environment = &plan.environment_name;
                    let detail = format!("{source} holds no key, and the lab of `{environment}` takes what is current there");
                    let hint = "write any key of 8 letters or more there, or take `keys: stores` away";
                    return Err(DrillStop::environment(detail).with_hint(hint));
                }
                kept_store(source, site, &held, kept)?
            }
            None if plan.environment.keys == KeySource::Sealed => Arc::new(Shelf::sealed(credential, held.clone())),
            None => Arc::new(Shelf::new(credential, held.clone())),
        };
        let issuer = Box::new(provider.issuer(name).map_err(DrillStop::environment_error)?);
        let keeping = CredentialBackend { store: Ok(store), issuer: Ok(issuer), held: Some(held), key_id: None };
        // Providers that share a credential have one issuer, the first's.
        keepings.entry(credential.to_owned()).or_insert(keeping);
    }
    Ok(keepings)
}

/// Providers may share a store, which is kept once.
fn kept_store(
    source: &CredentialSource,
    site: &RigSite<'_>,
    held: &crate::units::Secret,
    kept: &mut Vec<Arc<RestoringStore>>,
) -> Result<Arc<dyn Store>, DrillStop> {
    if let Some(known) = kept.iter().find(|known| known.place() == source.to_string()) {
        return Ok(known.clone());
    }
    let place = secret::SecretContext { stores: &site.plan.stores, root: site.root };
    let store = Arc::new(RestoringStore::new(source, place, held, site.folder, kept.len() + 1).map_err(DrillStop::environment_error)?);
    kept.push(store.clone());
    Ok(store)
}
