//! Where a drill comes from: what its manifest says besides what stands in its folder, noted while it is true.
//!
//! The copies of its inputs are made before anything is broken, so that a drill that is killed has them too.

use super::plan_hash::plan_hash;
use crate::evidence::{ClockReading, InputFile, ManifestError, ManifestFacts, StartedFiles, inputs, manifest};
use crate::host;
use crate::model::{DrillPlan, ReadFile, SecretSource};
use crate::redact::Redactor;
use crate::secret::{SecretContext, learn};
use crate::verdict::record::RepeatsRecord;
use std::collections::BTreeSet;
use std::path::Path;

/// What a run's manifest will say.
#[derive(Debug)]
pub(super) struct Provenance {
    drill: String,
    began: ClockReading,
    plan_sha256: String,
    inputs: Vec<InputFile>,
}

impl Provenance {
    /// Of a drill that is about to begin; copies what it was read from into its folder.
    pub(super) fn of_drill(
        folder: &Path,
        id: &str,
        plan: &DrillPlan,
        files: &[ReadFile],
        root: &Path,
        secrets: &BTreeSet<SecretSource>,
    ) -> std::io::Result<Self> {
        let redactor = Redactor::default();
        let sources = SecretSource::of_drill(plan).union(secrets).cloned().collect();
        learn(&sources, SecretContext { stores: &plan.stores, root }, &redactor, &mut Vec::new());
        let started = StartedFiles::of(plan, root);
        let inputs = inputs::keep(folder, files, &started, &redactor)?;
        Ok(Self { drill: id.to_owned(), began: ClockReading::now(), plan_sha256: plan_hash(plan), inputs })
    }

    /// Of several drills of one scenario, each of which has its own.
    pub(super) fn of_series(record: &RepeatsRecord) -> Self {
        let (drill, plan_sha256) = (record.campaign.clone(), record.configuration_sha256.clone());
        Self { drill, began: ClockReading::now(), plan_sha256, inputs: Vec::new() }
    }

    /// Makes the manifest, when everything else is written.
    pub(super) fn write_manifest(self, folder: &Path) -> Result<(), ManifestError> {
        let Self { drill, began, plan_sha256, inputs } = self;
        let (host, user, clock) = (host::host_name(), Some(host::user()), began.state());
        let facts = ManifestFacts { drill, host, user, clock, plan_sha256: Some(plan_sha256), inputs };
        manifest::make(folder, facts).map(|_| ())
    }
}
