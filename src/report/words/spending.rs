//! Sentences about what traffic cost until it had moved, and who noticed when.

use super::wording::seconds_up;
use crate::history::Event;
use crate::report::digest::Digest;
use crate::report::model::Text;
use crate::units::Money;
use crate::verdict::SpendMeasure;

/// What was spent, as far as that is known.
fn sum(spend: &SpendMeasure) -> String {
    match spend.at_most {
        Some(most) if most == spend.at_least => format!("{most:.6}"),
        Some(most) => format!("{:.6} to {most:.6}", spend.at_least),
        None => format!("{:.6} at least", spend.at_least),
    }
}

/// What was spent, and until when.
pub(in crate::report) fn measured(spend: &SpendMeasure) -> String {
    let sum = sum(spend);
    let until = seconds_up(spend.until.0.max(0));
    let end = if spend.moved {
        format!("when traffic had moved, {until} after the fault")
    } else {
        format!("to the end of the faults, {until} after the first")
    };
    format!("{sum} {end}")
}

/// The first that told somebody: an alert of the team's own, or that a runbook began.
pub(in crate::report) struct FirstNotice {
    /// Nanoseconds from the first fault.
    pub(in crate::report) after: i64,
    /// What it was, as ` alert Cost came` follows an article.
    pub(in crate::report) what: Text,
}

/// The first notice since the first fault; `None` where there was none.
pub(in crate::report) fn first_notice(digest: &Digest) -> Option<FirstNotice> {
    let alerts = digest.alerts();
    let alerts = alerts.iter().map(|(name, alert)| FirstNotice {
        after: digest.since_fault(alert.at),
        what: Text::own(" alert ").then(Text::outside(*name)).then(" came"),
    });
    let began = digest.notable.iter().filter_map(|stamped| match &stamped.event {
        Event::RunbookStarted(started) => Some(FirstNotice {
            after: digest.since_fault(stamped.t),
            what: Text::own(" runbook ").then(Text::outside(&started.runbook)).then(" began"),
        }),
        _ => None,
    });
    alerts.chain(began).filter(|notice| notice.after >= 0).min_by_key(|notice| notice.after)
}

/// When the budget was gone, and whether somebody had been told by then, in sentences.
pub(in crate::report) fn course(digest: &Digest, spend: &SpendMeasure, budget: Option<Money>) -> Vec<Text> {
    let mut told = Vec::new();
    let after = |moment: i64| seconds_up(moment);
    if let Some(budget) = budget {
        told.push(match spend.passed {
            Some(passed) => Text::own(format!("The budget of {budget} was gone {} after the first fault.", after(passed.0))),
            None => Text::own(format!("Of the budget of {budget} {} was spent by the end of the count.", sum(spend))),
        });
    }
    if let Some(notice) = first_notice(digest) {
        let order = match spend.passed {
            Some(passed) if passed.0 <= notice.after => ", when the budget was gone already",
            Some(_) => ", before the budget was gone",
            None => "",
        };
        told.push(Text::own("The").then(notice.what).then(format!(" {} after the first fault{order}.", after(notice.after))));
    } else {
        told.push("No alert came, and no runbook began.".into());
    }
    told.push(match spend.moved {
        true => Text::own(format!("Traffic had moved {} after the first fault.", after(spend.until.0))),
        false => "Traffic was not seen to move before the faults ended.".into(),
    });
    told
}
