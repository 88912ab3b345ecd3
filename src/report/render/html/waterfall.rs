//! Where the seconds went: a row a moment, with a bar from the moment before it to it on an axis that all rows share.
//!
//! The bars are drawn to be seen; whoever does not see them reads the same numbers in the cells beside them.

use super::phrase::text;
use super::place::PagePlace;
use crate::report::model::{Waterfall, WaterfallMoment, WaterfallStage};
use crate::report::words::wording::{percent_of, seconds_up, stage};
use crate::units::{Duration, one_line};
use maud::{Markup, html};

/// The width of the axis, in units of the drawing.
const WIDTH: f64 = 1000.0;
/// No bar is thinner than can be seen.
const THIN: f64 = 4.0;

/// A waterfall.
pub(super) fn waterfall(waterfall: &Waterfall, place: &PagePlace<'_>) -> Markup {
    let axis = BarAxis::of(waterfall);
    let allowed = waterfall.stages.iter().any(|stage| stage.budget_ns.is_some());
    let objective = waterfall.budget_ns.map(|budget| Duration::from_nanos(budget.max(0).unsigned_abs()));
    html! {
        @if !waterfall.summary.is_empty() { p.key { (text(&waterfall.summary)) } }
        div.scroll role="group" tabindex="0" aria-label={ "Table: " (one_line(&place.title.plain())) } {
            table.waterfall {
                thead {
                    tr {
                        th scope="col" { "moment, known from" }
                        th scope="col" { "0 to " (seconds_up(axis.end_ns)) }
                        th.number scope="col" { "after the fault" }
                        th.number scope="col" { "since the one before" }
                        th.number scope="col" { "share" }
                        @if allowed { th.number scope="col" { "of the objective" } }
                    }
                }
                tbody { @for stage in &waterfall.stages { (row(stage, &axis, stage.moment == waterfall.goal, allowed)) } }
            }
        }
        p.legend {
            "Bars: the light part is the time since the moment before, the dark part the interval within which the moment lies"
            @if let Some(objective) = objective { "; the line is the objective, " (objective) }
            ". What came later has none."
        }
    }
}

fn row(told: &WaterfallStage, axis: &BarAxis, is_goal: bool, allowed: bool) -> Markup {
    // The return of the primary has an objective of its own, from the heal on.
    let counted = if told.moment == WaterfallMoment::FailedBack { told.took } else { told.at };
    html! {
        tr class=[is_goal.then_some("reached")] {
            th scope="row" { (text(&told.label)) " " span.from { (text(&told.source)) } }
            td.axis { (axis.bar(told)) }
            td.number { (told.at.map_or_else(|| "not seen".to_owned(), stage)) }
            td.number { @if let Some(took) = told.took { (stage(took)) } }
            td.number { @if let Some(share) = told.share { (format!("{:.0}%", share * 100.0)) } }
            @if allowed {
                td.number { @if let Some((budget, time)) = told.budget_ns.zip(counted.and_then(|time| time.hi_ns)) { (percent_of(time, budget)) } }
            }
        }
    }
}

/// The time from the fault to the goal, or to its objective where that is later. What comes after that has no bar: it would leave no room for
/// those that count.
struct BarAxis {
    end_ns: i64,
    budget_ns: Option<i64>,
}

impl BarAxis {
    fn of(waterfall: &Waterfall) -> Self {
        let ends = |until: WaterfallMoment| {
            let seen = waterfall.stages.iter().filter(move |stage| stage.moment <= until).filter_map(|stage| stage.at);
            seen.map(|at| at.hi_ns.unwrap_or(at.lo_ns)).max()
        };
        let end_ns = ends(waterfall.goal).max(waterfall.budget_ns).or_else(|| ends(WaterfallMoment::FailedBack));
        Self { end_ns: end_ns.unwrap_or(0).max(1), budget_ns: waterfall.budget_ns }
    }

    fn x(&self, ns: i64) -> f64 {
        (ns as f64 / self.end_ns as f64 * WIDTH).clamp(0.0, WIDTH)
    }

    fn bar(&self, stage: &WaterfallStage) -> Markup {
        let Some(at) = stage.at.filter(|at| at.lo_ns <= self.end_ns) else { return html! {} };
        // The moment before was over when this one began to take its time.
        let from = stage.took.map_or(at.lo_ns, |took| at.lo_ns - took.lo_ns).min(at.lo_ns);
        let (from, lo, hi) = (self.x(from), self.x(at.lo_ns), self.x(at.hi_ns.unwrap_or(self.end_ns)));
        let number = |value: f64| format!("{value:.1}");
        html! {
            svg.bar viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                @if let Some(budget) = self.budget_ns { path.budget d={ "M" (number(self.x(budget).min(WIDTH - 1.0))) " -60V80" } {} }
                @if lo > from { rect.took x=(number(from)) y="5" width=(number(lo - from)) height="10" {} }
                rect.interval x=(number(lo.min(WIDTH - THIN))) y="2" width=(number((hi - lo).max(THIN))) height="16" {}
            }
        }
    }
}
