//! A report as Markdown: it renders in a pull request or a ticket, and reads as plain text.
//!
//! What this file does not do: say anything. All words come with the report.

use super::bars::{bars, intervals};
use crate::report::model::{
    Block, Paragraph, ParagraphKind, PhraseForm, PhraseSource, Report, ReportStatus, ReportTable, Section, TableCell, Text,
};
use crate::units::{is_unprintable, printable};

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
                Block::Picture(picture) => self.put(&format!("```text\n{}```", bars(picture))),
                Block::Intervals(plot) => self.put(&format!("{}\n\n```text\n{}```", inline(&plot.caption), intervals(plot))),
                Block::Waterfall(_) | Block::Findings(_) => {}
                Block::Section(section) => self.section(section, level + 1),
            }
        }
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
}
