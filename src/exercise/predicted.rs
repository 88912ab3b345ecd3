//! What the gateway's configuration lets expect of a drill, stated before it begins.
//!
//! What this file does not do: reckon (`gateway`). A configuration that cannot be read is `check`'s to tell; a drill without a prediction is a
//! drill all the same.

use crate::gateway::{expected_of, of_reference, predict, read, shape_of};
use crate::model::{DrillPlan, GatewayKind, Prediction};
use crate::project::Project;
use std::path::Path;

/// By the file that the environment names.
pub(super) fn by_configuration(plan: &DrillPlan, root: &Path) -> Option<Prediction> {
    let named = plan.environment.configuration.as_ref()?;
    let (provider, shape) = broken(plan)?;
    let (text, _) = Project::text(root, &named.file)?;
    let setup = read(named.kind, &text).ok()?;
    let prediction = predict(&setup, shape, &expected_of(plan.workloads.leading()));
    Some(Prediction { file: Some(named.file.clone()), provider, ..prediction })
}

/// By the settings of the reference gateway, where it is what users ask.
pub(super) fn by_settings(plan: &DrillPlan) -> Option<Prediction> {
    let leading = plan.workloads.leading();
    if plan.environment.gateway_of(&leading.service_name) != Some(GatewayKind::Reference) {
        return None;
    }
    let (provider, shape) = broken(plan)?;
    let prediction = predict(&of_reference(&plan.environment.gateway, &leading.service), shape, &expected_of(leading));
    Some(Prediction { provider, ..prediction })
}

/// The primary that the first fault breaks, and how that looks to a gateway.
fn broken(plan: &DrillPlan) -> Option<(String, crate::gateway::FailureShape)> {
    let first = plan.scenario.timeline.faults.iter().min_by_key(|fault| fault.at)?;
    let is_primary = plan.workloads.leading().service.primaries().contains(&first.on);
    is_primary.then(|| shape_of(&first.fault)).flatten().map(|shape| (first.on.clone(), shape))
}
