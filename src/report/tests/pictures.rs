//! The picture of a drill: what it counts, what it says, and that what is drawn is well-formed, whatever it is called.

use super::*;
use crate::report::model::{
    DrillPicture, IntervalPlot, LatencyKind, LatencyLimit, LatencyLine, MarkKind, OverlaySeries, PictureInterval, PictureMark,
    PictureObjective, PictureSeries, PictureSpan, PlottedInterval, Quantity, ReportStatus, SeriesEnding, SpanKind, StageTime,
};
use crate::report::render::bars::{bars, intervals};
use crate::report::render::svg::{STYLE, inline, inline_intervals};
use crate::report::{Grade, svg};
use quick_xml::Reader;
use quick_xml::events::Event as Xml;
use std::collections::BTreeSet;

const SECOND: u64 = 1_000 * MS;

fn picture(told: &Screens) -> &DrillPicture {
    let shown = told.model.opening.iter().find_map(|block| if let Block::Picture(picture) = block { Some(picture) } else { None });
    shown.expect("a drill that sent requests has a picture")
}

fn dies(told: &mut Recorded, id: u64, due: u64) {
    if during(due) { told.done(id, due, 5, Outcome::Error) } else { told.usual(id, due) }
}

fn switches(told: &mut Recorded, id: u64, due: u64) {
    if during(due) && due >= FAULT + 3_000 {
        told.seen(Some(id), "standby", due + 2, 10, 200);
        told.done(id, due, 15, Outcome::Ok);
    } else {
        dies(told, id, due);
    }
}

/// Every name of a series with the sum of its requests.
fn sums(picture: &DrillPicture) -> Vec<(&str, u64)> {
    picture.series.iter().map(|series| (series.name.as_str(), series.counts.iter().map(|count| u64::from(*count)).sum())).collect()
}

/// A picture by hand, in which everything has this name.
fn named(name: &str, columns: usize) -> DrillPicture {
    let text = || Text::outside(name);
    let series = |ending: SeriesEnding, grade: Grade| PictureSeries { name: name.into(), grade, ending, counts: vec![3; columns] };
    let line = |kind: LatencyKind| LatencyLine {
        name: "p95".into(),
        kind,
        quantile: 0.95,
        ns: (0..columns as u64).map(|column| (column % 7 != 3).then_some(column * MS)).collect(),
    };
    let span = |kind: SpanKind, lane: Option<&str>| PictureSpan {
        kind,
        name: text(),
        lane: lane.map(str::to_owned),
        grade: Grade::Bad,
        from_ns: SECOND,
        until_ns: None,
    };
    let mark = |kind: MarkKind| PictureMark { kind, name: text(), lane: None, at_ns: 2 * SECOND };
    let cutover = StageTime { lo_ns: SECOND as i64, hi_ns: Some(SECOND as i64 + 1) };
    DrillPicture {
        about: Some(name.into()),
        words: vec![text()],
        column_ns: SECOND,
        columns,
        end_ns: columns as u64 * SECOND,
        series: vec![series(SeriesEnding::Provider(0), Grade::Good), series(SeriesEnding::Error, Grade::Bad)],
        latency: vec![line(LatencyKind::Service), line(LatencyKind::Streaming)],
        limit: Some(LatencyLimit { kind: LatencyKind::Service, ns: SECOND }),
        spans: vec![
            span(SpanKind::Fault, None),
            span(SpanKind::Phase, None),
            span(SpanKind::Step, None),
            span(SpanKind::Breaker, Some(name)),
            span(SpanKind::Guard, None),
        ],
        marks: [MarkKind::Alert, MarkKind::Runbook, MarkKind::Gateway, MarkKind::Key, MarkKind::Note, MarkKind::Stop].map(mark).into(),
        fault_ns: Some(SECOND),
        objective: Some(PictureObjective { ns: u64::MAX, label: "RTO".into() }),
        cutover: Some(PictureInterval { word: "cutover", between: cutover, label: name.into(), grade: Grade::Bad }),
        overlays: vec![OverlaySeries {
            name: text(),
            unit: Some(name.into()),
            points: vec![(-5, 1.0), (3, f64::NAN), (4, -2.0), (9, 1e99)],
        }],
    }
}

/// Reads it as XML; no identifier stands there twice, and what is referred to is there. Says which elements there are.
fn elements(drawn: &str) -> BTreeSet<String> {
    let mut reader = Reader::from_str(drawn);
    let (mut names, mut ids, mut asked) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {drawn}")) {
            Xml::Start(element) | Xml::Empty(element) => {
                names.insert(String::from_utf8(element.name().as_ref().to_vec()).unwrap());
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap();
                    let value = String::from_utf8(attribute.value.to_vec()).unwrap();
                    match attribute.key.as_ref() {
                        b"id" => assert!(ids.insert(value.clone()), "{value} twice"),
                        b"fill" => asked.extend(value.strip_prefix("url(#").map(|rest| rest.trim_end_matches(')').to_owned())),
                        b"aria-labelledby" => asked.extend(value.split(' ').map(str::to_owned)),
                        _ => {}
                    }
                }
            }
            Xml::Eof => break,
            _ => {}
        }
    }
    assert!(asked.is_subset(&ids), "{:?}", asked.difference(&ids).collect::<Vec<_>>());
    names
}

#[test]
fn the_picture_counts_every_request_once() {
    let told = Drill::of(unavailable(), switches).told();
    let picture = picture(&told);
    assert_eq!(sums(picture), [("primary", 400), ("standby", 340), ("error", 60)]);
    assert_eq!((picture.column_ns, picture.columns, picture.end_ns), (500 * MS, 80, 40 * SECOND));
    assert_eq!(picture.fault_ns, Some(10 * SECOND));
    let fault = picture.spans.iter().find(|span| span.kind == SpanKind::Fault).unwrap();
    assert_eq!((fault.from_ns, fault.until_ns), (10 * SECOND, Some(30 * SECOND)));
    assert_eq!(fault.name.plain(), "status 503 on primary");
    let interval = told.verdict.measures.as_ref().unwrap().cutover;
    let cutover = picture.cutover.as_ref().unwrap();
    assert_eq!((cutover.between, cutover.grade), (interval.into(), Grade::Good));
    assert_eq!(picture.objective.as_ref().unwrap().label, "RTO 8 s");
    let words: Vec<String> = picture.words.iter().map(Text::plain).collect();
    let words = words.join(" ");
    for part in [
        "800 requests in 40 s, about 20 a second.",
        "primary served 200 of 200 before the fault; standby served 330 of 330 from the recovery to the end of the fault; primary served 200 of 200 \
         after the fault.",
        "60 requests were not good (60 error), due between 10 s and 13 s of the traffic.",
        "lies before the line of the RTO 8 s.",
    ] {
        assert!(words.contains(part), "{part:?} is not in {words}");
    }
}

#[test]
fn what_is_drawn_is_the_same_each_time_and_says_what_was_measured() {
    let told = Drill::of(unavailable(), switches).told();
    let (shown, again) = (picture(&told), Drill::of(unavailable(), switches).told());
    let drawn = inline(shown, "p1");
    assert_eq!((&drawn, svg(&told.model)), (&inline(picture(&again), "p1"), svg(&again.model)));
    let alone = svg(&told.model).unwrap();
    for text in ["RTO 8 s", &shown.cutover.as_ref().unwrap().label, "time since the fault began", "status 503 on primary"] {
        assert!(drawn.contains(text) && alone.contains(text), "{text}: {drawn}");
    }
    assert!(drawn.contains("role=\"img\"") && elements(&drawn).contains("desc"));
    assert!(alone.contains(STYLE), "it needs no other file");
    assert!(!elements(&alone).contains("image") && !alone.contains("href"));
    assert!(drawn.len() < 120_000, "{}", drawn.len());
}

#[test]
fn a_drill_without_fault_or_requests_is_drawn_as_far_as_it_went() {
    let before = Drill { stopped: Some((5_000, StopReason::Person, "stopped")), ..Drill::of(unavailable(), dies) }.told();
    let shown = picture(&before);
    assert_eq!((shown.fault_ns, &shown.cutover, &shown.objective), (None, &None, &None));
    assert_eq!(sums(shown).iter().map(|(_, sum)| sum).sum::<u64>(), 100);
    assert!(inline(shown, "p").contains("time since the traffic began"));
    assert!(shown.marks.iter().any(|mark| mark.kind == MarkKind::Stop));
    let never = Drill { stopped: Some((0, StopReason::Environment, "nobody listens")), ..Drill::of(unavailable(), dies) }.told();
    assert_eq!(svg(&never.model), None);
}

#[test]
fn no_name_breaks_a_picture_or_is_read_as_markup() {
    let long = "x<script>alert(1)</script>&\"'".repeat(250);
    for name in ["", "<script>alert(1)</script>", "]]> --> \u{1b}[2J \u{202e}rtl \0 \u{ffff}", "שלום עולם", &long] {
        for columns in [1, 2, 240] {
            let picture = named(name, columns);
            let drawn = inline(&picture, "p");
            let names = elements(&drawn);
            assert!(!names.contains("script"), "{names:?}");
            assert!(drawn.len() < 250_000, "{}", drawn.len());
            let text = bars(&picture);
            assert!(text.lines().take(12).all(|line| line.chars().count() <= 120), "{text}");
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
        }
    }
}

#[test]
fn intervals_stand_on_one_axis_with_what_was_promised() {
    let row = |label: &str, interval, word: &str, grade| PlottedInterval {
        label: Text::outside(label),
        interval,
        status: ReportStatus { word: word.into(), grade },
    };
    let between = |lo: i64, hi: Option<i64>| Some(Quantity::Between { lo_ns: lo * MS as i64, hi_ns: hi.map(|hi| hi * MS as i64) });
    let plot = IntervalPlot {
        caption: "Cutover after the fault".into(),
        objective_ns: Some(10 * SECOND as i64),
        rows: vec![
            row("first <b>", between(2_950, Some(3_130)), "met", Grade::Good),
            row("second", between(11_000, None), "missed", Grade::Bad),
            row("third", None, "void", Grade::Neutral),
        ],
    };
    let drawn = inline_intervals(&plot, "i");
    elements(&drawn);
    for text in ["2.95 to 3.13 s", "over 11.00 s", "not measured", "objective 10 s", "1 of 3 end before the objective", "first &lt;b&gt;"] {
        assert!(drawn.contains(text), "{text}: {drawn}");
    }
    let text = intervals(&plot);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains('█') && lines[0].contains("2.95 to 3.13 s") && lines[0].ends_with("met"), "{text}");
    assert!(lines[1].contains('░') && lines[1].contains("more than 11.00 s"), "{text}");
    assert_eq!(lines.len(), 5, "{text}");
}
