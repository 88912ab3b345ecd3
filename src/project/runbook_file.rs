//! A runbook as it was read, and where each of its steps stands, so that what is wrong with a step is said at its place.

use super::document::SourceDocument;
use super::finding::Finding;
use super::parameter::Parameter;
use crate::expression::ExpressionProblem;
use crate::model::{Action, Runbook, SourceFile};
use std::collections::{BTreeMap, BTreeSet};

/// A runbook as it was read.
#[derive(Debug, Clone)]
pub(super) struct RunbookFile {
    pub(super) document: SourceDocument,
    /// With placeholders where the document has errors.
    pub(super) runbook: Runbook,
    /// The documents of the runbooks that it includes, each as often as it is included.
    pub(super) included: Vec<SourceDocument>,
    /// The files of those, each as often as it is included.
    pub(super) sources: Vec<SourceFile>,
    /// Where each step stands.
    pub(super) places: Vec<StepLocation>,
    /// Parameters that have no value of their own.
    pub(super) open: BTreeSet<String>,
    /// What it may be told.
    pub(super) parameters: BTreeMap<String, Parameter>,
}

/// Where a step is written: in which document, and at which path in it.
#[derive(Debug, Clone)]
pub(super) struct StepLocation {
    /// 0 for the runbook's own, else one more than its place among the included.
    pub(super) document: usize,
    pub(super) path: Vec<String>,
}

impl RunbookFile {
    /// An error at a value of a step, in the file where the step stands.
    pub(super) fn error(&self, step: usize, keys: &[&str], message: impl AsRef<str>, hint: impl AsRef<str>) -> Finding {
        let (document, path) = self.at(step, keys);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        document.error(&path, message, hint)
    }

    /// On which line, from 1, a step begins, and in which of the included files; `None` for the runbook's own.
    pub(super) fn line_of(&self, step: usize) -> (Option<usize>, usize) {
        let (document, path) = self.at(step, &[]);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        (self.places[step].document.checked_sub(1), document.spot(&path).line)
    }

    /// An error at some characters of a step's value.
    pub(super) fn error_in(&self, step: usize, keys: &[&str], value: &str, problem: ExpressionProblem) -> Finding {
        let (document, path) = self.at(step, keys);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let spot = document.root.as_ref().and_then(|root| root.at(&path)).map(|node| node.spot).unwrap_or_default();
        document.source.error(document.source.within(spot, value, problem.place), problem.message, problem.hint)
    }

    /// True where a step's value is written.
    pub(super) fn has(&self, step: usize, keys: &[&str]) -> bool {
        let (document, path) = self.at(step, keys);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        document.has(&path)
    }

    fn at(&self, step: usize, keys: &[&str]) -> (&SourceDocument, Vec<String>) {
        let place = &self.places[step];
        let document = place.document.checked_sub(1).and_then(|index| self.included.get(index)).unwrap_or(&self.document);
        (document, place.path.iter().cloned().chain(keys.iter().map(|key| (*key).to_owned())).collect())
    }

    /// Steps that wait for what only a drill's traffic can show.
    pub(super) fn without_traffic(&self) -> Vec<Finding> {
        let message = "this looks at a drill's traffic, and outside a drill there is none";
        let hint = "name what counts there: `outside: {request: {to: \"${service.url}/models\"}, succeeds: 3 in a row}`";
        let blind = self.blind_outside().into_iter();
        blind.map(|(place, key)| self.error(place, &[key], message, hint)).collect()
    }

    /// Why it can be drilled and not be walked for real; `None` where it can.
    pub(super) fn only_for_drills(&self) -> Option<String> {
        let blind: Vec<&str> = self.blind_outside().into_iter().map(|(place, _)| self.runbook.steps[place].name.as_str()).collect();
        let looks = match *blind.first()? {
            only if blind.len() == 1 => format!("the step `{only}` looks at a drill's traffic"),
            first => format!("`{first}` and {} look at a drill's traffic", crate::units::counted(blind.len() as u64 - 1, "more step")),
        };
        let path = &self.document.source.path;
        Some(format!("{path} can be drilled and not be executed: {looks}; `outside: {{…}}` beside it names what counts without"))
    }

    /// Steps that see something only in a drill, each with its key.
    fn blind_outside(&self) -> Vec<(usize, &'static str)> {
        let blind = |action: &Action| match action {
            Action::WaitUntil(condition) => condition.here(false).looks_at_traffic(),
            Action::Canary(canary) => canary.outside.is_none(),
            _ => false,
        };
        let steps = self.runbook.steps.iter().enumerate();
        steps.filter(|(_, step)| blind(&step.action)).map(|(place, step)| (place, step.action.word())).collect()
    }

    /// An alert that it waits for outside a drill, where nobody listens for one: an error at the step.
    pub(super) fn unheard(&self, environment: Option<&str>, listens: bool) -> Vec<Finding> {
        if listens {
            return Vec::new();
        }
        let (whose, hint) = match environment {
            Some(name) => (
                format!("the environment `{name}` listens for none"),
                "add `alerts: {listen: \"127.0.0.1:9099\"}` to the environment, and let your monitoring post there",
            ),
            None => ("no environment was named".to_owned(), "name one that listens for alerts with `--env NAME`"),
        };
        let steps = self.runbook.steps.iter().enumerate();
        let awaited = steps.filter_map(|(place, step)| Some((place, step.action.alert_outside()?, step.action.word())));
        awaited
            .map(|(place, alert, key)| self.error(place, &[key], format!("this waits for the alert `{alert}`, and {whose}"), hint))
            .collect()
    }

    /// Parameters without a value, which only whoever includes this runbook can give.
    pub(super) fn unfilled(&self) -> Option<Finding> {
        let name = self.open.first()?;
        let message = format!("the parameter `{name}` has no value");
        Some(self.document.error(
            &["parameters", name],
            message,
            format!("write `{name}: …`, or include this runbook `with: {{{name}: …}}`"),
        ))
    }
}
