//! Each format as its tool writes it.

use super::*;

#[test]
fn oha_keeps_answers_only_and_so_proves_no_recovery() {
    let head = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n";
    let rows: String = (0..1000)
        .map(|number| format!("{},0,0,0.001,0.002,2,{}\n", f64::from(number) / 50.0, if (500..550).contains(&number) { 503 } else { 200 }))
        .collect();
    let (evidence, verdict) = judged(record(RecordSource::Oha, &format!("{head}{rows}")), &told("+10s"));
    assert!(evidence.lacks(Lost::Unanswered) && evidence.lacks(Lost::OpenModel));
    assert_eq!((verdict.verdict, verdict.reason), (Decision::Inconclusive, Some(Reason::RecordCannotTell)));
    let summary = refused(&settings(RecordSource::Oha), "{\"summary\":{\"successRate\":1.0}}\n");
    assert!(summary.contains("--output-format csv"), "{summary}");
}

#[test]
fn vegeta_in_json_and_in_csv() {
    let json = r#"{"attack":"","seq":0,"code":200,"timestamp":"2026-11-20T14:03:07.123456789+01:00","latency":1500000,"bytes_out":0,"bytes_in":2,"error":"","body":null,"method":"GET","url":"http://x/","headers":{"X-Served-By":["second"]}}
{"attack":"","seq":1,"code":0,"timestamp":"2026-11-20T14:03:08+01:00","latency":30000000000,"bytes_out":0,"bytes_in":0,"error":"Get \"http://x/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)","body":null,"method":"GET","url":"http://x/","headers":null}
"#;
    let csv = "1795179787123456789,200,1500000,0,2,,b2s=,,0,GET,http://x/,\n1795179788000000000,0,5,0,0,\"dial tcp: \"\"refused\"\", at once\",,,1,GET,http://x/,\n";
    let record =
        read(json.as_bytes(), &ImportSettings { served_by: Some("x-served-by".into()), ..settings(RecordSource::Vegeta) }).unwrap();
    assert_eq!(record.rows.iter().map(|row| row.kind).collect::<Vec<_>>(), [Outcome::Ok, Outcome::Timeout]);
    assert_eq!((record.rows[0].sent, record.rows[0].who), (1_795_179_787_123_456_789, RecordedProvider::Name(0)));
    let record = self::record(RecordSource::Vegeta, csv);
    assert_eq!(record.rows.iter().map(|row| (row.sent, row.kind)).collect::<Vec<_>>()[0], (1_795_179_787_123_456_789, Outcome::Ok));
    assert_eq!(record.rows[1].kind, Outcome::Error);
}

#[test]
fn locust_by_a_row_a_request_and_never_by_sums() {
    let text = "start_time,request_type,name,response_time,response_length,exception\n1795179787.123,POST,/v1,12.5,5,\n1795179787.223,POST,/v1,30000,0,\"ConnectTimeout(\"\"x\"\")\"\n\
                start_time,request_type,name,response_time,response_length,exception\n1795179787.323,POST,/v1,3,0,HTTPError 503\n";
    let record = record(RecordSource::Locust, text);
    assert_eq!(record.rows.iter().map(|row| row.kind).collect::<Vec<_>>(), [Outcome::Ok, Outcome::Timeout, Outcome::Error]);
    assert_eq!(record.rows[0].took, Some(12_500_000));
    let jtl = "timeStamp,elapsed,label,responseCode,success\n1795179787123,12,a,200,true\n1795179787223,12,a,500,false\n";
    assert_eq!(self::record(RecordSource::Locust, jtl).rows.iter().map(|row| row.kind).collect::<Vec<_>>(), [Outcome::Ok, Outcome::Error]);
    let sums = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,Total Request Count\n1795179787,10,,Aggregated,5.0,0.0,3,10\n";
    assert!(refused(&settings(RecordSource::Locust), sums).contains("has totals, not requests"));
}

#[test]
fn haproxys_httplog_with_and_without_syslog() {
    let line =
        "127.0.0.1:60212 [20/Nov/2026:19:20:44.890] f pool/azure 0/0/0/20/20 200 116 - - ---- 1/1/0/0/0 0/0 \"GET /v1/x HTTP/1.1\"\n";
    let down =
        "127.0.0.1:60246 [20/Nov/2026:19:20:45.148] f pool/<NOSRV> 0/0/-1/-1/3005 503 217 - - SC-- 1/1/0/0/3 0/0 \"GET / HTTP/1.1\"\n";
    let cut = line.replace("----", "SD--");
    let gone = line.replace("----", "CD--");
    let syslog = format!("Nov 20 19:20:44 host haproxy[14389]: {line}");
    let record = record(RecordSource::Haproxy, &[line, down, &cut, &gone, &syslog].concat());
    let kinds: Vec<Outcome> = record.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [Outcome::Ok, Outcome::Error, Outcome::Truncated, Outcome::Unknown, Outcome::Ok]);
    assert_eq!((record.rows[0].took, record.names.as_slice()), (Some(20 * MS), &["pool/azure".to_owned()][..]));
    assert_eq!(record.rows[1].who, RecordedProvider::Nobody);
    let mut told = told("+0s");
    told.called = [("azure".into(), "first".into())].into();
    let evidence = evidence(record, &told).unwrap();
    assert!(evidence.requests.iter().any(|request| request.by == By::Provider(0)), "the server's own name will do");
    let own = with_line(RecordSource::Haproxy, "%{+Q}o %[src] %{+Q}r %ST\\ %Tl");
    let log = "\"10.0.0.1\" \"GET / HTTP/1.1\" \"200\" \"20/Nov/2026:19:20:44 +0000\"\n";
    assert_eq!(read(log.as_bytes(), &own).unwrap().rows[0].kind, Outcome::Ok);
}

#[test]
fn envoys_default_line_its_json_and_a_format_of_ones_own() {
    let line = "[2026-11-20T14:03:07.123Z] \"POST /v1/chat/completions HTTP/1.1\" 200 - 11 5 42 40 \"-\" \"curl/8\" \"ab-1\" \"gw\" \"10.0.0.2:443\"\n";
    let timeout = "[2026-11-20T14:03:08.123Z] \"POST /v1 HTTP/1.1\" 504 UT 11 24 300 - \"-\" \"-\" \"-\" \"gw\" \"10.0.0.1:443\"\n";
    let reset = "[2026-11-20T14:03:09.123Z] \"POST /v1 HTTP/1.1\" 200 UC 11 24 300 - \"-\" \"-\" \"-\" \"gw\" \"10.0.0.1:443\"\n";
    let json = "{\"start_time\":\"2026-11-20T14:03:10.123Z\",\"response_code\":200,\"response_flags\":\"-\",\"duration\":7,\"upstream_host\":null}\n";
    let record = record(RecordSource::Envoy, &[line, timeout, reset, json].concat());
    assert_eq!(
        record.rows.iter().map(|row| row.kind).collect::<Vec<_>>(),
        [Outcome::Ok, Outcome::Timeout, Outcome::Truncated, Outcome::Ok]
    );
    assert_eq!((record.rows[0].took, record.rows[0].who), (Some(42 * MS), RecordedProvider::Name(0)));
    assert_eq!((record.rows[3].took, record.rows[3].who), (Some(7 * MS), RecordedProvider::Untold));
    let keys = with_line(
        RecordSource::Envoy,
        "{\"t\": \"%START_TIME%\", \"ms\": \"%DURATION%\", \"code\": \"%RESPONSE_CODE%\", \"by\": \"%UPSTREAM_CLUSTER%\"}",
    );
    let keys = ImportSettings { served_by: Some("by".into()), ..keys };
    let log = "{\"t\":\"2026-11-20T14:03:10.123Z\",\"ms\":7,\"code\":200,\"by\":\"bedrock\"}\n";
    assert_eq!(read(log.as_bytes(), &keys).unwrap().names, ["bedrock"]);
    let own = with_line(RecordSource::Envoy, "%START_TIME(%s.%3f)% %RESPONSE_CODE% %DURATION% %REQ(X-A?B):10%\\n");
    assert_eq!(read("1795179787.123 200 5 abc\n".as_bytes(), &own).unwrap().rows[0].sent, 1_795_179_787_123 * MS);
}

#[test]
fn nginx_tells_when_the_head_of_an_answer_came() {
    let line = "$msec $request_time $status \"$upstream_addr\" \"$upstream_header_time\" \"$upstream_response_time\"";
    let log = "1795179787.123 0.700 200 \"unix:/a.sock, 10.0.0.2:443\" \"-, 0.030\" \"0.600, 0.090\"\n";
    let record = read(log.as_bytes(), &with_line(RecordSource::Nginx, line)).unwrap();
    // The last server's answer took 60 ms from its head to its end; rounding is taken off twice.
    assert_eq!((record.rows[0].head, record.names.as_slice()), (Some(638 * MS), &["10.0.0.2:443".to_owned()][..]));
}
