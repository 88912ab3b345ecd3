//! Where the seconds went: a row a moment, with a bar from the moment before it to it on an axis that all rows share.
//!
//! The bars are drawn to be seen; whoever does not see them reads the same numbers in the cells beside them.

use super::block::Place;
use super::phrase::text;
use crate::report::model::{StageTime, Waterfall, WaterfallMoment, WaterfallStage};
use crate::report::words::wording::{between, seconds_up};
use crate::units::one_line;
use crate::verdict::Interval;
use maud::{Markup, html};

/// The width of the axis, in units of the drawing.
const WIDTH: f64 = 1000.0;
/// No bar is thinner than can be seen.
const THIN: f64 = 4.0;

/// A waterfall.
pub(super) fn waterfall(waterfall: &Waterfall, place: &Place<'_>) -> Markup {
    let axis = Axis::of(waterfall);
    let allowed = waterfall.stages.iter().any(|stage| stage.budget_ns.is_some());
    html! {
        @if !waterfall.summary.is_empty() { p.key { (text(&waterfall.summary)) } }
        div.scroll role="group" tabindex="0" aria-label={ "Table: " (one_line(&place.title.plain())) } {
            table.waterfall {
                thead {
                    tr {
                        th scope="col" { "moment" }
                        th scope="col" { "0 to " (seconds_up(axis.end_ns)) }
                        th.number scope="col" { "after the fault" }
                        th.number scope="col" { "took" }
                        th.number scope="col" { "share" }
                        @if allowed { th.number scope="col" { "allowed" } }
                        th scope="col" { "known from" }
                    }
                }
                tbody { @for stage in &waterfall.stages { (row(stage, &axis, allowed)) } }
            }
        }
    }
}

fn row(stage: &WaterfallStage, axis: &Axis, allowed: bool) -> Markup {
    let is_end = matches!(stage.moment, WaterfallMoment::CutOver);
    html! {
        tr class=[is_end.then_some("reached")] {
            th scope="row" { (text(&stage.label)) }
            td.axis { (axis.bar(stage)) }
            td.number { (stage.at.map_or_else(|| "not seen".to_owned(), told)) }
            td.number { @if let Some(took) = stage.took { (told(took)) } }
            td.number { @if let Some(share) = stage.share { (percent(share)) } }
            @if allowed { td.number { @if let Some(budget) = stage.budget_ns { (seconds_up(budget)) } } }
            td { (text(&stage.source)) }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

fn told(time: StageTime) -> String {
    match time.hi_ns {
        Some(hi) if hi == time.lo_ns && hi == 0 => "0 s".to_owned(),
        Some(hi) if seconds_up(hi) == seconds_up(time.lo_ns) => seconds_up(hi),
        hi => between(Interval { lo: time.lo_ns, hi }),
    }
}

/// The time from the fault to the cutover, or to its budget where that is later. What comes after that has no bar: it would leave no room for
/// those that count.
struct Axis {
    end_ns: i64,
    budget_ns: Option<i64>,
}

impl Axis {
    fn of(waterfall: &Waterfall) -> Self {
        let ends = |until: WaterfallMoment| {
            let seen = waterfall.stages.iter().filter(move |stage| stage.moment <= until).filter_map(|stage| stage.at);
            seen.map(|at| at.hi_ns.unwrap_or(at.lo_ns)).max()
        };
        let end_ns = ends(WaterfallMoment::CutOver).max(waterfall.budget_ns).or_else(|| ends(WaterfallMoment::FailedBack));
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
                @if let Some(budget) = self.budget_ns { path.budget d={ "M" (number(self.x(budget).min(WIDTH - 1.0))) " 0V20" } {} }
                @if lo > from { rect.took x=(number(from)) y="5" width=(number(lo - from)) height="10" {} }
                rect.interval x=(number(lo.min(WIDTH - THIN))) y="2" width=(number((hi - lo).max(THIN))) height="16" {}
            }
        }
    }
}
