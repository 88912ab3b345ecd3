//! Findings as cards: what was seen, what shows it, what would mend it, and room for who does it and until when.

use super::phrase::text;
use crate::model::{FindingSeverity, FindingState};
use crate::report::model::{FindingEvidence, ReportFinding, Suggestion, Text};
use crate::units::{counted, grouped, one_line};
use maud::{Markup, html};

/// All of them.
pub(super) fn cards(findings: &[ReportFinding]) -> Markup {
    html! {
        ul.findings { @for finding in findings { li class=(severity(finding.severity).1) { (card(finding)) } } }
    }
}

fn card(finding: &ReportFinding) -> Markup {
    html! {
        p.marks {
            span.severity { (severity(finding.severity).0) }
            span.state { (state(finding.state)) }
            code { (one_line(&finding.id)) }
            @if let Some(about) = &finding.about { bdi { (one_line(about)) } }
            @if let Some(since) = &finding.since { span { "since " bdi { (one_line(since)) } } }
        }
        p.says { (text(&finding.says)) }
        @if let Some(suggestion) = &finding.suggestion { (suggested(suggestion)) }
        @if let Some(shown) = shown(&finding.evidence) { p.evidence { "Evidence: " (shown) "." } }
        @if let Some(notes) = &finding.notes { p.notes { (text(&Text::outside(notes))) } }
        dl.review {
            (field("Owner", finding.owner.as_deref()))
            (field("Due", finding.due.as_deref()))
            (field("Ticket", finding.ticket.as_deref()))
        }
    }
}

const fn severity(severity: FindingSeverity) -> (&'static str, &'static str) {
    match severity {
        FindingSeverity::High => ("high", "bad"),
        FindingSeverity::Medium => ("medium", "open"),
        FindingSeverity::Low => ("low", "neutral"),
    }
}

const fn state(state: FindingState) -> &'static str {
    match state {
        FindingState::New => "new",
        FindingState::StillThere => "still there",
        FindingState::Gone => "gone",
        FindingState::Accepted => "accepted",
    }
}

fn suggested(suggestion: &Suggestion) -> Markup {
    html! {
        p.suggestion { (text(&suggestion.text)) }
        @if let Some(setting) = &suggestion.setting {
            p.knob {
                @if let Some(gateway) = &suggestion.gateway { span { (one_line(gateway)) } " " }
                code { (one_line(setting)) @if let Some(value) = &suggestion.value { ": " (one_line(value)) } }
            }
        }
    }
}

/// Where to look; nothing where there is nothing to look at.
fn shown(evidence: &FindingEvidence) -> Option<String> {
    let list = |numbers: &[u64]| numbers.iter().map(|number| grouped(*number)).collect::<Vec<_>>().join(", ");
    let lines = (!evidence.events.is_empty()).then(|| format!("history.jsonl, lines {}", list(&evidence.events)));
    let requests = (!evidence.requests.is_empty()).then(|| format!("requests {}", list(&evidence.requests)));
    let named = evidence.events.len().max(evidence.requests.len()) as u64;
    let all = evidence.count.filter(|count| *count > named).map(|count| format!("{} in all", counted(count, "case")));
    let parts: Vec<String> = [lines, requests, all].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What a person fills in, here or in the file.
fn field(label: &str, value: Option<&str>) -> Markup {
    html! {
        div {
            dt { (label) }
            @match value.map(str::trim).filter(|value| !value.is_empty()) {
                Some(value) => { dd { bdi { (one_line(value)) } } }
                None => { dd.open { "to fill in" } }
            }
        }
    }
}
