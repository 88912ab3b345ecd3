//! A report as OSCAL's assessment results, which auditors' tools read: an observation and a finding for each objective.
//!
//! OSCAL knows satisfied and not satisfied only. What nobody can tell is not satisfied, with a remark and a property of our own that say so.
//! Every identifier is made of the history's hash and every time is the history's, so that the same history is always the same document.
//!
//! What this file does not do: map objectives to anybody's controls; whoever keeps a control catalogue does.

use super::gist::{Gist, GistObjective, at_most, moment};
use super::json::written;
use crate::model::HistoryForm;
use crate::report::model::{Grade, Report};
use crate::units::Problem;
use serde_json::{Value, json};

/// The version of OSCAL.
pub const OSCAL_VERSION: &str = "1.2.0";
/// The namespace of properties that OSCAL does not know.
const OURS: &str = "https://lifeboat.invalid/ns/oscal";

/// The whole report.
///
/// # Errors
/// Where the history does not say when it was.
pub fn oscal(report: &Report) -> Result<String, Problem> {
    let gist = Gist::of(report);
    let (began, ended) = gist.span()?;
    let title = format!("{} of {}: {}", capital(gist.kind()), gist.title, report.status.word);
    let plan = gist.id("plan");
    let document = json!({"assessment-results": {
        "uuid": gist.id("results"),
        "metadata": {
            "title": title,
            "last-modified": moment(ended),
            "version": "1",
            "oscal-version": OSCAL_VERSION,
            "props": oscal_props(gist.facts()),
        },
        "import-ap": {"href": format!("#{plan}"), "remarks": "The plan stands in the history's first line."},
        "results": [result(&gist, &title, [began, ended])],
        "back-matter": {"resources": [{
            "uuid": plan,
            "title": format!("The plan of {}", gist.name()),
            "description": "What was to be done, and what was promised: the first line of the history.",
            "rlinks": [{"href": history_file(&gist)}],
        }]},
    }});
    Ok(written(&document))
}

fn result(gist: &Gist<'_>, title: &str, [began, ended]: [i64; 2]) -> Value {
    let whole = GistObjective {
        about: None,
        name: "verdict".into(),
        promised: String::new(),
        measured: gist.verdict.join(" "),
        quantity: None,
        status: gist.report.status.clone(),
    };
    let all: Vec<&GistObjective> = [&whole].into_iter().chain(&gist.objectives).collect();
    let observations: Vec<Value> = all.iter().enumerate().map(|(place, objective)| observation(gist, place, objective, ended)).collect();
    let findings: Vec<Value> = all.iter().enumerate().map(|(place, objective)| finding(gist, place, objective)).collect();
    json!({
        "uuid": gist.id("result"),
        "title": title,
        "description": gist.verdict.join("\n"),
        "start": moment(began),
        "end": moment(ended),
        "props": oscal_props(gist.facts()),
        "reviewed-controls": {
            "description": "Which controls a drill gives evidence for is for the reader to say.",
            "control-selections": [{"description": "All that concern continuity and recovery.", "include-all": {}}],
        },
        "observations": observations,
        "findings": findings,
    })
}

/// The history's file beside the document.
fn history_file(gist: &Gist<'_>) -> &'static str {
    gist.report.identity.history_form.unwrap_or(HistoryForm::Plain).file()
}

fn observation(gist: &Gist<'_>, place: usize, objective: &GistObjective, ended: i64) -> Value {
    let hash = gist.report.identity.history_sha256.as_deref();
    let hash = hash.map_or_else(String::new, |hash| format!(", SHA-256 {hash}"));
    json!({
        "uuid": gist.id(&format!("observation {place}")),
        "title": at_most(&objective.full_name(), 200),
        "description": objective.line(),
        "props": oscal_props(measured(objective)),
        "methods": ["TEST"],
        "collected": moment(ended),
        "relevant-evidence": [{"href": history_file(gist), "description": format!("The history of the {}{hash}", gist.kind())}],
    })
}

fn finding(gist: &Gist<'_>, place: usize, objective: &GistObjective) -> Value {
    let grade = objective.status.grade;
    let (state, reason) = match grade {
        Grade::Good => ("satisfied", "pass"),
        Grade::Bad => ("not-satisfied", "fail"),
        Grade::Open | Grade::Neutral => ("not-satisfied", "other"),
    };
    let mut status = json!({"state": state, "reason": reason});
    if matches!(grade, Grade::Open | Grade::Neutral) {
        let word = &objective.status.word;
        status["remarks"] = format!("{}: the {} does not tell whether it is satisfied.", capital(word), gist.kind()).into();
    }
    json!({
        "uuid": gist.id(&format!("finding {place}")),
        "title": at_most(&objective.full_name(), 200),
        "description": objective.line(),
        "props": oscal_props(measured(objective)),
        "target": {"type": "objective-id", "target-id": oscal_token(&objective.full_name()), "status": status},
        "related-observations": [{"observation-uuid": gist.id(&format!("observation {place}"))}],
    })
}

/// What an objective says for machines.
fn measured(objective: &GistObjective) -> Vec<(&'static str, String)> {
    use crate::report::model::Quantity;
    let number = match objective.quantity {
        Some(Quantity::Between { lo_ns, hi_ns }) => {
            vec![("lo_ns", lo_ns.to_string()), ("hi_ns", hi_ns.map_or_else(|| "not-seen".into(), |hi| hi.to_string()))]
        }
        Some(Quantity::Nanoseconds(ns)) => vec![("measured_ns", ns.to_string())],
        Some(Quantity::Count(count)) => vec![("measured", count.to_string())],
        None => Vec::new(),
    };
    [("verdict", objective.status.word.clone())].into_iter().chain(number).collect()
}

/// Properties of our own. Their values are never empty, and one line.
pub fn oscal_props(facts: Vec<(&'static str, String)>) -> Vec<Value> {
    facts.into_iter().map(|(name, value)| json!({"name": name.replace('_', "-"), "ns": OURS, "value": value})).collect()
}

/// A text as one of OSCAL's tokens.
pub fn oscal_token(text: &str) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.') { letter } else { '-' };
    let token: String = text.chars().map(safe).take(200).collect();
    if token.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') { token } else { format!("_{token}") }
}

fn capital(text: &str) -> String {
    crate::report::words::wording::capital(text)
}
