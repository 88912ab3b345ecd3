//! Blocks that are tables in Markdown, or text where a table would not do: the waterfall, intervals.
//!
//! What this file does not do: say anything. All words come with the report, but for the headings.

use super::bars;
use super::markdown_text::{TextPlace, fenced, inline, row};
use super::waterfall;
use crate::report::model::{IntervalPlot, Waterfall};
use crate::report::words::wording::capital;

/// Where the seconds went: a row for each moment.
pub(super) fn waterfall_table(told: &Waterfall) -> String {
    let heads: Vec<String> = waterfall::heads(told).into_iter().map(str::to_owned).collect();
    let mut lines = vec![row(&heads), format!("|{}", "---|".repeat(heads.len()))];
    let cells = |stage| waterfall::cells(told, stage).iter().map(|cell| inline(cell, TextPlace::Cell)).collect::<Vec<_>>();
    lines.extend(told.stages.iter().map(|stage| row(&cells(stage))));
    let summary = inline(&told.summary, TextPlace::LineStart);
    if summary.is_empty() { lines.join("\n") } else { format!("**{summary}**\n\n{}", lines.join("\n")) }
}

/// Intervals one below the other.
pub(super) fn intervals(plot: &IntervalPlot) -> String {
    format!("{}\n\n{}", fenced(bars::intervals(plot).trim_end()), capital(&inline(&plot.caption, TextPlace::LineStart)))
}
