//! Whether somebody was told before a budget was gone, and whether moving to the standby saves anything.
//!
//! What this file does not do: say that a budget was exceeded. That is an objective, and told with the others.

use super::finding;
use crate::model::{FailureMode, FindingId, FindingSeverity};
use crate::report::model::{ReportFinding, Text};
use crate::report::sections::subject::Subject;
use crate::report::words::spending::first_notice;
use crate::report::words::wording::seconds_up;
use crate::verdict::{BillPart, SpendMeasure};

/// Averages over fewer answers are not compared.
const FEW: u64 = 20;

/// What was seen of the bill.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<ReportFinding> {
    let Some(spend) = subject.verdict.measures.as_ref().and_then(|measures| measures.spend.as_ref()) else { return Vec::new() };
    unnoticed(subject, spend).into_iter().chain(dearer(subject, spend)).collect()
}

/// The budget was gone before anybody was told.
fn unnoticed(subject: &Subject<'_>, spend: &SpendMeasure) -> Option<ReportFinding> {
    let (budget, passed) = (subject.verdict.terms.spend?, spend.passed?);
    let says = Text::own(format!("The budget of {budget} was gone {} after the first fault, ", seconds_up(passed.0)));
    let says = match first_notice(subject.digest) {
        Some(notice) if notice.after < passed.0 => return None,
        Some(notice) => {
            says.then("and nobody had been told: the").then(notice.what).then(format!(" only {} after it.", seconds_up(notice.after)))
        }
        None => says.then("and nobody was told: no alert came, and no runbook began."),
    };
    let mut found = finding(FindingId::BudgetGoneUnnoticed, FindingSeverity::High, says);
    found.objective = Some("spend".to_owned());
    Some(found)
}

/// The standby's answers cost more than the primary's at its new price.
fn dearer(subject: &Subject<'_>, spend: &SpendMeasure) -> Option<ReportFinding> {
    let planned = &subject.digest.started.as_ref()?.plan.scenario.timeline.faults;
    let is_raised = |provider: &&str| planned.iter().any(|each| each.on == **provider && each.fault.mode() == Some(FailureMode::Price));
    let bill = |provider: &str| spend.bills.iter().find(|bill| bill.provider == provider).map(|bill| bill.during);
    let each = |part: BillPart| part.each().filter(|_| part.answers >= FEW);
    let raised = subject.broken().into_iter().find(is_raised)?;
    let standby = subject.standbys().into_iter().find(|standby| bill(standby).is_some_and(|part| part.answers >= FEW))?;
    let (now, there) = (each(bill(raised)?)?, each(bill(standby)?)?);
    (there > now).then(|| {
        let says = Text::own("An answer of ")
            .then(Text::outside(standby))
            .then(format!(" cost {there:.6}, and one of "))
            .then(Text::outside(raised))
            .then(format!(" {now:.6} at its new price: moving does not save anything."));
        finding(FindingId::StandbyDearer, FindingSeverity::Medium, says).about(Some(standby))
    })
}
