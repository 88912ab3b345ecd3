//! Each objective: what was promised, what was measured, and how that was judged.
//!
//! What is promised of a credential stands in a section of its own (`credential_section`).

use super::capacity;
use super::subject::Subject;
use crate::model::LossBudget;
use crate::report::model::{Quantity, ReportTable, Section, SectionKind, TableCell, TableRow};
use crate::report::words::wording::{at_most, between, seconds_up, span};
use crate::report::words::{credential, passage, recovery, rescue, spending, stability};
use crate::units::{counted, grouped};
use crate::verdict::{Measures, ObjectiveName, OutageObjective};

/// The section about one workload; nothing where nothing was promised or measured.
pub(in crate::report) fn section(subject: &Subject<'_>) -> Option<Section> {
    let measures = subject.verdict.measures.as_ref()?;
    let mut rows: Vec<TableRow> = Vec::new();
    for objective in subject.verdict.objectives.iter().filter(|objective| !credential::tells(objective.name)) {
        let ObjectiveWords { promised, measured, quantity } = terms(subject, objective.name, measures);
        let measured = TableCell::of(measured, quantity);
        let cells = vec![objective.name.word().into(), promised.into(), measured, objective.verdict.to_string().into()];
        rows.push(TableRow { key: Some(objective.name.to_string()), status: Some(objective.verdict.into()), cells });
    }
    if measures.never_left && subject.verdict.terms.failback.is_some() {
        let promised = terms(subject, ObjectiveName::FAILBACK, measures).promised;
        let cells = [
            ObjectiveName::FAILBACK.word().into(),
            promised.into(),
            "none needed: the service never left its primary".into(),
            "not applicable".into(),
        ];
        rows.push(TableRow { key: Some(ObjectiveName::FAILBACK.to_string()), ..TableRow::of(cells) });
    }
    let columns = vec!["objective", "promised", "measured", "verdict"];
    let section = Section::new(SectionKind::Objectives, "Objectives: promised and measured");
    (!rows.is_empty()).then(|| section.with(ReportTable { columns, rows }))
}

/// What is told of an objective.
pub(in crate::report) struct ObjectiveWords {
    pub(in crate::report) promised: String,
    pub(in crate::report) measured: String,
    /// What was measured as a number.
    quantity: Option<Quantity>,
}

/// The objective of this name.
pub(in crate::report) fn terms(subject: &Subject<'_>, name: ObjectiveName, measures: &Measures) -> ObjectiveWords {
    let (promised, measured) = words(subject, name, measures);
    ObjectiveWords { promised, measured, quantity: quantity(subject, name, measures) }
}

/// What was promised, and what was measured.
fn words(subject: &Subject<'_>, name: ObjectiveName, measures: &Measures) -> (String, String) {
    let terms = &subject.verdict.terms;
    let objectives = subject.workload.named.as_ref().map(|named| &named.objectives);
    let cap = |limit: Option<u64>| limit.map_or_else(|| "a limit".to_owned(), at_most);
    let not_seen = || "not seen".to_owned();
    match name {
        ObjectiveName::Outage(OutageObjective::Rto) => {
            let interval = recovery::gate(subject.verdict, measures);
            (format!("{} within {} of the fault", terms.gate, span(terms.rto)), format!("{} after the fault", between(interval)))
        }
        ObjectiveName::Outage(OutageObjective::Stability) => {
            (format!("no relapse after the hold of {}", span(terms.hold)), stability::measured(measures, subject.verdict))
        }
        ObjectiveName::Outage(OutageObjective::Lost) => {
            let lost = format!("{} during the fault", grouped(measures.lost));
            (loss(objectives.and_then(|objectives| objectives.lost)), with_in_flight(lost, measures.lost_in_flight))
        }
        ObjectiveName::Outage(OutageObjective::Truncated) => {
            (cap(objectives.and_then(|objectives| objectives.truncated)), truncated(measures))
        }
        ObjectiveName::Outage(OutageObjective::Rescued) => (
            rescue::limit(subject.verdict).unwrap_or_default(),
            measures.rescued.as_ref().map_or_else(not_seen, |rescued| rescue::share(&rescued.later)),
        ),
        ObjectiveName::Outage(OutageObjective::Duplicates) => {
            (cap(objectives.and_then(|objectives| objectives.duplicates)), measures.duplicates.map_or_else(not_seen, grouped))
        }
        ObjectiveName::Outage(OutageObjective::Overshoot) => (
            objectives.and_then(|objectives| objectives.overshoot).map_or_else(|| cap(None), |limit| format!("at most {limit} × the rate")),
            measures.overshoot.map_or_else(not_seen, |ratio| format!("{ratio:.2} × the rate")),
        ),
        ObjectiveName::Outage(OutageObjective::Failback) => (
            terms.failback.map_or_else(String::new, |limit| format!("within {} of the heal", span(limit))),
            measures.failback.map_or_else(not_seen, |failback| format!("{} after the heal", between(failback))),
        ),
        ObjectiveName::Outage(OutageObjective::Capacity) => (
            terms.capacity.map_or_else(String::new, |capacity| format!("the standby takes {capacity} of the peak")),
            measures.capacity.as_ref().map_or_else(not_seen, capacity::measured),
        ),
        ObjectiveName::Outage(OutageObjective::Residency) => {
            let residency = subject.verdict.residency.as_ref();
            (residency.map(passage::permitted).unwrap_or_default(), residency.map_or_else(not_seen, passage::where_to))
        }
        ObjectiveName::Outage(OutageObjective::Parity) => {
            ("the standby decides as the primary does".to_owned(), passage::decided(&subject.verdict.parity))
        }
        ObjectiveName::Outage(OutageObjective::Spend) => (
            terms.spend.map_or_else(|| cap(None), |budget| format!("at most {budget} until traffic has moved")),
            measures.spend.as_ref().map_or_else(not_seen, spending::measured),
        ),
        _ => (String::new(), measures.rpa.map_or_else(not_seen, |rpa| seconds_up(rpa.0))),
    }
}

fn quantity(subject: &Subject<'_>, name: ObjectiveName, measures: &Measures) -> Option<Quantity> {
    match name {
        ObjectiveName::Outage(OutageObjective::Rto) => Some(recovery::gate(subject.verdict, measures).into()),
        ObjectiveName::Outage(OutageObjective::Lost) => Some(Quantity::Count(measures.lost)),
        ObjectiveName::Outage(OutageObjective::Truncated) => Some(Quantity::Count(measures.truncated)),
        ObjectiveName::Outage(OutageObjective::Duplicates) => measures.duplicates.map(Quantity::Count),
        ObjectiveName::Outage(OutageObjective::Failback) => measures.failback.map(Quantity::from),
        ObjectiveName::Outage(OutageObjective::Rpo) => measures.rpa.map(|rpa| Quantity::Nanoseconds(rpa.0)),
        _ => None,
    }
}

fn loss(limit: Option<LossBudget>) -> String {
    match limit {
        Some(LossBudget::Requests(0)) => "none".to_owned(),
        Some(LossBudget::Requests(count)) => format!("at most {}", counted(count, "request")),
        Some(LossBudget::Share(share)) => format!("at most {share} of requests"),
        None => "a limit".into(),
    }
}

fn truncated(measures: &Measures) -> String {
    match (measures.truncated, measures.truncated_in_flight) {
        (all, 0) => grouped(all),
        (all, in_flight) if all == in_flight => format!("{}, all in flight when the fault began", grouped(all)),
        (all, in_flight) => format!("{}, {} of them in flight when the fault began", grouped(all), grouped(in_flight)),
    }
}

/// What is told, and how many more were in flight when the fault began, where there were any.
fn with_in_flight(mut told: String, in_flight: u64) -> String {
    if in_flight > 0 {
        told += &format!(", {} more that {} in flight when it began", grouped(in_flight), if in_flight == 1 { "was" } else { "were" });
    }
    told
}
