//! Scenarios: what goes wrong, what observes it, what was promised.

use super::document::Document;
use super::finding::Finding;
use super::reader::Reader;
use super::tree::Node;
use super::{fault, objective};
use crate::model::{Aim, Arrivals, Fault, Guard, Objectives, PlannedFault, RequestKind, Scenario, Timeline, Workload};
use crate::units::{Duration, Rate, Ratio};

/// A scenario as it was read, and what the model does not keep.
#[derive(Debug, Clone)]
pub(super) struct ScenarioFile {
    pub(super) document: Document,
    /// With placeholders where the document has errors.
    pub(super) scenario: Scenario,
    /// The places of the faults in the file, in the order of `scenario.timeline.faults`.
    pub(super) order: Vec<String>,
    /// False where `max_in_flight` is to be derived from rate and deadline.
    pub(super) bound_given: bool,
}

/// Reads a scenario; only findings where there is nothing to read.
pub(super) fn read(mut document: Document) -> Result<ScenarioFile, Vec<Finding>> {
    let reader = Reader::new(&document.source);
    let whole = document.root.as_ref().and_then(|root| whole(&reader, root));
    let found = reader.into_findings();
    document.findings.extend(found);
    match whole {
        Some((scenario, order, bound_given)) => Ok(ScenarioFile { document, scenario, order, bound_given }),
        None => Err(document.findings),
    }
}

fn whole(reader: &Reader<'_>, root: &Node) -> Option<(Scenario, Vec<String>, bool)> {
    let fields = reader.fields(root, "a scenario")?;
    fields.version();
    let name = fields.required("scenario", &|reader, node| reader.name(node)).unwrap_or_default();
    let title = fields.optional("title", &|reader, node| reader.words(node)).unwrap_or_else(|| name.clone());
    let service = fields.required("service", &|reader, node| reader.name(node)).unwrap_or_default();
    let runbook = fields.optional("runbook", &|reader, node| reader.words(node));
    let traffic = fields.required("traffic", &traffic);
    let (timeline, order) = fields
        .required("timeline", &timeline)
        .unwrap_or_else(|| (Timeline { baseline: Duration::ZERO, faults: Vec::new(), watch: Duration::ZERO }, Vec::new()));
    let objectives = fields.optional("objectives", &objective::read).unwrap_or_else(Objectives::default);
    let abort_when = fields.optional("abort_when", &guard).flatten();
    fields.finish();
    let bound_given = traffic.is_some_and(|(_, given)| given);
    let usual = Workload { rate: Rate::per_second(1.0)?, arrivals: Arrivals::Jittered, request: RequestKind::Chat, max_in_flight: 1 };
    let traffic = traffic.map_or(usual, |(traffic, _)| traffic);
    Some((Scenario { name, title, service, runbook, traffic, timeline, objectives, abort_when }, order, bound_given))
}

fn traffic(reader: &Reader<'_>, node: &Node) -> Option<(Workload, bool)> {
    let fields = reader.fields(node, "a traffic")?;
    let rate = fields.required("rate", &|reader, node| reader.quantity::<Rate>(node));
    let arrivals = fields.optional("arrivals", &|reader, node| reader.word(node, Arrivals::WORDS, Arrivals::from_word));
    let request = fields.optional("request", &|reader, node| reader.word(node, RequestKind::WORDS, RequestKind::from_word));
    let max_in_flight = fields.optional("max_in_flight", &|reader, node| reader.count(node, 1));
    fields.finish();
    let workload = Workload {
        rate: rate.or_else(|| Rate::per_second(1.0))?,
        arrivals: arrivals.unwrap_or(Arrivals::Jittered),
        request: request.unwrap_or(RequestKind::Chat),
        max_in_flight: max_in_flight.unwrap_or(1),
    };
    Some((workload, max_in_flight.is_some()))
}

fn timeline(reader: &Reader<'_>, node: &Node) -> Option<(Timeline, Vec<String>)> {
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

fn planned(reader: &Reader<'_>, node: &Node) -> Option<PlannedFault> {
    let fields = reader.fields(node, "a fault on the timeline")?;
    let at = fields.optional("at", &|reader, node| reader.quantity::<Duration>(node)).unwrap_or(Duration::ZERO);
    let on = fields.required("on", &|reader, node| reader.name(node)).unwrap_or_default();
    let (fault, aim) = fields.required("fault", &fault::read).unwrap_or((Fault::Blackhole, Aim::default()));
    let length = fields.required("for", &|reader, node| reader.time(node)).unwrap_or(Duration::ZERO);
    fields.finish();
    Some(PlannedFault { at, on, fault, aim, length })
}

fn guard(reader: &Reader<'_>, node: &Node) -> Option<Option<Guard>> {
    let fields = reader.fields(node, "a guard")?;
    let success_below = fields.required("success_below", &|reader, node| reader.quantity::<Ratio>(node));
    let length = fields.required("for", &|reader, node| reader.time(node));
    fields.finish();
    Some(success_below.zip(length).map(|(success_below, length)| Guard { success_below, length }))
}
