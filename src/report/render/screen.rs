//! A report as lines of a terminal, in plain words: what `lifeboat show` prints.
//!
//! What this file does not do: colour anything (each line says what it is, and `cli` colours it), or say what the report does not.

use super::bars::bars_within;
use super::waterfall::bar;
use crate::report::model::{
    Block, Fact, Grade, IntervalPlot, Paragraph, ParagraphKind, PlottedInterval, Quantity, Report, ReportFinding, ReportTable, Section,
    TableCell, Text, Waterfall,
};
use crate::report::words::wording::{between, stage};
use crate::units::one_line;
use crate::verdict::Interval;

/// Narrower than this nothing can be read, and wider no line.
const WIDTHS: [usize; 2] = [40, 100];
/// Columns of bars.
const BAR: usize = 24;
/// A label of a moment that is longer is cut.
const LABEL_MAX: usize = 34;
/// A cell that is longer stands on lines of its own.
const CELL_MAX: usize = 30;

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenLine {
    /// Its words, without a line end.
    pub words: String,
    /// What it is.
    pub tone: LineTone,
}

/// What a line is, for whoever colours it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineTone {
    /// Text.
    Plain,
    /// A heading.
    Heading,
    /// What nobody must miss.
    Strong,
    /// How something ended.
    Ended(Grade),
}

/// The whole report, for a terminal of this width.
pub fn screen(report: &Report, width: usize) -> Vec<ScreenLine> {
    let mut screen = ReportScreen { lines: Vec::new(), width: width.clamp(WIDTHS[0], WIDTHS[1]), indent: 0 };
    let title = format!("{}: {}", plain(&report.title), report.status.word);
    screen.put(&title, LineTone::Ended(report.status.grade));
    screen.gap();
    screen.blocks(&report.opening);
    for section in &report.sections {
        screen.section(section, 0);
    }
    while screen.lines.last().is_some_and(|line| line.words.is_empty()) {
        screen.lines.pop();
    }
    screen.lines
}

/// Lines in the making.
struct ReportScreen {
    lines: Vec<ScreenLine>,
    width: usize,
    /// Columns that are left empty before each line.
    indent: usize,
}

impl ReportScreen {
    /// Words, wrapped.
    fn put(&mut self, words: &str, tone: LineTone) {
        self.hung("", words, tone);
    }

    /// Words behind a mark, under which they go on.
    fn hung(&mut self, mark: &str, words: &str, tone: LineTone) {
        let (before, wide) = (" ".repeat(self.indent), mark.chars().count());
        let room = self.width.saturating_sub(self.indent + wide).max(10);
        for (place, line) in wrapped(words, room).into_iter().enumerate() {
            let mark = if place == 0 { mark.to_owned() } else { " ".repeat(wide) };
            self.lines.push(ScreenLine { words: format!("{before}{mark}{line}").trim_end().to_owned(), tone });
        }
    }

    /// A line as it is, cut at the width.
    fn raw(&mut self, line: &str) {
        let line: String = format!("{}{line}", " ".repeat(self.indent)).chars().take(self.width).collect();
        self.lines.push(ScreenLine { words: line.trim_end().to_owned(), tone: LineTone::Plain });
    }

    fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.words.is_empty()) {
            self.lines.push(ScreenLine { words: String::new(), tone: LineTone::Plain });
        }
    }

    fn section(&mut self, section: &Section, level: usize) {
        self.gap();
        let status = section.status.as_ref().map(|status| format!(": {}", status.word)).unwrap_or_default();
        let title = format!("{}{status}", plain(&section.title));
        let title = if level == 0 { title.to_uppercase() } else { title };
        self.put(&title, LineTone::Heading);
        self.indent += if level == 0 { 0 } else { 2 };
        for block in &section.blocks {
            self.block(block, level);
        }
        self.indent -= if level == 0 { 0 } else { 2 };
        self.gap();
    }

    fn blocks(&mut self, blocks: &[Block]) {
        blocks.iter().for_each(|block| self.block(block, 0));
    }

    fn block(&mut self, block: &Block, level: usize) {
        match block {
            Block::Paragraph(paragraph) => self.paragraph(paragraph),
            Block::List(points) => points.iter().for_each(|point| self.hung("- ", &plain(point), LineTone::Plain)),
            Block::Table(table) => self.table(table),
            Block::Facts(facts) => self.facts(facts),
            Block::Picture(picture) => bars_within(picture, self.width - self.indent).lines().for_each(|line| self.raw(line)),
            Block::Waterfall(waterfall) => self.waterfall(waterfall),
            Block::Findings(findings) => findings.iter().for_each(|finding| self.finding(finding)),
            Block::Intervals(plot) => self.intervals(plot),
            Block::Section(section) => self.section(section, level + 1),
        }
        if !matches!(block, Block::Section(_)) {
            self.gap();
        }
    }

    fn paragraph(&mut self, paragraph: &Paragraph) {
        let tone = if paragraph.kind == ParagraphKind::Plain { LineTone::Plain } else { LineTone::Strong };
        let sentences: Vec<String> = paragraph.lines.iter().map(plain).collect();
        self.put(&sentences.join(" "), tone);
    }

    fn facts(&mut self, facts: &[Fact]) {
        let labels = facts.iter().map(|fact| plain(&fact.label).chars().count()).max().unwrap_or(0).min(CELL_MAX);
        for fact in facts {
            let label = cut(&plain(&fact.label), labels);
            self.hung(&format!("{label:<labels$}  "), &plain(&fact.text), LineTone::Plain);
        }
    }

    /// In columns where they fit; else a row after the other, each cell behind its column's name.
    fn table(&mut self, table: &ReportTable) {
        let cells: Vec<Vec<String>> = table.rows.iter().map(|row| row.cells.iter().map(cell).collect()).collect();
        let filled = |place: usize| cells.iter().any(|row| row.get(place).is_some_and(|cell| !cell.is_empty()));
        let places: Vec<usize> = (0..table.columns.len()).filter(|place| filled(*place)).collect();
        let wide = |place: usize| {
            let each = cells.iter().filter_map(|row| row.get(place)).map(|cell| cell.chars().count());
            each.chain([table.columns[place].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = places.iter().map(|place| wide(*place)).collect();
        let fits = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1) <= self.width.saturating_sub(self.indent);
        if fits {
            let row = |texts: &[&str]| {
                let each: Vec<String> = texts.iter().zip(&widths).map(|(text, wide)| format!("{text:<wide$}")).collect();
                each.join("  ")
            };
            self.raw(&row(&places.iter().map(|place| table.columns[*place]).collect::<Vec<_>>()));
            self.raw(&"─".repeat(widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)));
            for each in &cells {
                self.raw(&row(&places.iter().map(|place| each.get(*place).map_or("", String::as_str)).collect::<Vec<_>>()));
            }
            return;
        }
        let labels = places.iter().skip(1).map(|place| table.columns[*place].chars().count()).max().unwrap_or(0).min(CELL_MAX);
        for each in &cells {
            let Some((first, rest)) = places.split_first() else { return };
            self.put(each.get(*first).map_or("", String::as_str), LineTone::Plain);
            for place in rest.iter().filter(|place| each.get(**place).is_some_and(|cell| !cell.is_empty() && cell != "0")) {
                let label = cut(table.columns[*place], labels);
                self.hung(&format!("  {label:<labels$}  "), &each[*place], LineTone::Plain);
            }
        }
    }

    fn waterfall(&mut self, waterfall: &Waterfall) {
        if !waterfall.summary.is_empty() {
            self.put(&plain(&waterfall.summary), LineTone::Plain);
        }
        let labels = waterfall.stages.iter().map(|row| plain(&row.label).chars().count()).max().unwrap_or(0).min(LABEL_MAX);
        for row in &waterfall.stages {
            let label = cut(&plain(&row.label), labels);
            let when = row.at.map_or_else(|| "not seen".to_owned(), stage);
            let share = row.share.map(|share| format!("{:>4.0}%", share * 100.0)).unwrap_or_default();
            let drawn = plain(&bar(waterfall, row)).replace('`', "");
            self.hung(&format!("{label:<labels$}  "), format!("{when:<16} {drawn:<20}{share}").trim_end(), LineTone::Plain);
        }
    }

    fn finding(&mut self, finding: &ReportFinding) {
        self.hung("- ", &format!("[{}, {}] {}", finding.severity, finding.state, plain(&finding.says)), LineTone::Plain);
        if let Some(suggestion) = &finding.suggestion {
            self.hung("  → ", &plain(&suggestion.text), LineTone::Plain);
        }
        let people = [("owner", &finding.owner), ("due", &finding.due), ("ticket", &finding.ticket)];
        let people: Vec<String> =
            people.iter().filter_map(|(name, value)| Some(format!("{name}: {}", one_line(value.as_deref()?)))).collect();
        if !people.is_empty() {
            self.hung("  ", &people.join(", "), LineTone::Plain);
        }
    }

    fn intervals(&mut self, plot: &IntervalPlot) {
        self.put(&format!("{}:", plain(&plot.caption)), LineTone::Plain);
        let latest = plot.rows.iter().filter_map(|row| Some(ends(row)?.1));
        let end = latest.chain(plot.objective_ns).max().unwrap_or(1).max(1);
        let labels = plot.rows.iter().map(|row| plain(&row.label).chars().count()).max().unwrap_or(0).min(CELL_MAX);
        for row in &plot.rows {
            let label = cut(&plain(&row.label), labels);
            let drawn = ends(row).map_or_else(String::new, |(from, until)| {
                let (from, until) = (place(from, end), place(until, end));
                format!("{}{}", " ".repeat(from.min(BAR - 1)), "━".repeat(until.saturating_sub(from).max(1)))
            });
            let told = match row.interval {
                Some(Quantity::Between { lo_ns, hi_ns }) => between(Interval { lo: lo_ns, hi: hi_ns }),
                _ => "not measured".to_owned(),
            };
            self.hung(&format!("{label:<labels$}  "), &format!("{drawn:<BAR$} {told}, {}", row.status.word), LineTone::Plain);
        }
    }
}

/// The ends of a row's interval; of one without an upper end its lower twice.
fn ends(row: &PlottedInterval) -> Option<(i64, i64)> {
    match row.interval? {
        Quantity::Between { lo_ns, hi_ns } => Some((lo_ns, hi_ns.unwrap_or(lo_ns))),
        Quantity::Nanoseconds(at) => Some((at, at)),
        Quantity::Count(_) => None,
    }
}

/// The column of bars that a moment stands in.
fn place(at: i64, end: i64) -> usize {
    ((at.max(0) as f64 / end as f64 * BAR as f64).round() as usize).min(BAR)
}

fn cell(cell: &TableCell) -> String {
    cell.text.as_ref().map(plain).unwrap_or_default()
}

/// A text in one line, without anything that drives a terminal.
fn plain(text: &Text) -> String {
    one_line(&text.plain())
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most.saturating_sub(1)).chain(['…']).collect() }
}

/// Words in lines of at most `room` letters; a word that is longer is broken.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let (mut lines, mut line, mut wide) = (Vec::new(), String::new(), 0);
    for word in text.split(' ') {
        let mut letters: Vec<char> = word.chars().collect();
        if wide > 0 && wide + 1 + letters.len() > room {
            lines.push(std::mem::take(&mut line));
            wide = 0;
        }
        if wide > 0 {
            line.push(' ');
            wide += 1;
        }
        while letters.len() > room {
            lines.push(letters.drain(..room).collect());
        }
        line.extend(&letters);
        wide += letters.len();
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::{
        ReportIdentity, ReportKind, ReportStatus, SectionKind, StageTime, TableRow, WaterfallMoment, WaterfallStage,
    };

    fn shown(sections: Vec<Section>, width: usize) -> String {
        let status = ReportStatus { word: "met".to_owned(), grade: Grade::Good };
        let (kind, identity) = (ReportKind::Drill, ReportIdentity::default());
        let opening = vec![Paragraph::key("Users were without service for 2.95 to 3.13 s; the objective is 30 s.").into()];
        let title = Text::outside("Outage\u{1b}[2J of\nall");
        let report = Report { kind, identity, title, status, opening, sections };
        screen(&report, width).into_iter().map(|line| line.words + "\n").collect()
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_nothing_drives_it() {
        let long = "x".repeat(5_000);
        let wide =
            TableRow::of([Text::outside(&long).into(), TableCell::count(7), Text::outside("a b c d e f g h i j k l m n o p q").into()]);
        let table = ReportTable { columns: vec!["what", "count", "said"], rows: vec![wide] };
        let list = Block::List(vec![Text::outside(&long), Text::outside("\u{202e}evil")]);
        let facts = Block::Facts(vec![Fact::of(Text::outside(&long), "said")]);
        let inner = Block::Section(Section::new(SectionKind::Faults, "Inner").with(list));
        let section = Section::new(SectionKind::Traffic, "Traffic").with(table).with(facts).with(inner);
        for width in [1, 40, 80, 500] {
            let told = shown(vec![section.clone()], width);
            let limit = width.clamp(WIDTHS[0], WIDTHS[1]);
            assert!(told.lines().all(|line| line.chars().count() <= limit), "{width}: {told}");
            assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told}");
            assert!(told.matches('x').count() >= 10_000, "nothing but a label is cut");
        }
    }

    #[test]
    fn a_table_that_fits_has_columns_and_a_waterfall_bars() {
        let row = |name: &str, count| TableRow::of([Text::outside(name).into(), TableCell::count(count), TableCell::BLANK]);
        let table = ReportTable { columns: vec!["provider", "attempts", "nothing"], rows: vec![row("azure", 1234), row("openai", 7)] };
        let stage = |label: &str, moment: WaterfallMoment, lo: i64, share: Option<f64>| WaterfallStage {
            moment,
            label: label.into(),
            at: Some(StageTime { lo_ns: lo, hi_ns: Some(lo) }),
            took: None,
            share,
            budget_ns: None,
            source: "traffic".into(),
        };
        let stages = vec![
            stage("fault", WaterfallMoment::FaultActive, 0, None),
            stage("acted", WaterfallMoment::Acted, 2_000_000_000, Some(0.5)),
            stage("cut over", WaterfallMoment::CutOver, 4_000_000_000, Some(0.5)),
        ];
        let waterfall =
            Waterfall { stages, goal: WaterfallMoment::CutOver, budget_ns: Some(8_000_000_000), summary: "Most went to waiting.".into() };
        let section = Section::new(SectionKind::Traffic, "Traffic").with(table).with(Block::Waterfall(waterfall));
        let told = shown(vec![section], 80);
        assert!(told.contains("\nTRAFFIC\nprovider  attempts\n──────────────────\nazure     1,234\nopenai    7\n\nMost went"), "{told}");
        assert!(told.contains("cut over  ") && told.contains("··········▇▇▇▇▇▇▇▇▇▇  50%"), "{told}");
    }
}
