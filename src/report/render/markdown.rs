//! A report as Markdown: it renders in a pull request or a ticket, and reads as plain text.
//!
//! What this file does not do: say anything. All words come with the report, but for those that tell how a chart is drawn.

use super::waterfall;
use crate::report::model::{
    Block, Paragraph, ParagraphKind, PhraseForm, PhraseSource, Report, ReportStatus, ReportTable, Section, TableCell, Text, TrafficChart,
    Waterfall,
};
use crate::units::{is_unprintable, printable};

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
        self.put(&format!("{} {}{status}", "#".repeat(level), inline(title)));
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
                Block::List(points) => self.put(&points.iter().map(|point| format!("- {}", inline(point))).collect::<Vec<_>>().join("\n")),
                Block::Table(table) => self.put(&rows(table)),
                Block::Facts(facts) => {
                    let facts = facts.iter().map(|fact| row(&[inline(&fact.label), inline(&fact.text)].map(filled)));
                    let head = ["| | |".to_owned(), "|---|---|".to_owned()];
                    self.put(&head.into_iter().chain(facts).collect::<Vec<_>>().join("\n"));
                }
                Block::Chart(chart) => self.put(&drawn(chart)),
                Block::Picture(picture) => self.picture(picture),
                Block::Waterfall(waterfall) => self.waterfall(waterfall),
                Block::Findings(findings) => self.put(&findings_table(findings)),
                Block::Intervals(plot) => self.put(&intervals(plot)),
                Block::Section(section) => self.section(section, level + 1),
            }
        }
    }
}

impl Page {
    fn waterfall(&mut self, told: &Waterfall) {
        if !told.summary.is_empty() {
            self.put(&format!("**{}**", inline(&told.summary)));
        }
        let heads: Vec<String> = waterfall::heads(told).into_iter().map(filled).collect();
        let mut lines = vec![row(&heads), format!("|{}", "---|".repeat(heads.len()))];
        let cells = |stage| waterfall::cells(told, stage).iter().map(|cell| filled(inline(cell))).collect::<Vec<_>>();
        lines.extend(told.stages.iter().map(|stage| row(&cells(stage))));
        self.put(&lines.join("\n"));
    }
}

fn sentences(paragraph: &Paragraph) -> String {
    let lines: Vec<String> = paragraph.lines.iter().map(inline).collect();
    match paragraph.kind {
        ParagraphKind::Plain | ParagraphKind::Advice => lines.join("\n"),
        ParagraphKind::Key => format!("**{}**", lines.join(" ")),
    }
}

/// A text within a line, a cell or a heading.
fn inline(text: &Text) -> String {
    let phrase = |phrase: &crate::report::model::Phrase| {
        let words = match phrase.form {
            PhraseForm::Prose => phrase.words.clone(),
            PhraseForm::Code => format!("`{}`", phrase.words),
        };
        match phrase.source {
            PhraseSource::Lifeboat => words,
            PhraseSource::Outside => escaped(&words),
        }
    };
    text.0.iter().map(phrase).collect()
}

fn rows(table: &ReportTable) -> String {
    let filled_or_blank = |cell: &TableCell| cell.text.as_ref().map_or_else(|| " ".to_owned(), |text| filled(inline(text)));
    let heads: Vec<String> = table.columns.iter().map(|column| filled((*column).to_owned())).collect();
    let mut lines = vec![row(&heads), format!("|{}", "---|".repeat(heads.len()))];
    lines.extend(table.rows.iter().map(|each| row(&each.cells.iter().map(filled_or_blank).collect::<Vec<_>>())));
    lines.join("\n")
}

fn filled(text: String) -> String {
    format!(" {text} ")
}

fn row(cells: &[String]) -> String {
    format!("|{}|", cells.join("|"))
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
    format!("```text\n{}\n```\n\n{}; one column is {wide} s, from the moment the traffic began.", lines.join("\n"), chart.caption)
}

fn bar(count: u32, top: u32) -> char {
    let eighths = (f64::from(count) / f64::from(top) * 8.0).round() as usize;
    BARS[if count > 0 { eighths.clamp(1, 8) } else { 0 }]
}

/// Text from files and programs, safe anywhere in a line, and within a table's cell.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => safe.push_str("<br>"),
            '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => {
                safe.push('\\');
                safe.push(letter);
            }
            letter if is_unprintable(letter) || letter == '\t' => {}
            letter => safe.push(letter),
        }
    }
    safe
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
