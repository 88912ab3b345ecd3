//! A report as Markdown: it renders in a pull request or a ticket, and reads as plain text.
//!
//! What this file does not do: say anything. All words come with the report, but for those that tell how a chart is drawn.

use super::findings_table;
use super::markdown_tables::{intervals, waterfall_table};
use super::markdown_text::{TextPlace, fenced, inline, row};
use crate::report::model::{Block, Paragraph, ParagraphKind, Report, ReportStatus, ReportTable, Section, TableCell, Text, TrafficChart};
use crate::units::printable;

/// Columns of a chart.
const COLUMNS: usize = 72;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The whole report.
pub fn markdown(report: &Report) -> String {
    let mut page = Page::default();
    page.heading(1, &report.title, Some(&report.status));
    page.blocks(&report.opening, 1);
    report.sections.iter().for_each(|section| page.section(section, 2));
    let text = page.text.trim_end_matches('\n').to_owned() + "\n";
    printable(&text).into_owned()
}

/// A document in the making: pieces, each with an empty line after it.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn put(&mut self, piece: &str) {
        self.text.push_str(piece);
        self.text.push_str("\n\n");
    }

    fn heading(&mut self, level: usize, title: &Text, status: Option<&ReportStatus>) {
        let status = status.map(|status| format!(": {}", status.word)).unwrap_or_default();
        self.put(&format!("{} {}{status}", "#".repeat(level), inline(title, TextPlace::Heading)));
    }

    fn section(&mut self, section: &Section, level: usize) {
        self.heading(level, &section.title, section.status.as_ref());
        self.blocks(&section.blocks, level);
    }

    fn blocks(&mut self, blocks: &[Block], level: usize) {
        let mut below_section = false;
        for block in blocks {
            // A table of the whole is set off from the section before it, which has no end of its own.
            if below_section && matches!(block, Block::Table(_)) {
                self.text.push('\n');
            }
            below_section = matches!(block, Block::Section(_));
            match block {
                Block::Paragraph(paragraph) => self.put(&sentences(paragraph)),
                Block::List(points) => self
                    .put(&points.iter().map(|point| format!("- {}", inline(point, TextPlace::LineStart))).collect::<Vec<_>>().join("\n")),
                Block::Table(table) => self.put(&rows(table)),
                Block::Facts(facts) => {
                    let facts = facts.iter().map(|fact| row(&[&fact.label, &fact.text].map(|text| inline(text, TextPlace::Cell))));
                    let head = ["| | |".to_owned(), "|---|---|".to_owned()];
                    self.put(&head.into_iter().chain(facts).collect::<Vec<_>>().join("\n"));
                }
                Block::Chart(chart) => self.put(&drawn(chart)),
                Block::Picture(_) => {}
                Block::Waterfall(waterfall) => self.put(&waterfall_table(waterfall)),
                Block::Findings(findings) => self.put(&rows(&findings_table::table(findings))),
                Block::Intervals(plot) => self.put(&intervals(plot)),
                Block::Section(section) => self.section(section, level + 1),
            }
        }
    }
}

fn sentences(paragraph: &Paragraph) -> String {
    let lines: Vec<String> = paragraph.lines.iter().map(|line| inline(line, TextPlace::LineStart)).collect();
    match paragraph.kind {
        ParagraphKind::Plain | ParagraphKind::Advice => lines.join("\n"),
        ParagraphKind::Key => format!("**{}**", lines.join(" ")),
    }
}

fn rows(table: &ReportTable) -> String {
    let told = |cell: &TableCell| cell.text.as_ref().map(|text| inline(text, TextPlace::Cell)).unwrap_or_default();
    let heads: Vec<String> = table.columns.iter().map(|column| (*column).to_owned()).collect();
    let mut lines = vec![row(&heads), format!("|{}", "---|".repeat(heads.len()))];
    lines.extend(table.rows.iter().map(|each| row(&each.cells.iter().map(told).collect::<Vec<_>>())));
    lines.join("\n")
}

/// The bars on one axis, what was done below them, and how to read it all.
fn drawn(chart: &TrafficChart) -> String {
    let wide = chart.requests.len().div_ceil(COLUMNS).max(1);
    let columns = chart.requests.len().div_ceil(wide);
    let sums = |counts: &[u32]| counts.chunks(wide).map(|column| column.iter().sum::<u32>()).collect::<Vec<_>>();
    let top = sums(&chart.requests).into_iter().max().unwrap_or(1).max(1);
    let label = |name: &str| format!("{:<22}", name.chars().take(21).collect::<String>());
    let mut lines: Vec<String> = Vec::new();
    for series in &chart.series {
        let bars: String = sums(&series.counts).into_iter().map(|count| bar(count, top)).collect();
        lines.push(format!("{}{}", label(&series.name), bars.trim_end()));
    }
    if let Some(shade) = chart.shade {
        let column = |ns: u64| ((ns as f64 / 1e9 / wide as f64) as usize).min(columns);
        let (from, until) = (column(shade.from_ns), shade.until_ns.map_or(columns, column));
        lines.push(format!("{}{}{}", label(shade.name), " ".repeat(from), "▒".repeat((until.saturating_sub(from)).max(1))));
        let limit = (shade.objective_ns as f64 / 1e9 / wide as f64) as usize;
        lines.push(format!("{}{}├{}┤ objective", label(""), " ".repeat(from), "─".repeat(limit.saturating_sub(2))));
    }
    let mark = 10;
    let numbers: String = (0..columns).step_by(mark).map(|column| format!("{:<mark$}", column * wide)).collect();
    lines.push(format!("{}{}", label("seconds of traffic"), numbers).trim_end().to_owned());
    format!("{}\n\n{}; one column is {wide} s, from the moment the traffic began.", fenced(&lines.join("\n")), chart.caption)
}

fn bar(count: u32, top: u32) -> char {
    let eighths = (f64::from(count) / f64::from(top) * 8.0).round() as usize;
    BARS[if count > 0 { eighths.clamp(1, 8) } else { 0 }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::{Fact, Grade, ReportIdentity, ReportKind, TableRow};

    fn report(opening: Vec<Block>) -> String {
        let status = ReportStatus { word: "met".to_owned(), grade: Grade::Good };
        let (kind, identity) = (ReportKind::Drill, ReportIdentity::default());
        markdown(&Report { kind, identity, title: Text::outside("a*b"), status, opening, sections: Vec::new() })
    }

    #[test]
    fn only_what_came_from_outside_is_kept_from_being_markup() {
        let text = Text::own("Set `rto`: ").then(Text::outside("x|y <b>`z_`\n2"));
        let table = ReportTable { columns: vec!["what", "owner"], rows: vec![TableRow::of([text.clone().into(), TableCell::BLANK])] };
        let facts = Block::Facts(vec![Fact::of("label", Text::outside("_"))]);
        let told = report(vec![Paragraph::key(text.clone()).into(), Block::List(vec![text]), table.into(), facts]);
        let safe = r"Set `rto`: x\|y \<b\>\`z\_\`<br>2";
        let wanted = format!(
            "# a\\*b: met\n\n**{safe}**\n\n- {safe}\n\n| what | owner |\n|---|---|\n| {safe} | |\n\n| | |\n|---|---|\n| label | \\_ |\n"
        );
        assert_eq!(told, wanted);
    }

    #[test]
    fn bars_share_one_scale_and_columns_grow_with_the_drill() {
        use crate::report::model::{ChartSeries, ChartShade};
        let chart = |seconds: usize| {
            let series = vec![ChartSeries { name: "first".into(), grade: Grade::Good, counts: vec![5; seconds] }];
            let shade = ChartShade { name: "fault", from_ns: 2_000_000_000, until_ns: None, objective_ns: 4_000_000_000 };
            drawn(&TrafficChart { requests: vec![10; seconds], series, shade: Some(shade), caption: "Requests" })
        };
        let bars = "first                 ▄▄▄▄\nfault                   ▒▒\n                        ├──┤ objective";
        let told = chart(4);
        assert!(told.contains(bars) && told.ends_with("Requests; one column is 1 s, from the moment the traffic began."), "{told}");
        assert!(chart(73).ends_with("one column is 2 s, from the moment the traffic began."), "{}", chart(73));
    }
}
