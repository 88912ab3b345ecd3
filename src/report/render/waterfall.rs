//! A waterfall as rows of text: each moment with its time, a bar where it lies on the way, and who tells of it.
//!
//! What this file does not do: choose what is told, or write a table (`markdown`).

use crate::report::model::{StageTime, Text, Waterfall, WaterfallStage};
use crate::report::words::wording::{percent_of, stage};

/// Letters of a whole bar.
const BAR: usize = 20;

/// The headings of its rows.
pub(in crate::report) fn heads(waterfall: &Waterfall) -> Vec<String> {
    let objective = waterfall.budget_ns.map_or_else(String::new, |budget| format!("of the {} objective", seconds(budget)));
    ["moment", "after the fault", "since the one before", "share", "where the time went", &objective, "known from"]
        .into_iter()
        .filter(|head| !head.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A moment in its row: its words, its times, its bar, and who tells of it.
pub(in crate::report) fn cells(waterfall: &Waterfall, row: &WaterfallStage) -> Vec<Text> {
    let time = |time: Option<StageTime>, absent: &str| time.map_or_else(|| Text::own(absent), |time| stage(time).into());
    let share = row.share.map_or_else(String::new, |share| format!("{:.0}%", share * 100.0));
    let mut cells = vec![row.label.clone(), time(row.at, "not seen"), time(row.took, ""), share.into(), bar(waterfall, row)];
    if waterfall.budget_ns.is_some() {
        let used = row.budget_ns.zip(row.at.and_then(|at| at.hi_ns)).map(|(budget, at)| percent_of(at, budget));
        cells.push(used.unwrap_or_default().into());
    }
    cells.push(row.source.clone());
    cells
}

/// `····▇▇▇▇▇▇··········`: the way from the fault to the goal, and the part of it that ends with this moment.
fn bar(waterfall: &Waterfall, row: &WaterfallStage) -> Text {
    let end = waterfall.stages.iter().find(|stage| stage.moment == waterfall.goal).and_then(|stage| stage.at?.hi_ns);
    let (Some(end), Some(share), Some(at)) = (end.filter(|end| *end > 0), row.share, row.at.and_then(|at| at.hi_ns)) else {
        return Text::default();
    };
    let place = |part: f64| ((part * BAR as f64).round() as usize).min(BAR);
    let until = place(at as f64 / end as f64);
    let from = place(at as f64 / end as f64 - share).min(until);
    let (before, part) = ("·".repeat(from), "▇".repeat(until - from));
    Text::own(format!("`{before}{part}{}`", "·".repeat(BAR - until)))
}

fn seconds(nanoseconds: i64) -> String {
    crate::units::Duration::from_nanos(nanoseconds.max(0).unsigned_abs()).to_string()
}
