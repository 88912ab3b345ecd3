//! Scenarios: what goes wrong, what observes it, what was promised.

use super::document::SourceDocument;
use super::finding::Finding;
use super::reader::TreeReader;
use super::shape::{self, FileKind};
use super::tree::Node;
use super::workload::{self, RawWorkload};
use super::{fault, guard, load_steps, objective, overlay, parity};
use crate::fault::Blackhole;
use crate::model::{Aim, KeptTexts, ParityProbe, PlannedFault, Scenario, Timeline};
use crate::units::Duration;

/// A scenario as it was read, and what the model does not keep.
#[derive(Debug, Clone)]
pub(super) struct ScenarioFile {
    pub(super) document: SourceDocument,
    /// With placeholders where the document has errors.
    pub(super) scenario: Scenario,
    /// The places of the faults in the file, in the order of `scenario.timeline.faults`.
    pub(super) order: Vec<String>,
    /// The workloads; never empty.
    pub(super) workloads: Vec<RawWorkload>,
    /// Requests of which primary and standby must decide alike; none where those of the service are asked.
    pub(super) parity: Vec<ParityProbe>,
    /// What is kept of the team's own texts, where the scenario says so.
    pub(super) keep: Option<KeptTexts>,
}

/// What stands in a scenario beside what the model has of it.
type Beside = (Vec<String>, Vec<RawWorkload>, Vec<ParityProbe>, Option<KeptTexts>);

/// Reads a scenario; only findings where there is nothing to read.
pub(super) fn read(mut document: SourceDocument) -> Result<ScenarioFile, Vec<Finding>> {
    if let Some(finding) = shape::mixed_up(&document, FileKind::Scenario) {
        return Err(vec![finding]);
    }
    let reader = TreeReader::new(&document.source);
    let whole = document.root.as_ref().and_then(|root| whole(&reader, root));
    let found = reader.into_parts();
    document.add(found);
    match whole {
        Some((scenario, (order, workloads, parity, keep))) => Ok(ScenarioFile { document, scenario, order, workloads, parity, keep }),
        None => Err(document.findings),
    }
}

fn whole(reader: &TreeReader<'_>, root: &Node) -> Option<(Scenario, Beside)> {
    let fields = reader.fields(root, "a scenario")?;
    fields.version();
    let name = fields.required("scenario", &|reader, node| reader.name(node)).unwrap_or_default();
    let title = fields.optional("title", &|reader, node| reader.words(node)).unwrap_or_else(|| name.clone());
    let service = fields.required("service", &|reader, node| reader.name(node)).unwrap_or_default();
    // Said in words where it is meant that nobody answers, though the service names a runbook.
    let runbook = fields.optional("runbook", &|reader, node| reader.words(node)).filter(|runbook| runbook != "none");
    let workloads = fields.required("traffic", &workload::traffic);
    let (timeline, order) = fields
        .required("timeline", &timeline)
        .unwrap_or_else(|| (Timeline { baseline: Duration::ZERO, faults: Vec::new(), watch: Duration::ZERO }, Vec::new()));
    let objectives = fields.optional("objectives", &objective::read).unwrap_or_default();
    let abort_when = fields.optional("abort_when", &guard::read).unwrap_or_default();
    let overlays = fields.optional("overlay", &overlay::read).unwrap_or_default();
    let parity = fields.optional("parity", &parity::read).unwrap_or_default();
    let keep = fields.optional("keep", &parity::keep);
    fields.finish();
    let mut workloads = workloads.map_or_else(|| RawWorkload::placeholder().map(|told| vec![told]), Some)?;
    let climbs = workloads.iter_mut().filter_map(|told| told.workload.steps.as_mut());
    climbs.for_each(|steps| load_steps::begins(steps, &timeline));
    let scenario = Scenario { name, title, service, runbook, timeline, objectives, abort_when, overlays };
    Some((scenario, (order, workloads, parity, keep)))
}

fn timeline(reader: &TreeReader<'_>, node: &Node) -> Option<(Timeline, Vec<String>)> {
    let fields = reader.fields(node, "a timeline")?;
    let baseline = fields.optional("baseline", &|reader, node| reader.quantity::<Duration>(node)).unwrap_or(Duration::ZERO);
    let watch = fields.optional("watch", &|reader, node| reader.quantity::<Duration>(node)).unwrap_or(Duration::ZERO);
    // Every item is kept, so that a place in this list is a place in the file.
    let faults =
        fields.required("faults", &|reader, node| reader.list(node, &|reader, node| Some(planned(reader, node)))).unwrap_or_default();
    fields.finish();
    let mut placed: Vec<(String, PlannedFault)> =
        faults.into_iter().enumerate().filter_map(|(index, fault)| Some((index.to_string(), fault?))).collect();
    placed.sort_by_key(|(_, fault)| fault.at);
    let (order, faults) = placed.into_iter().unzip();
    Some((Timeline { baseline, faults, watch }, order))
}

fn planned(reader: &TreeReader<'_>, node: &Node) -> Option<PlannedFault> {
    let fields = reader.fields(node, "a fault on the timeline")?;
    let at = fields.optional("at", &|reader, node| reader.quantity::<Duration>(node)).unwrap_or(Duration::ZERO);
    let on = fields.required("on", &|reader, node| reader.name(node)).unwrap_or_default();
    let (fault, aim) = fields.required("fault", &fault::read).unwrap_or_else(|| (Blackhole.into(), Aim::default()));
    let length = fields.required("for", &|reader, node| reader.time(node)).unwrap_or(Duration::ZERO);
    fields.finish();
    Some(PlannedFault { at, on, fault, aim, length })
}
