//! Each format against lines as its tool writes them, and against what nobody should write.

use super::record::RecordedProvider;
use super::{ImportError, ImportSettings, ImportedRecord, LoadModel, RecordSource, RecordTime, StatedFacts, evidence, read};
use crate::history::{By, Evidence, Lost, Outcome};
use crate::model::{DeclaredObjectives, Gate, SloOn};
use crate::units::{Duration, explained};
use crate::verdict::{Decision, Reason, Verdict, judge};

mod formats;

const MS: i64 = 1_000_000;

fn settings(source: RecordSource) -> ImportSettings {
    ImportSettings { source, pace: None, template: None, served_by: None, since: None, until: None }
}

fn record(source: RecordSource, text: &str) -> ImportedRecord {
    read(text.as_bytes(), &settings(source)).unwrap()
}

fn refused(settings: &ImportSettings, text: &str) -> String {
    explained(&read(text.as_bytes(), settings).unwrap_err())
}

fn with_line(source: RecordSource, line: &str) -> ImportSettings {
    ImportSettings { template: Some(line.into()), ..settings(source) }
}

/// A service `first`, then `second`: RTO 2 s, answers within 250 ms.
fn told(fault: &str) -> StatedFacts {
    let text = |text: &str| text.parse::<Duration>().unwrap();
    StatedFacts {
        objectives: Some(
            DeclaredObjectives {
                rto: Some(text("2s")),
                slo: Some(text("250ms")),
                deadline: Some(text("1s")),
                stable_for: Some(text("2s")),
                ..DeclaredObjectives::default()
            }
            .resolved(),
        ),
        providers: vec!["first".into(), "second".into()],
        fault: Some(fault.parse().unwrap()),
        ..StatedFacts::default()
    }
}

fn judged(record: ImportedRecord, stated: &StatedFacts) -> (Evidence, Verdict) {
    let evidence = evidence(record, stated).unwrap();
    let verdict = judge(&evidence);
    (evidence, verdict)
}

/// nginx with everything that it can tell, 50 requests a second for 20 s; `at` gives a request's milliseconds, status and server.
fn gateway(at: impl Fn(i64) -> (i64, u16, &'static str)) -> String {
    let mut lines: Vec<(i64, String)> = (0..1000)
        .map(|number| {
            let sent = 1_763_647_380_000 + number * 20;
            let (took, status, server) = at(number * 20);
            let end = sent + took;
            (end, format!("{}.{:03} {}.{took:03} {status} {server}\n", end / 1000, end % 1000, took / 1000, took = took % 1000))
        })
        .collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

const FINE: &str = "$msec $request_time $status $upstream_addr";

#[test]
fn a_gateways_log_is_judged_like_a_drill() {
    // The primary is lost after 10 s; a second later everything is served by the standby.
    let log = gateway(|at| match at {
        0..10_000 => (30, 200, "10.0.0.1:443"),
        10_000..11_000 => (5, 502, "10.0.0.1:443"),
        _ => (40, 200, "10.0.0.1:443, 10.0.0.2:443"),
    });
    let record = read(log.as_bytes(), &with_line(RecordSource::Nginx, FINE)).unwrap();
    assert_eq!(record.names, ["10.0.0.1:443", "10.0.0.2:443"]);
    let mut told = told("+10s");
    told.called = [("10.0.0.1:443".into(), "first".into()), ("10.0.0.2:443".into(), "second".into())].into();
    let (evidence, verdict) = judged(record, &told);
    assert_eq!((verdict.verdict, verdict.reason), (Decision::Met, None), "{verdict:?}");
    let cutover = verdict.measures.unwrap().cutover;
    // The last bad answer at 10.98 s and the first good one, proven 40 ms after 11.0 s; a millisecond or two of rounding on each side.
    assert!(978 * MS <= cutover.lo && cutover.lo <= 980 * MS, "{cutover:?}");
    assert!((1040 * MS..=1044 * MS).contains(&cutover.hi.unwrap()), "{cutover:?}");
    assert!(evidence.lacks(Lost::Unreached) && evidence.lacks(Lost::WhoServedProven) && !evidence.lacks(Lost::WhoServed));
    assert_eq!((verdict.evidence.lag, verdict.evidence.touched), (None, None), "what nobody saw is not given as a number");
}

#[test]
fn without_names_restore_is_judged_and_the_verdict_says_so() {
    let log = gateway(|at| if (10_000..11_000).contains(&at) { (5, 502, "-") } else { (30, 200, "10.0.0.7:1") });
    let (evidence, verdict) = judged(read(log.as_bytes(), &with_line(RecordSource::Nginx, FINE)).unwrap(), &told("+10s"));
    assert_eq!((verdict.verdict, verdict.terms.gate), (Decision::Met, Gate::Restore));
    assert_eq!(verdict.measures.unwrap().cutover.hi, None, "nobody knows who served");
    let text = &evidence.caveats.iter().find(|caveat| caveat.name == Lost::WhoServed).unwrap().text;
    assert!(text.contains("--map 10.0.0.7:1=PROVIDER"), "{text}");
    assert!(evidence.requests.iter().all(|request| request.outcome != Outcome::Ok || request.by == By::Unknown));
}

#[test]
fn times_in_whole_seconds_widen_both_ends() {
    let line = |at: i64, status: u16| {
        format!("10.0.0.9 - - [20/Nov/2026:14:03:{:02} +0000] \"GET / HTTP/1.1\" {status} 2 \"-\" \"-\"\n", at / 1000)
    };
    let log: String =
        (0..1000).map(|number| number * 50).map(|at| line(at, if (20_000..22_000).contains(&at) { 502 } else { 200 })).collect();
    let record = record(RecordSource::Nginx, &log);
    assert_eq!(record.grain, 1000 * MS);
    let mut told = told("2026-11-20T14:03:20Z");
    told.objectives.as_mut().unwrap().rto = Duration::from_secs(10);
    let (evidence, verdict) = judged(record, &told);
    // `combined` tells no durations: that an answer came proves nothing about whether it came in time.
    assert_eq!((verdict.verdict, verdict.reason), (Decision::Inconclusive, Some(Reason::RecordCannotTell)));
    assert!(evidence.lacks(Lost::AnswerTimes) && evidence.lacks(Lost::FineTimes));
    let measures = verdict.measures.unwrap();
    // The last failure was written for 14:03:21, which is between 1 and 2 s after the fault.
    assert_eq!((measures.restore.lo, measures.restore.hi), (1000 * MS, None));
    assert_eq!(measures.bad, 40);
}

#[test]
fn rounded_starts_are_placed_where_they_claim_least() {
    // A good and a bad answer within one second: whichever came first, the good one must not stand after the bad one.
    let log = "[20/Nov/2026:14:03:07 +0000] 0.010 502\n[20/Nov/2026:14:03:07 +0000] 0.010 200\n[20/Nov/2026:14:03:09 +0000] 0.010 200\n";
    let record = read(log.as_bytes(), &with_line(RecordSource::Nginx, "[$time_local] $request_time $status")).unwrap();
    let evidence = evidence(record, &StatedFacts::default()).unwrap();
    let kinds: Vec<Outcome> = evidence.requests.iter().map(|request| request.outcome).collect();
    assert_eq!(kinds, [Outcome::Ok, Outcome::Error, Outcome::Ok]);
    assert_eq!(evidence.requests.at(1).due - evidence.requests.at(0).due, evidence.instrument.clock_error);
    assert!(evidence.instrument.clock_error >= 1000 * MS);
}

#[test]
fn without_a_fault_or_a_promise_it_asks_for_them() {
    let log = gateway(|at| if (10_000..11_000).contains(&at) { (5, 502, "a") } else { (30, 200, "b") });
    let read = || read(log.as_bytes(), &with_line(RecordSource::Nginx, FINE)).unwrap();
    let outline = read().outline().to_string();
    assert!(outline.contains("1,000 requests from 2025-11-20T14:03:00.000Z"), "{outline}");
    assert!(
        outline.contains("50 failed, all of them from 2025-11-20T14:03:10.000Z (+10.000s) to 2025-11-20T14:03:10.980Z (+10.980s)"),
        "{outline}"
    );
    let (_, verdict) = judged(read(), &StatedFacts { fault: None, ..told("+1s") });
    assert_eq!((verdict.verdict, verdict.reason), (Decision::Inconclusive, Some(Reason::FaultNotTold)));
    let (_, verdict) = judged(read(), &StatedFacts { fault: Some(RecordTime::After(10_000 * MS)), ..StatedFacts::default() });
    assert_eq!((verdict.verdict, verdict.reason), (Decision::Inconclusive, Some(Reason::ObjectivesNotTold)));
    assert!(verdict.objectives.is_empty() && verdict.measures.is_some());
    let outside = explained(&evidence(read(), &told("2026-11-20T14:03:07Z")).unwrap_err());
    assert!(outside.contains("is outside the record, which runs from 2025-11-20T14:03:00.000Z"), "{outside}");
    let order = evidence(read(), &StatedFacts { heal: Some(RecordTime::After(MS)), ..told("+10s") }).unwrap_err();
    assert!(matches!(order, ImportError::Order));
}

#[test]
fn a_miss_is_a_miss_in_any_record() {
    let log = gateway(|at| if (10_000..13_000).contains(&at) { (5, 502, "a") } else { (30, 200, "b") });
    let (_, verdict) = judged(read(log.as_bytes(), &with_line(RecordSource::Nginx, FINE)).unwrap(), &told("+10s"));
    assert_eq!(verdict.verdict, Decision::Missed);
}

fn k6(number: i64, took: f64, failed: bool, tags: &str) -> String {
    let at = format!("2026-11-20T14:03:{:02}.{:03}000000Z", number / 50, number % 50 * 20);
    let tags = format!("{{\"scenario\":\"a\",\"expected_response\":\"{}\",{tags}}}", !failed);
    let point = |metric: &str, value: f64| {
        format!("{{\"metric\":\"{metric}\",\"type\":\"Point\",\"data\":{{\"time\":\"{at}\",\"value\":{value},\"tags\":{tags}}}}}\n")
    };
    [
        ("http_reqs", 1.0),
        ("http_req_duration", took),
        ("http_req_blocked", 0.5),
        ("http_req_waiting", took / 2.0),
        ("http_req_failed", f64::from(failed)),
    ]
    .map(|(metric, value)| point(metric, value))
    .concat()
}

#[test]
fn k6_writes_a_run_of_points_for_each_request() {
    let whole = k6(0, 12.0, false, "\"status\":\"200\",\"served\":\"second\"");
    let timeout = k6(50, 500.0, true, "\"status\":\"0\",\"error\":\"request timeout\",\"error_code\":\"1050\"");
    let cut = k6(100, 9.0, true, "\"status\":\"200\",\"error\":\"unexpected EOF\",\"error_code\":\"1000\"");
    let head = "{\"type\":\"Metric\",\"data\":{\"name\":\"http_reqs\"},\"metric\":\"http_reqs\"}\n";
    let dropped =
        "{\"metric\":\"dropped_iterations\",\"type\":\"Point\",\"data\":{\"time\":\"2026-11-20T14:03:09Z\",\"value\":2,\"tags\":{}}}\n";
    let text = format!("{head}{whole}{timeout}{cut}{dropped}");
    let open = ImportSettings { pace: Some(LoadModel::Open), served_by: Some("served".into()), ..settings(RecordSource::K6) };
    let record = read(text.as_bytes(), &open).unwrap();
    let kinds: Vec<Outcome> = record.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [Outcome::Ok, Outcome::Timeout, Outcome::Truncated, Outcome::Unsent, Outcome::Unsent]);
    assert_eq!(record.rows[0].took, Some(12_500_000));
    assert_eq!(record.rows[0].head, Some(6_500_000));
    assert_eq!((record.rows[0].who, record.names.as_slice()), (RecordedProvider::Name(0), &["second".to_owned()][..]));
    assert_eq!(record.rows[1].sent + 500 * MS + 500_000, super::moment::stamp("2026-11-20T14:03:01Z").unwrap());
    let whole: String = (0..1000).map(|number| k6(number, 12.0, false, "\"status\":\"200\"")).collect();
    let whole = read(format!("{whole}{dropped}").as_bytes(), &open).unwrap();
    assert_eq!(judged(whole, &told("+10s")).1.reason, Some(Reason::ScheduleIncomplete), "what was dropped was due");
    // A closed model drops nothing: what it never began was not due.
    assert_eq!(read(text.as_bytes(), &settings(RecordSource::K6)).unwrap().rows.len(), 3);
}

#[test]
fn what_failed_before_it_was_sent_may_have_begun_long_before() {
    let dial = k6(50, 0.0, true, "\"error\":\"dial: i/o timeout\",\"error_code\":\"1211\"").replace("\"value\":0.5", "\"value\":0");
    let text = format!("{}{dial}", k6(0, 1.0, false, "\"status\":\"200\""));
    let evidence = evidence(record(RecordSource::K6, &text), &StatedFacts::default()).unwrap();
    assert_eq!(evidence.requests.at(1).due - evidence.requests.at(1).sent, 60_000 * MS);
    assert!(evidence.lacks(Lost::SendTimes));
    let refused = dial.replace("1211", "1212");
    assert_eq!(record(RecordSource::K6, &refused).rows[0].doubt, 0, "a refusal comes at once");
}

#[test]
fn a_closed_model_never_meets_what_needs_every_request() {
    let text: String = (0..1000)
        .map(|number| match number {
            500..550 => k6(number, 2.0, true, "\"status\":\"503\""),
            _ => k6(number, 12.0, false, "\"status\":\"200\""),
        })
        .collect();
    let verdict_of = |pace| {
        let record = read(text.as_bytes(), &ImportSettings { pace, ..settings(RecordSource::K6) }).unwrap();
        judged(record, &told("2026-11-20T14:03:10Z")).1
    };
    let closed = verdict_of(None);
    assert_eq!((closed.verdict, closed.reason), (Decision::Inconclusive, Some(Reason::RecordCannotTell)));
    let of = |name: &str| closed.objectives.iter().find(|objective| objective.name.word() == name).unwrap().verdict;
    assert_eq!((of("rto"), of("stability")), (Decision::Met, Decision::Inconclusive));
    assert_eq!(verdict_of(Some(LoadModel::Open)).verdict, Decision::Met);
}

#[test]
fn an_objective_on_the_first_content_is_not_met_by_a_head() {
    let text: String = (0..1000).map(|number| k6(number, if number < 500 { 12.0 } else { 600.0 }, false, "\"status\":\"200\"")).collect();
    let mut told = told("+10s");
    told.objectives.as_mut().unwrap().slo_on = SloOn::Proof;
    let record = read(text.as_bytes(), &ImportSettings { pace: Some(LoadModel::Open), ..settings(RecordSource::K6) }).unwrap();
    // The head came after 300 ms: the content came later still, and that is known to be late.
    let (evidence, _) = judged(record, &told);
    assert!(evidence.requests.iter().all(|request| request.outcome == Outcome::Ok) && !evidence.lacks(Lost::FirstContent));
    let quick: String = (0..1000).map(|number| k6(number, if number < 500 { 12.0 } else { 400.0 }, false, "\"status\":\"200\"")).collect();
    let record = read(quick.as_bytes(), &ImportSettings { pace: Some(LoadModel::Open), ..settings(RecordSource::K6) }).unwrap();
    let (evidence, verdict) = judged(record, &told);
    assert!(evidence.lacks(Lost::FirstContent) && verdict.verdict != Decision::Met);
}

#[test]
fn a_format_line_that_cannot_be_used_says_why() {
    for (source, line, problem) in [
        (RecordSource::Nginx, "$msec$status", "there is nothing between `$msec` and `$status`"),
        (RecordSource::Nginx, "$remote_addr $status", "no field for when a request came or ended"),
        (RecordSource::Haproxy, "%tr %Ta", "no field for its status"),
        (RecordSource::Envoy, "%START_TIME", "a per cent sign is not closed"),
        (RecordSource::Envoy, "{\"a\": ", "it is not JSON"),
        (RecordSource::Nginx, "${msec $status", "a brace is not closed"),
    ] {
        let error = refused(&with_line(source, line), "x\n");
        assert!(error.contains(problem) && error.contains("hint: "), "{line}: {error}");
    }
    let other = ImportSettings { served_by: Some("nobody".into()), ..with_line(RecordSource::Nginx, "$msec $status") };
    assert!(refused(&other, "x\n").contains("it has no field `nobody`"));
    assert!(
        refused(&ImportSettings { pace: Some(LoadModel::Open), ..settings(RecordSource::Oha) }, "x\n").contains("--model has no meaning")
    );
    assert!(refused(&with_line(RecordSource::K6, "x"), "x\n").contains("--log-format has no meaning"));
}

#[test]
fn unreadable_lines_are_left_out_and_counted_up_to_one_in_a_hundred() {
    let good = gateway(|_| (30, 200, "a"));
    let settings = with_line(RecordSource::Nginx, FINE);
    let record = read(format!("{good}garbage\n\n").as_bytes(), &settings).unwrap();
    assert_eq!((record.rows.len(), record.skipped), (1000, 1));
    assert!(evidence(record, &StatedFacts::default()).unwrap().lacks(Lost::EveryLine));
    let error = refused(&settings, &format!("{good}{}", "garbage\n".repeat(20)));
    assert!(error.starts_with("20 of 1020 lines cannot be read as nginx; the first is line 1001: ") && error.contains("hint: "), "{error}");
}

#[test]
fn nothing_that_a_file_can_hold_harms() {
    for source in [
        RecordSource::K6,
        RecordSource::Oha,
        RecordSource::Vegeta,
        RecordSource::Locust,
        RecordSource::Nginx,
        RecordSource::Haproxy,
        RecordSource::Envoy,
    ] {
        for text in ["", "\n\n\n", "x", "{", "{}", "\"", ",,,,,,,", "\u{0}\u{0}", "[", "%", "{\"type\":\"Point\"}"] {
            let error = refused(&settings(source), text);
            assert!(error.contains("hint: "), "{source} {text:?}: {error}");
        }
        let long = vec![b'a'; 3 << 20];
        assert!(read(long.as_slice(), &settings(source)).is_err());
    }
    let invalid = b"\xff\xfe 10.0.0.9 - - [20/Nov/2026:14:03:07 +0000] \"GET /\xff HTTP/1.1\" 200 2 \"-\" \"-\"\n";
    assert_eq!(
        read(&invalid[3..], &settings(RecordSource::Nginx)).unwrap().rows.len(),
        1,
        "a name in a strange encoding is no reason to leave a line out"
    );
}

#[test]
fn numbers_and_moments_that_cannot_be_are_refused() {
    let fine = with_line(RecordSource::Nginx, FINE);
    for line in [
        "99999999999999999999999 0.1 200 a",
        "-5 0.1 200 a",
        "1795179787.123 -0.1 200 a",
        "1795179787.123 1e300 200 a",
        "1795179787.123 99999999999 200 a",
        "1.000 5.000 200 a",
        "1795179787.123 0.1 99999 a",
        "NaN 0.1 200 a",
    ] {
        assert!(read(format!("{line}\n").as_bytes(), &fine).is_err(), "{line}");
    }
    for stamp in
        ["2026-13-01T00:00:00Z", "1960-01-01T00:00:00Z", "2026-11-20T25:00:00Z", "2026-11-20T14:03:07+1:0", "2026-11-20T14:03:07.é5Z"]
    {
        assert_eq!(super::moment::stamp(stamp), None, "{stamp}");
    }
    for (text, moment) in [
        ("+42s", RecordTime::After(42_000 * MS)),
        ("1795179787.5", RecordTime::At(1_795_179_787_500 * MS)),
        ("1795179787500", RecordTime::At(1_795_179_787_500 * MS)),
        ("2026-11-20T14:03:07.5+01:00", RecordTime::At(1_795_179_787_500 * MS)),
        ("12.25", RecordTime::At(12_250 * MS)),
    ] {
        assert_eq!(text.parse::<RecordTime>().ok(), Some(moment), "{text}");
    }
    assert!("yesterday".parse::<RecordTime>().unwrap_err().hint.is_some());
    assert_eq!(super::moment::moment_text(1_795_179_787_500 * MS), "2026-11-20T13:03:07.500Z");
    assert_eq!(super::moment::log_stamp("29/Feb/2028:23:59:59 -0130"), super::moment::stamp("2028-03-01T01:29:59Z"));
    let huge = k6(0, 1e300, false, "\"status\":\"200\"");
    assert!(read(huge.as_bytes(), &settings(RecordSource::K6)).is_err());
}

#[test]
fn the_order_of_lines_does_not_matter() {
    let log = gateway(|at| if (10_000..11_000).contains(&at) { (5, 502, "a") } else { (30, 200, "b") });
    let mut lines: Vec<&str> = log.lines().collect();
    let settings = with_line(RecordSource::Nginx, FINE);
    let forward = judged(read(log.as_bytes(), &settings).unwrap(), &told("+10s")).1;
    lines.reverse();
    let backward = judged(read(lines.join("\n").as_bytes(), &settings).unwrap(), &told("+10s")).1;
    assert_eq!(forward, backward);
}

#[test]
fn a_part_of_a_record_is_judged_by_its_own_clock() {
    let log = gateway(|at| if (10_000..11_000).contains(&at) { (5, 502, "a") } else { (30, 200, "b") });
    let part = ImportSettings {
        since: Some("+5s".parse().unwrap()),
        until: Some("1763647395".parse().unwrap()),
        ..with_line(RecordSource::Nginx, FINE)
    };
    let record = read(log.as_bytes(), &part).unwrap();
    assert_eq!(record.rows.len(), 501);
    let verdict = judged(record, &StatedFacts { since: true, ..told("+10s") }).1;
    assert_eq!(verdict.evidence.baseline, 249, "offsets count from the whole record's start");
    let none = ImportSettings { since: Some("+50s".parse().unwrap()), ..with_line(RecordSource::Nginx, FINE) };
    assert!(refused(&none, &log).contains("`--since` and `--until`"));
}

proptest::proptest! {
    /// Whatever stands in a file: it is read or refused, and what was read can be judged.
    #[test]
    fn proptest_no_line_harms(
        source in 0..RecordSource::WORDS.len(),
        pieces in proptest::collection::vec((0..PIECES.len(), proptest::num::u64::ANY), 1..40),
        fault in 0_i64..20_000_000_000,
    ) {
        let source = RecordSource::from_word(RecordSource::WORDS[source]).unwrap();
        let text: String = pieces.iter().map(|(piece, number)| PIECES[*piece].replace('#', &number.to_string())).collect();
        for settings in [settings(source), ImportSettings { pace: Some(LoadModel::Open), ..settings(source) }, with_line(source, FINE)] {
            if let Ok(record) = read(text.as_bytes(), &settings) {
                record.outline();
                let told = StatedFacts { fault: Some(RecordTime::After(fault)), uncertainty: fault, ..told("+0s") };
                let _ = evidence(record, &told).map(|evidence| judge(&evidence));
            }
        }
    }
}

/// What lines are made of; `#` stands for a number.
const PIECES: [&str; 20] = [
    "\n",
    " ",
    ",",
    "\"",
    "#",
    "-",
    ".",
    "1795179787.# 0.# 200 a\n",
    "1.5 0.# 200 10.0.0.1:#, -\n",
    "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n",
    "0.#,0,0,0.1,0.#,2,200\n",
    "start_time,response_time,exception\n",
    "1795179787#,#,\n",
    "{\"code\":200,\"timestamp\":\"2026-11-20T14:03:07.#Z\",\"latency\":#}\n",
    "1795179787123456789,200,#,0,2,,b2s=\n",
    "{\"metric\":\"http_reqs\",\"type\":\"Point\",\"data\":{\"time\":\"2026-11-20T14:03:07Z\",\"value\":1,\"tags\":{\"error\":\"x\"}}}\n",
    "{\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"2026-11-20T14:03:07Z\",\"value\":#}}\n",
    "1.1.1.1:1 [20/Nov/2026:19:20:44.890] f p/a 0/0/0/20/# 200 116 - - ---- 1\n",
    "[2026-11-20T14:03:07.123Z] \"GET / HTTP/1.1\" 200 - 11 5 # 40 \"-\" \"é\" \"-\" \"gw\" \"10.0.0.2:443\"\n",
    "1.1.1.1 - - [20/Nov/2026:14:03:07 +0000] \"GET /\" 200 2 \"-\" \"-\"\n",
];

#[test]
fn a_record_of_a_shared_load_says_that_it_cannot_tell_who_waited() {
    let log = gateway(|at| match (at / 20 % 2, at) {
        (0, 10_000..11_000) => (5, 502, "10.0.0.1:443"),
        (0, ..10_000) => (30, 200, "10.0.0.1:443"),
        _ => (30, 200, "10.0.0.2:443"),
    });
    let mut told = StatedFacts { sharing: 2, broken: ["first".into()].into_iter().collect(), ..told("+10s") };
    told.called = [("10.0.0.1:443".into(), "first".into()), ("10.0.0.2:443".into(), "second".into())].into();
    let (evidence, verdict) = judged(read(log.as_bytes(), &with_line(RecordSource::Nginx, FINE)).unwrap(), &told);
    assert_eq!((verdict.verdict, verdict.reason), (Decision::Inconclusive, Some(Reason::RecordCannotTell)));
    assert!(evidence.lacks(Lost::Attempts), "{:?}", evidence.caveats);
}
