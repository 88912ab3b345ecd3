//! A report as Markdown: it renders in a pull request or a ticket, and reads as plain text.
//!
//! What this file does not do: say anything. All words come with the report.

use super::bars::bars;
use super::findings_table;
use super::markdown_tables::{intervals, waterfall_table};
use super::markdown_text::{TextPlace, fenced, inline, row};
use crate::report::model::{Block, Paragraph, ParagraphKind, Report, ReportStatus, ReportTable, Section, TableCell, Text};
use crate::units::printable;

/// The whole report. Its picture is bars of text, so that it can be pasted anywhere.
pub fn markdown(report: &Report) -> String {
    written(report, None)
}

/// The same with the drawn picture above its bars: for the file that lies beside that picture's.
pub fn markdown_beside(report: &Report, picture: &str) -> String {
    written(report, Some(picture))
}

fn written(report: &Report, picture: Option<&str>) -> String {
    let mut page = Page { picture: picture.map(str::to_owned), ..Page::default() };
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
    /// The file of the drawn picture, until it was shown.
    picture: Option<String>,
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
                Block::Picture(picture) => {
                    if let Some(file) = self.picture.take() {
                        self.put(&format!("![The drill on one time axis; the bars below show the same]({file})"));
                    }
                    self.put(&fenced(bars(picture).trim_end()));
                }
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
        ParagraphKind::Key => format!("**{}**", lines.join(" ").trim()),
    }
}

fn rows(table: &ReportTable) -> String {
    let told = |cell: &TableCell| cell.text.as_ref().map(|text| inline(text, TextPlace::Cell)).unwrap_or_default();
    let heads: Vec<String> = table.columns.iter().map(|column| (*column).to_owned()).collect();
    let mut lines = vec![row(&heads), format!("|{}", "---|".repeat(heads.len()))];
    lines.extend(table.rows.iter().map(|each| row(&each.cells.iter().map(told).collect::<Vec<_>>())));
    lines.join("\n")
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
}
