//! What a page must hold whatever it is told.

use super::*;
use crate::model::{FindingId, FindingSeverity};
use crate::report::model::{
    Block, Fact, Grade, Paragraph, ReportFinding, ReportStatus, ReportTable, SectionKind, StageTime, Suggestion, TableCell, TableRow, Text,
    Waterfall, WaterfallMoment, WaterfallStage,
};

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
    let rows = vec![row("1. Lost", 1234, "missed", Grade::Bad), row("2. Kept", 2, "met", Grade::Good)];
    let table = ReportTable { columns: vec!["objective", "measured", "verdict"], rows };
    let page = html(&report(Vec::new(), vec![Section::new(SectionKind::Objectives, "Objectives").with(table)]));
    assert!(page.contains(r#"<th scope="col" class="number">measured</th>"#), "{page}");
    assert!(
        page.contains(r#"<td class="number" data-label="measured"><span>1,234</span></td>"#)
            && page.contains(r#"<th scope="row" data-label="objective"><span>1. Lost"#),
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

#[test]
fn a_finding_has_its_setting_as_code_and_room_for_who_does_it() {
    let mut finding = ReportFinding::new(FindingId::RtoMissed, FindingSeverity::High, "It took too long.");
    finding.suggestion = Some(Suggestion {
        gateway: Some("litellm".to_owned()),
        setting: Some("cooldown_time".to_owned()),
        value: Some("30".to_owned()),
        text: "Let it rest.".into(),
    });
    finding.ticket = Some("OPS-1".to_owned());
    let page = html(&report(Vec::new(), vec![Section::new(SectionKind::Findings, "Findings").with(Block::Findings(vec![finding]))]));
    assert!(page.contains(r#"<span class="severity">high</span>"#) && page.contains("<code>cooldown_time: 30</code>"), "{page}");
    assert!(page.contains("<dt>Owner</dt><dd class=\"open\">to fill in</dd>") && page.contains("<dd><bdi>OPS-1</bdi></dd>"), "{page}");
}

#[test]
fn a_waterfall_s_bars_stand_beside_its_numbers_on_one_axis() {
    let stage = |moment, lo_ns: i64, took: Option<i64>| WaterfallStage {
        moment,
        label: "a moment".into(),
        at: Some(StageTime { lo_ns, hi_ns: Some(lo_ns) }),
        took: took.map(|took| StageTime { lo_ns: took, hi_ns: Some(took) }),
        share: took.map(|_| 0.5),
        budget_ns: Some(8_000_000_000),
        source: "traffic".into(),
    };
    let stages = vec![
        stage(WaterfallMoment::FaultActive, 0, None),
        stage(WaterfallMoment::CutOver, 4_000_000_000, Some(4_000_000_000)),
        stage(WaterfallMoment::Healed, 90_000_000_000, None),
    ];
    let told = Waterfall { stages, goal: WaterfallMoment::CutOver, budget_ns: Some(8_000_000_000), summary: Text::default() };
    let page = html(&report(Vec::new(), vec![Section::new(SectionKind::Waterfall, "Where").with(Block::Waterfall(told))]));
    // Half of the objective was used; what came after the goal has no bar, and its time all the same.
    assert!(page.contains(r#"<rect class="took" x="0.0" y="5" width="500.0""#) && page.contains(">50%</td>"), "{page}");
    assert!(page.matches("<svg class=\"bar\"").count() == 2 && page.contains("90.00 s"), "{page}");
}
