//! Series of the team's own that a report shows beside a drill:
//!
//! ```yaml
//! overlay:
//!   - {promql: "histogram_quantile(0.95, …)", as: checkout p95, unit: s}       # from the environment's `prometheus:`
//!   - {prometheus: "https://prometheus.example", promql: "up", as: up}
//!   - {csv: monitoring/orders.csv, time: time, value: orders, as: orders a minute}
//! ```
//!
//! What this file does not do: ask a Prometheus, or read a CSV. A drill does, once its traffic has ended.

use super::finding::Finding;
use super::inside::{self, NamedFile};
use super::opened_project::{Project, ScenarioWithRunbook};
use super::reader::TreeReader;
use super::tree::Node;
use super::variable;
use crate::model::{DrillPlan, OVERLAYS_MAX, Overlay, OverlaySource};

/// What stands for the address of the environment's Prometheus.
const OF_ENVIRONMENT: &str = "${prometheus.url}";

/// Reads a scenario's.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<Overlay>> {
    let overlays = reader.list(node, &series)?;
    if overlays.len() > OVERLAYS_MAX {
        reader.error(node.spot, format!("more than {OVERLAYS_MAX} series are more than a picture can show"), "keep those that tell most");
    }
    Some(overlays)
}

fn series(reader: &TreeReader<'_>, node: &Node) -> Option<Overlay> {
    let fields = reader.fields(node, "a series")?;
    fields.looks_like("{promql: \"sum(rate(orders_total[1m]))\", as: orders}");
    let name = fields.required("as", &|reader, node| reader.words(node));
    let unit = fields.optional("unit", &|reader, node| reader.words(node));
    let from = if fields.exactly_one(&["promql", "csv"])? == "promql" {
        let url = fields.optional("prometheus", &|reader, node| reader.url(node));
        let promql = fields.required("promql", &|reader, node| reader.words(node));
        promql.map(|promql| OverlaySource::Prometheus { url: url.unwrap_or_else(|| OF_ENVIRONMENT.into()), promql })
    } else {
        let text = |name| fields.required(name, &|reader, node| reader.words(node));
        let (path, time, value) = (text("csv"), text("time"), text("value"));
        (|| Some(OverlaySource::Csv { path: path?, time: time?, value: value? }))()
    };
    fields.finish();
    Some(Overlay { name: name?, unit, from: from? })
}

/// Variables that there are not, and files that lie elsewhere.
pub(super) fn names(project: &Project, story: &ScenarioWithRunbook) -> Vec<Finding> {
    let document = &story.scenario.document;
    let mut found = variable::unknown_in(document, &["overlay"], &variable::KnownNames::outside(&project.inventory.providers));
    for (place, overlay) in story.scenario.scenario.overlays.iter().enumerate() {
        let OverlaySource::Csv { path, .. } = &overlay.from else { continue };
        let named = inside::named(&project.root, path);
        // What is not there yet may be written while the drill runs.
        if !matches!(named, NamedFile::Absent)
            && let Some((message, hint)) = inside::wrong(&named, "series", path)
        {
            found.push(document.error(&["overlay", &place.to_string(), "csv"], message, hint));
        }
    }
    found
}

/// Series of a Prometheus that the environment does not name.
pub(super) fn here(story: &ScenarioWithRunbook, plan: &DrillPlan) -> Option<Finding> {
    let asks = |overlay: &Overlay| matches!(&overlay.from, OverlaySource::Prometheus { url, .. } if url.contains(OF_ENVIRONMENT));
    let place = plan.scenario.overlays.iter().position(asks).filter(|_| plan.environment.prometheus.is_none())?;
    let message = format!("the environment `{}` names no Prometheus, so this series will not be in the report", plan.environment_name);
    let hint = "write `prometheus: URL` in the environment, or beside `promql:`";
    Some(story.scenario.document.error(&["overlay", &place.to_string()], message, hint).warning())
}
