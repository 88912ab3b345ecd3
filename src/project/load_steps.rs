//! `steps:` of the traffic: a rate that climbs while the primary is broken.

use super::document::SourceDocument;
use super::finding::Finding;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use crate::model::{DrillPlan, LoadSteps, NamedWorkload, STEP_MIN, Timeline};
use crate::units::{Duration, Rate};

/// More steps than anybody waits for.
const STEPS_MAX: usize = 50;

/// `{peak: 40/s, called: Tuesday's peak, shares: [40%, 60%, 80%], each: 10s, after: 15s}`. When it begins from the traffic's start is for
/// [`begins`] to say.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<LoadSteps> {
    let fields = reader.fields(node, "load in steps")?;
    let peak = fields.required("peak", &|reader, node| reader.quantity::<Rate>(node));
    let called = fields.optional("called", &|reader, node| reader.words(node)).unwrap_or_default();
    let shares = fields.required("shares", &shares);
    let each = fields.required("each", &|reader, node| reader.time(node));
    let after = fields.required("after", &|reader, node| reader.time(node));
    fields.finish();
    let (peak, shares) = peak.zip(shares)?;
    let rates = shares.into_iter().map(|share| Rate::per_second(rounded(peak.as_per_second() * share))).collect::<Option<Vec<_>>>()?;
    Some(LoadSteps { peak, called, rates, each: each?, after: after?, begins: Duration::ZERO })
}

/// To a millionth, so that 55 % of 100/s is 55/s.
fn rounded(rate: f64) -> f64 {
    (rate * 1e6).round() / 1e6
}

/// Ascending shares of the peak: `[20%, 60%, 120%]`.
fn shares(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<f64>> {
    let NodeKind::List(items) = &node.kind else {
        reader.error(node.spot, "the shares of the steps are a list", "write for example `[40%, 60%, 80%, 100%]`");
        return None;
    };
    if items.len() > STEPS_MAX {
        reader.error(node.spot, format!("a climb has at most {STEPS_MAX} steps"), "make the steps larger");
        return None;
    }
    let shares = reader.list(node, &|reader, node| Some(share(reader, node)))?.into_iter().collect::<Option<Vec<f64>>>()?;
    if let Some(place) = shares.windows(2).position(|pair| pair[1] <= pair[0]) {
        reader.error(items[place + 1].spot, "this step is no higher than the one before it", "write the shares in ascending order");
        return None;
    }
    Some(shares)
}

fn share(reader: &TreeReader<'_>, node: &Node) -> Option<f64> {
    let text = reader.text(node)?;
    let share = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok()).filter(|share| (0.1..=1000.0).contains(share));
    if share.is_none() {
        reader.error(node.spot, format!("`{text}` is not a share of the peak"), "write a percentage from `0.1%` to `1000%`");
    }
    share.map(|share| share / 100.0)
}

/// When a climb begins, from the start of the traffic, and that what else changes the rate does not stand beside it.
pub(super) fn begins(steps: &mut LoadSteps, timeline: &Timeline) {
    steps.begins = timeline.baseline.plus(steps.after);
}

/// What ails a climb, and an objective that needs one.
pub(super) fn sums(document: &SourceDocument, plan: &DrillPlan, named: &NamedWorkload, path: &[&str]) -> Vec<Finding> {
    let at = |key: &'static str| path.iter().copied().chain(["steps", key]).collect::<Vec<_>>();
    let objectives = &named.objectives;
    let Some(steps) = &named.workload.steps else {
        let places = [&["objectives", "capacity"][..], &[path, &["objectives", "capacity"]].concat()[..]].map(<[&str]>::to_vec);
        let stated = places.into_iter().find(|place| document.has(place));
        let hint = "add `steps: {peak: 40/s, shares: [40%, 60%, 80%], each: 10s, after: 30s}` to the traffic";
        return stated
            .map(|place| document.error(&place, "a capacity is judged of traffic that climbs in steps", hint))
            .into_iter()
            .collect();
    };
    if !document.sound(&at("each")) || !document.sound(&["timeline"]) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let before = objectives.rto.plus(objectives.hold);
    if steps.after < before {
        let message = format!(
            "the climb begins {} after the fault, before the RTO of {} and the hold of {} are over",
            steps.after, objectives.rto, objectives.hold
        );
        found.push(document.error(&at("after"), message, format!("write `after: {}` or longer", before.typed())));
    }
    let (needed, lasts) = (steps.ends().plus(objectives.hold), plan.scenario.timeline.disruption());
    if lasts < needed {
        let message = format!(
            "the climb ends {} after the fault, and the faults last {lasts}: that leaves no hold of {} to see the standby recover",
            steps.ends(),
            objectives.hold
        );
        found.push(document.error(&at("each"), message, format!("let the fault last `for: {}` or longer", needed.typed())));
    }
    let least = objectives.slo.times(2);
    let requests = steps.rates.first().map_or(0.0, |rate| rate.as_per_second()) * steps.each.as_secs_f64() / 2.0;
    if steps.each <= least {
        let message = format!("a step of {} is too short for answers that may take {}", steps.each, objectives.slo);
        found.push(document.error(&at("each"), message, format!("write more than `each: {}`", least.typed())));
    } else if requests < STEP_MIN as f64 {
        let message = format!("the later half of the first step has {requests:.0} requests, and {STEP_MIN} are needed to say anything");
        found.push(document.error(&at("each"), message, "write longer steps, or begin with a larger share"));
    }
    let highest = steps.rates.last().map_or(0.0, |rate| steps.share(*rate));
    if let Some(capacity) = objectives.capacity.filter(|capacity| capacity.get() > highest * (1.0 + 1e-9)) {
        let message = format!("the steps end below the {capacity} that were promised, so that it can never be met");
        found.push(document.error(&at("shares"), message, format!("let the last share be `{capacity}` or more")));
    }
    found
}
