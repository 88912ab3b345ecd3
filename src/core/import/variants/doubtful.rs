//! Lines that cannot be read, and rows that may be another's: nothing is decided where one of them may have been the one that mattered.

use super::*;

/// RTO 10 s, held for 8 s; the fault at 20 s.
fn judged(record: ImportedRecord) -> Verdict {
    let text = |text: &str| text.parse::<Duration>().unwrap();
    let objectives = DeclaredObjectives {
        rto: Some(text("10s")),
        slo: Some(text("250ms")),
        deadline: Some(text("1s")),
        stable_for: Some(text("8s")),
        ..DeclaredObjectives::default()
    }
    .resolved();
    let told = StatedFacts {
        objectives: Some(objectives),
        providers: vec!["first".into(), "second".into()],
        called: [(FIRST.into(), "first".into()), (SECOND.into(), "second".into())].into(),
        fault: Some(RecordTime::After(20_000 * MS)),
        ..StatedFacts::default()
    };
    judge(&evidence(record, &told).unwrap())
}

#[test]
fn rescued_requests_in_an_unquoted_list_are_the_standbys() {
    let of = |format: &str| {
        let log = in_order(SampleRequest::end, |asked| nginx(format, ", ", asked));
        judged(read(log.as_bytes(), &settings(RecordSource::Nginx, Some(format))).unwrap())
    };
    let (quoted, ingress) = (of(NGINX[0]), of(NGINX[2]));
    assert_eq!(quoted.verdict, Decision::Met, "{quoted:?}");
    assert_eq!((ingress.verdict, ingress.measures), (quoted.verdict, quoted.measures));
}

#[test]
fn a_line_that_cannot_be_read_decides_nothing_only_far_from_the_fault() {
    let format = NGINX[2];
    let log = in_order(SampleRequest::end, |asked| nginx(format, ", ", asked));
    let lines: Vec<&str> = log.lines().collect();
    let with = |index: usize| {
        let mut lines = lines.clone();
        lines.insert(index, "garbage");
        judged(read(lines.join("\n").as_bytes(), &settings(RecordSource::Nginx, Some(format))).unwrap())
    };
    let near = |verdict: &Verdict| verdict.caveats.iter().any(|caveat| caveat.name == Lost::LinesNearFault);
    // One of 601 lines: in the baseline, behind the last good request before the fault, in the outage, in the hold, and long after it.
    for (index, is_near) in
        [(0, false), (100, false), (200, true), (230, true), (259, true), (300, true), (335, true), (450, false), (600, false)]
    {
        let verdict = with(index);
        assert_eq!(near(&verdict), is_near, "line {index}: {:?}", verdict.caveats);
        let wanted = if is_near { (Decision::Inconclusive, Some(Reason::RecordCannotTell)) } else { (Decision::Met, None) };
        assert_eq!((verdict.verdict, verdict.reason), wanted, "line {index}");
        assert!(verdict.caveats.iter().any(|caveat| caveat.name == Lost::EveryLine));
    }
    // What was missed may have been met by the line that nobody can read.
    let missed = |more: &str| {
        let late: String = lines
            .iter()
            .enumerate()
            .map(|(index, line)| match index {
                260..330 => line.replace(" 200", " 502") + "\n" + if index == 300 { more } else { "" },
                _ => format!("{line}\n"),
            })
            .collect();
        judged(read(late.as_bytes(), &settings(RecordSource::Nginx, Some(format))).unwrap()).verdict
    };
    assert_eq!((missed(""), missed("garbage\n")), (Decision::Missed, Decision::Inconclusive));
    // A file in no order at all: nobody can tell where the line would have been.
    let mut shuffled: Vec<&str> = lines.iter().step_by(2).chain(lines.iter().skip(1).step_by(2)).copied().collect();
    shuffled.insert(10, "garbage");
    let verdict = judged(read(shuffled.join("\n").as_bytes(), &settings(RecordSource::Nginx, Some(format))).unwrap());
    assert!(near(&verdict) && verdict.verdict == Decision::Inconclusive);
}

#[test]
fn lines_after_the_hold_that_cannot_be_read_put_in_doubt_that_service_stayed() {
    let format = NGINX[2];
    let log = in_order(SampleRequest::end, |asked| nginx(format, ", ", asked));
    let lines: Vec<&str> = log.lines().collect();
    // The hold is over after 34 s, and has 80 requests, of which one may be bad.
    let with = |garbled: &[usize], bad: &[usize]| {
        let line = |(index, line): (usize, &&str)| match (garbled.contains(&index), bad.contains(&index)) {
            (true, _) => "garbage".to_owned(),
            (_, true) => line.replace(" 200", " 502"),
            _ => (*line).to_owned(),
        };
        let text: Vec<String> = lines.iter().enumerate().map(line).collect();
        let verdict = judged(read(text.join("\n").as_bytes(), &settings(RecordSource::Nginx, Some(format))).unwrap());
        let told = verdict.caveats.iter().any(|caveat| caveat.name == Lost::LinesAfterHold);
        assert!(!verdict.caveats.iter().any(|caveat| caveat.name == Lost::LinesNearFault));
        (verdict.verdict, verdict.reason, told)
    };
    let (met, doubt) = ((Decision::Met, None, false), (Decision::Inconclusive, Some(Reason::RecordCannotTell), true));
    assert_eq!(with(&[450], &[]), met);
    assert_eq!(with(&[450], &[455]), doubt, "with the one that is known to be bad it is one too many");
    assert_eq!(with(&[450], &[365]), met, "not within one hold");
    assert_eq!(with(&[450, 451], &[]), doubt);
    assert_eq!(with(&[400, 450], &[]), doubt);
    assert_eq!(with(&[380, 500], &[]), met);
    assert_eq!(with(&[10, 11, 12], &[]), met);
}

#[test]
fn two_stray_quotes_take_no_rows_with_them() {
    for (divider, strays) in [(',', [190, 230]), (';', [190, 191]), ('\t', [100, 599])] {
        let text = locust(divider, "refused");
        let stray = |(index, line): (usize, &str)| {
            let is_stray = strays.contains(&(index.wrapping_sub(1)));
            if is_stray { format!("{}{divider}\"\n", line.rsplit_once(divider).unwrap().0) } else { format!("{line}\n") }
        };
        let text: String = text.lines().enumerate().map(stray).collect();
        let record = read(text.as_bytes(), &settings(RecordSource::Locust, None)).unwrap();
        assert_eq!((record.rows.len(), record.skipped), (598, 2), "{divider:?}");
    }
    let row = |(index, asked): (usize, &SampleRequest)| {
        let error = if index == 190 || index == 230 { "\"" } else { "" };
        format!("{},{},{},0,0,{error}\n", asked.sent * MS, asked.status, asked.took * MS)
    };
    let text: String = requests().iter().enumerate().map(row).collect();
    let record = read(text.as_bytes(), &settings(RecordSource::Vegeta, None)).unwrap();
    assert_eq!((record.rows.len(), record.skipped), (598, 2));
}

#[test]
fn what_an_exception_says_is_a_row_only_of_the_same_hour() {
    let says = "x said\n0.1,0,0,0ation\n0.1,500,7,0,2,x,b2s=,,0,GET,http://x/,\n";
    let cell = format!("\"{says}\"");
    for divider in [',', ';', '\t'] {
        let rows = requests()
            .iter()
            .map(|asked| format!("{}{divider}POST{divider}{}{divider}{cell}\n", asked.sent, asked.took))
            .collect::<String>();
        let text = ["start_time", "request_type", "response_time", "exception"].join(&divider.to_string()) + "\n" + &rows;
        let record = read(text.as_bytes(), &settings(RecordSource::Locust, None)).unwrap();
        assert_eq!((record.rows.len(), record.skipped), (600, 0), "{divider:?}");
    }
    let row = |asked: &SampleRequest| format!("{},502,{},0,2,{cell},b2s=,,0,GET,http://x/,\n", asked.sent * MS, asked.took * MS);
    let text: String = requests().iter().map(row).collect();
    let record = read(text.as_bytes(), &settings(RecordSource::Vegeta, None)).unwrap();
    assert_eq!((record.rows.len(), record.skipped), (600, 0));
}
