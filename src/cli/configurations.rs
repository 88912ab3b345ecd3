//! What `lifeboat check` says of gateways' configurations: those that cannot be read, and those by which a cutover can take longer than was
//! promised.
//!
//! What this file does not do: reckon (`gateway`).

use crate::gateway::{FailureShape, GatewaySetup, expected, mending, predict, read};
use crate::model::{GatewayConfiguration, Inventory, Prediction, Service, SloOn};
use crate::project::{Finding, Project};
use crate::units::Duration;
use std::path::Path;

/// Requests a second that are reckoned with where no scenario says how many there are.
const RATE: f64 = 10.0;

/// What was found, environment by environment; the same of one file is told once.
pub(super) fn findings(root: &Path) -> Vec<Finding> {
    let (project, _) = Project::open(root);
    let mut found: Vec<Finding> = Vec::new();
    for (name, environment) in &project.inventory.environments {
        let Some(configuration) = &environment.configuration else { continue };
        let Some((text, _)) = Project::text(root, &configuration.file) else { continue };
        let more = match read(configuration.kind, &text) {
            Ok(setup) => of_setup(&project.inventory, name, configuration, &setup, &text),
            Err(problem) => {
                let hint =
                    problem.hint.clone().unwrap_or_else(|| format!("see that it is what {} is started with", configuration.kind.name()));
                vec![Finding::unreadable_configuration(&configuration.file, &problem.message, hint)]
            }
        };
        for finding in more {
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
    found
}

/// The services of an environment for which its gateway may be too slow.
fn of_setup(inventory: &Inventory, environment: &str, of: &GatewayConfiguration, setup: &GatewaySetup, text: &str) -> Vec<Finding> {
    let bound = inventory.environments.get(environment).map(|environment| &environment.services);
    let services = inventory.services.iter().filter(|(name, _)| bound.is_none_or(|bound| bound.is_empty() || bound.contains_key(*name)));
    services.filter_map(|(name, service)| slow(name, service, of, setup, text)).collect()
}

/// The worst way in which its first provider can fail, where that takes longer than was promised.
fn slow(name: &str, service: &Service, of: &GatewayConfiguration, setup: &GatewaySetup, text: &str) -> Option<Finding> {
    let rto = service.objectives.rto?;
    let objectives = service.objectives.clone().resolved();
    let told = expected(&objectives, RATE, objectives.slo_on == SloOn::Proof);
    // Of several that are as bad the first of them.
    let each = FailureShape::USUAL.into_iter().rev().map(|shape| (shape, predict(setup, shape, &told)));
    let (shape, mut worst) = each.max_by_key(|(_, prediction)| prediction.cutover.map_or(u64::MAX, Duration::as_nanos))?;
    if worst.cutover.is_some_and(|cutover| cutover <= rto) {
        return None;
    }
    // What mends it is what brings it within the objective, where anything does.
    if let Some((changes, then)) = mending(setup, shape, &told, Some(rto)) {
        (worst.changes, worst.then) = (changes, then);
    }
    let message = format!("after {} a cutover of `{name}` takes {}, and {rto} are promised: {}", worst.shape, worst.told(), worst.because);
    Some(Finding::of_configuration(&of.file, text, line(&worst), message, hint(&worst, rto)))
}

/// Where to look: the setting that would mend it, else the first that is said.
fn line(worst: &Prediction) -> usize {
    let changed = worst.changes.iter().find_map(|change| change.line);
    changed.or_else(|| worst.terms.iter().find_map(|term| term.line)).map_or(0, |line| line as usize)
}

fn hint(worst: &Prediction, rto: Duration) -> String {
    match worst.change().zip(worst.then) {
        Some((change, then)) if then <= rto => format!("{change}: at most {then} then"),
        Some((change, then)) => format!("{change}: at most {then} then, which is still longer; see `lifeboat help predict`"),
        None => "no single setting of it mends this; see `lifeboat help predict`".to_owned(),
    }
}
