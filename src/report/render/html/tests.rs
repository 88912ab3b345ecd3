//! What a page must hold whatever it is told.

use super::*;
use crate::report::model::{Block, Fact, Grade, Paragraph, ReportStatus, ReportTable, SectionKind, TableCell, TableRow, Text};

fn report(opening: Vec<Block>, sections: Vec<Section>) -> Report {
    let status = ReportStatus { word: "met".to_owned(), grade: Grade::Good };
    let identity = ReportIdentity::default();
    Report { kind: ReportKind::Drill, identity, title: Text::outside("a title"), status, opening, sections }
}

/// All that people from outside would like to put into a page.
const HOSTILE: &str = "</style></title><script>alert(1)</script>\"'&<img src=x onerror=alert(1)>\u{1b}[31m\u{202e}";

#[test]
fn nothing_from_outside_becomes_markup() {
    let words = || Text::outside(HOSTILE).then(Text::own(HOSTILE)).then(Text::outside(format!("`{HOSTILE}`")));
    let table = ReportTable { columns: vec!["what", "owner"], rows: vec![TableRow::of([words().into(), TableCell::BLANK])] };
    let inner = Section::new(SectionKind::Traffic, words()).with(Block::List(vec![words()]));
    let facts = Block::Facts(vec![Fact::of(words(), words())]);
    let section = Section::new(SectionKind::Traffic, words()).with(table).with(facts).with(Block::Section(inner));
    let mut report = report(vec![Paragraph::key(words()).into()], vec![section]);
    let hostile = || Some(HOSTILE.to_owned());
    report.title = words();
    report.identity = ReportIdentity {
        run: hostile(),
        scenario: hostile(),
        environment: hostile(),
        lifeboat: hostile(),
        started_at: hostile(),
        history_sha256: hostile(),
        incident: hostile(),
        ..ReportIdentity::default()
    };
    let page = html(&report);
    for wrong in ["<script", "<img", "\u{1b}", "\u{202e}", "alert(1)</script"] {
        assert!(!page.contains(wrong), "{wrong:?} in\n{page}");
    }
    assert_eq!((page.matches("</style>").count(), page.matches("</title>").count()), (1, 1));
    assert!(page.contains("<bdi>&lt;/style&gt;"), "{page}");
}

#[test]
fn every_identifier_is_there_once_and_every_link_leads_to_one() {
    let inner = || Block::Section(Section::new(SectionKind::Objectives, "Objectives"));
    let workload = |name: &str| Section::new(SectionKind::Workload, name).with(inner()).with(inner());
    let page = html(&report(Vec::new(), vec![workload("first"), workload("second"), Section::new(SectionKind::Limits, "Limits")]));
    let of = |before: &str| -> Vec<String> {
        page.split(before).skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
    };
    let ids = of(" id=\"");
    let once: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(once.len(), ids.len(), "{ids:?}");
    let links = of("href=\"#").into_iter().chain(of("aria-labelledby=\""));
    let broken: Vec<String> = links.filter(|link| !ids.contains(link)).collect();
    assert!(broken.is_empty() && ids.contains(&"workload-2-objectives-2".to_owned()), "{broken:?} {ids:?}");
}

#[test]
fn numbers_stand_to_the_right_and_a_status_is_told_in_its_word() {
    let status = |word: &str, grade| Some(ReportStatus { word: word.to_owned(), grade });
    let row = |name: &str, count: u64, word: &str, grade| TableRow {
        status: status(word, grade),
        ..TableRow::of([name.into(), TableCell::count(count), word.into()])
    };
    let rows = vec![row("lost", 1234, "missed", Grade::Bad), row("kept", 2, "met", Grade::Good)];
    let table = ReportTable { columns: vec!["objective", "measured", "verdict"], rows };
    let page = html(&report(Vec::new(), vec![Section::new(SectionKind::Objectives, "Objectives").with(table)]));
    assert!(page.contains(r#"<th scope="col" class="number">measured</th>"#), "{page}");
    assert!(
        page.contains(r#"<td class="number" data-label="measured"><span>1,234</span></td>"#) && page.contains(r#"<th scope="row""#),
        "{page}"
    );
    assert!(page.contains(r#"class="status bad""#) && page.contains("</svg>missed</span>"), "{page}");
}

#[test]
fn no_line_ends_between_a_number_and_its_unit() {
    let shown = |words: &str| phrase::text(&Text::own(words)).into_string();
    assert_eq!(shown("2.90 to 3.10 s after the 5 s, s"), "2.90 to 3.10\u{a0}s after the 5\u{a0}s, s");
    assert_eq!(shown("`3 s` of the drill's s"), "<code>3 s</code> of the drill's s");
}

#[test]
fn a_moment_is_written_for_people_where_it_is_one() {
    let shown = |stated: &str| moment(stated).into_string();
    assert!(shown("2026-11-29T17:12:08.447+00:00").ends_with(">2026-11-29 17:12 UTC</time>"));
    assert_eq!(shown("<yesterday>"), "<bdi>&lt;yesterday&gt;</bdi>");
    assert_eq!(shown("2026-11-29T1"), "<bdi>2026-11-29T1</bdi>");
}
