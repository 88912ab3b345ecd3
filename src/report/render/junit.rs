//! A report as JUnit's XML, which continuous integration reads: a suite for each workload, a case for each objective.
//!
//! Missed is a failure. What nobody can tell (inconclusive, void) is an error: a build that goes on must not look like one that was proven. Nothing
//! is ever skipped but a step that a runbook left out. The form is that of the schema which Azure DevOps names as the one that it reads: no
//! attributes on the outermost element, no count of what was skipped, times without a zone, and the output of a suite, not of a case.
//!
//! What this file does not do: choose what an objective says (`gist`).

use super::gist::{Gist, GistObjective, began, moment};
use crate::report::model::{Grade, Report, ReportKind};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The whole report.
pub fn junit(report: &Report) -> String {
    let gist = Gist::of(report);
    let mut document = quick_junit::Report::unnamed();
    for (place, (name, objectives)) in suites(&gist).into_iter().enumerate() {
        document.add_test_suite(suite(&gist, place, &name, &objectives));
    }
    let text = document.to_string().expect("nothing is written but to memory");
    let lines = text.lines().map(|line| match line.trim_start() {
        // The schema knows no attributes there; each suite has its own counts.
        tag if tag.starts_with("<testsuites ") => "<testsuites>".to_owned(),
        // And no such count here. Within a value a quotation mark is written otherwise.
        tag if tag.starts_with("<testsuite ") => without(line, "skipped"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// A tag without one of its attributes.
fn without(tag: &str, attribute: &str) -> String {
    let Some((before, rest)) = tag.split_once(&format!("\" {attribute}=\"")) else { return tag.to_owned() };
    let rest = rest.split_once('"').map_or("", |(_, rest)| rest);
    format!("{before}\"{rest}")
}

/// The objectives by what they are about, and one more case where none of them says why the whole was not met.
fn suites(gist: &Gist<'_>) -> Vec<(String, Vec<GistObjective>)> {
    let mut suites: Vec<(String, Vec<GistObjective>)> = Vec::new();
    for objective in &gist.objectives {
        let name = objective.about.as_ref().map_or_else(|| gist.name(), |about| format!("{}/{about}", gist.name()));
        match suites.iter_mut().find(|(known, _)| *known == name) {
            Some((_, objectives)) => objectives.push(objective.clone()),
            None => suites.push((name, vec![objective.clone()])),
        }
    }
    let told = gist.objectives.iter().any(|objective| objective.status.grade != Grade::Good);
    if gist.objectives.is_empty() || (!gist.passed() && !told) {
        let measured = gist.verdict.join(" ");
        let status = gist.report.status.clone();
        let whole = GistObjective { about: None, name: "verdict".into(), promised: String::new(), measured, quantity: None, status };
        suites.push((gist.name(), vec![whole]));
    }
    suites
}

fn suite(gist: &Gist<'_>, place: usize, name: &str, objectives: &[GistObjective]) -> TestSuite {
    let identity = &gist.report.identity;
    let mut suite = TestSuite::new(name);
    // Without its zone, in UTC, to the second.
    let started = identity.started_at.as_deref().and_then(began).map(moment);
    let timestamp = started.as_deref().and_then(|moment| moment.get(..19)).unwrap_or("1970-01-01T00:00:00");
    let host = identity.host.as_deref().filter(|host| !host.trim().is_empty()).unwrap_or("localhost");
    for (attribute, value) in [("timestamp", timestamp), ("hostname", host), ("package", &*gist.name()), ("id", &*place.to_string())] {
        suite.extra.insert(attribute.into(), value.into());
    }
    let lasted = gist.span().map_or(0, |(from, until)| u64::try_from(until - from).unwrap_or(0));
    suite.set_time(Duration::from_nanos(lasted));
    suite.add_properties(gist.facts().iter().map(|(name, value)| (*name, value.as_str())));
    let class = name.replace('/', ".");
    suite.add_test_cases(objectives.iter().map(|objective| case(gist, &class, objective)));
    let lines = gist.verdict.iter().chain(&gist.advice).cloned().chain(objectives.iter().map(GistObjective::line));
    suite.set_system_out(lines.collect::<Vec<_>>().join("\n"));
    suite.set_system_err("");
    suite
}

fn case(gist: &Gist<'_>, class: &str, objective: &GistObjective) -> TestCase {
    let word = objective.status.word.as_str();
    let not = |kind: NonSuccessKind| {
        let mut status = TestCaseStatus::non_success(kind);
        let whole: Vec<String> = [objective.line()].into_iter().chain(gist.verdict.clone()).chain(gist.advice.clone()).collect();
        status.set_type(word).set_message(objective.line()).set_description(whole.join("\n"));
        status
    };
    let status = match (objective.status.grade, gist.report.kind) {
        (Grade::Good, _) => TestCaseStatus::success(),
        (Grade::Bad, _) => not(NonSuccessKind::Failure),
        // A step that the runbook left out; of a drill that is void, and proves nothing.
        (Grade::Neutral, ReportKind::Execution) => TestCaseStatus::skipped(),
        // That no difference is shown between candidates is an answer like any other.
        (Grade::Neutral, ReportKind::Candidates) => TestCaseStatus::success(),
        (Grade::Open | Grade::Neutral, _) => not(NonSuccessKind::Error),
    };
    let mut case = TestCase::new(objective.name.as_str(), status);
    case.set_classname(class).set_time(Duration::from_nanos(objective.nanoseconds().unwrap_or(0)));
    case
}
