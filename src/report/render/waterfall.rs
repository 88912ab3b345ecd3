//! A waterfall as rows of text: each moment with its time, a bar where it lies on the way, and who tells of it.
//!
//! What this file does not do: choose what is told, or write a table (`markdown`).

use crate::report::model::{StageTime, Text, Waterfall, WaterfallMoment, WaterfallStage};
use crate::report::words::wording::{percent_of, span, stage};
use crate::verdict::Millis;

/// Letters of a whole bar.
const BAR: usize = 20;

/// The headings of its rows.
pub(in crate::report) fn heads(waterfall: &Waterfall) -> Vec<&'static str> {
    let objective = if has_budget(waterfall) { "of the objective" } else { "" };
    let heads = ["moment", "after the fault", "since the one before", "share", "where the time went", objective, "known from"];
    heads.into_iter().filter(|head| !head.is_empty()).collect()
}

fn has_budget(waterfall: &Waterfall) -> bool {
    waterfall.stages.iter().any(|stage| stage.budget_ns.is_some())
}

/// A moment in its row: its words, its times, its bar, and who tells of it.
pub(in crate::report) fn cells(waterfall: &Waterfall, row: &WaterfallStage) -> Vec<Text> {
    let time = |time: Option<StageTime>, absent: &str| time.map_or_else(|| Text::own(absent), |time| stage(time).into());
    let share = row.share.map_or_else(String::new, |share| format!("{:.0}%", share * 100.0));
    let mut cells = vec![row.label.clone(), time(row.at, "not seen"), time(row.took, ""), share.into(), bar(waterfall, row)];
    if has_budget(waterfall) {
        let counted = if row.moment == WaterfallMoment::FailedBack { row.took } else { row.at };
        let used = row.budget_ns.zip(counted.and_then(|time| time.hi_ns));
        let used = used.map(|(budget, time)| format!("{} of {}", percent_of(time, budget), span(Millis(budget))));
        cells.push(used.unwrap_or_default().into());
    }
    cells.push(row.source.clone());
    cells
}

/// `····▇▇▇▇▇▇··········`: the way from the fault to the goal, and the part of it that ends with this moment.
pub(super) fn bar(waterfall: &Waterfall, row: &WaterfallStage) -> Text {
    let end = waterfall.stages.iter().find(|stage| stage.moment == waterfall.goal).and_then(|stage| stage.at?.hi_ns);
    let (Some(end), Some(share), Some(at)) = (end.filter(|end| *end > 0), row.share, row.at.and_then(|at| at.hi_ns)) else {
        return Text::default();
    };
    let place = |part: f64| ((part * BAR as f64).round() as usize).min(BAR);
    let until = place(at as f64 / end as f64);
    let from = place(at as f64 / end as f64 - share).min(until);
    if from == until {
        return Text::default();
    }
    let (before, part) = ("·".repeat(from), "▇".repeat(until - from));
    Text::own(format!("`{before}{part}{}`", "·".repeat(BAR - until)))
}
